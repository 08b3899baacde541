"""What money surely buys, at the dearest price that can apply at any time of a tariff."""

from collections.abc import Callable
from dataclasses import dataclass

from chargelink.link.authorisation import Authorisation
from chargelink.link.quantities import EXACT
from chargelink.model import Tariff
from chargelink.model.tariff import Discount, PowerTiers
from chargelink.tariff.amounts import (
    HOURLY_PRICE_PER_FEN,
    MINUTE,
    PRICE_PER_FEN,
    WHOLE,
    fen,
    fen_by_time,
    half_up,
)
from chargelink.tariff.calendar import Rate, calendar_of
from chargelink.tariff.deductions import AGREED_WITH_NOBODY, discount_for, shown_minimum


@dataclass(frozen=True, slots=True)
class Affordable:
    """How much may be taken: `energy` mWh, `minutes` of charging. None: money does not limit it. 0: nothing at all."""

    energy: int | None = None
    minutes: int | None = None


LONGEST_TIME = EXACT // MINUTE  # min that can be priced
UNLIMITED = Affordable()
NOTHING = Affordable(0, 0)


def affordable(tariff: Tariff, money: int, authorisation: Authorisation | None = None) -> Affordable:
    """What `money` fen buy, whenever it is taken: a session of so much costs no more, with the terms agreed.

    Where lines are rounded, or a discount depends on how the amount divides, it is a few fen on the safe side.
    """
    terms = authorisation or AGREED_WITH_NOBODY
    if terms.pass_id is not None or (tariff.most is not None and tariff.most <= money):
        return UNLIMITED
    if shown_minimum(tariff, terms) > money:
        return NOTHING
    discount = discount_for(tariff, terms.group)
    if tariff.periods:
        return Affordable(energy=_most(money, EXACT, _by_energy(calendar_of(tariff).rates, discount)))
    if tariff.per_use is not None:
        return _by_use(tariff.per_use, tariff.inside, discount, money)
    per_time = tariff.per_time
    if per_time is not None:
        longest = LONGEST_TIME // per_time.step
        steps = _most(money, longest, lambda n: _dearest(_time(n * per_time.step, per_time.price), tariff, discount))
        return Affordable(minutes=None if steps is None else steps * per_time.step)
    assert tariff.tiers is not None
    step = tariff.tiers.step if tariff.tiers.rule == "highest" else 1
    by_power = _by_power(tariff.tiers)
    steps = _most(money, LONGEST_TIME // step, lambda n: _dearest(by_power(n * step), tariff, discount))
    return Affordable(minutes=None if steps is None else steps * step)


def _most(money: int, end: int, cost: Callable[[int], int]) -> int | None:
    """The most that costs no more than `money`, if more never costs less; None if that is all up to `end`."""
    if cost(end) <= money:
        return None
    low, high = 0, end  # `high` is too dear
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if cost(middle) <= money else (low, middle)
    return low


def _by_energy(rates: tuple[Rate, ...], discount: Discount | None) -> Callable[[int], int]:
    """The most that an energy can cost. Of one rate that is what it costs, else each line may be rounded up."""
    if len(rates) == 1:
        [rate] = rates
        return lambda energy: _after(discount, fen(energy, rate.energy_price), fen(energy, rate.service_price))
    dearest = max(rate.price for rate in rates)
    dearest_energy = max(rate.energy_price for rate in rates)
    lines = sum(bool(price) for rate in rates for price in rate[1:])
    if discount is None or discount.portion is None:
        return lambda energy: _less(
            discount, _rounded_up(energy, dearest, lines), _rounded_up(energy, dearest_energy, len(rates))
        )
    kept = WHOLE - discount.portion
    each = [
        rate.energy_price * (kept if discount.of == "total" else WHOLE) + rate.service_price * kept for rate in rates
    ]
    reduced = max(each)
    return lambda energy: _rounded_up(energy, reduced, lines + 2, WHOLE)


def _rounded_up(energy: int, price: int, lines: int, scale: int = 1) -> int:
    """The most that an energy costs at a price (in 1/`scale`), where each of some lines may be half a fen too high."""
    if not energy:
        return 0
    fens = PRICE_PER_FEN * scale
    return (2 * energy * price + lines * fens) // (2 * fens)


def _less(discount: Discount | None, total: int, energy_fee: int) -> int:
    """The most that is left of a total, of which at most so much is electricity fee, after an amount was taken off."""
    if discount is None:
        return total
    return max(total - (discount.amount or 0), energy_fee if discount.of == "service" else 0)


def _after(discount: Discount | None, energy_fee: int, service_fee: int) -> int:
    """What is due of two fees after a discount."""
    if discount is None:
        return energy_fee + service_fee
    if discount.portion is None:
        return _less(discount, energy_fee + service_fee, energy_fee)
    off = half_up(service_fee * discount.portion, WHOLE)
    if discount.of == "total":
        off += half_up(energy_fee * discount.portion, WHOLE)
    return energy_fee + service_fee - off


def _dearest(agreed: int, tariff: Tariff, discount: Discount | None) -> int:
    """The most that is due of an agreed amount, however much of it is electricity fee."""
    if discount is None or not tariff.inside:
        return _after(discount, 0, agreed)
    if discount.of == "service":
        return agreed  # all of it may be electricity fee
    if discount.portion is None:
        return max(agreed - (discount.amount or 0), 0)
    return agreed - agreed * discount.portion // WHOLE


def _by_use(agreed: int, inside: int, discount: Discount | None, money: int) -> Affordable:
    """Of a price per use only a discount on the service fee depends on the energy: the more, the less is taken off."""

    def cost(energy: int) -> int:
        taken = min(agreed, fen(energy, inside))
        if discount is not None and discount.of == "total" and discount.portion is not None:
            return agreed - (
                agreed * discount.portion // WHOLE if inside else half_up(agreed * discount.portion, WHOLE)
            )
        return _after(discount, taken, agreed - taken)

    if cost(0) > money:
        return NOTHING
    return Affordable(energy=_most(money, EXACT, cost))


def _by_power(tiers: PowerTiers) -> Callable[[int], int]:
    """The most that minutes can cost, at whatever power."""
    dearest = max(tier.price for tier in tiers.tiers)
    priced = sum(bool(tier.price) for tier in tiers.tiers)
    if tiers.rule == "highest" or priced <= 1:
        return lambda minutes: _time(minutes, dearest)
    fens = HOURLY_PRICE_PER_FEN
    return lambda minutes: (2 * minutes * MINUTE * dearest + priced * fens) // (2 * fens)


def _time(minutes: int, price: int) -> int:
    return fen_by_time(minutes * MINUTE, price)
