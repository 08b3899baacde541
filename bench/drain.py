"""A month without the hub, then a line of 256 kbit/s each way: how late the present is while the past comes in.

The edge's own uplink and a hub in a process of its own, in real time, over a proxy that lets through so many bytes a
second and not one ahead of its time. In a clock that jumps the same is a test: tests/edge/uplink/test_outage.py.
Three days, unless DRAIN_DAYS says more: thirty take six minutes.
"""

import asyncio
import json
import os
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tests.edge.ledger.month import guns, store
from tests.hub.hub_process import running

from bench.link_wire import Site, admitted, shown, utc_ms
from bench.measure import Measured, slower
from chargelink.edge.ledger.blocks import Blocks
from chargelink.link.messages import Device
from chargelink.model import Alarm

RATE = 256_000  # bit/s
CHUNK = 512  # bytes
DELAY = 0.04  # s, each way
DAYS = int(os.environ.get("DRAIN_DAYS", "3"))
RECORDS = 3 * 12 * 2 * DAYS  # begin, end and something else of each session of an hour
BODY = "r" * 450
AT_ONCE = 1_000_000_000  # ns
SHOWN_EVERY = 0.5  # s
NS = 1e9


class Drained(NamedTuple):
    """Times in s."""

    first: float
    delays: list[float]
    took: float
    sent: int  # bytes through the proxy, towards the hub


def figures() -> Iterator[Measured]:
    with tempfile.TemporaryDirectory(prefix="drain-") as folder:
        drained = asyncio.run(measure(Path(folder)))
    delays = sorted(drained.delays)
    yield slower("drain", "the present is there, after the line", drained.first * NS, AT_ONCE, "goal of 1 s", "<= 1")
    p99 = delays[int(len(delays) * 0.99)]
    yield slower("drain", "a new state, p50", delays[len(delays) // 2] * NS, DELAY * NS, "the line alone")
    yield slower("drain", "a new state, p99", p99 * NS, AT_ONCE, "goal of 1 s", "<= 1")
    yield slower(
        "drain", f"{DAYS} days drained", drained.took * NS, drained.sent * 8 / RATE * NS, "the line never idle"
    )


async def measure(folder: Path) -> Drained:
    hub_folder, edge_folder = folder / "hub", folder / "edge"
    edge_folder.mkdir()
    file = Blocks(edge_folder / "telemetry.db", 64 << 20)
    store(file, guns(DAYS))
    file.close()
    async with running(hub_folder, plain=False) as hub:
        await admitted(hub, hub_folder, edge_folder)
        line = Line(hub.link)
        async with await asyncio.start_server(line.carry, "127.0.0.1", 0) as proxy:
            site = Site(edge_folder, f"wss://127.0.0.1:{proxy.sockets[0].getsockname()[1]}")
            notes = (Alarm(code="note", text=BODY, at=utc_ms()) for _ in range(RECORDS))
            await asyncio.gather(*(site.ledger.append(note, note.at) for note in notes))
            seen: dict[str, float] = {}
            async with hub.http.stream("GET", "/api/events") as stream:
                watching = asyncio.create_task(watch(stream.aiter_lines(), seen))
                drained = await drain(site, line, seen)
                watching.cancel()
                with suppress(asyncio.CancelledError):
                    await watching
            await site.ledger.close()
            line.end()
    return drained


async def drain(site: Site, line: "Line", seen: dict[str, float]) -> Drained:
    """Open the link, let everything drain, and meanwhile show a new state now and then."""
    shown_at = {"state 0": time.monotonic()}
    site.board.show(state(0))
    async with site.linked():
        telling = asyncio.create_task(site.told())
        while not telling.done():
            await asyncio.sleep(SHOWN_EVERY)
            device = state(len(shown_at))
            shown_at[device.state] = time.monotonic()
            site.board.show(device)
        took = time.monotonic() - shown_at["state 0"]
        await asyncio.sleep(2.0)
    delays = [seen[word] - at for word, at in shown_at.items() if word in seen]
    return Drained(seen["state 0"] - shown_at["state 0"], delays[1:], took, line.up)


def state(number: int) -> Device:
    return Device(id="gun-1", kind="gun", state=f"state {number}", at=utc_ms(), detail=shown("gun-1", None).detail)


async def watch(lines: AsyncIterator[str], seen: dict[str, float]) -> None:
    """When the hub's page would have shown a state."""
    async for line in lines:
        if line.startswith("data: "):
            told = json.loads(line.removeprefix("data: "))
            word = str(told.get("state", ""))
            if word.startswith("state "):
                seen.setdefault(word, time.monotonic())


class Line:
    """Carries bytes to a hub at a limited rate, each way, with a delay."""

    def __init__(self, link: str) -> None:
        self._port = int(link.rpartition(":")[2])
        self.up = 0
        self._writers: list[asyncio.StreamWriter] = []

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port, limit=CHUNK)
        self._writers += [writer, far_writer]
        with suppress(OSError):
            await asyncio.gather(self._way(reader, far_writer, up=True), self._way(far_reader, writer, up=False))

    def end(self) -> None:
        """Cut every connection."""
        for writer in self._writers:
            writer.close()

    async def _way(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, up: bool) -> None:
        loop = asyncio.get_running_loop()
        free_at = loop.time()
        while data := await reader.read(CHUNK):
            free_at = max(free_at, loop.time()) + len(data) * 8 / RATE
            self.up += len(data) if up else 0
            await asyncio.sleep(free_at - loop.time())
            loop.call_later(DELAY, writer.write, data)
        loop.call_later(DELAY, writer.close)
