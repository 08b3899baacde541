"""The chain of a lane at the hub: continued, compared, and never mended; every difference is told with its evidence."""

import json
from typing import Any

import msgspec
import pytest
from tests.hub.chained import ChainedJournal

from chargelink.hub.store.batches import Arrived, Batch, Stored
from chargelink.hub.store.chains import Anchor, Checkpoint, Lane
from chargelink.hub.store.engine import Asked
from chargelink.hub.store.models import Alarm, Record, SetAside
from chargelink.hub.store.writer import RecordWriter
from chargelink.link import messages


def batch_of(edge: str, sent: dict[str, Any]) -> Batch:
    """A batch as the gateway makes it of what an edge sent."""
    records = msgspec.convert(sent, messages.Records)
    arrived = tuple(Arrived(r.seq, r.kind, r.at, r.body, r.hash.hex()) for r in records.records)
    return Batch(edge, records.epoch, records.lane, arrived, 1, records.previous, records.checkpoint)


async def send(writer: RecordWriter, journal: ChainedJournal, first: int, last: int, **options: Any) -> Stored:
    return await writer.store(batch_of(journal.edge, journal.batch(first, last, **options)))


async def told() -> list[tuple[str, dict[str, Any]]]:
    return [(alarm.kind, json.loads(alarm.detail)) for alarm in await Alarm.all().order_by("id")]


@pytest.fixture
def journal() -> ChainedJournal:
    journal = ChainedJournal()
    journal.write(*range(12))
    return journal


def fork(journal: ChainedJournal, after: int) -> ChainedJournal:
    other = journal.forked(after)
    other.write(*(f"other {n}" for n in range(12)))
    return other


@pytest.mark.parametrize("previous", [True, False], ids=["chained", "an older client"])
async def test_the_chain_is_continued_over_batches(
    writer: RecordWriter, journal: ChainedJournal, previous: bool
) -> None:
    for first, last in ((1, 3), (2, 5), (6, 6), (6, 6), (7, 12)):
        assert (await send(writer, journal, first, last, previous=previous)).have == last
    [lane] = (await writer._engine.held([Asked("edge-1", "epoch-1", "")]))[0].lanes.values()
    assert (lane.seq, lane.chain) == (12, journal.chains[12])
    assert lane.hash == journal.records[-1]["hash"].hex()
    assert await told() == []
    assert await Anchor.all().count() == 0


async def test_a_writer_that_knows_nothing_goes_on_from_the_database(
    writer: RecordWriter, journal: ChainedJournal
) -> None:
    await send(writer, journal, 1, 4)
    again = RecordWriter(writer._engine)
    await again.write([batch := batch_of("edge-1", journal.batch(5, 9))])
    assert (await batch.done).have == 9
    assert (await Lane.get()).chain == journal.chains[9].hex()


async def test_lanes_have_chains_of_their_own(writer: RecordWriter, journal: ChainedJournal) -> None:
    metering = ChainedJournal(lane="metering")
    metering.write("a", "b")
    await send(writer, journal, 1, 2)
    await send(writer, metering, 1, 2)
    [held] = await writer._engine.held([Asked("edge-1", "epoch-1", "")])
    assert {lane: state.chain for lane, state in held.lanes.items()} == {
        "record": journal.chains[2],
        "metering": metering.chains[2],
    }


async def test_another_value_where_new_records_begin_is_a_broken_chain(
    writer: RecordWriter, journal: ChainedJournal
) -> None:
    await send(writer, journal, 1, 4)
    other = fork(journal, 2)
    assert (await send(writer, other, 5, 6)).have == 6
    [(kind, detail)] = await told()
    assert kind == "chain-broken"
    assert detail["key"] == "edge-1/epoch-1/record/4"
    assert (detail["held"], detail["sent"]) == (journal.chains[4].hex(), other.chains[4].hex())
    [anchor] = await Anchor.all()
    assert (anchor.seq, anchor.why) == (4, "broken")
    assert (anchor.held, anchor.chain) == (journal.chains[4].hex(), other.chains[4].hex())
    await send(writer, other, 7, 8)
    assert len(await told()) == 1  # from there on it fits
    assert (await Lane.get()).chain == other.chains[8].hex()


async def test_a_history_that_differs_and_goes_on_is_a_fork(writer: RecordWriter, journal: ChainedJournal) -> None:
    await send(writer, journal, 1, 4)
    other = fork(journal, 2)
    for _ in range(2):
        assert (await send(writer, other, 2, 6)).have == 6
    aside, forked = await told()
    assert aside[0] == "set-aside"
    assert (aside[1]["key"], aside[1]["count"]) == ("edge-1/epoch-1/record/3", 2)
    assert (aside[1]["held"], aside[1]["sent"]) == (
        journal.records[2]["hash"].hex(),
        other.records[2]["hash"].hex(),
    )
    assert forked[0] == "fork"
    assert (forked[1]["held"], forked[1]["sent"]) == (journal.chains[4].hex(), other.chains[4].hex())
    assert [row.body for row in await Record.all().order_by("seq")] == [
        record["body"] for record in journal.records[:4] + other.records[4:6]
    ]
    assert [row.body for row in await SetAside.all().order_by("seq")] == [r["body"] for r in other.records[2:4]]


