"""Money and sockets: limits that hold, sessions that must end, settlements that cannot be."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.edge.sockets.rig import Edge
from tests.edge.sockets.yard import A, Yard, small

from chargelink.link.messages import Caps
from chargelink.lora_socket.codes import StopReason as SocketReason
from chargelink.model import (
    Authorisation,
    PerTime,
    Reading,
    StopReason,
    Tariff,
)


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[Edge]:
    yard = Yard(2)
    edge = Edge(yard, tmp_path / "ledger.db")
    await edge.wake()
    await edge.run(lambda: yard.all_online)
    yield edge
    await edge.journal.close()


async def test_the_socket_itself_holds_what_the_money_buys(edge: Edge) -> None:
    edge.yard.street.plug(1, A, small(60_000), edge.yard.now)
    await edge.start(authorisation=Authorisation(prepaid=1))
    await edge.run(lambda: len(edge.samples) > 2)
    edge.yard.street.air.loss = 1.0  # nobody tells it anything any more
    edge.yard.after(1_200.0)
    edge.yard.street.air.loss = 0.0
    await edge.crash()
    await edge.run(lambda: bool(edge.ended))
    (ended,) = edge.ended
    assert ended.stop_reason == StopReason.ENERGY_LIMIT_REACHED
    assert ended.bill.total == 1
    assert ended.bill.energy <= 15_000
    assert ended.bill.given_away == 0


@pytest.mark.parametrize(
    ("caps", "prepaid", "reason", "by"),
    [
        (Caps(), 2, StopReason.LOCAL_OUT_OF_CREDIT, "money-reached"),
        (Caps(energy=9_000), None, StopReason.ENERGY_LIMIT_REACHED, "energy-reached"),
    ],
)
async def test_the_edge_stops_a_socket_that_does_not_hold_its_limits(
    edge: Edge, caps: Caps, prepaid: int | None, reason: StopReason, by: str
) -> None:
    edge.yard.street.plug(1, A, small(60_000), edge.yard.now)
    await edge.start(caps=caps, authorisation=None if prepaid is None else Authorisation(prepaid=prepaid))
    await edge.run(lambda: edge.yard.street.sockets[1].outlets[A].charge is not None)
    charge = edge.yard.street.sockets[1].outlets[A].charge
    assert charge is not None
    charge.most_energy = 50_000_000
    await edge.run(lambda: bool(edge.ended))
    (ended,) = edge.ended
    assert (ended.stop_reason, ended.stopped_by) == (reason, by)
    if prepaid is not None:
        assert ended.bill.total == prepaid
        assert ended.bill.given_away < 5_000


async def test_a_price_per_use_that_is_paid_goes_on(edge: Edge) -> None:
    edge.yard.street.plug(1, A, small(6_000), edge.yard.now)
    await edge.start(tariff=Tariff(id="use", version=1, per_use=200), authorisation=Authorisation(prepaid=200))
    await edge.run(lambda: bool(edge.ended))
    assert (edge.ended[0].stop_reason, edge.ended[0].bill.total) == (StopReason.STOPPED_BY_EV, 200)
    assert edge.ended[0].bill.energy > 5_000


async def test_a_session_without_energy_ends_by_itself_and_costs_nothing(edge: Edge) -> None:
    edge.yard.street.plug(1, A, small(), edge.yard.now)
    await edge.start(tariff=Tariff(id="use", version=1, per_use=200))
    await edge.run(lambda: edge.yard.street.sockets[1].outlets[A].charge is not None)
    edge.yard.street.sockets[1].outlets[A].unplug()  # before anything flowed
    charge = edge.yard.street.sockets[1].outlets[A].charge
    assert charge is not None
    charge.drawn = charge.peak = 0
    edge.yard.street.sockets[1].outlets[A]._held = lambda *_: False  # type: ignore[method-assign]
    await edge.run(lambda: bool(edge.ended), 200)
    (ended,) = edge.ended
    assert (ended.stop_reason, ended.stopped_by, ended.bill.total) == (StopReason.TIMEOUT, "no-energy", 0)


async def test_a_stop_is_ordered_again_after_a_crash_and_keeps_who_asked(edge: Edge) -> None:
    edge.yard.street.plug(1, A, small(60_000), edge.yard.now)
    started = await edge.start()
    await edge.run(lambda: len(edge.samples) > 2)
    await edge.charges.stop(started.session_id, StopReason.REMOTE, "hub")
    await edge.charges.stop(started.session_id, StopReason.LOCAL, "driver")
    await edge.crash()  # before it was said
    for socket, place, stop in edge.charges.orders_lost():
        edge.yard.site.order(socket, place, stop, edge.yard.now)
    await edge.run(lambda: bool(edge.ended), 60)
    assert (edge.ended[0].stop_reason, edge.ended[0].stopped_by) == (StopReason.REMOTE, "hub")


async def test_a_person_ends_the_session_of_a_dead_socket_and_what_comes_later_is_not_billed(edge: Edge) -> None:
    edge.yard.street.plug(1, A, small(60_000), edge.yard.now)
    started = await edge.start(caps=Caps(energy=20_000))
    await edge.run(lambda: len(edge.samples) > 5)
    edge.yard.street.air.loss = 1.0
    ended, stop = await edge.charges.give_up(started.session_id, "operator", edge.yard.utc_ms)
    edge.yard.site.order(*stop, edge.yard.now)
    assert (ended.stopped_by, ended.bill.fault) == ("operator", True)
    assert ended.bill.energy == edge.samples[-1].energy
    assert [alarm.code for alarm in edge.alarms] == ["given-up"]
    with pytest.raises(KeyError):
        await edge.charges.give_up(started.session_id, "operator", edge.yard.utc_ms)
    edge.yard.after(600.0)
    edge.yard.street.air.loss = 0.0
    await edge.run(lambda: len(edge.alarms) == 2)
    assert [alarm.code for alarm in edge.alarms] == ["given-up", "late-settlement"]
    await edge.run(lambda: not edge.yard.street.sockets[1].flash.settlements)
    assert edge.ended == []
    assert edge.charges.running == {}


async def test_a_settlement_that_cannot_be_is_not_billed(edge: Edge) -> None:
    edge.yard.street.plug(1, A, small(60_000), edge.yard.now)
    await edge.start()
    await edge.run(lambda: len(edge.samples) > 5)
    seen = edge.samples[-1].energy
    socket = edge.yard.street.sockets[1]
    charge = socket.outlets[A].charge
    assert charge is not None
    charge.drawn += 1_000_000 * 3_600_000  # 1 kWh at once
    socket.finish(A, socket.outlets[A].end(SocketReason.BUTTON), edge.yard.now)
    await edge.run(lambda: bool(edge.ended))
    assert edge.ended[0].bill.energy >= seen
    assert edge.ended[0].bill.energy < 100_000
    assert [alarm.code for alarm in edge.alarms] == ["register-leap"]


async def test_time_is_charged_by_the_socket_and_not_by_a_clock_that_is_set(edge: Edge) -> None:
    tariff = Tariff(id="time", version=1, per_time=PerTime(price=600_000, step=1))  # 10 fen a minute
    edge.yard.street.plug(1, A, small(60_000), edge.yard.now)
    started = await edge.start(caps=Caps(minutes=5), tariff=tariff)
    await edge.run(lambda: len(edge.samples) > 2)
    await edge.sessions.read(
        started.session_id, Reading(at=edge.yard.utc_ms + 86_400_000, register=edge.samples[-1].energy)
    )
    await edge.run(lambda: bool(edge.ended))
    (ended,) = edge.ended
    assert ended.stop_reason == StopReason.TIME_LIMIT_REACHED
    assert ended.usage is not None
    assert ended.usage.duration == 300_000
    assert sum(ended.usage.tier_minutes) == 5
    assert (ended.bill.total, ended.measured) == (50, "calculated")
