"""The tables of `ledger.db`, and how an older file becomes a newer one."""

import secrets
import sqlite3
from collections.abc import Callable, Iterator

from chargelink.edge.ledger.damage import check_file, check_header, check_tables
from chargelink.edge.ledger.database import LANES, Database
from chargelink.link.chain import chain_next, chain_start

FIRST = """
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
    CREATE INDEX sessions_open ON sessions (id) WHERE ended IS NULL
"""

# Epochs in order, the last one lives; the public keys that signed; chains; where a lane was pruned, and how its chain
# began, which its records no longer show then.
CHAINED = """
    CREATE TABLE epochs (number INTEGER PRIMARY KEY, epoch TEXT NOT NULL UNIQUE, edge TEXT NOT NULL);
    CREATE TABLE signers (number INTEGER PRIMARY KEY, public BLOB NOT NULL UNIQUE);
    CREATE TABLE checkpoints (
        epoch TEXT NOT NULL, lane TEXT NOT NULL, seq INTEGER NOT NULL,
        chain BLOB NOT NULL, at INTEGER NOT NULL, signer INTEGER NOT NULL, signature BLOB NOT NULL,
        PRIMARY KEY (epoch, lane, seq)
    ) WITHOUT ROWID;
    ALTER TABLE records RENAME TO unchained;
    CREATE TABLE records (
        epoch TEXT NOT NULL, lane TEXT NOT NULL, seq INTEGER NOT NULL,
        kind TEXT NOT NULL, at INTEGER NOT NULL, body BLOB NOT NULL, hash BLOB NOT NULL, chain BLOB NOT NULL,
        PRIMARY KEY (epoch, lane, seq)
    );
    ALTER TABLE lanes RENAME TO unchained_lanes;
    CREATE TABLE lanes (
        epoch TEXT NOT NULL, lane TEXT NOT NULL, last INTEGER NOT NULL, acknowledged INTEGER NOT NULL,
        chain BLOB NOT NULL, pruned INTEGER NOT NULL, start BLOB NOT NULL,
        PRIMARY KEY (epoch, lane)
    )
"""
CHAINED_AFTER = """
    DROP TABLE unchained;
    DROP TABLE unchained_lanes;
    DROP TABLE journal
"""

PERSONS = """
    ALTER TABLE sessions ADD COLUMN vehicle BLOB;
    CREATE TABLE erased (person TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID
"""

# Tariffs in the order in which they were adopted, each until another of its kind took its place (none yet: NULL), and
# the keys that the hub's must be signed by: the last one counts.
HELD_TARIFFS = """
    CREATE TABLE held_tariffs (
        number INTEGER PRIMARY KEY, hash TEXT NOT NULL, source TEXT NOT NULL, at INTEGER NOT NULL, until INTEGER,
        valid_from INTEGER NOT NULL, devices BLOB NOT NULL, signer BLOB, signature BLOB, used INTEGER NOT NULL
    );
    CREATE UNIQUE INDEX held_tariffs_open ON held_tariffs (hash, source) WHERE until IS NULL;
    CREATE INDEX held_tariffs_in_force ON held_tariffs (valid_from, number);
    CREATE TABLE tariff_signers (
        number INTEGER PRIMARY KEY, public BLOB NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL
    )
"""

# What is reserved is of sessions that have not ended. `closed` says why; one that is closed stays, so that it is known.
ALLOWANCES = """
    CREATE TABLE leases (
        id TEXT PRIMARY KEY, account TEXT NOT NULL, amount INTEGER NOT NULL, until INTEGER NOT NULL, customers TEXT,
        spent INTEGER NOT NULL, withdrawn INTEGER NOT NULL, closed TEXT
    ) WITHOUT ROWID;
    CREATE INDEX leases_open ON leases (account) WHERE closed IS NULL;
    CREATE TABLE reservations (session TEXT PRIMARY KEY, lease TEXT NOT NULL, amount INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX reservations_by_lease ON reservations (lease)
"""

PLANS = "CREATE TABLE plans (number INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL)"

# What is kept of an open session beside its readings; orders that were refused, each for ever as far as a hub asks.
REFUSED = """
    ALTER TABLE sessions ADD COLUMN course BLOB;
    CREATE TABLE refused (remote_start_id INTEGER PRIMARY KEY, at INTEGER NOT NULL, body BLOB NOT NULL)
"""

# One local list in use, and what has come of the next; tries of PINs; what is used once or so often, by session; what
# the hub was asked for a start that has not begun yet.
LISTS = """
    CREATE TABLE local_list (
        one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL, generation INTEGER NOT NULL,
        entries INTEGER NOT NULL, key BLOB NOT NULL, whole INTEGER NOT NULL
    );
    CREATE TABLE list_entries (
        generation INTEGER NOT NULL, token BLOB NOT NULL, body BLOB NOT NULL,
        kind TEXT NOT NULL, blocked INTEGER NOT NULL, pass TEXT,
        PRIMARY KEY (generation, token)
    ) WITHOUT ROWID;
    CREATE INDEX list_passes ON list_entries (generation, pass) WHERE pass IS NOT NULL;
    CREATE TABLE list_parts (
        version INTEGER NOT NULL, kind TEXT NOT NULL, base INTEGER NOT NULL, part INTEGER NOT NULL,
        generation INTEGER NOT NULL, entries INTEGER NOT NULL, key BLOB NOT NULL
    );
    CREATE TABLE list_changes (token BLOB PRIMARY KEY, body BLOB) WITHOUT ROWID;
    CREATE TABLE pin_tries (
        token BLOB PRIMARY KEY, pin BLOB NOT NULL, tries INTEGER NOT NULL, at INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE pass_uses (session TEXT PRIMARY KEY, pass TEXT NOT NULL, day INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX pass_uses_by_pass ON pass_uses (pass, day);
    CREATE TABLE used_vouchers (voucher TEXT PRIMARY KEY, session TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX used_vouchers_by_session ON used_vouchers (session);
    CREATE TABLE asked (
        request TEXT PRIMARY KEY, device TEXT NOT NULL, outlet TEXT, at INTEGER NOT NULL, customer_order TEXT,
        state TEXT NOT NULL
    ) WITHOUT ROWID
"""


