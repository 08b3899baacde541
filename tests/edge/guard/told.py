"""Datagrams written by the byte tables alone, and a guard that has no wires. Times in ns, from 0."""

import json
import struct
from typing import Any

from chargelink.edge.guard.mark import CLEAR, Mark
from chargelink.edge.guard.state import Guard

MS = 1_000_000
E_STOP, DOOR, CLOSED, LOCKED = 1, 2, 4, 8
WANTED, KNOWN = 1, 2


def inputs(counter: int, bits: int = LOCKED, outside: int = 380_000, inside: int = 0, current: int = 0) -> bytes:
    return struct.pack("<BBHiii", 1, bits, counter & 0xFFFF, outside, inside, current)


def facts(sequence: int, at: int, flags: int = 0, limit: int = 400_000, amperes: int = 250) -> bytes:
    return struct.pack("<BBIQiiI", 1, flags, sequence & 0xFFFFFFFF, at, limit, amperes * 1000, 0xC0FFEE)


class Bench:
    """Plays a charger and a daemon that do their duty, every millisecond, until a test lets one of them fail."""

    def __init__(self, mark: Mark | None = Mark(CLEAR), now: int = 0) -> None:  # noqa: B008 - a constant
        self.now = now
        self.guard = Guard(mark, now)
        self.bits, self.outside, self.inside, self.current = LOCKED, 380_000, 0, 0
        self.flags, self.limit = 0, 400_000
        self.feeding = self.telling = self.writing = True
        self.said: list[tuple[int, bytes]] = []
        self.marks: list[Mark] = []
        self.reports: list[dict[str, Any]] = []
        self.counter = 0

    def run(self, milliseconds: int) -> None:
        for _ in range(milliseconds):
            self.step()

    def step(self, after: int = MS) -> None:
        self.now += after
        self.counter += 1
        if self.feeding:
            datagram = inputs(self.counter, self.bits, self.outside, self.inside, self.current)
            self.guard.receive_inputs(datagram, self.now)
        if self.telling:
            self.guard.receive_facts(facts(self.counter, self.now, self.flags, self.limit), self.now)
        self.tick()

    def tick(self) -> None:
        self.guard.tick(self.now)
        self.said += [(self.now, word) for word in self.guard.words_to_send()]
        if self.writing and (mark := self.guard.mark_to_write(self.now)):
            self.marks.append(mark)
            self.guard.mark_written(True, self.now)
        if report := self.guard.report_to_send(self.now):
            self.reports.append(json.loads(report))

    def charge(self, current: int = 100_000) -> None:
        """From the start to a car that charges."""
        self.run(5)
        self.flags = WANTED | KNOWN
        self.run(5)
        assert self.guard.state == "permit"
        self.bits, self.inside, self.current = LOCKED | CLOSED, self.outside, current
        self.run(30)

    def reset(self) -> None:
        self.guard.receive_facts(b"RESET", self.now)
        self.step()

    @property
    def rules(self) -> list[str]:
        return [trip.rule.name for trip in self.guard.trips]

    def words(self, since: int = 0) -> bytes:
        return b"".join(word for at, word in self.said if at >= since)

    def first(self, word: bytes, since: int = 0) -> int:
        """When it was said first after `since`."""
        return next(at for at, said in self.said if said == word and at >= since)


def charging(current: int = 100_000) -> Bench:
    bench = Bench()
    bench.charge(current)
    return bench


def stopped(bench: Bench) -> None:
    """The charger has obeyed, the daemon has given the session up."""
    bench.bits, bench.current, bench.inside, bench.flags = LOCKED, 0, 0, 0


def trip(bench: Bench) -> None:
    bench.bits |= E_STOP
    bench.step()
    stopped(bench)
    bench.run(10)
