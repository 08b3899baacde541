"""The ledger: double-entry bookkeeping in whole fen. Each event is one entry, whose postings add up to 0.

Accounts of the ledger. An amount above 0 is what the operator owes or has earned, one below 0 what it holds or is owed.

    clearing            <= 0   the selling operator's own merchant number, where customers pay in and are paid back.
                               chargelink holds no money: this is that operator's book of it
    wallet:ID           >= 0   what account ID has paid in and not used
    frozen:ORDER        >= 0   held for an order, until the edge's record of it, or a person, frees it
    leased:LEASE        >= 0   held for an allowance, until the edge's record of its end
    owed:ID             <= 0   what account ID owes: due beyond what was held and what its wallet reached
    unassigned          <= 0   bills of sessions without an account, to be collected on site
    promotion           <= 0   what the operator gave away: vouchers that nobody paid for
    revenue:energy             electricity fees
    revenue:service            service fees
    revenue:occupancy          fees for staying after the charge
    revenue:pass               passes sold

Energy beyond what a prepaid amount bought is given away: it is counted in the bill, and is not money.

What must stay on one side of 0 has its balance kept in a row, changed with each posting and checked in the same
transaction, so that two who spend at once never spend the same money. The other balances are sums over the postings:
no row that every transaction would wait for.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from tortoise.transactions import in_transaction

from chargelink.cli.language import Text
from chargelink.hub.store.statements import connection, fetched
from chargelink.link.quantities import EXACT
from chargelink.wire import ChargelinkError

CLEARING, UNASSIGNED, PROMOTION = "clearing", "unassigned", "promotion"
ENERGY, SERVICE, OCCUPANCY, PASS = "revenue:energy", "revenue:service", "revenue:occupancy", "revenue:pass"
LONGEST_KEY, LONGEST_MEMO = 192, 512
NEVER_BELOW, NEVER_ABOVE = ("wallet:", "frozen:", "leased:"), ("owed:",)  # their balances are kept

NAME = re.compile(
    r"(clearing|unassigned|promotion|revenue:(energy|service|occupancy|pass)"
    r"|(wallet|frozen|leased|owed):[A-Za-z0-9][A-Za-z0-9._:-]{0,63})\Z"
)

ENTER = (
    'INSERT INTO "entry" ("key", "at", "kind", "order", "session", "memo") VALUES (?, ?, ?, ?, ?, ?)'
    ' ON CONFLICT ("key") DO NOTHING RETURNING "id"'
)
POST = 'INSERT INTO "posting" ("entry", "account", "fen") VALUES '
KEEP = (
    'INSERT INTO "balance" ("account", "fen") VALUES (?, ?)'
    ' ON CONFLICT ("account") DO UPDATE SET "fen" = "balance"."fen" + excluded."fen" RETURNING "fen"'
)
POSTED = (
    'SELECT p."account", p."fen" FROM "posting" p JOIN "entry" e ON e."id" = p."entry" WHERE e."key" = ?'
    ' ORDER BY p."account"'
)
KEPT = 'SELECT "fen" FROM "balance" WHERE "account" = ?'
SUM = 'SELECT CAST(COALESCE(SUM("fen"), 0) AS BIGINT) AS "fen" FROM "posting" WHERE "account" = ?'
SUMS = 'SELECT "account", CAST(SUM("fen") AS BIGINT) AS "fen" FROM "posting" GROUP BY "account" ORDER BY "account"'
UNEVEN = (
    'SELECT e."key", CAST(SUM(p."fen") AS BIGINT) AS "fen" FROM "posting" p LEFT JOIN "entry" e ON e."id" = p."entry"'
    ' GROUP BY e."id", e."key" HAVING SUM(p."fen") <> 0 OR e."id" IS NULL ORDER BY e."key"'
)
LINES = (
    'SELECT e."at", e."kind", e."key", p."account", p."fen", e."order", e."session", e."memo"'
    ' FROM "posting" p JOIN "entry" e ON e."id" = p."entry" WHERE {} = ? ORDER BY p."id" DESC LIMIT ?'
)
BY = {"order": 'e."order"', "session": 'e."session"', "account": 'p."account"'}
ALL_KEPT = 'SELECT "account", "fen" FROM "balance"'


class BooksError(ChargelinkError):
    """An entry that cannot be written."""


class ShortError(BooksError):
    """There is not so much in an account: `account` has `have` fen, `needed` were asked for."""

    def __init__(self, account: str, have: int, needed: int) -> None:
        super().__init__(f"{account} has {have} fen, {needed} are needed")
        self.account, self.have, self.needed = account, have, needed


class OtherPostingsError(BooksError):
    """An entry of that key is there, and says something else."""


def wallet(account: str) -> str:
    """The ledger's name for the money of an account."""
    return f"wallet:{account}"


def owed(account: str) -> str:
    """The ledger's name for what an account owes."""
    return f"owed:{account}"


def frozen(order: str) -> str:
    """The ledger's name for what is held for an order."""
    return f"frozen:{order}"


def leased(lease: str) -> str:
    """The ledger's name for what is held for an allowance."""
    return f"leased:{lease}"


