"""Sessions: begun once, read truthfully, ended once, and found again after a crash."""

import asyncio
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.edge.ledger.charging import HOUR, MIDNIGHT, MINUTE, PER_USE, STOP, TARIFF, begin, reading
from tests.edge.ledger.opened import kinds_waiting, open_journal

from chargelink.edge.ledger import Begun, Ending, Journal, OpenSession, Sessions
from chargelink.edge.ledger.open_session import with_reading
from chargelink.link.messages import RECORD_LANE, Caps
from chargelink.model import (
    AuthorisedBy,
    Reading,
    SessionEnded,
    SessionKind,
    SessionStarted,
    StopReason,
    content_of,
)
from chargelink.tariff import Consumption, price, tariff_hash


async def test_from_authorised_to_billed(journal: Journal, sessions: Sessions) -> None:
    started = await begin(sessions, 7 * HOUR)
    await sessions.read(started.session_id, reading(8 * HOUR, 10_100))
    final = Ending(StopReason.EV_DISCONNECTED, by="vehicle", reading=reading(9 * HOUR, 30_100), soc_end=800)
    ended = await sessions.end(started.session_id, MIDNIGHT + 9 * HOUR, final)
    assert [(line.period, line.what, line.amount) for line in ended.bill.lines] == [
        ("valley", "energy", 300),
        ("valley", "service", 200),
        ("peak", "energy", 1800),
        ("peak", "service", 400),
    ]
    assert (ended.started_at, ended.soc_end, ended.stop_reason) == (started.at, 800, "EVDisconnected")
    records = (await journal.pending(RECORD_LANE, 1000, 1 << 20)).records
    assert [content_of(record.kind, record.body) for record in records] == [TARIFF, started, ended]
    assert records[0].hash.hex() == started.tariff_hash
    assert sessions.open == ()


async def test_a_tariff_is_recorded_once(journal: Journal, sessions: Sessions) -> None:
    await begin(sessions)
    await begin(sessions, 1)
    await sessions.begin("s", SessionKind.SOCKET, PER_USE, MIDNIGHT)
    assert await kinds_waiting(journal) == ["tariff", "session.started", "session.started", "tariff", "session.started"]


async def test_a_session_ends_once(journal: Journal, sessions: Sessions) -> None:
    started = await begin(sessions)
    first = await sessions.end(started.session_id, MIDNIGHT + HOUR, STOP)
    again = await sessions.end(started.session_id, MIDNIGHT + 2 * HOUR, Ending(StopReason.OTHER, by="somebody"))
    assert again == first
    assert (await kinds_waiting(journal)).count("session.ended") == 1
    assert not await sessions.read(started.session_id, reading(3 * HOUR, 500))


async def test_two_who_end_a_session_at_once_get_one_bill(journal: Journal, sessions: Sessions) -> None:
    started = await begin(sessions)
    endings = (Ending(StopReason.LOCAL, "driver", reading(1, 200)), Ending(StopReason.OTHER, "guard", reading(2, 300)))
    first, second = await asyncio.gather(*(sessions.end(started.session_id, MIDNIGHT, ending) for ending in endings))
    assert first == second
    assert (await kinds_waiting(journal)).count("session.ended") == 1


async def test_a_session_that_never_was(sessions: Sessions) -> None:
    with pytest.raises(KeyError):
        await sessions.end("never", 0, STOP)


async def test_a_remote_start_told_again_is_the_same_session(journal: Journal, sessions: Sessions) -> None:
    first, again = await sessions.begin("gun-1", SessionKind.DC, TARIFF, MIDNIGHT, remote_start_id=9)
    assert not again
    assert await sessions.begin("gun-1", SessionKind.DC, TARIFF, MIDNIGHT, remote_start_id=9) == Begun(
        first, again=True
    )
    await sessions.end(first.session_id, MIDNIGHT, STOP)
    assert await sessions.begin("gun-1", SessionKind.DC, TARIFF, MIDNIGHT, remote_start_id=9) == Begun(
        first, again=True
    )
    assert await sessions.started_by(9) == first
    assert await sessions.started_by(8) is None
    assert len(sessions.open) == 0
    assert (await kinds_waiting(journal)).count("session.started") == 1


async def test_a_register_that_runs_backwards_is_left_out_and_alarmed_once(
    journal: Journal, sessions: Sessions
) -> None:
    started = await begin(sessions)
    assert not await sessions.read(started.session_id, reading(1, 99))
    assert not await sessions.read(started.session_id, reading(2, 98))
    ended = await sessions.end(started.session_id, MIDNIGHT + 3, Ending(StopReason.OTHER, "x", reading(3, 50)))
    assert (ended.bill.energy, len(ended.readings)) == (0, 1)
    assert (await kinds_waiting(journal)).count("alarm") == 1


async def test_what_a_device_says_in_the_end_counts(journal: Journal, sessions: Sessions) -> None:
    started = await begin(sessions)
    await sessions.read(started.session_id, reading(MINUTE, 900))
    final = Ending(StopReason.LOCAL, "x", reading(2 * MINUTE, 850), final=True)
    ended = await sessions.end(started.session_id, MIDNIGHT + HOUR, final)
    assert ended.bill.energy == 750_000
    assert ended.readings == (reading(0, 100), reading(2 * MINUTE, 850))
    assert (await kinds_waiting(journal)).count("alarm") == 0


