"""Orders: money of an account held for one charge, from the moment it is asked for until it is settled or released.

Everything here runs in the transaction of its cause, so that an order, what is frozen for it and the command that was
given, or the record that was read, are one: whatever is lost, they are lost or kept together.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from tortoise.transactions import in_transaction

from chargelink.cli.money import yuan
from chargelink.hub.services import accounts, books
from chargelink.hub.services.order_states import CONTRADICTIONS, OPEN, Event, State, after
from chargelink.hub.services.refused import RefusedError
from chargelink.hub.store.alarms import write_alarm
from chargelink.hub.store.models import Alarm
from chargelink.hub.store.money import Decision, Order
from chargelink.hub.store.trouble import unless_crossed
from chargelink.link.authorisation import Authorisation

LONGEST_REASON = 512
USUAL = 5_000  # fen that are frozen where nobody says how much

Alarms = list[Alarm | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an order is to be charged and how it was asked for.

    `tariff_hash` is the price that was shown, None for whichever holds; `minimum` the least that is due by it, fen.
    """

    edge: str
    device: str
    mode: str
    outlet: str | None = None
    tariff_hash: str | None = None
    minimum: int = 0


class Told(NamedTuple):
    """What a record says of the order that it is about."""

    edge: str
    session: str
    authorisation: Authorisation | None
    remote_start_id: int | None = None


async def freeze(
    account: str,
    place: Place,
    now: int,
    *,
    prepaid: int | None = None,
    usual: int,
    asked: str | None = None,
    remote_start_id: int | None = None,
) -> Order:
    """Take money out of a wallet and hold it for an order, in the transaction that runs.

    Without `prepaid` it is the `usual` amount, or what there is if that is less. Raises RefusedError.
    """
    row = await accounts.locked(account)
    unused = await books.held(books.wallet(account))
    amount = min(usual, unused) if prepaid is None else prepaid
    if not 0 < amount <= unused:
        raise RefusedError(
            f"account {account} has {yuan(unused)} yuan unused; top it up",
            f"账户 {account} 余额 {yuan(unused)} 元，请先充值",
        )
    order = Order(
        id=f"o{secrets.token_hex(8)}",
        account=account,
        group=row.group,
        edge=place.edge,
        device=place.device,
        outlet=place.outlet,
        mode=place.mode,
        tariff_hash=place.tariff_hash,
        prepaid=amount,
        minimum=min(place.minimum, amount),
        state=State.AUTHORISED if remote_start_id is None else State.ASKED,
        asked=asked,
        remote_start_id=remote_start_id,
        created=now,
        changed=now,
    )
    await order.save(force_create=True)
    amounts = {books.wallet(account): -amount, books.frozen(order.id): amount}
    await books.post(f"freeze:{order.id}", "freeze", now, amounts, order=order.id)
    return order


def authorisation(order: Order, planned: int | None = None) -> Authorisation:
    """What the edge is told of an order."""
    return Authorisation(
        mode=order.mode,
        account=order.account,
        group=order.group,
        order=order.id,
        prepaid=order.prepaid,
        minimum=order.minimum,
        confirmed="consent" if order.mode == "vin" else "now",
        planned=planned,
    )


async def locked(order: str) -> Order:
    """An order that nobody else changes until this transaction ends. Raises RefusedError."""
    row = await Order.filter(id=order).select_for_update().get_or_none()
    if row is None:
        raise RefusedError(
            f"there is no order {order}; `chargelink hub order list` shows them",
            f"没有订单 {order}；可用 chargelink hub order list 查看",
        )
    return row


async def of_record(told: Told, now: int) -> tuple[Order | None, Alarms]:
    """The order that a record is about, locked; None for none, and for one that it cannot be about: with an alarm."""
    name = None if told.authorisation is None else told.authorisation.order
    query = Order.filter(id=name) if name is not None else Order.filter(remote_start_id=told.remote_start_id)
    row = None
    if name is not None or told.remote_start_id is not None:
        row = await query.select_for_update().get_or_none()
    if row is None and name is None:
        return None, []
    if row is not None and row.edge == told.edge and row.session in (None, told.session):
        another = await Order.filter(session=told.session).exclude(id=row.id).exists()
        if not another:
            return row, []
    detail: dict[str, object] = {"order": name or (row and row.id), "session": told.session, "edge": told.edge}
    return None, [await write_alarm(told.edge, "order-of-another", told.session, now, detail)]


async def hear(order: Order, event: Event, now: int, *, session: str | None = None, reason: str = "") -> Alarms:
    """Something was heard of a locked order: what is known of it now is written, and what is not needed is released."""
    before, order.state = State(order.state), after(State(order.state), event)
    order.session = order.session or session
    alarms: Alarms = []
    if (before, event) in CONTRADICTIONS:
        detail: dict[str, object] = {"order": order.id, "state": before, "heard": event, "session": session}
        alarms.append(await write_alarm(order.edge, "order-contradiction", f"{order.id} {event}", now, detail))
    if order.state == before:
        await order.save(update_fields=["session"])
        return alarms
    order.changed, order.reason = now, reason[:LONGEST_REASON]
    if order.state == State.RELEASED:
        await _release(order, now)
    await order.save(update_fields=["state", "session", "changed", "reason"])
    return alarms


async def _release(order: Order, now: int) -> None:
    held = await books.balance(books.frozen(order.id))
    amounts = {books.frozen(order.id): -held, books.wallet(order.account): held}
    await books.post(f"release:{order.id}", "release", now, amounts, order=order.id, memo=order.reason)


@unless_crossed
async def release(order: str, who: str, why: str, now: int) -> int:
    """A person frees what is frozen for an order; how much that was.

    If it has been charged all the same, its bill is taken from the wallet as far as that reaches, and the rest is owed.
    Raises RefusedError for one that is over.
    """
    async with in_transaction():
        row = await locked(order)
        if row.state not in OPEN:
            raise RefusedError(f"order {order} is {row.state} already", f"订单 {order} 已结束 ({row.state})")
        held = await books.balance(books.frozen(order))
        await hear(row, Event.FREED, now, reason=f"{who}: {why}")
        await Decision.create(at=now, what="release", subject=order, before=held, after=0, who=who, why=why)
    return held


async def recover(now: int) -> int:
    """At the start: orders whose command was on its way when the hub went down. Nobody knows whether it was heard."""
    names: Iterable[str] = await Order.filter(state=State.ASKED).values_list("id", flat=True)  # type: ignore[assignment]
    count = 0
    for name in names:
        async with in_transaction():
            row = await locked(name)
            if row.state == State.ASKED:
                await hear(row, Event.SILENT, now)
                count += 1
    return count
