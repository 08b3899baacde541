"""Telemetry at the hub: blocks as they came, gaps counted, curves drawn from them, every sample to be had."""

import asyncio
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from tests.hub.conftest import Hub
from tests.hub.fake_edge import CallError, ended, identifier, record, sample, started

from chargelink.hub.bus import Bus
from chargelink.hub.services.curves import FINEST, curve
from chargelink.hub.services.telemetry import Curves
from chargelink.hub.store.batches import Blocks, Stored
from chargelink.hub.store.models import Alarm, Sample, Session
from chargelink.hub.store.telemetry import TelemetryBlock, TelemetryGap
from chargelink.hub.store.writer import RecordWriter
from chargelink.ids import born_at
from chargelink.link import messages
from chargelink.link.telemetry import pack

SESSION = identifier(1)
BORN = born_at(SESSION)
AT = range(BORN, BORN + 60_000, 1_000)


def measured(at: int) -> messages.Sample:
    age = (at - BORN) // 1000
    soc = None if age < 10 else min(1000, 200 + age)
    return messages.Sample(
        device="gun-1",
        session_id=SESSION,
        at=at,
        voltage=400_000 + age,
        current=90_000,
        power=36_000,
        energy=age,
        soc=soc,
    )


def point(at: int) -> list[int | None]:
    one = measured(at)
    return [at, one.voltage, one.current, one.power, one.soc, one.energy]


def block(seq: int, times: range = AT, body: bytes | None = None) -> messages.TelemetryBlock:
    return messages.TelemetryBlock(
        seq=seq,
        device="gun-1",
        session_id=SESSION,
        begin=times[0],
        end=times[-1],
        count=len(times),
        body=pack([measured(at) for at in times]) if body is None else body,
    )


def gap(first: int, last: int, samples: int = 10, reason: str = "full") -> messages.TelemetryGap:
    return messages.TelemetryGap(first=first, last=last, samples=samples, begin=BORN, end=BORN + 1, reason=reason)


async def pour(writer: RecordWriter, *what: messages.TelemetryBlock | messages.TelemetryGap) -> Stored:
    blocks = tuple(one for one in what if isinstance(one, messages.TelemetryBlock))
    gaps = tuple(one for one in what if isinstance(one, messages.TelemetryGap))
    return await writer.store(Blocks("edge-1", "t-1", blocks, gaps, received=1))


async def draw() -> None:
    curves = Curves(Bus(), asyncio.Event())
    while await curves.read_waiting():
        pass


STORIES: list[tuple[str, list[tuple[Any, ...]], int, list[int], list[tuple[int, int, int, str]]]] = [
    ("one after the other", [(block(1), block(2)), (block(3),)], 3, [1, 2, 3], []),
    ("twice", [(block(1), block(2)), (block(1), block(2), block(3))], 3, [1, 2, 3], []),
    ("a counted gap", [(block(1), block(5), gap(2, 4, 77))], 5, [1, 5], [(2, 4, 77, "full")]),
    ("a counted gap twice", [(gap(1, 4, 77),), (gap(1, 4, 77), block(5))], 5, [5], [(1, 4, 77, "full")]),
    ("a gap at the end", [(block(1),), (gap(2, 9),)], 9, [1], [(2, 9, 10, "full")]),
    ("passed over in silence", [(block(1),), (block(4),)], 4, [1, 4], [(2, 3, 0, "undeclared")]),
    ("in silence within", [(block(1), block(2), block(5))], 5, [1, 2, 5], [(3, 4, 0, "undeclared")]),
    ("an epoch that begins late", [(block(40),)], 40, [40], []),
    ("nothing", [()], 0, [], []),
]


@pytest.mark.parametrize(
    ("batches", "have", "blocks", "gaps"), [row[1:] for row in STORIES], ids=[row[0] for row in STORIES]
)
async def test_stories_of_one_epoch(
    writer: RecordWriter,
    batches: list[tuple[Any, ...]],
    have: int,
    blocks: list[int],
    gaps: list[tuple[int, int, int, str]],
) -> None:
    for what in batches:
        stored = await pour(writer, *what)
    assert stored.have == have
    assert [row.seq for row in await TelemetryBlock.all().order_by("seq")] == blocks
    rows = await TelemetryGap.all().order_by("first_seq")
    assert [(row.first_seq, row.last_seq, row.samples, row.reason) for row in rows] == gaps


async def test_the_bytes_stay_as_they_came(writer: RecordWriter) -> None:
    sent = block(1)
    await pour(writer, sent)
    [row] = await TelemetryBlock.all()
    assert (row.edge, row.epoch, row.device, row.session, row.count) == ("edge-1", "t-1", "gun-1", SESSION, 60)
    assert (row.begin, row.end, row.body) == (AT[0], AT[-1], sent.body)


