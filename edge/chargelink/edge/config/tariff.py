"""The tariff's file: prices in yuan, as people write them.

    id = "site-2026"
    version = 1

    [[period]]
    start = "00:00"
    end = "24:00"
    name = "flat"
    energy_yuan_per_kWh = 0.65
    service_yuan_per_kWh = 0.40

or `per_use_yuan = 1.00` in place of the periods.
"""

from decimal import Decimal
from typing import Any

import msgspec

from chargelink.cli.language import Text
from chargelink.edge.config.error import Problem
from chargelink.edge.config.sections import Section
from chargelink.edge.config.strict import read
from chargelink.link.quantities import Name, Word
from chargelink.model import Period, Tariff
from chargelink.model.tariff import PeriodName, TimeOfDay

FEN = 100  # in a yuan
PRICE = 100_000  # in a yuan
HIGHEST = 10_000  # yuan: more is a slip of the pen


class PeriodTable(Section, frozen=True):
    """A [[period]] of the file."""

    start: TimeOfDay
    end: TimeOfDay
    name: PeriodName
    energy: Decimal = msgspec.field(name="energy_yuan_per_kWh")
    service: Decimal = msgspec.field(name="service_yuan_per_kWh", default=Decimal(0))


class TariffTable(Section, frozen=True):
    """The file."""

    id: Name
    version: int
    name: Word = ""
    periods: tuple[PeriodTable, ...] = msgspec.field(name="period", default=())
    per_use: Decimal | None = msgspec.field(name="per_use_yuan", default=None)


def tariff(document: dict[str, Any]) -> Tariff | list[Problem]:
    """The tariff of a file, or what is wrong with it."""
    table = read(document, TariffTable)
    if isinstance(table, list):
        return table
    if problems := _no_prices(table):
        return problems
    try:
        return msgspec.convert(_converted(table), Tariff)
    except msgspec.ValidationError as error:
        remedy = Text("mend the periods and prices", "请改正时段和价格")
        return [Problem("(tariff)", Text(str(error), f"不可用（{error}）"), remedy)]


def _converted(table: TariffTable) -> dict[str, Any]:
    periods = [
        msgspec.to_builtins(
            Period(
                start=period.start,
                end=period.end,
                name=period.name,
                energy_price=int(period.energy * PRICE),
                service_price=int(period.service * PRICE),
            )
        )
        for period in table.periods
    ]
    per_use = None if table.per_use is None else int(table.per_use * FEN)
    return {"id": table.id, "version": table.version, "name": table.name, "periods": periods, "perUse": per_use}


def _no_prices(table: TariffTable) -> list[Problem]:
    """Prices that would be cut: finer than what can be billed, negative, absurd, or not numbers."""
    prices: list[tuple[str, Decimal | None, int]] = [("per_use_yuan", table.per_use, FEN)]
    for index, period in enumerate(table.periods):
        prices.append((f"period[{index}].energy_yuan_per_kWh", period.energy, PRICE))
        prices.append((f"period[{index}].service_yuan_per_kWh", period.service, PRICE))
    return [
        Problem(
            path,
            Text(f"{price} yuan is no price", f"{price} 元不是可用的价格"),
            Text(
                f"write a multiple of {Decimal(1) / steps} yuan, at most {HIGHEST}",
                f"请写 {Decimal(1) / steps} 元的整数倍，不超过 {HIGHEST}",
            ),
        )
        for path, price, steps in prices
        if price is not None
        and not (price.is_finite() and 0 <= price <= HIGHEST and price * steps == int(price * steps))
    ]
