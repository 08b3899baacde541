"""A tariff in words, for who wrote it: whom it is for, what it costs when, and a week of it."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from chargelink.cli.language import Text
from chargelink.model import DayPlan, Period, Tariff
from chargelink.tariff.calendar import CHINA, DAY, EPOCH, Rate, calendar_of
from chargelink.tariff.terms import (
    agreed_price,
    each_kilowatt_hour,
    hotline,
    limits,
    monthly_pass,
    occupied,
    reduction,
)
from chargelink.tariff.words import PERIODS, clock, iso_day, price

WEEKDAYS = (
    Text("Mon", "周一"),
    Text("Tue", "周二"),
    Text("Wed", "周三"),
    Text("Thu", "周四"),
    Text("Fri", "周五"),
    Text("Sat", "周六"),
    Text("Sun", "周日"),
)
DATES_SHOWN = 12


def explain(tariff: Tariff) -> Iterator[Text]:
    """Everything that the tariff says, a sentence each; one that begins with blanks belongs to the one before."""
    yield from _scope(tariff)
    if tariff.periods:
        yield Text("sold by energy:", "按电量计价：")
        for plan in tariff.plans:
            yield from _periods(_when(plan), plan.periods)
        usual = Text("on all other days", "其余日期") if tariff.plans else Text("every day", "每日")
        yield from _periods(usual, tariff.periods)
    else:
        yield from agreed_price(tariff)
    yield from limits(tariff, tariff.minimum)
    for discount in tariff.discounts:
        who = ", ".join(discount.groups)
        off = reduction(discount)
        yield Text(
            f"{off.english}, for {f'the groups {who}' if who else 'everybody'}",
            f"{off.chinese}，适用{f'客户组 {who}' if who else '所有客户'}",
        )
    if tariff.occupancy is not None:
        yield occupied(tariff.occupancy)
    if tariff.monthly_pass is not None:
        yield monthly_pass(tariff.monthly_pass)
    if tariff.hotline:
        yield hotline(tariff.hotline)


def week(tariff: Tariff, monday: date) -> Iterator[Text]:
    """The week of a Monday, days that are alike in one line: from when which price holds, in yuan per kWh."""
    calendar = calendar_of(tariff)
    begin = (monday.toordinal() - EPOCH) * DAY - CHINA
    days: dict[tuple[tuple[int, Rate], ...], list[int]] = {}
    for index in range(7):
        start = begin + index * DAY
        day = tuple((one.start, one.rate) for one in calendar.stretches(start, start + DAY))
        days.setdefault(tuple((at - start, rate) for at, rate in day), []).append(index)
    for parts, alike in days.items():
        names = Text(_runs(alike, "english"), _runs(alike, "chinese"))
        told = [(clock(offset - CHINA), PERIODS[rate.name], price(rate.price)) for offset, rate in parts]
        yield Text(
            f"{names.english}: {', '.join(f'{at} {name.english} {each}' for at, name, each in told)}",
            f"{names.chinese}：{'，'.join(f'{at} {name.chinese} {each}' for at, name, each in told)}",
        )


def _scope(tariff: Tariff) -> Iterator[Text]:
    """Whom and where it is for, and from when."""
    if tariff.valid_from:
        since = f"{iso_day(tariff.valid_from)} {clock(tariff.valid_from)}"
        yield Text(f"from {since}", f"自 {since} 起")
    sites, groups = ", ".join(tariff.sites), ", ".join(tariff.customers)
    yield Text(
        f"for {f'the sites of {sites}' if sites else 'all sites'}, "
        f"for {f'the customers of {groups}' if groups else 'all customers'}",
        f"适用{f'站点组 {sites}' if sites else '所有站点'}，{f'客户组 {groups}' if groups else '所有客户'}",
    )


def _periods(days: Text, periods: Sequence[Period]) -> Iterator[Text]:
    yield Text(f"  {days.english}", f"  {days.chinese}")
    for period in periods:
        rate = each_kilowatt_hour(Rate(period.name, period.energy_price, period.service_price))
        times = f"    {period.start}-{period.end}"
        yield Text(f"{times} {rate.english}", f"{times} {rate.chinese}")


def _when(plan: DayPlan) -> Text:
    """The days of a plan."""
    name = f" ({plan.name})" if plan.name else ""
    named = f"（{plan.name}）" if plan.name else ""
    if plan.dates:
        english, chinese = _dates(plan.dates, " to "), _dates(plan.dates, " 至 ")
        more = len(english) - DATES_SHOWN
        return Text(
            f"on {', '.join(english[:DATES_SHOWN])}{f' and {more} more' if more > 0 else ''}{name}",
            f"{'、'.join(chinese[:DATES_SHOWN])}{f' 等 {len(chinese)} 段' if more > 0 else ''}{named}",
        )
    days = [day - 1 for day in sorted(plan.weekdays)] or list(range(7))
    season = f"{plan.first} to {plan.last}" if plan.first else ""
    months = f"{plan.first} 至 {plan.last}" if plan.first else ""
    return Text(
        f"{_runs(days, 'english')}{', ' + season if season else ''}{name}",
        f"{_runs(days, 'chinese')}{'，' + months if months else ''}{named}",
    )


def _runs(days: Sequence[int], language: str) -> str:
    """Days of the week, 0 Monday, three or more in a row as one: "Mon-Fri, Sun"."""
    names = [getattr(day, language) for day in WEEKDAYS]
    until = "-" if language == "english" else "至"
    parts: list[str] = []
    for run in _rows(days):
        if len(run) > 2:
            parts.append(f"{names[run[0]]}{until}{names[run[-1]]}")
        else:
            parts += (names[day] for day in run)
    return ", ".join(parts) if language == "english" else "、".join(parts)


def _dates(dates: Sequence[str], until: str) -> list[str]:
    """Dates, those in a row as one."""
    ordinals = sorted({date.fromisoformat(day).toordinal() for day in dates if _is_day(day)})
    return [
        str(date.fromordinal(run[0])) + (f"{until}{date.fromordinal(run[-1])}" if len(run) > 1 else "")
        for run in _rows(ordinals)
    ]


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _rows(numbers: Sequence[int]) -> list[list[int]]:
    """Rising numbers, those in a row together."""
    rows: list[list[int]] = []
    for number in numbers:
        if rows and rows[-1][-1] == number - 1:
            rows[-1].append(number)
        else:
            rows.append([number])
    return rows


def monday_of(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())
