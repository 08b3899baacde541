"""Pricing a session again: the hub believes the readings, not the sum."""

from collections import Counter
from dataclasses import dataclass

from chargelink.hub.store.models import Settlement
from chargelink.model import Bill, OccupancyEnded, SessionEnded, Tariff
from chargelink.tariff import TariffError, reprice, reprice_occupancy


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of it: `total` fen is what the customer pays, None while nothing settles."""

    settlement: Settlement
    total: int | None = None
    hub_bill: Bill | None = None
    impossible: str = ""  # why the readings cannot be true

    split: bool = False  # both ends agree on the sum, and not on what it is for


def settle(ended: SessionEnded | OccupancyEnded, tariff: Tariff | None) -> Settled:
    """Price the readings of a session under the tariff it began with, and compare with the edge's bill.

    The customer was shown the edge's bill, and the hub's is what the readings give: where they differ the lower settles
    and a person looks into the rest. Without the tariff, or with readings that cannot be true, nothing settles yet.
    """
    if tariff is None:
        return Settled(Settlement.UNPRICED)
    try:
        hub = reprice(ended, tariff) if isinstance(ended, SessionEnded) else reprice_occupancy(ended, tariff)
    except TariffError as error:
        return Settled(Settlement.UNPRICED, impossible=str(error))
    edge = ended.bill
    agreed = (hub.total, hub.energy) == (edge.total, edge.energy)
    if not agreed:
        return Settled(Settlement.LOWER, min(hub.total, edge.total), hub)
    return Settled(Settlement.AGREED, hub.total, hub, split=_by_fee(hub) != _by_fee(edge))


def _by_fee(bill: Bill) -> Counter[str]:
    fees: Counter[str] = Counter()
    for line in bill.lines:
        fees[line.what] += line.amount
    return Counter({what: amount for what, amount in fees.items() if amount})
