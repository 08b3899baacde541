"""Processes that are started, are ready, and are all ended: nothing is left running."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

READY_WITHIN = 60.0  # s
END_WITHIN = 5.0  # s that a process may take to end in order
REST_WITHIN = 1.5  # s of them that all may take who do not end by themselves when the first has
LAST_LINES = 5  # of a log, to say why a process failed
LOOK_EVERY = 0.25  # s


class DemoError(Exception):
    """The demo cannot go on; the message says what went wrong."""


@dataclass
class Member:
    """A running process; `drain` reads on what it says once it is ready."""

    name: str
    arguments: tuple[str, ...]
    process: asyncio.subprocess.Process
    drain: "asyncio.Task[None] | None" = None


class Crew:
    """`async with Crew(folder)`: processes of `chargelink`, their logs in the folder.

    At the end the member called `first`, which commands the others, ends before them; then all of them at once.
    """

    def __init__(self, folder: Path, first: str = "edge") -> None:
        self._folder = folder
        self._first = first
        self._members: dict[str, Member] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._first in self._members:
            await self._end(self._members.pop(self._first), END_WITHIN - REST_WITHIN)
        rest, self._members = [*self._members.values()], {}
        await asyncio.gather(*(self._end(member, REST_WITHIN) for member in rest))

    async def start(self, name: str, *arguments: str) -> Mapping[str, str]:
        """Start `chargelink ARGUMENTS`, wait for its ready line and give what it says. Raises DemoError."""
        with self._log(name).open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "chargelink.cli", *arguments),
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # a Ctrl-C is the demo's, which ends the others in order
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        assert process.stdout is not None
        member = self._members[name] = Member(name, arguments, process)
        try:
            async with asyncio.timeout(READY_WITHIN):
                line = (await process.stdout.readline()).decode()
        except TimeoutError:
            raise DemoError(f"{name} is not ready after {READY_WITHIN:.0f} s; {self._why(name)}") from None
        if not line.startswith("ready"):
            raise DemoError(f"{name} did not start; {self._why(name)}")
        member.drain = asyncio.create_task(_drained(process.stdout), name=f"drain {name}")
        return dict(word.split("=", 1) for word in line.split()[1:])

    async def do(self, *arguments: str) -> str:
        """Run `chargelink ARGUMENTS` to its end; what it prints. Raises DemoError when it fails."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "chargelink.cli", *arguments),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            printed, errors = await process.communicate()
        finally:
            _send(process, signal.SIGKILL)  # nobody waits for it any more
        if process.returncode:
            raise DemoError(f"{' '.join(arguments)}: {(printed + errors).decode(errors='replace').strip()}")
        return printed.decode()

    async def end(self, name: str) -> int:
        """End a process in order, by force if it takes too long; its exit code. Raises DemoError for one unknown."""
        member = self._members.pop(name, None)
        if member is None:
            raise DemoError(f"{name} does not run")
        return await self._end(member, END_WITHIN)

    async def kill(self, name: str) -> tuple[str, ...]:
        """Take a process away without a word; its arguments, to start it again. What it started lives on."""
        member = self._members.pop(name)
        _send(member.process, signal.SIGKILL)
        await member.process.wait()
        if member.drain:
            member.drain.cancel()
        return member.arguments

    async def until(self, so: Callable[[], Awaitable[bool]], within: float, what: str) -> None:
        """Wait until it is so. Raises DemoError after `within` s, or when a process has ended by itself."""
        until = time.monotonic() + within
        while not await so():
            self.check()
            if time.monotonic() > until:
                raise DemoError(f"after {within:.0f} s it is still not so that {what}")
            await asyncio.sleep(LOOK_EVERY)

    def check(self) -> None:
        """Raises DemoError when a process has ended by itself."""
        for name, member in self._members.items():
            if member.process.returncode is not None:
                raise DemoError(f"{name} ended with {member.process.returncode}; {self._why(name)}")

    async def _end(self, member: Member, within: float) -> int:
        process = member.process
        _send(process, signal.SIGTERM)
        try:
            async with asyncio.timeout(within):
                code = await process.wait()
        except TimeoutError:
            for pid in children(process.pid):  # an edge that hangs cannot end its guard
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            _send(process, signal.SIGKILL)
            code = await process.wait()
        if member.drain:
            member.drain.cancel()
        return code

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def _why(self, name: str) -> str:
        lines = self._log(name).read_text(errors="replace").splitlines()[-LAST_LINES:]
        return f"its log ends: {' | '.join(lines)}" if lines else "its log is empty"


def children(pid: int) -> list[int]:
    """The processes that a process has started and that have not ended, from proc(5)."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(entry.read_text().rpartition(")")[2].split()[1])
            if parent == pid:
                found.append(int(entry.parent.name))
    return found


def _send(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    """Not by the process itself: that looks first whether it has ended, and asyncio would then miss its end."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)


async def _drained(stdout: asyncio.StreamReader) -> None:
    """Read on what nobody needs, so that the process never waits for us."""
    while await stdout.read(65536):
        pass
