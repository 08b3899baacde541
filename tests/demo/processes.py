"""`chargelink` as its users start it, and what is left of it: every process that it started carries a mark."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

PATIENCE = 120.0  # s for anything that takes seconds on a machine with time
MARK = "CHARGELINK_TEST"


class Traces:
    """What was started here, by a mark in its environment; and `folder`, where it may keep things."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {MARK: uuid4().hex, "TMPDIR": str(folder), "LANG": "C.UTF-8"}
        self._mark = f"{MARK}={self.environment[MARK]}".encode()

    @property
    def processes(self) -> list[str]:
        """The command lines of those that run."""
        return [command for _, command in self._running()]

    def find(self, words: str) -> list[int]:
        """The processes with these words in their command lines, the oldest first."""
        return sorted(pid for pid, command in self._running() if words in command)

    def end(self) -> None:
        """Take away what a failed test left."""
        for pid, _ in self._running():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _running(self) -> Iterator[tuple[int, str]]:
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has just ended, or is not ours
                if self._mark in (entry / "environ").read_bytes().split(b"\0"):
                    yield int(entry.name), (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()


async def start(traces: Traces, *arguments: str) -> asyncio.subprocess.Process:
    """Start `chargelink ARGUMENTS`; what it prints can be read."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chargelink.cli", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **traces.environment, "PYTHONUNBUFFERED": "1"},
    )


async def until_said(process: asyncio.subprocess.Process, words: str) -> None:
    """Read lines until one has these words in it."""
    assert process.stdout
    said = []
    async with asyncio.timeout(PATIENCE):
        while line := await process.stdout.readline():
            said.append(line.decode())
            if words in said[-1]:
                return
    assert process.stderr
    raise AssertionError(f"never said {words!r}: {''.join(said)} {(await process.stderr.read()).decode()}")
