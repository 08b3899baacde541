"""The edge's clock: a lower bound of the true time that never runs backwards.

A gateway's clock may have stood still while the power was off. So ours begins at the latest of the system's clock, the
time of the last record, and the time of this release. It follows the system's clock forward at once. When that is set
back, or is behind us from the beginning, ours goes on at nine tenths of its speed until the other has caught up: what
is measured between two of its times is at most a tenth too short. Every step is told, with both times.

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
from chargelink.model import Alarm

RELEASED = 1_735_689_600_000  # 2025-01-01: no release is older, and a bound that is too low does no harm
STEP = 1_000  # ms by which the system's clock is off what passed, to be called a step
MOST_STEPS = 16
LOOK_EVERY = 1.0  # s
TELL_EVERY = 60.0  # s

log = structlog.get_logger("clock")


class Step(NamedTuple):
    """The system's clock said `before` and then, without that time having passed, `after`; ours says `ours`."""

    before: int
    after: int
    ours: int


def system_ms() -> int:
    """What the system's clock says."""
    return time.time_ns() // 1_000_000


def passed_ms() -> int:
    """What passes whatever is set, also while the machine sleeps (clock_gettime(2))."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


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
            return Step(before, self._seen[0], self._now)


async def tell_steps(clock: Clock, journal: Journal) -> None:
    """Record what was stepped, as an alarm with both times, at most one a minute; until cancelled."""
    untold: list[Step] = []
    told = -TELL_EVERY
    while True:
        clock.now()  # a step that nobody asked about is seen too
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
