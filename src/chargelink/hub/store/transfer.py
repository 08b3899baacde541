"""A whole database into another of the same version, by tables: PostgreSQL into a file, a file into PostgreSQL.

The file is the form of every backup, so a hub can also move from one engine to the other.
"""

import sqlite3
from pathlib import Path
from typing import Any, NamedTuple

from chargelink.hub.store.sources import AT_ONCE, postgres_source, readable
from chargelink.hub.store.sqlite_engine import quoted

MIGRATIONS = "tortoise_migrations"  # each engine keeps its own


class NotEmptyError(Exception):
    """The database holds something already."""


class Columns(NamedTuple):
    """A table and its columns."""

    table: str
    names: tuple[str, ...]


def tables_of(database: sqlite3.Connection) -> list[Columns]:
    """The tables of a file, in the order made."""
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> ?"
    names = [row[0] for row in database.execute(query, (MIGRATIONS,))]
    return [Columns(name, tuple(row[1] for row in database.execute(f'PRAGMA table_info("{name}")'))) for name in names]


async def postgres_into_file(url: str, file: Path) -> None:
    """Fill a new, migrated file with everything that a database of PostgreSQL holds now."""
    with sqlite3.connect(file, isolation_level=None) as database:
        async with postgres_source(url) as source:
            database.execute("BEGIN")
            for table, names in tables_of(database):
                places = ", ".join("?" * len(names))
                insert = f'INSERT INTO "{table}" ({quoted(names)}) VALUES ({places})'  # noqa: S608 - our own names
                rows: list[tuple[Any, ...]] = []
                async for row in source.rows(f'SELECT {quoted(names)} FROM "{table}"'):  # noqa: S608
                    rows.append(row)
                    if len(rows) == AT_ONCE:
                        database.executemany(insert, rows)
                        rows.clear()
                database.executemany(insert, rows)
            database.execute("COMMIT")
    database.close()


async def file_into_postgres(file: Path, url: str, *, replace: bool) -> None:
    """Fill a migrated database of PostgreSQL with a file's content, all of it or nothing.

    Raises NotEmptyError for one that holds something, unless that is to be replaced.
    """
    import asyncpg

    database = readable(file)
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            tables = tables_of(database)
            for table, _ in tables:
                if replace:
                    await connection.execute(f'TRUNCATE "{table}"')
                elif await connection.fetchval(f'SELECT EXISTS (SELECT 1 FROM "{table}")'):  # noqa: S608
                    raise NotEmptyError(table)
            for table, names in tables:
                await _fill(connection, database, table, names)
    finally:
        await connection.close()
        database.close()


async def _fill(connection: Any, database: sqlite3.Connection, table: str, names: tuple[str, ...]) -> None:
    types = dict(
        await connection.fetch(
            "SELECT column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND table_name = $1",
            table,
        )
    )
    boolean = [at for at, name in enumerate(names) if types[name] == "boolean"]
    rows = database.execute(f'SELECT {quoted(names)} FROM "{table}"')  # noqa: S608
    while piece := rows.fetchmany(AT_ONCE):
        if boolean:
            piece = [tuple(bool(v) if at in boolean and v is not None else v for at, v in enumerate(r)) for r in piece]
        await connection.copy_records_to_table(table, records=piece, columns=names)
    sequence = (
        await connection.fetchval("SELECT pg_get_serial_sequence($1, 'id')", f'"{table}"') if "id" in names else None
    )
    if sequence:
        top = f'SELECT COALESCE(max("id"), 0) + 1 FROM "{table}"'  # noqa: S608
        await connection.execute("SELECT setval($1::regclass, $2, false)", sequence, await connection.fetchval(top))
