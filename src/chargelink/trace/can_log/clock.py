"""Times as CAN tools write them, in seconds."""

import re
from datetime import UTC, datetime

TICKS_IN_A_SECOND = 10_000  # the hexadecimal time stamps of ZLG's USBCAN adapters and their relatives: 0.1 ms
TICKS = 2**32

_NUMBER = re.compile(r"-?\d{1,18}(?:\.\d{1,12})?", re.ASCII)
_TICKS = re.compile(r"0x([0-9a-f]{1,8})", re.ASCII | re.IGNORECASE)
_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})[ T]+", re.ASCII)
_TIME_OF_DAY = re.compile(r"(?:(\d{1,2}):)?(\d{1,2}):(\d{1,2})(?:[.,:](\d{1,9}))?", re.ASCII)


class Clock:
    """Reads the times of one recording.

    Numbers are seconds, or whatever there are `units_in_a_second` of; `0x` ticks are 0.1 ms; `hh:mm:ss.ms`,
    `mm:ss.s` and `hh:mm:ss:ms` go on counting past midnight and past the hour; with a date they are taken for UTC,
    as a recording does not tell its time zone. With `steps` each number is the time since the frame before.
    """

    def __init__(self, units_in_a_second: int = 1, *, steps: bool = False) -> None:
        self._units_in_a_second = units_in_a_second
        self.steps = steps
        self._last = 0.0
        self._offset = 0.0

    def seconds(self, text: str) -> float:
        """Raises ValueError for what is no time."""
        text = text.strip()
        if _NUMBER.fullmatch(text):
            moment = float(text) / self._units_in_a_second
            if self.steps:
                self._last += moment
                return self._last
            return moment
        if ticks := _TICKS.fullmatch(text):
            return self._unwrapped(int(ticks[1], 16) / TICKS_IN_A_SECOND, TICKS / TICKS_IN_A_SECOND)
        day = 0.0
        if date := _DATE.match(text):
            year, month, day_of_month = map(int, date.groups())
            day = datetime(year, month, day_of_month, tzinfo=UTC).timestamp()
        time = _TIME_OF_DAY.fullmatch(text, date.end() if date else 0)
        if not time:
            raise ValueError(text)
        hours, minutes, seconds, fraction = time.groups()
        moment = int(hours or 0) * 3600 + int(minutes) * 60 + float(f"{seconds}.{fraction or 0}")
        if date:
            return day + moment
        return self._unwrapped(moment, 3600.0 if hours is None else 86400.0)

    def _unwrapped(self, moment: float, period: float) -> float:
        """A moment that falls back by more than half a period belongs to the next one."""
        if moment + self._offset < self._last - period / 2:
            self._offset += period
        self._last = moment + self._offset
        return self._last
