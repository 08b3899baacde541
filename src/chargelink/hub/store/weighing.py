"""A batch of records weighed against what is held of its lane: what is new, what contradicts, what must be told.

The chain is continued from the held value. Where the edge's own value differs there, or records are missing, an anchor
keeps both values and the chain goes on from the edge's: what came before and what comes after can each be checked, and
what lies between them is told and never mended.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chargelink.hub.store.batches import Arrived, Batch
from chargelink.link.chain import chain_next, chain_start


@dataclass(frozen=True, slots=True)
class LaneState:
    """The last record held of a lane, and the value of the chain there. `seq` 0: none yet."""

    seq: int
    hash: str
    chain: bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a person must hear of, with the evidence. Told once for each (kind, subject) of an edge."""

    kind: str
    subject: str
    detail: dict[str, object]


@dataclass(frozen=True, slots=True)
class Anchored:
    """The chain goes on from `chain` behind record `seq`; `held` is the value that was held there, if any was."""

    seq: int
    chain: bytes
    why: str
    held: bytes | None


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint, and the value of the chain that it has to be for."""

    seq: int
    at: int
    signature: bytes
    chain: bytes


@dataclass(slots=True)
class Weighed:
    """What to do with a batch."""

    lane: LaneState
    fresh: list[Arrived] = field(default_factory=list)
    set_aside: list[Arrived] = field(default_factory=list)
    anchors: list[Anchored] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    checkpoint: Signed | None = None


def start_of(batch: Batch) -> LaneState:
    """The state of a lane of which nothing is held."""
    return LaneState(0, "", chain_start(batch.edge, batch.epoch, batch.lane))


def weigh(batch: Batch, lane: LaneState, held: Mapping[int, str]) -> Weighed:
    """Decide about a batch. `held` has the hashes of the lane's records up to `lane.seq` in the range of the batch."""
    records = sorted(batch.records, key=lambda record: record.seq)
    found = Weighed(lane)
    if not records:
        return found
    values: dict[int, bytes] = {}  # of the edge's own chain, by seq
    border = bisect_right(records, lane.seq, key=lambda record: record.seq)
    old, new = records[:border], records[border:]
    claimed = _repeated(batch, old, held, found, values)
    if new:
        chain = _joined(batch, new[0].seq, claimed, bool(old), found)
        _continued(batch, new, chain, found, values)
    elif claimed is not None and old[-1].seq == lane.seq and claimed != lane.chain:
        found.findings.append(_fork(batch, lane, claimed))
    if batch.checkpoint is not None:
        _checkpoint(batch, values, found)
    return found


def _repeated(
    batch: Batch, old: Sequence[Arrived], held: Mapping[int, str], found: Weighed, values: dict[int, bytes]
) -> bytes | None:
    """Records up to the watermark: held already, or filling a gap. The edge's value behind them, if told."""
    claimed = batch.previous
    first = ""
    for record in old:
        known = held.get(record.seq)
        if known is None:
            found.fresh.append(record)
        elif known != record.hash:
            found.set_aside.append(record)
            first = first or known
        if claimed is not None:
            claimed = values[record.seq] = _next(claimed, record)
    if found.set_aside:
        found.findings.append(_contradiction(batch, found.set_aside, first))
    if claimed is not None and old and found.lane.seq not in values:
        return None  # it says nothing about the value at the watermark
    return claimed


def _joined(batch: Batch, begin: int, claimed: bytes | None, repeats: bool, found: Weighed) -> bytes:
    """The value from which the chain goes on with record `begin`, the first that is new."""
    lane = found.lane
    missing = begin - lane.seq - 1 if lane.seq or batch.previous is not None else 0
    if missing:
        found.findings.append(_missing(batch, begin, missing))
    if missing or (begin > 1 and not lane.seq):
        told = None if repeats else claimed  # behind what it repeats there is a gap of which it tells no value
        found.anchors.append(Anchored(begin - 1, told or lane.chain, "gap", told and lane.chain))
        return told or lane.chain
    if claimed is None or claimed == lane.chain:
        return lane.chain
    found.findings.append(_fork(batch, lane, claimed) if repeats else _broken(batch, lane, claimed))
    found.anchors.append(Anchored(lane.seq, claimed, "fork" if repeats else "broken", lane.chain))
    return claimed


def _continued(batch: Batch, new: Sequence[Arrived], chain: bytes, found: Weighed, values: dict[int, bytes]) -> None:
    """Records behind the watermark, each once; the lane is now at the last of them."""
    last: Arrived | None = None
    for record in new:
        if last is not None and record.seq == last.seq:
            if record.hash != last.hash:
                found.set_aside.append(record)
                found.findings.append(_contradiction(batch, [record], last.hash))
            continue
        if last is not None and record.seq > last.seq + 1:
            found.findings.append(_missing(batch, record.seq, record.seq - last.seq - 1))
            found.anchors.append(Anchored(record.seq - 1, chain, "gap", None))
        chain = values[record.seq] = _next(chain, record)
        found.fresh.append(record)
        last = record
    assert last is not None
    found.lane = LaneState(last.seq, last.hash, chain)


def _checkpoint(batch: Batch, values: Mapping[int, bytes], found: Weighed) -> None:
    """Keep a checkpoint beside the value that it should be for; whether it is, is looked into behind."""
    checkpoint = batch.checkpoint
    assert checkpoint is not None
    numbers = {record.seq for record in batch.records}
    if (value := values.get(checkpoint.seq)) is not None:
        found.checkpoint = Signed(checkpoint.seq, checkpoint.at, checkpoint.signature, value)
    elif checkpoint.seq not in numbers:
        key = batch.key(checkpoint.seq)
        detail: dict[str, object] = {"key": key, "signature": checkpoint.signature.hex(), "at": checkpoint.at}
        found.findings.append(Finding("checkpoint-stray", key, detail))


def _next(chain: bytes, record: Arrived) -> bytes:
    return chain_next(chain, record.seq, record.at, record.kind, bytes.fromhex(record.hash))


def _missing(batch: Batch, begin: int, count: int) -> Finding:
    """The edge went on over a gap: it no longer holds what was there, and waiting for it would block the lane."""
    key = batch.key(begin)
    return Finding("missing-records", key, {"key": key, "count": count, "first": begin - count, "last": begin - 1})


def _contradiction(batch: Batch, records: Sequence[Arrived], held: str) -> Finding:
    first = records[0]
    key = batch.key(first.seq)
    detail: dict[str, object] = {"key": key, "count": len(records), "held": held, "sent": first.hash}
    return Finding("set-aside", f"{key} {first.hash[:16]}", detail)


def _fork(batch: Batch, lane: LaneState, claimed: bytes) -> Finding:
    return _differs("fork", batch, lane, claimed)


def _broken(batch: Batch, lane: LaneState, claimed: bytes) -> Finding:
    return _differs("chain-broken", batch, lane, claimed)


def _differs(kind: str, batch: Batch, lane: LaneState, claimed: bytes) -> Finding:
    key = batch.key(lane.seq)
    detail: dict[str, object] = {"key": key, "held": lane.chain.hex(), "sent": claimed.hex(), "hash": lane.hash}
    return Finding(kind, f"{key} {claimed.hex()[:16]}", detail)
