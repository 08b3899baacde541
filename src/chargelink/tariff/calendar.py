"""Which price holds when: the days of a tariff, each with its plan, cut where the price changes.

Days and times of day are those of UTC+8, in every province and without summer time.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from chargelink.model import Period, Tariff
from chargelink.model.tariff import DayPlan, PeriodName
from chargelink.tariff.amounts import MINUTE

DAY = 24 * 60 * MINUTE
CHINA = 8 * 60 * MINUTE
LONGEST = 400 * DAY  # that anything is looked at
EPOCH = date(1970, 1, 1).toordinal()
CYCLE = 146_097  # days in 400 years: the calendar and its weekdays repeat
MOST_DAYS = 2000  # that are remembered


class Rate(NamedTuple):
    """A price per kWh with its name, in 1/100 000 yuan. Periods of the same rate are one."""

    name: PeriodName
    energy_price: int
    service_price: int

    @property
    def price(self) -> int:
        """Both together."""
        return self.energy_price + self.service_price


class Stretch(NamedTuple):
    """A time with one rate, UTC milliseconds, `end` not included."""

    start: int
    end: int
    rate: Rate


class _Plan(NamedTuple):
    """A day: its parts as ms of the day, rising, and the rate of each."""

    starts: Sequence[int]
    ends: Sequence[int]
    rates: Sequence[Rate]


class Calendar:
    """The rates of a tariff that sells by energy."""

    def __init__(self, periods: tuple[Period, ...], plans: tuple[DayPlan, ...]) -> None:
        self._usual = _plan(periods)
        self._special = [(_Days(plan), _plan(plan.periods)) for plan in plans]
        self._days: dict[int, _Plan] = {}
        every = [self._usual, *(plan for _, plan in self._special)]
        # Every rate that there is, on whatever day, without repetition.
        self.rates = tuple(dict.fromkeys(rate for plan in every for rate in plan.rates))

    def at(self, time: int) -> tuple[Rate, int]:
        """The rate at a time, and until when it certainly holds."""
        day, offset = divmod(time + CHINA, DAY)
        plan = self._days.get(day) or self._remember(day)
        part = bisect_right(plan.starts, offset) - 1
        return plan.rates[part], time - offset + plan.ends[part]

    def stretches(self, start: int, end: int) -> Iterator[Stretch]:
        """The time from `start` to `end` cut where the rate changes; one of no length if they are equal."""
        rate, until = self.at(start)
        while until < end:
            following, further = self.at(until)
            if following != rate:
                yield Stretch(start, until, rate)
                start, rate = until, following
            until = further
        yield Stretch(start, end, rate)

    def _remember(self, day: int) -> _Plan:
        if len(self._days) >= MOST_DAYS:
            self._days.clear()
        plan = next((plan for days, plan in self._special if day in days), self._usual)
        self._days[day] = plan
        return plan


class _Days:
    """The days that a plan is for, counted from 1970-01-01."""

    def __init__(self, plan: DayPlan) -> None:
        self._dates = {day for text in plan.dates if (day := _day(text)) is not None} if plan.dates else None
        self._weekdays = plan.weekdays
        self._first, self._last = plan.first, plan.last

    def __contains__(self, day: int) -> bool:
        if self._dates is not None:
            return day in self._dates
        if self._weekdays and (day + 3) % 7 + 1 not in self._weekdays:  # 1970-01-01 was a Thursday
            return False
        if self._first is None or self._last is None:
            return True
        today = date.fromordinal(EPOCH + day % CYCLE).isoformat()[5:]
        if self._first <= self._last:
            return self._first <= today <= self._last
        return today >= self._first or today <= self._last


def _day(text: str) -> int | None:
    try:
        return date.fromisoformat(text).toordinal() - EPOCH
    except ValueError:  # 02-30 never comes
        return None


def _plan(periods: tuple[Period, ...]) -> _Plan:
    """The parts of a day; neighbours of the same rate are one."""
    parts = sorted(
        (part.start, part.stop, Rate(period.name, period.energy_price, period.service_price))
        for period in periods
        for part in period.minutes()
    )
    firsts = [part for index, part in enumerate(parts) if not index or part[2] != parts[index - 1][2]]
    starts = [start * MINUTE for start, _, _ in firsts]
    return _Plan(starts, [*starts[1:], DAY], [rate for _, _, rate in firsts])


@lru_cache(maxsize=64)
def _calendar(periods: tuple[Period, ...], plans: tuple[DayPlan, ...]) -> Calendar:
    return Calendar(periods, plans)


def calendar_of(tariff: Tariff) -> Calendar:
    """The calendar of a tariff that has periods."""
    return _calendar(tariff.periods, tariff.plans)


def midnight(time: int) -> int:
    """When the day of a time began, in UTC+8."""
    return time - (time + CHINA) % DAY


def same_stretch(tariff: Tariff, start: int, end: int) -> bool:
    """Whether the price stays the same from `start` to `end` (UTC milliseconds).

    Over more than 400 days that is not looked at, unless there is only one price: False.
    """
    if not tariff.periods or start >= end:
        return True
    calendar = calendar_of(tariff)
    if len(calendar.rates) == 1:
        return True
    return end - start <= LONGEST and next(calendar.stretches(start, end)).end == end
