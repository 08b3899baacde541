"""The edge's clock: a lower bound of the true time that never runs backwards.

A gateway's clock may have stood still while the power was off. So ours begins at the latest of the system's clock, the
time of the last record, and the time of this release. It follows the system's clock forward at once. When that is set
back, or is behind us from the beginning, ours goes on at nine tenths of its speed until the other has caught up: what
is measured between two of its times is at most a tenth too short. Every step is told, with both times.

It is trusted when a source agrees with it within 5 s: NTP (servers or GPS, see `time_sources`), the hub, a person on
site. It is not after a start until one does, nor when one that was heard later differs, nor when the clock is stepped
away from what a source said. What a source says never moves a bill's energy; it only says when the readings were.

All times are UTC ms.
"""

import asyncio
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import structlog

from chargelink.edge.ledger import Journal, LedgerError
from chargelink.edge.ledger.elapsed import passed_ms
from chargelink.edge.time_sources import NTP, PERSON, Kernel, kernel
from chargelink.model import Alarm

RELEASED = 1_735_689_600_000  # 2025-01-01: no release is older, and a bound that is too low does no harm
STEP = 1_000  # ms by which the system's clock is off what passed, to be called a step
MOST_STEPS = 16
LOOK_EVERY = 1.0  # s
TELL_EVERY = 60.0  # s
AGREES = 5_000  # ms that clock and source may be apart, all that the source itself may be off included
DRIFT = 10_000  # one in so many: how much what a source said is off for each ms since

log = structlog.get_logger("clock")


class Step(NamedTuple):
    """The system's clock said `before` and then, without that time having passed, `after`; ours says `ours`."""

    before: int
    after: int
    ours: int


def system_ms() -> int:
    """What the system's clock says."""
    return time.time_ns() // 1_000_000


class Word(NamedTuple):
    """What a source said: UTC less what had passed, give or take `within`, when so much had `passed`; ms."""

    offset: int
    within: int
    passed: int

    def spread(self, passed: int) -> int:
        """By how much it may be off now."""
        return self.within + (passed - self.passed) // DRIFT


class Quality(NamedTuple):
    """Whether the clock may be relied on, and whose word that is (None: nobody's). `off` is by how many ms we differ
    from each source that was heard.
    """

    trusted: bool
    source: str | None
    off: dict[str, int]


