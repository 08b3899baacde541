"""What one transaction writes for the batches of a group, in their order: from memory and few questions to the rows."""

from collections.abc import Mapping, Sequence

import msgspec

from chargelink.hub.store.alarms import LONGEST_SUBJECT, alarm_of
from chargelink.hub.store.batches import Arrived, Batch, Blocks, Stored
from chargelink.hub.store.engine import (
    ALARMS,
    ANCHORS,
    BLOCKS,
    CHECKPOINTS,
    GAPS,
    LANES,
    MARKS,
    RECORDS,
    SET_ASIDE,
    Engine,
    LaneKey,
    Row,
    Rows,
    Span,
)
from chargelink.hub.store.memory import Memory
from chargelink.hub.store.weighing import LaneState, Weighed, start_of, weigh
from chargelink.link.messages import TelemetryBlock, TelemetryGap

UNDECLARED = "undeclared"


class Group:
    """Batches on their way into one transaction. `prepare`, then `rows` are written, then `settle` tells memory."""

    def __init__(self, items: Sequence[Batch | Blocks]) -> None:
        self.items = items
        self.rows = Rows()
        self._lanes: dict[LaneKey, LaneState] = {}
        self._marks: dict[tuple[str, str], int] = {}
        self._fresh: dict[LaneKey, dict[int, str]] = {}
        self._haves: list[int] = []
        self._alarms: list[list[Row]] = []

    async def prepare(
        self, engine: Engine, lanes: Memory[LaneKey, LaneState], marks: Memory[tuple[str, str], int]
    ) -> None:
        """Decide what to write. Raises TroubleError, and ValueError for what no database can hold."""
        batches = [item for item in self.items if isinstance(item, Batch)]
        keys = {lane_of(batch): batch for batch in batches}
        self._lanes = {key: state for key in keys if (state := lanes.get(key)) is not None}
        if unknown := [key for key in keys if key not in self._lanes]:
            held = await engine.lanes(unknown)
            self._lanes.update({key: held.get(key) or start_of(keys[key]) for key in unknown})
        repeats = [batch for batch in batches if repeated(batch, self._lanes[lane_of(batch)].seq)]
        spans = [span_of(batch, self._lanes[lane_of(batch)].seq) for batch in repeats]
        found = await engine.hashes(spans) if spans else []
        hashes = dict(zip(map(id, repeats), found, strict=True))
        pairs = {(item.edge, item.epoch) for item in self.items if isinstance(item, Blocks)}
        self._marks = {pair: mark for pair in pairs if (mark := marks.get(pair)) is not None}
        if strange := [pair for pair in pairs if pair not in self._marks]:
            self._marks.update(await engine.marks(strange))
        for item in self.items:
            if isinstance(item, Batch):
                self._batch(item, hashes.get(id(item), {}))
            else:
                self._blocks(item)
        self._last_rows()

    def settle(
        self,
        new: Sequence[tuple[int, Row]],
        lanes: Memory[LaneKey, LaneState],
        marks: Memory[tuple[str, str], int],
    ) -> list[Stored]:
        """It is committed: remember it, and say what each batch gets for an answer."""
        for key, state in self._lanes.items():
            lanes.put(key, state)
        for pair, mark in self._marks.items():
            marks.put(pair, mark)
        ids = {row[1:4]: number for number, row in new}
        return [
            Stored(have, tuple(alarm_of(ids.pop(row[1:4]), row) for row in rows if row[1:4] in ids))
            for have, rows in zip(self._haves, self._alarms, strict=True)
        ]

    def forget(self, lanes: Memory[LaneKey, LaneState], marks: Memory[tuple[str, str], int]) -> None:
        """It failed."""
        lanes.forget(lane_of(item) for item in self.items if isinstance(item, Batch))
        marks.forget((item.edge, item.epoch) for item in self.items if isinstance(item, Blocks))

    def _batch(self, batch: Batch, hashes: Mapping[int, str]) -> None:
        key = lane_of(batch)
        fresh = self._fresh.setdefault(key, {})
        weighed = weigh(batch, self._lanes[key], {**hashes, **fresh} if fresh else hashes)
        self._lanes[key] = weighed.lane
        fresh.update((record.seq, record.hash) for record in weighed.fresh)
        self.rows.extend(RECORDS, (record_row(batch, record) for record in weighed.fresh))
        if weighed.set_aside:
            self.rows.extend(SET_ASIDE, (record_row(batch, record) for record in weighed.set_aside))
        self._evidence(batch, key, weighed)
        self._haves.append(weighed.lane.seq)

    def _evidence(self, batch: Batch, key: LaneKey, weighed: Weighed) -> None:
        for anchor in weighed.anchors:
            held = "" if anchor.held is None else anchor.held.hex()
            self.rows.add(ANCHORS, (*key, anchor.seq, anchor.chain.hex(), anchor.why, held, batch.received))
        if (signed := weighed.checkpoint) is not None:
            row = (*key, signed.seq, signed.at, signed.signature.hex(), signed.chain.hex())
            self.rows.add(CHECKPOINTS, row)
        rows: list[Row] = [
            (
                batch.received,
                batch.edge,
                finding.kind,
                finding.subject[:LONGEST_SUBJECT],
                msgspec.json.encode(finding.detail).decode(),
            )
            for finding in weighed.findings
        ]
        if rows:
            self.rows.extend(ALARMS, rows)
        self._alarms.append(rows)

    def _blocks(self, item: Blocks) -> None:
        pair = (item.edge, item.epoch)
        before = self._marks.get(pair, 0)
        blocks = [block for block in item.blocks if block.seq > before]
        self.rows.extend(BLOCKS, (block_row(item, block) for block in blocks))
        gaps = [*item.gaps, *undeclared(before, blocks, item.gaps)]
        self.rows.extend(GAPS, (gap_row(item, gap) for gap in gaps))
        have = max((before, *(block.seq for block in item.blocks), *(gap.last for gap in item.gaps)))
        if have:
            self._marks[pair] = have
        self._haves.append(have)
        self._alarms.append([])

    def _last_rows(self) -> None:
        """Each lane and mark once, however many batches moved it."""
        touched = {lane_of(item) for item in self.items if isinstance(item, Batch) and item.records}
        for key in touched:
            state = self._lanes[key]
            self.rows.add(LANES, (*key, state.seq, state.hash, state.chain.hex()))
        for pair, mark in self._marks.items():
            self.rows.add(MARKS, (*pair, mark))


