"""The tariff's file: a table becomes a Tariff, or everything that is wrong with it.

    id = "site-2026"
    version = 1

    [[period]]
    start = "00:00"
    end = "24:00"
    name = "flat"
    energy_yuan_per_kWh = 0.65
    service_yuan_per_kWh = 0.40

or `per_use_yuan = 1.00`, `[per_time]` or `[tiers]` in place of the periods. Every key stands in docs/tariffs.md.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from decimal import Context, Decimal, DecimalException, Inexact
from typing import Any, NamedTuple

import msgspec

from chargelink.cli.china import CHINA
from chargelink.cli.language import Text
from chargelink.cli.strict import Problem, Section, read
from chargelink.link.pricing import LARGEST_TARIFF
from chargelink.model import Tariff, body_of
from chargelink.tariff.tables import PeriodTable, PlanTable, TariffTable

EXACTLY = Context(traps=[Inexact])


class Unit(NamedTuple):
    """How a quantity is written: so many of ours are one, and more than `most` is a slip of the pen."""

    ours: int
    most: int
    what: Text


YUAN, PRICE, WATT, ENERGY, PERCENT = (
    Unit(100, 10_000, Text("yuan", "元")),
    Unit(100_000, 10_000, Text("yuan", "元")),
    Unit(1000, 10_000_000, Text("W", "W")),
    Unit(1_000_000, 10_000, Text("kWh", "kWh")),
    Unit(100, 100, Text("%", "%")),
)
UNITS = {  # by the end of the key, the first that fits
    "_yuan_per_kWh": PRICE,
    "per_hour_yuan": PRICE,
    "_yuan": YUAN,
    "_W": WATT,
    "_kWh": ENERGY,
    "_percent": PERCENT,
}
_DAY = Text('write a month and a day, as "07-01"', '请写月和日，例如 "07-01"')
_GROUPS = Text('write a list of names, as ["north", "owners"]', '请写名称列表，例如 ["north", "owners"]')
FORMATS = {
    "id": Text("write 1 to 64 letters, digits, . _ : or -", "请写 1 至 64 个字母、数字、. _ : 或 -"),
    "version": Text("write a whole number from 1 on", "请写不小于 1 的整数"),
    "start": Text('write a time of day, as "07:30"', '请写时刻，例如 "07:30"'),
    "end": Text('write a time of day, as "07:30" or "24:00"', '请写时刻，例如 "07:30" 或 "24:00"'),
    "valid_from": Text("write a date and a time, as 2026-03-01T00:00:00", "请写日期和时间，例如 2026-03-01T00:00:00"),
    "dates": Text("write a list of days, as [2026-10-01, 2026-10-02]", "请写日期列表，例如 [2026-10-01, 2026-10-02]"),
    "weekdays": Text("write days from 1 (Monday) to 7 (Sunday), as [6, 7]", "请写 1（周一）至 7（周日），例如 [6, 7]"),
    "first": _DAY,
    "last": _DAY,
    "of": Text('write "service" or "total"', '请写 "service" 或 "total"'),
    "rule": Text('write "time-per-tier" or "highest"', '请写 "time-per-tier" 或 "highest"'),
    "groups": _GROUPS,
    "sites": _GROUPS,
    "customers": _GROUPS,
}
# What the model says of a tariff that cannot be, in the other language.
REASONS = {
    "a tariff sells by exactly one of periods, a price per use, a price per time, power tiers": (
        "资费只能按 period、per_use_yuan、per_time、tiers 之一计价"
    ),
    "plans of days are for tariffs with periods": "只有按时段计价的资费才能设 plan",
    "the minimum is above the most that a session may cost": "最低消费高于单次最高消费",
    "the periods of a tariff cover each minute of the day exactly once": "各时段须恰好覆盖全天每一分钟一次",
    "a season has a first and a last day": "季节须同时有 first 和 last",
    "a plan has dates, or weekdays and a season": "plan 只能用 dates，或用 weekdays 和季节",
    "every power tier but the last has an upper bound": "除最后一档外每档都要有 up_to_W，最后一档不能有",
    "the bounds of power tiers rise from above 0": "各档 up_to_W 须大于 0 并逐档升高",
    "a discount is either a portion or an amount": "优惠须写 off_percent 或 off_yuan 之一",
}
KEYS = {  # of the file, by those of the model
    "plans": "plan",
    "periods": "period",
    "discounts": "discount",
    "perTime": "per_time",
    "perUse": "per_use_yuan",
    "monthlyPass": "monthly_pass",
    "validFrom": "valid_from",
}
_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<where>.*)`)?$", re.DOTALL)
MEND = Text("mend it; docs/tariffs.md has every key", "请改正；各键见 docs/tariffs.zh.md")


def read_text(text: str) -> Tariff | list[Problem]:
    """The tariff of a TOML text, or what is wrong with it."""
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError, DecimalException) as error:
        problem = Text(f"is not TOML: {error}", f"不是 TOML：{error}")
        return [Problem("(file)", problem, Text("mend that line", "请改正该行"))]
    return read_document(document)


def read_document(document: dict[str, Any]) -> Tariff | list[Problem]:
    """The tariff of a TOML document (decimals as Decimal), or what is wrong with it."""
    table = read(document, TariffTable, FORMATS)
    if isinstance(table, list):
        return table
    if problems := [*_bad_quantities(table, ""), *_bad_days(table)]:
        return problems
    try:
        tariff = msgspec.convert(_converted(table), Tariff)
    except msgspec.ValidationError as error:
        return [_problem(str(error))]
    if (size := len(body_of(tariff))) > LARGEST_TARIFF:
        problem = Text(f"is {size} bytes long", f"长 {size} 字节")
        fewer = Text(
            f"use fewer plans and dates: {LARGEST_TARIFF} at most", f"请减少 plan 和日期，最多 {LARGEST_TARIFF} 字节"
        )
        return [Problem("(tariff)", problem, fewer)]
    return tariff


def _problem(message: str) -> Problem:
    """What the model says, with the path as the file has it."""
    parts = _AT.match(message)
    assert parts is not None
    where = re.sub(r"\w+", lambda word: KEYS.get(word[0], word[0]), parts["where"] or "")
    if where.startswith("tiers.tiers"):
        where = where.replace("tiers.tiers", "tiers.tier")
    what = parts["what"]
    return Problem(where or "(tariff)", Text(what, REASONS.get(what, f"不可用（{what}）")), MEND)


def _converted(table: TariffTable) -> dict[str, Any]:
    """The document of the model, in its units."""
    document: dict[str, Any] = {
        "id": table.id,
        "version": table.version,
        "name": table.name,
        "hotline": table.hotline,
        "sites": table.sites,
        "customers": table.customers,
        "validFrom": _time(table.valid_from),
        "periods": _periods(table.periods),
        "plans": [_plan(plan) for plan in table.plans],
        "perUse": _ours(table.per_use, YUAN),
        "inside": _ours(table.inside, PRICE),
        "minimum": _ours(table.minimum, YUAN),
        "most": _ours(table.most, YUAN),
    }
    if (per_time := table.per_time) is not None:
        document["perTime"] = {"price": _ours(per_time.price, PRICE), "step": per_time.step}
    if (power := table.tiers) is not None:
        tiers = [{"price": _ours(tier.price, PRICE), "upTo": _ours(tier.up_to, WATT)} for tier in power.tiers]
        document["tiers"] = {"rule": power.rule, "tiers": tiers, "step": power.step}
    return document | _extras(table)


def _extras(table: TariffTable) -> dict[str, Any]:
    """What comes on top of a price."""
    discounts = [
        {
            "of": one.of,
            "groups": one.groups,
            "portion": _ours(one.portion, PERCENT),
            "amount": _ours(one.amount, YUAN),
            "name": one.name,
        }
        for one in table.discounts
    ]
    extras: dict[str, Any] = {"discounts": discounts}
    if (terms := table.occupancy) is not None:
        extras["occupancy"] = {
            "grace": terms.grace,
            "price": _ours(terms.price, PRICE),
            "warning": terms.warning,
            "step": terms.step,
            "most": _ours(terms.most, YUAN),
        }
    if (monthly := table.monthly_pass) is not None:
        extras["monthlyPass"] = {
            "price": _ours(monthly.price, YUAN),
            "usesPerMonth": monthly.uses_per_month,
            "usesPerDay": monthly.uses_per_day,
            "minutesPerUse": monthly.minutes_per_use,
            "energyPerUse": _ours(monthly.energy_per_use, ENERGY),
        }
    return extras


def _periods(periods: Sequence[PeriodTable]) -> list[dict[str, Any]]:
    return [
        {
            "start": period.start,
            "end": period.end,
            "name": period.name,
            "energyPrice": _ours(period.energy, PRICE),
            "servicePrice": _ours(period.service, PRICE),
        }
        for period in periods
    ]


def _plan(plan: PlanTable) -> dict[str, Any]:
    return {
        "name": plan.name,
        "dates": [day.isoformat() for day in plan.dates],
        "weekdays": plan.weekdays,
        "first": plan.first,
        "last": plan.last,
        "periods": _periods(plan.periods),
    }


def _ours(value: Decimal | None, unit: Unit) -> int | None:
    return None if value is None else int(value * unit.ours)


def _time(time: datetime | None) -> int:
    """UTC milliseconds; a time without offset is one in China."""
    if time is None:
        return 0
    aware = time if time.tzinfo else time.replace(tzinfo=CHINA)
    return (aware - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(milliseconds=1)  # noqa: UP017


def _bad_quantities(section: Section, path: str) -> Iterator[Problem]:
    """Quantities that would be cut: finer than what can be billed, negative, absurd, or not numbers."""
    for field in msgspec.structs.fields(section):
        value, here = getattr(section, field.name), f"{path}{field.encode_name}"
        if isinstance(value, Decimal):
            unit = next(unit for end, unit in UNITS.items() if field.encode_name.endswith(end))
            if not _billable(value, unit):
                yield _bad_quantity(here, value, unit)
        elif isinstance(value, Section):
            yield from _bad_quantities(value, f"{here}.")
        elif isinstance(value, tuple):
            for index, item in enumerate(value):
                if isinstance(item, Section):
                    yield from _bad_quantities(item, f"{here}[{index}].")


def _billable(value: Decimal, unit: Unit) -> bool:
    """Whether it is a whole number of ours, however many digits it is written with."""
    if not (value.is_finite() and 0 <= value <= unit.most):
        return False
    try:
        ours = EXACTLY.multiply(value, unit.ours)
    except Inexact:  # finer than any unit
        return False
    return ours == int(ours)


def _bad_quantity(path: str, value: Decimal, unit: Unit) -> Problem:
    what, step = unit.what, f"{Decimal(1) / unit.ours:f}"
    price = unit is PRICE or unit is YUAN
    return Problem(
        path,
        Text(
            f"{value} {what.english} is {'no price' if price else 'out of range'}",
            f"{value} {what.chinese}{'不是可用的价格' if price else '超出范围'}",
        ),
        Text(
            f"write a multiple of {step} {what.english}, at most {unit.most}",
            f"请写 {step} {what.chinese}的整数倍，不超过 {unit.most}",
        ),
    )


def _bad_days(table: TariffTable) -> Iterator[Problem]:
    """Days that never come, and days that are named twice."""
    for index, plan in enumerate(table.plans):
        for key, day in (("first", plan.first), ("last", plan.last)):
            if day is not None and not _comes(day):
                yield Problem(f"plan[{index}].{key}", Text(f"{day} never comes", f"没有 {day} 这一天"), _DAY)
        named: tuple[tuple[str, tuple[Any, ...]], ...] = (("dates", plan.dates), ("weekdays", plan.weekdays))
        for key, days in named:
            if twice := next((day for day in days if days.count(day) > 1), None):
                problem = Text(f"{twice} stands there twice", f"{twice} 重复")
                yield Problem(f"plan[{index}].{key}", problem, Text("write it once", "请只写一次"))


def _comes(day: str) -> bool:
    try:
        datetime.fromisoformat(f"2000-{day}")  # a leap year
    except ValueError:
        return False
    return True
