"""PostgreSQL for the writer: a connection of its own, which also holds the lock that keeps other hubs off.

Many rows of a group go in by COPY, few by one INSERT of arrays. `synchronous_commit` stays on. A lost connection takes
the lock with it; the next group gets both again, or fails.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

import asyncpg

from chargelink.hub.store.engine import (
    ALARMS,
    BYTES,
    INTEGERS,
    Asked,
    Held,
    LaneKey,
    Row,
    Rows,
    Span,
    Table,
    TroubleError,
    Value,
)
from chargelink.hub.store.sqlite_engine import on_conflict, quoted
from chargelink.hub.store.weighing import LaneState

COPY_FROM = 64  # rows; fewer go in by one statement, which asks the server less often
TIMEOUT = 30.0  # s for any statement
LOCK = 0x6368_6C6E_6B68_7562  # "chlnkhub"

LANES_OF = (
    "SELECT DISTINCT edge, epoch, lane, seq, hash, chain FROM lane"
    " JOIN unnest($1::text[], $2::text[]) AS wanted (edge, epoch) USING (edge, epoch)"
)
KEYS_OF = "SELECT edge, key FROM journal_key WHERE edge = ANY($1::text[]) ORDER BY id"

LOST = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)

Answer = TypeVar("Answer")


class PostgresEngine:
    """One database. `dsn` as libpq takes it."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: asyncpg.Connection | None = None
        self._turn = asyncio.Lock()  # a connection does one thing at a time

    async def open(self) -> None:
        """Connect and keep other hubs off. Raises OSError when one is there or nobody answers."""
        connection = await asyncpg.connect(self._dsn, command_timeout=TIMEOUT)
        try:
            await connection.execute("SET synchronous_commit = on")
            alone = await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK)
        except BaseException:
            connection.terminate()
            raise
        if not alone:
            await connection.close()
            raise OSError("another hub is using this database")
        self._connection = connection

    async def lanes(self, keys: Sequence[LaneKey]) -> Mapping[LaneKey, LaneState]:
        query = (
            "SELECT edge, epoch, lane, seq, hash, chain FROM lane"
            " JOIN unnest($1::text[], $2::text[], $3::text[]) AS wanted (edge, epoch, lane) USING (edge, epoch, lane)"
        )
        columns = list(zip(*keys, strict=True))
        rows = await self._do(lambda connection: connection.fetch(query, *columns))
        return {LaneKey(*row[:3]): LaneState(row[3], row[4], bytes.fromhex(row[5])) for row in map(tuple, rows)}

    async def marks(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], int]:
        query = (
            "SELECT edge, epoch, seq FROM telemetry_mark"
            " JOIN unnest($1::text[], $2::text[]) AS wanted (edge, epoch) USING (edge, epoch)"
        )
        rows = await self._do(lambda connection: connection.fetch(query, *zip(*keys, strict=True)))
        return {(row[0], row[1]): row[2] for row in rows}

    async def hashes(self, spans: Sequence[Span]) -> Sequence[Mapping[int, str]]:
        query = "SELECT seq, hash FROM record WHERE edge = $1 AND epoch = $2 AND lane = $3 AND seq BETWEEN $4 AND $5"

        async def ask(connection: asyncpg.Connection) -> list[dict[int, str]]:
            return [
                {row[0]: row[1] for row in await connection.fetch(query, *span.key, span.low, span.high)}
                for span in spans
            ]

        return await self._do(ask)

    async def held(self, asked: Sequence[Asked]) -> Sequence[Held]:
        lanes = await self._do(lambda connection: connection.fetch(LANES_OF, *_columns(asked, 0, 1)))
        marks = await self.marks([(one.edge, one.telemetry_epoch) for one in asked])
        keys = await self._do(lambda connection: connection.fetch(KEYS_OF, [one.edge for one in asked]))
        states: defaultdict[tuple[str, str], dict[str, LaneState]] = defaultdict(dict)
        for edge, epoch, lane, seq, digest, chain in map(tuple, lanes):
            states[edge, epoch][lane] = LaneState(seq, digest, bytes.fromhex(chain))
        signing: defaultdict[str, list[str]] = defaultdict(list)
        for edge, key in map(tuple, keys):
            signing[edge].append(key)
        return [
            Held(states.get((edge, epoch), {}), marks.get((edge, telemetry)), signing.get(edge, []))
            for edge, epoch, telemetry in asked
        ]

    async def write(self, rows: Rows) -> list[tuple[int, Row]]:
        return await self._do(lambda connection: _write(connection, rows))

    async def close(self) -> None:
        async with self._turn:
            if self._connection is not None:
                await self._connection.close()
                self._connection = None

    async def _do(self, work: Callable[[asyncpg.Connection], Awaitable[Answer]]) -> Answer:
        async with self._turn:
            return await self._do_alone(work)

    async def _do_alone(self, work: Callable[[asyncpg.Connection], Awaitable[Answer]]) -> Answer:
        try:
            if self._connection is None or self._connection.is_closed():
                await self.open()
            assert self._connection is not None
            return await work(self._connection)
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError):
            raise  # the rows' fault
        except LOST as error:
            if self._connection is not None and not isinstance(error, asyncpg.InsufficientResourcesError):
                self._connection.terminate()
                self._connection = None
            raise TroubleError(str(error) or type(error).__name__) from error


async def _write(connection: asyncpg.Connection, rows: Rows) -> list[tuple[int, Row]]:
    async with connection.transaction():
        new: list[tuple[int, Row]] = []
        if rows.forgotten:
            await connection.execute("DELETE FROM device WHERE edge = ANY($1::text[])", [*rows.forgotten])
        for table, values in rows.tables.items():
            if not values:
                continue
            if table is ALARMS:
                new += [made for row in values if (made := await _alarm(connection, row)) is not None]
            elif not table.conflict and len(values) >= COPY_FROM:
                await connection.copy_records_to_table(table.name, records=values, columns=table.columns)
            else:
                await connection.execute(_statement(table), *zip(*values, strict=True))
        return new


def _columns(rows: Sequence[Row], *places: int) -> list[list[Value]]:
    return [[row[place] for row in rows] for place in places]


async def _alarm(connection: asyncpg.Connection, row: Row) -> tuple[int, Row] | None:
    number = await connection.fetchval(f"{_statement(ALARMS)} RETURNING id", *([value] for value in row))
    return None if number is None else (number, row)


def _statement(table: Table) -> str:
    """An INSERT of columns as arrays."""
    arrays = ", ".join(f"${at}::{_type(column)}[]" for at, column in enumerate(table.columns, 1))
    insert = f'INSERT INTO "{table.name}" ({quoted(table.columns)}) SELECT * FROM unnest({arrays})'  # noqa: S608 - our own names
    return insert + on_conflict(table)


def _type(column: str) -> str:
    if column in BYTES:
        return "bytea"
    return "bigint" if column in INTEGERS else "text"
