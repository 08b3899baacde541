"""Demand: the mean power of a period that slides on in steps, and the greatest one with its time, by tariff."""

from collections import deque
from datetime import datetime
from typing import NamedTuple

MICROSECONDS_A_MINUTE = 60_000_000
MICROWATTS = 1000  # in a milliwatt
LONGEST = 60  # min


class Peak(NamedTuple):
    """mW, and when the period ended that had it."""

    power: int
    when: datetime


Peaks = dict[int, Peak]


class Demand:
    """Takes the energy of each minute; `forward` and `reverse` are the greatest demands, under 0 that of any tariff."""

    def __init__(self) -> None:
        self.forward: Peaks = {}
        self.reverse: Peaks = {}
        self.minute = 0  # mW, mean of the last one
        self.present = 0  # mW, mean of the last period
        self._minutes: deque[tuple[int, int]] = deque(maxlen=LONGEST)

    def pass_minute(self, energy: tuple[int, int], when: datetime, tariff: int, period: int, slide: int) -> None:
        """A minute is over that had `energy` out and back, in µW µs. `period` and `slide` in min."""
        self._minutes.append(energy)
        self.minute = _mean(energy[0] - energy[1], 1)
        period = min(max(period, 1), LONGEST)
        if len(self._minutes) < period or when.minute % max(slide, 1):
            return
        lately = list(self._minutes)[-period:]
        forward, reverse = (_mean(sum(flows), period) for flows in zip(*lately, strict=True))
        self.present = forward - reverse
        for peaks, power in ((self.forward, forward), (self.reverse, reverse)):
            for of in (0, tariff):
                if power > (peaks[of].power if of in peaks else 0):
                    peaks[of] = Peak(power, when)

    def clear(self) -> None:
        """Forget the greatest ones; the period that runs is not counted, its beginning lies before."""
        self.forward, self.reverse = {}, {}
        self.interrupt()

    def interrupt(self) -> None:
        """Begin a period anew: the clock was set, or there was no power."""
        self._minutes.clear()
        self.present = 0


def _mean(energy: int, minutes: int) -> int:
    """Of µW µs over minutes, in mW."""
    return energy // (minutes * MICROSECONDS_A_MINUTE * MICROWATTS)
