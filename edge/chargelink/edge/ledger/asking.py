"""What the hub was asked before a start that has not begun yet: it may have frozen money, answered or not.

It stands here before the hub is asked. It is over when a session begins with the answer, in that transaction, or when
the hub said no. Else it is refused for good by the record `start.refused`: when the hub did not answer in time, when
the start failed, when the edge was restarted meanwhile. Online and offline never both pay.

All functions work within a transaction of the ledger's writer.
"""

from sqlite3 import Connection

from chargelink.cli.language import Text
from chargelink.edge.ledger.database import Database, entry_of
from chargelink.edge.ledger.refusal import NotAuthorisedError
from chargelink.model import StartRefused

OPEN, BEGUN, REFUSED = "open", "begun", "refused"
STALE = 15 * 60_000  # ms after which nobody begins any more with an answer
REMEMBERED = 30 * 86_400_000  # ms that one that is over is known


def ask(database: Connection, request: str, device: str, outlet: str | None, now: int) -> None:
    """The hub is about to be asked."""
    database.execute("INSERT INTO asked VALUES (?, ?, ?, ?, NULL, ?)", (request, device, outlet, now, OPEN))


def answered(database: Connection, request: str, order: str) -> None:
    """The hub said yes, and has frozen money for an order."""
    database.execute("UPDATE asked SET customer_order = ? WHERE request = ?", (order, request))


def forget(database: Connection, request: str) -> None:
    """Nothing is frozen: the hub never heard it, or said no."""
    database.execute("DELETE FROM asked WHERE request = ? AND state = ?", (request, OPEN))


def refuse(database: Database, request: str, reason: str, text: str, now: int) -> None:
    """Nothing will begin with its answer; unless it has, or was refused before. `reason` is one word."""
    row = database.execute(
        "SELECT device, outlet, customer_order FROM asked WHERE request = ? AND state = ?", (request, OPEN)
    ).fetchone()
    if row is None:
        return
    device, outlet, order = row
    database.execute("UPDATE asked SET state = ? WHERE request = ?", (REFUSED, request))
    refused = StartRefused(
        edge_id=database.edge,
        device=device,
        outlet=outlet,
        reason=reason[:64],
        text=text[:512],
        at=now,
        order=order,
        request=request,
    )
    database.add(entry_of(refused, now))


def refuse_all(database: Database, before: int, reason: str, text: str, now: int) -> None:
    """Refuse all that was asked before a time, UTC ms, and did not begin."""
    rows = database.execute("SELECT request FROM asked WHERE state = ? AND at < ?", (OPEN, before)).fetchall()
    for (request,) in rows:
        refuse(database, request, reason, text, now)
    database.execute("DELETE FROM asked WHERE state <> ? AND at < ?", (OPEN, now - REMEMBERED))


def begin(database: Connection, order: str) -> None:
    """A session begins for an order, if this edge asked for it. Raises NotAuthorisedError if that is over."""
    states = database.execute("SELECT state FROM asked WHERE customer_order = ?", (order,)).fetchall()
    if any(state != OPEN for (state,) in states):
        raise NotAuthorisedError("Expired", TOO_LATE)
    database.execute("UPDATE asked SET state = ? WHERE customer_order = ?", (BEGUN, order))


TOO_LATE = Text("this took too long; its payment was released, start again", "等待超时，冻结金额已释放，请重新启动")
