"""The database: opened, brought up to date, closed.

Every commit is written through to the disk: a record is acknowledged when it is durable. People's edits go through
Tortoise, what edges pour in through an `Engine` with a connection of its own.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Any

from tortoise.context import TortoiseContext
from tortoise.migrations.executor import MigrationExecutor
from tortoise.transactions import in_transaction

from chargelink.hub.store.address import DATABASE, FILE, connection
from chargelink.hub.store.engine import Engine
from chargelink.hub.store.sqlite import ImmediateClient
from chargelink.hub.store.sqlite_engine import SqliteEngine

APP = "hub"
LOCK = "hub.lock"
MODELS = ("models", "identities", "chains", "telemetry", "persons", "money", "tariffs", "lists")


def configuration(directory: Path, url: str | None = None) -> dict[str, Any]:
    """What Tortoise is told: the database, its models and its migrations."""
    return {
        "connections": {"default": connection(directory, url)},
        "apps": {
            APP: {
                "models": [f"chargelink.hub.store.{name}" for name in MODELS],
                "migrations": "chargelink.hub.store.migrations",
                "default_connection": "default",
            }
        },
    }


@asynccontextmanager
async def opened(directory: Path, url: str | None = None) -> AsyncIterator[Engine]:
    """The database of a hub in an existing directory, migrated, and no other hub's meanwhile.

    The models work inside, also in tasks that servers start. Raises OSError when another hub is using it.
    """
    with alone(directory):
        if url is not None:
            async with postgres_alone(url) as engine, _tortoise(directory, url):
                yield engine
            return
        async with _tortoise(directory, None) as context:
            client = context.db()
            assert isinstance(client, ImmediateClient)
            engine = SqliteEngine(directory / FILE, client.turn)
            try:
                yield engine
            finally:
                await asyncio.shield(engine.close())


@asynccontextmanager
async def beside(directory: Path, url: str | None = None) -> AsyncIterator[TortoiseContext]:
    """The database of a hub that may be running, for a command that is soon done.

    `url` is by default what the environment says. Raises OSError where there is no database yet.
    """
    url = url or os.environ.get(DATABASE)
    if url is None and not (directory / FILE).exists():
        raise FileNotFoundError(f"no hub has run in {directory}")
    async with TortoiseContext() as context:
        settings = configuration(directory, url)
        await context.init(config=settings, _enable_global_fallback=True)
        with suppress(BlockingIOError), alone(directory):  # a hub that runs has brought it up to date itself
            await _bring_up(context, settings)
        yield context


@asynccontextmanager
async def _tortoise(directory: Path, url: str | None) -> AsyncIterator[TortoiseContext]:
    async with TortoiseContext() as context:
        settings = configuration(directory, url)
        await context.init(config=settings, _enable_global_fallback=True)
        await _bring_up(context, settings)
        yield context


async def migrated(directory: Path, url: str | None) -> None:
    """Bring a database up to date, made if it is not there. Nobody else may be using it."""
    async with TortoiseContext() as context:
        settings = configuration(directory, url)
        await context.init(config=settings)
        await _bring_up(context, settings)


async def _bring_up(context: TortoiseContext, settings: Mapping[str, Any]) -> None:
    """Bring the tables up to date in one transaction. Raises OSError for tables of a newer version.

    Tortoise notes a migration after the commit that did it: a hub that died in between could never start again.
    """
    first = MigrationExecutor(context.db(), settings["apps"])
    # Where the notes are kept; else it asks for them, fails, and PostgreSQL goes no further with the transaction.
    await first.recorder.ensure_schema(first._schema_editor(atomic=False))
    async with in_transaction() as connection:
        executor = MigrationExecutor(connection, settings["apps"])
        await executor.migrate(direction="forward")
        done = {key.name for key in await executor.recorder.applied_migrations() if key.app_label == APP}
        if newer := done - {key.name for key in executor.loader.graph.nodes}:
            raise OSError(f"the database is of a newer version of chargelink ({max(newer)})")


@asynccontextmanager
async def postgres_alone(url: str) -> AsyncIterator[Engine]:
    """The writer's engine, which keeps other hubs off the database. Raises OSError when one is using it."""
    from chargelink.hub.store.postgres_engine import PostgresEngine

    engine = PostgresEngine(url)
    await engine.open()
    try:
        yield engine
    finally:
        await engine.close()


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Keep other hubs off a data directory. Raises OSError when one is there; a killed one leaves nothing behind."""
    with (directory / LOCK).open("w") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            raise BlockingIOError(f"another hub is using {directory}") from None
        yield
