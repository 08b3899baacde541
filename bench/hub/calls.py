"""Calls with answers, as fast as they are answered: beside a bare echo of as many bytes, and an OCPP server."""

from collections.abc import AsyncIterator
from pathlib import Path

from bench.hub.processes import Hub, Loaded, hub, loaded, reference
from bench.hub.size import LOADED, SECONDS
from bench.measure import Measured, more

ROUNDS = 2
KINDS = {"Heartbeat": "heartbeat", "MeterValues": "meter-values"}


async def figures(folder: Path) -> AsyncIterator[Measured]:
    """The hub and the echo take turns; the better round of each counts."""
    async with hub(folder / "calls") as ours, reference("echo") as echo:
        for action, option in KINDS.items():
            rounds = [(await asked(ours, option), await asked(echo, option)) for _ in range(ROUNDS)]
            one, other = (max(results, key=rate_of) for results in zip(*rounds, strict=True))
            name = "bare websockets and uvloop"
            rates = rate_of(one), rate_of(other)
            yield more("hub", f"{action}, answered", "1/s", *rates, name, ">= 0.6")
            yield more("hub", f"{action}, processor each", "us", each(one), each(other), name)
            yield more("hub", f"{action}, the fleet's each", "us", each_of_fleet(one), each_of_fleet(other), name)
    async with reference("ocpp") as other:
        for action, option in KINDS.items():
            result = await asked(other, option, "bench.hub.ocpp_fleet")
            rate = rate_of(result)
            yield more("hub", f"ocpp 2.1, {action}", "1/s", rate, rates[0], "ours, MeterValues")
            yield more("hub", f"ocpp 2.1, {action}, processor", "us", each(result), each(one), "ours, MeterValues")


async def asked(server: Hub, call: str, module: str = "") -> Loaded:
    return await loaded(server, LOADED, SECONDS, "--calls-per-second", "max", "--call", call, module=module)


def rate_of(result: Loaded) -> float:
    return float(result["calls"]["rowsPerSecond"])


def each(result: Loaded) -> float:
    """Processor time of the server for each call, µs."""
    return float(result.worked / result["calls"]["answered"] * 1e6)


def each_of_fleet(result: Loaded) -> float:
    return float(result.fleet_worked / result["calls"]["answered"] * 1e6)
