"""Price a session. Pure: the same tariff, readings and circumstances give the same bill at the edge and at the hub.

Rules that were ever used are kept: a bill says by which version it was reckoned, and is reckoned again by the same.
"""

from collections.abc import Callable, Mapping

from chargelink.link.chain import record_hash
from chargelink.model import Bill, SessionEnded, Tariff, body_of
from chargelink.tariff import rules_1
from chargelink.tariff.consumption import Consumption, TariffError

RULES: Mapping[int, Callable[[Tariff, str, Consumption], Bill]] = {1: rules_1.price}
RULES_VERSION = max(RULES)


def tariff_hash(tariff: Tariff) -> str:
    """The name of a tariff by its content: SHA-256, in hex, of the bytes by which it is recorded."""
    return record_hash(body_of(tariff)).hex()


def price(tariff: Tariff, tariff_hash: str, consumption: Consumption, rules_version: int = RULES_VERSION) -> Bill:
    """The bill of a session, by the newest rules or by those of a version.

    `tariff_hash` is the name of the tariff by its recorded bytes. Raises TariffError for what cannot be priced.
    """
    rules = RULES.get(rules_version)
    if rules is None:
        raise TariffError(f"rules {rules_version} are not known here; there are {', '.join(map(str, RULES))}")
    return rules(tariff, tariff_hash, consumption)


def reprice(ended: SessionEnded, tariff: Tariff) -> Bill:
    """The bill as it should be, reckoned again from the record of a session, by the rules of its own bill.

    Raises TariffError for what cannot be priced.
    """
    return price(tariff, ended.tariff_hash, Consumption.of(ended), ended.bill.rules_version)
