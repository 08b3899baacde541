"""Records and telemetry: answered after the commit."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from bench.hub.processes import Hub, Loaded, fleet, hub, loaded
from bench.hub.size import LOADED, LONG, SECONDS
from bench.measure import Measured, more

SINGLE, BATCHED = 3_000, 10_000  # 1/s
BATCH = 100  # records
SAMPLED, BLOCK = 50_000, 300  # 1/s; samples
STEADY, LATE = 1_000, 50.0  # 1/s; ms
WARM = 1 / 3  # of the long run


async def figures(folder: Path) -> AsyncIterator[Measured]:
    """Each load at a hub of its own: it does not read what the one before has left behind."""
    async with hub(folder / "single") as server:
        single = await stored(server, "max", 1)
        rate = single["records"]["rowsPerSecond"]
        yield more("hub", "durable records, one a call", "1/s", rate, SINGLE, "goal of 3,000/s", ">= 1")
        yield more("hub", "one a call, processor each", "us", each(single), each_of_fleet(single), "the fleet's")
    async with hub(folder / "batched") as server:
        batched = await stored(server, "max", BATCH)
        rate = batched["records"]["rowsPerSecond"]
        yield more("hub", f"durable records, {BATCH} a call", "1/s", rate, BATCHED, "goal of 10,000/s", ">= 1")
        yield more("hub", f"{BATCH} a call, processor each", "us", each(batched), each_of_fleet(batched), "the fleet's")
    async with hub(folder / "samples") as server:
        options = ("--samples-per-second", "max", "--samples-per-call", BLOCK)
        samples = await loaded(server, LOADED, SECONDS, *options)
        rate = samples["samples"]["rowsPerSecond"]
        yield more("hub", f"durable samples, {BLOCK} a block", "1/s", rate, SAMPLED, "goal of 50,000/s", ">= 1")
        yield more("hub", "a thousand samples, processor", "us", *of_samples(samples), "the fleet's")
    async with hub(folder / "steady") as server:
        before = server.worked
        steady = await stored(server, STEADY, 1)
        p99 = steady["records"]["ms"]["p99"]
        yield more("hub", f"p99 at {STEADY} durable records/s", "us", p99 * 1000, LATE * 1000, "goal of 50 ms", "<= 1")
        await server.until_idle()
        whole = (server.worked - before) / steady["records"]["rows"] * 1e6
        yield more("hub", "a record, until it was read", "us", whole, each(steady), "while it was sent")
    async with hub(folder / "long") as server:
        async for row in long_run(server):
            yield row


async def stored(server: Hub, rate: Any, rows: int) -> Loaded:
    options = ("--records-per-second", rate, "--records-per-call", rows)
    result = await loaded(server, LOADED, SECONDS, *options)
    records = result["records"]
    assert (records["forgotten"], records["broken"], result["complaints"]) == (0, 0, 0)
    return result


async def long_run(server: Hub) -> AsyncIterator[Measured]:
    """Records and calls for long: what memory does once it is warm."""
    options = ("--seconds", LONG, "--records-per-second", STEADY / 2, "--calls-per-second", STEADY)
    shares: list[tuple[float, int]] = []
    async with fleet(server.facts["link"], LOADED, *options) as process:
        began = time.monotonic()
        while process.process.returncode is None and (now := time.monotonic() - began) < LONG:
            if now > LONG * WARM:
                shares.append((now, server.share))
            await asyncio.sleep(1)
    first = shares[0][1]
    slope = slope_of(shares) * 60
    yield more("hub", f"memory over {LONG:.0f} s, at the end", "KiB", shares[-1][1], first, "when warm", "<= 1.03")
    yield more("hub", "memory, growth", "KiB/min", slope, first, "when warm")


def slope_of(points: list[tuple[float, int]]) -> float:
    """Of the straight line through them with the least squares."""
    xs, ys = zip(*points, strict=True)
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((one - x) ** 2 for one in xs)
    return sum((a - x) * (b - y) for a, b in points) / spread if spread else 0.0


def each(result: Loaded) -> float:
    """Processor time of the hub for each record, µs."""
    return float(result.worked / result["records"]["rows"] * 1e6)


def of_samples(result: Loaded) -> tuple[float, float]:
    thousands = result["samples"]["rows"] / 1000
    return result.worked / thousands * 1e6, result.fleet_worked / thousands * 1e6


def each_of_fleet(result: Loaded) -> float:
    return float(result.fleet_worked / result["records"]["rows"] * 1e6)
