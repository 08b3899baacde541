"""Cards, VINs and voucher codes by which accounts are known. In the database they stand as digests and sealed.

`find` is how a token that was read becomes an account; `plain` and `plain_pin` give what the lists of the edges are
made from.
"""

import hmac
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from tortoise.transactions import in_transaction

from chargelink.cli.masking import masked as masked_vin
from chargelink.hub.services.changes import next_change
from chargelink.hub.store.lists import EdgeList, Unlisted
from chargelink.hub.store.money import Token
from chargelink.hub.store.vault import vault
from chargelink.trust.tokens import PIN, token_digest
from chargelink.wire import ChargelinkError

AT_ONCE = 100  # rows in one statement
MOST_TRIES = 5  # wrong PINs one after the other; then a person unblocks the token


class TokenStatus(StrEnum):
    """Whether a token may be used."""

    ACTIVE = "active"
    WAITING = "waiting"  # a VIN that was bound, and that no order has confirmed yet
    BLOCKED = "blocked"


class TokenError(ChargelinkError):
    """A token that cannot be entered."""


async def find(kind: str, value: str) -> Token | None:
    """The token that was read, blocked and expired ones too; None for one that nobody entered, or that is none."""
    try:
        digest = vault().tokens.digest(kind, value)
    except ValueError:
        return None
    return await Token.get_or_none(kind=kind, digest=digest)


async def add(
    kind: str, value: str, account: str, now: int, *, pin: str | None = None, until: int | None = None
) -> Token:
    """Enter a token of an account; again with other particulars to change them.

    Raises TokenError for one of another account, one that is none, or a PIN that has not 4 to 8 digits.
    """
    digest = _digest(kind, value, pin)
    async with in_transaction():
        row = await Token.get_or_none(kind=kind, digest=digest)
        if row is not None and row.account != account:
            raise TokenError(f"this {kind} belongs to the account {row.account}")
        row = row or Token(kind=kind, digest=digest, account=account, added=now)
        _fill(row, value, pin, until, await next_change())
        await row.save()
    return row


class New(NamedTuple):
    """A token to be entered."""

    value: str
    account: str
    pin: str | None = None


async def add_all(kind: str, rows: Sequence[New], now: int, *, until: int | None = None) -> None:
    """Enter many in one transaction, as `add` does; of two with one number the later counts. Raises TokenError."""
    by_digest = {_digest(kind, row.value, row.pin): row for row in rows}
    async with in_transaction():
        there = {one.digest for one in await Token.filter(kind=kind, digest__in=[*by_digest]).only("id", "digest")}
        changed = await next_change()
        fresh = []
        for digest, row in by_digest.items():
            if digest in there:
                await add(kind, row.value, row.account, now, pin=row.pin, until=until)
                continue
            token = Token(kind=kind, digest=digest, account=row.account, added=now)
            _fill(token, row.value, row.pin, until, changed)
            fresh.append(token)
        await Token.bulk_create(fresh, batch_size=AT_ONCE)


def _digest(kind: str, value: str, pin: str | None) -> str:
    """What a token is found by. Raises TokenError for one that is none, or a PIN that has not 4 to 8 digits."""
    if pin is not None and not PIN.fullmatch(pin):
        raise TokenError("a PIN has 4 to 8 digits")
    try:
        return vault().tokens.digest(kind, value)
    except ValueError as error:
        raise TokenError(str(error)) from None


def _fill(row: Token, value: str, pin: str | None, until: int | None, changed: int) -> None:
    """What entering a token says of it."""
    row.status = TokenStatus.ACTIVE
    row.sealed = vault().tokens.seal(value, f"{row.kind}|{row.digest}")
    row.pin = None if pin is None else vault().tokens.seal(pin, f"pin|{row.kind}|{row.digest}")
    row.until, row.tries, row.changed = until, 0, changed


class Listed(NamedTuple):
    """A token as it is shown."""

    kind: str
    masked: str
    account: str
    pin: bool
    until: int | None
    status: str
    consent: bool


