"""All edges together: they connect, are loaded, and come back when the hub was away."""

import asyncio
import random
import secrets
import time
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import Any

from websockets.exceptions import InvalidHandshake

from chargelink.sim.edges import speech
from chargelink.sim.edges.durable import Records, Samples
from chargelink.sim.edges.edge import Edge
from chargelink.sim.edges.line import Address, Line
from chargelink.sim.edges.loads import Boots, Heartbeats, Rated

CLOSING = 2.0  # s for goodbyes
LAST_ANSWERS = 5.0  # s for what was asked under load
LOOK = 0.02
OPENING = 10.0  # s for a handshake, as edges allow
HANDSHAKES = 128  # of TLS at a time: more, and none of them would be done in time by one processor
TICK = 0.002  # s between looks at what is due
MOST_COMPLAINTS = 20  # that are kept in words


class Fleet:
    """`told` is called when all edges are there for the first time, and whenever they are all there again."""

    subprotocol = speech.SUBPROTOCOL
    edge: type[Edge] = Edge

    def __init__(self, address: Address, names: list[str], told: Callable[[str, float], None]) -> None:
        self.address = address
        self.edges = [self.edge(name, self) for name in names]
        self.boots = Boots(self)
        self.heartbeats = Heartbeats(self, 0, 1)
        self.loads: list[Rated] = []
        self.loaded = False  # while loads are on
        self.connected = 0
        self.at_end = 0  # connected then
        self.complete = asyncio.Event()  # all edges were there once
        self.asked: Counter[str] = Counter()  # by the hub
        self.farewells: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()  # tries that did not open a line
        self.complaints: list[str] = []
        self.complaint_count = 0
        self._told = told
        self._epoch = secrets.token_hex(8)
        self._since = 0.0
        self._tasks: asyncio.TaskGroup
        self._ending = False
        self._room = asyncio.Semaphore(HANDSHAKES) if address.papers else nullcontext()
        self._lines = 0
        self._empty = asyncio.Event()  # no line is left

    def now(self) -> float:
        return time.monotonic()

    def epochs(self, edge: Edge) -> dict[str, str]:
        """Those of its journal and its telemetry; that of the run for a journal that it has not."""
        epochs = {"epoch": self._epoch}
        for load in self.loads:
            if isinstance(load, Records):
                epochs["epoch"] = load.lane(edge).source.epoch
            if isinstance(load, Samples):
                epochs["telemetryEpoch"] = load.lane(edge).source.epoch
        return epochs

    def complain(self, text: str) -> None:
        """Something that no hub may do."""
        self.complaint_count += 1
        if len(self.complaints) < MOST_COMPLAINTS:
            self.complaints.append(text)

    async def run(self, work: Callable[[], Any], per_second: float) -> None:
        """Connect so many edges in a second, do `work` when all are there, say goodbye."""
        async with asyncio.TaskGroup() as self._tasks:
            self._since = self.now()
            connecting = self._tasks.create_task(self._connect_all(per_second), name="connect")
            try:
                await work()
            finally:
                self._ending = True
                self.at_end = self.connected
                connecting.cancel()
                for edge in self.edges:
                    if edge.line is not None:
                        edge.line.close()
                await self._farewell()
                for edge in self.edges:
                    if edge.line is not None:
                        edge.line.abort()

    async def load(self) -> None:
        """All loads, until cancelled."""
        self.loaded = True
        for load in self.loads:
            load.begin(self.now())
        try:
            while True:
                await asyncio.sleep(TICK)
                now = self.now()
                for load in self.loads:
                    load.tick(now)
        finally:
            self.loaded = False
            for load in self.loads:
                load.calls.over()

    async def answered(self) -> None:
        """Return when no call waits, or after a while."""
        until = self.now() + LAST_ANSWERS
        while self.now() < until and any(edge.waiting for edge in self.edges):  # noqa: ASYNC110 - thousands to look at
            await asyncio.sleep(LOOK)

    async def _farewell(self) -> None:
        if not self._lines:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING):
                await self._empty.wait()

    async def _connect_all(self, per_second: float) -> None:
        began = self.now()
        for number, edge in enumerate(self.edges):
            edge.away_since = self.now()
            self._tasks.create_task(self._open(edge), name=f"open {edge.name}")
            if (ahead := number / per_second - (self.now() - began)) > TICK:
                await asyncio.sleep(ahead)

    async def _open(self, edge: Edge) -> None:
        async with self._room:
            await self._open_now(edge)

    async def _open_now(self, edge: Edge) -> None:
        if self._ending:
            return
        try:
            line: Line = await self.address.open(edge.name, self.subprotocol, speech.LARGEST_MESSAGE, edge, OPENING)
        except (OSError, InvalidHandshake) as error:
            self.failures[type(error).__name__ if isinstance(error, OSError) else str(error)] += 1
            self._again(edge)
        else:
            self._lines += 1
            edge.begin(line)

    def _again(self, edge: Edge) -> None:
        if not self._ending:
            asyncio.get_running_loop().call_later(edge.next_wait(), self._try, edge)

    def _try(self, edge: Edge) -> None:
        if not self._ending:
            self._tasks.create_task(self._open(edge), name=f"open {edge.name}")

    def booted(self, edge: Edge, answer: dict[str, Any]) -> None:
        """The hub knows it."""
        edge.booted = True
        edge.wait = 1.0
        self.connected += 1
        interval = float(answer["interval"])
        self._beat_after(interval * random.random(), edge, interval)  # noqa: S311 - the first of each at its own time
        for load in self.loads:
            load.resume(edge, answer)
        if self.connected == len(self.edges):
            self._told("back" if self.complete.is_set() else "ready", self.now() - self._since)
            self.complete.set()

    def gone(self, edge: Edge, farewell: str) -> None:
        """Its line is; `farewell` are the hub's words, if it said any."""
        if farewell and not self._ending:
            self.farewells[farewell] += 1
        self._lines -= 1
        if not self._lines:
            self._empty.set()
        now = self.now()
        if edge.booted:
            if self.connected == len(self.edges):
                self._since = now
            self.connected -= 1
            edge.booted = False
            edge.away_since = now
            if edge.heartbeat is not None:
                edge.heartbeat.cancel()
        self._again(edge)

    def _beat_after(self, seconds: float, edge: Edge, interval: float) -> None:
        edge.heartbeat = asyncio.get_running_loop().call_later(seconds, self._beat, edge, interval)

    def _beat(self, edge: Edge, interval: float) -> None:
        if not self._ending:
            self.heartbeats.offer(edge, self.now())
            self._beat_after(interval, edge, interval)
