"""A database read by one query after another, to check or copy it: any engine, one snapshot, nothing changed."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

AT_ONCE = 1_000  # rows in memory


class Source(Protocol):
    """A snapshot of a database."""

    def rows(self, query: str, *values: str | int) -> AsyncIterator[tuple[Any, ...]]:
        """The rows of a query with `?` for each value, a few in memory at a time."""
        ...


class SqliteSource:
    """A file, read only; a hub may be writing to it."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    async def rows(self, query: str, *values: str | int) -> AsyncIterator[tuple[Any, ...]]:
        for row in self._database.execute(query, values):
            yield row


class PostgresSource:
    """A connection of asyncpg, inside a transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def rows(self, query: str, *values: str | int) -> AsyncIterator[tuple[Any, ...]]:
        first, *rest = query.split("?")
        placed = first + "".join(f"${at}{part}" for at, part in enumerate(rest, 1))
        async for row in self._connection.cursor(placed, *values, prefetch=AT_ONCE):
            yield tuple(row)


def readable(file: Path) -> sqlite3.Connection:
    """A file, to be read only. Raises sqlite3.Error where there is none."""
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)


@asynccontextmanager
async def sqlite_source(file: Path) -> AsyncIterator[SqliteSource]:
    """A file as it is now. Raises sqlite3.Error for one that is damaged or none of ours."""
    database = readable(file)
    try:
        database.execute("BEGIN")
        (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        yield SqliteSource(database)
    finally:
        database.close()


@asynccontextmanager
async def postgres_source(url: str) -> AsyncIterator[PostgresSource]:
    """A database as it is now. Raises OSError and what asyncpg raises."""
    import asyncpg

    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield PostgresSource(connection)
    finally:
        await connection.close()
