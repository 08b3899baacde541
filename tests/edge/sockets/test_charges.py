"""What sockets say becomes sessions and bills in a real ledger; time jumps."""

from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import msgspec
import pytest
from tests.edge.sockets.rig import Edge
from tests.edge.sockets.yard import A, B, Yard, eui, small

from chargelink.edge.sockets import events
from chargelink.edge.sockets.terms import StartRefused
from chargelink.link.messages import Caps
from chargelink.lora_socket.codes import EventCode, Severity
from chargelink.lora_socket.codes import StopReason as SocketReason
from chargelink.lora_socket.commands import Start
from chargelink.lora_socket.messages import Meter
from chargelink.model import (
    Reading,
    StopReason,
)


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[Edge]:
    yard = Yard(2)
    edge = Edge(yard, tmp_path / "ledger.db")
    await edge.wake()
    await edge.run(lambda: yard.all_online)
    yield edge
    await edge.journal.close()


async def test_a_charge_is_billed_once_from_its_settlement(edge: Edge) -> None:
    edge.yard.street.plug(1, A, small(4_000), edge.yard.now)
    started = await edge.start()
    await edge.run(lambda: bool(edge.ended))
    (ended,) = edge.ended
    assert ended.session_id == started.session_id
    assert ended.stop_reason == StopReason.STOPPED_BY_EV
    assert ended.outlet == "A"
    assert ended.bill.energy == ended.readings[-1].register
    assert 3_000 < ended.bill.energy <= 4_000
    assert not ended.bill.verified_meter
    energies = [sample.energy for sample in edge.samples]
    assert len(energies) > 10
    assert energies == sorted(energies)
    assert max(sample.power for sample in edge.samples) > 200_000
    await edge.after(60.0)
    assert len(edge.ended) == 1
    assert edge.yard.street.sockets[1].flash.settlements == []
    assert edge.alarms == []


async def test_an_edge_that_dies_in_mid_session_bills_all_of_it(edge: Edge) -> None:
    edge.yard.street.plug(1, A, small(6_000), edge.yard.now)
    started = await edge.start(caps=Caps(energy=5_000))
    await edge.run(lambda: len(edge.samples) > 5)
    await edge.crash()
    assert edge.charges.running[eui(1), A].uncertain
    await edge.run(lambda: bool(edge.ended))
    assert [one.session_id for one in edge.ended] == [started.session_id]
    assert edge.ended[0].bill.energy == 5_000
    assert edge.ended[0].stop_reason == StopReason.ENERGY_LIMIT_REACHED


async def test_an_edge_that_was_dead_at_the_end_finds_the_settlement(edge: Edge) -> None:
    edge.yard.street.plug(1, A, small(6_000), edge.yard.now)
    started = await edge.start(caps=Caps(energy=2_000))
    await edge.run(lambda: len(edge.samples) > 2)
    edge.yard.street.air.loss = 1.0
    edge.yard.after(300.0)
    ended_at = edge.yard.street.sockets[1].flash.settlements[0]
    edge.yard.street.air.loss = 0.0
    await edge.crash()
    await edge.run(lambda: bool(edge.ended))
    (ended,) = edge.ended
    assert (ended.session_id, ended.bill.energy) == (started.session_id, 2_000)
    assert ended.readings[-1].at == (ended_at.started + ended_at.duration) * 1000  # not when it was told


@pytest.mark.parametrize("stopped", [False, True])
async def test_charges_go_on_while_the_sockets_join_anew(edge: Edge, stopped: bool) -> None:
    edge.yard.street.plug(1, A, small(60_000), edge.yard.now)
    started = await edge.start(caps=Caps(energy=50_000))
    await edge.run(lambda: len(edge.samples) > 2)
    if stopped:
        socket, place, stop = await edge.charges.stop(started.session_id, StopReason.REMOTE, "hub")
        edge.yard.site.order(socket, place, stop, edge.yard.now)  # on its way under the old key, and lost
    await edge.join_anew()
    assert not edge.yard.all_online
    await edge.run(lambda: edge.yard.all_online)
    assert edge.charges.sessions_of(eui(1)) == {A: started.session_id}
    await edge.run(lambda: bool(edge.ended), 3_600.0)
    reason = StopReason.REMOTE if stopped else StopReason.ENERGY_LIMIT_REACHED
    assert [(one.session_id, one.stop_reason) for one in edge.ended] == [(started.session_id, reason)]
    assert edge.alarms == []


