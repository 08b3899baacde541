"""The file of the telemetry as the event loop sees it: asked in a thread, reopened, set aside when it is damaged."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import structlog

from chargelink.edge.ledger.blocks import Blocks, DamagedError, Lost
from chargelink.edge.ledger.journal import Journal
from chargelink.edge.ledger.memory import Memory
from chargelink.edge.ledger.writer import LedgerError
from chargelink.model import Alarm

EPOCH = "telemetry.epoch"  # in the ledger: whether there was a file before
DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

Result = TypeVar("Result")
log = structlog.get_logger("telemetry")


class TelemetryFile:
    """`path`, of at most `most_bytes`. What a person should know of it becomes a record of `ledger`."""

    def __init__(self, path: Path, most_bytes: int, clock: Callable[[], int], ledger: Journal) -> None:
        self.trouble: str | None = None
        """Why nothing can be read or written now."""
        self.lives = 0
        """How often a file was opened: another one remembers nothing of what was growing."""
        self._path = path
        self._most_bytes = most_bytes
        self._clock = clock
        self._ledger = ledger
        self._memory = Memory(ledger)
        self._thread = ThreadPoolExecutor(1, "telemetry")
        self._blocks: Blocks | None = None
        self._opening = asyncio.Lock()

    async def aside(self, work: Callable[[], Result]) -> Result:
        """Have something done that has nothing to do with the file, in its thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def ask(self, work: Callable[[Blocks], Result]) -> Result | None:
        """Have something done with the file; None if that failed: `trouble` says why."""
        try:
            blocks = await self._open()
            result = await self.aside(lambda: work(blocks))
        except (sqlite3.Error, OSError) as error:
            await self._failed(error)
            return None
        self.trouble = None
        return result

    async def close(self) -> None:
        """Close the file when what was asked for is done."""
        try:
            if self._blocks is not None:
                await self.aside(self._blocks.close)
        finally:
            self._thread.shutdown(wait=False)

    async def _open(self) -> Blocks:
        async with self._opening:
            if self._blocks is None:
                self._blocks = blocks = await self.aside(lambda: Blocks(self._path, self._most_bytes))
                self.lives += 1
                await self._compare(blocks)
            return self._blocks

    async def _compare(self, blocks: Blocks) -> None:
        """A file that is new although there was one: what it held is missing, nobody knows how much."""
        with suppress(LedgerError):
            known = await self._memory.get(EPOCH)
            if blocks.created and known is not None:
                now = self._clock()
                await self.aside(lambda: blocks.write([Lost(0, now, now, "damaged")], ()))
                await self._report(f"{self._path.name} is gone and begins anew: curves not yet sent are lost")
            epoch = (await self.aside(lambda: blocks.position)).epoch.encode()
            if epoch != known:
                await self._memory.put(EPOCH, epoch)

    async def _failed(self, error: Exception) -> None:
        if self.trouble is None:
            log.warning("telemetry cannot be stored", why=str(error))
        self.trouble = str(error)
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if isinstance(error, DamagedError) or code in DAMAGE:
            blocks, self._blocks = self._blocks, None
            aside = self._path.with_name(f"{self._path.name}.damaged")
            with suppress(OSError):
                await self.aside(lambda: _set_aside(blocks, self._path, aside))
                log.error("telemetry is damaged and begins anew", kept_as=str(aside))
                with suppress(LedgerError):
                    await self._report(f"{self._path.name} was damaged ({error}), kept as {aside.name}"[:512])

    async def _report(self, text: str) -> None:
        now = self._clock()
        await self._ledger.append(Alarm(code="telemetry-lost", text=text, at=now), now)


def _set_aside(blocks: Blocks | None, path: Path, aside: Path) -> None:
    if blocks is not None:
        with suppress(sqlite3.Error):
            blocks.close()
    path.replace(aside)
    for beside in ("-wal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)