class Clock:
    """`now` is the clock; `last` the time of the last record, 0 for none; `steps` are taken by whoever tells them."""

    def __init__(self, last: int, system: Callable[[], int] = system_ms, passed: Callable[[], int] = passed_ms) -> None:
        self._system = system
        self._passed = passed
        self._lock = threading.Lock()  # the thread of the ledger asks too
        self._seen = system(), passed()
        self._now = max(self._seen[0], last, RELEASED)
        self._held = self._now, self._seen[1]  # ours and what had passed, when it began to wait for the other
        self.steps: deque[Step] = deque(maxlen=MOST_STEPS)
        self._words: dict[str, Word] = {}
        self._agreed: str | None = None  # the source by which we are trusted
        if self._now - self._seen[0] >= STEP:
            self.steps.append(Step(self._now, self._seen[0], self._now))

    def now(self) -> int:
        """Never less than before."""
        with self._lock:
            return self._advanced()

    def _advanced(self) -> int:
        system, passed = self._system(), self._passed()
        expected = self._seen[0] + passed - self._seen[1]
        slow = self._held[0] + (passed - self._held[1]) * 9 // 10
        before = self._now
        self._now = max(before, system if system >= slow else slow)
        if system >= self._now or abs(system - expected) >= STEP:
            self._held = self._now, passed
        if abs(system - expected) >= STEP:
            self.steps.append(Step(expected, system, self._now))
            self._seen = system, passed
            self._judge(stepped=True)
        self._seen = system, passed
        return self._now

    @property
    def ahead(self) -> int:
        """ms that we are ahead of the system's clock."""
        return max(0, self.now() - self._system())

    def follow(self) -> Step:
        """Believe the system's clock from now on, also backwards: a person says that it is right."""
        with self._lock:
            before = self._advanced()
            self._now = max(self._seen[0], RELEASED)
            self._held = self._now, self._seen[1]
            self._words[PERSON] = Word(self._now - self._seen[1], 0, self._seen[1])
            self._judge()
            return Step(before, self._seen[0], self._now)

    def hear(self, source: str, time: int, within: int) -> None:
        """A source says that it is `time` now, give or take `within` ms. It moves nothing; it says what is trusted."""
        with self._lock:
            self._advanced()
            passed = self._seen[1]
            self._words[source] = Word(time - passed, within, passed)
            self._judge()

    def look(self, ask: Callable[[], Kernel | None] = kernel) -> None:
        """Hear what NTP says through the kernel; one that does not say any more is forgotten."""
        said = ask()
        if said is not None and said.synchronised:
            self.hear(NTP, self._system(), said.within)
        else:
            with self._lock:
                self._words.pop(NTP, None)

    @property
    def trusted(self) -> bool:
        """Whether leases may be opened and prices of the day relied on."""
        return self.quality.trusted

    @property
    def quality(self) -> Quality:
        """How good it is, and by whose word."""
        with self._lock:
            self._advanced()
            passed = self._seen[1]
            off = {source: self._now - word.offset - passed for source, word in self._words.items()}
            return Quality(self._agreed is not None, self._agreed, off)

    @property
    def right(self) -> int | None:
        """UTC less what has passed since the machine began, ms, by the best word heard; None if nobody said.

        That is ours where it is as near to the word as the word itself is exact.
        """
        with self._lock:
            self._advanced()
            passed = self._seen[1]
            best = min(self._words.values(), key=lambda word: word.spread(passed), default=None)
            if best is None or best.spread(passed) > AGREES:
                return None
            ours = self._now - passed
            return ours if abs(ours - best.offset) <= best.spread(passed) else best.offset

    def _judge(self, *, stepped: bool = False) -> None:
        """Compare with all that sources said: one that differs for certain ends the trust, one that agrees gives it.

        Else it stays as it was, but after a step somebody must agree anew.
        """
        agreeing: list[tuple[int, str]] = []
        for source, word in self._words.items():
            off, spread = abs(self._now - word.offset - self._seen[1]), word.spread(self._seen[1])
            if off - spread > AGREES:
                self._agreed = None
                return
            if off + spread <= AGREES:
                agreeing.append((spread, source))
        if agreeing:
            self._agreed = min(agreeing)[1]
        elif stepped:
            self._agreed = None


async def tell_steps(clock: Clock, journal: Journal) -> None:
    """Record what was stepped, as an alarm with both times, at most one a minute; until cancelled."""
    untold: list[Step] = []
    told = -TELL_EVERY
    while True:
        clock.now()  # a step that nobody asked about is seen too
        clock.look()
        while clock.steps:
            untold.append(clock.steps.popleft())
        if untold and time.monotonic() - told >= TELL_EVERY:
            try:
                await tell(journal, Step(untold[0].before, untold[-1].after, untold[-1].ours), clock.now())
            except LedgerError as error:
                log.error("clock step not recorded", why=str(error))
            else:
                told, untold = time.monotonic(), []
        del untold[1:-1]  # the first and the last say it all
        await asyncio.sleep(LOOK_EVERY)


async def tell(journal: Journal, step: Step, now: int) -> None:
    """Record a step. Raises LedgerError."""
    before, after, ours = (shown(time) for time in step)
    log.warning("clock stepped", before=before, after=after, ours=ours)
    text = f"the system's clock was stepped from {before} to {after}; ours goes on from {ours}"
    await journal.append(Alarm(code="clock-stepped", text=text, at=now), now)


def shown(ms: int) -> str:
    """A time for people; any number."""
    try:
        return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return f"{ms} ms"


def last_record(ledger: Path) -> int:
    """The time of the last record in a ledger, 0 for none; whatever else is wrong with the file is told elsewhere."""
    newest = "SELECT at FROM records ORDER BY rowid DESC LIMIT 1"
    try:
        with closing(sqlite3.connect(f"{ledger.absolute().as_uri()}?mode=ro", uri=True)) as database:
            row = database.execute(newest).fetchone()
    except sqlite3.Error:
        return 0
    return int(row[0]) if row else 0
