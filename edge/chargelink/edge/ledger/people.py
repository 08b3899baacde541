"""Whose car it was: a key for each person, in a file apart from the ledger, so that erasing one really removes it.

Records hold personal fields as ciphertext (`trust.personal`). Who comes again is found by the HMAC of what the field
says under a secret of this edge, and that is erased with the key. What was erased stands in the ledger as well: a copy
of `people.db` that is put back brings nobody back.
"""

import asyncio
import hmac
import os
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import structlog

from chargelink.edge.ledger import erasures, journal
from chargelink.edge.ledger.database import Database
from chargelink.edge.ledger.journal import Journal
from chargelink.link.messages import MOST_KEYS, PersonKey
from chargelink.model import Alarm, PersonErased
from chargelink.trust.personal import KEY_BYTES, NONCE_BYTES, PERSON_BYTES, Sealed, seal
from chargelink.wire import ChargelinkError

SECRET_BYTES = 32
VERSION = 1
TABLES = f"""
    BEGIN IMMEDIATE;
    CREATE TABLE edge (secret BLOB NOT NULL, unscrubbed INTEGER NOT NULL);
    CREATE TABLE people (
        person TEXT PRIMARY KEY, key BLOB NOT NULL, known_by BLOB NOT NULL UNIQUE, told INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX people_untold ON people (person) WHERE told = 0;
    PRAGMA user_version = {VERSION};
    COMMIT;
"""

Result = TypeVar("Result")

log = structlog.get_logger()


class PeopleError(ChargelinkError):
    """The keys of persons cannot be read or written now."""


