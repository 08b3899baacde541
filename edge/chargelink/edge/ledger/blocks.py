"""The file `telemetry.db`: blocks of samples in the order of their numbers, and what is missing among them.

It may be lost: it is synchronised less often than the ledger and has a size that it never exceeds. What has to go is
counted in a gap: first what the hub has, then what it does not have, always the oldest. One thread at a time.
"""

import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import Literal, NamedTuple

from chargelink.link.chain import record_hash
from chargelink.link.messages import MOST_BLOCKS, Sample, TelemetryBlock, TelemetryGap
from chargelink.link.telemetry import pack

VERSION = 1
SCHEMA = """
    CREATE TABLE lane (epoch TEXT NOT NULL, last INTEGER NOT NULL, acknowledged INTEGER NOT NULL);
    CREATE TABLE blocks (
        seq INTEGER PRIMARY KEY, device TEXT NOT NULL, outlet TEXT, session TEXT NOT NULL,
        begin INTEGER NOT NULL, end INTEGER NOT NULL, count INTEGER NOT NULL, body BLOB NOT NULL
    );
    CREATE TABLE growing (
        session TEXT PRIMARY KEY, device TEXT NOT NULL, outlet TEXT,
        begin INTEGER NOT NULL, end INTEGER NOT NULL, count INTEGER NOT NULL, body BLOB NOT NULL
    );
    CREATE TABLE gaps (
        first INTEGER PRIMARY KEY, last INTEGER NOT NULL, samples INTEGER NOT NULL,
        begin INTEGER NOT NULL, end INTEGER NOT NULL, reason TEXT NOT NULL
    );
"""
COLUMNS = "device, outlet, session, begin, end, count, body"
BESIDE = 2 << 20  # bytes of the stated size that are left to the log of SQLite
DROPPED_AT_ONCE = 32  # blocks
BLOCK_OVERHEAD = 160  # bytes of a block in a frame beside its body
COMMIT_EVERY = 5.0  # seconds

Reason = Literal["expired", "full", "interrupted", "storage", "damaged", "illegal"]
"""Why samples are missing: the hub had them and they gave way to newer ones; they gave way before the hub had them;
the edge stopped without warning; they could not be stored; the file was damaged; no sample can have their values."""


class DamagedError(sqlite3.DatabaseError):
    """The file is no telemetry that we can read."""


class Block(NamedTuple):
    """Samples of one session, packed; times in UTC milliseconds."""

    device: str
    outlet: str | None
    session: str
    begin: int
    end: int
    samples: int
    body: bytes


class Lost(NamedTuple):
    """Samples that will never be in a block."""

    samples: int
    begin: int
    end: int
    reason: Reason


class Waiting(NamedTuple):
    """What is still to be sent of an epoch, oldest first."""

    epoch: str
    blocks: tuple[TelemetryBlock, ...] = ()
    gaps: tuple[TelemetryGap, ...] = ()


class Position(NamedTuple):
    """How far the lane is: `acknowledged + 1` to `last` are still to be sent."""

    epoch: str
    last: int
    acknowledged: int


def block_of(samples: Sequence[Sample]) -> Block:
    """Samples of one session as a block. Raises EncodeError."""
    one = samples[0]
    times = [sample.at for sample in samples]
    return Block(one.device, one.outlet, one.session_id, min(times), max(times), len(samples), pack(samples))


