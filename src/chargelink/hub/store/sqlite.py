"""SQLite as a Tortoise backend of ours: a transaction takes the write lock when it begins (`BEGIN IMMEDIATE`).

Commands write to the database while the hub runs. A transaction that begins by reading and writes later would fail at
once, without waiting, when another process wrote in between (SQLITE_BUSY_SNAPSHOT); one that has the lock cannot.

Within this process whoever writes first waits for its `turn`, in the order asked: the writer of records never finds the
database locked by us, and a full queue of records never keeps us from writing.
"""

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from tortoise.backends.base.client import NestedTransactionContext, TransactionalDBClient, TransactionContext
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError, TransactionManagementError


class ImmediateClient(SqliteClient):
    """Tortoise's client, with our transactions. Whoever holds `turn` may write to the database."""

    def __init__(self, file_path: str, **kwargs: Any) -> None:
        super().__init__(file_path, **kwargs)
        self.turn = asyncio.Lock()

    def _in_transaction(self) -> TransactionContext:
        return ImmediateContext(ImmediateTransaction(self), self._lock)

    async def execute_insert(self, query: str, values: list[Any]) -> Any:
        async with self.turn:
            return await super().execute_insert(query, values)

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        async with self.turn:
            await super().execute_many(query, values)

    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, Sequence[dict[str, Any]]]:
        if reads(query):
            return await self._query(query, values)
        async with self.turn:
            return await self._query(query, values)

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        if reads(query):
            return await self._dicts(query, values)
        async with self.turn:
            return await self._dicts(query, values)

    async def _query(self, query: str, values: list[Any] | None) -> tuple[int, Sequence[dict[str, Any]]]:
        answer: tuple[int, Sequence[dict[str, Any]]] = await super().execute_query(query, values)
        return answer

    async def _dicts(self, query: str, values: list[Any] | None) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = await super().execute_query_dict(query, values)
        return answer

    async def execute_script(self, query: str) -> None:
        async with self.turn:
            await super().execute_script(query)


class ImmediateTransaction(SqliteTransactionWrapper):
    """Waits for the write lock as long as `busy_timeout` says."""

    async def begin(self) -> None:
        try:
            await self._connection.commit()
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise TransactionManagementError(error) from error

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(ImmediateTransaction(self))

    async def _dicts(self, query: str, values: list[Any] | None) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = await super().execute_query_dict(query, values)
        return answer

    async def execute_script(self, query: str) -> None:
        """One statement after the other: the `executescript` of sqlite3 first commits what was done so far, and a
        migration that was interrupted would be half done for ever. Raises OperationalError.
        """
        for statement in statements(query):
            await self.execute_query(statement)

    async def commit(self) -> None:
        """All of it or nothing: what a full or failing disk does not take is undone at once, and keeps no lock.

        Tortoise would leave it open, and the next transaction begin by committing it, long after it was said to have
        failed. Raises OperationalError.
        """
        try:
            await super().commit()
        except sqlite3.Error as error:
            await self.rollback()
            raise OperationalError(error) from error


class ImmediateContext(SqliteTransactionContext):
    """Gives everything back when the transaction cannot begin; Tortoise's keeps its lock then, for ever."""

    async def __aenter__(self) -> TransactionalDBClient:
        turn: asyncio.Lock = self.connection._parent.turn
        await turn.acquire()
        try:
            await self._trxlock.acquire()
            try:
                await self._begin()
            except BaseException:
                self._trxlock.release()
                raise
        except BaseException:
            turn.release()
            raise
        transaction: TransactionalDBClient = self.connection
        return transaction

    async def __aexit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        try:
            await super().__aexit__(exc_type, exc_val, exc_tb)
        finally:
            self.connection._parent.turn.release()

    async def _begin(self) -> None:
        await self.ensure_connection()
        self.token: Any = get_connections().set(self.connection_name, self.connection)
        try:
            await self.connection.begin()
        except BaseException:
            get_connections().reset(self.token)
            raise


def statements(script: str) -> Iterator[str]:
    """The statements of a script."""
    statement = ""
    for piece in script.split(";"):
        statement += f"{piece};"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def reads(query: str) -> bool:
    """Whether a statement changes nothing."""
    return query.lstrip()[:6].upper() in ("SELECT", "PRAGMA")


client_class = ImmediateClient
