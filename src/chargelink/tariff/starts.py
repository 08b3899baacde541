"""Which tariff holds for a start, and when a start is cheapest."""

from bisect import bisect_right
from collections.abc import Collection, Iterable
from itertools import accumulate

from chargelink.model import Tariff
from chargelink.tariff.amounts import MINUTE
from chargelink.tariff.calendar import DAY, calendar_of
from chargelink.tariff.consumption import TariffError

FARTHEST = 31 * DAY  # ms that a start is planned ahead


def choose(
    candidates: Iterable[Tariff], at: int, sites: Collection[str] = (), group: str | None = None
) -> Tariff | None:
    """The tariff by which somebody of a customer group charges at a time, at a place of these groups of sites.

    Of those that are valid and for them: one for their group before one for all, then the one valid since last, then
    the highest version. None if there is none.
    """
    fitting = [
        one
        for one in candidates
        if one.valid_from <= at
        and (not one.sites or not set(one.sites).isdisjoint(sites))
        and (not one.customers or group in one.customers)
    ]
    return max(fitting, key=lambda one: (bool(one.customers), one.valid_from, one.version, one.id), default=None)


def cheapest_start(tariff: Tariff, now: int, until: int, minutes: int) -> int:
    """When to begin a charge of constant power that takes `minutes` and ends by `until`, so that it costs least.

    UTC milliseconds from `now` on; of equals the earliest. `now` also if there is not enough time, or if the price does
    not change with the time of day. Raises TariffError for more than 31 days ahead.
    """
    length = minutes * MINUTE
    if until - now > FARTHEST:
        raise TariffError("a start is planned for 31 days at most")
    latest = until - length
    if not tariff.periods or latest <= now or length <= 0:
        return now
    stretches = [*calendar_of(tariff).stretches(now, until)]
    starts = [one.start for one in stretches]
    prices = [one.rate.price for one in stretches]
    before = [0, *accumulate((one.end - one.start) * one.rate.price for one in stretches)]

    def until_then(time: int) -> int:
        """What constant power costs from `now` to a time."""
        index = bisect_right(starts, time) - 1
        return before[index] + (time - starts[index]) * prices[index]

    # Between two changes of price at either end the cost is a straight line, so that the least is at one of them.
    changes = {now, latest, *starts, *(start - length for start in starts)}
    candidates = sorted(time for time in changes if now <= time <= latest)
    return min(candidates, key=lambda time: until_then(time + length) - until_then(time))
