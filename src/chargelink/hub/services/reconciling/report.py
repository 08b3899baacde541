"""The report: does the ledger say what the bills say, and do the bills say what the meters say?"""

from dataclasses import dataclass, field

from chargelink.hub.services import books
from chargelink.hub.services.reconciling import bills, held, registers
from chargelink.hub.services.reconciling.figures import Difference, Figures, Place, Sheet, Span
from chargelink.hub.services.reconciling.held import Aged
from chargelink.hub.store.models import Bill

MOST_WAITING = 200  # that are named


@dataclass(slots=True)
class Report:
    """What a span comes to: by device and in all; `waiting` are the names of bills, orders and leases."""

    span: Span
    places: list[tuple[Place, Figures]] = field(default_factory=list)
    total: Figures = field(default_factory=Figures)
    differences: list[Difference] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    ages: list[Aged] = field(default_factory=list)
    ledger: list[str] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        """Nothing differs, and the ledger is right in itself."""
        return not self.differences and not self.ledger


async def reconcile(span: Span, now: int) -> Report:
    """Add everything up. Bills belong to the day on which their session ended."""
    sheet, chains = Sheet(), registers.Chains()
    async for some in bills.settled("bill", span):
        await bills.add_up(some, sheet)
        await registers.read(some, sheet, chains)
    async for some in bills.settled("occupancy_bill", span):
        await bills.add_up_occupancy(some, sheet)
    await bills.find_orphans(span, sheet)
    await registers.follow(span, sheet, chains)
    now_held = await held.held(now)
    report = Report(span, [*sheet.sorted_places()], ages=now_held.ages)
    for _, figures in report.places:
        report.total.add(figures)
    report.differences = [*sheet.differences, *now_held.differences]
    waiting = Bill.filter(at__gte=span.begin, at__lt=span.end, settlement__in=[*bills.WAITING])
    report.waiting = [row.session for row in await waiting.order_by("at").limit(MOST_WAITING).only("session")]
    report.waiting += now_held.waiting
    report.ledger = [str(problem) for problem in await books.verify()]
    return report
