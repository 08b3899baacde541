"""SQLite as a Tortoise backend of ours: a transaction takes the write lock when it begins (`BEGIN IMMEDIATE`).

Commands write to the database while the hub runs. A transaction that begins by reading and writes later would fail at
once, without waiting, when another process wrote in between (SQLITE_BUSY_SNAPSHOT); one that has the lock cannot.
"""

import sqlite3
from typing import Any

from tortoise.backends.base.client import TransactionalDBClient, TransactionContext
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.connection import get_connections
from tortoise.exceptions import TransactionManagementError


class ImmediateClient(SqliteClient):
    """Tortoise's client, with our transactions."""

    def _in_transaction(self) -> TransactionContext:
        return ImmediateContext(ImmediateTransaction(self), self._lock)


class ImmediateTransaction(SqliteTransactionWrapper):
    """Waits for the write lock as long as `busy_timeout` says."""

    async def begin(self) -> None:
        try:
            await self._connection.commit()
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise TransactionManagementError(error) from error


class ImmediateContext(SqliteTransactionContext):
    """Gives everything back when the transaction cannot begin; Tortoise's keeps its lock then, for ever."""

    async def __aenter__(self) -> TransactionalDBClient:
        await self._trxlock.acquire()
        try:
            await self.ensure_connection()
            self.token: Any = get_connections().set(self.connection_name, self.connection)
            try:
                await self.connection.begin()
            except BaseException:
                get_connections().reset(self.token)
                raise
        except BaseException:
            self._trxlock.release()
            raise
        transaction: TransactionalDBClient = self.connection
        return transaction


client_class = ImmediateClient
