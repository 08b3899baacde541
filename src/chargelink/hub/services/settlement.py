"""Pricing a session again: the hub believes the readings, not the sum."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from chargelink.cli.language import Text
from chargelink.hub.store.models import Settlement
from chargelink.model import Bill, OccupancyEnded, SessionEnded, Tariff
from chargelink.tariff import Consumption, TariffError, explained, explained_occupancy, reprice_occupancy


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of it: `total` fen is what the customer pays, None while nothing settles."""

    settlement: Settlement
    total: int | None = None
    hub_bill: Bill | None = None
    impossible: str = ""  # why the readings cannot be true
    split: bool = False  # both ends agree on the sum, and not on what it is for
    reasons: tuple[str, ...] = ()  # of the lines of our bill, in Chinese

    @property
    def kept(self) -> str:
        """Our bill as JSON, "" for none; beside `because` each line has `becauseChinese`."""
        if self.hub_bill is None:
            return ""
        document = msgspec.to_builtins(self.hub_bill)
        for line, reason in zip(document["lines"], self.reasons, strict=True):
            line["becauseChinese"] = reason
        return msgspec.json.encode(document).decode()


def settle(ended: SessionEnded | OccupancyEnded, tariff: Tariff | None) -> Settled:
    """Price the readings of a session under the tariff it began with, and compare with the edge's bill.

    The customer was shown the edge's bill, and the hub's is what the readings give: where they differ the lower settles
    and a person looks into the rest. Without the tariff, or with readings that cannot be true, nothing settles yet.
    """
    if tariff is None:
        return Settled(Settlement.UNPRICED)
    try:
        hub, said = _explained(ended, tariff)
    except TariffError as error:
        return Settled(Settlement.UNPRICED, impossible=str(error))
    edge, reasons = ended.bill, tuple(reason.chinese for reason in said)
    agreed = (hub.total, hub.energy) == (edge.total, edge.energy)
    if not agreed:
        return Settled(Settlement.LOWER, min(hub.total, edge.total), hub, reasons=reasons)
    return Settled(Settlement.AGREED, hub.total, hub, split=_by_fee(hub) != _by_fee(edge), reasons=reasons)


def _explained(ended: SessionEnded | OccupancyEnded, tariff: Tariff) -> tuple[Bill, Sequence[Text]]:
    """The bill by the rules of the edge's own, and why each line is what it is. Raises TariffError."""
    version = ended.bill.rules_version
    if isinstance(ended, SessionEnded):
        return explained(tariff, ended.tariff_hash, Consumption.of(ended), version)
    bill = reprice_occupancy(ended, tariff)
    of_stay = explained_occupancy(tariff, ended.tariff_hash, ended.session_id, ended.duration, ended.bill.fault)
    return bill, of_stay[1]


def _by_fee(bill: Bill) -> Counter[str]:
    fees: Counter[str] = Counter()
    for line in bill.lines:
        fees[line.what] += line.amount
    return Counter({what: amount for what, amount in fees.items() if amount})
