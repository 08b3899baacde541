"""What a damaged ledger still says: records that the hub does not have, as far as their chain proves them; sessions.

Reads through a connection that may not write, and believes nothing: a row that cannot be read, or that does not hold
what it should, stays where it is.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec

from chargelink.edge.ledger import allowances, epochs, memory
from chargelink.edge.ledger.damage import continues
from chargelink.edge.ledger.database import LANES, Database, Entry, entry_of
from chargelink.edge.ledger.open_session import Course
from chargelink.edge.ledger.plans import Plan
from chargelink.link.authorisation import Lease
from chargelink.link.chain import DIGEST_BYTES, chain_start, record_hash
from chargelink.link.messages import Caps
from chargelink.model import Alarm, JournalEpoch, LaneEnd, Reading, SessionEnded, SessionStarted, StartRefused, Tariff

CARRIED_AT_ONCE = 500  # records


class Found(NamedTuple):
    """What could be carried over."""

    records: int
    open_sessions: int


def carry_over(path: Path, database: Database, why: str, name: str) -> Found:
    """Begin an empty ledger with what the damaged one at `path` still says; it will be set aside as `name`."""
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None)) as old:
        epoch, edge = _last_epoch(old)
        ends = {lane: end for lane in LANES if (end := _end(old, (edge, epoch or "", lane))) is not None}
        at = max(0, database.clock())
        begun = JournalEpoch(previous=epoch, reason=epochs.DAMAGED, at=at, lanes=ends if edge == database.edge else {})
        database.add(entry_of(begun, at))
        records = 0
        for lane in ends:
            for _, _, entry in _whole(old, (edge, epoch or "", lane)):
                database.add(entry)
                records += 1
                if records % CARRIED_AT_ONCE == 0:
                    database.flush()
        sessions = _tables(old, database)
    memory.leave_behind(database)
    allowances.void(database, at)
    text = (
        f"the ledger was damaged ({why}) and is set aside as {name}; carried over: {records} records "
        f"that the hub did not have, {sessions} open sessions"
    )
    database.add(entry_of(Alarm(code="ledger-damaged", text=text[:512], at=at), at))
    return Found(records, sessions)


def _last_epoch(old: sqlite3.Connection) -> tuple[str | None, str]:
    """The last epoch and its edge; None if that cannot be read."""
    try:
        epoch, edge = old.execute("SELECT epoch, edge FROM epochs ORDER BY number DESC LIMIT 1").fetchone()
        chain_start(edge, epoch, "")
    except (sqlite3.Error, TypeError, ValueError, AttributeError):
        return None, ""
    return epoch, edge


def _end(old: sqlite3.Connection, place: tuple[str, str, str]) -> LaneEnd | None:
    """Where a lane ends, as far as it is whole; None if nobody knows what of it the hub has."""
    begin = _acknowledged(old, place)
    if begin is None:
        return None
    end = begin
    for seq, chain, _ in _whole(old, place):
        end = seq, chain
    return LaneEnd(*end)


def _acknowledged(old: sqlite3.Connection, place: tuple[str, str, str]) -> tuple[int, bytes] | None:
    """The last record of a lane that the hub has, 0 for none, and the value of the chain there."""
    lane = place[1:]
    try:
        (seq,) = old.execute("SELECT acknowledged FROM lanes WHERE epoch = ? AND lane = ?", lane).fetchone()
        if seq == 0:
            return 0, chain_start(*place)
        (chain,) = old.execute(
            "SELECT chain FROM records WHERE epoch = ?1 AND lane = ?2 AND seq = ?3"
            " UNION SELECT chain FROM checkpoints WHERE epoch = ?1 AND lane = ?2 AND seq = ?3",
            (*lane, seq),
        ).fetchone()
    except (sqlite3.Error, TypeError, ValueError):
        return None
    return (seq, chain) if isinstance(seq, int) and isinstance(chain, bytes) and len(chain) == DIGEST_BYTES else None


def _whole(old: sqlite3.Connection, place: tuple[str, str, str]) -> Iterator[tuple[int, bytes, Entry]]:
    """What the hub lacks of a lane, for as long as every record continues the chain: seq, value there, record."""
    begin = _acknowledged(old, place)
    if begin is None:
        return
    seq, chain = begin
    query = "SELECT seq, kind, at, body, hash, chain FROM records WHERE epoch = ? AND lane = ? AND seq > ? ORDER BY seq"
    for row in _readable(old, query, (*place[1:], seq)):
        if row[0] != seq + 1 or not continues(chain, row):
            return
        seq, chain = row[0], row[5]
        yield seq, chain, Entry(row[1], row[2], row[3], place[2])


def _tables(old: sqlite3.Connection, database: Database) -> int:
    """Copy tariffs, who was erased, sessions, what drivers remember, leases; how many sessions are open."""
    for table, columns, good in (
        ("tariffs", "hash, body", _is_tariff),
        (
            "held_tariffs",
            "number, hash, source, at, until, valid_from, devices, signer, signature, used",
            _is_held_tariff,
        ),
        ("tariff_signers", "number, public, at, by", _is_tariff_signer),
        ("plans", "number, body", _is_plan),
        ("erased", "person, at", _is_erased),
        (
            "sessions",
            "id, device, outlet, key, remote_start_id, started, caps, readings, ended, vehicle, course",
            _is_session,
        ),
        ("refused", "remote_start_id, at, body", _is_refused),
        ("memory", "name, value", _is_memory),
        ("leases", "id, account, amount, until, customers, spent, withdrawn, closed", _is_lease),
        ("reservations", "session, lease, amount", _is_reservation),
        ("pass_uses", "session, pass, day", _is_use),
        ("used_vouchers", "voucher, session, at", _is_use),
        ("asked", "request, device, outlet, at, customer_order, state", _is_asked),
    ):
        places = ", ".join("?" for _ in columns.split(","))
        insert = f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({places})"  # noqa: S608
        there = _present(old, table, columns)
        for order in ("ASC", "DESC"):  # from the other end, too: what cannot be read lies in between
            key = columns.partition(",")[0]
            for row in _readable(old, f"SELECT {there} FROM {table} ORDER BY {key} {order}"):  # noqa: S608
                if good(row, database):
                    database.execute(insert, row)
    (count,) = database.execute("SELECT count(*) FROM sessions WHERE ended IS NULL").fetchone()
    return int(count)


def _present(old: sqlite3.Connection, table: str, columns: str) -> str:
    """The columns to read; NULL in place of one that an older edge did not have."""
    known = {row[1] for row in _readable(old, f"PRAGMA table_info({table})")}
    return ", ".join(name if name in known else "NULL" for name in columns.split(", ")) if known else columns


def _readable(old: sqlite3.Connection, query: str, values: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Rows up to the first that cannot be read."""
    try:
        yield from old.execute(query, values)
    except (sqlite3.Error, UnicodeDecodeError):
        return