async def listed(kinds: Sequence[str], *, account: str | None = None) -> list[Listed]:
    """Tokens of these kinds, the newest first."""
    chosen = {} if account is None else {"account": account}
    rows = await Token.filter(kind__in=[*kinds], **chosen).order_by("-id").limit(1_000)
    return [
        Listed(row.kind, masked(row), row.account, row.pin is not None, row.until, row.status, row.consent)
        for row in rows
    ]


def masked(token: Token) -> str:
    """The last characters of a card or code, and the maker of a car."""
    value = plain(token) or ""
    if token.kind == "vin":
        return masked_vin(value)
    return "*" * max(0, len(value) - 4) + value[-4:] if len(value) > 8 else "*" * max(0, len(value) - 2) + value[-2:]


def plain(token: Token) -> str | None:
    """The number or code itself; None if it was sealed by another hub."""
    return vault().tokens.open(token.sealed, f"{token.kind}|{token.digest}")


def plain_pin(token: Token) -> str | None:
    """The PIN itself; None for a token without, or one sealed by another hub."""
    return None if token.pin is None else vault().tokens.open(token.pin, f"pin|{token.kind}|{token.digest}")


async def try_pin(token: Token, pin: str) -> bool:
    """Whether this is the token's PIN. After `MOST_TRIES` wrong ones it is blocked."""
    async with in_transaction():
        row = await Token.filter(id=token.id).select_for_update().get()
        right = plain_pin(row)
        if row.status != TokenStatus.ACTIVE or row.tries >= MOST_TRIES or right is None:
            return False
        good = hmac.compare_digest(right, pin)
        tries = 0 if good else row.tries + 1
        status = TokenStatus.BLOCKED if tries >= MOST_TRIES else TokenStatus.ACTIVE
        if (tries, status) != (row.tries, row.status):
            await Token.filter(id=row.id).update(tries=tries, status=status)
        if status != row.status:
            await Token.filter(id=row.id).update(changed=await next_change())
    return good


async def block(token: Token, *, blocked: bool = True) -> None:
    """A token is lost, or found again."""
    status = TokenStatus.BLOCKED if blocked else TokenStatus.ACTIVE
    async with in_transaction():
        await Token.filter(id=token.id).update(status=status, tries=0, changed=await next_change())


async def set_pin(token: Token, pin: str | None) -> None:
    """Give a token another PIN, or none. Raises TokenError for one that has not 4 to 8 digits."""
    if pin is not None and not PIN.fullmatch(pin):
        raise TokenError("a PIN has 4 to 8 digits")
    sealed = None if pin is None else vault().tokens.seal(pin, f"pin|{token.kind}|{token.digest}")
    async with in_transaction():
        await Token.filter(id=token.id).update(pin=sealed, tries=0, changed=await next_change())


async def remove(token: Token) -> None:
    """Forget a token, here and in the lists of the edges."""
    async with in_transaction():
        await _unlist([token])
        await Token.filter(id=token.id).delete()


async def cut(account: str) -> int:
    """Forget every token of an account: nothing tells any more whose it was. How many there were."""
    async with in_transaction():
        await _unlist(await Token.filter(account=account))
        return int(await Token.filter(account=account).delete())


async def _unlist(tokens: Sequence[Token]) -> None:
    """Keep how these stand in the lists of the edges, which is all that tells an edge what to remove."""
    changed = await next_change()
    values = [(token.kind, value) for token in tokens if (value := plain(token)) is not None]
    for row in await EdgeList.all():
        key = list_key(row)
        if key is None:
            continue  # that edge gets a list under another key, in full
        for kind, value in values:
            digest = token_digest(key, kind, value).hex()
            await Unlisted.update_or_create({"changed": changed}, edge=row.edge, digest=digest)


def list_key(row: EdgeList) -> bytes | None:
    """The key of an edge's list; None if it was sealed by another hub."""
    digits = vault().tokens.open(row.key, f"list|{row.edge}")
    return None if digits is None else bytes.fromhex(digits)


def sealed_list_key(edge: str, key: bytes) -> bytes:
    """The key of an edge's list, to be stored."""
    return vault().tokens.seal(key.hex(), f"list|{edge}")