async def test_a_clock_set_back_changes_no_energy(sessions: Sessions) -> None:
    started = await begin(sessions, HOUR)
    assert await sessions.read(started.session_id, reading(0, 1_100))
    ended = await sessions.end(started.session_id, MIDNIGHT, STOP)
    assert (ended.bill.energy, ended.at) == (1_000_000, started.at)


async def test_a_clock_set_back_does_not_keep_readings_from_the_disk(journal: Journal, sessions: Sessions) -> None:
    started = await begin(sessions, 2 * HOUR)
    await sessions.read(started.session_id, reading(2 * HOUR, 200))
    await sessions.read(started.session_id, reading(MINUTE, 300))
    (found,) = await Sessions(journal, "edge-1", os.urandom).load()
    assert found.energy == 200_000


async def test_what_was_only_watched_is_not_closed_from_a_meter(journal: Journal, sessions: Sessions) -> None:
    start = Reading(at=MIDNIGHT, register=0)
    await sessions.begin("gun-1", SessionKind.DC, PER_USE, MIDNIGHT, authorised_by=AuthorisedBy.MONITOR, start=start)
    later = Sessions(journal, "edge-1", os.urandom)
    await later.load()
    (ended,) = await later.close_interrupted(MIDNIGHT + HOUR, {"gun-1": 450_000}, ())
    assert (ended.bill.energy, ended.readings) == (0, (start,))


async def test_after_a_crash_a_car_is_closed_from_the_register(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "ledger.db")
    sessions = Sessions(journal, "edge-1", os.urandom)
    car = await begin(sessions, remote_start_id=1)
    await sessions.read(car.session_id, reading(2 * MINUTE, 300))
    await sessions.read(car.session_id, reading(2 * MINUTE + 1, 301))  # too soon to be kept
    bike, _ = await sessions.begin(
        "socket-1", SessionKind.SOCKET, PER_USE, MIDNIGHT, outlet="2", key="77", caps=Caps(energy=5, minutes=60)
    )
    await journal.close()

    journal = open_journal(tmp_path / "ledger.db")
    sessions = Sessions(journal, "edge-1", os.urandom)
    before = {session.id: session for session in await sessions.load()}
    assert before[car.session_id].readings == (reading(0, 100), reading(2 * MINUTE, 300))
    assert before[bike.session_id] == OpenSession(bike, PER_USE, Caps(energy=5, minutes=60), "77")
    later = await begin(sessions, HOUR)  # while the registers are being read
    (ended,) = await sessions.close_interrupted(MIDNIGHT + HOUR, {"gun-1": 450_000}, {"socket-1"})
    assert (ended.session_id, ended.stop_reason, ended.bill.energy) == (car.session_id, "PowerLoss", 350_000)
    assert ended.bill.fault  # a loss of power is nobody's use
    assert [session.id for session in sessions.open] == [bike.session_id, later.session_id]
    assert await sessions.close_interrupted(MIDNIGHT + HOUR, {}, {"socket-1"}) == []
    (ended,) = await sessions.close_interrupted(MIDNIGHT + HOUR, {}, {"socket-2"})
    assert (ended.session_id, ended.stopped_by, ended.bill.total) == (bike.session_id, "edge: socket removed", 0)
    await journal.close()


async def test_a_settlement_sent_twice_finds_its_session(sessions: Sessions) -> None:
    started, _ = await sessions.begin("socket-1", SessionKind.SOCKET, PER_USE, MIDNIGHT, outlet="1", key="77")
    assert isinstance(await sessions.find("socket-1", "1", "77"), OpenSession)
    ended = await sessions.end(started.session_id, MIDNIGHT + 1, STOP)
    assert await sessions.find("socket-1", "1", "77") == ended
    assert isinstance(ended, SessionEnded)
    assert await sessions.find("socket-1", "2", "77") is None


steps = st.lists(st.tuples(st.integers(0, 3 * HOUR), st.integers(0, 9_000_000)), min_size=1, max_size=12)


@given(st.integers(0, 24 * HOUR), steps)
def test_the_readings_kept_give_the_bill_of_those_around_each_change(start: int, steps: list[tuple[int, int]]) -> None:
    """What is left out lies inside one period, so that only where a price changes does a reading matter."""
    session = OpenSession(
        SessionStarted(
            session_id="",
            edge_id="e",
            device="d",
            kind=SessionKind.DC,
            authorised_by=AuthorisedBy.LOCAL,
            tariff_id="t",
            tariff_hash=tariff_hash(TARIFF),
            at=0,
        ),
        TARIFF,
        Caps(),
        None,
    )
    readings = [Reading(at=MIDNIGHT + start, register=0)]
    for duration, energy in steps:
        readings.append(Reading(at=readings[-1].at + duration, register=readings[-1].register + energy))
    for taken in readings:
        longer = with_reading(session, taken)
        assert longer is not None
        session = longer

    def total(of: tuple[Reading, ...]) -> int:
        return price(TARIFF, "", Consumption("", SessionKind.DC, AuthorisedBy.LOCAL, tuple(of))).total

    assert total(session.readings) == total(tuple(readings))
    assert (session.readings[0], session.readings[-1]) == (readings[0], readings[-1])
