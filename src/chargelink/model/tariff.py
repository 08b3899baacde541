"""The tariff document: what a kilowatt-hour or one use costs, and when."""

from typing import Annotated, Literal

import msgspec

from chargelink.link.quantities import Money, Name, Price, Word
from chargelink.link.shape import Shape

PeriodName = Literal["sharp", "peak", "flat", "valley", "deep-valley"]  # 尖 峰 平 谷 深谷
TimeOfDay = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
MINUTES_OF_DAY = 24 * 60


def minute_of_day(time: str) -> int:
    """ "10:30" is 630."""
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)


class Period(Shape, frozen=True):
    """A part of each day, `start` to `end` in UTC+8; it may run over midnight. "24:00" ends the day.

    Energy fee and service fee stand apart, in 1/100 000 yuan per kWh.
    """

    start: TimeOfDay
    end: TimeOfDay
    name: PeriodName
    energy_price: Price
    service_price: Price = 0

    def minutes(self) -> tuple[range, ...]:
        """The minutes of the day that it covers, as one or two ranges. Equal ends are the whole day."""
        start, end = minute_of_day(self.start) % MINUTES_OF_DAY, minute_of_day(self.end)
        if start < end:
            return (range(start, end),)
        return tuple(part for part in (range(start, MINUTES_OF_DAY), range(end)) if part)


class Tariff(Shape, frozen=True):
    """Prices by period of the day, or one price per use: exactly one of the two.

    Decoding raises msgspec.ValidationError for periods that leave a minute of the day without a price, or give it two.
    """

    id: Name
    version: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    name: Word = ""
    periods: Annotated[tuple[Period, ...], msgspec.Meta(max_length=48)] = ()
    per_use: Money | None = None

    def __post_init__(self) -> None:
        if bool(self.periods) == (self.per_use is not None):
            raise ValueError("a tariff has either periods or a price per use")
        if self.periods:
            covered = sorted(minute for period in self.periods for part in period.minutes() for minute in part)
            if covered != list(range(MINUTES_OF_DAY)):
                raise ValueError("the periods of a tariff cover each minute of the day exactly once")
