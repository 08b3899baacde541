"""The database: opened, brought up to date, closed.

SQLite writes every commit through to the disk (`synchronous=FULL`): a record is acknowledged when it is durable.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
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
                "engine": "tortoise.backends.sqlite",
                "credentials": {"file_path": str(file), "synchronous": "FULL", "busy_timeout": 5000},
            }
        },
        "apps": {
            APP: {
                "models": ["chargelink.hub.store.models"],
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


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Keep other hubs off a data directory. Raises OSError when one is there; a killed one leaves nothing behind."""
    with (directory / LOCK).open("w") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            raise OSError(f"another hub is using {directory}") from None
        yield
