"""SQLite for the writer: a connection and a thread of its own, each commit written through to the disk.

Many rows go in by one statement: a statement's end takes the interpreter's lock again, for which a busy loop lets it
wait, so the fewer the better. Whoever else writes in this process takes turns with us instead of finding the database
locked; another process is waited for as long as `BUSY`.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from chargelink.hub.store.engine import ALARMS, Asked, Held, LaneKey, Row, Rows, Span, Table, TroubleError
from chargelink.hub.store.weighing import LaneState

BUSY = 5000  # ms to wait for another process that writes
LARGEST_STATEMENT = 256  # rows of one INSERT; 11 columns of them stay below SQLite's 32 766 values
CACHE = 16 * 1024  # KiB of pages
WAL_KEPT = 64 * 1024 * 1024  # bytes: the journal is used again instead of being cut and grown at every checkpoint

MARK = "SELECT seq FROM telemetry_mark WHERE edge = ? AND epoch = ?"

Answer = TypeVar("Answer")


class SqliteEngine:
    """One file. `turn` is held while we write."""

    def __init__(self, file: Path, turn: asyncio.Lock) -> None:
        """Raises sqlite3.Error for a file that cannot be opened."""
        self._turn = turn
        self._thread = ThreadPoolExecutor(1, "store")
        self._database = _connect(file)

    async def lanes(self, keys: Sequence[LaneKey]) -> Mapping[LaneKey, LaneState]:
        return await self._in_thread(lambda: {key: state for key in keys if (state := self._lane(key)) is not None})

    async def marks(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], int]:
        def ask() -> dict[tuple[str, str], int]:
            rows = ((key, self._database.execute(MARK, key).fetchone()) for key in keys)
            return {key: row[0] for key, row in rows if row is not None}

        return await self._in_thread(ask)

    async def hashes(self, spans: Sequence[Span]) -> Sequence[Mapping[int, str]]:
        query = "SELECT seq, hash FROM record WHERE edge = ? AND epoch = ? AND lane = ? AND seq BETWEEN ? AND ?"
        return await self._in_thread(
            lambda: [dict(self._database.execute(query, (*key, low, high)).fetchall()) for key, low, high in spans]
        )

    async def held(self, asked: Sequence[Asked]) -> Sequence[Held]:
        return await self._in_thread(lambda: [self._held(*one) for one in asked])

    async def write(self, rows: Rows) -> list[tuple[int, Row]]:
        async with self._turn:
            return await self._in_thread(lambda: self._write(rows))

    async def close(self) -> None:
        await asyncio.to_thread(self._thread.shutdown)
        self._database.close()

    async def _in_thread(self, work: Callable[[], Answer]) -> Answer:
        """Do it there, to its end even if we are cancelled: nobody may use the connection meanwhile."""
        doing = asyncio.get_running_loop().run_in_executor(self._thread, work)
        try:
            return await asyncio.shield(doing)
        except asyncio.CancelledError:
            await asyncio.wait([doing])
            raise
        except sqlite3.OperationalError as error:
            raise TroubleError(str(error)) from error

    def _lane(self, key: LaneKey) -> LaneState | None:
        query = "SELECT seq, hash, chain FROM lane WHERE edge = ? AND epoch = ? AND lane = ?"
        row = self._database.execute(query, key).fetchone()
        return None if row is None else LaneState(row[0], row[1], bytes.fromhex(row[2]))

    def _held(self, edge: str, epoch: str, telemetry_epoch: str) -> Held:
        ask = self._database.execute
        lanes = ask("SELECT lane, seq, hash, chain FROM lane WHERE edge = ? AND epoch = ?", (edge, epoch)).fetchall()
        mark = telemetry_epoch and ask(MARK, (edge, telemetry_epoch)).fetchone()
        keys = ask("SELECT key FROM journal_key WHERE edge = ? ORDER BY id", (edge,)).fetchall()
        states = {lane: LaneState(seq, digest, bytes.fromhex(chain)) for lane, seq, digest, chain in lanes}
        return Held(states, mark[0] if mark else None, [key[0] for key in keys])

    def _write(self, rows: Rows) -> list[tuple[int, Row]]:
        database = self._database
        database.execute("BEGIN IMMEDIATE")
        try:
            new: list[tuple[int, Row]] = []
            database.executemany("DELETE FROM device WHERE edge = ?", ((edge,) for edge in rows.forgotten))
            for table, values in rows.tables.items():
                if table is ALARMS:
                    new += [made for row in values if (made := self._alarm(row)) is not None]
                else:
                    for piece in pieces(values):
                        database.execute(statement(table, len(piece)), [value for row in piece for value in row])
            database.execute("COMMIT")
        except BaseException:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise
        return new

    def _alarm(self, row: Row) -> tuple[int, Row] | None:
        made = self._database.execute(f"{statement(ALARMS, 1)} RETURNING id", row).fetchone()
        return None if made is None else (made[0], row)


def pieces(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Rows by powers of two, so that few different statements are prepared."""
    at, size = 0, LARGEST_STATEMENT
    while at < len(rows):
        while size > len(rows) - at:
            size //= 2
        yield rows[at : at + size]
        at += size


_STATEMENTS: dict[tuple[Table, int], str] = {}


def statement(table: Table, count: int) -> str:
    """An INSERT of so many rows."""
    known = _STATEMENTS.get((table, count))
    if known is None:
        places = f"({', '.join('?' * len(table.columns))})"
        head = f'INSERT INTO "{table.name}" ({quoted(table.columns)}) VALUES '  # noqa: S608 - our own names
        known = head + ", ".join([places] * count) + on_conflict(table)
        _STATEMENTS[table, count] = known
    return known


def quoted(columns: Sequence[str]) -> str:
    """Names of columns, with commas."""
    return ", ".join(f'"{column}"' for column in columns)


def on_conflict(table: Table) -> str:
    """What happens to a row whose key is there; the same words in both engines."""
    if not table.conflict:
        return ""
    if not table.update:
        return f" ON CONFLICT ({quoted(table.conflict)}) DO NOTHING"
    changes = ", ".join(f'"{column}" = excluded."{column}"' for column in table.update)
    return f" ON CONFLICT ({quoted(table.conflict)}) DO UPDATE SET {changes}"


def _connect(file: Path) -> sqlite3.Connection:
    database = sqlite3.connect(file, isolation_level=None, check_same_thread=False, cached_statements=256)
    settings: dict[str, str | int] = {
        "busy_timeout": BUSY,
        "journal_mode": "WAL",
        "synchronous": "FULL",
        "journal_size_limit": WAL_KEPT,
        "cache_size": -CACHE,
    }
    for name, value in settings.items():
        database.execute(f"PRAGMA {name} = {value}").fetchall()
    return database