def lane_of(batch: Batch) -> LaneKey:
    """The lane of a batch."""
    return LaneKey(batch.edge, batch.epoch, batch.lane)


def repeated(batch: Batch, held: int) -> bool:
    """Whether a batch has records up to the watermark."""
    return any(record.seq <= held for record in batch.records)


def span_of(batch: Batch, held: int) -> Span:
    """The records up to the watermark that a batch speaks of."""
    numbers = [record.seq for record in batch.records if record.seq <= held]
    return Span(lane_of(batch), min(numbers), max(numbers))


def undeclared(before: int, blocks: Sequence[TelemetryBlock], gaps: Sequence[TelemetryGap]) -> list[TelemetryGap]:
    """What an edge passed over in silence. An epoch may begin at any number."""
    known = sorted(
        [(block.seq, block.seq, block.begin) for block in blocks] + [(g.first, g.last, g.begin) for g in gaps]
    )
    missing = []
    for first, last, begin in known:
        if before and first > before + 1:
            missing.append(
                TelemetryGap(first=before + 1, last=first - 1, samples=0, begin=begin, end=begin, reason=UNDECLARED)
            )
        before = max(before, last)
    return missing


def record_row(batch: Batch, record: Arrived) -> Row:
    """The columns that `record` and `set_aside` share."""
    key = (batch.edge, batch.epoch, batch.lane)
    return (*key, record.seq, record.kind, record.at, record.body, record.hash, batch.received)


def block_row(item: Blocks, block: TelemetryBlock) -> Row:
    where = (item.edge, item.epoch, block.seq, block.device, block.outlet, block.session_id)
    return (*where, block.begin, block.end, block.count, block.body, item.received)


def gap_row(item: Blocks, gap: TelemetryGap) -> Row:
    return (item.edge, item.epoch, gap.first, gap.last, gap.samples, gap.begin, gap.end, gap.reason)
