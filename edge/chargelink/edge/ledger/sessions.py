"""Sessions from authorised to billed. Whatever instant the edge dies at, a session ends once and is billed once.

The start stands in the ledger before anything is energised; end, bill and journal record are one transaction. In
between the register is kept: where the price changes, the readings around the change, else the newest, at least every
minute. A session that was open when the edge died is found again by `load`: one of a car is closed from the register,
one of a socket goes on if the socket held it.
"""

import sqlite3
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import NamedTuple

import msgspec

from chargelink.edge.ledger import held_tariffs, journal
from chargelink.edge.ledger.database import Database
from chargelink.edge.ledger.journal import Journal
from chargelink.edge.ledger.open_session import Ending, OpenSession, backwards, billed, up_to, with_reading
from chargelink.edge.ledger.supervision import Supervision
from chargelink.ids import ENTROPY_BYTES, session_id
from chargelink.link.messages import METERING_LANE, Caps
from chargelink.model import (
    AuthorisedBy,
    Reading,
    SessionEnded,
    SessionKind,
    SessionStarted,
    StopReason,
    Tariff,
    body_of,
)
from chargelink.tariff import tariff_hash
from chargelink.trust.personal import Sealed

KEPT_EVERY = 60_000  # ms: how much of a session's readings a crash may cost; the register itself loses nothing

Entropy = Callable[[int], bytes]


class Begun(NamedTuple):
    """A session that began; or, `again`, one that a remote start told before: then nothing may be energised anew."""

    started: SessionStarted
    again: bool


class Sessions:
    """The sessions of one edge. Every method raises LedgerError if what it says cannot be stored."""

    def __init__(self, ledger: Journal, edge_id: str, entropy: Entropy, supervision: Supervision | None = None) -> None:
        """`entropy` gives so many random bytes: `os.urandom`. What each session measured is sealed by `supervision`."""
        self._ledger = ledger
        self._supervision = supervision
        self._edge_id = edge_id
        self._entropy = entropy
        self._open: dict[str, OpenSession] = {}
        self._interrupted: frozenset[str] = frozenset()  # were open when the edge last stopped
        self._kept_at: dict[str, int] = {}
        self._alarmed: set[str] = set()

    @property
    def open(self) -> tuple[OpenSession, ...]:
        """The sessions that have not ended."""
        return tuple(self._open.values())

    def get(self, identifier: str) -> OpenSession | None:
        """An open session by its id."""
        return self._open.get(identifier)

    async def load(self) -> tuple[OpenSession, ...]:
        """Find the sessions that were open when the edge last stopped."""
        self._open = await self._ledger.writer.run(_open_sessions)
        self._interrupted = frozenset(self._open)
        return self.open

    async def begin(
        self,
        device: str,
        kind: SessionKind,
        tariff: Tariff,
        now: int,
        *,
        authorised_by: AuthorisedBy = AuthorisedBy.LOCAL,
        outlet: str | None = None,
        key: str | None = None,
        remote_start_id: int | None = None,
        caps: Caps = Caps(),  # noqa: B008 - frozen
        start: Reading | None = None,
    ) -> Begun:
        """Authorised at `now` (UTC milliseconds): give the session its id and store it.

        A remote start that is told again gets the session that it already has, open or ended. Raises LedgerFull while
        too many records wait for the hub.
        """
        started = SessionStarted(
            session_id=session_id(now, self._entropy(ENTROPY_BYTES)),
            edge_id=self._edge_id,
            device=device,
            outlet=outlet,
            kind=kind,
            authorised_by=authorised_by,
            remote_start_id=remote_start_id,
            tariff_id=tariff.id,
            tariff_hash=tariff_hash(tariff),
            at=now,
            start=start,
        )
        session = OpenSession(started, tariff, caps, key, () if start is None else (start,))
        before = await self._ledger.writer.run(lambda database: _begin(database, session))
        if before is not None:
            return Begun(before, again=True)
        self._open[session.id] = session
        self._kept_at[session.id] = now
        return Begun(started, again=False)

    async def read(self, identifier: str, reading: Reading) -> bool:
        """Take a reading of an open session; False if it was left out: it cannot be true, or the session has ended.

        A clock that was set back keeps the time of the reading before: a step of the clock never changes energy. A
        register that runs backwards is alarmed once.
        """
        session = self._open.get(identifier)
        if session is None:
            return False
        longer = with_reading(session, reading)
        if longer is None:
            if identifier not in self._alarmed:
                self._alarmed.add(identifier)
                await self._ledger.append(backwards(session, reading), reading.at)
            return False
        self._open[identifier] = longer
        due = abs(reading.at - self._kept_at.get(identifier, 0)) >= KEPT_EVERY  # a clock that was set back, too
        if due or len(longer.readings) > len(session.readings):
            await self._ledger.writer.run(lambda database: _keep(database, longer))
            self._kept_at[identifier] = reading.at
        return True

    async def identify(self, identifier: str, vehicle: Sealed) -> None:
        """Keep, sealed, what car an open session charges: what it said last stands in the record of the end."""
        session = self._open.get(identifier)
        if session is not None:
            self._open[identifier] = replace(session, vehicle=vehicle)
            await self._ledger.writer.run(lambda database: _identify(database, identifier, vehicle))

    async def end(self, identifier: str, now: int, ending: Ending) -> SessionEnded:
        """End a session and bill it, in one transaction. Ending it again gives the same answer and changes nothing.

        Raises KeyError for a session that never was.
        """
        session = self._open.get(identifier)
        if session is not None and ending.final and ending.reading is not None:
            self._open[identifier] = session = up_to(session, ending.reading.register)
        if ending.reading is not None and await self.read(identifier, ending.reading):
            session = self._open.get(identifier, session)
        supervision = self._supervision
        ended = await self._ledger.writer.run(
            lambda database: _end(database, identifier, session, now, ending, supervision)
        )
        for memory in (self._open, self._kept_at):
            memory.pop(identifier, None)
        self._alarmed.discard(identifier)
        return ended

    async def find(self, device: str, outlet: str | None, key: str) -> OpenSession | SessionEnded | None:
        """The session that a device calls `key`, open or ended: a settlement sent twice finds the first."""
        row = await self._ledger.writer.run(
            lambda database: database.execute(
                "SELECT id, ended FROM sessions WHERE device = ? AND outlet IS ? AND key = ?", (device, outlet, key)
            ).fetchone()
        )
        if row is None:
            return None
        identifier, ended = row
        return self._open.get(identifier) if ended is None else _ended(ended)

    async def started_by(self, remote_start_id: int) -> SessionStarted | None:
        """The session, open or ended, that a remote start has already got."""
        return await self._ledger.writer.run(lambda database: _started_by(database, remote_start_id))

    async def close_interrupted(
        self, now: int, registers: Mapping[str, int], sockets: Collection[str]
    ) -> list[SessionEnded]:
        """After a restart: close each session of a car from its register (mWh by device). It is never resumed.

        Without a register the last reading kept stands. A session of a socket that is not among `sockets` any more is
        closed as well, for nobody will ever hear its settlement. Sessions that began since `load` go on.
        """
        closed = []
        for session in [self._open[identifier] for identifier in self._interrupted & self._open.keys()]:
            started = session.started
            if started.kind is SessionKind.DC:
                # One that was only watched had no register: what a meter says there now is none of its business.
                watched = started.authorised_by is AuthorisedBy.MONITOR
                register = None if watched else registers.get(started.device)
                reading = None if register is None else Reading(at=now, register=register)
                ending = Ending(StopReason.POWER_LOSS, by="edge", reading=reading, fault=True)
            elif started.device not in sockets:
                ending = Ending(StopReason.OTHER, by="edge: socket removed", fault=True)
            else:
                continue
            closed.append(await self.end(session.id, now, ending))
        return closed


