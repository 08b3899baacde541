"""Starts that are planned, across restarts: each is taken up once, and then it is none any more."""

import sqlite3

import msgspec

from chargelink.edge.ledger.database import Database
from chargelink.link.authorisation import Authorisation
from chargelink.link.messages import Caps
from chargelink.model import AuthorisedBy

MOST = 1_000


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A start at `due` (UTC ms), planned at `made`. `cheap` says that the time was chosen for its price.

    `taken` says that it was being begun when it was last heard of: whoever finds it so begins nothing.
    """

    number: int
    device: str
    outlet: str | None
    due: int
    made: int
    by: AuthorisedBy
    caps: Caps = Caps()
    remote_start_id: int | None = None
    authorisation: Authorisation | None = None
    tariff_hash: str | None = None
    cheap: bool = False
    taken: bool = False

    @property
    def place(self) -> tuple[str, str | None]:
        """Where."""
        return self.device, self.outlet


def add(database: Database, plan: Plan) -> Plan:
    """Keep a plan; it gets its number, which no other ever had."""
    (number,) = database.execute("INSERT INTO plans (body) VALUES (x'') RETURNING number").fetchone()
    numbered = msgspec.structs.replace(plan, number=number)
    database.execute("UPDATE plans SET body = ? WHERE number = ?", (msgspec.msgpack.encode(numbered), number))
    return numbered


def take(database: Database, plan: Plan) -> Plan:
    """It is being begun."""
    taken = msgspec.structs.replace(plan, taken=True)
    database.execute("UPDATE plans SET body = ? WHERE number = ?", (msgspec.msgpack.encode(taken), plan.number))
    return taken


def remove(database: Database, number: int) -> None:
    """It has begun, or never will."""
    database.execute("DELETE FROM plans WHERE number = ?", (number,))


def every(database: sqlite3.Connection) -> list[Plan]:
    """All of them, in the order in which they were made."""
    rows = database.execute("SELECT body FROM plans ORDER BY number")
    return [msgspec.msgpack.decode(body, type=Plan) for (body,) in rows]
