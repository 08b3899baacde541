"""After a history: does the hub's ledger say what its bills say, is nothing held, and was nothing spent twice?"""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tests.money.story import History

LEFT = """
    SELECT coalesce(sum(fen), 0) FROM posting WHERE account IN ('wallet:' || ?1, 'owed:' || ?1)
    OR account IN (SELECT 'frozen:' || id FROM "order" WHERE account = ?1)
"""
BILLED = """
    SELECT (SELECT coalesce(sum(total), 0) FROM bill WHERE account = ?)
    + (SELECT coalesce(sum(total), 0) FROM occupancy_bill WHERE account = ?)
"""
OWED = "SELECT -coalesce(sum(fen), 0) FROM posting WHERE account = 'owed:' || ?"
STAYED = "SELECT coalesce(sum(total), 0) FROM occupancy_bill WHERE account = ?"
OVER = {"settled", "released"}
ENDED = {"closed"}


def of_money(file: Path, histories: list[History]) -> Iterator[tuple[str, str]]:
    """What is wrong in the ledger, with the edge that it concerns."""
    with closing(sqlite3.connect(file)) as database:
        yield from _even(database)
        yield from _bills(database)
        yield from _orders(database)
        for history in histories:
            if history.desk is not None:
                yield from ((history.name, problem) for problem in _account(database, history))


def _even(database: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    for entry, fen in database.execute("SELECT entry, sum(fen) FROM posting GROUP BY entry HAVING sum(fen) <> 0"):
        yield "", f"the entry {entry} adds up to {fen} fen"


def _bills(database: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """What was earned is what was billed, session by session."""
    earned: dict[str, int] = defaultdict(int)
    entries: dict[str, set[int]] = defaultdict(set)
    for session, entry, fen in database.execute(
        "SELECT e.kind || ' ' || e.session, e.id, p.fen FROM posting p JOIN entry e ON e.id = p.entry"
        " WHERE p.account LIKE 'revenue:%'"
    ):
        earned[session] += fen
        entries[session].add(entry)
    for session, edge, total in database.execute(
        "SELECT 'charge ' || session, edge, total FROM bill"
        " UNION ALL SELECT 'occupancy ' || session, edge, total FROM occupancy_bill"
    ):
        if earned.pop(session, 0) != (total or 0):
            yield edge, f"{session}: billed {total} fen, the ledger has other"
        if len(entries[session]) > 1:
            yield edge, f"{session}: posted {len(entries[session])} times"
    yield from (("", f"{session}: {fen} fen without a bill") for session, fen in earned.items())


def _orders(database: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    waiting = set()
    for name, edge, state, total in database.execute(
        'SELECT o.id, o.edge, o.state, b.total FROM "order" o LEFT JOIN bill b ON b.session = o.session'
    ):
        if state == "waiting" and total is None:
            waiting.add(f"frozen:{name}")  # for a person: it cannot be priced
        elif state not in OVER:
            yield edge, f"the order {name} is {state} for ever"
    for name, edge, state, reason in database.execute("SELECT id, edge, state, reason FROM lease"):
        if state not in ENDED:
            yield edge, f"the allowance {name} is {state} for ever {reason}"
    for account, fen in database.execute("SELECT account, sum(fen) FROM posting GROUP BY account HAVING sum(fen) <> 0"):
        if account.startswith(("frozen:", "leased:")) and account not in waiting:
            yield "", f"{fen} fen stay in {account}"
        if account.startswith("wallet:") and fen < 0:
            yield "", f"{account} has {fen} fen"


def _account(database: sqlite3.Connection, history: History) -> Iterator[str]:
    """Paid in is what is left and what was billed to it."""
    desk = history.desk
    assert desk is not None
    (left,) = database.execute(LEFT, (desk.account,)).fetchone()
    (billed,) = database.execute(BILLED, (desk.account, desk.account)).fetchone()
    (owed,) = database.execute(OWED, (desk.account,)).fetchone()
    (stayed,) = database.execute(STAYED, (desk.account,)).fetchone()
    if owed > stayed:  # nothing is prepaid for that, and for everything else it is
        yield f"{owed} fen are owed, {stayed} were due for staying"
    if desk.paid_in != left + billed:
        yield f"{desk.paid_in} fen were paid in, {left} are left, {billed} are in bills"


def counted(file: Path) -> Counter[str]:
    """What happened at the hub."""
    counts: Counter[str] = Counter()
    with closing(sqlite3.connect(file)) as database:
        for state, count in database.execute('SELECT state, count(*) FROM "order" GROUP BY state'):
            counts[f"orders {state}"] = count
        for reason, count in database.execute("SELECT reason, count(*) FROM lease GROUP BY reason"):
            counts[f"allowances {reason}"] = count
        (counts["starts refused by record"],) = database.execute(
            "SELECT count(*) FROM record WHERE kind = 'start.refused'"
        ).fetchone()
        (counts["stays that cost"],) = database.execute(
            "SELECT count(*) FROM occupancy_bill WHERE total > 0"
        ).fetchone()
        (counts["paid by allowance"],) = database.execute(
            "SELECT count(DISTINCT entry) FROM posting p JOIN entry e ON e.id = p.entry"
            " WHERE p.account LIKE 'leased:%' AND e.session IS NOT NULL"
        ).fetchone()
    return counts
