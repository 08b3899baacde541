"""Readers of what the writer stored: behind it, a little at a time, each little bit one transaction.

What was read and how far is one transaction, so a crash in between repeats nothing and loses nothing. While batches
come in readers rest longer than they work: acknowledging comes first, reading catches up later.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

import structlog

from chargelink.hub.bus import Bus
from chargelink.hub.store.trouble import is_trouble

LONGEST = 0.005  # s of work in one transaction, and one row more; whoever stores new ones waits for it
REST = 3.0  # times as long as the work, while batches come in
FEWEST, MOST = 4, 200  # rows asked for at a time
PATIENCE = 1.0  # s before the database is tried again after it failed

log = structlog.get_logger()


class Pace:
    """One reader at a time, and a rest after each transaction while batches come in; `busy` tells whether they do."""

    def __init__(self, busy: Callable[[], bool] = lambda: False) -> None:
        self._busy = busy
        self._turn = asyncio.Lock()

    async def step(self, read: Callable[[], Awaitable[int]]) -> int:
        """Do one transaction, and rest."""
        clock = asyncio.get_running_loop().time
        async with self._turn:
            begun = clock()
            count = await read()
            await asyncio.sleep(REST * (clock() - begun) if self._busy() else 0)
        return count


class Reader(ABC):
    """One who reads. `run` is its task; `wake` is set when there is more."""

    def __init__(self, bus: Bus, wake: asyncio.Event, pace: Pace | None = None) -> None:
        self.bus = bus
        self.at_once = FEWEST  # rows to ask for, about as many as one transaction has time for
        self._wake = wake
        self._pace = pace or Pace()

    async def run(self) -> None:
        """Read what is waiting, also from before a restart, then wait for more."""
        while True:
            self._wake.clear()
            try:
                while count := await self._pace.step(self.read_waiting):
                    self.at_once = min(MOST, max(FEWEST, 2 * count))
            except Exception as failure:
                if is_trouble(failure):
                    log.error("database", failure=str(failure))
                else:
                    log.exception("reading failed", reader=type(self).__name__)
                await asyncio.sleep(PATIENCE)
                continue
            await self._wake.wait()

    @abstractmethod
    async def read_waiting(self) -> int:
        """Read the oldest waiting rows in one transaction; tell how many. 0 when none is waiting."""

    @staticmethod
    def deadline() -> Callable[[], bool]:
        """Whether this transaction has had its time."""
        clock = asyncio.get_running_loop().time
        end = clock() + LONGEST
        return lambda: clock() > end