def connect(path: str, edge: str) -> Database:
    """Open the file of an edge, made durable and brought to the newest version.

    Raises sqlite3.Error for a file that cannot be opened, is damaged, or was written by a newer version.
    """
    check_header(path)
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, factory=Database)
    try:
        if database.execute("PRAGMA page_count").fetchone() == (0,):
            database.execute("PRAGMA auto_vacuum = INCREMENTAL")  # what is pruned is given back
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")  # a commit survives the loss of power, not only of the process
        check_file(database)
        _bring_up(database, edge)
        check_tables(database)
    except BaseException:
        database.close()
        raise
    return database


def begin_epoch(database: sqlite3.Connection, edge: str) -> str:
    """Give the journal a new life, with empty lanes; a name for it that nobody used before."""
    epoch = secrets.token_hex(8)
    database.execute("INSERT INTO epochs (epoch, edge) VALUES (?, ?)", (epoch, edge))
    for lane in LANES:
        start = chain_start(edge, epoch, lane)
        database.execute("INSERT INTO lanes VALUES (?, ?, 0, 0, ?, 0, ?)", (epoch, lane, start, start))
    return epoch


def _bring_up(database: sqlite3.Connection, edge: str) -> None:
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version > len(STEPS):
        raise sqlite3.DatabaseError(f"written by a newer version ({version}; this one knows {len(STEPS)})")
    if version == 1:
        database.execute("PRAGMA auto_vacuum = INCREMENTAL")
        database.execute("VACUUM")
    for number, step in enumerate(STEPS[version:], version + 1):
        database.execute("BEGIN IMMEDIATE")
        try:
            step(database, edge)
            database.execute(f"PRAGMA user_version = {number}")
            database.execute("COMMIT")
        except BaseException:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise


def _first(database: sqlite3.Connection, _: str) -> None:
    _script(database, FIRST)


def _chain(database: sqlite3.Connection, edge: str) -> None:
    """Every record gets its place in the chain, in the order in which lanes began."""
    _script(database, CHAINED)
    present = [epoch for (epoch,) in database.execute("SELECT epoch FROM journal")]
    known = dict.fromkeys(epoch for (epoch,) in database.execute("SELECT epoch FROM unchained_lanes ORDER BY rowid"))
    for epoch in [*(epoch for epoch in known if epoch not in present), *present]:
        database.execute("INSERT INTO epochs (epoch, edge) VALUES (?, ?)", (epoch, edge))
        for lane in LANES:
            _chain_lane(database, edge, epoch, lane)
    _script(database, CHAINED_AFTER)
    if not present:
        begin_epoch(database, edge)


def _chain_lane(database: sqlite3.Connection, edge: str, epoch: str, lane: str) -> None:
    chain = start = chain_start(edge, epoch, lane)

    def chained() -> Iterator[tuple[bytes, int]]:
        nonlocal chain
        rows = database.execute(
            "SELECT rowid, seq, kind, at, hash FROM unchained WHERE epoch = ? AND lane = ? ORDER BY seq", (epoch, lane)
        )
        for row, seq, kind, at, digest in rows:
            chain = chain_next(chain, seq, at, kind, digest)
            yield chain, row

    database.executemany(
        "INSERT INTO records SELECT epoch, lane, seq, kind, at, body, hash, ? FROM unchained WHERE rowid = ?", chained()
    )
    last, acknowledged = database.execute(
        "SELECT last, acknowledged FROM unchained_lanes WHERE epoch = ? AND lane = ?", (epoch, lane)
    ).fetchone() or (0, 0)
    database.execute("INSERT INTO lanes VALUES (?, ?, ?, ?, ?, 0, ?)", (epoch, lane, last, acknowledged, chain, start))


def _persons(database: sqlite3.Connection, _: str) -> None:
    """Sessions get the sealed VIN of their car, and the erased a list."""
    _script(database, PERSONS)


def _held_tariffs(database: sqlite3.Connection, _: str) -> None:
    """Tariffs are held that no session was begun under yet."""
    _script(database, HELD_TARIFFS)


def _allowances(database: sqlite3.Connection, _: str) -> None:
    """Leases, and what is reserved on them."""
    _script(database, ALLOWANCES)


def _refused(database: sqlite3.Connection, _: str) -> None:
    """Sessions get their course, refused orders a table."""
    _script(database, REFUSED)


def _lists(database: sqlite3.Connection, _: str) -> None:
    """A local list, and what must be remembered of its use."""
    _script(database, LISTS)


def _plans(database: sqlite3.Connection, _: str) -> None:
    """Starts that are planned."""
    _script(database, PLANS)


def _script(database: sqlite3.Connection, script: str) -> None:
    """Statement by statement: `executescript` would commit."""
    for statement in script.split(";"):
        database.execute(statement)


# One step per version; `PRAGMA user_version` counts the steps done. A step, once released, never changes.
STEPS: tuple[Callable[[sqlite3.Connection, str], None], ...] = (
    _first,
    _chain,
    _persons,
    _held_tariffs,
    _allowances,
    _refused,
    _lists,
    _plans,
)
