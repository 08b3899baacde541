"""Whether what was said to be durable is there: compares what an edge said with its ledger and with the hub's database.

Reads the files as they are, through connections that may not write: nothing is repaired by looking.
"""

import hashlib
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.torture.load import EDGE

from chargelink.edge.ledger.verify import verify
from chargelink.model import SessionEnded, SessionStarted, content_of


class Stored(NamedTuple):
    """A record as it is stored at either end."""

    kind: str
    at: int
    body: bytes
    hash: bytes


Lane = dict[tuple[str, int], Stored]  # by epoch and seq


@dataclass
class Said:
    """What the lives of an edge have said, read from where their output went."""

    path: Path = Path(os.devnull)
    records: set[tuple[int, str]] = field(default_factory=set)
    begun: list[str] = field(default_factory=list)
    ended: dict[str, int] = field(default_factory=dict)
    acknowledged: dict[str, int] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    epochs: list[str] = field(default_factory=list)
    working: bool = False  # the present life has got as far as opening its ledger
    drained: tuple[str, int] | None = None
    _offset: int = 0

    def listen(self) -> None:
        """Read on."""
        with self.path.open("rb") as file:
            file.seek(self._offset)
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.decode().splitlines():
            self.hear(line)

    def hear(self, line: str) -> None:
        """Take one line."""
        what, *words = line.split(" ", 2)
        match what:
            case "record":
                self.records.add((int(words[0]), words[1]))
            case "begun":
                self.begun.append(words[0])
            case "ended":
                self.ended[words[0]] = int(words[1])
            case "acknowledged":
                self.acknowledged[words[0]] = max(self.acknowledged.get(words[0], 0), int(words[1]))
            case "refused":
                self.refused.append(" ".join(words))
            case "epoch":
                self.epochs.append(words[0])
                self.working = True
            case "drained":
                self.drained = words[0], int(words[1])

    @property
    def count(self) -> int:
        """How many things were said to be durable."""
        return len(self.records) + len(self.begun) + len(self.ended)


class Finding(NamedTuple):
    """Something that must not be: `lost`, `twice` or `other`."""

    what: str
    text: str


def of_ledger(ledger: Path, said: Said) -> Iterator[Finding]:
    """What the edge said is durable, and is not in its ledger; what stands there twice."""
    lane = edge_lane(ledger)
    bodies = {(seq, hashlib.sha256(record.body).hexdigest()) for (_, seq), record in lane.items()}
    for seq, digest in said.records - bodies:
        yield Finding("lost", f"the ledger has not got record {seq} with the body {digest[:16]}")
    yield from _gaps(lane, "the ledger")
    if lane and (fault := verify(ledger).fault) is not None:
        yield Finding("other", f"{fault.key}: {fault.text.english}")
    contents = [content_of(record.kind, record.body) for record in lane.values() if record.kind.startswith("session")]
    begun = Counter(one.session_id for one in contents if isinstance(one, SessionStarted))
    ended = Counter(one.session_id for one in contents if isinstance(one, SessionEnded))
    for counter in (begun, ended):
        yield from (Finding("twice", f"session {one}") for one, times in counter.items() if times > 1)
    totals = {one.session_id: one.bill.total for one in contents if isinstance(one, SessionEnded)}
    for one in set(said.begun) - set(begun):
        yield Finding("lost", f"session {one} began, and the ledger does not know it")
    for one, total in said.ended.items():
        if totals.get(one) != total:
            yield Finding("lost", f"session {one} cost {total} fen, in the ledger {totals.get(one)}")


def of_hub(books: Path, ledger: Path, said: Said) -> Iterator[Finding]:
    """What the hub acknowledged, and has not got, or not as the edge has it."""
    here, there = edge_lane(ledger), hub_lane(books)
    for epoch, have in said.acknowledged.items():
        for seq in range(1, have + 1):
            if (epoch, seq) not in there:
                yield Finding("lost", f"the hub acknowledged {epoch}/{seq} and has not got it")
    for key in there.keys() & here.keys():
        if there[key] != here[key]:
            yield Finding("other", f"{key[0]}/{key[1]} differs between edge and hub")


