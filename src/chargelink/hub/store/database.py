"""The database: opened, brought up to date, closed.

SQLite writes every commit through to the disk (`synchronous=FULL`): a record is acknowledged when it is durable.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tortoise.context import TortoiseContext
from tortoise.migrations.executor import MigrationExecutor

APP = "hub"
FILE = "hub.db"


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
    async with TortoiseContext() as context:
        settings = configuration(directory / FILE)
        await context.init(config=settings, _enable_global_fallback=True)
        await MigrationExecutor(context.db(), settings["apps"]).migrate(direction="forward")
        yield context
