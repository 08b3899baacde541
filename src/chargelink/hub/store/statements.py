"""Statements of ours through Tortoise's connection: with `?` for each value, whatever the engine."""

from collections.abc import Sequence
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from chargelink.hub.store.models import Edge


def connection() -> BaseDBAsyncClient:
    """That of the transaction, if there is one."""
    return Edge._meta.db


async def fetched(query: str, values: Sequence[Any]) -> list[dict[str, Any]]:
    """The rows that a statement gives, or gives back."""
    database = connection()
    return await database.execute_query_dict(_placed(database, query), list(values))


def _placed(database: BaseDBAsyncClient, query: str) -> str:
    if database.capabilities.dialect == "sqlite":
        return query
    first, *rest = query.split("?")
    return first + "".join(f"${at}{part}" for at, part in enumerate(rest, 1))
