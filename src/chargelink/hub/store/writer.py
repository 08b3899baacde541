"""What edges pour in is written by groups: what waits while one commit runs goes into the next.

One writer, one transaction at a time, so a commit's write to the disk is shared by all edges that waited for it. A
batch is answered after the commit that holds it. The key (edge, epoch, lane, seq) makes sending twice harmless: what is
there already is left alone, and the same key with other bytes is set aside. No row of this path goes through the ORM.
"""

import asyncio
from collections.abc import Sequence

from chargelink.hub.store.batches import Batch, Blocks, Stored
from chargelink.hub.store.engine import CHECKPOINTS, Engine, LaneKey, TroubleError
from chargelink.hub.store.group import Group
from chargelink.hub.store.memory import Memory
from chargelink.hub.store.weighing import LaneState

LARGEST_GROUP = 2_000  # rows in one transaction: others wait for the database's lock meanwhile
CALM = 0.05  # s without a commit: then nobody is in a hurry
LARGEST_QUEUE = 4_096  # batches waiting; then `store` makes the sender wait


class RecordWriter:
    """The one who writes what edges pour in. `run` is its task; everybody else calls `store`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: asyncio.Queue[Batch | Blocks] = asyncio.Queue(LARGEST_QUEUE)
        self._lanes: Memory[LaneKey, LaneState] = Memory()
        self._marks: Memory[tuple[str, str], int] = Memory()
        self._last = float("-inf")
        self.written = asyncio.Event()  # something new is there to be read; the reader clears it
        self.signed = asyncio.Event()  # so are checkpoints
        self.poured = asyncio.Event()  # so is telemetry

    def busy(self) -> bool:
        """Whether batches come in at such a rate that readers should hold back."""
        return not self._queue.empty() or asyncio.get_running_loop().time() - self._last < CALM

    async def store(self, item: Batch | Blocks) -> Stored:
        """Return when it is durable. Raises what the database raised; then nothing may be acknowledged."""
        await self._queue.put(item)
        return await item.done

    async def run(self) -> None:
        """Write until cancelled. A group that fails is answered with its failure; the next one is tried."""
        while True:
            group = await self._next_group()
            try:
                await self.write(group)
            except TroubleError as failure:
                refuse(group, failure)
            except Exception as failure:  # one of them cannot be held: the others must not suffer for it
                if len(group) == 1:
                    refuse(group, failure)
                for item in group if len(group) > 1 else ():
                    await self._write_alone(item)

    async def write(self, items: Sequence[Batch | Blocks]) -> None:
        """Write in one transaction, in order, and answer. Raises TroubleError, or what was wrong with the items."""
        group = Group(items)
        try:
            await group.prepare(self._engine, self._lanes, self._marks)
            results = group.settle(await self._engine.write(group.rows), self._lanes, self._marks)
        except BaseException:
            group.forget(self._lanes, self._marks)
            raise
        for item, result in zip(items, results, strict=True):
            if not item.done.done():  # the connection may have gone while it waited
                item.done.set_result(result)
        self._last = asyncio.get_running_loop().time()
        self.written.set()
        if CHECKPOINTS in group.rows.tables:
            self.signed.set()
        if any(isinstance(item, Blocks) for item in items):
            self.poured.set()

    async def _write_alone(self, item: Batch | Blocks) -> None:
        try:
            await self.write([item])
        except Exception as failure:
            refuse([item], failure)

    async def _next_group(self) -> list[Batch | Blocks]:
        group = [await self._queue.get()]
        weight = group[0].weight
        while not self._queue.empty() and weight < LARGEST_GROUP:
            group.append(self._queue.get_nowait())
            weight += group[-1].weight
        return group


def refuse(items: Sequence[Batch | Blocks], failure: Exception) -> None:
    """Nothing of these is acknowledged."""
    for item in items:
        if not item.done.done():
            item.done.set_exception(failure)
