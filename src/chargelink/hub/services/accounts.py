"""Customers' accounts: opened, topped up, refunded, closed.

The wallet of an account is the operator's book of what a customer paid in and has not used. It is not transferable, it
does not expire, and what is unused goes back where it came from: each top-up names the payment at the operator's
merchant number, and a refund names the top-ups that it goes back to. The money itself moves there, not here.
"""

import secrets
from enum import StrEnum
from typing import NamedTuple

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from chargelink.cli.money import yuan
from chargelink.hub.services import books, tokens
from chargelink.hub.services.changes import touch
from chargelink.hub.services.refused import RefusedError
from chargelink.hub.store.money import Account, Refund, TopUp
from chargelink.hub.store.statements import fetched
from chargelink.hub.store.trouble import unless_crossed
from chargelink.link.quantities import EXACT

LONGEST_REFERENCE = 128
HELD = (
    'SELECT CAST(COALESCE(SUM(b."fen"), 0) AS BIGINT) AS "fen" FROM "balance" b'
    ' WHERE b."account" IN (SELECT \'frozen:\' || o."id" FROM "order" o WHERE o."account" = ?'
    ' UNION ALL SELECT \'leased:\' || l."id" FROM "lease" l WHERE l."account" = ?)'
)


class AccountState(StrEnum):
    """Whether an account may be used."""

    OPEN = "open"
    CLOSED = "closed"


class Standing(NamedTuple):
    """The money of an account, fen: unused, held for orders and allowances, owed to the operator."""

    wallet: int
    held: int
    owed: int


class Part(NamedTuple):
    """So many fen of a refund, and the payment that they go back to."""

    origin: str
    fen: int


async def create(now: int, *, group: str | None = None, reference: str | None = None) -> Account:
    """Open an account; the same `reference` again is the same account. Raises RefusedError."""
    if reference is not None:
        require_reference(reference)
        if there := await Account.get_or_none(reference=reference):
            return _same_group(there, group)
    row = Account(id=f"a{secrets.token_hex(8)}", state=AccountState.OPEN, group=group, reference=reference, created=now)
    try:
        async with in_transaction():
            await row.save(force_create=True)
    except IntegrityError:  # somebody was faster with this reference
        return _same_group(await Account.get(reference=reference), group)
    return row


def _same_group(there: Account, group: str | None) -> Account:
    if there.group != group:
        raise RefusedError(
            f"reference {there.reference} has opened {there.id}, in another customer group",
            f"业务号 {there.reference} 已用于开户 {there.id}，且客户组不同",
        )
    return there


async def found(account: str) -> Account:
    """An account. Raises RefusedError for one that is not there."""
    row = await Account.get_or_none(id=account)
    if row is None:
        raise RefusedError(
            f"there is no account {account}; `chargelink hub account list` shows them",
            f"没有账户 {account}；可用 chargelink hub account list 查看",
        )
    return row


async def locked(account: str, *, closed_too: bool = False) -> Account:
    """An open account that nobody else changes until this transaction ends. Raises RefusedError."""
    row = await Account.filter(id=account).select_for_update().get_or_none()
    if row is None:
        return await found(account)
    if row.state != AccountState.OPEN and not closed_too:
        raise RefusedError(f"account {account} is closed", f"账户 {account} 已销户")
    return row


async def standing(account: str) -> Standing:
    """The money of an account."""
    (held,) = await fetched(HELD, (account, account))
    wallet, owed = await books.balance(books.wallet(account)), await books.balance(books.owed(account))
    return Standing(wallet, held["fen"], -owed)


async def regroup(account: str, group: str | None) -> Account:
    """Put an account into another customer group, for orders from now on. Raises RefusedError."""
    async with in_transaction():
        row = await locked(account)
        row.group = group
        await row.save(update_fields=["group"])
        await touch([account])
    return row


async def top_up(account: str, fen: int, reference: str, now: int, memo: str = "") -> bool:
    """Write down a payment that arrived at the merchant number; False if it was written before. Raises RefusedError."""
    require_reference(reference)
    _require_amount(fen)
    async with in_transaction():
        await locked(account)
        if there := await TopUp.get_or_none(reference=reference):
            if (there.account, there.fen) != (account, fen):
                raise RefusedError(
                    f"payment {reference} is {yuan(there.fen)} yuan of account {there.account} already",
                    f"支付单 {reference} 已记为账户 {there.account} 充值 {yuan(there.fen)} 元",
                )
            return False
        await TopUp.create(reference=reference, account=account, fen=fen, at=now)
        amounts = {books.CLEARING: -fen, books.wallet(account): fen}
        await books.post(f"top-up:{reference}", "top-up", now, amounts, memo=memo)
    return True


