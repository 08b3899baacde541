"""A journal opened as the daemon opens it, with a key that every test knows."""

from pathlib import Path

from chargelink.edge.ledger import Journal, Limits
from chargelink.link.messages import RECORD_LANE
from chargelink.trust.checkpoints import JournalKey

EDGE = "edge-1"
KEY = JournalKey(bytes(range(32)))


def open_journal(path: Path, edge: str = EDGE, key: JournalKey = KEY, limits: Limits = Limits()) -> Journal:  # noqa: B008
    return Journal.open(path, edge, key, limits=limits)


async def kinds_waiting(journal: Journal) -> list[str]:
    """The kinds of the records that the hub does not have, in order."""
    return [record.kind for record in (await journal.pending(RECORD_LANE, 1000, 1 << 20)).records]
