"""Orders that are refused, and stops: the first word counts, across restarts."""

import asyncio
import os

import pytest
from tests.edge.ledger.opened import kinds_waiting

from chargelink.edge.ledger import Begun, Ending, Journal, OrderRefused, Sessions
from chargelink.edge.ledger.open_session import Stopping
from chargelink.model import (
    Period,
    Reading,
    SessionKind,
    SessionStarted,
    StartRefused,
    StopReason,
    Tariff,
)

MIDNIGHT = 1_771_689_600_000  # 2026-02-22 00:00 in China
MINUTE = 60_000
HOUR = 60 * MINUTE
NIGHT = Period(start="22:00", end="08:00", name="valley", energy_price=30_000, service_price=20_000)
DAY = Period(start="08:00", end="22:00", name="peak", energy_price=90_000, service_price=20_000)
TARIFF = Tariff(id="by-time", version=1, periods=(NIGHT, DAY))
MORNING = Tariff(
    id="morning",
    version=1,
    periods=(
        Period(start="00:00", end="00:01", name="valley", energy_price=30_000, service_price=20_000),
        Period(start="00:01", end="24:00", name="flat", energy_price=30_000, service_price=20_000),
    ),
)
PER_USE = Tariff(id="per-use", version=1, per_use=100)
STOP = Ending(StopReason.LOCAL, by="driver")


def reading(at: int, watt_hours: int) -> Reading:
    return Reading(at=MIDNIGHT + at, register=watt_hours * 1000)


async def begin(sessions: Sessions, at: int = 0, remote_start_id: int | None = None) -> SessionStarted:
    begun = await sessions.begin(
        "gun-1", SessionKind.DC, TARIFF, MIDNIGHT + at, remote_start_id=remote_start_id, start=reading(at, 100)
    )
    return begun.started


async def test_a_refused_order_begins_nothing_across_a_restart(journal: Journal, sessions: Sessions) -> None:
    refused = await sessions.refuse(9, "gun-1", None, "expired", "it came too late", "order-9", MIDNIGHT)
    assert isinstance(refused, StartRefused)
    assert (refused.order, refused.reason, refused.text) == ("order-9", "expired", "it came too late")
    assert await sessions.refuse(9, "gun-1", None, "other", "other words", "order-9", MIDNIGHT + 1) == refused
    later = Sessions(journal, "edge-1", os.urandom)
    await later.load()
    with pytest.raises(OrderRefused, match="it came too late"):
        await later.begin("gun-1", SessionKind.DC, TARIFF, MIDNIGHT, remote_start_id=9)
    with pytest.raises(OrderRefused):
        await later.started_by(9)
    assert await kinds_waiting(journal) == ["start.refused"]
    assert later.open == ()


async def test_what_has_a_session_is_never_refused(journal: Journal, sessions: Sessions) -> None:
    started = (await sessions.begin("gun-1", SessionKind.DC, TARIFF, MIDNIGHT, remote_start_id=9)).started
    assert await sessions.refuse(9, "gun-1", None, "expired", "", "order-9", MIDNIGHT) == started
    await sessions.end(started.session_id, MIDNIGHT, STOP)
    assert await sessions.refuse(9, "gun-1", None, "expired", "", "order-9", MIDNIGHT) == started
    assert "start.refused" not in await kinds_waiting(journal)


async def test_start_and_refusal_at_once_leave_one_of_them(journal: Journal, sessions: Sessions) -> None:
    for number in range(20):
        both = (
            sessions.begin("gun-1", SessionKind.DC, TARIFF, MIDNIGHT, remote_start_id=number),
            sessions.refuse(number, "gun-1", None, "expired", "late", "o", MIDNIGHT),
        )
        begun, refused = await asyncio.gather(*(both if number % 2 else both[::-1]), return_exceptions=True)
        if not number % 2:
            begun, refused = refused, begun
        if isinstance(begun, Begun):
            assert refused == begun.started
        else:
            assert isinstance(begun, OrderRefused)
            assert isinstance(refused, StartRefused)
    kinds = await kinds_waiting(journal)
    assert kinds.count("session.started") + kinds.count("start.refused") == 20


async def test_the_first_who_stops_a_session_is_kept(journal: Journal, sessions: Sessions) -> None:
    started = await begin(sessions)
    first = await sessions.stopping(started.session_id, StopReason.REMOTE, "hub")
    assert await sessions.stopping(started.session_id, StopReason.LOCAL, "driver") == first
    later = Sessions(journal, "edge-1", os.urandom)
    (found,) = await later.load()
    assert found.course.stopping == first == Stopping(StopReason.REMOTE, "hub")
    with pytest.raises(KeyError):
        await later.stopping("never", StopReason.LOCAL, "x")
