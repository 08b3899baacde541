"""Who pays a bill, and from what: the postings of a session's end, in the transaction that reads its record.

An order pays from what is frozen for it and gives the rest back; a lease from what is held for it. A session that
nobody's account began is to be collected on site. Only money that the hub itself held for this edge moves by an edge's
word, and never more than was held: what was given back too early (a person released the order or the lease) is taken
from the wallet again as far as it reaches, and what is beyond is owed, for a person to look at. An edge that names an
account without either makes a debt, and takes nothing.
"""

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from chargelink.hub.services import books, orders, vouchers
from chargelink.hub.services.order_states import Event
from chargelink.hub.services.orders import Alarms, Told
from chargelink.hub.store.alarms import write_alarm
from chargelink.hub.store.models import Bill
from chargelink.hub.store.money import Account, Lease, Order
from chargelink.hub.store.statements import fetched
from chargelink.model import Bill as BillDocument

REVENUE = {
    "energy": books.ENERGY,
    "service": books.SERVICE,
    "use": books.SERVICE,  # rules 1: a price per use
    "occupancy": books.OCCUPANCY,
}
KINDS = ("charge", "occupancy")
SPENT = (
    'SELECT CAST(COALESCE(SUM(p."fen"), 0) AS BIGINT) AS "fen" FROM "posting" p'
    ' JOIN "entry" e ON e."id" = p."entry" WHERE p."account" = ? AND e."kind" IN (?, ?)'
)


@dataclass(slots=True)
class Payer:
    """Whose the bill is; `account` None: nobody's that is known here."""

    account: str | None = None
    order: Order | None = None
    lease: Lease | None = None


class Charge(NamedTuple):
    """What is to be paid: the ledger's key of it, what its record says, and the bills of both ends."""

    key: str
    told: Told
    edge: BillDocument
    hub: BillDocument | None


class Paid(NamedTuple):
    """Who paid, and how much; None while nothing is due."""

    account: str | None
    total: int | None
    alarms: Alarms


async def payer_of(told: Told, now: int) -> tuple[Payer, Alarms]:
    """Whose bill a record's is, as far as this hub knows itself."""
    order, alarms = await orders.of_record(told, now)
    if order is not None:
        return Payer(order.account, order), alarms
    agreed = told.authorisation
    if agreed is None or alarms:
        return Payer(), alarms
    held = agreed.lease or agreed.voucher  # the money of a voucher is held for its edge like that of a lease
    if held is not None:
        lease = await Lease.filter(id=held, edge=told.edge).select_for_update().get_or_none()
        if lease is not None:
            return Payer(lease.account, lease=lease), alarms
        detail: dict[str, object] = {"lease": held, "session": told.session, "edge": told.edge}
        return Payer(), [await write_alarm(told.edge, "lease-of-another", told.session, now, detail)]
    known = agreed.account is not None and await Account.exists(id=agreed.account)
    return Payer(agreed.account if known else None), alarms


def fees(bill: BillDocument, total: int) -> Counter[str]:
    """`total` fen of a bill by accounts of revenue: less than its sum is taken off the service fee first."""
    parts: Counter[str] = Counter()
    for line in bill.lines:
        parts[REVENUE[line.what]] += line.amount
    if min(parts.values(), default=0) < 0:  # no bill of ours: an edge may write anything
        return Counter({books.SERVICE: total})
    for account in (books.SERVICE, books.ENERGY, books.OCCUPANCY):
        parts[account] -= min(max(parts.total() - total, 0), parts[account])
    parts[books.SERVICE] += total - parts.total()
    return +parts


def settling(edge: BillDocument, hub: BillDocument | None, total: int) -> BillDocument:
    """The bill whose lines say what `total` is for: the edge's, where it alone is so low and adds up."""
    adds_up = sum(line.amount for line in edge.lines) == edge.total
    if hub is None or (adds_up and edge.total == total != hub.total):
        return edge
    return hub


async def pay(charge: Charge, payer: Payer, total: int, now: int) -> Alarms:
    """Post what is due, from what is held for it; what an order held beyond that goes back to the wallet."""
    told, rest = charge.told, total
    moved = fees(settling(charge.edge, charge.hub, total), total)
    if payer.order is not None:
        held = await books.held(books.frozen(payer.order.id))
        moved[books.frozen(payer.order.id)] -= held
        moved[books.wallet(payer.order.account)] += max(held - rest, 0)
        rest -= min(held, rest)
    elif payer.lease is not None:
        part = min(await _leased(payer.lease, rest, told, now), rest)
        moved[books.leased(payer.lease.id)] -= part
        rest -= part
    alarms = await take(moved, payer.account, rest, told, now, wallet=payer.order is not None)
    if any(moved.values()):
        order = None if payer.order is None else payer.order.id
        kind = charge.key.partition(":")[0]
        await books.post(charge.key, kind, now, moved, order=order, session=told.session)
    return alarms