def _begin(database: Database, session: OpenSession) -> SessionStarted | None:
    """Store a session that begins; or, for a remote start told again, find the one that it has."""
    started = session.started
    if started.remote_start_id is not None:
        before = _started_by(database, started.remote_start_id)
        if before is not None:
            return before
    journal.require_room(database)
    held_tariffs.use(database, session.tariff, started.at)
    journal.append(database, started, started.at)
    database.execute(
        "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
        (
            session.id,
            started.device,
            started.outlet,
            session.key,
            started.remote_start_id,
            body_of(started),
            msgspec.msgpack.encode(session.caps),
            msgspec.msgpack.encode(session.readings),
        ),
    )
    return None


def _started_by(database: sqlite3.Connection, remote_start_id: int) -> SessionStarted | None:
    row = database.execute("SELECT started FROM sessions WHERE remote_start_id = ?", (remote_start_id,)).fetchone()
    return None if row is None else msgspec.msgpack.decode(row[0], type=SessionStarted)


def _keep(database: sqlite3.Connection, session: OpenSession) -> None:
    database.execute(
        "UPDATE sessions SET readings = ? WHERE id = ? AND ended IS NULL",
        (msgspec.msgpack.encode(session.readings), session.id),
    )


def _identify(database: sqlite3.Connection, identifier: str, vehicle: Sealed) -> None:
    row = (msgspec.msgpack.encode(vehicle), identifier)
    database.execute("UPDATE sessions SET vehicle = ? WHERE id = ? AND ended IS NULL", row)


def _end(
    database: Database,
    identifier: str,
    session: OpenSession | None,
    now: int,
    ending: Ending,
    supervision: Supervision | None,
) -> SessionEnded:
    row = database.execute("SELECT ended FROM sessions WHERE id = ?", (identifier,)).fetchone()
    if row is None:
        raise KeyError(identifier)
    if row[0] is not None:
        return _ended(row[0])
    assert session is not None, "an open session that was not loaded"
    ended = billed(session, now, ending)
    journal.append(database, ended, ended.at)
    if supervision is not None:
        journal.append(database, supervision.sealed(ended), ended.at, METERING_LANE)
    database.execute(
        "UPDATE sessions SET ended = ?, readings = ? WHERE id = ?",
        (body_of(ended), msgspec.msgpack.encode(ended.readings), identifier),
    )
    return ended


def _ended(body: bytes) -> SessionEnded:
    return msgspec.msgpack.decode(body, type=SessionEnded)


def _open_sessions(database: sqlite3.Connection) -> dict[str, OpenSession]:
    rows = database.execute(
        "SELECT key, started, caps, readings, vehicle FROM sessions WHERE ended IS NULL ORDER BY id"
    ).fetchall()
    return {session.id: session for session in (_open_session(database, *row) for row in rows)}


def _open_session(
    database: sqlite3.Connection, key: str | None, started: bytes, caps: bytes, readings: bytes, vehicle: bytes | None
) -> OpenSession:
    start = msgspec.msgpack.decode(started, type=SessionStarted)
    (tariff,) = database.execute("SELECT body FROM tariffs WHERE hash = ?", (start.tariff_hash,)).fetchone()
    return OpenSession(
        start,
        msgspec.msgpack.decode(tariff, type=Tariff),
        msgspec.msgpack.decode(caps, type=Caps),
        key,
        msgspec.msgpack.decode(readings, type=tuple[Reading, ...]),
        None if vehicle is None else msgspec.msgpack.decode(vehicle, type=Sealed),
    )
