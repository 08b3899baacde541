"""Sessions in the ledger: each function is work of one transaction, done wholly or not at all."""

import sqlite3
from typing import NamedTuple, TypeVar

import msgspec

from chargelink.edge.ledger import agreed, held_tariffs, journal
from chargelink.edge.ledger.database import Database
from chargelink.edge.ledger.open_session import Course, Ending, OpenSession, billed, not_priced
from chargelink.edge.ledger.session_states import Answer, Event, State, after
from chargelink.edge.ledger.supervision import Supervision
from chargelink.link.chain import record_hash
from chargelink.link.messages import METERING_LANE, RECORD_LANE, Caps
from chargelink.model import Alarm, Bill, Reading, SessionEnded, SessionStarted, StartRefused, Tariff, body_of
from chargelink.trust.personal import Sealed
from chargelink.wire import ChargelinkError

Body = TypeVar("Body")

GIVEN_AWAY = "money.given-away"  # its name in the ledger's memory


class OrderRefused(ChargelinkError):  # noqa: N818 - says what it is
    """An order that was refused before begins nothing any more; the message says why it was."""

    def __init__(self, refused: StartRefused) -> None:
        super().__init__(refused.text)
        self.refused = refused


def begin(database: Database, session: OpenSession, clock_trusted: bool) -> SessionStarted | None:
    """Store a session that begins; or, for a remote start told again, find the one that it has.

    Raises LedgerFull; OrderRefused for a remote start that was refused; NotAuthorisedError if what it is to be paid
    from is not there any more.
    """
    started = session.started
    before = None if started.remote_start_id is None else standing(database, started.remote_start_id)
    if after(standing_state(database, before), Event.BEGIN, session.id).answer is Answer.SAME:
        if isinstance(before, StartRefused):
            raise OrderRefused(before)
        return before
    journal.require_room(database)
    agreed.begin(database, started, clock_trusted)
    held_tariffs.use(database, session.tariff, started.at)
    journal.append(database, started, started.at)
    database.execute(
        "INSERT INTO sessions (id, device, outlet, key, remote_start_id, started, caps, readings, course)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            session.id,
            started.device,
            started.outlet,
            session.key,
            started.remote_start_id,
            body_of(started),
            msgspec.msgpack.encode(session.caps),
            msgspec.msgpack.encode(session.readings),
            msgspec.msgpack.encode(session.course),
        ),
    )
    return None


def refuse(database: Database, refused: StartRefused) -> StartRefused | SessionStarted:
    """Record that a remote start will never begin, once; what stands of its number: this, an earlier refusal, a
    session.
    """
    assert refused.remote_start_id is not None, "what this edge asked for itself is refused by who asked"
    before = standing(database, refused.remote_start_id)
    if after(standing_state(database, before), Event.REFUSE, "").answer is Answer.SAME:
        assert before is not None
        return before
    journal.append(database, refused, refused.at)
    database.execute(
        "INSERT INTO refused (remote_start_id, at, body) VALUES (?, ?, ?)",
        (refused.remote_start_id, refused.at, body_of(refused)),
    )
    return refused


def standing(database: sqlite3.Connection, remote_start_id: int) -> SessionStarted | StartRefused | None:
    """What became of a remote start: its session, open or ended, or its refusal; None if it was never told."""
    row = database.execute("SELECT started FROM sessions WHERE remote_start_id = ?", (remote_start_id,)).fetchone()
    if row is not None:
        return decoded(row[0], SessionStarted)
    row = database.execute("SELECT body FROM refused WHERE remote_start_id = ?", (remote_start_id,)).fetchone()
    return None if row is None else decoded(row[0], StartRefused)


def standing_state(database: Database, stands: SessionStarted | StartRefused | None) -> State:
    """The state of what became of a remote start."""
    if stands is None:
        return State.NONE
    return State.REFUSED if isinstance(stands, StartRefused) else state_of(database, stands.session_id)


def state_of(database: Database, identifier: str) -> State:
    """Where a session stands, as it is stored."""
    row = database.execute("SELECT readings, course, ended FROM sessions WHERE id = ?", (identifier,)).fetchone()
    if row is None:
        return State.NONE
    readings, course, ended = row
    if ended is not None:
        return State.BILLED if _waits(database, ended) else State.SETTLED
    if course is not None and decoded(course, Course).stopping is not None:
        return State.ENDING
    read = decoded(readings, tuple[Reading, ...])
    return State.CHARGING if read and read[-1].register > read[0].register else State.AUTHORISED


def _waits(database: Database, ended: bytes) -> bool:
    """Whether the hub does not have the record of an end yet."""
    database.flush()
    waiting = database.execute(
        "SELECT 1 FROM records WHERE epoch = ? AND lane = ? AND seq > ? AND hash = ? LIMIT 1",
        (database.epoch, RECORD_LANE, database.tails[RECORD_LANE].acknowledged, record_hash(ended)),
    ).fetchone()
    return waiting is not None


