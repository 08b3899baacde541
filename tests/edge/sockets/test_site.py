"""Stories of a site in jumping time: edge, gateway, air and simulated sockets."""

from collections.abc import Sequence

import msgspec
import pytest
from tests.edge.sockets.yard import NET, A, B, Yard, eui, small

from chargelink.edge.sockets.events import OrderAnswered, OrderExpired, SocketJoined, SocketLost, SocketOnline, Told
from chargelink.edge.sockets.memory import Memory
from chargelink.edge.sockets.terms import Terms
from chargelink.link.messages import Caps
from chargelink.lora_socket.codes import OutletState, Result, StopReason
from chargelink.lora_socket.commands import Stop
from chargelink.lora_socket.frame import Header
from chargelink.lora_socket.kinds import Kind
from chargelink.lora_socket.messages import Meter, Settle

QUICK = Terms(full_minutes=0)
NO_CAPS = Caps()


def settlements(told: Sequence[object]) -> list[Settle]:
    return [one.received.body for one in told if isinstance(one, Told) and isinstance(one.received.body, Settle)]


def online(count: int = 2, **how: float) -> Yard:
    yard = Yard(count, **how)  # type: ignore[arg-type]
    yard.run(lambda: yard.all_online)
    yard.after(5.0)
    return yard


def charging(yard: Yard, number: int = 1, session: int = 77, caps: Caps = NO_CAPS) -> None:
    """Plug in and start; the socket has said yes."""
    yard.street.plug(number, A, small(), yard.now)
    yard.site.order(eui(number), A, QUICK.start(session, caps), yard.now)
    yard.run(lambda: yard.street.sockets[number].outlets[A].charge is not None, 30)
    yard.after(3.0)


def test_sockets_join_are_polled_and_know_the_time() -> None:
    yard = Yard(3)
    told = yard.run(lambda: yard.all_online)
    assert {one.eui for one in told if isinstance(one, SocketJoined)} == {eui(1), eui(2), eui(3)}
    assert [type(one) for one in told].count(SocketOnline) == 3
    yard.after(40.0)
    for socket in yard.street.sockets.values():
        assert socket.network_time(yard.now) == pytest.approx(yard.site.network_time(yard.now), abs=2)
        assert socket.flash.group is not None
        assert not socket.events  # its boot was acknowledged
    assert all(socket.key_update is None for socket in yard.site.sockets.values())


def test_a_charge_until_the_battery_is_full_is_settled_once() -> None:
    yard = online()
    yard.street.plug(1, A, small(4_000), yard.now)
    order = yard.site.order(eui(1), A, QUICK.start(77, Caps()), yard.now)
    told = yard.run(lambda: bool(yard.street.sockets[1].flash.settlements), 300)
    (answer,) = [one for one in told if isinstance(one, OrderAnswered)]
    assert (answer.order, answer.answer.result, answer.answer.session) == (order, Result.OK, 77)
    meters = [one.received.body for one in told if isinstance(one, Told) and isinstance(one.received.body, Meter)]
    energies = [meter.energy for meter in meters]
    assert len(energies) > 10
    assert energies == sorted(energies)
    told = yard.run(lambda: not yard.street.sockets[1].flash.settlements, 60)
    settled = settlements(told)
    assert {settle.session for settle in settled} == {77}
    assert settled[0].reason is StopReason.FULL
    assert max(energies) <= settled[0].energy <= 4_000
    assert set(settlements(yard.after(60.0))) <= {settled[0]}  # one that was on its way
    assert settlements(yard.after(60.0)) == []


@pytest.mark.parametrize(
    ("caps", "reason"),
    [
        (Caps(energy=2_500), StopReason.ENERGY),
        (Caps(minutes=1), StopReason.TIME),
        (Caps(power=206_000), StopReason.OVERLOAD),
    ],
)
def test_the_socket_keeps_its_caps_while_nobody_listens(caps: Caps, reason: StopReason) -> None:
    yard = online()
    charging(yard, caps=caps)
    yard.street.air.loss = 1.0
    yard.after(120.0)
    (settle,) = yard.street.sockets[1].flash.settlements
    assert settle.reason is reason
    if caps.energy is not None:
        assert settle.energy == 2_000  # whole watt hours, rounded down
    yard.street.air.loss = 0.0
    told = yard.run(lambda: not yard.street.sockets[1].flash.settlements, 120)
    assert settlements(told)[0] == settle


def test_a_settlement_is_repeated_until_it_is_acknowledged() -> None:
    yard = online()
    charging(yard, caps=Caps(energy=1_000))
    yard.acknowledging = False
    told = yard.after(90.0)
    settled = settlements(told)
    assert len(settled) > 3
    assert len(set(settled)) == 1
    assert yard.street.sockets[1].flash.settlements == [settled[0]]
    yard.acknowledging = True
    yard.run(lambda: not yard.street.sockets[1].flash.settlements, 60)


def test_a_stop_ends_a_session() -> None:
    yard = online()
    charging(yard)
    yard.site.order(eui(1), A, Stop(77), yard.now)
    told = yard.run(lambda: bool(yard.street.sockets[1].flash.settlements), 10)
    told += yard.run(lambda: not yard.street.sockets[1].flash.settlements, 60)
    assert settlements(told)[0].reason is StopReason.COMMAND


