"""What is old is given up by its kind; records only behind an anchor, so that the rest can still be checked."""

import pytest
from tests.hub.chained import ChainedJournal
from tests.hub.conftest import Place
from tests.hub.test_chains import batch_of, fork, journal, send
from tests.hub.test_telemetry import block as telemetry_block
from tests.hub.test_telemetry import draw, gap, pour

from chargelink.hub.services import retention
from chargelink.hub.services.retention import Retention, forget
from chargelink.hub.store import keys, verify
from chargelink.hub.store.chains import Anchor, Checkpoint
from chargelink.hub.store.models import Record
from chargelink.hub.store.progress import RECORDS, reach
from chargelink.hub.store.sources import postgres_source, sqlite_source
from chargelink.hub.store.telemetry import TelemetryBlock, TelemetryGap
from chargelink.hub.store.writer import RecordWriter

__all__ = ["journal"]
KEEP = Retention(records=1_000, telemetry=1_000, curves=1_000)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rows at a time, and no pause: the same steps, sooner."""
    monkeypatch.setattr(retention, "AT_ONCE", 3)
    monkeypatch.setattr(retention, "PAUSE", 0)


async def checked(place: Place) -> tuple[int, int, list[str]]:
    """Records, right signatures and faults of the only lane."""
    opening = sqlite_source(place.directory / "hub.db") if place.url is None else postgres_source(place.url)
    async with opening as source:
        [lane] = [lane async for lane in verify.lanes(source)]
    return lane.records, lane.signed, lane.faults


async def store(writer: RecordWriter, journal: ChainedJournal, first: int, last: int, received: int) -> None:
    batch = batch_of("edge-1", journal.batch(first, last, checkpoint=journal.checkpoint(last)))
    batch.received = received
    await writer.store(batch)
    await reach(RECORDS, max([row.id for row in await Record.all()]))


async def test_old_records_go_and_the_chain_of_the_others_can_be_checked(
    writer: RecordWriter, journal: ChainedJournal, place: Place
) -> None:
    await keys.pin("edge-1", journal.public, 1, trusted=False)
    await store(writer, journal, 1, 8, received=10)
    await store(writer, journal, 9, 11, received=5_000)
    await forget(KEEP, now=1_011)
    assert [row.seq for row in await Record.all().order_by("seq")] == [9, 10, 11]
    [anchor] = await Anchor.all()
    assert (anchor.seq, anchor.why, anchor.chain) == (8, "pruned", journal.chains[8].hex())
    assert [row.seq for row in await Checkpoint.all().order_by("seq")] == [8, 11]
    assert await checked(place) == (3, 1, [])
    await store(writer, journal, 12, 12, received=5_001)
    assert await checked(place) == (4, 2, [])


async def test_the_last_record_of_a_lane_stays_however_old(
    writer: RecordWriter, journal: ChainedJournal, place: Place
) -> None:
    await keys.pin("edge-1", journal.public, 1, trusted=False)
    await store(writer, journal, 1, 8, received=10)
    for _ in range(2):
        await forget(KEEP, now=100_000)
    assert [row.seq for row in await Record.all()] == [8]
    assert await checked(place) == (1, 1, [])


async def test_what_has_not_been_read_stays(writer: RecordWriter, journal: ChainedJournal) -> None:
    await send(writer, journal, 1, 8)
    await reach(RECORDS, min([row.id for row in await Record.all()]) + 1)
    await forget(KEEP, now=100_000)
    assert await Record.all().count() == 6


async def test_anchors_of_a_broken_chain_are_followed_when_old_records_go(
    writer: RecordWriter, journal: ChainedJournal, place: Place
) -> None:
    await keys.pin("edge-1", journal.public, 1, trusted=False)
    await store(writer, journal, 1, 4, received=10)
    other = fork(journal, 2)
    await store(writer, other, 5, 8, received=10)
    await forget(KEEP, now=100_000)
    [anchor] = await Anchor.all()
    assert (anchor.seq, anchor.chain) == (7, other.chains[7].hex())
    assert await checked(place) == (1, 1, [])


async def test_telemetry_goes_when_it_has_been_drawn(writer: RecordWriter) -> None:
    await pour(writer, *(telemetry_block(seq) for seq in range(1, 8)), gap(8, 9))
    await forget(KEEP, now=10**15)
    assert await TelemetryBlock.all().count() == 7
    await draw()
    await forget(KEEP, now=1_001)
    assert await TelemetryBlock.all().count() == 7
    await forget(KEEP, now=10**15)
    assert await TelemetryBlock.all().count() == 0
    assert await TelemetryGap.all().count() == 0
