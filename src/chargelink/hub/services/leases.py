"""Allowances (额度): money of an account that one edge may spend without asking, leased until a time.

The money leaves the wallet in the transaction that grants the lease, and bills on the lease are paid from it. What is
left goes back only when the edge's record `lease.closed` says that it is over there and both ends agree what was spent;
else a person decides. A lease that no edge was ever asked to take may be taken back at once.

    offered --> held --> closed            the edge took it, and told its end
       |          |----> doubtful          its end does not agree with our bills; or it came from a backup
       |          '----> released          a person decided
       '--> closed                         never sent
"""

import secrets
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from typing import NamedTuple

from tortoise.transactions import in_transaction

from chargelink.hub.bus import Change
from chargelink.hub.services import accounts, books, views
from chargelink.hub.services.refused import RefusedError
from chargelink.hub.store.alarms import write_alarm
from chargelink.hub.store.models import Record
from chargelink.hub.store.money import Decision, Lease, LeasePolicy
from chargelink.hub.store.statements import fetched
from chargelink.hub.store.trouble import unless_crossed
from chargelink.link.authorisation import Lease as LeaseShape
from chargelink.model import LeaseClosed

EPOCH = "epoch"  # the edge began a new journal and may have spent more than it knows
NEVER_SENT = "never-sent"
MOST_OPEN = 500  # at one edge; it takes a thousand
HOUR = 3_600_000  # ms
LONGEST = 400 * 24 * HOUR  # an edge remembers closed ones as long
LEAST = 100  # fen: a smaller allowance is not renewed


DUE = """
    SELECT p."id" FROM "lease_policy" p WHERE NOT EXISTS (
        SELECT 1 FROM "lease" l JOIN "balance" b ON b."account" = 'leased:' || l."id"
        WHERE l."account" = p."account" AND l."edge" = p."edge" AND l."state" IN (?, ?) AND l."withdrawal" IS NULL
        AND l."until" > ? AND 2 * b."fen" > l."amount" AND 2 * CAST(? AS BIGINT) < l."created" + l."until"
    ) AND EXISTS (SELECT 1 FROM "balance" w WHERE w."account" = 'wallet:' || p."account" AND w."fen" >= ?)
"""


class LeaseState(StrEnum):
    """How far a lease has come."""

    OFFERED = "offered"  # on its way; an edge that was asked may have taken it all the same
    HELD = "held"
    DOUBTFUL = "doubtful"  # over at the edge, and a person has to say what happens to the rest
    CLOSED = "closed"
    RELEASED = "released"


OPEN = (LeaseState.OFFERED, LeaseState.HELD)
ENDED = (LeaseState.CLOSED, LeaseState.RELEASED)


class Listed(NamedTuple):
    """A lease as it is shown: `left` fen of it are still held, the rest is in bills or went back."""

    id: str
    account: str
    edge: str
    amount: int
    left: int
    until: int
    state: str
    sent: int | None
    withdrawal: int | None
    reason: str
    words: str
    spent: int | None
    returned: int | None


async def grant(account: str, edge: str, amount: int, until: int, now: int) -> Lease:
    """Take money out of the wallet, and offer it to an edge until a time.

    Raises RefusedError for an account or a time that cannot be, and for money that is not there.
    """
    if amount <= 0:
        raise RefusedError("an allowance is above 0", "额度应大于 0")
    if not now < until <= now + LONGEST:
        raise RefusedError("an allowance lasts up to 400 days", "额度有效期最长 400 天")
    async with in_transaction():
        await accounts.locked(account)
        if await Lease.filter(edge=edge, state__in=OPEN).count() >= MOST_OPEN:
            raise RefusedError(f"{edge} has {MOST_OPEN} open allowances", f"网关 {edge} 已有 {MOST_OPEN} 笔未结额度")
        # Its name is never used again, not even after a backup was put back: the edge remembers the other.
        row = await Lease.create(
            id=f"l{secrets.token_hex(12)}",
            account=account,
            edge=edge,
            amount=amount,
            until=until,
            state=LeaseState.OFFERED,
            created=now,
        )
        moved = {books.wallet(account): -amount, books.leased(row.id): amount}
        try:
            await books.post(f"lease:{row.id}", "lease-granted", now, moved, memo=f"for {edge}")
        except books.ShortError as short:
            raise RefusedError(
                f"account {account} has {short.have} fen unused, {amount} are more",
                f"账户 {account} 可用余额 {short.have} 分，不足 {amount} 分",
            ) from None
    return row


