"""A recording that is replayed onto a bus which a gun in mode "monitor" listens to becomes a session at the hub."""

import time
from typing import Any

import pytest
from tests.demo.charge_recording import CURRENT, FIRST_SOC, SOC, VOLTAGE, charge
from tests.demo.processes import PATIENCE, Traces

from chargelink.demo.crew import Crew
from chargelink.demo.hub import Hub

SECONDS = 6  # at full current
LAST_SOC = SOC + 10 * (SECONDS - 1)
CONFIG = """
[site]
id = "edge-1"
data = "data"

[hub]
url = "{link}"

[tariff]
file = "tariff.toml"

[[gun]]
id = "gun-1"
mode = "monitor"
can = "{can}"
"""
TARIFF = """
id = "flat"
version = 1
name = "flat"
per_use_yuan = 1.00
"""


async def test_a_recording_becomes_a_session(traces: Traces) -> None:
    folder = traces.folder
    (folder / "charge.log").write_text(charge(SECONDS))
    (folder / "tariff.toml").write_text(TARIFF)
    (folder / "hub").mkdir()
    async with Crew(folder) as crew:
        hub_says = await crew.start("hub", "hub", "serve", "--data", str(folder / "hub"), "--plain")
        hub = Hub(hub_says["web"])
        can = (await crew.start("can-bus", "sim", "can-bus"))["can"]
        (folder / "edge.toml").write_text(CONFIG.format(link=hub_says["link"], can=can))
        await crew.start("edge", "edge", "run", str(folder / "edge.toml"))

        async def listens() -> bool:
            return (await hub.devices()).get("gun-1", {}).get("state") == "available"

        await crew.until(listens, PATIENCE, "the gun listens")
        began = time.monotonic()
        await crew.do("sim", "replay", str(folder / "charge.log"), "--can", can)
        took = time.monotonic() - began

        async def ended() -> bool:
            return [session["ended"] for session in (await hub.sessions()).values()] not in ([], [None])

        await crew.until(ended, PATIENCE, "the session has ended")
        [session] = (await hub.sessions()).values()

        async def drawn() -> bool:
            return len(await hub.curve(session["id"])) >= SECONDS // 2

        await crew.until(drawn, PATIENCE, "the telemetry has come after the records")
        curve = await hub.curve(session["id"])
        [bill] = (await hub.bills()).values()
    check_session(session, took)
    check_curve(curve)
    assert (bill["total"], bill["bill"]["verifiedMeter"]) == (0, False)  # somebody else sold it
    assert bill["bill"]["energy"] == session["energy"]


def check_session(session: dict[str, Any], took: float) -> None:
    assert (session["device"], session["kind"], session["authorisedBy"]) == ("gun-1", "dc", "monitor")
    assert (session["stopReason"], session["stoppedBy"]) == ("Local", "charger")  # CST: by hand
    assert (session["socStart"], session["socEnd"]) == (FIRST_SOC, LAST_SOC)
    full = VOLTAGE * CURRENT // 1000 * SECONDS // 3600  # mWh at full current
    assert 0.95 * full < session["energy"] < 1.1 * full * took / SECONDS


def check_curve(curve: list[list[int | None]]) -> None:
    """Points of ms, mV, mA, mW, 0.1 % and mWh: one a second, of which the hub leaves out those that come early."""
    times, voltages, currents, powers, socs, energies = zip(*curve, strict=True)
    assert list(times) == sorted(times)
    assert set(voltages[1:]) == {VOLTAGE}
    assert set(currents[1:]) == {CURRENT}
    assert set(powers[1:]) == {VOLTAGE * CURRENT // 1000}
    assert len(set(socs)) == len(curve)  # each has its own
    assert socs == tuple(sorted(socs))
    assert energies == tuple(sorted(energies))


@pytest.mark.parametrize("seconds", [1, 3])
def test_the_recording_is_a_good_one(seconds: int) -> None:
    """What is replayed is in order of time, and says what the sample says."""
    lines = charge(seconds).splitlines()
    times = [float(line[1:18]) for line in lines]
    assert times == sorted(times)
    assert seconds < times[-1] - times[0] < seconds + 3
