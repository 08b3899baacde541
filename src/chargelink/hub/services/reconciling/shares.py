"""A statement of how the service fee is shared among those who run a site. No money moves by it.

Electricity is passed on and never shared. Of a monthly pass, what its sessions took in electricity at the agreed price
is electricity; the rest of its price is service fee.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from chargelink.hub.services.reconciling.bills import settled
from chargelink.hub.services.reconciling.figures import Span
from chargelink.hub.services.refused import RefusedError
from chargelink.hub.store.lists import MonthlyPass, PassShare
from chargelink.tariff import TariffError, shares

WHOLE = 10_000  # 1/100 %


class Statement(NamedTuple):
    """What was earned at some edges in a span, fen, and what each party's share of the service fee is."""

    edges: tuple[str, ...]
    span: Span
    sessions: int
    service_fee: int  # of sessions
    passes: int
    passes_price: int
    passes_electricity: int  # in the price of the passes
    shared: int
    parts: dict[str, int]


async def statement(
    edges: Collection[str], span: Span, portions: Mapping[str, int], *, limit: int | None = None
) -> Statement:
    """Share the service fee by portions in 1/100 %; no edges: all.

    A pass counts where its uses are shared out to these edges, and in the span in which it was sold. Raises
    RefusedError for portions that are not 100 % together, and for one above `limit`.
    """
    if limit is not None and (above := [name for name, portion in portions.items() if portion > limit]):
        raise RefusedError(
            f"the provider shares out at most {percent(limit)} % to one party: {', '.join(above)}",
            f"分账服务商限制单方比例不超过 {percent(limit)} %: {', '.join(above)}",
        )
    sessions = service = electricity = 0
    async for some in settled("bill", span):
        for one in some:
            if one.fees is None or (edges and one.place.edge not in edges):
                continue
            sessions += 1
            service += one.fees.service
            electricity -= sum(line.amount for line in one.bill.lines if line.rule == "pass" and line.what == "energy")
    count, price = await _passes(edges, span)
    shared = service + max(0, price - electricity)
    try:
        parts = shares(shared, portions)
    except TariffError:
        whole = percent(sum(portions.values()))
        raise RefusedError(
            f"the portions are {whole} % together; mend them, so that they are 100 %",
            f"各方比例合计为 {whole} %，请改为合计 100 %",
        ) from None
    return Statement(tuple(sorted(edges)), span, sessions, service, count, price, electricity, shared, parts)


async def _passes(edges: Collection[str], span: Span) -> tuple[int, int]:
    """How many passes were sold in the span, and for how much of what they cost these edges stand."""
    rows = await MonthlyPass.filter(sold__gte=span.begin, sold__lt=span.end)
    if not edges:
        return len(rows), sum(row.price for row in rows)
    uses: dict[str, dict[str, int]] = {}
    for share in await PassShare.filter(monthly_pass__in=[row.id for row in rows]):
        uses.setdefault(share.monthly_pass, {})[share.edge] = share.uses
    count = price = 0
    for row in rows:
        all_uses = uses.get(row.id, {})
        here = sum(one for edge, one in all_uses.items() if edge in edges)
        if here:
            count += 1
            price += row.price * here // sum(all_uses.values())
    return count, price


def percent(portion: int) -> str:
    """1/100 % as percent."""
    return f"{portion // 100}.{portion % 100:02d}".rstrip("0").rstrip(".")