@unless_crossed
async def withdraw(lease: str, now: int) -> LeaseState:
    """Want a lease back: at once if no edge was asked to take it, else when its edge has told its end.

    Raises RefusedError.
    """
    async with in_transaction():
        row = await locked(lease)
        if row.state not in OPEN:
            raise RefusedError(f"allowance {lease} is over already", f"额度 {lease} 已结束")
        if row.withdrawal is None:
            row.withdrawal = now
        if row.sent is None:
            await _give_back(row, LeaseState.CLOSED, NEVER_SENT, now)
        await row.save()
    return LeaseState(row.state)


async def expire(now: int) -> None:
    """Take back what was over before any edge was asked to take it."""
    for row in await Lease.filter(state=LeaseState.OFFERED, sent=None, until__lte=now).only("id"):
        with suppress(RefusedError):
            await withdraw(row.id, now)


@unless_crossed
async def release(lease: str, who: str, why: str, now: int, *, force: bool = False) -> int:
    """A person says that the edge will not spend what is left: it goes back to the wallet; how many fen.

    Raises RefusedError for one that has ended, and without `force` for one that its edge may still spend.
    """
    async with in_transaction():
        row = await locked(lease)
        if row.state in ENDED:
            raise RefusedError(f"allowance {lease} is over already", f"额度 {lease} 已结束")
        if row.state != LeaseState.DOUBTFUL and not force:
            raise RefusedError(
                f"{row.edge} may still spend {lease}; withdraw it, or if that edge never comes back use --force",
                f"网关 {row.edge} 仍可能使用额度 {lease}；请先收回，网关确已报废时使用 --force",
            )
        before = row.amount - await books.balance(books.leased(row.id))
        fen = await _give_back(row, LeaseState.RELEASED, row.reason, now)
        await row.save()
        await Decision.create(
            at=now, what="lease-released", subject=row.id, before=before, after=before + fen, who=who, why=why
        )
    return fen


async def locked(lease: str) -> Lease:
    """A lease that nobody else changes until this transaction ends. Raises RefusedError."""
    row = await Lease.filter(id=lease).select_for_update().get_or_none()
    if row is None:
        raise RefusedError(
            f"there is no allowance {lease}; `chargelink hub lease list` shows them",
            f"没有额度 {lease}；可用 chargelink hub lease list 查看",
        )
    return row


async def _give_back(row: Lease, state: LeaseState, reason: str, now: int) -> int:
    """What is left goes back to the wallet; in the running transaction, once per lease."""
    left = await books.balance(books.leased(row.id))
    moved = {books.leased(row.id): -left, books.wallet(row.account): left}
    await books.post(f"lease:{row.id}:end", "lease-ended", now, moved, memo=reason)
    row.state, row.closed, row.reason, row.returned = state, now, reason, left
    return left


async def closed(content: LeaseClosed, record: Record) -> list[Change]:
    """The edge's record of a lease's end. Its bills came before it, in the same lane.

    What is left goes back if both ends agree what was spent; else it waits for a person.
    """
    row = await Lease.filter(id=content.lease).select_for_update().get_or_none()
    if row is None or row.edge != record.edge:
        return await _alarm("lease-unknown", content, {})
    if row.state in ENDED or row.spent is not None:
        known = row.spent if row.state == LeaseState.DOUBTFUL else row.amount - (row.returned or 0)
        if content.spent == known and row.sent is not None:
            return []  # told again, in another life of the edge's journal
        return await _alarm("lease-ended-twice", content, {"before": row.reason})
    ours = row.amount - await books.balance(books.leased(row.id))
    row.spent = content.spent
    if content.reason != EPOCH and not content.unbilled and (content.spent, content.amount) == (ours, row.amount):
        await _give_back(row, LeaseState.CLOSED, content.reason, content.at)
        await row.save()
        return []
    row.state, row.reason = LeaseState.DOUBTFUL, content.reason
    await row.save()
    return await _alarm("lease-doubtful", content, {"ours": ours, "unbilled": content.unbilled})


