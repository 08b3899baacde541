"""A tariff as an operator has it in a file, and whether it would sell electricity above what it cost."""

from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple, get_args

import msgspec

from chargelink.cli.command import CommandError
from chargelink.cli.language import Text
from chargelink.model import Period, Tariff
from chargelink.model.tariff import PeriodName

PRICE = 100_000  # in a yuan
HIGHEST = 10_000  # yuan
NAMES = get_args(PeriodName)


class Cost(NamedTuple):
    """What a kWh costs the operator, 1/100 000 yuan: in a period of this name, or in each with ""."""

    period: str
    price: int


def cost(text: str) -> Cost:
    """`0.65`, or `peak=0.95`, in yuan per kWh. Raises ValueError."""
    name, equals, yuan = text.rpartition("=")
    if equals and name not in NAMES:
        raise ValueError(f"{text!r} is no price in yuan")
    try:
        price = Decimal(yuan) * PRICE
    except InvalidOperation:
        raise ValueError(f"{text!r} is no price in yuan") from None
    if not (price.is_finite() and 0 <= price <= HIGHEST * PRICE and price == int(price)):
        raise ValueError(f"{text!r} is no price in yuan")
    return Cost(name, int(price))


def read(path: Path) -> Tariff:
    """The tariff of a TOML file, or of one named `.json` that is the document itself. Raises CommandError."""
    from chargelink.tariff import read_text

    try:
        if path.suffix == ".json":
            return msgspec.json.decode(path.read_bytes(), type=Tariff)
        tariff = read_text(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, msgspec.DecodeError) as error:
        raise CommandError(f"{path}: {error}") from None
    if isinstance(tariff, Tariff):
        return tariff
    raise CommandError("\n".join(f"{path}: {problem}" for problem in tariff))


def above_cost(tariff: Tariff, costs: Sequence[Cost]) -> list[Text]:
    """A sentence for each price of electricity above its cost; the service fee is the operator's to set."""
    return [*_above(tariff, {cost.period: cost.price for cost in costs})]


def _above(tariff: Tariff, costs: dict[str, int]) -> Iterator[Text]:
    told = set[tuple[str, int]]()
    for period in _periods(tariff):
        bought = costs.get(period.name, costs.get(""))
        if bought is None or period.energy_price <= bought or (period.name, period.energy_price) in told:
            continue
        told.add((period.name, period.energy_price))
        yield _sentence(period.name, period.energy_price, bought)
    bought = costs.get("", max(costs.values(), default=None))
    if not tariff.periods and bought is not None and tariff.inside > bought:
        yield _sentence("inside", tariff.inside, bought)


def _periods(tariff: Tariff) -> Iterator[Period]:
    yield from tariff.periods
    for plan in tariff.plans:
        yield from plan.periods


def _sentence(name: str, sold: int, bought: int) -> Text:
    sold_yuan, bought_yuan = yuan(sold), yuan(bought)
    return Text(
        f"{name}: electricity at {sold_yuan} yuan/kWh is above its cost of {bought_yuan}; it may not be resold"
        " above cost, put the difference into the service fee",
        f"{name}: 电价 {sold_yuan} 元/kWh 高于购电成本 {bought_yuan}；转供电不得加价，差额请列入服务费",
    )


def yuan(price: int) -> str:
    """1/100 000 yuan as yuan, two digits or as many as it takes."""
    text = f"{price // PRICE}.{price % PRICE:05d}"
    return text[:-3] + text[-3:].rstrip("0")
