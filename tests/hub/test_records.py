"""Records on their way into the database: durable before acknowledged, once however often they come, never blocking."""

import asyncio
import hashlib
from collections.abc import Sequence

import pytest
from tests.hub.conftest import Place

from chargelink.hub.store import keys
from chargelink.hub.store.batches import Arrived, Batch, Blocks, Stored
from chargelink.hub.store.engine import Asked, Engine, Held, Row, Rows, TroubleError
from chargelink.hub.store.holdings import Holdings
from chargelink.hub.store.models import Alarm, Record, SetAside
from chargelink.hub.store.writer import RecordWriter
from chargelink.link.messages import TelemetryGap


def batch(*numbers: int, edge: str = "edge-1", epoch: str = "epoch-1", lane: str = "record", body: str = "") -> Batch:
    """Records whose bytes are their number and `body`."""
    records = tuple(
        Arrived(n, "alarm", 1_000 + n, f"{n}{body}".encode(), hashlib.sha256(f"{n}{body}".encode()).hexdigest())
        for n in numbers
    )
    return Batch(edge, epoch, lane, records, received=2_000)


async def test_acknowledged_is_durable_and_exact(writer: RecordWriter, place: Place) -> None:
    stored = await writer.store(batch(1, 2, 3))
    assert stored == Stored(have=3)
    rows = await place.rows("SELECT edge, epoch, lane, seq, kind, at, body, received FROM record ORDER BY seq")
    assert rows == [("edge-1", "epoch-1", "record", n, "alarm", 1_000 + n, str(n).encode(), 2_000) for n in (1, 2, 3)]
    assert writer.written.is_set()


STORIES = [
    ("twice", [(1, 2), (1, 2)], 2, []),
    ("overlapping", [(1, 2, 3), (2, 3, 4)], 4, []),
    ("older ones again", [(1, 2, 3), (1,)], 3, []),
    ("the same number twice in a batch", [(1, 1, 2)], 2, []),
    ("an epoch that begins late", [(500, 501)], 501, []),
    ("a gap that nobody can fill", [(1, 2), (5, 6)], 6, ["missing-records"]),
    ("a gap within a batch", [(1, 2), (3, 5)], 5, ["missing-records"]),
    ("a gap within the first batch", [(7, 9)], 9, ["missing-records"]),
    ("a batch in disorder", [(2, 1), (4, 3)], 4, []),
    ("a gap that is filled later", [(1, 2), (5, 6), (3, 4)], 6, ["missing-records"]),
    ("nothing", [()], 0, []),
]


@pytest.mark.parametrize(("batches", "have", "alarms"), [story[1:] for story in STORIES], ids=[s[0] for s in STORIES])
async def test_stories_of_one_lane(
    writer: RecordWriter, batches: list[tuple[int, ...]], have: int, alarms: list[str]
) -> None:
    for numbers in batches:
        stored = await writer.store(batch(*numbers))
    assert stored.have == have
    assert await Record.all().count() == len({number for numbers in batches for number in numbers})
    assert [alarm.kind for alarm in await Alarm.all()] == alarms
    assert await SetAside.all().count() == 0


async def test_edges_epochs_and_lanes_are_kept_apart(writer: RecordWriter, tables: Engine) -> None:
    await writer.store(batch(1, 2))
    await writer.store(batch(1, edge="edge-2"))
    await writer.store(batch(1, epoch="epoch-2"))
    await writer.store(batch(1, lane="other"))
    assert await Record.all().count() == 5
    names = [("edge-1", "epoch-1"), ("edge-1", "epoch-2"), ("edge-3", "epoch-1"), ("edge-1", "epoch-1")]
    held = await tables.held([Asked(edge, epoch, "") for edge, epoch in names])
    lanes = [{lane: state.seq for lane, state in one.lanes.items()} for one in held]
    assert lanes == [{"record": 2, "other": 1}, {"record": 1}, {}, {"record": 2, "other": 1}]
    assert {(one.telemetry, *one.keys) for one in held} == {(None,)}


