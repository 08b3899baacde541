"""Lives of the journal. A new one begins when numbers may have been used that this ledger does not know of: it was
restored from a backup, or it is new because the old one was damaged.

The new epoch says which one it follows and where that ended, then repeats what the hub did not have. In the same
transaction goes what a backup would use a second time: radio session keys, leases, vouchers and passes; numbers that
were reserved skip ahead.
"""

from chargelink.edge.ledger import allowances, checkpoints, local_list, memory, schema
from chargelink.edge.ledger.database import Database, Entry, Tail, entry_of
from chargelink.link.chain import chain_start
from chargelink.link.messages import RECORD_LANE
from chargelink.model import JournalEpoch, LaneEnd

HUB_AHEAD = "hub-ahead"  # the hub holds a record that we do not: this is a backup
HUB_BEHIND = "hub-behind"  # the hub lacks what we pruned: it was restored, from long ago
OTHER_RECORD = "other-record"  # the hub holds another record under this number, or another past before it
RESTORED = "restored"  # `chargelink edge restore` laid this ledger down
RENAMED = "renamed"  # the edge got another name: records are known by it
DAMAGED = "damaged"  # the ledger before was set aside

CARRIED_AT_ONCE = 500  # records


def begin_anew(database: Database, reason: str) -> None:
    """Begin a new epoch within a transaction: its first record says why, then comes what was not acknowledged."""
    checkpoints.sign_all(database)
    database.settle()
    old, tails = database.epoch, database.tails
    switch(database)
    ends = {lane: LaneEnd(tail.last, tail.chain) for lane, tail in tails.items()}
    at = max(0, database.clock())
    begun = JournalEpoch(previous=old, reason=reason, at=at, lanes=ends)
    for lane, tail in tails.items():
        if lane == RECORD_LANE or tail.last:  # whoever sees one lane alone must see where it went on
            database.add(entry_of(begun, at, lane))
        _carry(database, old, lane, tail)
    memory.leave_behind(database)
    allowances.void(database, at)
    local_list.leave_behind(database)


def switch(database: Database) -> None:
    """Give the journal a new life, with empty lanes."""
    database.epoch = schema.begin_epoch(database, database.edge)
    database.tails = {lane: Tail(0, 0, chain_start(database.edge, database.epoch, lane)) for lane in database.tails}


def _carry(database: Database, epoch: str, lane: str, tail: Tail) -> None:
    seq = tail.acknowledged
    while seq < tail.last:
        rows = database.execute(
            "SELECT seq, kind, at, body FROM records WHERE epoch = ? AND lane = ? AND seq > ? ORDER BY seq LIMIT ?",
            (epoch, lane, seq, CARRIED_AT_ONCE),
        ).fetchall()
        for _, kind, at, body in rows:
            database.add(Entry(kind, at, body, lane))
        database.flush()
        if not rows:
            return
        seq = rows[-1][0]
