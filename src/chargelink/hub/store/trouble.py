"""Whose fault a failure of the database is: its own, and trying later helps, or that of what it was to hold."""

import sys
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from tortoise.exceptions import DBConnectionError, IntegrityError, OperationalError, TransactionManagementError

from chargelink.hub.store.engine import TroubleError

Given = ParamSpec("Given")
Result = TypeVar("Result")

ATTEMPTS = 5  # at a transaction that meets others crosswise
OURS = (OperationalError, DBConnectionError, TransactionManagementError, TroubleError, OSError, TimeoutError)


def is_trouble(failure: BaseException) -> bool:
    """Whether the database is in trouble: gone, locked, full. False for what it can never hold, and all else."""
    if isinstance(failure, IntegrityError):
        return False
    driver = sys.modules.get("asyncpg")
    if driver is not None:
        causes = (failure, failure.__cause__)
        if any(isinstance(cause, driver.DataError | driver.IntegrityConstraintViolationError) for cause in causes):
            return False
        if isinstance(failure, driver.PostgresError | driver.InterfaceError | driver.InternalClientError):
            return True
    return isinstance(failure, OURS)


def unless_crossed(work: Callable[Given, Coroutine[Any, Any, Result]]) -> Callable[Given, Coroutine[Any, Any, Result]]:
    """For what is one transaction: done again if PostgreSQL undid it because it and another waited for each other.

    The reader of records holds the wallets of many sessions at once, in the order in which these ended.
    """

    @wraps(work)
    async def persist(*values: Given.args, **named: Given.kwargs) -> Result:
        for _ in range(ATTEMPTS - 1):
            try:
                return await work(*values, **named)
            except Exception as failure:
                if not _is_crossed(failure):
                    raise
        return await work(*values, **named)

    return persist


def _is_crossed(failure: BaseException) -> bool:
    driver = sys.modules.get("asyncpg")
    return driver is not None and any(
        isinstance(one, driver.DeadlockDetectedError) for one in (failure, failure.__cause__)
    )
