"""A hub inside the test: its tables alone, or all of it on free ports."""

import asyncio
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from anyio import open_file  # noqa: F401 - else imported in the first request for a file, too deep for pytest's rewriting
from tests.hub import again, postgres
from tests.hub.fake_edge import FakeEdge

from chargelink.hub.serve import Listening, Settings, serve
from chargelink.hub.store.address import FILE
from chargelink.hub.store.database import opened
from chargelink.hub.store.engine import Engine
from chargelink.hub.store.writer import RecordWriter

CLUSTER = os.environ.get(postgres.CLUSTER)  # set by test_postgres.py, which runs these tests again
DATABASE = "hub"
PATIENCE = 30  # s for anything that a slow machine may be slow at


@pytest.fixture(scope="session", autouse=True)
def on_postgresql(request: pytest.FixtureRequest) -> Iterator[again.Run | None]:
    """The same tests on PostgreSQL, beside these from the first on, if their test was asked for and can be run."""
    asked = any(item.path.name == "test_postgres.py" for item in request.session.items)
    if CLUSTER or not asked or postgres.found() is None:
        yield None
        return
    with again.running() as run:
        yield run


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


@dataclass(frozen=True)
class Place:
    """An empty database, migrated: a file in `directory`, or a database of PostgreSQL at `url`."""

    directory: Path
    url: str | None

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask through a connection of another program: it sees only what is committed."""
        if self.url is None:
            other = sqlite3.connect(self.directory / FILE)
            rows = other.execute(query).fetchall()
            other.close()
            return rows
        connection = await asyncpg.connect(self.url)
        found = await connection.fetch(query)
        await connection.close()
        return [tuple(row) for row in found]


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database, migrated once: a test that begins with a copy of it begins twenty times as fast."""

    async def make(directory: Path) -> None:
        if CLUSTER is not None:
            await postgres.create(CLUSTER, DATABASE)
        async with opened(directory, CLUSTER and postgres.url(CLUSTER, DATABASE)):
            pass

    directory = tmp_path_factory.mktemp("migrated")
    asyncio.run(make(directory))
    return directory / FILE


@pytest.fixture
async def place(tmp_path: Path, migrated: Path) -> Place:
    if CLUSTER is None:
        shutil.copy(migrated, tmp_path)
        return Place(tmp_path, None)
    await postgres.empty(CLUSTER, DATABASE)
    return Place(tmp_path, postgres.url(CLUSTER, DATABASE))


@pytest.fixture
async def hub(place: Place) -> AsyncIterator[Hub]:
    addresses: asyncio.Queue[Listening] = asyncio.Queue()
    stop = asyncio.Event()
    settings = Settings(place.directory, plain=True, database=place.url)
    serving = serve(settings, addresses.put_nowait, stop)
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
async def tables(place: Place) -> AsyncIterator[Engine]:
    """The models over an empty database, and the engine of the writer."""
    async with opened(place.directory, place.url) as engine:
        yield engine


@pytest.fixture
async def writer(tables: Engine) -> AsyncIterator[RecordWriter]:
    writer = RecordWriter(tables)
    task = asyncio.create_task(writer.run())
    yield writer
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