async def _leased(lease: Lease, wanted: int, told: Told, now: int) -> int:
    """What is held for a lease, or is taken from the wallet again where it was given back too early.

    Never more of it than was leased: an edge that says that it spent more makes a debt, for a person to look at.
    """
    name = books.leased(lease.id)
    held = await books.held(name)
    spent = -(await fetched(SPENT, (name, *KINDS)))[0]["fen"]
    late = min(wanted, lease.amount - spent) - held
    late = min(late, await books.held(books.wallet(lease.account))) if late > 0 else 0
    if late:
        moved = {books.wallet(lease.account): -late, name: late}
        await books.post(f"late:{told.session}", "late", now, moved, session=told.session, memo="given back too early")
    return held + late


async def take(moved: Counter[str], account: str | None, fen: int, told: Told, now: int, *, wallet: bool) -> Alarms:
    """Add to an entry so many fen that nothing was held for: from the wallet as far as it reaches, the rest is owed."""
    if not fen:
        return []
    if account is None:
        moved[books.UNASSIGNED] -= fen
        return []
    if wallet:
        part = min(await books.held(books.wallet(account)), fen)
        moved[books.wallet(account)] -= part
        fen -= part
    if not fen:
        return []
    moved[books.owed(account)] -= fen
    detail: dict[str, object] = {"account": account, "session": told.session, "fen": fen}
    # the charge and the stay of one session may both be unpaid, and a person is to hear of either
    return [await write_alarm(told.edge, "unpaid", f"{told.session} {fen}", now, detail)]


async def settle_occupancy(charge: Charge, total: int | None, now: int) -> Paid:
    """A place was left, and so much is due for staying: from the wallet as far as it reaches, the rest is owed.

    What was prepaid was for the charge, and is not touched. The one fee that is taken without having been held, of the
    account that charged there: the tariff's `most` is what bounds it.
    """
    payer, alarms = await payer_of(charge.told, now)
    charged = await Bill.get_or_none(session=charge.told.session)
    if charged is not None and payer.account not in (None, charged.account):
        detail: dict[str, object] = {"account": payer.account, "charged": charged.account}
        detail |= {"session": charge.told.session, "edge": charge.told.edge}
        alarms.append(await write_alarm(charge.told.edge, "stay-of-another", charge.told.session, now, detail))
        payer = Payer()
    if total is None:
        return Paid(payer.account, None, alarms)
    moved = fees(settling(charge.edge, charge.hub, total), total)
    held = bool(payer.order or (payer.lease and charged))
    alarms += await take(moved, payer.account, total, charge.told, now, wallet=held)
    if any(moved.values()):
        order = None if payer.order is None else payer.order.id
        await books.post(charge.key, "occupancy", now, moved, order=order, session=charge.told.session)
    return Paid(payer.account, total, alarms)


async def begun(told: Told, now: int) -> Alarms:
    """A session of an order has begun."""
    order, alarms = await orders.of_record(told, now)
    if order is not None:
        alarms += await orders.hear(order, Event.STARTED, now, session=told.session)
    return alarms


async def settle(charge: Charge, total: int | None, now: int) -> Paid:
    """A session has ended, and so much is due of it; None while nothing is. Posts it, and settles its order."""
    told = charge.told
    payer, alarms = await payer_of(told, now)
    if payer.order is not None:
        event = Event.UNPRICED if total is None else Event.PRICED
        alarms += await orders.hear(payer.order, event, now, session=told.session)
    if total is None:
        return Paid(payer.account, None, alarms)
    if payer.order is not None and total > payer.order.prepaid:  # whatever the edge's record says that it was
        detail: dict[str, object] = {"order": payer.order.id, "session": told.session, "fen": total}
        detail["prepaid"] = total = payer.order.prepaid
        alarms.append(await write_alarm(told.edge, "above-prepaid", told.session, now, detail))
    alarms += await pay(charge, payer, total, now)
    if payer.lease is not None and payer.lease.state == vouchers.STATE and charge.edge.energy:
        await vouchers.used(payer.lease.id, now)
    return Paid(payer.account, total, alarms)
