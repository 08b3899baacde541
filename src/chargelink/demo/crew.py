"""Processes that are started, are ready, and are all ended: nothing is left running."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

READY_WITHIN = 30.0  # s
END_WITHIN = 5.0  # s that everything may take to end in order
LAST_LINES = 5  # of a log, to say why a process failed


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
    """`async with Crew(folder)`: processes of `chargelink`, their logs in the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._members: dict[str, Member] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for name in reversed([*self._members]):
            await self.end(name)

    async def start(self, name: str, *arguments: str) -> Mapping[str, str]:
        """Start `chargelink ARGUMENTS`, wait for its ready line and give what it says. Raises DemoError."""
        log = self._log(name)
        with log.open("ab") as errors:
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

    async def do(self, *arguments: str) -> None:
        """Run `chargelink ARGUMENTS` to its end. Raises DemoError when it fails."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "chargelink.cli", *arguments),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, errors = await process.communicate()
        if process.returncode:
            raise DemoError(f"{' '.join(arguments)}: {errors.decode(errors='replace').strip()}")

    async def end(self, name: str) -> int:
        """End a process in order, by force if it takes too long; its exit code. Raises DemoError for one unknown."""
        member = self._members.pop(name, None)
        if member is None:
            raise DemoError(f"{name} does not run")
        process = member.process
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(END_WITHIN):
                code = await process.wait()
        except TimeoutError:
            process.kill()
            code = await process.wait()
        if member.drain:
            member.drain.cancel()
        return code

    async def kill(self, name: str) -> tuple[str, ...]:
        """Take a process away without a word; its arguments, to start it again."""
        member = self._members.pop(name)
        member.process.kill()
        await member.process.wait()
        if member.drain:
            member.drain.cancel()
        return member.arguments

    def check(self) -> None:
        """Raises DemoError when a process has ended by itself."""
        for name, member in self._members.items():
            if member.process.returncode is not None:
                raise DemoError(f"{name} ended with {member.process.returncode}; {self._why(name)}")

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def _why(self, name: str) -> str:
        lines = self._log(name).read_text(errors="replace").splitlines()[-LAST_LINES:]
        return f"its log ends: {' | '.join(lines)}" if lines else "its log is empty"


async def _drained(stdout: asyncio.StreamReader) -> None:
    """Read on what nobody needs, so that the process never waits for us."""
    while await stdout.read(65536):
        pass
