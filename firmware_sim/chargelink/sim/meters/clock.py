"""A meter's clock: local time with the drift of its crystal, and what it makes of a broadcast."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

SECONDS_A_DAY = 86_400
MARGIN = timedelta(minutes=5)  # a broadcast corrects no more, and nothing so near to midnight or to a settlement
FORMAT = "%m-%d %H:%M:%S"


def written(moment: datetime) -> str:
    """A moment as the protocol's forms take it; meters know two digits of a year."""
    return f"20{moment.year % 100:02d}-{moment.strftime(FORMAT)}"


def known(moment: datetime) -> bool:
    """Whether a meter can show a moment."""
    return moment.year // 100 == 20


def read(text: str) -> datetime:
    """A moment of a frame. Raises ValueError for one that is in no calendar."""
    return datetime.fromisoformat(text)


class Clock:
    """Shows `start` at `now` and gains `drift` s a day, or loses them if it is negative. Times in s."""

    def __init__(self, start: datetime, now: float, drift: float = 0.0) -> None:
        self._start = start
        self._since = now
        self._rate = 1 + drift / SECONDS_A_DAY
        self._corrected: date | None = None

    def read(self, now: float) -> datetime:
        """What it shows."""
        return self._start + timedelta(seconds=(now - self._since) * self._rate)

    def shows(self, moment: datetime) -> float:
        """When it will show a moment."""
        return self._since + (moment - self._start).total_seconds() / self._rate

    def set(self, to: datetime, now: float) -> None:
        self._start, self._since = to, now

    def broadcast(self, to: datetime, now: float, settlements: Iterable[tuple[int, int]]) -> bool:
        """Follow a broadcast, or not: once a day, by 5 minutes at most, and not within 5 minutes of midnight or of a
        settlement (day, hour), where a step could repeat or skip one."""
        shown = self.read(now)
        if abs(to - shown) > MARGIN or self._corrected == shown.date():
            return False
        marks = [datetime.combine(day, datetime.min.time()) for day in (shown.date(), shown.date() + timedelta(days=1))]
        marks += [
            shown.replace(hour=hour, minute=0, second=0, microsecond=0)
            for day, hour in settlements
            if day == shown.day and hour <= 23
        ]
        if any(abs(shown - mark) <= MARGIN for mark in marks):
            return False
        self.set(to, now)
        self._corrected = to.date()
        return True
