"""A session as a person writes it, in JSON: what is needed to price it, and no more.

Names are those of the record `session.ended` (docs/protocols/records.md). Times are ms, or text as
"2026-03-01T08:00:00+08:00"; a register may be given in kWh. The record itself will do, too.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from chargelink.cli.china import CHINA
from chargelink.cli.language import Text
from chargelink.cli.strict import Problem, Section, read
from chargelink.link.authorisation import Authorisation
from chargelink.link.quantities import EXACT, Count, Energy, Power, Time
from chargelink.model import AuthorisedBy, Measured, Reading, SessionEnded, SessionKind, Usage
from chargelink.tariff import Consumption

EPOCH = datetime(1970, 1, 1, 8, tzinfo=CHINA)
NOBODY = "019c7f4a-1c00-7cc3-98c4-dc0c0c07398f"  # a session that never was
MINUTE = 60_000
Minutes = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]


class ReadingTable(Section, frozen=True):
    """A register at a time: in mWh, or in kWh."""

    at: Time | str
    register: Energy | None = None
    kilowatt_hours: Decimal | None = msgspec.field(name="kWh", default=None)
    corrected: Time | str | None = None


class UsageTable(Section, frozen=True):
    """How long it took, in ms or in minutes, and at which power."""

    duration: Count | None = None
    minutes: Minutes | None = None
    peak_power: Power | None = msgspec.field(name="peakPower", default=None)
    tier_bounds: tuple[Power, ...] = msgspec.field(name="tierBounds", default=())
    tier_minutes: tuple[Count, ...] = msgspec.field(name="tierMinutes", default=())


class CapsTable(Section, frozen=True):
    """What the customer limited."""

    money: Count | None = None


class SessionTable(Section, frozen=True):
    """The file."""

    readings: tuple[ReadingTable, ...]
    kind: SessionKind = SessionKind.DC
    authorised_by: AuthorisedBy = msgspec.field(name="authorisedBy", default=AuthorisedBy.LOCAL)
    usage: UsageTable | None = None
    measured: Measured | None = None
    authorisation: dict[str, Any] | None = None
    caps: CapsTable | None = None
    fault: bool = False
    occupied_minutes: Minutes | None = msgspec.field(name="occupiedMinutes", default=None)


class Session(msgspec.Struct, frozen=True):
    """What is to be priced: the charge, and for how many ms the place was occupied after it, if anybody says.

    `ended` is the record, if it came from one.
    """

    consumption: Consumption
    occupied: int | None = None
    ended: SessionEnded | None = None


_TIME = Text('write ms, or a time as "2026-03-01T08:00:00+08:00"', '请写毫秒，或时刻如 "2026-03-01T08:00:00+08:00"')
FORMATS = {
    "at": _TIME,
    "corrected": _TIME,
    "kind": Text('write "dc" or "socket"', '请写 "dc" 或 "socket"'),
    "authorisedBy": Text('write "local", "remote" or "monitor"', '请写 "local"、"remote" 或 "monitor"'),
    "measured": Text(
        'write "verified", "overdue", "unverified" or "calculated"',
        '请写 "verified"、"overdue"、"unverified" 或 "calculated"',
    ),
}


def read_session(document: dict[str, Any]) -> Session | list[Problem]:
    """The session of a JSON document (decimals as Decimal), or what is wrong with it."""
    if "sessionId" in document:
        return _recorded(document)
    table = read(document, SessionTable, FORMATS)
    if isinstance(table, list):
        return table
    try:
        terms = None if table.authorisation is None else msgspec.convert(table.authorisation, Authorisation)
    except msgspec.ValidationError as error:
        remedy = Text("docs/protocols/records.md has its fields", "各字段见 docs/protocols/records.md")
        return [Problem("authorisation", Text(str(error), f"不可用（{error}）"), remedy)]
    problems: list[Problem] = []
    if table.usage is not None and (table.usage.duration is None) == (table.usage.minutes is None):
        either = Text("write one of `minutes` and `duration` (ms)", "请写 minutes 或 duration（毫秒）之一")
        problems.append(Problem("usage", Text("has no duration, or two", "没有时长，或有两个"), either))
    readings = [_reading(index, one, problems) for index, one in enumerate(table.readings)]
    if problems:
        return problems
    limits = [None if terms is None else terms.prepaid, None if table.caps is None else table.caps.money]
    usage = table.usage
    return Session(
        Consumption(
            session_id=NOBODY,
            kind=table.kind,
            authorised_by=table.authorised_by,
            readings=tuple(readings),
            usage=None if usage is None else _usage(usage),
            measured=table.measured,
            authorisation=terms,
            most=min((limit for limit in limits if limit is not None), default=None),
            fault=table.fault,
        ),
        None if table.occupied_minutes is None else table.occupied_minutes * MINUTE,
    )


def _recorded(document: dict[str, Any]) -> Session | list[Problem]:
    """That of a record `session.ended`."""
    try:
        ended = msgspec.convert(document, SessionEnded)
    except msgspec.ValidationError as error:
        remedy = Text("docs/protocols/records.md has its fields", "各字段见 docs/protocols/records.md")
        return [Problem("(record)", Text(str(error), f"不可用（{error}）"), remedy)]
    return Session(Consumption.of(ended), ended=ended)


def _usage(table: UsageTable) -> Usage:
    duration = table.duration if table.duration is not None else (table.minutes or 0) * MINUTE
    return Usage(
        duration=duration,
        peak_power=table.peak_power,
        tier_bounds=table.tier_bounds,
        tier_minutes=table.tier_minutes,
    )


def _reading(index: int, table: ReadingTable, problems: list[Problem]) -> Reading:
    """One reading; what is wrong with it is added to the problems."""
    path = f"readings[{index}]"
    at, corrected = _time(table.at), None if table.corrected is None else _time(table.corrected)
    for key, value, time in (("at", table.at, at), ("corrected", table.corrected, corrected)):
        if value is not None and time is None:
            problems.append(Problem(f"{path}.{key}", Text(f"{value} is no time", f"{value} 不是时刻"), _TIME))
    if (table.register is None) == (table.kilowatt_hours is None):
        either = Text("write one of `register` (mWh) and `kWh`", "请写 register（mWh）或 kWh 之一")
        problems.append(Problem(path, Text("has no register, or two", "没有示数，或有两个"), either))
    register = table.register if table.register is not None else _energy(table.kilowatt_hours)
    if register is None:
        out = Text(f"{table.kilowatt_hours} kWh is no register", f"{table.kilowatt_hours} kWh 不是示数")
        problems.append(Problem(f"{path}.kWh", out, Text("write a multiple of 0.000001", "请写 0.000001 的整数倍")))
    return Reading(at=at or 0, register=register or 0, corrected=corrected)


def _time(value: int | str) -> int | None:
    if isinstance(value, int):
        return value
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        return None
    aware = time if time.tzinfo else time.replace(tzinfo=CHINA)
    at = (aware - EPOCH) // timedelta(milliseconds=1)
    return at if 0 <= at <= EXACT else None


def _energy(value: Decimal | None) -> int | None:
    """kWh as mWh, if they are whole."""
    if value is None:
        return 0
    if not (value.is_finite() and 0 <= value <= EXACT // 1_000_000):
        return None
    energy = int(value * 1_000_000)
    return energy if energy == value * 1_000_000 else None