def test_a_start_that_is_told_twice_starts_once() -> None:
    yard = online()
    charging(yard)
    again = yard.site.order(eui(1), A, QUICK.start(77, Caps()), yard.now)
    other = yard.site.order(eui(1), A, QUICK.start(78, Caps()), yard.now)
    told = yard.after(5.0)
    results = {one.order.id: one.answer.result for one in told if isinstance(one, OrderAnswered)}
    assert results == {again.id: Result.OK, other.id: Result.BUSY}


def test_an_edge_that_restarts_goes_on_where_it_was() -> None:
    yard = online()
    charging(yard)
    before = len(yard.down)
    yard.awake(msgspec.json.decode(yard.saved, type=Memory))
    assert not yard.all_online
    told = yard.run(lambda: yard.all_online, 30)
    assert not any(isinstance(one, SocketJoined) for one in told)
    assert yard.street.sockets[1].outlets[A].state is OutletState.CHARGING
    told = yard.run(lambda: bool(yard.site.sockets[eui(1)].energised), 30)
    told += yard.run(lambda: bool(yard.street.sockets[1].flash.settlements), 600)
    told += yard.run(lambda: not yard.street.sockets[1].flash.settlements, 60)
    assert {settle.session for settle in settlements(told)} == {77}
    assert before < len(yard.down)


def test_no_counter_is_ever_used_twice() -> None:
    yard = online(2)
    for _ in range(4):
        yard.after(30.0)
        yard.awake(msgspec.json.decode(yard.saved, type=Memory))
    yard.after(30.0)
    unicast = [Header.decode(frame) for frame in yard.down if frame[8] != Kind.JOIN_ACC]
    for address in (1, 2, 0xFFFF):
        counters = [header.counter_low for header in unicast if header.address == address]
        assert counters == sorted(set(counters))
        assert len(counters) > 4


def test_nothing_is_sealed_before_its_counter_is_on_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    yard = Yard(2)
    monkeypatch.setattr(yard, "_store", lambda: None)
    yard.after(20.0)
    assert yard.down == []
    assert len(yard.up) > 2  # they ask, and are not answered
    monkeypatch.undo()
    yard.run(lambda: yard.all_online, 120)


def test_an_edge_restored_from_a_backup_lets_sockets_join_anew() -> None:
    yard = online()
    old = msgspec.json.decode(yard.saved, type=Memory)
    yard.after(600.0)
    used = msgspec.json.decode(yard.saved, type=Memory)
    old.life = "first"
    restored = old.in_life("second")
    assert restored.join_nonce > used.join_nonce
    assert restored.commands > used.commands
    assert restored.group > used.group
    yard.awake(restored)
    told = yard.run(lambda: yard.all_online, 200)
    assert {one.eui for one in told if isinstance(one, SocketJoined)} == {eui(1), eui(2)}


def test_a_socket_that_falls_silent_is_lost_and_found() -> None:
    yard = online()
    charging(yard)
    silent_from = yard.now
    yard.street.air.loss = 1.0
    told = yard.run(lambda: not yard.site.sockets[eui(1)].online, 60)
    (lost,) = [one for one in told if isinstance(one, SocketLost) and one.eui == eui(1)]
    assert lost.silent >= 15.0
    assert yard.now - silent_from < 25.0
    yard.street.air.loss = 0.0
    yard.run(lambda: yard.all_online, 60)


def test_an_order_to_nobody_expires() -> None:
    yard = online()
    yard.street.air.loss = 1.0
    order = yard.site.order(eui(1), A, QUICK.start(77, Caps()), yard.now)
    told = yard.after(40.0)
    assert [one.order for one in told if isinstance(one, OrderExpired)] == [order]
    yard.street.air.loss = 0.0
    yard.after(60.0)
    assert yard.street.sockets[1].outlets[A].charge is None


def test_a_command_goes_before_the_polls() -> None:
    yard = online(17)
    yard.after(20.0)
    began = yard.now
    yard.site.order(eui(9), B, QUICK.start(5, Caps()), yard.now)
    yard.run(lambda: yard.street.sockets[9].outlets[B].charge is not None, 2)
    assert yard.now - began < 1.0


def test_a_socket_that_lost_its_clock_is_told_the_time_first() -> None:
    yard = online()
    yard.street.power_cut(1, yard.now)
    assert yard.street.sockets[1].network_time(yard.now) is None
    yard.street.plug(1, A, small(), yard.now)
    yard.site.order(eui(1), A, QUICK.start(9, Caps()), yard.now)
    yard.run(lambda: yard.street.sockets[1].outlets[A].charge is not None, 20)


def test_emergency_off_reaches_every_socket() -> None:
    yard = online(3)
    for number in (1, 2, 3):
        charging(yard, number, session=number)
    yard.site.emergency_off(True, yard.now)
    yard.run(lambda: all(socket.outlets[A].charge is None for socket in yard.street.sockets.values()), 5)
    yard.site.order(eui(1), A, QUICK.start(10, Caps()), yard.now)
    told = yard.after(10.0)
    assert [one.answer.result for one in told if isinstance(one, OrderAnswered)] == [Result.LOCKED]
    assert {settle.reason for settle in settlements(told)} <= {StopReason.EMERGENCY_OFF}
    yard.site.emergency_off(False, yard.now)
    yard.after(2.0)
    charging(yard, 1, session=11)


def test_frames_are_of_this_site_and_short_enough() -> None:
    yard = online(2)
    charging(yard)
    for frame in (*yard.down, *yard.up):
        assert Header.decode(frame).net in (0, NET)
        assert len(frame) <= 64
