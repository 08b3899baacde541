"""Stored records become sessions, bills, tariffs and alarms: in any order, once, and never blocking."""

import asyncio
import hashlib
import json
from contextlib import suppress
from itertools import permutations
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.hub.fake_edge import NIGHT, PERIODS, TARIFF, TARIFF_HASH, ended, identifier, started

from chargelink.hub.bus import Bus
from chargelink.hub.services.intake import Intake, UnreadableError, understood
from chargelink.hub.store.engine import Engine
from chargelink.hub.store.models import Alarm, Bill, Quarantine, Record, Session, Tariff
from chargelink.hub.store.progress import RECORDS, reached

SESSION = identifier(1)


@pytest.fixture
async def intake(tables: Engine) -> Intake:
    return Intake(Bus(), asyncio.Event())


async def take(intake: Intake, *contents: tuple[str, Any], edge: str = "edge-1") -> None:
    """Store records as they come from an edge, and read them."""
    for kind, body in contents:
        raw = body if isinstance(body, bytes) else msgpack.packb(body)
        seq = await Record.all().count() + 1
        digest = hashlib.sha256(raw).hexdigest()
        await Record.create(
            edge=edge, epoch="e", lane="record", seq=seq, kind=kind, at=NIGHT, body=raw, hash=digest, received=NIGHT
        )
    while await intake.read_waiting():
        pass


START = ("session.started", started("edge-1", SESSION))
END = ("session.ended", ended("edge-1", SESSION))
PRICES = ("tariff", TARIFF)


async def alarms() -> list[tuple[str, str]]:
    return [(alarm.kind, alarm.subject) for alarm in await Alarm.all()]


@pytest.mark.parametrize(
    "records", [*permutations([START, END, PRICES])], ids=lambda records: " ".join(r[0] for r in records)
)
async def test_records_of_a_session_in_any_order(intake: Intake, records: list[tuple[str, Any]]) -> None:
    await take(intake, *records)
    session = await Session.get(id=SESSION)
    assert (session.edge, session.device, session.kind, session.authorised_by) == ("edge-1", "gun-1", "dc", "local")
    assert (session.started, session.ended, session.stop_reason) == (NIGHT, NIGHT + 3_600_000, "SOCLimitReached")
    assert (session.energy, session.soc_start, session.soc_end) == (10_000_000, 200, 800)
    bill = await Bill.get(session=SESSION)
    assert (bill.settlement, bill.total, bill.edge_total, bill.hub_total) == ("agreed", 700, 700, 700)
    assert [line["amount"] for line in json.loads(bill.hub_bill)["lines"]] == [300, 400]
    assert (await Tariff.get()).hash == TARIFF_HASH
    assert await Record.all().count() == 3
    assert not await Record.filter(id__gt=await reached(RECORDS)).exists()


async def test_a_running_session(intake: Intake) -> None:
    await take(intake, START)
    session = await Session.get(id=SESSION)
    assert (session.ended, session.stop_reason, session.energy) == (None, None, None)
    assert await Bill.all().count() == 0


@pytest.mark.parametrize(("edge_total", "settles"), [(900, 700), (500, 500), (0, 0), (701, 700)])
async def test_two_prices_the_lower_settles_and_a_person_hears_of_it(
    intake: Intake, edge_total: int, settles: int
) -> None:
    await take(intake, PRICES, START, ("session.ended", ended("edge-1", SESSION, total=edge_total)))
    bill = await Bill.get(session=SESSION)
    assert (bill.settlement, bill.total, bill.edge_total, bill.hub_total) == ("lower", settles, edge_total, 700)
    assert await alarms() == [("lower-price", SESSION)]


async def test_without_its_tariff_nothing_settles_until_it_comes(intake: Intake) -> None:
    await take(intake, START, END)
    bill = await Bill.get(session=SESSION)
    assert (bill.settlement, bill.total, bill.edge_total, bill.hub_total) == ("unpriced", None, 700, None)
    assert await alarms() == [("unknown-tariff", SESSION)]
    await take(intake, PRICES)
    bill = await Bill.get(session=SESSION)
    assert (bill.settlement, bill.total) == ("agreed", 700)


async def test_readings_that_cannot_be_true_settle_nothing(intake: Intake) -> None:
    backwards = [{"at": NIGHT, "register": 9_000}, {"at": NIGHT + 1, "register": 8_000}]
    await take(intake, PRICES, START, ("session.ended", ended("edge-1", SESSION, readings=backwards)))
    assert (await Bill.get(session=SESSION)).settlement == "unpriced"
    assert await alarms() == [("impossible-readings", SESSION)]


async def test_the_same_end_again_changes_nothing(intake: Intake) -> None:
    await take(intake, PRICES, START, END, END, START)
    assert await Session.all().count() == 1
    assert (await Bill.get()).total == 700
    assert await alarms() == []


