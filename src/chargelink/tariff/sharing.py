"""How a service fee is shared among those who run a site. Electricity is passed on, never shared."""

from collections.abc import Mapping

from chargelink.tariff.amounts import WHOLE
from chargelink.tariff.consumption import TariffError


def shares(fee: int, portions: Mapping[str, int]) -> dict[str, int]:
    """A service fee in fen, divided by portions in 1/100 %; the shares add up to it.

    Each is rounded down; what is left goes, a fen each, to those with the largest remainders, of equals to the first.
    Raises TariffError for a fee below 0 and for portions below 0 or that are not 100 % together.
    """
    if fee < 0 or any(portion < 0 for portion in portions.values()) or sum(portions.values()) != WHOLE:
        raise TariffError(f"{fee} fen cannot be shared by {dict(portions)}: portions are in 1/100 %, {WHOLE} together")
    parts = {name: fee * portion // WHOLE for name, portion in portions.items()}
    left = fee - sum(parts.values())
    by_remainder = sorted(portions, key=lambda name: -(fee * portions[name] % WHOLE))
    for name in by_remainder[:left]:
        parts[name] += 1
    return parts
