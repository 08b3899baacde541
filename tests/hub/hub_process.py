"""The hub as a process, as its users start it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

PATIENCE = 60  # s for anything that a slow machine may be slow at


class HubProcess:
    """A running `chargelink hub serve`: `link` for edges, `web` for pages."""

    def __init__(self, process: asyncio.subprocess.Process, ready: dict[str, str]) -> None:
        self.process = process
        self.link = ready["link"]
        self.web = ready["web"].rstrip("/")
        self.enroll = ready.get("enroll", "")
        self.http = httpx.AsyncClient(base_url=self.web, timeout=PATIENCE)

    async def get(self, path: str) -> Any:
        """JSON of the API."""
        answer = await self.http.get(path)
        answer.raise_for_status()
        return answer.json()

    async def kill(self) -> None:
        """As a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def stop(self) -> int:
        """An orderly end; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), PATIENCE)


async def start(data: Path, *arguments: str, plain: bool = True) -> asyncio.subprocess.Process:
    """Start the command, ready or not; with links that need no certificate, unless told otherwise."""
    line = [sys.executable, "-m", "chargelink.cli", "hub", "serve", "--data", str(data), *arguments]
    line += ["--plain"] if plain else []
    environment = {**os.environ, "LANG": "C.UTF-8"}
    return await asyncio.create_subprocess_exec(
        *line, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environment
    )


@asynccontextmanager
async def running(data: Path, *arguments: str, plain: bool = True) -> AsyncIterator[HubProcess]:
    """A hub that is ready; it is ended at the end, if the test has not done so."""
    process = await start(data, *arguments, plain=plain)
    assert process.stdout is not None
    assert process.stderr is not None
    errors = asyncio.create_task(process.stderr.read())
    line = (await asyncio.wait_for(process.stdout.readline(), PATIENCE)).decode()
    if not line.startswith("ready "):
        raise RuntimeError((await errors).decode())
    hub = HubProcess(process, dict(part.split("=", 1) for part in line.split()[1:]))
    try:
        yield hub
    finally:
        await hub.http.aclose()
        if process.returncode is None:
            process.kill()
        await process.wait()
        sys.stderr.write((await errors).decode())
