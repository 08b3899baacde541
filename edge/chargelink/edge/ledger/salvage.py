"""What a damaged ledger still says: records that the hub does not have, as far as their chain proves them; sessions.

Reads through a connection that may not write, and believes nothing: a row that cannot be read, or that does not hold
what it should, stays where it is.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec

from chargelink.edge.ledger import epochs, memory
from chargelink.edge.ledger.damage import continues
from chargelink.edge.ledger.database import LANES, Database, Entry, entry_of
from chargelink.link.chain import chain_start, record_hash
from chargelink.link.messages import Caps
from chargelink.model import Alarm, JournalEpoch, LaneEnd, Reading, SessionEnded, SessionStarted, Tariff


class Found(NamedTuple):
    """What could be carried over."""

    records: int
    open_sessions: int


def carry_over(path: Path, database: Database, why: str, name: str) -> Found:
    """Begin an empty ledger with what the damaged one at `path` still says; it will be set aside as `name`."""
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None)) as old:
        epoch, edge, ends, entries = _unacknowledged(old)
        at = max(0, database.clock())
        begun = JournalEpoch(previous=epoch, reason=epochs.DAMAGED, at=at, lanes=ends if edge == database.edge else {})
        database.add(entry_of(begun, at))
        for entry in entries:
            database.add(entry)
        sessions = _tables(old, database)
    memory.leave_behind(database)
    found = Found(len(entries), sessions)
    text = (
        f"the ledger was damaged ({why}) and is set aside as {name}; carried over: {found.records} records "
        f"that the hub did not have, {found.open_sessions} open sessions"
    )
    database.add(entry_of(Alarm(code="ledger-damaged", text=text[:512], at=at), at))
    return found


def _unacknowledged(old: sqlite3.Connection) -> tuple[str | None, str, dict[str, LaneEnd], list[Entry]]:
    """The last epoch, its edge, where its lanes end as far as they are whole, and what of them the hub lacks."""
    ends: dict[str, LaneEnd] = {}
    entries: list[Entry] = []
    try:
        epoch, edge = old.execute("SELECT epoch, edge FROM epochs ORDER BY number DESC LIMIT 1").fetchone()
        chain_start(edge, epoch, "")
    except (sqlite3.Error, TypeError, ValueError, AttributeError):
        return None, "", ends, entries
    for lane in LANES:
        with suppress(sqlite3.Error, TypeError, ValueError):
            ends[lane] = _lane(old, (edge, epoch, lane), entries)
    return epoch, edge, ends, entries


def _lane(old: sqlite3.Connection, place: tuple[str, str, str], entries: list[Entry]) -> LaneEnd:
    """Read on from what was acknowledged for as long as every record continues the chain."""
    lane = place[1:]
    (seq,) = old.execute("SELECT acknowledged FROM lanes WHERE epoch = ? AND lane = ?", lane).fetchone()
    chain = chain_start(*place)
    if seq:
        (chain,) = old.execute(
            "SELECT chain FROM records WHERE epoch = ?1 AND lane = ?2 AND seq = ?3"
            " UNION SELECT chain FROM checkpoints WHERE epoch = ?1 AND lane = ?2 AND seq = ?3",
            (*lane, seq),
        ).fetchone()
    for row in _readable(
        old,
        "SELECT seq, kind, at, body, hash, chain FROM records WHERE epoch = ? AND lane = ? AND seq > ? ORDER BY seq",
        (*lane, seq),
    ):
        if row[0] != seq + 1 or not continues(chain, row):
            break
        seq, chain = row[0], row[5]
        entries.append(Entry(row[1], row[2], row[3], place[2]))
    return LaneEnd(seq, chain)


def _tables(old: sqlite3.Connection, database: Database) -> int:
    """Copy tariffs, who was erased, sessions and what drivers remember; how many sessions are open."""
    for table, columns, good in (
        ("tariffs", "hash, body", _is_tariff),
        ("erased", "person, at", _is_erased),
        (
            "sessions",
            "id, device, outlet, key, remote_start_id, started, caps, readings, ended, vehicle",
            _is_session,
        ),
        ("memory", "name, value", _is_memory),
    ):
        places = ", ".join("?" for _ in columns.split(","))
        insert = f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({places})"  # noqa: S608
        for order in ("ASC", "DESC"):  # from the other end, too: what cannot be read lies in between
            key = columns.partition(",")[0]
            for row in _readable(old, f"SELECT {columns} FROM {table} ORDER BY {key} {order}"):  # noqa: S608
                if good(row, database):
                    database.execute(insert, row)
    (count,) = database.execute("SELECT count(*) FROM sessions WHERE ended IS NULL").fetchone()
    return int(count)


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
    identifier, device, _, _, _, started, caps, readings, ended, _ = row
    if not (_decodes(started, SessionStarted) and _decodes(caps, Caps) and _decodes(readings, tuple[Reading, ...])):
        return False
    content = msgspec.msgpack.decode(started, type=SessionStarted)
    if (content.session_id, content.device) != (identifier, device):
        return False
    if ended is not None:
        return _decodes(ended, SessionEnded)
    tariff = database.execute("SELECT 1 FROM tariffs WHERE hash = ?", (content.tariff_hash,)).fetchone()
    return tariff is not None


def _is_erased(row: tuple[Any, ...], _: Database) -> bool:
    person, at = row
    return isinstance(person, str) and isinstance(at, int)


def _is_memory(row: tuple[Any, ...], _: Database) -> bool:
    name, value = row
    return isinstance(name, str) and isinstance(value, bytes | str)


def _decodes(body: object, shape: Any) -> bool:
    try:
        msgspec.msgpack.decode(body, type=shape)  # type: ignore[call-overload]
    except (msgspec.MsgspecError, TypeError, UnicodeDecodeError, RecursionError):
        return False
    return True