async def void(edge: str) -> None:
    """The journal of an edge began anew: it may have been put back from a backup, and have forgotten what it spent.

    It ends the leases that it still knows; of the others it never says anything, and is not offered them again.
    """
    await Lease.filter(edge=edge, state__in=OPEN, sent__not_isnull=True).update(state=LeaseState.DOUBTFUL, reason=EPOCH)


async def _alarm(kind: str, content: LeaseClosed, more: Mapping[str, object]) -> list[Change]:
    detail: dict[str, object] = {
        "lease": content.lease,
        "edge": content.edge_id,
        "account": content.account,
        "spent": content.spent,
        "reason": content.reason,
        **more,
    }
    subject = f"{content.lease} {content.reason} {content.spent}"
    return views.alarms(await write_alarm(content.edge_id, kind, subject, content.at, detail))


async def listed(*, edge: str | None = None, account: str | None = None, all_of_them: bool = False) -> list[Listed]:
    """Leases, the newest first; those that are over only if asked for."""
    chosen = {name: value for name, value in (("edge", edge), ("account", account)) if value is not None}
    query = Lease.filter(**chosen) if all_of_them else Lease.filter(**chosen).exclude(state__in=ENDED)
    return [
        Listed(
            row.id,
            row.account,
            row.edge,
            row.amount,
            await books.balance(books.leased(row.id)),
            row.until,
            row.state,
            row.sent,
            row.withdrawal,
            row.reason,
            row.words,
            row.spent,
            row.returned,
        )
        for row in await query.order_by("-created", "id").limit(1_000)
    ]


async def set_policy(account: str, edge: str, amount: int, duration: int, now: int) -> None:
    """From now on this account always has an allowance at this edge. Raises RefusedError."""
    if not HOUR <= duration <= LONGEST or amount < LEAST:
        raise RefusedError(
            "an allowance that renews itself has at least 1 yuan, and lasts 1 hour to 400 days",
            "自动续期的额度至少 1 元，有效期 1 小时至 400 天",
        )
    async with in_transaction():
        await accounts.locked(account)
        values = {"amount": amount, "duration": duration, "since": now}
        await LeasePolicy.update_or_create(values, account=account, edge=edge)


async def end_policy(account: str, edge: str) -> bool:
    """Renew no more; what was granted stays. False if there was none."""
    return bool(await LeasePolicy.filter(account=account, edge=edge).delete())


async def due(now: int) -> list[LeasePolicy]:
    """The policies that may have to be renewed: no lease of theirs is less than half used, and there is money."""
    rows = await fetched(DUE, (*OPEN, now, now, LEAST))
    return await LeasePolicy.filter(id__in=[row["id"] for row in rows]).order_by("id")


async def renew(policy: LeasePolicy, now: int) -> Lease | None:
    """A new lease when half of the last one is spent or half of its time is over; None while it is not due.

    It has what the policy says, or what the wallet still has. At most two of a policy are open at once.
    """
    mine = {"account": policy.account, "edge": policy.edge}
    rows = await Lease.filter(**mine, state__in=OPEN, withdrawal=None, until__gt=now).order_by("-created", "-id")
    if len(rows) > 1 or (rows and not await _half_used(rows[0], now)):
        return None
    amount = min(policy.amount, await books.balance(books.wallet(policy.account)))
    if amount < LEAST:
        return None
    try:
        return await grant(policy.account, policy.edge, amount, now + policy.duration, now)
    except RefusedError:  # closed, or spent in this very moment
        return None


async def _half_used(row: Lease, now: int) -> bool:
    left = await books.balance(books.leased(row.id))
    spent, over = 2 * left <= row.amount, 2 * now >= row.created + row.until
    return bool(spent or over)


def shape(row: Lease, group: str | None) -> LeaseShape:
    """A lease as it is sent."""
    return LeaseShape(id=row.id, account=row.account, amount=row.amount, until=row.until, group=group)