async def test_a_settlement_told_again_after_the_crash_changes_nothing(edge: Edge) -> None:
    edge.yard.street.plug(1, A, small(6_000), edge.yard.now)
    await edge.start(caps=Caps(energy=1_000))
    await edge.run(lambda: bool(edge.ended))
    edge.yard.site.sockets[eui(1)].to_acknowledge.clear()  # it dies before the acknowledgement is sent
    await edge.crash()
    await edge.run(lambda: not edge.yard.street.sockets[1].flash.settlements)
    assert len(edge.ended) == 1
    assert edge.alarms == []


async def test_a_session_that_was_never_switched_on_costs_nothing(edge: Edge) -> None:
    edge.yard.street.air.loss = 1.0
    started = await edge.start()
    await edge.after(40.0)
    assert edge.ended == []  # unknown, not failed
    edge.yard.street.air.loss = 0.0
    await edge.run(lambda: bool(edge.ended))
    assert edge.ended[0].session_id == started.session_id
    assert edge.ended[0].bill.total == 0


async def test_a_start_whose_answer_was_lost_goes_on(edge: Edge) -> None:
    edge.yard.street.plug(1, A, small(6_000), edge.yard.now)
    await edge.start(caps=Caps(energy=3_000))
    await edge.run(lambda: edge.yard.street.sockets[1].outlets[A].charge is not None)
    edge.yard.street.air.loss = 1.0
    await edge.after(40.0)
    edge.yard.street.air.loss = 0.0
    await edge.run(lambda: bool(edge.ended))
    assert edge.ended[0].bill.energy == 3_000


async def test_a_refused_start_ends_at_once(edge: Edge) -> None:
    edge.yard.street.sockets[1].outlets[A].locked = True
    started = await edge.start()
    await edge.run(lambda: bool(edge.ended), 10)
    assert (edge.ended[0].session_id, edge.ended[0].stopped_by) == (started.session_id, "locked")
    assert edge.ended[0].bill.total == 0
    assert edge.charges.running == {}


async def test_an_outlet_is_sold_once(edge: Edge) -> None:
    await edge.start()
    with pytest.raises(StartRefused):
        await edge.start()
    with pytest.raises(StartRefused, match="1 Wh"):
        await edge.start(2, caps=Caps(energy=999))


async def test_a_remote_start_told_again_is_the_same_session(edge: Edge) -> None:
    edge.yard.street.plug(1, A, small(6_000), edge.yard.now)
    first = await edge.start(remote=4711, caps=Caps(energy=1_000))
    assert await edge.start(remote=4711) == first
    await edge.run(lambda: bool(edge.ended))
    assert await edge.start(remote=4711) == first
    assert edge.charges.running == {}


async def test_a_stop_keeps_who_asked(edge: Edge) -> None:
    edge.yard.street.plug(1, A, small(6_000), edge.yard.now)
    started = await edge.start()
    await edge.run(lambda: len(edge.samples) > 2)
    who, place, stop = await edge.charges.stop(started.session_id, StopReason.REMOTE, "hub")
    edge.yard.site.order(who, place, stop, edge.yard.now)
    await edge.run(lambda: bool(edge.ended), 30)
    assert (edge.ended[0].stop_reason, edge.ended[0].stopped_by) == (StopReason.REMOTE, "hub")
    with pytest.raises(KeyError):
        await edge.charges.stop(started.session_id, StopReason.REMOTE, "hub")


async def test_a_lost_settlement_does_not_hold_the_outlet_for_ever(edge: Edge) -> None:
    edge.yard.street.plug(1, A, small(6_000), edge.yard.now)
    await edge.start()
    await edge.run(lambda: len(edge.samples) > 5)
    seen = edge.samples[-1].energy
    edge.yard.street.sockets[1].outlets[A].end(SocketReason.BUTTON)  # and its flash lost it
    await edge.run(lambda: bool(edge.ended), 200)
    assert edge.ended[0].stopped_by == "settlement lost"
    assert edge.ended[0].bill.energy >= seen


