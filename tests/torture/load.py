"""What an edge has to do on a busy day, and more: sessions and records, without end, on the real ledger.

A thing is said only after the ledger has returned from it, one line each, in one write that a kill cannot tear:

    record SEQ SHA256        a record whose append was awaited; the hash is that of its body
    begun ID                 a session is stored
    ended ID FEN             it is stored with its bill
    acknowledged EPOCH HAVE  the hub has said that it holds the epoch so far
    refused WHY              the ledger would not take something: a person who wants to charge is told
    epoch NAME               the life of the journal that is being written
    drained EPOCH LAST       in the end: everything is with the hub, nothing is open

The clock is stepped both ways meanwhile.
"""

import asyncio
import hashlib
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chargelink.edge.ledger import Ending, Journal, LedgerError, Sessions, load_key
from chargelink.link.messages import RECORD_LANE
from chargelink.model import (
    Alarm,
    Period,
    Reading,
    SessionKind,
    StopReason,
    Tariff,
    Trip,
    body_of,
)

EDGE = "edge-1"
SELLERS = 4
MOST_WAITING = 1_500  # records that the hub does not have: then nothing new begins, so that catching up stays short
LONGEST_BODY = 60_000  # bytes: a record of many pages, now and then
STEPS = (0, 3_600_000, -3_600_000, 86_400_000, -86_400_000, 40 * 365 * 86_400_000, -5 * 365 * 86_400_000)  # ms
TARIFF = Tariff(
    id="site-1",
    version=1,
    periods=(
        Period(start="00:00", end="12:00", name="valley", energy_price=31_415, service_price=40_001),
        Period(start="12:00", end="24:00", name="peak", energy_price=112_345, service_price=39_999),
    ),
)


def say(*words: object) -> None:
    """One line, in one write."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


class Clock:
    """UTC milliseconds of a clock that somebody keeps setting."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._step = chance.choice(STEPS)

    def __call__(self) -> int:
        if self._chance.random() < 0.01:
            self._step = self._chance.choice(STEPS)
        return time.time_ns() // 1_000_000 + self._step


class TalkingJournal(Journal):
    """A journal that says what the hub said to it, before it does anything with it."""

    async def acknowledge(self, epoch: str, lane: str, have: int) -> None:
        if lane == RECORD_LANE:
            say("acknowledged", epoch, have)
        await super().acknowledge(epoch, lane, have)


def open_ledger(path: Path) -> Journal:
    """The ledger of this edge, as the daemon opens it. Raises LedgerError."""
    return TalkingJournal.open(path, EDGE, load_key(path.with_name("journal.key")))


class Load:
    """One edge's work; `stop` ends it."""

    def __init__(self, journal: Journal, chance: random.Random) -> None:
        self.stop = asyncio.Event()
        self._journal = journal
        self._chance = chance
        self.clock = Clock(chance)
        self._sessions = Sessions(journal, EDGE, os.urandom)
        self._register = 1_000_000_000  # mWh

    async def work(self) -> None:
        """Until `stop` is set."""
        async with asyncio.TaskGroup() as work:
            for number in range(SELLERS):
                work.create_task(self.sell(f"socket-{number}"))
            work.create_task(self.report())

    async def settle(self) -> None:
        """Close what the last life left open."""
        await self._sessions.load()
        for ended in await self._sessions.close_interrupted(self.clock(), {}, ()):
            say("ended", ended.session_id, ended.bill.total)

    async def sell(self, device: str) -> None:
        """One session after the other."""
        while not self.stop.is_set():
            with refusals_said():
                await self._wait_for_room()
                begun = await self._sessions.begin(
                    device, SessionKind.SOCKET, TARIFF, self.clock(), outlet="A", start=self._reading()
                )
                identifier = begun.started.session_id
                say("begun", identifier)
                for _ in range(self._chance.randrange(4)):
                    await self._sessions.read(identifier, self._reading())
                await self._end(identifier)
            await asyncio.sleep(self._chance.random() * 0.005)

    async def _end(self, identifier: str) -> None:
        """A charge that is over stays over, however long it takes until that can be stored."""
        ending = Ending(StopReason.LOCAL, "driver", self._reading())
        while True:
            with refusals_said():
                ended = await self._sessions.end(identifier, self.clock(), ending)
                say("ended", identifier, ended.bill.total)
                return
            await asyncio.sleep(0.02)

    async def report(self) -> None:
        """Alarms and trips, small and large."""
        number = 0
        while not self.stop.is_set():
            number += 1
            with refusals_said():
                await self._wait_for_room()
                content = self._happened(number)
                seq = await self._journal.append(content, content.at)
                say("record", seq, hashlib.sha256(body_of(content)).hexdigest())
            await asyncio.sleep(self._chance.random() * 0.003)

    def _happened(self, number: int) -> Alarm | Trip:
        if self._chance.random() < 0.02:
            noise = self._chance.randbytes(self._chance.randrange(LONGEST_BODY))
            return Trip(device="gun-1", rule="over-current", at=self.clock(), values={"seen": noise})
        return Alarm(code="torture", text=f"number {number} {self._chance.random()}", at=self.clock())

    def _reading(self) -> Reading:
        self._register += self._chance.randrange(2_000_000)
        return Reading(at=self.clock(), register=self._register)

    async def _wait_for_room(self) -> None:
        while not self.stop.is_set():
            lane = await self._journal.position()
            if lane.last - lane.acknowledged < MOST_WAITING:
                return
            await asyncio.sleep(0.01)


@contextmanager
def refusals_said() -> Iterator[None]:
    """What the ledger refuses is said, and life goes on."""
    try:
        yield
    except LedgerError as error:
        say("refused", error)