def keep(database: sqlite3.Connection, session: OpenSession) -> None:
    """Keep the readings of an open session."""
    database.execute(
        "UPDATE sessions SET readings = ?, course = ? WHERE id = ? AND ended IS NULL",
        (msgspec.msgpack.encode(session.readings), msgspec.msgpack.encode(session.course), session.id),
    )


def doubt(database: Database, session: OpenSession, alarm: Alarm) -> None:
    """Keep that the register of an open session is not believed, and have a person look at it."""
    keep(database, session)
    journal.append(database, alarm, alarm.at)


def identify(database: sqlite3.Connection, identifier: str, vehicle: Sealed) -> None:
    """Keep what car an open session charges."""
    row = (msgspec.msgpack.encode(vehicle), identifier)
    database.execute("UPDATE sessions SET vehicle = ? WHERE id = ? AND ended IS NULL", row)


def end(
    database: Database,
    identifier: str,
    session: OpenSession | None,
    now: int,
    ending: Ending,
    supervision: Supervision | None,
) -> SessionEnded:
    """End a session and record its bill; or find that it has ended. Raises KeyError for one that never was."""
    if after(state_of(database, identifier), Event.END, identifier).answer is Answer.SAME:
        (body,) = database.execute("SELECT ended FROM sessions WHERE id = ?", (identifier,)).fetchone()
        return decoded(body, SessionEnded)
    assert session is not None, "an open session that was not loaded"
    ended = billed(session, now, ending)
    journal.append(database, ended, ended.at)
    agreed.end(database, ended)
    if ended.bill.given_away_amount:
        _give_away(database, ended.bill)
    if (alarm := not_priced(ended, session.tariff)) is not None:
        journal.append(database, alarm, alarm.at)
    if supervision is not None:
        journal.append(database, supervision.sealed(ended), ended.at, METERING_LANE)
    database.execute(
        "UPDATE sessions SET ended = ?, readings = ? WHERE id = ?",
        (body_of(ended), msgspec.msgpack.encode(ended.readings), identifier),
    )
    return ended


class GivenAway(NamedTuple):
    """Energy beyond what was prepaid, since this ledger began: mWh, what it would have cost in fen, and how often."""

    energy: int = 0
    amount: int = 0
    sessions: int = 0


def given_away(database: sqlite3.Connection) -> GivenAway:
    """So far."""
    row = database.execute("SELECT value FROM memory WHERE name = ?", (GIVEN_AWAY,)).fetchone()
    return GivenAway() if row is None else GivenAway(*msgspec.json.decode(bytes(row[0]), type=tuple[int, int, int]))


def _give_away(database: sqlite3.Connection, bill: Bill) -> None:
    before = given_away(database)
    after = (before.energy + bill.given_away, before.amount + bill.given_away_amount, before.sessions + 1)
    database.execute("INSERT OR REPLACE INTO memory VALUES (?, ?)", (GIVEN_AWAY, msgspec.json.encode(after)))


def find(
    database: sqlite3.Connection, device: str, outlet: str | None, key: str
) -> tuple[str, SessionEnded | None] | None:
    """The session that a device calls `key`: its id, and its end if it has one."""
    row = database.execute(
        "SELECT id, ended FROM sessions WHERE device = ? AND outlet IS ? AND key = ?", (device, outlet, key)
    ).fetchone()
    if row is None:
        return None
    return row[0], None if row[1] is None else decoded(row[1], SessionEnded)


def open_sessions(database: sqlite3.Connection) -> dict[str, OpenSession]:
    """The sessions that have not ended, by id, in the order of their beginning."""
    rows = database.execute(
        "SELECT key, started, caps, readings, vehicle, course FROM sessions WHERE ended IS NULL ORDER BY id"
    ).fetchall()
    return {session.id: session for session in (_open_session(database, *row) for row in rows)}


def _open_session(
    database: sqlite3.Connection,
    key: str | None,
    started: bytes,
    caps: bytes,
    readings: bytes,
    vehicle: bytes | None,
    course: bytes | None,
) -> OpenSession:
    start = decoded(started, SessionStarted)
    (tariff,) = database.execute("SELECT body FROM tariffs WHERE hash = ?", (start.tariff_hash,)).fetchone()
    return OpenSession(
        start,
        decoded(tariff, Tariff),
        decoded(caps, Caps),
        key,
        decoded(readings, tuple[Reading, ...]),
        None if vehicle is None else decoded(vehicle, Sealed),
        Course() if course is None else decoded(course, Course),
    )


def decoded(body: bytes, shape: type[Body]) -> Body:
    """What a column holds."""
    return msgspec.msgpack.decode(body, type=shape)