class Blocks:
    """An open file. Every method raises sqlite3.Error if what it says cannot be stored, and then nothing of it is."""

    def __init__(self, path: Path, most_bytes: int) -> None:
        """Open or create it; blocks that were growing when the edge stopped are closed."""
        self.created = not path.exists()
        self._most = most_bytes - BESIDE
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._prepare()
            with self._transaction():
                self._close_interrupted()
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @property
    def position(self) -> Position:
        """How far the lane is."""
        return Position(*self._database.execute("SELECT epoch, last, acknowledged FROM lane").fetchone())

    @property
    def size(self) -> int:
        """Bytes of the file that are in use."""
        (pages,), (free,), (size,) = (
            self._database.execute(f"PRAGMA {name}").fetchone()
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    @property
    def missing(self) -> int:
        """Samples that the hub never had and never will."""
        row = self._database.execute("SELECT coalesce(sum(samples), 0) FROM gaps WHERE reason != 'expired'").fetchone()
        return int(row[0])

    def write(self, done: Iterable[Block | Lost], growing: Iterable[Block]) -> None:
        """Number and keep what is done, note what still grows."""
        with self._transaction():
            self._number(done)
            self._database.executemany(
                f"INSERT OR REPLACE INTO growing ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                growing,
            )
            self._make_room()

    def pending(self, most_blocks: int, most_bytes: int) -> Waiting:
        """The oldest that the hub does not have, at least one if there is one, within the limits."""
        lane = self.position
        if lane.last == lane.acknowledged:
            return Waiting(lane.epoch)
        rows = self._database.execute(
            f"SELECT seq, {COLUMNS} FROM blocks WHERE seq > ? ORDER BY seq LIMIT ?",  # noqa: S608
            (lane.acknowledged, most_blocks + 1),
        ).fetchall()
        size = 0
        blocks: list[TelemetryBlock] = []
        for seq, device, outlet, session, begin, end, count, body in rows[:most_blocks]:
            size += len(body) + BLOCK_OVERHEAD
            if blocks and size > most_bytes:
                break
            blocks.append(
                TelemetryBlock(
                    seq=seq,
                    device=device,
                    outlet=outlet,
                    session_id=session,
                    begin=begin,
                    end=end,
                    count=count,
                    body=body,
                )
            )
        upto = blocks[-1].seq if len(blocks) < len(rows) else lane.last
        gaps = self._gaps(lane.acknowledged, upto)
        if len(gaps) > MOST_BLOCKS:
            gaps = gaps[:MOST_BLOCKS]
            blocks = [*takewhile(lambda block: block.seq <= gaps[-1].last, blocks)]
        return Waiting(lane.epoch, tuple(blocks), tuple(gaps))

    def acknowledge(self, epoch: str, have: int) -> None:
        """The hub has everything of the epoch up to `have`. May be told again, late or early, without harm."""
        self._database.execute(
            "UPDATE lane SET acknowledged = max(acknowledged, min(last, ?)) WHERE epoch = ?", (have, epoch)
        )

    def reconcile(self, have: int, digest: bytes | None = None) -> bool:
        """Believe the hub, which has the epoch up to `have`; `digest` is the hash of that block's body, if it says.

        True if a new epoch begins with what was not acknowledged: the hub has what we do not, so this file is an older
        one than that which it was told of.
        """
        lane = self.position
        if have <= lane.last and self._holds(have, digest):
            self._database.execute("UPDATE lane SET acknowledged = ?", (have,))
            return False
        with self._transaction():
            self._begin_epoch(lane.acknowledged)
        return True

    def _prepare(self) -> None:
        database = self._database
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")  # the loss of power may cost the last commits, not the file
        database.execute("PRAGMA wal_autocheckpoint = 128")  # pages
        database.execute(f"PRAGMA journal_size_limit = {BESIDE // 2}")
        (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise DamagedError(verdict)
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version == 0:
            database.executescript(f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
        elif version != VERSION:
            raise DamagedError(f"written by another version ({version}; this one knows {VERSION})")
        if database.execute("SELECT epoch FROM lane").fetchone() is None:
            database.execute("INSERT INTO lane VALUES (?, 0, 0)", (secrets.token_hex(8),))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    def _number(self, done: Iterable[Block | Lost]) -> None:
        database = self._database
        (last,) = database.execute("SELECT last FROM lane").fetchone()
        for one in done:
            last += 1
            if isinstance(one, Block):
                database.execute("DELETE FROM growing WHERE session = ?", (one.session,))
                database.execute("INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (last, *one))
            else:
                database.execute("INSERT INTO gaps VALUES (?, ?, ?, ?, ?, ?)", (last, last, *one))
        database.execute("UPDATE lane SET last = ?", (last,))

    def _close_interrupted(self) -> None:
        rows = self._database.execute(f"SELECT {COLUMNS} FROM growing ORDER BY begin").fetchall()  # noqa: S608
        blocks = [Block(*row) for row in rows]
        self._number([*blocks, *map(_after, blocks)])

    def _make_room(self) -> None:
        """Drop the oldest until the size is right: what the hub has is told apart from what it does not have."""
        while self.size > self._most:
            acknowledged = self.position.acknowledged
            rows = self._database.execute(
                "SELECT seq, count, begin, end FROM blocks ORDER BY seq LIMIT ?", (DROPPED_AT_ONCE,)
            ).fetchall()
            if not rows:
                return
            expired = [row for row in rows if row[0] <= acknowledged]
            self._drop(expired or rows, "expired" if expired else "full")

    def _drop(self, rows: list[tuple[int, int, int, int]], reason: Reason) -> None:
        """Blocks (seq, count, begin, end) become a gap, or part of the one before them."""
        database = self._database
        first, last = rows[0][0], rows[-1][0]
        database.execute("DELETE FROM blocks WHERE seq BETWEEN ? AND ?", (first, last))
        samples, begin, end = sum(row[1] for row in rows), min(row[2] for row in rows), max(row[3] for row in rows)
        others, values = "reason = ? AND last = ?", (reason, first - 1)
        if reason == "expired":  # the hub was told what is missing there: one gap is enough to remember
            others, values = "? = 'expired' AND last <= ?", (reason, last)
        before = database.execute(
            f"SELECT min(first), sum(samples), min(begin), max(end) FROM gaps WHERE {others}",  # noqa: S608
            values,
        ).fetchone()
        if before[0] is not None:
            database.execute(f"DELETE FROM gaps WHERE {others}", values)  # noqa: S608
            first, samples = before[0], samples + before[1]
            begin, end = min(begin, before[2]), max(end, before[3])
        database.execute("INSERT INTO gaps VALUES (?, ?, ?, ?, ?, ?)", (first, last, samples, begin, end, reason))

    def _gaps(self, after: int, upto: int) -> list[TelemetryGap]:
        rows = self._database.execute(
            "SELECT max(first, ?), last, samples, begin, end, reason FROM gaps "
            "WHERE last > ? AND first <= ? ORDER BY first LIMIT ?",
            (after + 1, after, upto, MOST_BLOCKS + 1),
        )
        return [
            TelemetryGap(first=first, last=last, samples=samples, begin=begin, end=end, reason=reason)
            for first, last, samples, begin, end, reason in rows
        ]

    def _holds(self, seq: int, digest: bytes | None) -> bool:
        """Whether the block is that of which the hub speaks; one that is dropped is not asked."""
        row = self._database.execute("SELECT body FROM blocks WHERE seq = ?", (seq,)).fetchone()
        return row is None or digest is None or record_hash(row[0]) == digest

    def _begin_epoch(self, acknowledged: int) -> None:
        """Numbers begin again at 1, with what was not acknowledged."""
        database = self._database
        database.execute("DELETE FROM blocks WHERE seq <= ?", (acknowledged,))
        database.execute("DELETE FROM gaps WHERE last <= ?", (acknowledged,))
        # By way of numbers that nobody has, for a number may be taken only once at any moment.
        database.execute("UPDATE blocks SET seq = -seq")
        database.execute("UPDATE blocks SET seq = -seq - ?", (acknowledged,))
        database.execute("UPDATE gaps SET first = -first, last = -last")
        database.execute("UPDATE gaps SET first = -first - ?1, last = -last - ?1", (acknowledged,))
        database.execute(
            "UPDATE lane SET epoch = ?, last = last - acknowledged, acknowledged = 0", (secrets.token_hex(8),)
        )


def _after(block: Block) -> Lost:
    """What may have been lost behind a block that was growing: as many as came in the time between two commits."""
    spacing = (block.end - block.begin) / (block.samples - 1) if block.samples > 1 else 1000.0
    most = max(1, round(COMMIT_EVERY * 1000 / max(spacing, 1.0)))
    return Lost(most, block.end, block.end + int(COMMIT_EVERY * 1000), "interrupted")
