"""Whether a ledger is as it was written: every record, chain, checkpoint and anchor of every epoch and lane.

Reads one state of the file through a connection that may not write, also while the daemon writes, and believes nothing
in it: any column may hold anything.
"""

import sqlite3
from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, TypeGuard
from urllib.parse import quote

import msgspec

from chargelink.cli.language import Text
from chargelink.edge.ledger.database import LANES
from chargelink.edge.ledger.schema import STEPS
from chargelink.link.chain import chain_next, chain_start, record_hash
from chargelink.link.messages import RECORD_LANE, Checkpoint
from chargelink.link.quantities import EXACT
from chargelink.model import JournalEpoch, content_of
from chargelink.trust.checkpoints import is_signed
from chargelink.wire import ChargelinkError, DecodeError

DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
MOST_KIND = 255  # bytes, as the chain can say


class VerifyError(ChargelinkError):
    """There is nothing to verify, or it cannot be read: not what a file says, but that it says nothing."""


class FoundError(ChargelinkError):
    """The first thing that is wrong."""

    def __init__(self, fault: "Fault") -> None:
        super().__init__(fault.text.english)
        self.fault = fault


class Fault(NamedTuple):
    """What is wrong: `key` is that of a record, EPOCH/LANE/SEQ, or names what else it is about."""

    key: str
    text: Text


@dataclass
class Verdict:
    """What was found. `signed_at` is the UTC in ms of the newest signature under the record lane that lives, `unsigned`
    the records since; `signers` are the public keys in the file, in hexadecimal.
    """

    edge: str = ""
    records: int = 0
    epochs: int = 0
    checkpoints: int = 0
    pruned: int = 0
    signed_at: int | None = None
    unsigned: int = 0
    signers: list[str] = field(default_factory=list)
    fault: Fault | None = None


class _End(NamedTuple):
    """Where a lane ends, as far as it was found to be whole."""

    last: int
    chain: bytes


class _Signed(NamedTuple):
    """The value of the chain that a checkpoint signs, and when, UTC ms."""

    chain: bytes
    at: int


class _Lane(NamedTuple):
    edge: str
    epoch: str
    name: str
    living: bool

    def key(self, seq: object) -> str:
        return f"{self.epoch}/{self.name}/{seq}"


def verify(path: Path, keys: Collection[bytes] = ()) -> Verdict:
    """Look at a ledger, or a backup of one. With `keys` every signature must be by one of these public keys.

    Raises VerifyError for a file that cannot be opened or is not of this version.
    """
    verdict = Verdict()
    try:
        with closing(_opened(path)) as database:
            database.execute("BEGIN")  # one state of it, whatever is written meanwhile
            _Look(database, verdict, keys).all()
    except FoundError as found:
        verdict.fault = found.fault
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in DAMAGE:
            raise VerifyError(f"{path}: {error}") from error
        verdict.fault = Fault(str(path), Text(f"the file is damaged: {error}", f"文件已损坏：{error}"))
    return verdict


def _opened(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise VerifyError(f"{path}: there is no such file")
    database = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None)
    database.text_factory = lambda data: data.decode("utf-8", "replace")
    return database


