"""The tariff document: what a kilowatt-hour, an hour or one use costs, when, and for whom.

One document is one version of one tariff; its name is the hash of its bytes. How it is priced is written in
`docs/tariffs.md`, and done by `chargelink.tariff`.
"""

from typing import Annotated, Literal

import msgspec

from chargelink.link.quantities import END, Count, Money, Name, Power, Price, Time, Word
from chargelink.link.shape import Document

PeriodName = Literal["sharp", "peak", "flat", "valley", "deep-valley"]  # 尖 峰 平 谷 深谷
TimeOfDay = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
MonthDay = Annotated[str, msgspec.Meta(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])" + END)]
Date = Annotated[str, msgspec.Meta(pattern=r"^2[0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])" + END)]
Weekday = Annotated[int, msgspec.Meta(ge=1, le=7, description="1 Monday .. 7 Sunday, ISO 8601")]
HourlyPrice = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000, description="1/100 000 yuan per hour")]
Minutes = Annotated[int, msgspec.Meta(ge=1, le=100_000, description="min")]
Portion = Annotated[int, msgspec.Meta(ge=0, le=10_000, description="1/100 %")]
MINUTES_OF_DAY = 24 * 60


def minute_of_day(time: str) -> int:
    """ "10:30" is 630."""
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)


class Period(Document, frozen=True):
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


Periods = Annotated[tuple[Period, ...], msgspec.Meta(max_length=48)]


class DayPlan(Document, frozen=True):
    """Other periods for certain days of UTC+8: the first plan that fits a day is used, else the tariff's own periods.

    With `dates` it fits these days (holidays) and no other. Else it fits the `weekdays` (none = every) of the season
    from `first` to `last`, both included, which may run over the end of the year (none = all year).
    """

    periods: Periods
    name: Word = ""
    dates: Annotated[tuple[Date, ...], msgspec.Meta(max_length=400)] = ()
    weekdays: Annotated[tuple[Weekday, ...], msgspec.Meta(max_length=7)] = ()
    first: MonthDay | None = None
    last: MonthDay | None = None

    def __post_init__(self) -> None:
        _require_whole_day(self.periods)
        if (self.first is None) != (self.last is None):
            raise ValueError("a season has a first and a last day")
        if self.dates and (self.weekdays or self.first):
            raise ValueError("a plan has dates, or weekdays and a season")


class PerTime(Document, frozen=True):
    """A price per hour of charging; each `step` begun counts in full."""

    price: HourlyPrice
    step: Minutes = 1


class Tier(Document, frozen=True):
    """Power up to and including `up_to` mW; without, everything above the tier before."""

    price: HourlyPrice
    up_to: Power | None = None


class PowerTiers(Document, frozen=True):
    """A price per hour by power tier, tiers rising, the last without end.

    `rule` says which counts: "time-per-tier" charges the minutes in each tier at its price; "highest" charges the whole
    time, each `step` begun, at the price of the highest tier that was held for two minutes or more.
    """

    rule: Literal["time-per-tier", "highest"]
    tiers: Annotated[tuple[Tier, ...], msgspec.Meta(min_length=1, max_length=16)]
    step: Minutes = 1

    def __post_init__(self) -> None:
        bounds = [tier.up_to for tier in self.tiers[:-1]]
        if None in bounds or self.tiers[-1].up_to is not None:
            raise ValueError("every power tier but the last has an upper bound")
        if bounds != sorted({bound for bound in bounds if bound is not None and bound > 0}):
            raise ValueError("the bounds of power tiers rise from above 0")


class PassTerms(Document, frozen=True):
    """A monthly pass (包月): its price, and what it holds. A use ends where the pass ends."""

    price: Money
    uses_per_month: Count | None = None
    uses_per_day: Count | None = None
    minutes_per_use: Minutes | None = None
    energy_per_use: Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1, description="mWh")] | None = None


class Occupancy(Document, frozen=True):
    """A fee for staying plugged in after the charge ended (占位费): free for `grace` min, warned `warning` min before.

    Then each `step` begun counts in full, at most `most` fen.
    """

    grace: Minutes
    price: HourlyPrice
    warning: Annotated[int, msgspec.Meta(ge=0, le=100_000, description="min")] = 5
    step: Minutes = 1
    most: Money | None = None


class Discount(Document, frozen=True):
    """Off the service fee, or off everything: a percentage or a fixed amount. The first that fits the customer counts.

    `groups` are the customer groups that get it; none = everybody.
    """

    of: Literal["service", "total"]
    groups: Annotated[tuple[Name, ...], msgspec.Meta(max_length=64)] = ()
    portion: Portion | None = None
    amount: Money | None = None
    name: Word = ""

    def __post_init__(self) -> None:
        if (self.portion is None) == (self.amount is None):
            raise ValueError("a discount is either a portion or an amount")


class Tariff(Document, frozen=True):
    """Sold by energy (`periods`), by use, by time or by power tier: exactly one of the four.

    Electricity fee and service fee always stand apart. Where the price is not by energy, `inside` is what a kWh within
    the agreed price is reckoned at (1/100 000 yuan): so much of it is electricity fee, the rest service fee. `sites`
    and `customers` are the groups that it is for, none = all. Decoding raises msgspec.ValidationError for periods that
    leave a minute of a day without a price, or give it two, and for whatever else cannot be priced.
    """

    id: Name
    version: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    name: Word = ""
    periods: Periods = ()
    per_use: Money | None = None
    plans: Annotated[tuple[DayPlan, ...], msgspec.Meta(max_length=64)] = ()
    per_time: PerTime | None = None
    tiers: PowerTiers | None = None
    inside: Price = 0
    minimum: Money = 0
    most: Money | None = None
    occupancy: Occupancy | None = None
    discounts: Annotated[tuple[Discount, ...], msgspec.Meta(max_length=64)] = ()
    monthly_pass: PassTerms | None = None
    valid_from: Time = 0
    sites: Annotated[tuple[Name, ...], msgspec.Meta(max_length=256)] = ()
    customers: Annotated[tuple[Name, ...], msgspec.Meta(max_length=256)] = ()
    hotline: Word = ""

    def __post_init__(self) -> None:
        sold = [bool(self.periods), self.per_use is not None, self.per_time is not None, self.tiers is not None]
        if sum(sold) != 1:
            raise ValueError("a tariff sells by exactly one of periods, a price per use, a price per time, power tiers")
        if self.periods:
            _require_whole_day(self.periods)
        elif self.plans:
            raise ValueError("plans of days are for tariffs with periods")
        if self.most is not None and self.minimum > self.most:
            raise ValueError("the minimum is above the most that a session may cost")


def _require_whole_day(periods: tuple[Period, ...]) -> None:
    covered = sorted(minute for period in periods for part in period.minutes() for minute in part)
    if covered != list(range(MINUTES_OF_DAY)):
        raise ValueError("the periods of a tariff cover each minute of the day exactly once")
