"""The processes of this benchmark: started, asked how much they took, ended."""

import asyncio
import json
import os
import signal
import sys
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

PATIENCE = 120.0  # s for anything at all
IDLE = 0.05  # of a processor: a hub that takes less has read what it stored
MODULES = {"hub": ("chargelink.cli", "hub", "serve"), "fleet": ("chargelink.cli", "sim", "fleet", "--json")}


class Process:
    """A process that prints a `ready` line with facts."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.facts: dict[str, str] = {}

    @classmethod
    async def start(cls, module: str, *arguments: object) -> Self:
        """`python -m module arguments...`; what it logs is not kept."""
        line = [sys.executable, "-m", module, *map(str, arguments)]
        pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        return cls(await asyncio.create_subprocess_exec(*line, stdout=pipe, stderr=null))

    async def line(self, what: str, within: float = PATIENCE) -> float:
        """Wait for a line that begins so; the time when it came. Raises TimeoutError; ChildProcessError at its end."""
        assert self.process.stdout is not None
        async with asyncio.timeout(within):
            while line := (await self.process.stdout.readline()).decode():
                if line.startswith(f"{what} "):
                    self.facts |= dict(part.split("=", 1) for part in line.split()[1:])
                    return time.monotonic()
        raise ChildProcessError(f"it ended before it said {what!r}")

    async def kill(self) -> None:
        """As a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def end(self) -> str:
        """In order; what it printed meanwhile."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        output, _ = await asyncio.wait_for(self.process.communicate(), PATIENCE)
        return output.decode()

    @property
    def worked(self) -> float:
        """Processor time so far, s."""
        ticks = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")

    @property
    def share(self) -> int:
        """Its proportional share of memory (PSS), KiB."""
        rows = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines()
        return next(int(row.split()[1]) for row in rows if row.startswith("Pss:"))

    async def until_idle(self, within: float = PATIENCE) -> None:
        """Return when it does nothing worth mentioning for a second, or after a while."""
        until = time.monotonic() + within
        while time.monotonic() < until:
            before = self.worked
            await asyncio.sleep(1)
            if self.worked - before < IDLE:
                return


class Hub(Process):
    """The hub."""

    async def health(self) -> dict[str, Any]:
        """What it says of itself."""

        def ask() -> Any:
            with urllib.request.urlopen(f"{self.facts['web']}api/health", timeout=PATIENCE) as answer:
                return json.load(answer)

        health: dict[str, Any] = await asyncio.to_thread(ask)
        return health


@asynccontextmanager
async def server(module: str, *arguments: object) -> AsyncIterator[Hub]:
    """A server that is ready; ended at the end."""
    process = await Hub.start(module, *arguments)
    try:
        await process.line("ready")
        yield process
    finally:
        await process.end()


def hub(data: Path, port: int = 0, plain: bool = True) -> Any:
    """`chargelink hub serve`, without TLS or with certificates."""
    module, *arguments = MODULES["hub"]
    return server(module, *arguments, "--data", data, "--port", port, *(["--plain"] if plain else []))


async def made(module: str, *arguments: object) -> None:
    """Run something that has an end. Raises ChildProcessError."""
    process = await Process.start(module, *arguments)
    if await process.process.wait():
        raise ChildProcessError(module)


def reference(name: str, port: int = 0) -> Any:
    """A server of `bench.hub.servers`."""
    return server("bench.hub.servers", name, port)


@asynccontextmanager
async def fleet(link: str, edges: int, *options: object, module: str = "") -> AsyncIterator[Process]:
    """A fleet that is connected; ended at the end if it was not before."""
    name, *arguments = (module, "--json") if module else MODULES["fleet"]
    process = await Process.start(name, *arguments, "--hub", link, "--edges", edges, *options)
    try:
        await process.line("ready", within=5 * PATIENCE)
        yield process
    finally:
        if process.process.returncode is None:
            await process.end()


class Loaded(dict[str, Any]):
    """What a fleet said of its load, and what server and fleet worked meanwhile, s."""

    worked: float
    fleet_worked: float


async def loaded(server: Process, edges: int, seconds: float, *options: object, module: str = "") -> Loaded:
    """A fleet under load for so long."""
    async with fleet(server.facts["link"], edges, "--seconds", seconds, *options, module=module) as process:
        before = server.worked
        assert process.process.stdout is not None
        output = await asyncio.wait_for(process.process.stdout.read(), PATIENCE + seconds)
        result = Loaded(json.loads(output.decode().splitlines()[-1]))
        result.worked = server.worked - before
        result.fleet_worked = result["processorSeconds"]
        return result