async def test_a_settlement_of_nobody_is_kept_as_an_alarm_and_acknowledged(edge: Edge) -> None:
    socket = edge.yard.street.sockets[1]
    start = Start(99, 10, 1_000, 400_000, 0, 0, 0)
    socket.outlets[B].start(start)
    socket.finish(B, socket.outlets[B].end(SocketReason.BUTTON), edge.yard.now)
    await edge.run(lambda: not socket.flash.settlements)
    (alarm,) = edge.alarms
    assert alarm.code == "unknown-settlement"


async def test_a_trip_of_a_socket_is_an_alarm(edge: Edge) -> None:
    edge.yard.street.plug(1, A, small(6_000), edge.yard.now)
    await edge.start(caps=Caps(power=100_000))
    await edge.run(lambda: bool(edge.ended) and bool(edge.alarms))
    assert edge.ended[0].stop_reason == StopReason.OVERCURRENT_FAULT
    assert edge.ended[0].bill.fault
    assert "overload" in edge.alarms[0].text
    assert len(edge.alarms) == 1


@pytest.mark.parametrize("seed", range(6))
async def test_crashes_at_any_moment_on_a_lossy_air_cost_no_session(edge: Edge, seed: int) -> None:
    random = Random(seed)
    yard = edge.yard
    yard.street.air.loss = 0.1
    began = []
    for _ in range(3):
        for number in (1, 2):
            yard.street.plug(number, A, small(3_000), yard.now)
            began.append((await edge.start(number, caps=Caps(energy=2_000))).session_id)
        while edge.charges.running:
            await edge.after(random.uniform(0.1, 12.0))
            if random.random() < 0.3:
                await edge.crash()
    assert sorted(one.session_id for one in edge.ended) == sorted(began)
    billed = sorted(one.bill.energy for one in edge.ended if one.stopped_by.startswith("socket"))
    assert billed == sorted(edge.settled.values())
    assert all(one.bill.energy == 0 for one in edge.ended if one.stopped_by == "never switched on")
    assert edge.alarms == []


async def test_a_meter_that_begins_anew_before_the_settlement_came_alarms_nobody(edge: Edge) -> None:
    edge.yard.street.plug(1, A, small(), edge.yard.now)
    await edge.start()
    told: events.Told | None = None
    while told is None:
        for event in edge.yard.step():
            await edge.take(event)
            if isinstance(event, events.Told) and isinstance(event.received.body, Meter) and event.received.body.energy:
                told = event
    (session,) = edge.sessions.open
    before = await edge.journal.position()
    opened = told.received.opened
    anew = opened._replace(body=msgspec.structs.replace(opened.body, energy=0))
    await edge.charges.told(told._replace(received=told.received._replace(opened=anew)), edge.yard.utc_ms)
    assert edge.sessions.get(session.id) == session
    assert await edge.journal.position() == before


async def test_a_settlement_below_what_was_told_before_is_billed_and_alarmed(edge: Edge) -> None:
    edge.yard.street.plug(1, A, small(), edge.yard.now)
    started = await edge.start()
    await edge.run(lambda: bool(edge.samples))
    await edge.sessions.read(started.session_id, Reading(at=edge.yard.utc_ms, register=9_000_000))
    await edge.run(lambda: bool(edge.ended))
    (settled,) = edge.settled.values()
    assert edge.ended[0].bill.energy == settled
    assert [alarm.code for alarm in edge.alarms] == ["lower-settlement"]


async def test_a_battery_that_wants_changing_is_an_alarm(edge: Edge) -> None:
    edge.yard.street.battery_low(1, 2_650, edge.yard.now)
    await edge.run(lambda: bool(edge.alarms))
    assert "battery low, value 2650" in edge.alarms[0].text


async def test_current_while_off_is_an_alarm(edge: Edge) -> None:
    """Relay welded while "off"."""
    edge.yard.street.sockets[1].tell(EventCode.RELAY_WELDED, A, Severity.DANGER, edge.yard.now, 50)
    await edge.run(lambda: bool(edge.alarms))
    assert edge.alarms[0].text == "outlet A: relay welded, value 50"