class _Look:
    """One look at a ledger."""

    def __init__(self, database: sqlite3.Connection, verdict: Verdict, keys: Collection[bytes]) -> None:
        self._all = database.execute
        self._verdict = verdict
        self._keys = keys
        self._signers: dict[Any, bytes] = {}

    def all(self) -> None:
        """Everything there is. Raises FoundError for the first thing that is wrong, sqlite3.Error."""
        self._file()
        self._signers = dict(self._all("SELECT number, public FROM signers"))
        self._verdict.signers = [key.hex() for key in self._signers.values() if isinstance(key, bytes)]
        epochs = self._all("SELECT number, epoch, edge FROM epochs ORDER BY number").fetchall()
        before: dict[str, _End] = {}
        for index, (number, epoch, edge) in enumerate(epochs, 1):
            if number != index or not isinstance(epoch, str) or not isinstance(edge, str):
                self._wrong(f"epoch {index}", Text("this epoch is missing", "缺少此纪元"))
            living = index == len(epochs)
            ends = {name: self._lane(_Lane(edge, epoch, name, living)) for name in LANES}
            if index > 1:
                self._linked(epoch, epochs[index - 2][1], before)
            before = ends
            self._verdict.edge, self._verdict.epochs = edge, index
        if not epochs:
            self._wrong("epochs", Text("there is none", "没有任何纪元"))
        self._nothing_else(len(epochs))

    def _file(self) -> None:
        (version,) = self._all("PRAGMA user_version").fetchone()
        if version != len(STEPS):
            older = "start the edge once, it brings it up" if version < len(STEPS) else "use the newer chargelink"
            raise VerifyError(f"the ledger has version {version}, this is for {len(STEPS)}: {older}")
        (said,) = self._all("PRAGMA integrity_check(1)").fetchone()
        if said != "ok":
            self._wrong("file", Text(f"the file is damaged: {said}", f"文件已损坏：{said}"))

    def _lane(self, lane: _Lane) -> _End:
        row = self._all(
            "SELECT last, acknowledged, chain, pruned, start FROM lanes WHERE epoch = ? AND lane = ?",
            (lane.epoch, lane.name),
        ).fetchone()
        if row is None:
            self._wrong(f"{lane.epoch}/{lane.name}", Text("this lane is missing", "缺少此通道"))
        last, acknowledged, chain, pruned, start = row
        if start != chain_start(lane.edge, lane.epoch, lane.name):
            self._wrong(
                f"{lane.epoch}/{lane.name}",
                Text(f"it did not begin as a lane of the edge {lane.edge}", f"并非网关 {lane.edge} 的通道起始"),
            )
        if not (_counts(last, acknowledged, pruned) and max(pruned, acknowledged) <= last):
            self._wrong(f"{lane.epoch}/{lane.name}", Text("its counts cannot be true", "其计数不可能成立"))
        signed = self._checkpoints(lane)
        end = self._records(lane, self._anchor(lane, pruned, signed), signed)
        if end.last < last:
            self._missing(lane, end, last - end.last)
        if end.last > last:
            self._wrong(
                lane.key(last + 1), Text("a record too many: its lane ends before", "多出的记录：通道在此之前结束")
            )
        if end.chain != chain:
            self._wrong(
                lane.key(last), Text("its lane ends with another value of the chain", "通道末端的链值与此记录不符")
            )
        newest = max(signed, default=0)
        if lane.living and acknowledged > newest:
            self._wrong(
                lane.key(acknowledged),
                Text("it was acknowledged, and the signature under it is missing", "已被确认，但缺少其签名"),
            )
        if lane.living:
            self._verdict.unsigned += last - newest
            if lane.name == RECORD_LANE and newest:
                self._verdict.signed_at = signed[newest].at
        return end

    def _checkpoints(self, lane: _Lane) -> dict[int, _Signed]:
        """The signatures of a lane by the record that they stand at, each found to be one."""
        rows = self._all(
            "SELECT seq, chain, at, signer, signature FROM checkpoints WHERE epoch = ? AND lane = ? ORDER BY seq",
            (lane.epoch, lane.name),
        )
        found = {}
        for seq, chain, at, signer, signature in rows:
            public = self._signers.get(signer)
            key = f"{lane.key(seq)} (checkpoint)"
            if not (_counts(seq, at) and _bytes(chain, 32) and _bytes(signature, 64) and _bytes(public, 32)):
                self._wrong(key, Text("this signature cannot be read", "无法读取此签名"))
            if not is_signed(Checkpoint(seq, at, signature), chain, public):
                self._wrong(key, Text("this is no signature of the edge's key", "此签名与网关密钥不符"))
            if self._keys and public not in self._keys:
                self._wrong(key, Text(f"signed with another key: {public.hex()}", f"由其他密钥签名：{public.hex()}"))
            found[seq] = _Signed(chain, at)
            self._verdict.checkpoints += 1
        return found

    def _anchor(self, lane: _Lane, pruned: int, signed: dict[int, _Signed]) -> _End:
        """What the first record follows: nothing, or the signature behind which older ones were pruned."""
        self._verdict.pruned += pruned
        if pruned == 0:
            return _End(0, chain_start(lane.edge, lane.epoch, lane.name))
        if pruned not in signed:
            self._wrong(
                lane.key(pruned),
                Text("pruned up to here, and the signature that proves it is missing", "已清理至此，但缺少证明签名"),
            )
        return _End(pruned, signed[pruned].chain)

    def _records(self, lane: _Lane, end: _End, signed: dict[int, _Signed]) -> _End:
        for seq in signed:
            if seq < end.last:
                self._wrong(f"{lane.key(seq)} (checkpoint)", Text("it stands before the anchor", "位于锚点之前"))
        rows = self._all(
            "SELECT seq, kind, at, body, hash, chain FROM records WHERE epoch = ? AND lane = ? ORDER BY seq",
            (lane.epoch, lane.name),
        )
        for row in rows:
            end = self._record(lane, end, row)
            self._verdict.records += 1
            if end.last in signed and signed[end.last].chain != end.chain:
                self._wrong(
                    lane.key(end.last), Text("the signature here is under another past", "此处签名对应另一历史")
                )
        if signed and max(signed) > end.last:
            self._missing(lane, end, max(signed) - end.last)
        return end

    def _record(self, lane: _Lane, end: _End, row: tuple[Any, ...]) -> _End:
        """Raises FoundError unless the row is the record that follows."""
        seq, kind, at, body, digest, chain = row
        expected = end.last + 1
        if not _counts(seq) or seq <= end.last:
            self._wrong(lane.key(seq), Text("no record can have this number", "记录不可能有此编号"))
        if seq > expected:
            self._missing(lane, end, seq - expected)
        if not _bytes(body) or record_hash(body) != digest:
            self._wrong(lane.key(seq), Text("its bytes are not the ones that were hashed", "其内容与散列不符"))
        if _next(end.chain, seq, at, kind, digest) != chain:
            self._moved(lane, end)
            self._wrong(
                lane.key(seq),
                Text(
                    "it does not continue the chain: its number, time, kind or bytes were changed, or it was put in",
                    "与链不连续：其编号、时间、类别或内容被改动，或系插入",
                ),
            )
        return _End(seq, chain)

    def _missing(self, lane: _Lane, end: _End, count: int) -> None:
        self._moved(lane, end)
        key = lane.key(end.last + 1)
        if count == 1:
            self._wrong(key, Text("this record is missing", "缺少此记录"))
        self._wrong(key, Text(f"{count} records are missing from here on", f"自此起缺少 {count} 条记录"))

    def _moved(self, lane: _Lane, end: _End) -> None:
        """Look for the record that should follow in every other place. Raises FoundError if it is there."""
        for epoch, name, seq, kind, at, digest, chain in self._all(
            "SELECT epoch, lane, seq, kind, at, hash, chain FROM records NOT INDEXED"
        ):
            here = (epoch, name, seq) == (lane.epoch, lane.name, end.last + 1)
            if not here and _next(end.chain, end.last + 1, at, kind, digest) == chain:
                place = f"{epoch}/{name}/{seq}"
                self._wrong(
                    lane.key(end.last + 1),
                    Text(f"this record was moved: it stands at {place}", f"此记录被移动，现位于 {place}"),
                )

    def _linked(self, epoch: str, before: str, ends: dict[str, _End]) -> None:
        """An epoch says which one it follows, if its first record is still there and says anything."""
        row = self._all(
            "SELECT kind, body FROM records WHERE epoch = ? AND lane = ? AND seq = 1", (epoch, RECORD_LANE)
        ).fetchone()
        try:
            content = None if row is None else content_of(*row)
        except (DecodeError, msgspec.MsgspecError, TypeError):
            content = None
        if not isinstance(content, JournalEpoch):
            return  # pruned, or of a version that said nothing
        key = f"{epoch}/{RECORD_LANE}/1"
        if content.previous != before:
            self._wrong(key, Text(f"it follows the epoch {content.previous}", f"其前一纪元应为 {content.previous}"))
        for name, end in content.lanes.items():
            if ends.get(name) != (end.seq, end.chain):
                self._wrong(
                    f"{before}/{name}/{end.seq}",
                    Text("the next epoch says that this one ended otherwise", "与后一纪元所述的结尾不符"),
                )

    def _nothing_else(self, epochs: int) -> None:
        """Everything in the tables belongs to a lane that was looked at."""
        for table, seen in (
            ("records", self._verdict.records),
            ("checkpoints", self._verdict.checkpoints),
            ("lanes", epochs * len(LANES)),
        ):
            columns = "epoch, lane" if table == "lanes" else "epoch, lane, seq"
            (count,) = self._all(f"SELECT count(*) FROM {table} NOT INDEXED").fetchone()  # noqa: S608
            if count == seen:
                continue
            for place in self._all(f"SELECT {columns} FROM {table} NOT INDEXED"):  # noqa: S608
                if place[1] not in LANES or not self._known(place[0]):
                    self._wrong(
                        "/".join(map(str, place)), Text("it belongs to no lane of this edge", "不属于本网关的任何通道")
                    )

    def _known(self, epoch: object) -> bool:
        return self._all("SELECT 1 FROM epochs WHERE epoch = ?", (epoch,)).fetchone() is not None

    def _wrong(self, key: str, text: Text) -> NoReturn:
        raise FoundError(Fault(key, text))


def _counts(*values: object) -> bool:
    return all(type(value) is int and 0 <= value <= EXACT for value in values)


def _bytes(value: object, length: int | None = None) -> TypeGuard[bytes]:
    return isinstance(value, bytes) and length in (None, len(value))


def _next(previous: bytes, seq: int, at: Any, kind: Any, digest: Any) -> bytes | None:
    """The value of the chain at a record, None for what no record can be."""
    if not (_counts(seq, at) and isinstance(kind, str) and len(kind.encode()) <= MOST_KIND and _bytes(digest)):
        return None
    return chain_next(previous, seq, at, kind, digest)
