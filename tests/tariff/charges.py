"""Charges to be priced, written shortly: times as "03-01 08:00" of 2026 in China, energies in Wh."""

from datetime import datetime, timedelta, timezone
from typing import Any, TypeVar

import msgspec

from chargelink.link.authorisation import Authorisation
from chargelink.model import AuthorisedBy, Bill, Period, Reading, SessionKind, Tariff
from chargelink.model.tariff import DayPlan
from chargelink.tariff import Consumption, price, tariff_hash

Document = TypeVar("Document", bound=msgspec.Struct)
CHINA = timezone(timedelta(hours=8))
MINUTE = 60_000
HOUR = 60 * MINUTE

VALLEY = Period(start="23:00", end="07:00", name="valley", energy_price=30_000, service_price=40_000)
FLAT = Period(start="07:00", end="18:00", name="flat", energy_price=60_000, service_price=40_000)
PEAK = Period(start="18:00", end="23:00", name="peak", energy_price=100_000, service_price=50_000)
BY_TIME = Tariff(id="by-time", version=1, periods=(VALLEY, FLAT, PEAK))
HOLIDAY = DayPlan(
    periods=(Period(start="00:00", end="24:00", name="deep-valley", energy_price=20_000, service_price=10_000),),
    dates=("2026-05-01", "2026-05-02"),
)


def at(text: str) -> int:
    """ "03-01 08:00" or "03-01 08:00:30" of 2026 in UTC+8, as ms."""
    form = "%Y-%m-%d %H:%M:%S" if text.count(":") == 2 else "%Y-%m-%d %H:%M"
    return int(datetime.strptime(f"2026-{text}", form).replace(tzinfo=CHINA).timestamp()) * 1000


def reading(text: str, watt_hours: int, corrected: str | None = None) -> Reading:
    return Reading(at=at(text), register=watt_hours * 1000, corrected=None if corrected is None else at(corrected))


def took(*readings: Reading, **more: Any) -> Consumption:
    """A car's session that was let begin on site."""
    kind = more.pop("kind", SessionKind.DC)
    by = more.pop("by", AuthorisedBy.LOCAL)
    if "authorisation" in more and isinstance(more["authorisation"], dict):
        more["authorisation"] = Authorisation(**more["authorisation"])
    return Consumption("s", kind, by, readings, **more)


def bill(tariff: Tariff, consumption: Consumption) -> Bill:
    """Its bill, which is one that a record can hold."""
    made = price(tariff, tariff_hash(tariff), consumption)
    return msgspec.msgpack.decode(msgspec.msgpack.encode(_named(made)), type=Bill)


def changed(document: Document, **fields: Any) -> Document:
    """The same with other fields, checked again."""
    return type(document)(**{name: getattr(document, name) for name in document.__struct_fields__} | fields)


def _named(made: Bill) -> Bill:
    return msgspec.structs.replace(made, session_id="019c7f4a-1c00-7cc3-98c4-dc0c0c07398f")


def amounts(made: Bill) -> list[tuple[str, str | None, int, int]]:
    """Of each line the fee, the rule, the mWh and the fen."""
    return [(line.what, line.rule, line.energy, line.amount) for line in made.lines]
