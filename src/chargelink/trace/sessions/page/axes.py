"""Where a value is drawn, and the round numbers beside it."""

import math
from collections.abc import Iterable
from typing import NamedTuple

from chargelink.cli.language import Text

WIDTH = 1000  # units of a drawing across; it is stretched to the width that there is
SECONDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200)
DAY = 86_400  # s
MOST_TICKS = 8
FEWEST_MINUTES = 120  # s: from here on times are minutes and seconds


class Axis(NamedTuple):
    """From `low` to `high`, drawn from 0 to `length`."""

    low: float
    high: float
    length: float = WIDTH

    def at(self, value: float) -> float:
        """Where a value is, kept on the drawing."""
        return round(min(max((value - self.low) / (self.high - self.low), 0.0), 1.0) * self.length, 2)

    @property
    def scale(self) -> float:
        return self.length / (self.high - self.low)


def over_time(seconds: float) -> Axis:
    """From 0; something is drawn even where no time passes."""
    return Axis(0.0, seconds if seconds > 0 else 1.0)


def around(values: Iterable[float], height: float, least: float) -> Axis:
    """An axis that holds the values with some room, and spans `least` at least."""
    values = [*values]
    low, high = min(values), max(values)
    room = max((high - low) * 0.08, (least - (high - low)) / 2, 0.0)
    bottom = low - room if low < 0 or low - room >= 0 else 0.0  # no room below zero for what is never negative
    return Axis(bottom, max(high + room, bottom + least), height)


def ticks(axis: Axis, most: int = 4) -> list[float]:
    """Round numbers within an axis."""
    step = _round_step((axis.high - axis.low) / most)
    first = math.ceil(axis.low / step)
    return [number * step for number in range(first, math.floor(axis.high / step) + 1)]


def time_ticks(axis: Axis) -> list[float]:
    """Round times within an axis of seconds."""
    span = axis.high
    step = next((step for step in SECONDS if span / step <= MOST_TICKS), None) or DAY * _round_step(
        span / MOST_TICKS / DAY
    )
    return [number * step for number in range(math.floor(span / step) + 1)]


def _round_step(least: float) -> float:
    """The next of 1, 2, 5, 10 and so on."""
    power: float = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * 0.999)


def number(value: float) -> str:
    """As short as it can be said: 380, 3.45."""
    return f"{value:.6g}"


def tick_time(seconds: float, span: float) -> str:
    """A time below an axis that is `span` s long."""
    if span < FEWEST_MINUTES:
        return f"{number(seconds)} s"
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if span >= 3600 else f"{rest // 60}:{rest % 60:02}"


def moment(seconds: float) -> str:
    """As finely as a frame is looked for: `80.58 s`, `12:04.31`, `1:12:04.31`."""
    if seconds < FEWEST_MINUTES:
        return f"{seconds:.2f} s"
    hundredths = round(seconds * 100)
    minutes, rest = divmod(hundredths, 6000)
    tail = f"{rest // 100:02}.{rest % 100:02}"
    return f"{minutes // 60}:{minutes % 60:02}:{tail}" if minutes >= 60 else f"{minutes}:{tail}"


def frames(count: float) -> Text:
    return Text(f"{count:,.0f} frames", f"{count:,.0f} 帧")
