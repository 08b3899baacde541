"""The database as its writer has it: the tables, and in memory the end of each lane, so that appending reads nothing.

What is appended waits in memory until the rows of a group are written with one statement. Only the writer's thread
touches it; whoever undoes a transaction goes back to a mark as well.
"""

import sqlite3
from collections.abc import Callable
from typing import NamedTuple

from chargelink.link.chain import chain_next, record_hash
from chargelink.link.messages import METERING_LANE, RECORD_LANE
from chargelink.link.quantities import EXACT
from chargelink.model import Content, body_of, kind_of
from chargelink.trust.checkpoints import JournalKey
from chargelink.wire import EncodeError

LANES = (RECORD_LANE, METERING_LANE)
LARGEST_BODY = 1 << 18  # bytes: one record always fits a frame of the link, and never fills it


class Entry(NamedTuple):
    """What is to be recorded: `at` in UTC milliseconds, `body` as it will be stored."""

    kind: str
    at: int
    body: bytes
    lane: str


def entry_of(content: Content, at: int, lane: str = RECORD_LANE) -> Entry:
    """What is to be recorded, checked. Raises EncodeError for what no frame could carry, and for an impossible time."""
    body = body_of(content)
    if len(body) > LARGEST_BODY:
        raise EncodeError(f"a {kind_of(content)} of {len(body)} bytes, {LARGEST_BODY} are allowed")
    if not 0 <= at <= EXACT:
        raise EncodeError(f"a {kind_of(content)} at {at} ms is before 1970 or beyond what a record can say")
    if lane not in LANES:
        raise EncodeError(f"there is no lane {lane!r}")
    return Entry(kind_of(content), at, body, lane)


class Tail:
    """The end of a lane: its last record and the chain there; up to where the hub has it, and up to where it is pruned;
    `waiting` are the bytes of what the hub does not have.
    """

    __slots__ = ("acknowledged", "chain", "last", "pruned", "waiting")

    def __init__(self, last: int, acknowledged: int, chain: bytes, pruned: int = 0, waiting: int = 0) -> None:
        self.last = last
        self.acknowledged = acknowledged
        self.chain = chain
        self.pruned = pruned
        self.waiting = waiting

    def copy(self) -> "Tail":
        """As it is now."""
        return Tail(self.last, self.acknowledged, self.chain, self.pruned, self.waiting)


class Limits(NamedTuple):
    """How much may wait for the hub, over all lanes, before no session may begin any more."""

    records: int = 100_000
    bytes: int = 256 * 1024 * 1024


class Mark(NamedTuple):
    """What is in memory at one instant."""

    epoch: str
    tails: dict[str, Tail]


Row = tuple[str, str, int, str, int, bytes, bytes, bytes]  # as the table `records` has it


class Database(sqlite3.Connection):
    """`epoch` is the life of the journal, `clock` gives UTC milliseconds, `key` signs for the edge."""

    edge: str
    epoch: str
    key: JournalKey
    signer: int
    clock: Callable[[], int]
    limits: Limits
    tails: dict[str, Tail]
    untold: str  # an epoch that began because hub and journal were at odds, and of which nothing was sent yet
    _rows: list[Row]
    _stored: dict[str, tuple[int, int, bytes, int]]  # where lanes end by the table

    def load(self, edge: str, key: JournalKey, clock: Callable[[], int], limits: Limits) -> None:
        """Read where each lane ends."""
        self.edge, self.key, self.clock, self.limits = edge, key, clock, limits
        self._rows, self._stored, self.untold = [], {}, ""
        (self.epoch,) = self.execute("SELECT epoch FROM epochs ORDER BY number DESC LIMIT 1").fetchone() or ("",)
        lanes = self.execute(
            "SELECT lane, last, acknowledged, chain, pruned,"
            " (SELECT total(length(body)) FROM records r"
            "  WHERE r.epoch = l.epoch AND r.lane = l.lane AND r.seq > l.acknowledged)"
            " FROM lanes l WHERE epoch = ?",
            (self.epoch,),
        )
        self.tails = {
            lane: Tail(last, acknowledged, chain, pruned, int(waiting))
            for lane, last, acknowledged, chain, pruned, waiting in lanes
        }

    def add(self, entry: Entry) -> int:
        """Give a record its number and its place in the chain."""
        kind, at, body, lane = entry
        tail = self.tails[lane]
        digest = record_hash(body)
        seq = tail.last + 1
        chain = chain_next(tail.chain, seq, at, kind, digest)
        tail.last, tail.chain = seq, chain
        tail.waiting += len(body)
        self._rows.append((self.epoch, lane, seq, kind, at, body, digest, chain))
        return seq

    def flush(self) -> None:
        """Write what was appended, before it is read."""
        if self._rows:
            self.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?)", self._rows)
            self._rows.clear()

    def settle(self) -> None:
        """Write what was appended and where the lanes end, before it is committed."""
        self.flush()
        for lane, tail in self.tails.items():
            ends = (tail.last, tail.acknowledged, tail.chain, tail.pruned)
            if self._stored.get(lane) != ends:
                self.execute(
                    "UPDATE lanes SET last = ?, acknowledged = ?, chain = ?, pruned = ? WHERE epoch = ? AND lane = ?",
                    (*ends, self.epoch, lane),
                )
                self._stored[lane] = ends

    def mark(self) -> Mark:
        """To go back to, should the transaction or a part of it be undone. What was appended is written before."""
        self.flush()
        return Mark(self.epoch, {lane: tail.copy() for lane, tail in self.tails.items()})

    def back_to(self, mark: Mark) -> None:
        """Forget what happened since; its transaction or savepoint is undone by the caller."""
        self.epoch, self.tails = mark
        self._rows.clear()
        self._stored.clear()
