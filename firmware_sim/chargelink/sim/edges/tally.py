"""What is counted, and how long things took."""

import math
from array import array
from collections import Counter
from typing import Any

STEPS = 100  # buckets for each factor of e: a percentile is right within 1 %
SHORTEST = 1e-6  # s
LONGEST = 3600.0  # s
_BUCKETS = math.ceil(math.log(LONGEST / SHORTEST) * STEPS) + 1


class Durations:
    """How long something took, millions of times, in 18 KiB: buckets that grow by 1 %."""

    def __init__(self) -> None:
        self._buckets = array("Q", bytes(8 * _BUCKETS))
        self.count = 0
        self.longest = 0.0

    def add(self, seconds: float) -> None:
        self.count += 1
        self.longest = max(self.longest, seconds)
        self._buckets[int(math.log(min(max(seconds, SHORTEST), LONGEST) / SHORTEST) * STEPS)] += 1

    def percentile(self, share: float) -> float:
        """Seconds within which this share of them, 0 to 1, was over; 0 when there were none."""
        left = share * self.count
        for bucket, count in enumerate(self._buckets):
            left -= count
            if left <= 0 and self.count:
                return min(SHORTEST * math.exp((bucket + 1) / STEPS), self.longest)
        return self.longest

    def summary(self) -> dict[str, float]:
        """In ms, as it is printed."""
        times = {"p50": self.percentile(0.5), "p99": self.percentile(0.99), "max": self.longest}
        return {name: round(seconds * 1000, 3) for name, seconds in times.items()}


class Calls:
    """The calls of one kind: `rows` are what they carried, in records or samples."""

    def __init__(self) -> None:
        self.sent = 0
        self.answered = 0
        self.rows = 0
        self.refused: Counter[str] = Counter()
        self.lost = 0  # with their connection
        self.took = Durations()
        self._in_time: int | None = None

    def over(self) -> None:
        """The time of the load is over: what is answered later does not count into the rate."""
        self._in_time = self.rows

    def summary(self, seconds: float) -> dict[str, Any]:
        """As it is printed; `seconds` under load."""
        in_time = self.rows if self._in_time is None else self._in_time
        return {
            "sent": self.sent,
            "answered": self.answered,
            "rows": self.rows,
            "rowsPerSecond": round(in_time / seconds, 1) if seconds else 0.0,
            "refused": dict(self.refused),
            "lost": self.lost,
            "ms": self.took.summary(),
        }