class KeyFile:
    """`people.db`: who is known, by what, under which key. Every method raises sqlite3.Error or OSError."""

    def __init__(self, path: Path) -> None:
        """Open or create the file, for its owner alone; one that is damaged is set aside as `people.db.damaged`."""
        self._aside = path.with_name(f"{path.name}.damaged")
        self.damage: str | None = None
        """Why the file of before was set aside; None if it was not."""
        try:
            self._database = _connect(path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise  # the disk or the folder, not the file
            self.damage = str(error)
            path.replace(self._aside)
            for leftover in ("-wal", "-shm"):
                path.with_name(path.name + leftover).unlink(missing_ok=True)
            self._database = _connect(path)
        self._scrub()

    def close(self) -> None:
        self._database.close()

    def seal(self, text: str, field: str) -> tuple[Sealed, bool]:
        """Seal under the key of whoever said the same before, else of a new person, and whether it is one.

        The key is durable when this returns.
        """
        database = self._database
        (secret,) = database.execute("SELECT secret FROM edge").fetchone()
        known_by = hmac.digest(secret, f"{field}|{text}".encode(), "sha256")
        row = database.execute("SELECT person, key FROM people WHERE known_by = ?", (known_by,)).fetchone()
        new = row is None
        if row is None:
            row = secrets.token_hex(PERSON_BYTES), secrets.token_bytes(KEY_BYTES)
            database.execute("INSERT INTO people VALUES (?, ?, ?, 0)", (*row, known_by))
        person, key = row
        return seal(text, field, person, key, secrets.token_bytes(NONCE_BYTES)), new

    def untold(self) -> tuple[PersonKey, ...]:
        """Keys that the hub is not known to have, not more than one message takes."""
        rows = self._database.execute("SELECT person, key FROM people WHERE told = 0 LIMIT ?", (MOST_KEYS,))
        return tuple(PersonKey(person=person, key=key) for person, key in rows)

    def told(self, persons: Iterable[str]) -> None:
        """The hub has stored their keys."""
        with self._database as database:
            database.execute("BEGIN IMMEDIATE")
            database.executemany("UPDATE people SET told = 1 WHERE person = ?", ((person,) for person in persons))

    def tell_again(self) -> None:
        """The hub may have lost them."""
        self._database.execute("UPDATE people SET told = 0 WHERE told = 1")

    def erase(self, persons: Iterable[str]) -> None:
        """Remove keys, and what their persons are known by, from the file and from what SQLite keeps beside it."""
        with self._database as database:
            database.execute("BEGIN IMMEDIATE")
            before = database.total_changes
            database.executemany("DELETE FROM people WHERE person = ?", ((person,) for person in persons))
            if database.total_changes != before:
                database.execute("UPDATE edge SET unscrubbed = 1")
        self._scrub()

    def remove_aside(self) -> None:
        """Remove a file that was set aside: it may hold a key that is to go; the hub has the others."""
        self._aside.unlink(missing_ok=True)

    def _scrub(self) -> None:
        """Write the file anew without what was deleted, also if the edge died before it got to it."""
        database = self._database
        (unscrubbed,) = database.execute("SELECT unscrubbed FROM edge").fetchone()
        if unscrubbed:
            database.execute("VACUUM")  # deleted rows leave copies where pages were balanced, secure_delete or not
            self._empty_log()
            database.execute("UPDATE edge SET unscrubbed = 0")

    def _empty_log(self) -> None:
        busy, _, _ = self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise sqlite3.OperationalError("somebody else reads people.db; what was erased is still in its log")


def _connect(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=2.0)
    try:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON", "temp_store = MEMORY"):
            database.execute(f"PRAGMA {pragma}")
        (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise sqlite3.OperationalError(f"written by a newer version ({version}; this one knows {VERSION})")
        if version == 0:
            database.executescript(TABLES)
        if database.execute("SELECT count(*) FROM edge").fetchone() == (0,):
            database.execute("INSERT INTO edge VALUES (?, 0)", (secrets.token_bytes(SECRET_BYTES),))
    except BaseException:
        database.close()
        raise
    return database


def _damaged(database: Database, why: str) -> None:
    at = max(0, database.clock())
    text = f"the keys of persons were damaged and are set aside: {why}"
    journal.append(database, Alarm(code="people-damaged", text=text[:512], at=at), at)


class People:
    """The persons that an edge knows. Every method raises PeopleError; `erase` LedgerError as well."""

    def __init__(self, keys: KeyFile, ledger: Journal) -> None:
        self._keys = keys
        self._ledger = ledger
        self._one = threading.Lock()
        self._again = False
        self.waiting = True
        """Whether there may be keys that the hub lacks."""
        self.on_change: Callable[[], None] = lambda: None
        """Called in the loop when there are such keys."""

    @classmethod
    async def open(cls, path: Path, ledger: Journal) -> "People":
        """Open or create the file, and erase in it whom the ledger knows to be erased."""
        erased = await ledger.writer.run(erasures.erased)
        try:
            keys = await asyncio.to_thread(KeyFile, path)
        except (OSError, sqlite3.Error) as error:
            raise PeopleError(f"{path}: {error}") from error
        if keys.damage is not None:
            log.error("people.db was damaged and is set aside", why=keys.damage)
            await ledger.writer.run(lambda database: _damaged(database, str(keys.damage)))
        people = cls(keys, ledger)
        if erased:
            await people._do(lambda keys: keys.erase(erased))
        return people

    async def close(self) -> None:
        """Close the file."""
        await self._do(KeyFile.close)

    async def seal(self, text: str, field: str) -> Sealed:
        """A personal field for a record, under the key of whoever said the same before, else of somebody new.

        The key is durable when this returns.
        """
        sealed, new = await self._do(lambda keys: keys.seal(text, field))
        if new:
            self._lacking()
        return sealed

    async def erase(self, person: str, at: int) -> bool:
        """Erase a person: what was sealed can never be read again. Again it changes nothing, and is False.

        First the ledger knows it, then the key goes: whatever the edge dies of in between, the next start goes on.
        """
        erased = PersonErased(person=person, at=at)
        news = await self._ledger.writer.run(lambda database: erasures.erase(database, erased))
        await self._do(lambda keys: keys.erase([person]))
        await self._do(KeyFile.remove_aside)
        return news

    async def untold(self) -> tuple[PersonKey, ...]:
        """Keys for the hub, as many as one message takes; none when it has all."""
        if self._again:
            self._again = False
            await self._do(KeyFile.tell_again)
        self.waiting = False
        keys = await self._do(KeyFile.untold)
        self.waiting = self.waiting or bool(keys)
        return keys

    async def told(self, persons: Iterable[str]) -> None:
        """The hub has stored these."""
        await self._do(lambda keys: keys.told(persons))

    def tell_again(self) -> None:
        """The hub may have lost all keys, or hold some of a ledger that was another."""
        self._again = True
        self._lacking()

    def _lacking(self) -> None:
        self.waiting = True
        self.on_change()

    async def _do(self, work: Callable[[KeyFile], Result]) -> Result:
        def alone() -> Result:
            with self._one:
                return work(self._keys)

        try:
            return await asyncio.to_thread(alone)
        except (sqlite3.Error, OSError) as error:
            raise PeopleError(f"people.db: {error}") from error
