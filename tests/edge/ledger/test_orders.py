"""Orders that are refused, and stops: the first word counts, across restarts."""

import asyncio
import os

import pytest
from tests.edge.ledger.charging import MIDNIGHT, STOP, TARIFF, begin
from tests.edge.ledger.opened import kinds_waiting

from chargelink.edge.ledger import Begun, Journal, OrderRefused, Sessions
from chargelink.edge.ledger.open_session import Stopping
from chargelink.model import (
    SessionKind,
    StartRefused,
    StopReason,
)


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
