"""Ten thousand edges that are there, and all come back at once: without TLS, and with certificates on both sides."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

from bench.hub.processes import PATIENCE, Hub, Process, fleet, hub, made, reference
from bench.hub.size import EDGES, STATIONS
from bench.measure import Measured, more

BASE, EACH = 80 * 1024, 22.0  # KiB
STALL = 50_000  # µs
STORM = 60_000  # ms
SETTLED = 35.0  # s: every edge has said a heartbeat
LOOK = 10.0  # s
WATCHED = 2  # looks
OCPP_FLEET = "bench.hub.ocpp_fleet"


class Crowd(NamedTuple):
    """How they connect. The goals are for links without TLS; for the storm they are for both."""

    word: str
    plain: bool
    at_first: int  # edges that connect in a second, before the storm

    def within(self, goal: str = "<= 1") -> str:
        return goal if self.plain else ""


PLAIN, MUTUAL = Crowd("", True, 1_000), Crowd("mTLS, ", False, 250)


async def figures(folder: Path) -> AsyncIterator[Measured]:
    """Ours, both ways, then the OCPP server's."""
    async with hub(folder / "crowd"):
        pass
    async for row in crowded(folder / "crowd", PLAIN):
        yield row
    async with hub(folder / "secure", plain=False):
        pass
    await made("bench.hub.identities", folder / "secure", folder / "papers", EDGES)
    papers = ("--ca", folder / "secure/identity/ca.pem", "--identities", folder / "papers")
    async for row in crowded(folder / "secure", MUTUAL, *papers):
        yield row
    async for row in stations():
        yield row


async def crowded(data: Path, crowd: Crowd, *papers: object) -> AsyncIterator[Measured]:
    """On a database that is there: what making one needed is not the hub's memory on other days."""
    async with hub(data, plain=crowd.plain) as first:
        base, link = first.share, first.facts["link"]
        port = int(link.rpartition(":")[2])
        async with fleet(link, EDGES, "--connect-per-second", crowd.at_first, *papers) as edges:
            await asyncio.sleep(SETTLED)
            async for row in idle(crowd, first, base):
                yield row
            await first.kill()
            began = time.monotonic()
            async with hub(data, port, plain=crowd.plain) as second:
                async for row in storm(crowd, second, edges, began):
                    yield row


async def idle(crowd: Crowd, first: Hub, base: int) -> AsyncIterator[Measured]:
    before, began = first.worked, time.monotonic()
    longest = dict.fromkeys(("loop", "work", "collector"), 0)
    for _ in range(WATCHED):
        await asyncio.sleep(LOOK)
        stalls = (await first.health())["stalls"]
        longest = {name: max(longest[name], stalls[name]["tenSeconds"]) for name in longest}
    busy = (first.worked - before) / (time.monotonic() - began)
    share = first.share
    each = (share - base) / EDGES
    word, goal = crowd.word, crowd.within()
    if crowd.plain:
        yield more("hub", "memory (PSS), no edges", "KiB", base, BASE, "goal of 80 MiB", goal)
    yield more("hub", f"{word}each idle edge", "KiB", each, EACH, "goal of 22 KiB, plain", goal)
    yield more("hub", f"{word}{EDGES} idle edges", "KiB", share, BASE + EACH * EDGES, "80 MiB + 22 KiB each", goal)
    yield more("hub", f"{word}longest stall, idle", "us", longest["loop"], STALL, "goal of 50 ms", "<= 1")
    yield more("hub", f"{word}longest work, idle", "us", longest["work"], longest["loop"], "longest stall")
    yield more("hub", f"{word}longest collection, idle", "us", longest["collector"], longest["loop"], "longest stall")
    yield more("hub", f"{word}processor, idle edges", "ms/s", busy * 1000, 1000, "one processor")


async def storm(crowd: Crowd, second: Hub, edges: Process, began: float) -> AsyncIterator[Measured]:
    before = edges.worked
    back = await edges.line("back", within=5 * PATIENCE)
    took, server, client = (back - began) * 1000, second.worked, edges.worked - before
    stalls = (await second.health())["stalls"]
    await asyncio.sleep(LOOK)
    share = second.share
    result = json.loads((await edges.end()).splitlines()[-1])
    assert (result["connected"], result["complaints"]) == (EDGES, 0)
    boot, away = result["boots"]["ms"], result["boots"]["awayMs"]
    word = crowd.word
    yield more("hub", f"{word}storm of {EDGES}, all back", "ms", took, STORM, "goal of 60 s", "<= 1")
    yield more("hub", f"{word}storm, longest away", "ms", away["max"], STORM, "goal of 60 s", "<= 1")
    yield more("hub", f"{word}storm, boot answered p99", "ms", boot["p99"], boot["p50"], "p50")
    yield more("hub", f"{word}storm, processor", "ms", server * 1000, client * 1000, "the fleet's")
    yield more("hub", f"{word}storm, longest stall", "us", stalls["loop"]["minute"], STALL, "50 ms")
    stall = stalls["loop"]["minute"]
    yield more("hub", f"{word}storm, longest work", "us", stalls["work"]["minute"], stall, "longest stall")
    yield more("hub", f"{word}storm, longest collection", "us", stalls["collector"]["minute"], stall, "longest stall")
    whole = BASE + EACH * EDGES
    yield more("hub", f"{word}memory, all back", "KiB", share, whole, "80 MiB + 22 KiB each", crowd.within())


async def stations() -> AsyncIterator[Measured]:
    """A server on PyPI `ocpp`, with fewer stations."""
    async with reference("ocpp") as first:
        base, port = first.share, int(first.facts["link"].rpartition(":")[2])
        async with fleet(first.facts["link"], STATIONS, module=OCPP_FLEET) as edges:
            await asyncio.sleep(5)
            each = (first.share - base) / STATIONS
            yield more("hub", f"ocpp 2.1, each of {STATIONS} stations", "KiB", each, EACH, "goal of ours")
            await first.kill()
            began, before = time.monotonic(), edges.worked
            async with reference("ocpp", port) as second:
                took = (await edges.line("back") - began) * 1000
                server, client = second.worked, edges.worked - before
                yield more("hub", f"ocpp 2.1, storm of {STATIONS}, all back", "ms", took, STORM, "goal of ours")
                yield more("hub", "ocpp 2.1, storm, processor", "ms", server * 1000, client * 1000, "the fleet's")
