"""Opening a ledger: one edge at a time, the newest tables, the key that signs, the name of the edge."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import IO

from chargelink.edge.ledger import checkpoints, epochs, schema
from chargelink.edge.ledger.database import Database, Limits, entry_of
from chargelink.edge.ledger.writer import LedgerError, only_one
from chargelink.model import Alarm
from chargelink.trust.checkpoints import JournalKey


def open_ledger(
    path: Path, edge: str, key: JournalKey, clock: Callable[[], int], limits: Limits
) -> tuple[Database, IO[bytes]]:
    """Open or create the file and hold its lock. Raises LedgerError."""
    lock = only_one(path)
    try:
        database = schema.connect(str(path), edge)
        try:
            database.load(edge, key, clock, limits)
            _settle_in(database)
        except BaseException:
            database.close()
            raise
    except sqlite3.Error as error:
        lock.close()
        raise LedgerError(f"{path}: {error}") from error
    return database, lock


def edge_of(path: Path) -> str:
    """Whose ledger it is, from the file alone. Raises LedgerError where there is none."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            (edge,) = database.execute("SELECT edge FROM epochs ORDER BY number DESC LIMIT 1").fetchone()
    except (sqlite3.Error, TypeError) as error:
        raise LedgerError(f"{path}: no ledger of an edge: {error}") from None
    return str(edge)


def _settle_in(database: Database) -> None:
    """Bring the journal into the hands of this edge and its key."""
    database.execute("BEGIN IMMEDIATE")
    try:
        (signers,) = database.execute("SELECT count(*) FROM signers").fetchone()
        checkpoints.register(database)
        (now,) = database.execute("SELECT count(*) FROM signers").fetchone()
        if signers and now > signers:
            _alarm(database, "journal-key", f"the key that signs the journal is new: {database.key.public.hex()}")
        (edge,) = database.execute("SELECT edge FROM epochs WHERE epoch = ?", (database.epoch,)).fetchone()
        if edge != database.edge:
            epochs.begin_anew(database, epochs.RENAMED)
        elif not signers:
            checkpoints.sign_all(database)  # what an older version wrote
        database.settle()
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def _alarm(database: Database, code: str, text: str) -> None:
    at = max(0, database.clock())
    database.add(entry_of(Alarm(code=code, text=text, at=at), at))