async def test_another_end_is_told_to_a_person_and_the_first_counts(intake: Intake) -> None:
    other = ("session.ended", ended("edge-1", SESSION, total=1, stopReason="Other"))
    await take(intake, PRICES, START, END, other)
    assert (await Session.get()).stop_reason == "SOCLimitReached"
    assert (await Bill.get()).total == 700
    assert await alarms() == [("ended-twice", SESSION)]


async def test_a_session_of_another_edge_is_not_touched(intake: Intake) -> None:
    await take(intake, PRICES, START)
    await take(intake, ("session.ended", ended("edge-2", SESSION)), edge="edge-2")
    assert (await Session.get()).ended is None
    assert "belongs to the edge edge-1" in (await Quarantine.get()).why


async def test_trips_and_alarms_of_the_edge_are_shown(intake: Intake) -> None:
    cut = trip("estop", 1)
    alarm = {"code": "line-lost", "text": "meter-1 does not answer", "at": NIGHT + 1, "device": "meter-1"}
    await take(intake, ("trip", cut), ("alarm", alarm))
    assert [kind for kind, _ in await alarms()] == ["trip", "edge-alarm"]
    assert json.loads((await Alarm.get(kind="trip")).detail)["values"] == {"mV": 1}
    await take(intake, ("trip", cut), ("alarm", alarm))  # again, as after an edge began a new epoch
    assert await Alarm.all().count() == 2


async def test_a_session_that_tells_too_much_of_its_trip_is_billed_all_the_same(intake: Intake) -> None:
    told = ("session.ended", ended("edge-1", SESSION, trip={"rule": "estop", "told": "x" * 20_000}))
    await take(intake, PRICES, START, told)
    assert json.loads((await Session.get()).trip) == {"rule": "estop", "omittedBytes": 20_026}
    assert (await Bill.get()).total == 700


async def test_a_trip_that_tells_too_much_is_told_in_short(intake: Intake) -> None:
    await take(intake, ("trip", trip("estop", "x" * 20_000)))
    detail = json.loads((await Alarm.get(kind="trip")).detail)
    assert (detail["rule"], detail["values"]) == ("estop", {"omittedBytes": 20_009})


def trip(rule: str, value: Any) -> dict[str, Any]:
    return {"device": "gun-1", "rule": rule, "at": NIGHT, "values": {"mV": value}}


UNREADABLE = [
    ("a kind of a newer edge", "session.paused", {}, "unknown kind"),
    ("no MessagePack", "session.started", b"\xc1", "session.started"),
    ("cut short", "session.started", msgpack.packb(START[1])[:-1], "session.started"),
    ("a field missing", "session.started", {"sessionId": SESSION}, "edgeId"),
    ("out of range", "session.started", started("edge-1", SESSION, at=-1), ">= 0"),
    ("not a session id", "session.started", started("edge-1", "1"), "sessionId"),
    ("of another edge", "session.started", started("edge-2", SESSION), "speaks for the edge edge-2"),
    ("a tariff with a hole in the day", "tariff", {**TARIFF, "periods": PERIODS[:1]}, "minute"),
]


@pytest.mark.parametrize(("kind", "body", "why"), [row[1:] for row in UNREADABLE], ids=[row[0] for row in UNREADABLE])
async def test_what_cannot_be_read_is_kept_alarmed_and_passed_by(
    intake: Intake, kind: str, body: Any, why: str
) -> None:
    await take(intake, (kind, body), PRICES, START, END)
    record = await Record.get(seq=1)
    assert record.body == (body if isinstance(body, bytes) else msgpack.packb(body))
    [quarantined] = await Quarantine.all()
    assert quarantined.record == record.id
    assert why in quarantined.why
    assert await alarms() == [("quarantined", "edge-1/e/record/1")]
    assert (await Bill.get()).total == 700


async def test_bytes_that_were_changed_on_the_way_are_not_believed(intake: Intake) -> None:
    await take(intake, PRICES)
    body = msgpack.packb(END[1])
    await Record.create(
        edge="edge-1", epoch="e", lane="record", seq=9, kind="session.ended", at=1, body=body, hash="0" * 64, received=1
    )
    await intake.read_waiting()
    assert "hashed" in (await Quarantine.get()).why
    assert await Bill.all().count() == 0


async def test_a_fault_of_ours_quarantines_one_record_and_the_next_is_read(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("chargelink.hub.services.intake.end_session", broken)
    await take(intake, PRICES, END, START)
    assert (await Quarantine.get()).why == "a fault of ours"
    assert (await Session.get()).ended is None


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["session.started", "session.ended", "tariff", "trip", "alarm", "other"]),
    st.binary() | values.map(msgpack.packb),
)
def test_any_bytes_are_understood_or_unreadable(kind: str, body: bytes) -> None:
    record = Record(edge="edge-1", kind=kind, body=body, hash=hashlib.sha256(body).hexdigest())
    with suppress(UnreadableError):
        understood(record)
