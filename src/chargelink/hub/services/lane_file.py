"""A lane of an edge as a file for somebody who trusts neither hub nor file: `trust.exported`."""

from collections.abc import AsyncIterator

from chargelink.hub.store.chains import Checkpoint, JournalKey
from chargelink.hub.store.models import Record
from chargelink.trust.exported import Entry, Epoch, Lane, Line, Signed

AT_ONCE = 500  # records


async def lines(edge: str, lane: str) -> AsyncIterator[Line]:
    """The lines, in the order in which the hub got the epochs; one that holds nothing has no records."""
    keys = await JournalKey.filter(edge=edge).order_by("id").values_list("key", flat=True)
    yield Lane(edge=edge, lane=lane, signing_keys=tuple(map(str, keys)))
    for epoch in await epochs(edge, lane):
        yield Epoch(epoch=epoch)
        async for line in _records(edge, epoch, lane):
            yield line


async def epochs(edge: str, lane: str) -> list[str]:
    """The epochs of a lane, in the order in which they came."""
    rows = Record.filter(edge=edge, lane=lane).order_by("id")
    names: list[str] = []
    while (row := await rows.exclude(epoch__in=names).first()) is not None:
        names.append(row.epoch)
    return names


async def _records(edge: str, epoch: str, lane: str) -> AsyncIterator[Line]:
    """Records by number, each checkpoint behind its record."""
    last = 0
    place = {"edge": edge, "epoch": epoch, "lane": lane}
    while rows := await Record.filter(**place, seq__gt=last).order_by("seq").limit(AT_ONCE):
        first, last = rows[0].seq, rows[-1].seq
        signed: dict[int, list[Signed]] = {}
        for one in await Checkpoint.filter(**place, seq__gte=first, seq__lte=last).order_by("seq", "at"):
            signed.setdefault(one.seq, []).append(_signed(one))
        for row in rows:
            yield Entry(seq=row.seq, kind=row.kind, at=row.at, body=row.body, hash=bytes.fromhex(row.hash))
            for line in signed.get(row.seq, ()):
                yield line
    for one in await Checkpoint.filter(**place, seq__gt=last).order_by("seq"):
        yield _signed(one)


def _signed(row: Checkpoint) -> Signed:
    chain, signature = bytes.fromhex(row.chain), bytes.fromhex(row.signature)
    return Signed(seq=row.seq, at=row.at, chain=chain, signature=signature)
