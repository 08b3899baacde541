"""What the edge has signed of its lanes: a checkpoint stands for every record before it, and is signed once."""

from chargelink.edge.ledger.database import Database
from chargelink.link.chain import chain_start
from chargelink.link.messages import Checkpoint


def register(database: Database) -> None:
    """Have the public key of the edge in the file, so that what it signs can be checked without it."""
    public = database.key.public
    database.execute("INSERT OR IGNORE INTO signers (public) VALUES (?)", (public,))
    (database.signer,) = database.execute("SELECT number FROM signers WHERE public = ?", (public,)).fetchone()


def chain_at(database: Database, lane: str, seq: int) -> bytes | None:
    """The value of the chain at a record of the present epoch, or where its lane is pruned; None if it is not held."""
    if seq == 0:
        return chain_start(database.edge, database.epoch, lane)
    place = (database.epoch, lane, seq)
    row = (
        database.execute("SELECT chain FROM records WHERE epoch = ? AND lane = ? AND seq = ?", place).fetchone()
        or database.execute("SELECT chain FROM checkpoints WHERE epoch = ? AND lane = ? AND seq = ?", place).fetchone()
    )
    return None if row is None else bytes(row[0])


def checkpoint(database: Database, lane: str, seq: int, chain: bytes) -> Checkpoint:
    """The edge's signature under a lane up to a record, whose value of the chain is told: the first one ever given."""
    row = database.execute(
        "SELECT at, signature FROM checkpoints WHERE epoch = ? AND lane = ? AND seq = ?", (database.epoch, lane, seq)
    ).fetchone()
    if row is not None:
        return Checkpoint(seq, *row)
    signed = database.key.checkpoint(seq, chain, max(0, database.clock()))
    database.execute(
        "INSERT INTO checkpoints VALUES (?, ?, ?, ?, ?, ?, ?)",
        (database.epoch, lane, seq, chain, signed.at, database.signer, signed.signature),
    )
    return signed


def signed_up_to(database: Database, lane: str) -> int:
    """The last record of a lane of the present epoch that a signature covers; none = 0."""
    row = database.execute(
        "SELECT max(seq) FROM checkpoints WHERE epoch = ? AND lane = ?", (database.epoch, lane)
    ).fetchone()
    return int(row[0] or 0)


def sign_all(database: Database) -> None:
    """Sign every lane up to its end: the epoch ends."""
    database.flush()
    for lane, tail in database.tails.items():
        if tail.last:
            checkpoint(database, lane, tail.last, tail.chain)
