"""Allowances (额度): money of an account that this edge may spend without asking, leased until a time.

What a session may cost is reserved in the transaction that begins it, and what it did cost is taken in the one that
ends it: several outlets never spend the same fen, and no instant at which the edge may die lies between. A lease ends
once, with the record `lease.closed` in the same transaction: when its time is over or it was withdrawn, and no session
on it is open; when all of it is spent; when the journal begins anew, for then this may be a backup, and what was
spent since is not known. A lease that ended never comes back.

Money is fen, times are UTC ms. All functions work within a transaction of the ledger's writer.
"""

from collections.abc import Callable, Sequence
from sqlite3 import Connection
from typing import TYPE_CHECKING, NamedTuple

from chargelink.cli.language import Text
from chargelink.edge.ledger.database import Database, entry_of
from chargelink.edge.ledger.refusal import NotAuthorisedError
from chargelink.link.authorisation import AllowanceResponse, GrantAllowance, Lease, WithdrawAllowance
from chargelink.model import Alarm, LeaseClosed
from chargelink.wire import ChargelinkError

if TYPE_CHECKING:
    from chargelink.edge.ledger.journal import Journal

EXPIRED, WITHDRAWN, SPENT, EPOCH = "expired", "withdrawn", "spent", "epoch"  # why a lease is closed

MOST_OPEN = 1_000
MOST_KNOWN = 100_000  # closed ones included
REMEMBERED = 400 * 86_400_000  # ms that a closed lease is known past its end

_OPEN = """
    SELECT l.id, l.account, l.amount, l.until, l.customers, l.spent, l.withdrawn,
           (SELECT coalesce(sum(r.amount), 0) FROM reservations r WHERE r.lease = l.id),
           (SELECT count(*) FROM reservations r WHERE r.lease = l.id)
    FROM leases l WHERE l.closed IS NULL
"""


class LeaseError(ChargelinkError):
    """The hub wants something of a lease that cannot be; the message says why."""


class Held(NamedTuple):
    """An open lease: `spent` is in bills, `reserved` is what `sessions` open ones may still cost."""

    lease: Lease
    spent: int
    reserved: int
    sessions: int
    withdrawn: bool

    @property
    def left(self) -> int:
        """What nobody has reserved, fen."""
        return self.lease.amount - self.spent - self.reserved


def grant(database: Database, leases: Sequence[Lease], now: int) -> None:
    """Take all of these leases, or none. One that is known, also as closed, changes nothing.

    One whose time is over already is taken and closed, for only its record tells the hub that the money is free.
    Raises LeaseError for a known id with other values, for one that is long past, and where there are too many.
    """
    for lease in leases:
        known = _known(database, lease.id)
        if known is not None:
            if known != lease:
                raise LeaseError(f"{lease.id} is known here with other values")
            continue
        if lease.until < now - REMEMBERED:
            raise LeaseError(f"{lease.id} ended so long ago that nobody here remembers it")
        _require_room(database)
        database.execute(
            "INSERT INTO leases VALUES (?, ?, ?, ?, ?, 0, 0, NULL)",
            (lease.id, lease.account, lease.amount, lease.until, lease.group),
        )
        _close_if_over(database, lease.id, now)


def withdraw(database: Database, identifier: str, now: int) -> None:
    """Begin no session on it any more; close it if none is open. Raises LeaseError if it was never granted here."""
    if _known(database, identifier) is None:
        raise LeaseError(f"{identifier} is not known here")
    database.execute("UPDATE leases SET withdrawn = 1 WHERE id = ? AND closed IS NULL", (identifier,))
    _close_if_over(database, identifier, now)


def reserve(
    database: Connection, identifier: str, session: str, wanted: int | None, now: int, clock_trusted: bool
) -> int:
    """Reserve what a session may cost: `wanted`, or what is left if that is less or nothing is said; how much it is.

    Raises NotAuthorisedError if the lease is over, unknown, withdrawn or used up, or if the clock is not to be trusted:
    nobody could say then whether it is over.
    """
    lease = held(database, identifier)
    if not clock_trusted:
        raise NotAuthorisedError("Invalid", CLOCK)
    if lease is None or lease.withdrawn or lease.lease.until <= now:
        raise NotAuthorisedError("NoCredit", OVER)
    amount = lease.left if wanted is None else min(wanted, lease.left)
    if amount <= 0:
        raise NotAuthorisedError("NoCredit", USED_UP)
    database.execute("INSERT INTO reservations VALUES (?, ?, ?)", (session, identifier, amount))
    return amount


def settle(database: Database, session: str, spent: int, now: int) -> None:
    """A session that reserved something has ended with a bill of `spent`; what is left of it goes back to the lease.

    Nothing happens for a session that reserved nothing, or whose lease was closed by a new life of the journal.
    """
    row = database.execute("SELECT lease, amount FROM reservations WHERE session = ?", (session,)).fetchone()
    if row is None:
        return
    identifier, reserved = row
    if not 0 <= spent <= reserved:
        text = f"a bill of {spent} fen on {reserved} fen of {identifier}"
        database.add(entry_of(Alarm(code="lease-overspent", text=text, at=now, session_id=session), now))
    database.execute("DELETE FROM reservations WHERE session = ?", (session,))
    database.execute("UPDATE leases SET spent = spent + ? WHERE id = ?", (min(spent, reserved), identifier))
    _close_if_over(database, identifier, now)


