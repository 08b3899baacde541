"""How much of the last hour a site's transmitter was on the air. The band sets no budget, but others share it."""

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

HOUR = 3600.0  # s
STEP = 60.0  # s that are counted, and forgotten, together


class Use(NamedTuple):
    """Packets, and microseconds that they lasted, within the last so many ms: an hour, or less just after a start."""

    packets: int
    airtime_us: int
    within: int

    @property
    def share(self) -> float:
        """Of the time, 0 to 1."""
        return self.airtime_us / (self.within * 1000) if self.within else 0.0


@dataclass
class _Minute:
    until: float
    packets: int = 0
    airtime_us: int = 0


class Airtime:
    """Counts what was handed to the radio. `now` in seconds of a clock that never runs backwards."""

    def __init__(self, now: float) -> None:
        self._began = now
        self._minutes: deque[_Minute] = deque()

    def sent(self, airtime_us: int, now: float) -> None:
        """A packet of this length was handed over, also if the gateway should decline it then."""
        self._forget(now)
        if not self._minutes or now >= self._minutes[-1].until:
            self._minutes.append(_Minute(now + STEP))
        self._minutes[-1].packets += 1
        self._minutes[-1].airtime_us += airtime_us

    def used(self, now: float) -> Use:
        """In the last hour, which ends now."""
        self._forget(now)
        counted = [(minute.packets, minute.airtime_us) for minute in self._minutes]
        within = min(now - self._began, HOUR)
        return Use(sum(packets for packets, _ in counted), sum(us for _, us in counted), round(within * 1000))

    def _forget(self, now: float) -> None:
        while self._minutes and self._minutes[0].until <= now - HOUR:
            self._minutes.popleft()
