"""The list of one edge: its tokens as digests under the key of that edge, in full or what changed since a version.

It is prepared a little at a time, and others have their turn in between: a hundred thousand cards stall nobody.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, NamedTuple

from chargelink.hub.services import tokens, vouchers
from chargelink.hub.services.tokens import TokenStatus
from chargelink.hub.store.lists import AccountEdge, Unlisted
from chargelink.hub.store.money import Account, Token
from chargelink.hub.store.statements import fetched
from chargelink.link.authorisation import ListEntry, Pass
from chargelink.trust.tokens import pin_digest, token_digest

AT_ONCE = 500  # rows
TURN = 0.01  # s of work, then everybody else has a turn
MOST_LISTED = 200_000  # entries that an edge takes
MOST_CHANGES = 20_000  # more go as a list in full

CHANGED = (
    'SELECT "id", "kind", "digest", "sealed", "account", "status", "until", "pin", "consent", "edge", "amount"'
    ' FROM "token" WHERE "changed" > ? AND "changed" <= ? AND "id" > ? ORDER BY "id" LIMIT ?'
)
COUNTS = (
    'SELECT (SELECT COUNT(*) FROM "token" WHERE "changed" > ? AND "changed" <= ?) AS "changed",'
    ' (SELECT COUNT(*) FROM "unlisted" WHERE "edge" = ? AND "changed" > ? AND "changed" <= ?) AS "gone"'
)
PASSES = (
    'SELECT p.*, s."uses" FROM "monthly_pass" p JOIN "pass_share" s ON s."monthly_pass" = p."id"'
    ' WHERE s."edge" = ? AND p."start" <= ? AND p."until" > ? AND p."account" IN ({})'
)


class Piece(NamedTuple):
    """Some of a list: entries, and tokens that are to be removed."""

    entries: tuple[ListEntry, ...] = ()
    removed: tuple[bytes, ...] = ()

    def __len__(self) -> int:
        return len(self.entries) + len(self.removed)


class Reader(NamedTuple):
    """Whose list is prepared, under which key, and when."""

    edge: str
    key: bytes
    now: int


async def changes(edge: str, since: int, version: int) -> int:
    """How many things changed for an edge."""
    (row,) = await fetched(COUNTS, (since, version, edge, since, version))
    return int(row["changed"]) + int(row["gone"])


async def pieces(reader: Reader, since: int, version: int) -> AsyncIterator[Piece]:
    """What changed for an edge after version `since`, up to `version`; since 0 it is the list in full."""
    if since:
        gone = await Unlisted.filter(edge=reader.edge, changed__gt=since, changed__lte=version).order_by("id")
        for first in range(0, len(gone), AT_ONCE):
            yield Piece(removed=tuple(bytes.fromhex(row.digest) for row in gone[first : first + AT_ONCE]))
    last = 0
    while rows := await fetched(CHANGED, (since, version, last, AT_ONCE)):
        last = rows[-1]["id"]
        yield await _piece(reader, [Token(**row) for row in rows], removing=bool(since))


async def _piece(reader: Reader, rows: Sequence[Token], *, removing: bool) -> Piece:
    names = sorted({row.account for row in rows})
    accounts = {row.id: row for row in await Account.filter(id__in=names)}
    barred = await _barred(names, reader.edge)
    passes = await _passes(names, reader)
    entries, removed, begun = [], [], time.monotonic()
    for row in rows:
        if time.monotonic() - begun > TURN:
            await asyncio.sleep(0)
            begun = time.monotonic()
        value = tokens.plain(row)
        if value is None:
            continue  # sealed by another hub: nobody knows what it is
        digest = token_digest(reader.key, row.kind, value)
        account = accounts.get(row.account)
        if account is None or row.account in barred or not _listed(row, reader):
            if removing:
                removed.append(digest)
            continue
        entries.append(_entry(reader, row, digest, account, passes.get(row.account)))
    return Piece(tuple(entries), tuple(removed))


def _listed(row: Token, reader: Reader) -> bool:
    """Whether a token stands in an edge's list at all: a voucher in that of one edge, once."""
    if row.status == TokenStatus.WAITING or (row.until is not None and row.until <= reader.now):
        return False
    return row.kind != "voucher" or (row.edge == reader.edge and row.amount is not None)


def _entry(reader: Reader, row: Token, digest: bytes, account: Account, honours: Pass | None) -> ListEntry:
    pin = tokens.plain_pin(row)
    usable = row.status == TokenStatus.ACTIVE and account.closed is None
    return ListEntry(
        token=digest,
        kind=row.kind,
        account=row.account,
        status="Accepted" if usable else "Blocked",
        group=account.group,
        until=row.until,
        pin=None if pin is None else pin_digest(reader.key, digest, pin),
        honours=honours,
        amount=row.amount,
        consent=row.consent,
        voucher=vouchers.name_of(row.account) if row.kind == "voucher" else None,
    )


async def _barred(accounts: Sequence[str], edge: str) -> set[str]:
    """Those that may charge at certain edges, and not at this one."""
    rows = await AccountEdge.filter(account__in=[*accounts])
    return {row.account for row in rows} - {row.account for row in rows if row.edge == edge}


async def may_charge(account: str, edge: str) -> bool:
    """Whether an account may charge at an edge."""
    return not await _barred([account], edge)


async def _passes(accounts: Sequence[str], reader: Reader) -> Mapping[str, Pass]:
    """The pass of each account that an edge may honour now."""
    places = ", ".join("?" * len(accounts))
    rows = await fetched(PASSES.format(places), (reader.edge, reader.now, reader.now, *accounts))
    return {row["account"]: shape(row) for row in sorted(rows, key=lambda row: -int(row["until"]))}


async def pass_of(account: str, edge: str, now: int) -> Pass | None:
    """The pass of an account that an edge may honour now."""
    return (await _passes([account], Reader(edge, b"", now))).get(account)


def shape(row: Mapping[str, Any]) -> Pass:
    """A pass as it is sent: `uses` are all that this edge may honour of it, used or not."""
    return Pass(
        id=row["id"],
        until=row["until"],
        uses=row["uses"],
        uses_per_day=row["uses_per_day"],
        minutes_per_use=row["minutes_per_use"],
        energy_per_use=row["energy_per_use"],
    )
