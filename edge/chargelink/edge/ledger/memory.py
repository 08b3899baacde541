"""What drivers must remember across a restart: small values by name, and numbers that are never used twice."""

from sqlite3 import Connection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chargelink.edge.ledger.journal import Journal

RADIO = "radio/"  # names of what a radio session uses: a new epoch of the journal begins without
NUMBERS = "number/"  # before the names of reserved numbers
FAR = 1 << 16  # numbers that an edge restored from a backup may have used since


class Memory:
    """Durable values by name, on the ledger. All methods return after the commit; all raise LedgerError."""

    def __init__(self, ledger: "Journal") -> None:
        self._run = ledger.writer.run

    async def get(self, name: str) -> bytes | None:
        """The value last put, None if there is none."""
        return await self._run(lambda database: value_of(database, name))

    async def put(self, name: str, value: bytes) -> None:
        """Keep a value in place of the one before."""
        await self._run(lambda database: keep(database, name, value))

    async def reserve(self, name: str, count: int) -> int:
        """The first of `count` consecutive numbers that nobody was ever given under this name; the very first is 0."""

        def take(database: Connection) -> int:
            first = int(value_of(database, NUMBERS + name) or b"0")
            keep(database, NUMBERS + name, str(first + count).encode())
            return first

        return await self._run(take)

    async def forget(self, prefix: str) -> None:
        """Drop every value whose name begins so."""
        await self._run(lambda database: _forget(database, prefix))


def leave_behind(database: Connection) -> None:
    """A new epoch of the journal begins: forget radio sessions, pass over numbers that may have been used since."""
    _forget(database, RADIO)
    database.execute(
        "UPDATE memory SET value = CAST(CAST(CAST(value AS TEXT) AS INTEGER) + ? AS BLOB) WHERE substr(name, 1, ?) = ?",
        (FAR, len(NUMBERS), NUMBERS),
    )


def value_of(database: Connection, name: str) -> bytes | None:
    """The value last kept under a name, within a transaction."""
    row = database.execute("SELECT value FROM memory WHERE name = ?", (name,)).fetchone()
    return None if row is None else bytes(row[0])


def keep(database: Connection, name: str, value: bytes) -> None:
    """Keep a value in place of the one before, within a transaction."""
    database.execute("INSERT OR REPLACE INTO memory VALUES (?, ?)", (name, value))


def drop(database: Connection, name: str) -> bool:
    """Forget the value of a name, within a transaction; whether there was one."""
    return database.execute("DELETE FROM memory WHERE name = ?", (name,)).rowcount > 0


def _forget(database: Connection, prefix: str) -> None:
    database.execute("DELETE FROM memory WHERE substr(name, 1, ?) = ?", (len(prefix), prefix))
