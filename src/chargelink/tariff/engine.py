"""Price a session. Pure: the same tariff, readings and circumstances give the same bill at the edge and at the hub.

Rules that were ever used are kept: a bill says by which version it was reckoned, and is reckoned again by the same.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from chargelink.cli.language import Text
from chargelink.link.chain import record_hash
from chargelink.model import Bill, OccupancyEnded, SessionEnded, Tariff, body_of
from chargelink.tariff import rules_1, rules_2
from chargelink.tariff.consumption import Consumption, TariffError

Rules = TypeVar("Rules")
RULES: Mapping[int, Callable[[Tariff, str, Consumption], Bill]] = {1: rules_1.price, 2: rules_2.price}
OCCUPANCY_RULES = {2: rules_2.price_occupancy}
RULES_VERSION = max(RULES)


def tariff_hash(tariff: Tariff) -> str:
    """The name of a tariff by its content: SHA-256, in hex, of the bytes by which it is recorded."""
    return record_hash(body_of(tariff)).hex()


def price(tariff: Tariff, tariff_hash: str, consumption: Consumption, rules_version: int = RULES_VERSION) -> Bill:
    """The bill of a session, by the newest rules or by those of a version.

    `tariff_hash` is the name of the tariff by its recorded bytes. Raises TariffError for what cannot be priced.
    """
    return _of(RULES, rules_version)(tariff, tariff_hash, consumption)


def explained(
    tariff: Tariff, tariff_hash: str, consumption: Consumption, rules_version: int = RULES_VERSION
) -> tuple[Bill, tuple[Text, ...]]:
    """The bill of a session, and of each of its lines the reason in both languages; that of rules 1 is in English.

    Raises TariffError for what cannot be priced.
    """
    if rules_version != rules_2.VERSION:
        bill = price(tariff, tariff_hash, consumption, rules_version)
        return bill, tuple(Text(line.because, line.because) for line in bill.lines)
    reckoned = rules_2.reckon(tariff, consumption)
    return rules_2.written(tariff, tariff_hash, consumption, reckoned), reckoned.reasons


def reprice(ended: SessionEnded, tariff: Tariff) -> Bill:
    """The bill as it should be, reckoned again from the record of a session, by the rules of its own bill.

    Raises TariffError for what cannot be priced.
    """
    return price(tariff, ended.tariff_hash, Consumption.of(ended), ended.bill.rules_version)


def price_occupancy(
    tariff: Tariff,
    tariff_hash: str,
    session_id: str,
    duration: int,
    fault: bool = False,
    rules_version: int = RULES_VERSION,
) -> Bill:
    """The bill for staying plugged in for `duration` ms after a charge (占位费): one line, or none within the grace.

    `fault` says that the session broke down: then nothing is due. Raises TariffError for a time that cannot be true.
    """
    return _of(OCCUPANCY_RULES, rules_version)(tariff, tariff_hash, session_id, duration, fault)


def explained_occupancy(
    tariff: Tariff, tariff_hash: str, session_id: str, duration: int, fault: bool = False
) -> tuple[Bill, tuple[Text, ...]]:
    """As `price_occupancy` by the newest rules, with the reason of its line in both languages. Raises TariffError."""
    bill = rules_2.price_occupancy(tariff, tariff_hash, session_id, duration, fault)
    return bill, tuple(line.why for line in rules_2.occupancy_lines(tariff, duration, fault))


def reprice_occupancy(ended: OccupancyEnded, tariff: Tariff) -> Bill:
    """The bill for staying plugged in as it should be, by the rules of its own. Raises TariffError."""
    bill = ended.bill
    return price_occupancy(tariff, ended.tariff_hash, ended.session_id, ended.duration, bill.fault, bill.rules_version)


def due(tariff: Tariff, consumption: Consumption) -> int:
    """What a session comes to, fen, before it is cut to what was prepaid. Raises TariffError."""
    reckoned = rules_2.reckon(tariff, consumption)
    return reckoned.total + reckoned.given_away_amount


def _of(known: Mapping[int, Rules], version: int) -> Rules:
    rules = known.get(version)
    if rules is None:
        raise TariffError(f"rules {version} are not known here; there are {', '.join(map(str, known))}")
    return rules
