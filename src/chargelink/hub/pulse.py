"""How long the process was held up: the loop by whatever took long, and all of it by the collector of garbage.

Everything that the hub does runs in one loop. A timer that comes late says for how long nobody was served; how much the
loop worked meanwhile says whether it was we who took so long, or others on the same machine.
"""

import asyncio
import gc
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

BEAT = 0.01  # s: a stall of less is not seen, a longer one to within this
MEMORY = 60  # s


class Stalls(msgspec.Struct, frozen=True, rename="camel"):
    """The longest, in µs, of the last second, ten seconds and minute."""

    second: int
    ten_seconds: int
    minute: int


class Longest:
    """The longest of each of the last 60 seconds."""

    def __init__(self) -> None:
        self._seconds: deque[tuple[int, float]] = deque(maxlen=MEMORY)

    def add(self, duration: float, now: float) -> None:
        """Something took so many seconds, and is over now."""
        second = int(now)
        if self._seconds and self._seconds[-1][0] == second:
            if duration > self._seconds[-1][1]:
                self._seconds[-1] = second, duration
        elif duration > 0:
            self._seconds.append((second, duration))

    def of_the_last(self, seconds: int, now: float) -> float:
        """In seconds; 0 when there was nothing."""
        return max((duration for second, duration in self._seconds if second > now - seconds - 1), default=0.0)

    def stalls(self, now: float) -> Stalls:
        """As it is told."""
        return Stalls(*(round(self.of_the_last(seconds, now) * 1e6) for seconds in (1, 10, 60)))


class Pulse:
    """Watch with `beating`.

    `loop`: how late a beat came. `work`: how much of the processor the loop took between two beats. `collector`: how
    much a collection took.
    """

    def __init__(self) -> None:
        self.loop = Longest()
        self.work = Longest()
        self.collector = Longest()
        self._due = 0.0
        self._worked = 0.0
        self._collecting = 0.0

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Watch the running loop meanwhile."""
        self._due, self._worked = time.monotonic(), time.thread_time()
        self._beat(asyncio.get_running_loop())
        gc.callbacks.append(self._collects)
        try:
            yield
        finally:
            gc.callbacks.remove(self._collects)
            self._timer.cancel()

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        now, worked = time.monotonic(), time.thread_time()
        self.loop.add(max(0.0, now - self._due), now)
        self.work.add(worked - self._worked, now)
        self._worked = worked
        self._due = now + BEAT
        self._timer = loop.call_later(BEAT, self._beat, loop)

    def _collects(self, phase: str, _: dict[str, int]) -> None:
        worked = time.thread_time()
        if phase == "start":
            self._collecting = worked
        else:
            self.collector.add(worked - self._collecting, time.monotonic())
