"""Ten thousand edges that are there, and all come back at once."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

from bench.hub.processes import Hub, Process, fleet, hub, reference
from bench.hub.size import EDGES, STATIONS
from bench.measure import Measured, more

BASE, EACH = 80 * 1024, 22.0  # KiB
STALL = 50_000  # µs
STORM = 60_000  # ms
SETTLED = 35.0  # s: every edge has said a heartbeat
LOOK = 10.0  # s
WATCHED = 2  # looks
OCPP_FLEET = "bench.hub.ocpp_fleet"


async def figures(folder: Path) -> AsyncIterator[Measured]:
    """Ours, then the OCPP server's."""
    async with hub(folder / "crowd") as first:
        base = first.share
        port = first.facts["link"].rpartition(":")[2]
        async with fleet(first.facts["link"], EDGES) as edges:
            took = float(edges.facts["seconds"])
            yield more("hub", f"{EDGES} edges connect and boot", "ms", took * 1000, STORM, "goal of 60 s", "<= 1")
            await asyncio.sleep(SETTLED)
            async for row in idle(first, base):
                yield row
            await first.kill()
            began = time.monotonic()
            async with hub(folder / "crowd", int(port)) as second:
                async for row in storm(second, edges, began):
                    yield row
    async for row in stations():
        yield row


async def idle(first: Hub, base: int) -> AsyncIterator[Measured]:
    before, began = first.worked, time.monotonic()
    stall = collector = 0
    for _ in range(WATCHED):
        await asyncio.sleep(LOOK)
        stalls = (await first.health())["stalls"]
        stall = max(stall, stalls["loop"]["tenSeconds"])
        collector = max(collector, stalls["collector"]["tenSeconds"])
    busy = (first.worked - before) / (time.monotonic() - began)
    share = first.share
    each = (share - base) / EDGES
    yield more("hub", "share of memory, no edges", "KiB", base, BASE, "goal of 80 MiB", "<= 1")
    yield more("hub", "each idle edge", "KiB", each, EACH, "goal of 22 KiB", "<= 1")
    yield more("hub", f"with {EDGES} idle edges", "KiB", share, BASE + EACH * EDGES, "80 MiB + 22 KiB each", "<= 1")
    yield more("hub", "longest stall of the loop, idle", "us", stall, STALL, "goal of 50 ms", "<= 1")
    yield more("hub", "longest collection, idle", "us", collector, STALL, "50 ms")
    yield more("hub", "processor, idle edges", "ms/s", busy * 1000, 1000, "one processor")


async def storm(second: Hub, edges: Process, began: float) -> AsyncIterator[Measured]:
    before = edges.worked
    back = await edges.line("back")
    took, server, client = (back - began) * 1000, second.worked, edges.worked - before
    stalls = (await second.health())["stalls"]
    await asyncio.sleep(5)
    share = second.share
    result = json.loads((await edges.end()).splitlines()[-1])
    assert (result["connected"], result["complaints"]) == (EDGES, 0)
    boot, away = result["boots"]["ms"], result["boots"]["awayMs"]
    yield more("hub", f"storm of {EDGES}: all are back", "ms", took, STORM, "goal of 60 s", "<= 1")
    yield more("hub", "storm: longest away", "ms", away["max"], STORM, "goal of 60 s", "<= 1")
    yield more("hub", "storm: a boot's answer, p99", "ms", boot["p99"], boot["p50"], "p50")
    yield more("hub", "storm: processor", "ms", server * 1000, client * 1000, "the fleet's")
    yield more("hub", "storm: longest stall of the loop", "us", stalls["loop"]["minute"], STALL, "50 ms")
    yield more("hub", "storm: longest collection", "us", stalls["collector"]["minute"], STALL, "50 ms")
    yield more("hub", "share of memory, all back", "KiB", share, BASE + EACH * EDGES, "80 MiB + 22 KiB each", "<= 1")


async def stations() -> AsyncIterator[Measured]:
    """A server on PyPI `ocpp`, with fewer stations."""
    async with reference("ocpp") as first:
        base, port = first.share, first.facts["link"].rpartition(":")[2]
        async with fleet(first.facts["link"], STATIONS, module=OCPP_FLEET) as edges:
            await asyncio.sleep(5)
            each = (first.share - base) / STATIONS
            yield more("hub", f"ocpp 2.1, each of {STATIONS} stations", "KiB", each, EACH, "goal of ours")
            await first.kill()
            began, before = time.monotonic(), edges.worked
            async with reference("ocpp", int(port)) as second:
                took = (await edges.line("back") - began) * 1000
                server, client = second.worked, edges.worked - before
                yield more("hub", f"ocpp 2.1, storm of {STATIONS}", "ms", took, STORM, "goal of ours")
                yield more("hub", "ocpp 2.1, storm: processor", "ms", server * 1000, client * 1000, "the fleet's")
