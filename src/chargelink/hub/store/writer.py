"""Records go in by groups: what waits while one commit runs goes into the next.

One writer, one transaction at a time, so a commit's write to the disk is shared by all edges that waited for it. A
batch is answered after the commit that holds it. The key (edge, epoch, lane, seq) makes sending twice harmless: what is
there already is left alone, and the same key with other bytes is set aside.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from tortoise.transactions import in_transaction

from chargelink.hub.store.alarms import write_alarm
from chargelink.hub.store.models import Alarm, Record, SetAside, Watermark

LARGEST_GROUP = 2_000  # records in one transaction: others wait for the database's lock meanwhile
LARGEST_QUEUE = 256  # batches waiting; then `store` makes the sender wait


@dataclass(frozen=True, slots=True)
class Arrived:
    """A record as an edge sent it."""

    seq: int
    kind: str
    at: int
    body: bytes
    hash: str


@dataclass(frozen=True, slots=True)
class Stored:
    """What a commit did with a batch: the new watermark, and the alarms that it raised."""

    have: int
    alarms: tuple[Alarm, ...] = ()


@dataclass(eq=False, slots=True)
class Batch:
    """Records of one lane of one epoch of one edge, in the order sent."""

    edge: str
    epoch: str
    lane: str
    records: tuple[Arrived, ...]
    received: int
    done: asyncio.Future[Stored] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class RecordWriter:
    """The one who writes records. `run` is its task; everybody else calls `store`."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Batch] = asyncio.Queue(LARGEST_QUEUE)
        self.written = asyncio.Event()  # something new is there to be read; the reader clears it

    async def store(self, batch: Batch) -> Stored:
        """Return when the batch is durable. Raises what the database raised; then nothing may be acknowledged."""
        await self._queue.put(batch)
        return await batch.done

    async def run(self) -> None:
        """Write until cancelled. A group that fails is answered with its failure; the next one is tried."""
        while True:
            group = await self._next_group()
            try:
                results = await write(group)
            except Exception as failure:  # it belongs to those who wait for this group
                for batch in group:
                    if not batch.done.done():
                        batch.done.set_exception(failure)
                continue
            for batch, result in zip(group, results, strict=True):
                if not batch.done.done():  # the connection may have gone while it waited
                    batch.done.set_result(result)
            self.written.set()

    async def _next_group(self) -> list[Batch]:
        group = [await self._queue.get()]
        while not self._queue.empty() and sum(len(batch.records) for batch in group) < LARGEST_GROUP:
            group.append(self._queue.get_nowait())
        return group


async def write(group: Iterable[Batch]) -> list[Stored]:
    """Write the batches in one transaction, in order."""
    async with in_transaction():
        return [await write_batch(batch) for batch in group]


async def write_batch(batch: Batch) -> Stored:
    """Keep what is new, set aside what contradicts, move the watermark. Runs inside a transaction."""
    if not batch.records:
        return Stored(have=await watermark(batch.edge, batch.epoch, batch.lane))
    held = await held_hashes(batch)
    fresh: dict[int, Arrived] = {}
    contradicting: list[Arrived] = []
    for record in batch.records:
        known = held.get(record.seq) or (fresh[record.seq].hash if record.seq in fresh else None)
        if known is None:
            fresh[record.seq] = record
        elif known != record.hash:
            contradicting.append(record)
    await Record.bulk_create([Record(**row(batch, record)) for record in fresh.values()])
    await SetAside.bulk_create(
        [SetAside(**row(batch, record)) for record in contradicting],
        ignore_conflicts=True,
    )
    before = await watermark(batch.edge, batch.epoch, batch.lane)
    numbers = {record.seq for record in batch.records}
    last = max(numbers)
    if last > before:
        await Watermark.update_or_create({"seq": last}, edge=batch.edge, epoch=batch.epoch, lane=batch.lane)
    alarms = [await set_aside_alarm(batch, record) for record in contradicting]
    begin = before or min(numbers) - 1  # an epoch may begin at any number
    if missing := max(0, last - begin) - sum(number > begin for number in numbers):
        alarms.append(await missing_alarm(batch, last, missing))
    return Stored(max(before, last), tuple(alarm for alarm in alarms if alarm is not None))


async def set_aside_alarm(batch: Batch, record: Arrived) -> Alarm | None:
    key = key_of(batch, record.seq)
    return await write_alarm(batch.edge, "set-aside", f"{key} {record.hash[:16]}", batch.received, {"key": key})


async def missing_alarm(batch: Batch, last: int, count: int) -> Alarm | None:
    """The edge went on over a gap: it no longer holds what was there, and waiting for it would block the lane."""
    key = key_of(batch, last)
    return await write_alarm(batch.edge, "missing-records", key, batch.received, {"key": key, "count": count})


def key_of(batch: Batch, seq: int) -> str:
    """A record's key as people read it."""
    return f"{batch.edge}/{batch.epoch}/{batch.lane}/{seq}"


async def held_hashes(batch: Batch) -> dict[int, str]:
    """Sequence number to hash of what is stored already in the range of a batch."""
    numbers = [record.seq for record in batch.records]
    rows = await Record.filter(
        edge=batch.edge, epoch=batch.epoch, lane=batch.lane, seq__gte=min(numbers), seq__lte=max(numbers)
    ).values_list("seq", "hash")
    return dict(rows)


async def watermark(edge: str, epoch: str, lane: str) -> int:
    """Up to which sequence number a lane has been acknowledged; 0 before the first."""
    mark = await Watermark.get_or_none(edge=edge, epoch=epoch, lane=lane)
    return mark.seq if mark else 0


async def held(edge: str, epoch: str) -> dict[str, tuple[int, bytes]]:
    """By lane of an edge's epoch: the watermark, and the hash of the record that stands there."""
    last = {mark.lane: mark.seq for mark in await Watermark.filter(edge=edge, epoch=epoch)}
    rows = await Record.filter(edge=edge, epoch=epoch, seq__in=[*last.values()]).values_list("lane", "seq", "hash")
    return {lane: (seq, bytes.fromhex(digest)) for lane, seq, digest in rows if last[lane] == seq}


def row(batch: Batch, record: Arrived) -> dict[str, str | int | bytes]:
    """The columns that `record` and `set_aside` share."""
    return {
        "edge": batch.edge,
        "epoch": batch.epoch,
        "lane": batch.lane,
        "seq": record.seq,
        "kind": record.kind,
        "at": record.at,
        "body": record.body,
        "hash": record.hash,
        "received": batch.received,
    }
