"""What a person decides about a bill: how much is due, of two prices that differ or of one that cannot be reckoned.

The decision is an entry of its own in the ledger, for the difference to what was paid before; who decided and why is
kept. It never asks for more than the customer was shown: the edge's bill, and what was prepaid.
"""

from collections import Counter
from typing import NamedTuple

import msgspec
from tortoise.transactions import in_transaction

from chargelink.cli.money import yuan
from chargelink.hub.services import accounts, books, orders, payments
from chargelink.hub.services.order_states import Event
from chargelink.hub.services.orders import Told
from chargelink.hub.services.payments import Charge, Payer
from chargelink.hub.services.refused import RefusedError
from chargelink.hub.services.sessions import of
from chargelink.hub.store.models import Bill, Record, Session, Settlement
from chargelink.hub.store.money import Decision, OccupancyBill, Order
from chargelink.hub.store.statements import fetched
from chargelink.hub.store.trouble import unless_crossed
from chargelink.model import Bill as BillDocument
from chargelink.model import SessionEnded, content_of

POSTED = (
    'SELECT p."account", CAST(SUM(p."fen") AS BIGINT) AS "fen" FROM "posting" p JOIN "entry" e ON e."id" = p."entry"'
    ' WHERE e."session" = ? AND (e."key" = ? OR e."key" LIKE ?) GROUP BY p."account"'
)
UNPAID = (
    'SELECT CAST(COALESCE(SUM(p."fen"), 0) AS BIGINT) AS "fen" FROM "posting" p'
    ' JOIN "entry" e ON e."id" = p."entry" WHERE e."session" = ? AND p."account" = ?'
)
TAKEN = (
    'SELECT e."session", p."fen" FROM "entry" e JOIN "posting" p ON p."entry" = e."id"'
    ' WHERE e."key" = ? AND p."fen" > 0'
)


class Person(NamedTuple):
    """Who decides, and why."""

    who: str
    why: str


class Kind(NamedTuple):
    """Which bill of a session: its table, and the beginning of its keys in the ledger."""

    table: type[Bill] | type[OccupancyBill]
    key: str


CHARGE, OCCUPANCY = Kind(Bill, "charge"), Kind(OccupancyBill, "occupancy")


async def found(kind: Kind, session: str) -> Bill | OccupancyBill:
    """The bill of a session, locked. Raises RefusedError."""
    row = await kind.table.filter(session=session).select_for_update().get_or_none()
    if row is None:
        raise RefusedError(
            f"session {session} has no such bill; `chargelink hub bill list` shows them",
            f"充电过程 {session} 没有该账单；可用 chargelink hub bill list 查看",
        )
    return row


@unless_crossed
async def decide(kind: Kind, session: str, amount: int | str, person: Person, now: int) -> int | None:
    """A person says how many fen are due: a number, or the word "edge" or "hub" for the price of one end.

    Returns what it was before, None for nothing yet. Raises RefusedError for more than the customer was shown, or for
    a price that there is not.
    """
    async with in_transaction():
        row = await found(kind, session)
        order = await Order.filter(session=session, edge=row.edge).select_for_update().first()
        wanted = _amount(row, amount)
        most = row.edge_total if order is None or kind is OCCUPANCY else min(row.edge_total, order.prepaid)
        if not 0 <= wanted <= most:
            raise RefusedError(
                f"at most {yuan(most)} yuan were shown and prepaid, {yuan(wanted)} are more",
                f"向客户显示并预付的金额最多 {yuan(most)} 元，不能裁定 {yuan(wanted)} 元",
            )
        if row.total is None and kind is CHARGE:
            await _first(row, order, wanted, now)
        else:
            await _adjust(kind, row, order, wanted, now)
        before: int | None = row.total
        row.total, row.settlement = wanted, Settlement.DECIDED
        await row.save(update_fields=["total", "settlement"])
        await Decision.create(
            at=now, what=kind.key, subject=session, before=before, after=wanted, who=person.who, why=person.why
        )
    return before