def _is_tariff(row: tuple[Any, ...], _: Database) -> bool:
    digest, body = row
    return isinstance(body, bytes) and record_hash(body).hex() == digest and _decodes(body, Tariff)


def _is_session(row: tuple[Any, ...], database: Database) -> bool:
    """An open one is priced by its tariff, so that must be there."""
    identifier, device, _, _, _, started, caps, readings, ended, _, course = row
    if not (_decodes(started, SessionStarted) and _decodes(caps, Caps) and _decodes(readings, tuple[Reading, ...])):
        return False
    if course is not None and not _decodes(course, Course):
        return False
    content = msgspec.msgpack.decode(started, type=SessionStarted)
    if (content.session_id, content.device) != (identifier, device):
        return False
    if ended is not None:
        return _decodes(ended, SessionEnded)
    tariff = database.execute("SELECT 1 FROM tariffs WHERE hash = ?", (content.tariff_hash,)).fetchone()
    return tariff is not None


def _is_held_tariff(row: tuple[Any, ...], database: Database) -> bool:
    """Its document must be there, and say the same of when it holds."""
    number, digest, source, at, until, valid_from, devices, signer, signature, used = row
    if not (_decodes(devices, tuple[str, ...]) and isinstance(source, str)):
        return False
    if not all(isinstance(value, int) for value in (number, at, used, 0 if until is None else until)):
        return False
    if not all(value is None or isinstance(value, bytes) for value in (signer, signature)):
        return False
    document = database.execute("SELECT body FROM tariffs WHERE hash = ?", (digest,)).fetchone()
    return document is not None and msgspec.msgpack.decode(document[0], type=Tariff).valid_from == valid_from


def _is_plan(row: tuple[Any, ...], _: Database) -> bool:
    number, body = row
    return _decodes(body, Plan) and msgspec.msgpack.decode(body, type=Plan).number == number


def _is_tariff_signer(row: tuple[Any, ...], _: Database) -> bool:
    number, public, at, by = row
    return all(isinstance(value, int) for value in (number, at)) and isinstance(public, bytes) and isinstance(by, str)


def _is_erased(row: tuple[Any, ...], _: Database) -> bool:
    person, at = row
    return isinstance(person, str) and isinstance(at, int)


def _is_refused(row: tuple[Any, ...], _: Database) -> bool:
    number, at, body = row
    return isinstance(number, int) and isinstance(at, int) and _decodes(body, StartRefused)


def _is_memory(row: tuple[Any, ...], _: Database) -> bool:
    name, value = row
    return isinstance(name, str) and isinstance(value, bytes | str)


def _is_lease(row: tuple[Any, ...], _: Database) -> bool:
    identifier, account, amount, until, group, spent, withdrawn, closed = row
    lease = {"id": identifier, "account": account, "amount": amount, "until": until, "group": group}
    try:
        msgspec.convert(lease, Lease)
    except msgspec.ValidationError:
        return False
    return withdrawn in (0, 1) and isinstance(spent, int) and 0 <= spent <= amount and isinstance(closed, str | None)


def _is_reservation(row: tuple[Any, ...], _: Database) -> bool:
    session, lease, amount = row
    return isinstance(session, str) and isinstance(lease, str) and isinstance(amount, int)


def _is_use(row: tuple[Any, ...], _: Database) -> bool:
    one, other, when = row
    return isinstance(one, str) and isinstance(other, str) and isinstance(when, int)


def _is_asked(row: tuple[Any, ...], _: Database) -> bool:
    request, device, outlet, at, order, state = row
    names = {"edgeId": "e", "device": device, "request": request, "outlet": outlet, "order": order}
    try:
        msgspec.convert({**names, "reason": "", "text": "", "at": at}, StartRefused)
    except msgspec.ValidationError:
        return False
    return isinstance(request, str) and isinstance(state, str)


def _decodes(body: object, shape: Any) -> bool:
    try:
        msgspec.msgpack.decode(body, type=shape)  # type: ignore[call-overload]
    except (msgspec.MsgspecError, TypeError, UnicodeDecodeError, RecursionError):
        return False
    return True