async def test_a_fork_that_only_repeats_is_told(writer: RecordWriter, journal: ChainedJournal) -> None:
    await send(writer, journal, 1, 4)
    assert (await send(writer, fork(journal, 2), 2, 4)).have == 4
    assert [kind for kind, _ in await told()] == ["set-aside", "fork"]
    assert (await Lane.get()).chain == journal.chains[4].hex()


async def test_a_gap_is_told_once_anchored_and_may_be_filled(writer: RecordWriter, journal: ChainedJournal) -> None:
    await send(writer, journal, 1, 2)
    assert (await send(writer, journal, 5, 6)).have == 6
    [(kind, detail)] = await told()
    assert kind == "missing-records"
    assert (detail["count"], detail["first"], detail["last"]) == (2, 3, 4)
    [anchor] = await Anchor.all()
    assert (anchor.seq, anchor.why, anchor.chain, anchor.held) == (
        4,
        "gap",
        journal.chains[4].hex(),
        journal.chains[2].hex(),
    )
    await send(writer, journal, 3, 4)
    await send(writer, journal, 7, 8)
    assert len(await told()) == 1
    assert await Record.all().count() == 8
    assert (await Lane.get()).chain == journal.chains[8].hex()


async def test_an_epoch_of_which_the_beginning_is_gone(writer: RecordWriter, journal: ChainedJournal) -> None:
    assert (await send(writer, journal, 5, 6)).have == 6
    [(kind, detail)] = await told()
    assert (kind, detail["first"], detail["last"]) == ("missing-records", 1, 4)
    assert (await Lane.get()).chain == journal.chains[6].hex()


async def test_a_first_record_that_does_not_begin_its_chain(writer: RecordWriter) -> None:
    """Records of another edge, or epoch, under our name."""
    stranger = ChainedJournal(edge="edge-2")
    stranger.write(*range(3))
    await writer.store(batch_of("edge-1", stranger.batch(1, 3)))
    [(kind, detail)] = await told()
    assert (kind, detail["sent"]) == ("chain-broken", stranger.chains[0].hex())


async def test_batches_of_one_group_follow_each_other(writer: RecordWriter, journal: ChainedJournal) -> None:
    """All of them wait for the same commit: repeats and forks among them are seen as well."""
    other = fork(journal, 4)
    sent = [journal.batch(1, 3), journal.batch(2, 6), other.batch(4, 8), other.batch(9, 10)]
    batches = [batch_of("edge-1", one) for one in sent]
    await writer.write(batches)
    assert [(await batch.done).have for batch in batches] == [3, 6, 8, 10]
    assert [kind for kind, _ in await told()] == ["set-aside", "fork"]
    assert await Record.all().count() == 10
    assert (await Lane.get()).chain == other.chains[10].hex()


async def test_a_checkpoint_is_kept_with_the_value_that_it_should_be_for(
    writer: RecordWriter, journal: ChainedJournal
) -> None:
    await send(writer, journal, 1, 4, checkpoint=journal.checkpoint(3))
    await send(writer, journal, 3, 6, previous=False, checkpoint=journal.checkpoint(6))
    rows = await Checkpoint.all().order_by("seq")
    assert [(row.seq, row.chain) for row in rows] == [(3, journal.chains[3].hex()), (6, journal.chains[6].hex())]
    assert writer.signed.is_set()


async def test_a_checkpoint_for_a_record_that_was_not_sent_is_told(
    writer: RecordWriter, journal: ChainedJournal
) -> None:
    await send(writer, journal, 1, 4, checkpoint=journal.checkpoint(7))
    [(kind, detail)] = await told()
    assert (kind, detail["key"]) == ("checkpoint-stray", "edge-1/epoch-1/record/7")
    assert detail["signature"] == journal.checkpoint(7)["signature"].hex()
    assert await Checkpoint.all().count() == 0


async def test_a_batch_that_no_database_can_hold_harms_nobody_else(
    writer: RecordWriter, journal: ChainedJournal
) -> None:
    good = batch_of("edge-1", journal.batch(1, 3))
    bad = Batch("edge-2", "epoch-1", "record", (Arrived(1, "kind" * 64, 1, b"", "00" * 32),), 1)
    also = batch_of("edge-1", journal.batch(4, 6))
    for batch in (good, bad, also):
        writer._queue.put_nowait(batch)
    assert (await also.done).have == 6
    assert (await good.done).have == 3
    with pytest.raises(ValueError, match="256"):
        await bad.done