def sweep(database: Database, now: int) -> list[str]:
    """Close what is over and forget what was closed long ago; which ones were closed."""
    over = database.execute("SELECT id FROM leases WHERE closed IS NULL AND until <= ? ORDER BY id", (now,)).fetchall()
    database.execute("DELETE FROM leases WHERE closed IS NOT NULL AND until < ?", (now - REMEMBERED,))
    return [identifier for (identifier,) in over if _close_if_over(database, identifier, now)]


def void(database: Database, now: int) -> None:
    """The journal begins anew: close all, with how many sessions on each have not ended."""
    for lease in held_all(database):
        _close(database, lease, EPOCH, now)
    database.execute("DELETE FROM reservations")


def held(database: Connection, identifier: str) -> Held | None:
    """One lease, if it is open."""
    row = database.execute(f"{_OPEN} AND l.id = ?", (identifier,)).fetchone()
    return None if row is None else _held(*row)


def held_all(database: Connection) -> list[Held]:
    """Every open lease."""
    return [_held(*row) for row in database.execute(f"{_OPEN} ORDER BY l.id")]


def for_account(database: Connection, account: str, now: int) -> Held | None:
    """The lease of an account on which a session could begin: that with the most left, of equals that which ends
    first."""
    rows = database.execute(f"{_OPEN} AND l.account = ? AND l.withdrawn = 0 AND l.until > ?", (account, now))
    usable = [lease for lease in (_held(*row) for row in rows) if lease.left > 0]
    return min(usable, key=lambda one: (-one.left, one.lease.until, one.lease.id), default=None)


class Allowances:
    """The leases of one edge, as the hub and people ask for them. All methods raise LedgerError."""

    def __init__(self, ledger: "Journal", clock: Callable[[], int]) -> None:
        self._run = ledger.writer.run
        self._clock = clock

    async def grant(self, request: GrantAllowance) -> AllowanceResponse:
        """Do what the hub asks; Accepted after the commit."""
        try:
            await self._run(lambda database: grant(database, request.leases, self._clock()))
        except LeaseError as error:
            return AllowanceResponse(status="Rejected", reason=str(error))
        return AllowanceResponse(status="Accepted")

    async def withdraw(self, request: WithdrawAllowance) -> AllowanceResponse:
        """Do what the hub asks; Accepted after the commit."""
        try:
            await self._run(lambda database: withdraw(database, request.lease, self._clock()))
        except LeaseError as error:
            return AllowanceResponse(status="Rejected", reason=str(error))
        return AllowanceResponse(status="Accepted")

    async def sweep(self) -> list[str]:
        """Close what is over; which."""
        return await self._run(lambda database: sweep(database, self._clock()))

    async def held(self) -> list[Held]:
        """Every open lease."""
        return await self._run(held_all)


def _held(*row: object) -> Held:
    identifier, account, amount, until, customers, spent, withdrawn, reserved, sessions = row
    lease = Lease(id=identifier, account=account, amount=amount, until=until, group=customers)  # type: ignore[arg-type]
    return Held(lease, spent, reserved, sessions, bool(withdrawn))  # type: ignore[arg-type]


def _known(database: Connection, identifier: str) -> Lease | None:
    row = database.execute(
        "SELECT id, account, amount, until, customers FROM leases WHERE id = ?", (identifier,)
    ).fetchone()
    return None if row is None else Lease(id=row[0], account=row[1], amount=row[2], until=row[3], group=row[4])


def _require_room(database: Connection) -> None:
    known, closed = database.execute("SELECT count(*), count(closed) FROM leases").fetchone()
    if known >= MOST_KNOWN or known - closed >= MOST_OPEN:
        raise LeaseError(f"{known - closed} leases are open here and {closed} remembered; {MOST_OPEN} may be open")


def _close_if_over(database: Database, identifier: str, now: int) -> bool:
    lease = held(database, identifier)
    if lease is None or lease.sessions:
        return False
    if lease.spent >= lease.lease.amount:
        reason = SPENT
    elif lease.withdrawn:
        reason = WITHDRAWN
    elif lease.lease.until <= now:
        reason = EXPIRED
    else:
        return False
    _close(database, lease, reason, now)
    return True


def _close(database: Database, held: Held, reason: str, now: int) -> None:
    lease = held.lease
    database.execute("UPDATE leases SET closed = ? WHERE id = ?", (reason, lease.id))
    closed = LeaseClosed(
        lease=lease.id,
        edge_id=database.edge,
        account=lease.account,
        amount=lease.amount,
        spent=held.spent,
        reason=reason,
        at=now,
        unbilled=held.sessions,
    )
    database.add(entry_of(closed, now))


CLOCK = Text(
    "the time is not known here, so nothing may be paid from an allowance; set the clock or connect the hub",
    "本机时间不可信，不能使用额度；请校准时钟或连接平台",
)
OVER = Text(
    "the allowance of this account is over; it can pay when the hub is there",
    "该账户的额度已到期或收回；平台连接后可支付",
)
USED_UP = Text("nothing is left of the allowance of this account", "该账户的额度已用完")