def of_both(books: Path, ledger: Path) -> Iterator[Finding]:
    """When all is quiet: edge and hub hold the same, nothing was set aside, and every session is billed alike."""
    here, there = edge_lane(ledger), hub_lane(books)
    for key in here.keys() - there.keys():
        yield Finding("lost", f"the hub has not got {key[0]}/{key[1]}")
    for key in there.keys() - here.keys():
        yield Finding("other", f"the edge has not got {key[0]}/{key[1]}, which the hub has")
    yield from _gaps(there, "the hub")
    ended = [content_of(one.kind, one.body) for one in here.values() if one.kind == "session.ended"]
    mine = {one.session_id: one.bill.total for one in ended if isinstance(one, SessionEnded)}
    with reading(books) as database:
        for table in ("set_aside", "quarantine"):
            (count,) = database.execute(f"SELECT count(*) FROM {table}").fetchone()
            if count:
                yield Finding("other", f"{count} in the hub's {table}")
        for kind, subject in database.execute(
            "SELECT kind, subject FROM alarm WHERE kind NOT IN ('edge-alarm', 'trip')"
        ):
            yield Finding("other", f"the hub's alarm {kind}: {subject}")
        bills = {row[0]: row[1:] for row in database.execute("SELECT session, edge_total, hub_total, total FROM bill")}
    for one in bills.keys() - mine.keys():
        yield Finding("other", f"the hub has billed {one}, which never ended")
    for one, total in mine.items():
        if bills.get(one) != (total, total, total):
            yield Finding("other", f"session {one} costs {total} fen; the hub says {bills.get(one)}")


def session_ended(record: Stored) -> SessionEnded:
    """What a record of that kind says."""
    content = content_of(record.kind, record.body)
    assert isinstance(content, SessionEnded)
    return content


def unread(books: Path) -> int:
    """Records that the hub has stored and not yet read."""
    with reading(books) as database:
        unread = "SELECT count(*) FROM record WHERE id > COALESCE((SELECT row FROM progress WHERE name = 'records'), 0)"
        (count,) = database.execute(unread).fetchone()
    return int(count)


def edge_lane(ledger: Path) -> Lane:
    """The record lane as the ledger has it."""
    if not ledger.exists():
        return {}
    with reading(ledger) as database:
        if database.execute("SELECT 1 FROM sqlite_schema WHERE name = 'records'").fetchone() is None:
            return {}
        rows = database.execute("SELECT epoch, seq, kind, at, body, hash FROM records WHERE lane = 'record'")
        return {(epoch, seq): Stored(*rest) for epoch, seq, *rest in rows}


def hub_lane(books: Path) -> Lane:
    """The record lane as the hub has it. Raises AssertionError for a key that is there twice."""
    if not books.exists():
        return {}
    with reading(books) as database:
        if database.execute("SELECT 1 FROM sqlite_schema WHERE name = 'record'").fetchone() is None:
            return {}
        query = "SELECT epoch, seq, kind, at, body, hash FROM record WHERE edge = ? AND lane = 'record'"
        rows = database.execute(query, (EDGE,)).fetchall()
    lane = {(epoch, seq): Stored(kind, at, body, bytes.fromhex(digest)) for epoch, seq, kind, at, body, digest in rows}
    assert len(lane) == len(rows), "the hub holds a key twice"
    return lane


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that only looks."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=60)) as database:
        yield database


def _gaps(lane: Lane, where: str) -> Iterator[Finding]:
    counts = Counter(epoch for epoch, _ in lane)
    for epoch, count in counts.items():
        if lane.keys() < {(epoch, seq) for seq in range(1, count + 1)} or (epoch, count) not in lane:
            yield Finding("lost", f"{where} has {count} records of {epoch}, not 1 to {count}")
