"""The database: opened, brought up to date, closed.

SQLite writes every commit through to the disk (`synchronous=FULL`): a record is acknowledged when it is durable.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Any

from tortoise.context import TortoiseContext
from tortoise.migrations.executor import MigrationExecutor

APP = "hub"
FILE = "hub.db"
LOCK = "hub.lock"


def configuration(file: Path) -> dict[str, Any]:
    """What Tortoise is told: one SQLite file, its models and its migrations."""
    return {
        "connections": {
            "default": {
                "engine": "chargelink.hub.store.sqlite",
                "credentials": {"file_path": str(file), "synchronous": "FULL", "busy_timeout": 5000},
            }
        },
        "apps": {
            APP: {
                "models": ["chargelink.hub.store.models", "chargelink.hub.store.identities"],
                "migrations": "chargelink.hub.store.migrations",
                "default_connection": "default",
            }
        },
    }


@asynccontextmanager
async def opened(directory: Path) -> AsyncIterator[TortoiseContext]:
    """The database in an existing directory, migrated. The models work inside, also in tasks that servers start."""
    with alone(directory):
        async with TortoiseContext() as context:
            settings = configuration(directory / FILE)
            await context.init(config=settings, _enable_global_fallback=True)
            await MigrationExecutor(context.db(), settings["apps"]).migrate(direction="forward")
            yield context


@asynccontextmanager
async def beside(directory: Path) -> AsyncIterator[TortoiseContext]:
    """The database of a hub that may be running, for a command that is soon done.

    Raises OSError where there is none yet.
    """
    if not (directory / FILE).exists():
        raise FileNotFoundError(f"no hub has run in {directory}")
    async with TortoiseContext() as context:
        settings = configuration(directory / FILE)
        await context.init(config=settings, _enable_global_fallback=True)
        with suppress(BlockingIOError), alone(directory):  # a hub that runs has brought it up to date itself
            await MigrationExecutor(context.db(), settings["apps"]).migrate(direction="forward")
        yield context


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Keep other hubs off a data directory. Raises OSError when one is there; a killed one leaves nothing behind."""
    with (directory / LOCK).open("w") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            raise BlockingIOError(f"another hub is using {directory}") from None
        yield