async def test_telemetry_and_keys_are_asked_for_with_the_lanes(writer: RecordWriter, tables: Engine) -> None:
    gap = TelemetryGap(first=1, last=7, samples=70, begin=1, end=2, reason="full")
    await writer.store(Blocks("edge-1", "telemetry-1", (), (gap,), received=1))
    for number in (1, 2):
        await keys.pin("edge-1", bytes([number]) * 32, number, trusted=True)
    asked = [Asked("edge-1", "epoch-1", "telemetry-1"), Asked("edge-1", "epoch-1", "telemetry-2")]
    first, second = await tables.held(asked)
    assert (first.lanes, first.telemetry, second.telemetry) == ({}, 7, None)
    assert [bytes.fromhex(key)[0] for key in first.keys] == [1, 2]


async def test_many_who_ask_together_are_each_told_their_own(writer: RecordWriter, tables: Engine) -> None:
    for number in range(5):
        await writer.store(batch(*range(1, number + 2), edge=f"edge-{number}"))
    holdings = Holdings(tables)
    asking = [asyncio.create_task(holdings.of(f"edge-{n % 6}", "epoch-1", None)) for n in range(600)]
    running = asyncio.create_task(holdings.run())
    held = await asyncio.gather(*asking)
    running.cancel()
    assert [one.lanes["record"].seq if one.lanes else 0 for one in held[:6]] == [1, 2, 3, 4, 5, 0]
    assert held[6:12] == held[:6]


async def test_a_database_that_fails_is_told_to_those_who_asked(
    tables: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(asked: Sequence[Asked]) -> Sequence[Held]:
        raise TroubleError("gone")

    holdings = Holdings(tables)
    running = asyncio.create_task(holdings.run())
    with monkeypatch.context() as patched:
        patched.setattr(tables, "held", fail)
        with pytest.raises(TroubleError):
            await holdings.of("edge-1", "epoch-1", None)
    assert (await holdings.of("edge-1", "epoch-1", None)).lanes == {}
    running.cancel()


async def test_the_same_key_with_other_bytes_is_set_aside_once_and_alarmed_once(writer: RecordWriter) -> None:
    await writer.store(batch(1, 2))
    for _ in range(2):
        stored = await writer.store(batch(2, 3, body="!"))
        assert stored.have == 3
    assert [(row.seq, row.body) for row in await Record.all().order_by("seq")] == [(1, b"1"), (2, b"2"), (3, b"3!")]
    assert [(row.seq, row.body) for row in await SetAside.all()] == [(2, b"2!")]
    assert [(alarm.kind, alarm.edge) for alarm in await Alarm.all()] == [("set-aside", "edge-1")]


async def test_batches_that_wait_share_a_commit(writer: RecordWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    real = writer.write

    async def counted(group: Sequence[Batch | Blocks]) -> None:
        sizes.append(len(group))
        await real(group)

    monkeypatch.setattr(writer, "write", counted)
    stored = await asyncio.gather(*(writer.store(batch(1, 2, edge=f"edge-{n}")) for n in range(50)))
    assert {answer.have for answer in stored} == {2}
    assert sum(sizes) == 50
    assert len(sizes) < 10
    assert await Record.all().count() == 100


async def test_a_failed_commit_acknowledges_nothing_and_the_next_one_is_tried(
    writer: RecordWriter, tables: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = tables.write
    failures = [TroubleError("disk full")]

    async def fails_once(rows: Rows) -> list[tuple[int, Row]]:
        if failures:
            raise failures.pop()
        return await real(rows)

    await writer.store(batch(1))
    monkeypatch.setattr(tables, "write", fails_once)
    with pytest.raises(TroubleError, match="disk full"):
        await writer.store(batch(2))
    assert await Record.all().count() == 1
    assert (await writer.store(batch(3))).have == 3
    assert [alarm.kind for alarm in await Alarm.all()] == ["missing-records"]  # what failed is not remembered


async def test_a_sender_that_went_away_does_not_disturb_the_others(writer: RecordWriter) -> None:
    gone = asyncio.create_task(writer.store(batch(1, edge="edge-2")))
    await asyncio.sleep(0)
    gone.cancel()
    assert (await writer.store(batch(1))).have == 1
