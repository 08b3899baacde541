"""Tries of PINs: five for each card or account at this edge, counted across restarts, and before anybody is answered.

Whoever was wrong five times is refused, with the right PIN too, until the hub sends that entry anew or an operator on
site lets it try again. All functions work within a transaction of the ledger's writer.
"""

from collections.abc import Callable
from sqlite3 import Connection
from typing import NamedTuple

from chargelink.cli.language import Text
from chargelink.edge.ledger.database import Database, entry_of
from chargelink.edge.ledger.refusal import NotAuthorisedError
from chargelink.link.authorisation import ListEntry
from chargelink.model import Alarm

TRIES = 5
SHOWN = 8  # hex digits of a token by which people and records know it


class Locked(NamedTuple):
    """A card or account that has no try left, by the first digits of its token; since when, UTC ms."""

    token: str
    at: int


def count(database: Database, entry: ListEntry, now: int) -> int:
    """Count one more try, to be committed before the PIN is compared; how many are left after it.

    Tries of another PIN than the list has now do not count any more. Raises NotAuthorisedError if none is left; the
    last one is alarmed.
    """
    assert entry.pin is not None, "only what has a PIN is asked for one"
    row = database.execute(
        "SELECT tries FROM pin_tries WHERE token = ? AND pin = ?", (entry.token, entry.pin)
    ).fetchone()
    tries = 1 if row is None else row[0] + 1
    if tries > TRIES:
        raise NotAuthorisedError("Blocked", LOCKED)
    database.execute("INSERT OR REPLACE INTO pin_tries VALUES (?, ?, ?, ?)", (entry.token, entry.pin, tries, now))
    return TRIES - tries


def right(database: Connection, entry: ListEntry) -> None:
    """The PIN was right: all tries are free again."""
    database.execute("DELETE FROM pin_tries WHERE token = ?", (entry.token,))


def lock(database: Database, entry: ListEntry, now: int) -> None:
    """The last try was wrong: tell it, once."""
    text = f"{entry.kind} {shown(entry.token)}: the PIN was wrong {TRIES} times; it is locked at this edge"
    database.add(entry_of(Alarm(code="pin-locked", text=text, at=now), now))


def unlock(database: Database, entry: ListEntry, now: int) -> bool:
    """An operator lets it try again; whether any try was counted."""
    gone = database.execute("DELETE FROM pin_tries WHERE token = ?", (entry.token,)).rowcount
    if gone:
        text = f"{entry.kind} {shown(entry.token)}: an operator on site lets its PIN be tried again"
        database.add(entry_of(Alarm(code="pin-unlocked", text=text, at=now), now))
    return gone > 0


def keep_only(database: Connection, find: Callable[[bytes], ListEntry | None]) -> None:
    """A new list is in use: tries of who is not in it, or has another PIN there, are over."""
    for token, pin in database.execute("SELECT token, pin FROM pin_tries").fetchall():
        entry = find(token)
        if entry is None or entry.pin != pin:
            database.execute("DELETE FROM pin_tries WHERE token = ?", (token,))


def locked(database: Connection) -> list[Locked]:
    """Who has no try left, the newest first."""
    rows = database.execute("SELECT token, at FROM pin_tries WHERE tries >= ? ORDER BY at DESC LIMIT 1000", (TRIES,))
    return [Locked(shown(token), at) for token, at in rows]


def shown(token: bytes) -> str:
    """A card as people and records may see it."""
    return token.hex()[:SHOWN]


LOCKED = Text(
    "the PIN was wrong five times; ask the operator to let it be tried again",
    "密码连续输错五次，已锁定；请联系运营人员解锁",
)
