"""`chargelink sim vehicle` as a process on a bus that is another, charged by a charger here; and at a cable."""

import asyncio
import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.sim.processes import PATIENCE, can_bus, facts, simulator

from chargelink.gbt27930.causes import ChargerCause
from chargelink.gbt27930.charger import (
    Charger,
    ChargerLimits,
    Demand,
    Event,
    Failed,
    Stopped,
    VehicleAnswered,
    VehicleIdentified,
    VehicleReady,
)
from chargelink.sim.can_client import CanClient, joined
from chargelink.sim.socketcand import CanFrame

LIMITS = ChargerLimits(max_voltage=750_000, min_voltage=200_000, max_current=250_000, number=1)
CRM, CEM = (0x1801F456, bytes.fromhex("0001000000FFFFFF")), (0x081FF456, bytes.fromhex("FCF0C4FC"))
GIVES_UP = [CEM, CRM, CEM, CRM, CEM, CRM, CEM, CRM]  # it begins anew once too often; else the car waits 30 s


@pytest.fixture(scope="module")
def bus() -> Iterator[str]:
    with can_bus() as address:
        yield address


async def charge(client: CanClient, stop_after: int | None = None, again: bool = False) -> list[Event]:
    """Be a charger for one charge, that stops by itself after so many demands if asked to; what it was told.

    With `again` its output is safe as soon as the dialogue broke.
    """
    loop = asyncio.get_running_loop()
    charger = Charger(loop.time(), LIMITS)
    told: list[Event] = []
    demands = 0
    charger.start(loop.time())
    while charger.state != "ended":
        await client.send([CanFrame(*frame) for frame in charger.data_to_send()])
        try:
            async with asyncio.timeout_at(charger.deadline):
                frames = await client.receive()
        except TimeoutError:
            frames = []
        now = loop.time()
        events = [event for frame in frames for event in charger.receive(frame.identifier, frame.data, now)]
        if stop_after is not None and demands >= stop_after:
            events += charger.stop(now, ChargerCause.MANUAL)
        for event in events + charger.tick(now):
            match event:
                case VehicleAnswered():
                    charger.insulation_done(now)
                case VehicleReady():
                    charger.ready(now)
                case Demand():
                    charger.report(event.voltage, event.current, 0)
                    demands += 1
                case Stopped() | Failed():
                    charger.report(0, 0, 0)
                    charger.statistics(1, 100_000)
            told.append(event)
        if again:
            charger.safe(now)
        elif any(isinstance(event, Failed) for event in told):
            charger.end(now)
    await client.send([CanFrame(*frame) for frame in charger.data_to_send()])
    return told


def ending(process: subprocess.Popen[str]) -> dict[str, str]:
    """How the vehicle says that it ended; the lines before say what happened."""
    while (line := facts(process))["what"] not in ("done", ""):
        pass
    return line


async def test_it_charges_once_and_ends(bus: str) -> None:
    async with joined(bus) as client:
        with simulator("vehicle", "--can", bus, "--capacity-Wh", "100", "--soc", "62", "--target", "65") as process:
            assert facts(process) == {"what": "ready", "can": bus, "vin": "LSIMULATED0000001"}
            told = await charge(client)
            end = await asyncio.to_thread(ending, process)
            assert process.wait(PATIENCE) == 0
    assert [event.message.vin for event in told if isinstance(event, VehicleIdentified)] == ["LSIMULATED0000001"]
    assert (end["what"], end["stopped-by"], end["causes"]) == ("done", "bms", "soc_target_reached")
    assert 65.0 <= float(end["soc"]) < 70.0
    assert int(end["energy-mWh"]) > 2_000


async def test_a_charger_that_stops(bus: str) -> None:
    async with joined(bus) as client:
        with simulator("vehicle", "--can", bus) as process:
            facts(process)
            told = await charge(client, stop_after=10)
            end = await asyncio.to_thread(ending, process)
            assert process.wait(PATIENCE) == 0
    assert (end["stopped-by"], end["causes"]) == ("charger", "manual_stop")
    assert any(isinstance(event, Stopped) for event in told)


async def test_a_charge_goes_on_after_a_gap_of_the_bus(bus: str) -> None:
    gap = ("--capacity-Wh", "1000", "--target", "65", "--fault", "bus-gap@0.5+1.5")
    async with joined(bus) as client:
        with simulator("vehicle", "--can", bus, *gap) as process:
            facts(process)
            told = await charge(client, again=True)
            end = await asyncio.to_thread(ending, process)
            assert process.wait(PATIENCE) == 0
    assert next(event.missing for event in told if isinstance(event, Failed)) == ("bcl_timeout",)
    assert int(end["reconnections"]) >= 1  # a busy machine may lose more
    assert (end["stopped-by"], end["causes"]) == ("bms", "soc_target_reached")


async def test_a_fault_is_a_defect(bus: str) -> None:
    async with joined(bus) as client:
        with simulator("vehicle", "--can", bus, "--fault", "silent-bcl@0.5") as process:
            facts(process)
            told = await charge(client)
            await client.send([CanFrame(*frame) for frame in GIVES_UP])
            end = await asyncio.to_thread(ending, process)
            assert process.wait(PATIENCE) == 1
    assert (end["failed-by"], end["missing"]) == ("charger", "bcl_timeout")
    assert [event.missing for event in told if isinstance(event, Failed)] == [("bcl_timeout",)]


async def test_it_shows_itself_at_a_cable_and_obeys(bus: str, tmp_path: Path) -> None:
    """The datagrams of the cable, and what a tester orders."""
    control = tmp_path / "vehicle.sock"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as cable:
        cable.bind(("127.0.0.1", 0))
        cable.settimeout(PATIENCE)
        place = f"127.0.0.1:{cable.getsockname()[1]}"
        with simulator("vehicle", "--can", bus, "--cable", place, "--control", str(control)) as process:
            assert facts(process)["what"] == "ready"
            assert facts(process)["state"] == "asleep"
            datagram, vehicle = cable.recvfrom(1000)
            shown = json.loads(datagram)
            assert shown == {"plugged": True, "k5k6": False, "ocv_mV": 364_608, "resistance_uohm": 120_000}
            cable.sendto(b'{"aux": true, "bus_mV": 0, "current_mA": 0, "locked": true}', vehicle)
            cable.sendto(b"noise", vehicle)
            assert facts(process)["state"] == "waiting"
            reader, writer = await asyncio.open_unix_connection(control)
            answers = []
            for order in (b"nonsense", b"unplug", b"plug"):
                writer.write(order + b"\n")
                answers.append((await reader.readline()).decode())
            writer.close()
            assert answers == ["error plug, unplug, stop or aux-off\n", "ok\n", "ok\n"]
            plugged = [json.loads(cable.recv(1000))["plugged"] for _ in range(100)]
            assert False in plugged
            assert plugged[-1]
        assert process.returncode == 0
    assert not control.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--can", "can0:1"], "no address of a bus"),
        (["--can", "socketcand://127.0.0.1:1/can0"], "no CAN bus at"),
        (["--can", "x", "--soc", "101"], "--soc"),
        (["--can", "x", "--fault", "nonsense"], "--fault"),
        (["--can", "x", "--cable", "10.0.0.1:5"], "--cable"),
        ([], "--can"),
    ],
)
def test_what_it_cannot_do_is_said(arguments: list[str], words: str) -> None:
    with simulator("vehicle", *arguments) as process:
        _, error = process.communicate(timeout=PATIENCE)
        assert process.returncode == 2
    assert words in error
