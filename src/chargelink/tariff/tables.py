"""The tables of a tariff's file: prices in yuan, times in minutes, power in W, as people write them.

The unit stands in the key. Quantities are exact (Decimal); `document` turns them into ours.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from chargelink.cli.strict import Section
from chargelink.link.quantities import Name, Word
from chargelink.model.tariff import Minutes, MonthDay, PeriodName, TimeOfDay, Weekday

Uses = Annotated[int, msgspec.Meta(ge=0, le=100_000)]


class PeriodTable(Section, frozen=True):
    """A [[period]] of the file, or of a plan."""

    start: TimeOfDay
    end: TimeOfDay
    name: PeriodName
    energy: Decimal = msgspec.field(name="energy_yuan_per_kWh")
    service: Decimal = msgspec.field(name="service_yuan_per_kWh", default=Decimal(0))


class PlanTable(Section, frozen=True):
    """A [[plan]]: other periods for certain days."""

    periods: tuple[PeriodTable, ...] = msgspec.field(name="period")
    name: Word = ""
    dates: tuple[date, ...] = ()
    weekdays: tuple[Weekday, ...] = ()
    first: MonthDay | None = None
    last: MonthDay | None = None


class PerTimeTable(Section, frozen=True):
    """The [per_time]."""

    price: Decimal = msgspec.field(name="per_hour_yuan")
    step: Minutes = msgspec.field(name="step_min", default=1)


class TierTable(Section, frozen=True):
    """A [[tiers.tier]]."""

    price: Decimal = msgspec.field(name="per_hour_yuan")
    up_to: Decimal | None = msgspec.field(name="up_to_W", default=None)


class TiersTable(Section, frozen=True):
    """The [tiers]."""

    rule: Literal["time-per-tier", "highest"]
    tiers: tuple[TierTable, ...] = msgspec.field(name="tier")
    step: Minutes = msgspec.field(name="step_min", default=1)


class OccupancyTable(Section, frozen=True):
    """The [occupancy]."""

    grace: Minutes = msgspec.field(name="grace_min")
    price: Decimal = msgspec.field(name="per_hour_yuan")
    warning: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = msgspec.field(name="warning_min", default=5)
    step: Minutes = msgspec.field(name="step_min", default=1)
    most: Decimal | None = msgspec.field(name="most_yuan", default=None)


class DiscountTable(Section, frozen=True):
    """A [[discount]]: what is taken off."""

    of: Literal["service", "total"]
    groups: tuple[Name, ...] = ()
    portion: Decimal | None = msgspec.field(name="off_percent", default=None)
    amount: Decimal | None = msgspec.field(name="off_yuan", default=None)
    name: Word = ""


class PassTable(Section, frozen=True):
    """The [monthly_pass]."""

    price: Decimal = msgspec.field(name="price_yuan")
    uses_per_month: Uses | None = None
    uses_per_day: Uses | None = None
    minutes_per_use: Minutes | None = None
    energy_per_use: Decimal | None = msgspec.field(name="energy_per_use_kWh", default=None)


class TariffTable(Section, frozen=True):
    """The file."""

    id: Name
    version: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    name: Word = ""
    valid_from: datetime | None = None
    sites: tuple[Name, ...] = ()
    customers: tuple[Name, ...] = ()
    hotline: Word = ""
    periods: tuple[PeriodTable, ...] = msgspec.field(name="period", default=())
    plans: tuple[PlanTable, ...] = msgspec.field(name="plan", default=())
    per_use: Decimal | None = msgspec.field(name="per_use_yuan", default=None)
    per_time: PerTimeTable | None = None
    tiers: TiersTable | None = None
    inside: Decimal = msgspec.field(name="inside_yuan_per_kWh", default=Decimal(0))
    minimum: Decimal = msgspec.field(name="minimum_yuan", default=Decimal(0))
    most: Decimal | None = msgspec.field(name="most_yuan", default=None)
    occupancy: OccupancyTable | None = None
    discounts: tuple[DiscountTable, ...] = msgspec.field(name="discount", default=())
    monthly_pass: PassTable | None = None
