"""Opening a ledger: one edge at a time, the newest tables, the key that signs, the name of the edge; and what is
done about a file that is damaged.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import IO, NamedTuple

import structlog

from chargelink.edge.ledger import aside, checkpoints, epochs, salvage, schema
from chargelink.edge.ledger.damage import DamageError, check_newest, is_damage
from chargelink.edge.ledger.database import LANES, Database, Limits, entry_of
from chargelink.edge.ledger.writer import LedgerError, only_one
from chargelink.model import Alarm
from chargelink.trust.checkpoints import JournalKey

log = structlog.get_logger("ledger")


class Owner(NamedTuple):
    """Whose ledger it is: the name of the edge, its key, its clock (UTC ms), and how much may wait for the hub."""

    edge: str
    key: JournalKey
    clock: Callable[[], int]
    limits: Limits


def open_ledger(path: Path, owner: Owner) -> tuple[Database, IO[bytes]]:
    """Open or create the file and hold its lock. A damaged one is set aside, and a new one begins with what it still
    says. Raises LedgerError for everything else: a disk that is full is no damage.
    """
    lock = only_one(path)
    try:
        aside.finish(path)
        try:
            database = _opened(path, owner)
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # what is damaged is described by what is damaged
            if isinstance(error, sqlite3.DatabaseError) and not is_damage(error):
                raise
            database = _begin_again(path, owner, str(error))
    except sqlite3.Error as error:
        lock.close()
        raise LedgerError(f"{path}: {error}") from error
    except OSError as error:
        lock.close()
        raise LedgerError(f"{error.filename}: {error.strerror}") from error
    except BaseException:
        lock.close()
        raise
    return database, lock


def edge_of(path: Path) -> str:
    """Whose ledger it is, from the file alone. Raises LedgerError where there is none."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            (edge,) = database.execute("SELECT edge FROM epochs ORDER BY number DESC LIMIT 1").fetchone()
    except (sqlite3.Error, TypeError) as error:
        raise LedgerError(f"{path}: no ledger of an edge: {error}") from None
    return str(edge)


def _opened(path: Path, owner: Owner) -> Database:
    database = schema.connect(str(path), owner.edge)
    try:
        database.load(*owner)
        if database.tails.keys() != set(LANES):
            raise DamageError("it has no epoch, or one without its lanes")
        (named,) = database.execute("SELECT edge FROM epochs WHERE epoch = ?", (database.epoch,)).fetchone()
        database.edge = named  # as the chain has it
        check_newest(database)
        database.edge = owner.edge
        _settle_in(database, named)
    except BaseException:
        database.close()
        raise
    return database


def _begin_again(path: Path, owner: Owner, why: str) -> Database:
    """Make a new ledger from what can be read, put it in the place of the damaged one, which stays beside it."""
    aside.remove_unfinished(path)
    database = schema.connect(str(aside.beside(path)), owner.edge)
    try:
        database.load(*owner)
        name = aside.name_for(path, owner.clock())
        database.execute("BEGIN IMMEDIATE")
        checkpoints.register(database)
        found = salvage.carry_over(path, database, why, name.name)
        database.settle()
        database.execute("COMMIT")
    finally:
        database.close()
    aside.replace(path, name)
    log.error("ledger was damaged", why=why, set_aside=str(name), carried_over=found.records, open=found.open_sessions)
    return _opened(path, owner)


def _settle_in(database: Database, edge: str) -> None:
    """Bring the journal into the hands of this edge and its key."""
    database.execute("BEGIN IMMEDIATE")
    try:
        (signers,) = database.execute("SELECT count(*) FROM signers").fetchone()
        checkpoints.register(database)
        (now,) = database.execute("SELECT count(*) FROM signers").fetchone()
        if signers and now > signers:
            _alarm(database, "journal-key", f"the key that signs the journal is new: {database.key.public.hex()}")
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
