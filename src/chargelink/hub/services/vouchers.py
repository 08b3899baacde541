"""Vouchers (充电券): codes that are worth an amount, each an account of its own that nobody's name stands under.

One that any edge may ask for online pays from its wallet. One of a single edge is in that edge's list and works without
the hub: its money is held for that edge, like an allowance, until the record of the session that used it. No voucher is
worth anything at two edges without asking.
"""

import base64
import secrets
from typing import NamedTuple

from tortoise.transactions import in_transaction

from chargelink.hub.services import accounts, books, tokens
from chargelink.hub.services.changes import next_change
from chargelink.hub.services.leases import EPOCH, LeaseState
from chargelink.hub.services.refused import RefusedError
from chargelink.hub.store.money import Lease, Token
from chargelink.link.authorisation import TokenKind

CODE_BYTES = 10  # 80 random bits: nobody guesses one of a million
FOREVER = 253_370_764_800_000  # the year 9999: a voucher without an end
AT_ONCE = 20  # in one transaction
STATE = "voucher"  # of the lease that holds the money of one that works offline


class Made(NamedTuple):
    """A voucher: its code is shown once."""

    code: str
    account: str


class Listed(NamedTuple):
    """A voucher as it is shown. `left` fen of it are unused, wherever they are held."""

    account: str
    masked: str
    edge: str | None
    amount: int | None
    left: int
    until: int | None
    status: str


async def make(
    count: int, fen: int, now: int, *, edge: str | None = None, until: int | None = None, reference: str | None = None
) -> list[Made]:
    """Make vouchers: given away by the operator, or paid for with the payment `reference`. Raises RefusedError."""
    if not 0 < count <= 10_000 or fen <= 0:
        raise RefusedError("1 to 10 000 vouchers, each above 0 yuan", "一次可制 1 至 10 000 张，面额应大于 0")
    made = []
    for first in range(0, count, AT_ONCE):
        async with in_transaction():
            for number in range(first, min(first + AT_ONCE, count)):
                paid = None if reference is None else f"{reference}:{number + 1}"
                made.append(await _one(fen, now, edge, until, paid))
    return made


async def _one(fen: int, now: int, edge: str | None, until: int | None, paid: str | None) -> Made:
    text = base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode()
    code = "-".join(text[at : at + 4] for at in range(0, len(text), 4))
    account = (await accounts.create(now)).id
    if paid is None:
        given = {books.PROMOTION: -fen, books.wallet(account): fen}
        await books.post(f"voucher:{account}", "voucher-given", now, given)
    elif not await accounts.top_up(account, fen, paid, now):
        raise RefusedError(f"payment {paid} was used before", f"支付单 {paid} 已使用")
    token = await tokens.add(TokenKind.VOUCHER, code, account, now, until=until)
    if edge is not None:
        await Token.filter(id=token.id).update(edge=edge, amount=fen)
        await Lease.create(
            id=name_of(account),
            account=account,
            edge=edge,
            amount=fen,
            until=until or FOREVER,
            state=STATE,
            created=now,
            sent=now,
        )
        held = {books.wallet(account): -fen, books.leased(name_of(account)): fen}
        await books.post(f"lease:{name_of(account)}", "voucher-held", now, held, memo=f"for {edge}")
    return Made(code, account)


def name_of(account: str) -> str:
    """How records name a voucher: it says nothing of the code."""
    return f"v{account}"


async def used(name: str, now: int) -> None:
    """A session that a voucher paid for is settled: what is left is free, to be used online. In its transaction."""
    row = await Lease.filter(id=name, state=STATE).select_for_update().get_or_none()
    if row is None:
        return
    left = await books.balance(books.leased(name))
    rest = {books.leased(name): -left, books.wallet(row.account): left}
    await books.post(f"lease:{name}:end", "voucher-used", now, rest)
    await Lease.filter(id=name).update(
        state="closed", closed=now, spent=row.amount - left, returned=left, reason="used"
    )
    await Token.filter(account=row.account, kind=TokenKind.VOUCHER).update(amount=None, changed=await next_change())


async def void(edge: str) -> None:
    """The journal of an edge began anew: it may have forgotten which vouchers were used, and is not sent them again."""
    rows = await Lease.filter(edge=edge, state=STATE)
    if not rows:
        return
    await Lease.filter(id__in=[row.id for row in rows]).update(state=LeaseState.DOUBTFUL, reason=EPOCH)
    accounts_of = [row.account for row in rows]
    await Token.filter(account__in=accounts_of).update(amount=None, changed=await next_change())


async def listed(*, edge: str | None = None) -> list[Listed]:
    """Vouchers, the newest first."""
    chosen = {} if edge is None else {"edge": edge}
    rows = await Token.filter(kind=TokenKind.VOUCHER, **chosen).order_by("-id").limit(1_000)
    found = []
    for row in rows:
        wallet = await books.balance(books.wallet(row.account))
        held = await books.balance(books.leased(name_of(row.account)))
        found.append(
            Listed(row.account, tokens.masked(row), row.edge, row.amount, wallet + held, row.until, row.status)
        )
    return found
