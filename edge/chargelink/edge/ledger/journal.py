"""The record lane: what happened, in order, kept until the hub has it and longer.

A record is known by (edge, epoch, lane, seq). Numbers of one epoch are never used twice; a journal that was restored
from a backup no longer knows which it used, and begins a new epoch.
"""

import sqlite3
from pathlib import Path
from typing import NamedTuple

from chargelink.edge.ledger.schema import new_epoch
from chargelink.edge.ledger.writer import LedgerError, Writer
from chargelink.link.chain import record_hash
from chargelink.link.messages import RECORD_LANE, Record
from chargelink.model import Content, body_of, kind_of
from chargelink.wire import EncodeError

MOST_UNACKNOWLEDGED = 100_000
LARGEST_BODY = 1 << 18  # bytes: one record always fits a frame of the link, and never fills it
FIELDS = "seq, kind, at, body, hash"


class LedgerFull(LedgerError):  # noqa: N818 - says what it is
    """The hub has not taken records for so long that no session may begin."""


class Position(NamedTuple):
    """How far the lane is: records `acknowledged + 1` to `last` are still to be sent."""

    epoch: str
    last: int
    acknowledged: int


class Pending(NamedTuple):
    """Consecutive records of an epoch that are still to be sent."""

    epoch: str
    records: list[Record]


class Journal:
    """The record lane of one edge, on its ledger. All methods return after the commit; all raise LedgerError."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer

    @classmethod
    def open(cls, path: Path) -> "Journal":
        """Open or create a ledger. Raises LedgerError."""
        return cls(Writer(path))

    async def close(self) -> None:
        """Finish what was asked for and close the file."""
        await self.writer.close()

    async def append(self, content: Content, at: int) -> int:
        """Record something that happened at `at` (UTC milliseconds); its seq."""
        return await self.writer.run(lambda database: append(database, content, at))

    async def position(self) -> Position:
        """How far the lane is."""
        return await self.writer.run(position)

    async def pending(self, most_records: int, most_bytes: int) -> Pending:
        """The oldest records that the hub does not have, at least one if there is one, within the limits."""
        return await self.writer.run(lambda database: _pending(database, most_records, most_bytes))

    async def acknowledge(self, epoch: str, have: int) -> None:
        """The hub has every record of the epoch up to `have`. May be told again, late or early, without harm."""
        await self.writer.run(lambda database: _acknowledge(database, epoch, have))

    async def reconcile(self, have: int, digest: bytes | None = None) -> Position:
        """Believe what the hub says on connecting: that it has the current epoch up to `have`, whose hash is `digest`.

        Less than was acknowledged: the hub was restored, and is sent the rest again. A record that we do not hold: we
        were restored; a new epoch begins with what was not acknowledged, and the hub knows by session id what is new.
        """
        return await self.writer.run(lambda database: _reconcile(database, have, digest))


def append(database: sqlite3.Connection, content: Content, at: int) -> int:
    """Record something within a transaction; its seq. Raises EncodeError for what no frame could carry."""
    body = body_of(content)
    if len(body) > LARGEST_BODY:
        raise EncodeError(f"a {kind_of(content)} of {len(body)} bytes, {LARGEST_BODY} are allowed")
    return _insert(database, _epoch(database), (kind_of(content), at, body, record_hash(body)))


def position(database: sqlite3.Connection) -> Position:
    """How far the lane is."""
    epoch = _epoch(database)
    row = database.execute(
        "SELECT last, acknowledged FROM lanes WHERE epoch = ? AND lane = ?", (epoch, RECORD_LANE)
    ).fetchone()
    return Position(epoch, *(row or (0, 0)))


def require_room(database: sqlite3.Connection) -> None:
    """Raises LedgerFull if too much is waiting for the hub."""
    lane = position(database)
    if lane.last - lane.acknowledged >= MOST_UNACKNOWLEDGED:
        raise LedgerFull(f"{lane.last - lane.acknowledged} records wait for the hub")


def _epoch(database: sqlite3.Connection) -> str:
    (epoch,) = database.execute("SELECT epoch FROM journal").fetchone()
    return str(epoch)


def _insert(database: sqlite3.Connection, epoch: str, record: tuple[str, int, bytes, bytes]) -> int:
    (seq,) = database.execute(
        "INSERT INTO lanes VALUES (?, ?, 1, 0) ON CONFLICT DO UPDATE SET last = last + 1 RETURNING last",
        (epoch, RECORD_LANE),
    ).fetchone()
    database.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)", (epoch, RECORD_LANE, seq, *record))
    return int(seq)


def _pending(database: sqlite3.Connection, most_records: int, most_bytes: int) -> Pending:
    lane = position(database)
    rows = database.execute(
        f"SELECT {FIELDS} FROM records WHERE epoch = ? AND lane = ? AND seq > ? ORDER BY seq LIMIT ?",  # noqa: S608
        (lane.epoch, RECORD_LANE, lane.acknowledged, most_records),
    )
    records: list[Record] = []
    size = 0
    for seq, kind, at, body, digest in rows:
        size += len(body)
        if records and size > most_bytes:
            break
        records.append(Record(seq=seq, kind=kind, at=at, body=body, hash=digest))
    return Pending(lane.epoch, records)


def _acknowledge(database: sqlite3.Connection, epoch: str, have: int) -> None:
    database.execute(
        "UPDATE lanes SET acknowledged = max(acknowledged, min(last, ?)) WHERE epoch = ? AND lane = ?",
        (have, epoch, RECORD_LANE),
    )


def _reconcile(database: sqlite3.Connection, have: int, digest: bytes | None) -> Position:
    lane = position(database)
    if have and not _holds(database, lane, have, digest):
        _begin_epoch(database, lane)
    else:
        database.execute(
            "UPDATE lanes SET acknowledged = ? WHERE epoch = ? AND lane = ?", (have, lane.epoch, RECORD_LANE)
        )
    return position(database)


def _holds(database: sqlite3.Connection, lane: Position, seq: int, digest: bytes | None) -> bool:
    row = database.execute(
        "SELECT hash FROM records WHERE epoch = ? AND lane = ? AND seq = ?", (lane.epoch, RECORD_LANE, seq)
    ).fetchone()
    return row is not None and digest in (None, row[0])


def _begin_epoch(database: sqlite3.Connection, old: Position) -> None:
    unsent = database.execute(
        "SELECT kind, at, body, hash FROM records WHERE epoch = ? AND lane = ? AND seq > ? ORDER BY seq",
        (old.epoch, RECORD_LANE, old.acknowledged),
    ).fetchall()
    epoch = new_epoch()
    database.execute("UPDATE journal SET epoch = ?", (epoch,))
    for record in unsent:
        _insert(database, epoch, record)
