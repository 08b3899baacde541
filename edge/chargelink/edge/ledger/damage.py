"""What counts as damage of a ledger: what no disk that is full, no lock and no bug of ours can do to a file."""

import sqlite3
from typing import Any

from chargelink.edge.ledger.database import LARGEST_BODY, Database
from chargelink.link.chain import chain_next, chain_start, record_hash

CODES = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
TABLES = {
    "asked",
    "checkpoints",
    "epochs",
    "erased",
    "held_tariffs",
    "lanes",
    "leases",
    "list_changes",
    "list_entries",
    "list_parts",
    "local_list",
    "memory",
    "pass_uses",
    "pin_tries",
    "plans",
    "records",
    "refused",
    "reservations",
    "sessions",
    "signers",
    "tariff_signers",
    "tariffs",
    "used_vouchers",
}
HEADER_BYTES = 100  # https://www.sqlite.org/fileformat2.html, 1.3
NEWEST = 200  # records of each lane whose chain is checked when the file is opened


class DamageError(sqlite3.DatabaseError):
    """The file is not what was written."""


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error says that the file is damaged, and not that something is in the way of reading or writing it."""
    return isinstance(error, DamageError) or getattr(error, "sqlite_errorcode", 0) & 0xFF in CODES


def check_header(path: str) -> None:
    """Raises DamageError for versions in the header that no SQLite wrote: it would take such a file for read-only, or
    for one of a later SQLite. An empty file, or none, is a new one.
    """
    try:
        with open(path, "rb") as file:
            header = file.read(HEADER_BYTES)
    except FileNotFoundError:
        return
    versions, formats = set(header[18:20]), header[44:48]
    if len(header) == HEADER_BYTES and (not versions <= {1, 2} or int.from_bytes(formats) > 4):
        raise DamageError("the header of the file is damaged")


def check_file(database: sqlite3.Connection) -> None:
    """Raises DamageError for a page or a table that is not as it should be."""
    (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise DamageError(" ".join(str(verdict).split()))


def check_tables(database: sqlite3.Connection) -> None:
    """Raises DamageError if one is missing."""
    names = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if missing := TABLES - names:
        raise DamageError(f"the table {min(missing)} is missing")


def check_newest(database: Database) -> None:
    """Check the newest records of each lane against their chain. Raises DamageError, which names the wrong one."""
    for lane, tail in database.tails.items():
        rows = database.execute(
            "SELECT seq, kind, at, body, hash, chain FROM records WHERE epoch = ? AND lane = ?"
            " ORDER BY seq DESC LIMIT ?",
            (database.epoch, lane, NEWEST),
        ).fetchall()[::-1]
        seq, chain = tail.pruned, _before(database, lane, tail.pruned)
        if rows and rows[0][0] != seq + 1:
            seq, chain = rows[0][0], rows[0][5]  # older ones stay unread here: `edge verify` reads all
            rows = rows[1:]
        for row in rows:
            if row[0] != seq + 1 or not continues(chain, row):
                raise DamageError(f"the record {database.epoch}/{lane}/{seq + 1} does not continue the chain")
            seq, chain = row[0], row[5]
        if (seq, chain) != (tail.last, tail.chain):
            raise DamageError(f"the lane {database.epoch}/{lane} does not end where it should")


def continues(chain: Any, row: tuple[Any, ...]) -> bool:
    """Whether a row (seq, kind, at, body, hash, chain) is a record that follows this value of the chain."""
    seq, kind, at, body, digest, value = row
    try:
        whole = isinstance(body, bytes) and len(body) <= LARGEST_BODY and record_hash(body) == digest
        return bool(whole and chain_next(chain, seq, at, kind, digest) == value)
    except Exception:
        return False  # whatever a damaged row holds


def _before(database: Database, lane: str, pruned: int) -> Any:
    if pruned == 0:
        return chain_start(database.edge, database.epoch, lane)
    row = database.execute(
        "SELECT chain FROM checkpoints WHERE epoch = ? AND lane = ? AND seq = ?", (database.epoch, lane, pruned)
    ).fetchone()
    return None if row is None else row[0]
