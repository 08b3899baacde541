"""Whose fault a failure of the database is: its own, and trying later helps, or that of what it was to hold."""

import sys

from tortoise.exceptions import DBConnectionError, IntegrityError, OperationalError, TransactionManagementError

from chargelink.hub.store.engine import TroubleError

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
