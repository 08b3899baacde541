"""What is asked of a database for thousands of edges at once, and one transaction. A file per engine answers it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from chargelink.hub.store.weighing import LaneState

Value = str | int | bytes | None
Row = tuple[Value, ...]


class LaneKey(NamedTuple):
    """Which lane."""

    edge: str
    epoch: str
    lane: str


class Span(NamedTuple):
    """Records of a lane from `low` to `high`."""

    key: LaneKey
    low: int
    high: int


class Asked(NamedTuple):
    """An edge that says who it is: the epochs of its journal and of its telemetry, "" for none."""

    edge: str
    epoch: str
    telemetry_epoch: str


class Held(NamedTuple):
    """What is held of it: its lanes by name, up to which block telemetry, the keys it may sign with, oldest first."""

    lanes: Mapping[str, LaneState]
    telemetry: int | None
    keys: Sequence[str]


class Table(NamedTuple):
    """A table as the writer fills it. `conflict` are the columns of a key under which the first row stays, or, with
    `update`, under which these columns are replaced.
    """

    name: str
    columns: tuple[str, ...]
    conflict: tuple[str, ...] = ()
    update: tuple[str, ...] = ()


_KEY = ("edge", "epoch", "lane")
_RECORD = (*_KEY, "seq", "kind", "at", "body", "hash", "received")
_BLOCK = (
    *("edge", "epoch", "seq", "device", "outlet", "session"),
    *("begin", "end", "count", "body", "received"),
)
_POINT = ("at", "voltage", "current", "power", "soc", "energy")
_SEEN = ("first_seen", "last_seen")
_GAP = ("edge", "epoch", "first_seq", "last_seq", "samples", "begin", "end", "reason")

RECORDS = Table("record", _RECORD)
SET_ASIDE = Table("set_aside", _RECORD, (*_KEY, "seq", "hash"))
LANES = Table("lane", (*_KEY, "seq", "hash", "chain"), _KEY, ("seq", "hash", "chain"))
ANCHORS = Table("anchor", (*_KEY, "seq", "chain", "why", "held", "at"), (*_KEY, "seq", "why"))
CHECKPOINTS = Table("checkpoint", (*_KEY, "seq", "at", "signature", "chain"), (*_KEY, "seq", "chain"))
BLOCKS = Table("telemetry_block", _BLOCK, ("edge", "epoch", "seq"))
GAPS = Table("telemetry_gap", _GAP, ("edge", "epoch", "first_seq"))
MARKS = Table("telemetry_mark", ("edge", "epoch", "seq"), ("edge", "epoch"), ("seq",))
ALARMS = Table("alarm", ("at", "edge", "kind", "subject", "detail"), ("edge", "kind", "subject"))

EDGES = Table(
    "edge", ("id", "software", "epoch", "first_seen", "last_seen"), ("id",), ("software", "epoch", "last_seen")
)
DEVICES = Table(
    "device", ("edge", "device", "kind", "state", "at", "detail"), ("edge", "device"), ("kind", "state", "at", "detail")
)
SAMPLES = Table("sample", ("session", *_POINT), ("session", "at"))

INTEGERS = frozenset({"seq", "received", "begin", "end", "count", "first_seq", "last_seq", "samples", *_POINT, *_SEEN})
BYTES = frozenset({"body"})


@dataclass(slots=True)
class Rows:
    """What one transaction writes, by table; all of it or nothing. First the devices of some edges are forgotten."""

    tables: dict[Table, list[Row]] = field(default_factory=dict)
    forgotten: Sequence[str] = ()

    def add(self, table: Table, row: Row) -> None:
        """One more row."""
        self.tables.setdefault(table, []).append(row)

    def extend(self, table: Table, rows: Iterable[Row]) -> None:
        """More rows."""
        self.tables.setdefault(table, []).extend(rows)


class TroubleError(Exception):
    """The database failed, whatever it was asked: disk full, locked, gone."""


class Engine(Protocol):
    """A database, through a connection of the writer's own. Every method raises TroubleError."""

    async def lanes(self, keys: Sequence[LaneKey]) -> Mapping[LaneKey, LaneState]:
        """The states of these lanes, as far as they have any."""
        ...

    async def marks(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], int]:
        """Up to which block telemetry is held, by edge and epoch, as far as any is."""
        ...

    async def hashes(self, spans: Sequence[Span]) -> Sequence[Mapping[int, str]]:
        """By span: sequence number to hash of the records held."""
        ...

    async def held(self, asked: Sequence[Asked]) -> Sequence[Held]:
        """What is held of each of these edges."""
        ...

    async def write(self, rows: Rows) -> list[tuple[int, Row]]:
        """Write durably. The alarms that are new, with their ids. Other exceptions: the rows cannot be held."""
        ...

    async def close(self) -> None:
        """Give the connection back, after what is being written."""
        ...
