"""What the edge has signed of its lanes: a checkpoint stands for every record before it, and is signed once."""

from chargelink.edge.ledger.database import Database
from chargelink.link.chain import chain_start
from chargelink.link.messages import Checkpoint

SIGNED_EACH = 500  # records at most, where many are signed at once


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


def checkpoint(database: Database, lane: str, seq: int, chain: bytes, epoch: str | None = None) -> Checkpoint:
    """The edge's signature under a lane up to a record, whose value of the chain is told: the first one ever given.

    Of the present epoch, if none is named.
    """
    place = (epoch or database.epoch, lane, seq)
    row = database.execute(
        "SELECT at, signature FROM checkpoints WHERE epoch = ? AND lane = ? AND seq = ?", place
    ).fetchone()
    if row is not None:
        return Checkpoint(seq, *row)
    signed = database.key.checkpoint(seq, chain, max(0, database.clock()))
    database.execute(
        "INSERT INTO checkpoints VALUES (?, ?, ?, ?, ?, ?, ?)",
        (*place, chain, signed.at, database.signer, signed.signature),
    )
    return signed


def sign_all(database: Database) -> None:
    """Sign every lane of every epoch up to its end: the epoch ends, or an older version wrote it and did not sign."""
    database.settle()
    for epoch, lane, last in database.execute("SELECT epoch, lane, last FROM lanes WHERE last > pruned").fetchall():
        sign(database, lane, last, epoch)


def sign(database: Database, lane: str, last: int, epoch: str | None = None) -> None:
    """Sign a lane up to a record, and in between often enough to prune it in small steps."""
    epoch = epoch or database.epoch
    rows = database.execute(
        "SELECT seq, chain FROM records WHERE epoch = ?1 AND lane = ?2 AND seq <= ?3 AND (seq = ?3 OR seq % ?4 = 0)"
        " AND seq > (SELECT coalesce(max(seq), 0) FROM checkpoints WHERE epoch = ?1 AND lane = ?2)",
        (epoch, lane, last, SIGNED_EACH),
    ).fetchall()
    for seq, chain in rows:
        checkpoint(database, lane, seq, chain, epoch)