async def test_a_curve_is_drawn_once_from_live_samples_and_blocks(writer: RecordWriter) -> None:
    """Every third point was seen live; the others are added; a block again changes nothing."""
    for at in AT[::3]:
        one = measured(at)
        await Sample.create(
            session=SESSION, at=at, voltage=one.voltage, current=one.current, power=one.power, soc=one.soc, energy=1
        )
    await pour(writer, block(1, AT[:40]))
    await draw()
    await pour(writer, block(2, AT[20:]))
    await draw()
    points = await curve(SESSION)
    assert [one[0] for one in points] == [*AT]
    assert [one[5] for one in points[:4]] == [1, 1, 2, 1]  # live ones stay


async def test_a_curve_stays_as_coarse_as_its_age_wants(writer: RecordWriter) -> None:
    late = range(BORN + 3_600_000, BORN + 3_600_000 + 100_000, 1_000)
    await pour(writer, block(1, late))
    await draw()
    times = [one[0] for one in await curve(SESSION)]
    assert len(times) == 100_000 // (8 * FINEST) + 1
    assert {after - before for before, after in pairwise(times)} == {8 * FINEST}


async def test_a_block_that_cannot_be_read_is_kept_told_and_passed_by(writer: RecordWriter) -> None:
    await pour(writer, block(1, body=b"\xff\x00"), block(2))
    await draw()
    assert [(alarm.kind, alarm.subject) for alarm in await Alarm.all()] == [("telemetry-unreadable", "edge-1/t-1/1")]
    assert (await TelemetryBlock.get(seq=1)).body == b"\xff\x00"
    assert len(await curve(SESSION)) == 60


async def test_a_block_of_the_session_of_another_edge_is_told_and_not_drawn(writer: RecordWriter) -> None:
    session = Session(id=SESSION, edge="edge-2", device="gun-1", kind="dc", authorised_by="local", started=BORN)
    await session.save(force_create=True)
    await pour(writer, block(1))
    await draw()
    [alarm] = await Alarm.all()
    assert alarm.kind == "telemetry-unreadable"
    assert "belongs to the edge edge-2" in alarm.detail
    assert await curve(SESSION) == []


def sent(one: messages.TelemetryBlock) -> dict[str, Any]:
    """A block as it is on the wire."""
    return {
        name: value for name, value in msgspec.to_builtins(one, builtin_types=(bytes,)).items() if value is not None
    }


async def test_every_sample_is_to_be_had(hub: Hub) -> None:
    edge = await hub.edge()
    await edge.boot()
    start = started("edge-1", SESSION, at=BORN)
    await edge.send(
        record(1, "session.started", start), record(2, "session.ended", ended("edge-1", SESSION, at=BORN + 1))
    )
    await edge.call("MeterValues", {"samples": [sample(SESSION, BORN)]})
    lost = {"first": 2, "last": 3, "samples": 5, "begin": BORN, "end": BORN + 9, "reason": "full"}
    blocks = [sent(block(1, AT[:30])), sent(block(4, AT[30:]))]
    told = await edge.call("Telemetry", {"epoch": "t-1", "blocks": blocks, "gaps": [lost]})
    assert told == {"have": 4}
    again = await edge.call(
        "BootNotification", {"edgeId": "edge-1", "epoch": "epoch-1", "software": "", "telemetryEpoch": "t-1"}
    )
    assert again["have"] == {"record": 2, "telemetry": 4}
    await hub.until("/api/sessions", lambda json: json and json[0]["ended"])
    full = await hub.get(f"/api/sessions/{SESSION}/samples")
    assert full["session"] == SESSION
    assert full["points"] == [point(at) for at in AT]
    assert full["gaps"] == [{"begin": BORN, "end": BORN + 9, "samples": 5, "reason": "full"}]
    text = (await hub.http.get(f"/api/sessions/{SESSION}/samples?format=csv")).text
    lines = text.split("\r\n")
    assert lines[0] == "at_ms,voltage_mV,current_mA,power_mW,soc_0.1%,energy_mWh"
    assert lines[1] == f"{BORN},400000,90000,36000,,0"
    assert lines[-2] == ",".join(str(value) for value in point(AT[-1]))
    drawn = await hub.until(f"/api/sessions/{SESSION}", lambda json: len(json["points"]) >= 60)
    assert [one[0] for one in drawn["points"]] == [*AT]


@pytest.mark.parametrize(("path", "status"), [("?format=xml", 400), ("", 404)])
async def test_what_samples_are_not_given(hub: Hub, path: str, status: int) -> None:
    edge = await hub.edge()
    await edge.boot()
    if status == 400:
        await edge.send(record(1, "session.started", started("edge-1", SESSION)))
        await hub.until("/api/sessions", len)
    assert (await hub.http.get(f"/api/sessions/{SESSION}/samples{path}")).status_code == status


async def test_an_edge_without_telemetry_has_none(hub: Hub) -> None:
    edge = await hub.edge()
    answer = await edge.boot()
    assert answer["have"] == {}
    with pytest.raises(CallError):
        await edge.call("Telemetry", {"epoch": "t", "blocks": [{"seq": 0}]})