async def collected(session: str, reference: str, now: int) -> int:
    """Somebody paid on site what nobody's account pays of a session, charge and stay; how much that was.

    The payment arrived at the merchant number as `reference`; the same again changes nothing. Raises RefusedError.
    """
    accounts.require_reference(reference)
    async with in_transaction():
        before = await fetched(TAKEN, (f"collected:{reference}",))
        if before:
            if before[0]["session"] != session:
                other = before[0]["session"]
                raise RefusedError(
                    f"payment {reference} was for session {other}", f"支付单 {reference} 已用于充电过程 {other}"
                )
            return int(before[0]["fen"])
        await found(CHARGE, session)
        fen = await _open(session)
        if fen <= 0:
            raise RefusedError(f"nothing of session {session} is to be collected", f"充电过程 {session} 没有待收款项")
        amounts = {books.CLEARING: -fen, books.UNASSIGNED: fen}
        await books.post(f"collected:{reference}", "collected", now, amounts, session=session)
    return fen


def _amount(row: Bill | OccupancyBill, amount: int | str) -> int:
    if isinstance(amount, int):
        return amount
    price: int | None = row.edge_total if amount == "edge" else row.hub_total
    if price is None:
        raise RefusedError(
            "the hub has no price of it; decide by --edge or --amount",
            "平台没有计价结果，请用 --edge 或 --amount 裁定",
        )
    return price


def _bills(row: Bill | OccupancyBill) -> tuple[BillDocument, BillDocument | None]:
    edge = msgspec.json.decode(row.edge_bill, type=BillDocument)
    return edge, msgspec.json.decode(row.hub_bill, type=BillDocument) if row.hub_bill else None


async def posted(kind: Kind, session: str) -> dict[str, int]:
    """What stands in the ledger for a bill: its entry and the decisions about it, by account."""
    rows = await fetched(POSTED, (session, f"{kind.key}:{session}", f"decided:{kind.key}:{session}:%"))
    return {row["account"]: row["fen"] for row in rows}


async def _first(row: Bill | OccupancyBill, order: Order | None, wanted: int, now: int) -> None:
    """A bill that nothing was paid of: what is held for it pays, as it would have at once."""
    edge, hub = _bills(row)
    told = await _told(row)
    charge = Charge(f"charge:{row.session}", told, edge, hub)
    if told.authorisation is not None:
        await payments.settle(charge, wanted, now)
        return
    if order is not None:
        await orders.hear(order, Event.PRICED, now, session=row.session)
    await payments.pay(charge, Payer(row.account, order), wanted, now)


async def _told(row: Bill | OccupancyBill) -> Told:
    """What the record of a session's end says of who pays, as long as records are kept."""
    session = await Session.get(id=row.session)
    record = await Record.get_or_none(id=session.end_record)
    content = None if record is None else content_of(record.kind, record.body)
    return of(content) if isinstance(content, SessionEnded) else Told(row.edge, row.session, None)


async def _adjust(kind: Kind, row: Bill | OccupancyBill, order: Order | None, wanted: int, now: int) -> None:
    """The difference to what was paid: out of the wallet as far as it reaches, or back into it."""
    before = await posted(kind, row.session)
    edge, hub = _bills(row)
    moved = payments.fees(payments.settling(edge, hub, wanted), wanted)
    for account, fen in before.items():
        if account.startswith("revenue:"):
            moved[account] -= fen
    more = moved.total()
    if more > 0:
        told = Told(row.edge, row.session, None)
        await payments.take(moved, row.account, more, told, now, wallet=True)
    elif more < 0:
        await _give_back(moved, row, -more, before)
    number = await Decision.filter(what=kind.key, subject=row.session).count() + 1
    key = f"decided:{kind.key}:{row.session}:{number}"
    await books.post(key, "decided", now, moved, order=None if order is None else order.id, session=row.session)


async def _give_back(moved: Counter[str], row: Bill | OccupancyBill, fen: int, before: dict[str, int]) -> None:
    """First what is owed of this bill is owed no more, then the wallet has the rest.

    What somebody without an account paid on site is to be paid back there, at the merchant number.
    """
    if row.account is None:
        part = max(min(await _open(row.session), fen), 0)
        moved[books.UNASSIGNED] += part
        moved[books.CLEARING] += fen - part
        return
    debt = books.owed(row.account)
    part = max(min(-before.get(debt, 0), -await books.held(debt), fen), 0)
    moved[debt] += part
    moved[books.wallet(row.account)] += fen - part


async def _open(session: str) -> int:
    """What is still to be collected on site of a session."""
    (row,) = await fetched(UNPAID, (session, books.UNASSIGNED))
    return -int(row["fen"])
