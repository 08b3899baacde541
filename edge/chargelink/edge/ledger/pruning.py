"""Old records leave from the front of a lane, behind a signature that stays: what follows is checked against it.

Only what the hub has acknowledged goes, and of an epoch that ended all, since what the hub lacked of it came again in
the next one. Nothing goes that an open session may need. Each step is a small transaction, so that nobody waits long,
and gives the room back to the disk.
"""

import msgspec

from chargelink.edge.ledger.database import Database
from chargelink.link.messages import MOST_RECORDS
from chargelink.model import SessionStarted

STEP = 500  # records and sessions at once; a signature for more than that makes one larger step
WINDOW = 2 * MOST_RECORDS  # records looked at for it: a batch is signed at its end
PAGES = 256  # given back at once

_LANES = """
    SELECT l.epoch, l.lane, l.pruned, l.last, e.number FROM lanes l JOIN epochs e ON e.epoch = l.epoch
    WHERE l.pruned < l.last ORDER BY e.number, l.lane
"""


def step(database: Database, before: int) -> int:
    """Prune some of what happened before a time, UTC ms; how much. 0 when there is nothing more to prune.

    Room is given back bit by bit, also when nothing is pruned.
    """
    before = min([before, *_open_since(database)])
    database.settle()
    gone = _sessions(database, before) + _refused(database, before)
    for epoch, lane, pruned, last, _ in database.execute(_LANES).fetchall():
        limit = database.tails[lane].acknowledged if epoch == database.epoch else last
        anchor = _anchor(database, (epoch, lane), pruned, limit, before)
        if anchor is not None:
            gone += _cut(database, (epoch, lane), anchor)
            break
    _give_back(database)
    return gone


def _give_back(database: Database) -> None:
    """Cut free pages off the file. Python takes one step of this statement, and each step is one page."""
    (free,) = database.execute("PRAGMA freelist_count").fetchone()
    for _ in range(min(free, PAGES)):
        database.execute("PRAGMA incremental_vacuum")


def _open_since(database: Database) -> list[int]:
    """When the sessions that are open began."""
    rows = database.execute("SELECT started FROM sessions WHERE ended IS NULL")
    return [msgspec.msgpack.decode(started, type=SessionStarted).at for (started,) in rows]


def _sessions(database: Database, before: int) -> int:
    """Sessions that ended; their ids begin with the time of their start (UUIDv7, RFC 9562)."""
    digits = f"{max(0, before):012x}"
    return database.execute(
        "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE id < ? AND ended IS NOT NULL LIMIT ?)",
        (f"{digits[:8]}-{digits[8:]}", STEP),
    ).rowcount


def _refused(database: Database, before: int) -> int:
    """Orders that were refused, and expired long ago."""
    return database.execute(
        "DELETE FROM refused WHERE remote_start_id IN (SELECT remote_start_id FROM refused WHERE at < ? LIMIT ?)",
        (before, STEP),
    ).rowcount


def _anchor(database: Database, lane: tuple[str, str], pruned: int, limit: int, before: int) -> int | None:
    """The signed record up to which may be pruned now."""
    young = database.execute(
        "SELECT seq FROM records WHERE epoch = ? AND lane = ? AND seq > ? AND seq <= ? AND at >= ?"
        " ORDER BY seq LIMIT 1",
        (*lane, pruned, pruned + WINDOW, before),
    ).fetchone()
    old = min(limit, pruned + WINDOW if young is None else young[0] - 1)
    (anchor,) = database.execute(
        "SELECT coalesce(max(CASE WHEN seq <= ? THEN seq END), min(seq)) FROM checkpoints"
        " WHERE epoch = ? AND lane = ? AND seq > ? AND seq <= ?",
        (pruned + STEP, *lane, pruned, old),
    ).fetchone()
    if anchor is None:
        return None
    same = database.execute(
        "SELECT 1 FROM records r JOIN checkpoints c USING (epoch, lane, seq)"
        " WHERE epoch = ? AND lane = ? AND seq = ? AND r.chain = c.chain",
        (*lane, anchor),
    ).fetchone()
    return int(anchor) if same else None  # never behind a signature under something else: `verify` says what is wrong


def _cut(database: Database, lane: tuple[str, str], anchor: int) -> int:
    place = (*lane, anchor)
    gone = database.execute("DELETE FROM records WHERE epoch = ? AND lane = ? AND seq <= ?", place).rowcount
    database.execute("DELETE FROM checkpoints WHERE epoch = ? AND lane = ? AND seq < ?", place)
    if lane[0] == database.epoch:
        database.tails[lane[1]].pruned = anchor
    else:
        database.execute("UPDATE lanes SET pruned = ? WHERE epoch = ? AND lane = ?", (anchor, *lane))
    return gone