@unless_crossed
async def refund(account: str, fen: int | None, reference: str, now: int, *, origin: str | None = None) -> list[Part]:
    """Take unused money out of the wallet, back to the payments that it came by: the oldest first, or `origin` alone.

    None is all of it. The same `reference` again is the same refund. The operator pays it back at the merchant number.
    A closed account may have got something back since, and is refunded too.
    Raises RefusedError for more than is unused, or than came by those payments.
    """
    require_reference(reference)
    async with in_transaction():
        await locked(account, closed_too=True)
        if there := await Refund.filter(reference=reference).order_by("id"):
            return _same_refund(there, account, fen)
        unused = await books.held(books.wallet(account))
        wanted = unused if fen is None else fen
        _require_amount(wanted)
        if wanted > unused:
            raise RefusedError(
                f"{yuan(unused)} yuan of account {account} are unused, {yuan(wanted)} are more",
                f"账户 {account} 可退余额 {yuan(unused)} 元，不足 {yuan(wanted)} 元",
            )
        parts = await _allot(account, wanted, origin)
        for part in parts:
            await Refund.create(reference=reference, top_up=part.origin, account=account, fen=part.fen, at=now)
        memo = "back to " + ", ".join(part.origin for part in parts)
        amounts = {books.wallet(account): -wanted, books.CLEARING: wanted}
        await books.post(f"refund:{reference}", "refund", now, amounts, memo=memo)
    return parts


def _same_refund(there: list[Refund], account: str, fen: int | None) -> list[Part]:
    total = sum(row.fen for row in there)
    if there[0].account != account or fen not in (None, total):
        raise RefusedError(
            f"refund {there[0].reference} is {yuan(total)} yuan of account {there[0].account} already",
            f"退款单 {there[0].reference} 已记为账户 {there[0].account} 退款 {yuan(total)} 元",
        )
    return [Part(row.top_up, row.fen) for row in there]


async def _allot(account: str, wanted: int, origin: str | None) -> list[Part]:
    """Take it off the top-ups that have money left."""
    rows = await TopUp.filter(account=account).order_by("id")
    parts, rest = [], wanted
    for row in rows:
        part = min(rest, row.fen - row.refunded) if origin in (None, row.reference) else 0
        if part:
            parts.append(Part(row.reference, part))
            await TopUp.filter(id=row.id).update(refunded=row.refunded + part)
            rest -= part
    if rest:
        came = ("its top-ups", "原充值") if origin is None else (f"payment {origin}", f"支付单 {origin}")
        raise RefusedError(
            f"only {yuan(wanted - rest)} yuan can go back to {came[0]}; what was given is not paid out",
            f"只有 {yuan(wanted - rest)} 元可退回{came[1]}；赠送金额不予退款",
        )
    return parts


@unless_crossed
async def collect(account: str, now: int) -> int:
    """Pay what an account owes out of its wallet, as far as that reaches; how much that was. Raises RefusedError."""
    async with in_transaction():
        await locked(account)
        has = await standing(account)
        if fen := min(has.wallet, has.owed):
            key = f"collect:{account}:{now}"
            await books.post(key, "collect", now, {books.wallet(account): -fen, books.owed(account): fen})
    return fen


async def close(account: str, now: int) -> int:
    """Close an account for good; how many cards and codes are forgotten with it. Bills and the ledger stay.

    Raises RefusedError while it has money, or owes some.
    """
    async with in_transaction():
        await locked(account)
        has = await standing(account)
        if any(has):
            raise RefusedError(
                f"account {account} has {yuan(has.wallet)} yuan unused, {yuan(has.held)} held, owes {yuan(has.owed)};"
                f" first refund it: chargelink hub account refund {account} --all",
                f"账户 {account} 余额 {yuan(has.wallet)} 元、冻结 {yuan(has.held)} 元、欠费 {yuan(has.owed)} 元；"
                f"请先退款: chargelink hub account refund {account} --all",
            )
        # what might tell who it was goes with it: the reference may be a telephone number
        await Account.filter(id=account).update(state=AccountState.CLOSED, closed=now, reference=None)
        return await tokens.cut(account)


def require_reference(reference: str) -> None:
    """Raises RefusedError for what cannot be the name of a payment or of somebody's paper."""
    if not 0 < len(reference) <= LONGEST_REFERENCE or not reference.isprintable() or reference != reference.strip():
        raise RefusedError(
            f"a reference has 1 to {LONGEST_REFERENCE} printable characters",
            f"业务号应为 1 至 {LONGEST_REFERENCE} 个可见字符",
        )


def _require_amount(fen: int) -> None:
    if not 0 < fen <= EXACT:
        raise RefusedError("the amount is above 0", "金额应大于 0")
