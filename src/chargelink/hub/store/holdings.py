"""What is held of the edges that say who they are: asked for all of them together that wait for the answer.

When ten thousand come back at once this is what each of them waits for.
"""

import asyncio
from typing import NamedTuple

from chargelink.hub.store.engine import Asked, Engine, Held

LARGEST_GROUP = 256  # edges asked for at a time


class _Waiting(NamedTuple):
    asked: Asked
    answer: asyncio.Future[Held]


class Holdings:
    """`run` is the task that asks; everybody else awaits `of`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue()  # of links: bounded by how many there are

    async def of(self, edge: str, epoch: str, telemetry_epoch: str | None) -> Held:
        """What is held of these epochs of an edge. Raises what the database raised."""
        waiting = _Waiting(Asked(edge, epoch, telemetry_epoch or ""), asyncio.get_running_loop().create_future())
        self._queue.put_nowait(waiting)
        return await waiting.answer

    async def run(self) -> None:
        """Answer until cancelled."""
        while True:
            group = [await self._queue.get()]
            while not self._queue.empty() and len(group) < LARGEST_GROUP:
                group.append(self._queue.get_nowait())
            try:
                answers = await self._engine.held([waiting.asked for waiting in group])
            except Exception as failure:  # it belongs to those who wait
                for waiting in group:
                    if not waiting.answer.done():
                        waiting.answer.set_exception(failure)
                continue
            for waiting, answer in zip(group, answers, strict=True):
                if not waiting.answer.done():
                    waiting.answer.set_result(answer)
