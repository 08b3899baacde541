"""Where money is rounded: half up, to the fen, and nowhere else."""

from chargelink.link.quantities import EXACT
from chargelink.tariff.consumption import TariffError

MINUTE = 60_000  # ms
PRICE_PER_FEN = 1_000_000_000  # mWh x 1/100 000 yuan per kWh in one fen
HOURLY_PRICE_PER_FEN = 3_600_000_000  # ms x 1/100 000 yuan per hour in one fen
WHOLE = 10_000  # 1/100 % in 100 %


def half_up(amount: int, parts: int) -> int:
    """`amount` divided by `parts`, rounded half up. `amount` is not negative."""
    return (2 * amount + parts) // (2 * parts)


def fen(energy: int, price: int) -> int:
    """What `energy` mWh cost at `price` (1/100 000 yuan per kWh)."""
    return half_up(energy * price, PRICE_PER_FEN)


def fen_by_time(duration: int, price: int) -> int:
    """What `duration` ms cost at `price` (1/100 000 yuan per hour)."""
    return half_up(duration * price, HOURLY_PRICE_PER_FEN)


def in_steps(duration: int, step: int) -> int:
    """How many steps of `step` min a time of `duration` ms has begun."""
    return -(-duration // (step * MINUTE))


def possible(value: int, unit: str = "fen") -> int:
    """The value. Raises TariffError for one that no bill can hold."""
    if value > EXACT:
        raise TariffError(f"{value} {unit} cannot be true")
    return value
