"""The price in words before a start: all that may be charged, with its unit, its times, and whom to call."""

from collections.abc import Iterator

from chargelink.cli.language import Text
from chargelink.model import Tariff
from chargelink.tariff.calendar import DAY, Calendar, calendar_of, midnight
from chargelink.tariff.deductions import discount_for
from chargelink.tariff.terms import (
    agreed_price,
    each_kilowatt_hour,
    hotline,
    limits,
    monthly_pass,
    occupied,
    reduction,
)
from chargelink.tariff.words import clock, day_of_year

AHEAD = 7 * DAY  # that a change of price is looked for


def quote(tariff: Tariff, at: int, group: str | None = None, minimum: int | None = None) -> tuple[Text, ...]:
    """What a start at a time (UTC milliseconds) costs somebody of a customer group, a sentence each.

    `minimum` is the one that this start is shown, fen; by default the tariff's.
    """
    lines = [*_sold(tariff, at), *limits(tariff, min(tariff.minimum, tariff.minimum if minimum is None else minimum))]
    if discount := discount_for(tariff, group):
        lines.append(reduction(discount))
    if tariff.occupancy is not None:
        lines.append(occupied(tariff.occupancy))
    if tariff.monthly_pass is not None:
        lines.append(monthly_pass(tariff.monthly_pass))
    if tariff.hotline:
        lines.append(hotline(tariff.hotline))
    return tuple(lines)


def _sold(tariff: Tariff, at: int) -> Iterator[Text]:
    if tariff.periods:
        yield from _by_energy(calendar_of(tariff), at)
        return
    yield from agreed_price(tariff)


def _by_energy(calendar: Calendar, at: int) -> Iterator[Text]:
    now, *later = calendar.stretches(at, at + AHEAD)
    until = when(now.end, at) if later else Text("for a week or more", "一周内不变")
    rate = each_kilowatt_hour(now.rate)
    yield Text(f"now {rate.english}, {until.english}", f"当前{rate.chinese}，{until.chinese}")
    today = midnight(at)
    first = _day(calendar, today)
    yield from (Text(f"today {line.english}", f"今日 {line.chinese}") for line in first)
    if (second := _day(calendar, today + DAY)) != first:
        yield from (Text(f"tomorrow {line.english}", f"明日 {line.chinese}") for line in second)


def when(time: int, at: int) -> Text:
    """Until a time, as seen from another."""
    days = (midnight(time) - midnight(at)) // DAY
    if days == 0:
        return Text(f"until {clock(time)}", f"至 {clock(time)}")
    if days == 1:
        return Text(f"until {clock(time)} tomorrow", f"至明日 {clock(time)}")
    return Text(f"until {day_of_year(time)} {clock(time)}", f"至 {day_of_year(time)} {clock(time)}")


def _day(calendar: Calendar, start: int) -> list[Text]:
    lines = []
    for one in calendar.stretches(start, start + DAY):
        times = f"{clock(one.start)}-{'24:00' if one.end == start + DAY else clock(one.end)}"
        rate = each_kilowatt_hour(one.rate)
        lines.append(Text(f"{times} {rate.english}", f"{times} {rate.chinese}"))
    return lines
