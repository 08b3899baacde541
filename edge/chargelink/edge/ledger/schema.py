"""The tables of `ledger.db`, and how an older file becomes a newer one."""

import secrets
import sqlite3

# One step per version; `PRAGMA user_version` counts the steps done. A step, once released, never changes.
STEPS = (
    """
    CREATE TABLE journal (epoch TEXT NOT NULL);
    CREATE TABLE records (
        epoch TEXT NOT NULL, lane TEXT NOT NULL, seq INTEGER NOT NULL,
        kind TEXT NOT NULL, at INTEGER NOT NULL, body BLOB NOT NULL, hash BLOB NOT NULL,
        PRIMARY KEY (epoch, lane, seq)
    );
    CREATE TABLE lanes (
        epoch TEXT NOT NULL, lane TEXT NOT NULL, last INTEGER NOT NULL, acknowledged INTEGER NOT NULL,
        PRIMARY KEY (epoch, lane)
    );
    CREATE TABLE memory (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE tariffs (hash TEXT PRIMARY KEY, body BLOB NOT NULL);
    CREATE TABLE sessions (
        id TEXT PRIMARY KEY, device TEXT NOT NULL, outlet TEXT, key TEXT, remote_start_id INTEGER,
        started BLOB NOT NULL, caps BLOB NOT NULL, readings BLOB NOT NULL, ended BLOB
    );
    CREATE UNIQUE INDEX sessions_by_key ON sessions (device, outlet, key) WHERE key IS NOT NULL;
    CREATE UNIQUE INDEX sessions_by_remote_start ON sessions (remote_start_id) WHERE remote_start_id IS NOT NULL;
    CREATE INDEX sessions_open ON sessions (id) WHERE ended IS NULL;
    """,
)


def connect(path: str) -> sqlite3.Connection:
    """Open the file, made durable and brought to the newest version.

    Raises sqlite3.Error for a file that is damaged, not a database, or written by a newer version.
    """
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")  # a commit survives the loss of power, not only of the process
        (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        _bring_up(database)
    except BaseException:
        database.close()
        raise
    return database


def new_epoch() -> str:
    """A name for a life of the journal that nobody used before."""
    return secrets.token_hex(8)


def _bring_up(database: sqlite3.Connection) -> None:
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version > len(STEPS):
        raise sqlite3.DatabaseError(f"written by a newer version ({version}; this one knows {len(STEPS)})")
    for number, step in enumerate(STEPS[version:], version + 1):
        database.executescript(f"BEGIN IMMEDIATE; {step} PRAGMA user_version = {number}; COMMIT;")
    if database.execute("SELECT epoch FROM journal").fetchone() is None:
        database.execute("INSERT INTO journal VALUES (?)", (new_epoch(),))