async def post(
    key: str,
    kind: str,
    at: int,
    amounts: Mapping[str, int],
    *,
    order: str | None = None,
    session: str | None = None,
    memo: str = "",
) -> bool:
    """Write an entry, in the transaction that runs; False when it is there already, with the same postings.

    `amounts` has the fen of each account; those of 0 are left out. Raises ShortError for money that is not there,
    OtherPostingsError for a key that was used for something else, BooksError for amounts that do not add up to 0 or
    an account that the ledger does not have. Whatever it raises, nothing was written, and the transaction can go on.
    """
    postings = _checked(key, amounts)
    async with in_transaction():
        made = await fetched(ENTER, (key, at, kind, order, session, memo[:LONGEST_MEMO]))
        if not made:
            await _require_same(key, postings)
            return False
        if postings:
            rows = [value for account, fen in postings for value in (made[0]["id"], account, fen)]
            await fetched(POST + ", ".join(["(?, ?, ?)"] * len(postings)), rows)
        for account, fen in postings:  # in the order of their names, as everybody locks them
            if account.startswith(NEVER_BELOW + NEVER_ABOVE):
                await _keep(account, fen)
    return True


def _checked(key: str, amounts: Mapping[str, int]) -> list[tuple[str, int]]:
    if not 0 < len(key) <= LONGEST_KEY:
        raise BooksError(f"a key has 1 to {LONGEST_KEY} characters: {key!r}")
    for account, fen in amounts.items():
        if not NAME.match(account):
            raise BooksError(f"the ledger has no account {account!r}")
        if type(fen) is not int or abs(fen) > EXACT:
            raise BooksError(f"{key}: {fen!r} is no amount in fen")
    if total := sum(amounts.values()):
        raise BooksError(f"{key}: the postings add up to {total} fen, not to 0")
    return sorted((account, fen) for account, fen in amounts.items() if fen)


async def _require_same(key: str, postings: list[tuple[str, int]]) -> None:
    there = sorted((row["account"], row["fen"]) for row in await fetched(POSTED, (key,)))
    if there != postings:
        raise OtherPostingsError(f"{key} is in the ledger with other postings: {there}, now {postings}")


async def _keep(account: str, fen: int) -> None:
    (row,) = await fetched(KEEP, (account, fen))
    now: int = row["fen"]
    if _wrong_side(account, now):
        raise ShortError(account, abs(now - fen), abs(fen))


def _wrong_side(account: str, fen: int) -> bool:
    if fen < 0:
        return account.startswith(NEVER_BELOW)
    return fen > 0 and (account.startswith(NEVER_ABOVE) or account in (CLEARING, UNASSIGNED, PROMOTION))


async def balance(account: str) -> int:
    """What an account of the ledger has now, fen."""
    rows = await fetched(KEPT if account.startswith(NEVER_BELOW + NEVER_ABOVE) else SUM, (account,))
    return int(rows[0]["fen"]) if rows else 0


async def held(account: str) -> int:
    """The balance of an account that has it kept; nobody else changes it until this transaction ends."""
    lock = "" if connection().capabilities.dialect == "sqlite" else " FOR UPDATE"  # SQLite has one writer anyway
    rows = await fetched(KEPT + lock, (account,))
    return int(rows[0]["fen"]) if rows else 0


async def balances() -> dict[str, int]:
    """Every account of the ledger that was ever posted to, and what its postings add up to, fen."""
    return {row["account"]: row["fen"] for row in await fetched(SUMS, ())}


class Line(NamedTuple):
    """A posting with its entry, to be shown."""

    at: int
    kind: str
    key: str
    account: str
    fen: int
    order: str | None
    session: str | None
    memo: str


async def lines(column: str, value: str, limit: int = 500) -> list[Line]:
    """The postings of an `order`, a `session` or an `account` of the ledger, oldest first; at most the last `limit`."""
    return [Line(**row) for row in reversed(await fetched(LINES.format(BY[column]), (value, limit)))]


async def verify() -> list[Text]:
    """Add everything up again: what is wrong, one sentence each; nothing where the ledger is right."""
    wrong = [
        Text(f"entry {row['key']} adds up to {row['fen']} fen", f"分录 {row['key']} 合计 {row['fen']} 分，不为 0")
        for row in await fetched(UNEVEN, ())
    ]
    sums = await balances()
    kept = {row["account"]: row["fen"] for row in await fetched(ALL_KEPT, ())}
    for account in sorted(sums.keys() | kept.keys()):
        fen = sums.get(account, 0)
        if _wrong_side(account, fen):
            wrong.append(Text(f"{account} has {fen} fen, which cannot be", f"账户 {account} 余额 {fen} 分，不应出现"))
        if account.startswith(NEVER_BELOW + NEVER_ABOVE) and (held := kept.get(account, 0)) != fen:
            wrong.append(
                Text(
                    f"{account} is kept as {held} fen, its postings add up to {fen}",
                    f"账户 {account} 记录余额 {held} 分，分录合计 {fen} 分",
                )
            )
    return wrong
