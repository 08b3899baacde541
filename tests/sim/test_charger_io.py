"""`chargelink sim charger-io` as its neighbours meet it: guard, vehicle, meter, tester."""

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from tests.sim.charger import PATIENCE, Charger, Inputs, charger, mode, running

from chargelink.sim.dc_circuit import DcCircuit
from chargelink.sim.guard_lines import encode_inputs
from chargelink.sim.loopback import loopback_port

E_STOP, DOOR = 1, 2


async def shown(found: Charger) -> AsyncIterator[Inputs]:
    """What the guard is shown, for as long as patience lasts."""
    async with asyncio.timeout(PATIENCE):
        while True:
            for inputs in found.inputs():
                yield inputs
            await asyncio.sleep(0.005)


async def until_shown(found: Charger, wanted: Callable[[Inputs], bool]) -> Inputs:
    async for inputs in shown(found):
        if wanted(inputs):
            return inputs
    raise AssertionError


def test_inputs_byte_for_byte() -> None:
    facts = DcCircuit(0.0).facts._replace(
        e_stop=True, k1k2_feedback=True, outside_voltage=380_000, inside_voltage=-1, current=98_000
    )
    assert encode_inputs(facts, 0x1_0203).hex(" ") == "01 05 03 02 60 cc 05 00 ff ff ff ff d0 7e 01 00"


async def test_the_guard_sees_the_inputs_one_after_the_other(tmp_path: Path) -> None:
    with charger(tmp_path) as found:
        counters: list[int] = []
        async for inputs in shown(found):
            counters.append(inputs.counter)
            if len(counters) == 50:
                break
        assert counters == sorted({*counters})  # some may be missed, none comes twice or late
        assert await found.order("estop press") == "ok"
        assert (await until_shown(found, lambda inputs: inputs.bits == E_STOP)).version == 1
        assert await found.order("door open") == "ok"
        await until_shown(found, lambda inputs: inputs.bits == E_STOP | DOOR)


async def test_the_vehicle_is_answered(tmp_path: Path) -> None:
    with charger(tmp_path) as found:
        for noise in (b"", b"{}", b"\xff", b'{"plugged": 1}', json.dumps(found.vehicle | {"ocv_mV": 10**9}).encode()):  # type: ignore[operator]
            found.send_vehicle(noise)
        async with running(found.plug()):
            inputs = await until_shown(found, lambda inputs: inputs.outside == 378_500)
            assert inputs.inside == 0
            answer = {"aux": False, "bus_mV": 378_500, "current_mA": 0, "locked": False}
            async for _ in shown(found):
                if answer in found.answers:
                    break
        await until_shown(found, lambda inputs: inputs.outside < 10_000)  # a silent vehicle is unplugged


async def test_meters_are_fed(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as meter:
        meter.bind(("127.0.0.1", 0))
        meter.settimeout(PATIENCE)
        with charger(tmp_path, "--probe", f"127.0.0.1:{meter.getsockname()[1]}"):
            assert json.loads(meter.recv(1000)) == {"voltage_mV": 0, "current_mA": 0}


@pytest.mark.parametrize(
    "order", ["", "estop", "estop hit", "insulation x", "insulation 999999", "insulation -1", "a" * 99]
)
async def test_orders_that_nobody_knows(tmp_path: Path, order: str) -> None:
    with charger(tmp_path) as found:
        assert "estop press" in await found.order(order)
        assert await found.order("insulation 500") == "ok"


async def test_lines_are_the_owners(tmp_path: Path) -> None:
    with charger(tmp_path) as found:
        assert mode(tmp_path / "permit") == mode(tmp_path / "control") == 0o600
        found.process.send_signal(signal.SIGTERM)
        assert found.process.wait(PATIENCE) == 0
    assert not (tmp_path / "permit").exists()
    assert not (tmp_path / "control").exists()


def test_a_place_that_is_not_there(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "chargelink.cli", "sim", "charger-io", "--lines", str(tmp_path / "none")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "No such file" in ended.stderr
    assert f"No such file or directory: '{tmp_path}/none/permit'" in ended.stderr


@pytest.mark.parametrize("text", ["127.0.0.1:", "127.0.0.1:0", "127.0.0.1:70000", "10.0.0.1:5000", "5000", ":5000"])
def test_only_this_machine(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        loopback_port(text)


def test_a_port_of_this_machine() -> None:
    assert loopback_port("127.0.0.1:5000") == 5000
