"""Changes of what stands in the edges' lists, numbered: a list is everything up to a number.

Whoever changes a token takes the next number in the same transaction, and others wait for it until that is over: when a
number can be read, every change with a lower one can be, too.
"""

import time
from collections.abc import Collection

from chargelink.hub.store.money import Token
from chargelink.hub.store.statements import fetched

TOKENS = "tokens"
NEXT = (
    'INSERT INTO "rising" ("name", "value") VALUES (?, ?) ON CONFLICT ("name") DO UPDATE SET "value" ='
    ' CASE WHEN "rising"."value" >= excluded."value" THEN "rising"."value" + 1 ELSE excluded."value" END'
    ' RETURNING "value"'
)
LAST = 'SELECT "value" FROM "rising" WHERE "name" = ?'


async def next_change() -> int:
    """The number of a change, in the transaction that makes it."""
    (row,) = await fetched(NEXT, (TOKENS, time.time_ns() // 1_000))
    return int(row["value"])


async def last_change() -> int:
    """The number of the last change; 0 before the first."""
    rows = await fetched(LAST, (TOKENS,))
    return int(rows[0]["value"]) if rows else 0


async def touch(accounts: Collection[str]) -> None:
    """Something about these accounts is different now: their group, where they may charge, a pass."""
    if accounts:
        await Token.filter(account__in=[*accounts]).update(changed=await next_change())
