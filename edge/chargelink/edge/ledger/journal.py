"""The journal: what happened, in order, lane by lane, chained and signed, kept until the hub has it and longer.

A record is known by (edge, epoch, lane, seq). Numbers of one epoch are never used twice; a journal that was restored
from a backup no longer knows which it used, and begins a new epoch. Nothing is sent without a signature of the edge
under it, so whatever the hub has acknowledged is signed.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from chargelink.edge.ledger import checkpoints, epochs, pruning
from chargelink.edge.ledger.database import Database, Entry, Limits, entry_of
from chargelink.edge.ledger.opening import Owner, open_ledger
from chargelink.edge.ledger.writer import LedgerError, Writer
from chargelink.link.messages import RECORD_LANE, Checkpoint, Record
from chargelink.model import Content
from chargelink.trust.checkpoints import JournalKey

FIELDS = "seq, kind, at, body, hash, chain"


class LedgerFull(LedgerError):  # noqa: N818 - says what it is
    """The hub has not taken records for so long that no session may begin."""


class Position(NamedTuple):
    """How far a lane is: records `acknowledged + 1` to `last` are still to be sent."""

    epoch: str
    last: int
    acknowledged: int


class Pending(NamedTuple):
    """Consecutive records of an epoch that are still to be sent. `previous` is the value of the chain before the first,
    `checkpoint` is for the last of them; None if there are none.
    """

    epoch: str
    previous: bytes
    records: list[Record]
    checkpoint: Checkpoint | None


class Waiting(NamedTuple):
    """What waits for the hub, over all lanes, and how much may before no session begins any more."""

    records: int
    bytes: int
    limits: Limits

    @property
    def full(self) -> bool:
        """Whether no session may begin."""
        return self.records >= self.limits.records or self.bytes >= self.limits.bytes


def utc_ms() -> int:
    """UTC in milliseconds."""
    return time.time_ns() // 1_000_000


class Journal:
    """The journal of one edge, on its ledger. All methods return after the commit; all raise LedgerError."""

    def __init__(self, writer: Writer, public: bytes) -> None:
        self.writer = writer
        self.public = public
        """The key by which its signatures are checked: Ed25519, 32 bytes."""
        self.on_epoch: list[Callable[[str], None]] = []
        """Called in the loop when a new epoch has begun: whatever a backup may have made twice must be made anew."""

    @classmethod
    def open(
        cls,
        path: Path,
        edge_id: str,
        key: JournalKey,
        *,
        clock: Callable[[], int] = utc_ms,
        limits: Limits = Limits(),  # noqa: B008 - frozen
    ) -> "Journal":
        """Open or create the ledger of an edge, which signs with `key`. Raises LedgerError."""
        database, lock = open_ledger(path, Owner(edge_id, key, clock, limits))
        return cls(Writer(database, lock), key.public)

    async def close(self) -> None:
        """Finish what was asked for and close the file."""
        await self.writer.close()

    async def append(self, content: Content, at: int, lane: str = RECORD_LANE) -> int:
        """Record something that happened at `at` (UTC milliseconds); its seq. Raises EncodeError, as `entry_of`."""
        return await self.writer.append(entry_of(content, at, lane))

    async def position(self, lane: str = RECORD_LANE) -> Position:
        """How far a lane is."""
        return await self.writer.run(lambda database: position(database, lane))

    async def waiting(self) -> Waiting:
        """What waits for the hub."""
        return await self.writer.run(waiting)

    async def pending(self, lane: str, most_records: int, most_bytes: int) -> Pending:
        """The oldest records of a lane that the hub does not have, at least one if there is one, within the limits.

        The same batch read again has the same checkpoint.
        """
        return await self.writer.run(lambda database: _pending(database, lane, most_records, most_bytes))

    async def acknowledge(self, epoch: str, lane: str, have: int) -> None:
        """The hub has every record of a lane up to `have`. May be told again, late or early, without harm."""
        await self.writer.run(lambda database: _acknowledge(database, epoch, lane, have))

    async def reconcile(
        self, lane: str, have: int, digest: bytes | None = None, chain: bytes | None = None
    ) -> Position:
        """Believe what the hub says on connecting: that it has the current epoch of a lane up to `have`, whose hash is
        `digest`, and `chain` the value of the chain there.

        Less than was acknowledged: the hub was restored, and is sent the rest again. A record that we do not hold: we
        were restored; a new epoch begins with what was not acknowledged, and the hub knows by session id what is new.
        Raises LedgerError for a hub that holds something of such an epoch before it was sent any: it would have us
        begin one after the other until the disk is full.
        """
        before, after = await self.writer.run(lambda database: _reconcile(database, lane, have, digest, chain))
        if before != after.epoch:
            for tell in self.on_epoch:
                tell(after.epoch)
        return after

    async def prune(self, before: int) -> int:
        """Delete what happened before a time (UTC milliseconds) and is with the hub; how many records and sessions."""
        gone = 0
        while count := await self.writer.run(lambda database: pruning.step(database, before)):
            gone += count
        return gone


def append(database: Database, content: Content, at: int, lane: str = RECORD_LANE) -> int:
    """Record something within a transaction; its seq. It stands in the table after `database.flush()`.

    Raises EncodeError, as `entry_of`.
    """
    return database.add(entry_of(content, at, lane))


def position(database: Database, lane: str = RECORD_LANE) -> Position:
    """How far a lane is."""
    tail = database.tails[lane]
    return Position(database.epoch, tail.last, tail.acknowledged)


def waiting(database: Database) -> Waiting:
    """What waits for the hub."""
    tails = database.tails.values()
    return Waiting(
        sum(tail.last - tail.acknowledged for tail in tails), sum(tail.waiting for tail in tails), database.limits
    )


def require_room(database: Database) -> None:
    """Raises LedgerFull if too much is waiting for the hub."""
    now = waiting(database)
    if now.full:
        raise LedgerFull(
            f"the journal is full: {now.records} records ({now.bytes / 1e6:.1f} MB) wait for the hub, "
            f"{now.limits.records} ({now.limits.bytes / 1e6:.1f} MB) may; nothing starts until it has taken some"
        )


def _pending(database: Database, lane: str, most_records: int, most_bytes: int) -> Pending:
    tail = database.tails[lane]
    database.flush()
    previous = checkpoints.chain_at(database, lane, tail.acknowledged)
    assert previous is not None, "what is acknowledged is held, or pruned behind a checkpoint"
    rows = database.execute(
        f"SELECT {FIELDS} FROM records WHERE epoch = ? AND lane = ? AND seq > ? ORDER BY seq LIMIT ?",  # noqa: S608
        (database.epoch, lane, tail.acknowledged, most_records),
    )
    records: list[Record] = []
    size, chain = 0, previous
    for seq, kind, at, body, digest, value in rows:
        size += len(body)
        if records and size > most_bytes:
            break
        records.append(Record(seq=seq, kind=kind, at=at, body=body, hash=digest))
        chain = value
    if records:
        database.untold = ""
    signed = checkpoints.checkpoint(database, lane, records[-1].seq, chain) if records else None
    return Pending(database.epoch, previous, records, signed)


def _acknowledge(database: Database, epoch: str, lane: str, have: int) -> None:
    if epoch == database.epoch and have > database.tails[lane].acknowledged:
        _set_acknowledged(database, lane, min(have, database.tails[lane].last))


def _set_acknowledged(database: Database, lane: str, have: int) -> None:
    """What is acknowledged is signed: usually it was when it was sent."""
    tail = database.tails[lane]
    database.flush()
    low, high = sorted((have, tail.acknowledged))
    (size,) = database.execute(
        "SELECT total(length(body)) FROM records WHERE epoch = ? AND lane = ? AND seq > ? AND seq <= ?",
        (database.epoch, lane, low, high),
    ).fetchone()
    tail.waiting += int(size) if have < tail.acknowledged else -int(size)
    tail.acknowledged = have
    checkpoints.sign(database, lane, have)


def _reconcile(
    database: Database, lane: str, have: int, digest: bytes | None, chain: bytes | None
) -> tuple[str, Position]:
    before = database.epoch
    reason = _at_odds(database, lane, have, digest, chain)
    if reason is not None:
        if database.untold == before:
            raise LedgerError(f"the hub claims to hold records of epoch {before}, of which it was sent none")
        epochs.begin_anew(database, reason)
        database.untold = database.epoch
    elif have != database.tails[lane].acknowledged:
        _set_acknowledged(database, lane, have)
    return before, position(database, lane)


def _at_odds(database: Database, lane: str, have: int, digest: bytes | None, chain: bytes | None) -> str | None:
    """Why hub and journal cannot go on from `have` in this epoch; None if they can."""
    tail = database.tails[lane]
    if have > tail.last:
        return epochs.HUB_AHEAD
    if have < tail.pruned:
        return epochs.HUB_BEHIND
    database.flush()
    place = (database.epoch, lane, have)
    row = database.execute("SELECT hash FROM records WHERE epoch = ? AND lane = ? AND seq = ?", place).fetchone()
    if row is not None and digest not in (None, row[0]):
        return epochs.OTHER_RECORD
    if have and chain not in (None, checkpoints.chain_at(database, lane, have)):
        return epochs.OTHER_RECORD
    return None


__all__ = ["Entry", "Journal", "LedgerFull", "Pending", "Position", "Waiting", "append", "position", "require_room"]
