"""A ledger without a loop: one transaction at a time, and a power supply that fails when a test wants it to."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from tests.edge.ledger.opened import KEY

from chargelink.edge.ledger import allowances
from chargelink.edge.ledger.database import Database, Limits
from chargelink.edge.ledger.opening import Owner, open_ledger
from chargelink.model import LeaseClosed, content_of

NOW = 1_800_000_000_000

Result = TypeVar("Result")


class Ledger:
    """A ledger that can be asked without a loop; `close` and open it again, or drop what was not committed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open()

    def _open(self) -> None:
        self._database, self._lock = open_ledger(self.path, Owner("edge-1", KEY, lambda: NOW, Limits()))

    def do(self, work: Callable[[Database], Result], *, die: bool = False) -> Result:
        """One transaction; with `die` the power goes before its commit."""
        mark = self._database.mark()
        self._database.execute("BEGIN IMMEDIATE")
        try:
            result = work(self._database)
            self._database.settle()
        except BaseException:
            self._database.execute("ROLLBACK")
            self._database.back_to(mark)
            raise
        if die:
            self.reopen()
        else:
            self._database.execute("COMMIT")
        return result

    def reopen(self) -> None:
        """As after a kill: what was not committed is gone."""
        self.close()
        self._open()

    def close(self) -> None:
        self._database.close()
        self._lock.close()

    @property
    def closed(self) -> list[LeaseClosed]:
        """What the records say of leases, oldest first."""
        return [content for content in self.records if isinstance(content, LeaseClosed)]

    @property
    def records(self) -> list[Any]:
        rows = self._database.execute("SELECT kind, body FROM records WHERE lane = 'record' ORDER BY rowid")
        return [content_of(*row) for row in rows.fetchall()]

    def left(self, identifier: str) -> int:
        held = allowances.held(self._database, identifier)
        return 0 if held is None else held.left
