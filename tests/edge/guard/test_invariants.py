"""Random lives of a charger, a daemon and a guard that may be held up: what is never seen, however they go on.

A life is mostly the next step of a charge, now and then a fault: without that bias hardly any life closes a contactor.
"""

from random import Random

import pytest
from tests.edge.guard.rig import HOLDS, OneShot
from tests.edge.guard.told import CLOSED, E_STOP, KNOWN, LOCKED, MS, WANTED, Bench

LIVES, STEPS = 40, 1500
FAULTS = ("press", "mute", "orphan", "over", "blind limit", "hang", "stop", "high current")


class Life:
    """One contactor, whose coil the daemon energises for as long as it wants to charge."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.bench, self.one_shot = Bench(), OneShot()
        self.heard = 0
        self.closed = False
        self.wish_gone = True  # while the contactor was open, since it opened
        self.fed_at = self.told_at = 0
        self.closings = 0

    def step(self) -> None:
        bench = self.bench
        after = self.random.choice((1, 1, 1, 5, 10)) * MS
        if self.random.random() < 0.02:
            after = self.act(self.random.choice(FAULTS)) or after
        elif self.random.random() < 0.05:
            self.go_on()
        wanted = bool(bench.flags & WANTED)
        bench.bits = bench.bits & ~CLOSED | CLOSED * self.closed
        bench.current = bench.current if self.closed and self.one_shot.modules else 0
        self.fed_at = bench.now + after if bench.feeding else self.fed_at
        self.told_at = bench.now + after if bench.telling else self.told_at
        bench.step(after)
        for at, word in bench.said[self.heard :]:
            self.one_shot.hear(word, at)
        self.heard = len(bench.said)
        self.one_shot.modules |= not self.one_shot.permits(bench.now)
        self.closed, before = wanted and self.one_shot.permits(bench.now), self.closed
        self.judge(before, wanted)

    def act(self, fault: str) -> int:
        bench = self.bench
        if fault == "press":
            bench.bits |= E_STOP
        elif fault == "mute":
            bench.feeding = False
        elif fault == "orphan":
            bench.telling = False
        elif fault == "over":
            bench.outside = 402_001
        elif fault == "blind limit":
            bench.flags &= ~KNOWN
        elif fault == "stop":
            bench.flags = 0
        elif fault == "high current":
            bench.current = 250_000
        return self.random.randrange(20, 120) * MS if fault == "hang" else 0

    def go_on(self) -> None:
        """Mend one thing, else the next step of a charge."""
        bench = self.bench
        bench.feeding = bench.telling = True
        bench.bits, bench.outside, bench.current = LOCKED, 380_000, 50_000
        if bench.guard.state == "tripped":
            bench.flags = 0
            bench.guard.receive_facts(b"RESET", bench.now)
        elif bench.guard.state == "armed":
            bench.flags = WANTED | KNOWN if not bench.flags else 0

    def judge(self, before: bool, wanted: bool) -> None:
        now, bench = self.bench.now, self.bench
        self.closings += self.closed and not before
        if self.closed and not before:
            assert self.wish_gone, "reclosed by itself"
            self.wish_gone = False
        elif not self.closed and not wanted:
            self.wish_gone = True
        if self.closed:
            assert now - self.fed_at <= HOLDS + 120 * MS, "closed on inputs of long ago"
            assert now - self.told_at <= 1600 * MS, "closed without a daemon"
            assert not (bench.feeding and bench.bits & E_STOP), "closed on a pressed button that was seen"
            assert all(trip.rule.action == "S1" for trip in bench.guard.trips), "closed after an S0"


@pytest.mark.parametrize("seed", range(LIVES))
def test_a_life(seed: int) -> None:
    life = Life(seed)
    for _ in range(STEPS):
        life.step()
    assert life.closings, "a life in which nothing closed shows nothing"
