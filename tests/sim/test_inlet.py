"""`chargelink sim inlet`: the plug of a car whose BMS is a tester's."""

import asyncio
import json
import socket
from pathlib import Path

import pytest
from tests.sim.processes import PATIENCE, can_bus, facts, simulator

from chargelink.sim.can_client import joined
from chargelink.sim.inlet import OPENS_AFTER, Inlet
from chargelink.sim.socketcand import CanFrame

BRO, BRO_ELSEWHERE, BHM = 0x100956F4, 0x100957F4, 0x182756F4
ENDS = {"BST": 0x101956F4, "CST": 0x101AF456, "BEM": 0x081E56F4, "CEM": 0x081FF456}


def inlet(*identifiers: int) -> Inlet:
    """One that is plugged in at 0 and hears these."""
    found = Inlet(378_500, 60_000)
    assert found.obey("plug") == "ok"
    for identifier in identifiers:
        found.hear(identifier, 0.0)
    return found


@pytest.mark.parametrize(("identifiers", "closed"), [((), False), ((BHM, BRO_ELSEWHERE), False), ((BHM, BRO), True)])
def test_the_contactors_close_when_the_vehicle_is_about_to_be_ready(identifiers: tuple[int, ...], closed: bool) -> None:
    side = inlet(*identifiers).side(1.0)
    assert (side.plugged, side.k5k6, side.ocv) == (True, closed, 378_500)


@pytest.mark.parametrize("ending", ENDS)
def test_the_contactors_open_a_while_after_the_end(ending: str) -> None:
    found = inlet(BRO, ENDS[ending])
    found.hear(ENDS[ending], OPENS_AFTER / 2)  # said again and again
    assert found.side(OPENS_AFTER - 0.01).k5k6
    assert not found.side(OPENS_AFTER).k5k6
    found.hear(BRO, 10.0)  # begun anew without unplugging
    assert found.side(20.0).k5k6


def test_what_is_unplugged_is_open() -> None:
    found = inlet(BRO)
    assert found.obey("unplug") == "ok"
    found.hear(BRO, 0.0)
    assert found.side(0.0) == Inlet(378_500, 60_000).side(0.0)
    assert found.obey("nonsense").startswith("error")


def test_as_a_process(tmp_path: Path) -> None:
    control = str(tmp_path / "control")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as cable, can_bus() as bus:
        cable.bind(("127.0.0.1", 0))
        cable.settimeout(PATIENCE)
        port = f"127.0.0.1:{cable.getsockname()[1]}"
        with simulator("inlet", "--can", bus, "--cable", port, "--control", control) as process:
            assert facts(process)["what"] == "ready"
            assert not json.loads(cable.recv(1000))["plugged"]
            asyncio.run(_ready(bus, control))
            until_closed = (json.loads(cable.recv(1000))["k5k6"] for _ in range(10_000))
            assert any(until_closed)
        assert process.returncode == 0


async def _ready(bus: str, control: str) -> None:
    reader, writer = await asyncio.open_unix_connection(control)
    writer.write(b"plug\n")
    assert await reader.readline() == b"ok\n"
    writer.close()
    async with joined(bus) as client:
        await client.send([CanFrame(BRO, b"\x00")])
