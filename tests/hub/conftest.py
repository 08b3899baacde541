"""A hub inside the test: its tables alone, or all of it on free ports."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio import open_file  # noqa: F401 - else imported in the first request for a file, too deep for pytest's rewriting
from tests.hub.fake_edge import FakeEdge

from chargelink.hub.serve import Listening, Settings, serve
from chargelink.hub.store.database import FILE, opened

PATIENCE = 30  # s for anything that a slow machine may be slow at


@dataclass
class Hub:
    """A hub that is ready: `link` for edges, `http` for pages."""

    link: str
    web: str
    http: httpx.AsyncClient
    stop: asyncio.Event
    task: asyncio.Task[None]
    edges: list[FakeEdge]

    async def edge(self, name: str = "edge-1", protocol: str = "chargelink.1.msgpack") -> FakeEdge:
        """A new link that has not said who it is yet; it is closed when the test ends."""
        self.edges.append(await FakeEdge.join(self.link, name, protocol))
        return self.edges[-1]

    async def get(self, path: str) -> Any:
        """JSON of the API."""
        answer = await self.http.get(path)
        answer.raise_for_status()
        return answer.json()

    async def until(self, path: str, good: Callable[[Any], Any]) -> Any:
        """JSON of the API as soon as it is as awaited: records are read after they are acknowledged."""
        async with asyncio.timeout(PATIENCE):
            while not good(json := await self.get(path)):  # noqa: ASYNC110 - asking again is the condition
                await asyncio.sleep(0.01)
        return json


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database, migrated once: a test that begins with a copy of it begins twenty times as fast."""

    async def make(directory: Path) -> None:
        async with opened(directory):
            pass

    directory = tmp_path_factory.mktemp("migrated")
    asyncio.run(make(directory))
    return directory / FILE


@pytest.fixture
async def hub(tmp_path: Path, migrated: Path) -> AsyncIterator[Hub]:
    shutil.copy(migrated, tmp_path)
    addresses: asyncio.Queue[Listening] = asyncio.Queue()
    stop = asyncio.Event()
    serving = serve(Settings(tmp_path, plain=True), addresses.put_nowait, stop)
    task = asyncio.create_task(serving, name="hub")
    link, web, _ = await asyncio.wait_for(addresses.get(), PATIENCE)
    edges: list[FakeEdge] = []
    async with httpx.AsyncClient(base_url=web, timeout=PATIENCE) as http:
        yield Hub(link, web.rstrip("/"), http, stop, task, edges)
    for edge in edges:
        await edge.close()
    stop.set()
    await asyncio.wait_for(task, PATIENCE)


@pytest.fixture
async def tables(tmp_path: Path, migrated: Path) -> AsyncIterator[Path]:
    shutil.copy(migrated, tmp_path)
    async with opened(tmp_path):
        yield tmp_path / FILE
