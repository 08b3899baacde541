"""Sold by use, time or power: the agreed amount, and how much of it is electricity fee (rules 2, chapter 3)."""

from collections.abc import Sequence
from dataclasses import dataclass

from chargelink.cli.language import Text
from chargelink.model import Tariff, Usage
from chargelink.model.bill import Rule
from chargelink.model.tariff import PerTime, PowerTiers, Tier
from chargelink.tariff import words
from chargelink.tariff.amounts import MINUTE, fen, fen_by_time, in_steps
from chargelink.tariff.consumption import TariffError
from chargelink.tariff.tally import Line

HELD = 2  # min for which a tier counts


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the agreed amount, fen. A price by time has the time that is charged, ms, and the price per hour."""

    amount: int
    rule: Rule
    why: Text
    duration: int | None = None
    price: int | None = None


def agreed(tariff: Tariff, usage: Usage | None) -> list[Part]:
    """The parts of the agreed amount. Raises TariffError for what it cannot be reckoned from."""
    if tariff.per_use is not None:
        return [Part(tariff.per_use, "use", words.use(tariff.per_use))]
    if usage is None:
        raise TariffError("a price by time or power cannot be reckoned: nobody says how long it took")
    if tariff.per_time is not None:
        return [_whole_time(usage.duration, tariff.per_time, "time")]
    if tariff.tiers is None:
        raise TariffError("the tariff sells nothing")
    minutes = minutes_by_tier(tariff.tiers.tiers, usage)
    if tariff.tiers.rule == "highest":
        return [_highest(tariff.tiers, usage.duration, minutes)]
    if not usage.tier_minutes:
        raise TariffError("a price by minutes of power cannot be reckoned: nobody counted them")
    return [_in_tier(tariff.tiers.tiers, index, count) for index, count in enumerate(minutes) if count]


def lines(parts: Sequence[Part], energy: int, inside: int, fault: bool) -> list[Line]:
    """A line of electricity fee and one of service fee for each part; the latter is 0 if the session broke down."""
    found: list[Line] = []
    agreed = sum(part.amount for part in parts)
    electricity = fen(energy, inside)
    limited = electricity > agreed
    left = min(agreed, electricity)
    for part in parts:
        first = not found
        taken = min(left, part.amount)
        left -= taken
        why = words.inside(energy, inside, limited=limited, first=first)
        found.append(Line("energy", taken, part.rule, why, energy if first else 0, price=inside or None))
        why = words.BROKEN if fault else words.rest(part.why, part.amount, taken)
        service = 0 if fault else part.amount - taken
        found.append(Line("service", service, part.rule, why, price=part.price, duration=part.duration))
    return found


def minutes_by_tier(tiers: Sequence[Tier], usage: Usage) -> list[int]:
    """The minutes in each tier of a tariff. Those whose power may lie in several count in the cheapest of them.

    Raises TariffError for bounds and minutes that do not belong together.
    """
    bounds, counts = usage.tier_bounds, usage.tier_minutes
    rising = all(low < high for low, high in zip((0, *bounds), bounds, strict=False))
    if not rising or (counts and len(counts) != len(bounds) + 1):
        raise TariffError(f"{len(counts)} counts of minutes for the power bounds {list(bounds)} mW cannot be true")
    minutes = [0] * len(tiers)
    edges = _edges(tiers)
    for low, high, count in zip((0, *bounds), (*bounds, None), counts, strict=False):
        within = [
            index
            for index, (over, up_to) in enumerate(edges)
            if (up_to is None or low < up_to) and (high is None or over < high)
        ]
        minutes[min(within, key=lambda index: tiers[index].price)] += count
    return minutes


def _edges(tiers: Sequence[Tier]) -> list[tuple[int, int | None]]:
    """Each tier as the power that it lies above, and the power up to which it goes."""
    bounds = [tier.up_to for tier in tiers]
    return [(bounds[index - 1] or 0 if index else 0, bound) for index, bound in enumerate(bounds)]


def _whole_time(duration: int, per_time: PerTime, rule: Rule) -> Part:
    steps = in_steps(duration, per_time.step)
    charged = steps * per_time.step * MINUTE
    why = words.hourly(duration, steps, per_time.step, per_time.price)
    return Part(fen_by_time(charged, per_time.price), rule, why, charged, per_time.price)


def _highest(tiers: PowerTiers, duration: int, minutes: Sequence[int]) -> Part:
    """The whole time at the price of the highest tier that was held, else of the lowest that there was."""
    held = [index for index, count in enumerate(minutes) if count >= HELD]
    chosen = held[-1] if held else next((index for index, count in enumerate(minutes) if count), 0)
    part = _whole_time(duration, PerTime(price=tiers.tiers[chosen].price, step=tiers.step), "tier")
    why = words.highest(named(tiers.tiers, chosen), bool(held), part.why)
    return Part(part.amount, "tier", why, part.duration, part.price)


def _in_tier(tiers: Sequence[Tier], index: int, count: int) -> Part:
    price, duration = tiers[index].price, count * MINUTE
    why = words.tier_minutes(named(tiers, index), count, price)
    return Part(fen_by_time(duration, price), "tier", why, duration, price)


def named(tiers: Sequence[Tier], index: int) -> Text:
    """What a tier is called: by the power that it is for."""
    return words.tier(_edges(tiers)[index][0], tiers[index])
