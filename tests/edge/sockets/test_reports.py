"""What sockets report by themselves, and how they come to know the time."""

import pytest
from tests.edge.sockets.test_site import charging, online, settlements
from tests.edge.sockets.yard import UTC, A, Yard, eui

from chargelink.edge.sockets.events import SiteEvent, Told
from chargelink.lora_socket.channel import Sender
from chargelink.lora_socket.codes import EventCode, OutletState, Place, Severity, StopReason
from chargelink.lora_socket.commands import ClearFault
from chargelink.lora_socket.counters import SendCounter
from chargelink.lora_socket.frame import EVERYONE, Header
from chargelink.lora_socket.kinds import Kind
from chargelink.lora_socket.messages import Beacon, Event


def reported(told: list[SiteEvent], code: EventCode) -> list[Event]:
    bodies = [one.received.body for one in told if isinstance(one, Told)]
    once = {body.id: body for body in bodies if isinstance(body, Event) and body.code is code}
    return [*once.values()]


def test_a_low_battery_is_told_and_stops_nothing() -> None:
    yard = online()
    charging(yard)
    yard.street.battery_low(1, 2_650, yard.now)
    (event,) = reported(yard.after(10.0), EventCode.BATTERY_LOW)
    assert (event.place, event.severity, event.value) == (Place.SOCKET, Severity.WARNING, 2_650)
    assert yard.street.sockets[1].outlets[A].charge is not None


def test_a_failed_sensor_switches_its_outlet_off_until_it_is_cleared() -> None:
    yard = online()
    charging(yard)
    yard.street.sensor_failed(1, A, yard.now)
    told = yard.after(10.0)
    (event,) = reported(told, EventCode.SENSOR_FAULT)
    assert (event.place, event.severity, event.value) == (A, Severity.TRIP, 1)
    assert [settle.reason for settle in settlements(told)] == [StopReason.SENSOR_FAULT]
    assert yard.site.sockets[eui(1)].outlets[A].state is OutletState.FAULT
    yard.site.order(eui(1), A, ClearFault(), yard.now)
    yard.after(10.0)
    charging(yard, session=78)


def test_a_failed_sensor_at_rest_is_told_too() -> None:
    yard = online()
    yard.street.sensor_failed(2, A, yard.now)
    told = yard.after(10.0)
    assert len(reported(told, EventCode.SENSOR_FAULT)) == 1
    assert settlements(told) == []


def test_the_edge_tells_the_time_to_a_socket_that_lost_it() -> None:
    yard = online()
    yard.street.power_cut(1, yard.now)
    before = len(yard.down)
    yard.run(lambda: yard.street.sockets[1].clock.synchronised, 10)
    kinds = [Header.decode(frame).kind for frame in yard.down[before:]]
    assert kinds.count(Kind.NETWORK_TIME) == 1
    assert yard.street.sockets[1].network_time(yard.now) == pytest.approx(UTC + yard.now, abs=2)
    yard.after(40.0)
    assert Kind.NETWORK_TIME not in [Header.decode(frame).kind for frame in yard.down[before:]][len(kinds) :]


@pytest.mark.parametrize("step", [-3_600.0, 3_600.0])
def test_sockets_follow_an_edge_whose_clock_is_corrected(step: float) -> None:
    yard = online()
    yard.site.utc += step
    yard.run(lambda: any(socket.clock.doubted for socket in yard.street.sockets.values()), 40)
    yard.after(60.0)
    for socket in yard.street.sockets.values():
        assert socket.network_time(yard.now) == pytest.approx(yard.site.network_time(yard.now), abs=2)


def forged_beacon(yard: Yard, ahead: float) -> bytes:
    """By somebody who took the group key out of another socket."""
    counter = SendCounter(yard.site._beacons.counter.next + 100)
    counter.reserve(counter.next + 100)
    (key, _) = yard.street.sockets[2].flash.group or (None, None)
    assert key is not None
    sender = Sender(key.key, 0x2A51, EVERYONE, 0, counter, down=True, group=True)
    return sender.seal(Beacon(int(UTC + yard.now + ahead), 0, 0, key.epoch, 4, 0))


@pytest.mark.parametrize("ahead", [-3_600.0, 600.0, 86_400.0])
def test_a_beacon_of_a_thief_of_the_group_key_does_not_set_a_clock(ahead: float) -> None:
    yard = online()
    socket = yard.street.sockets[1]
    socket.receive(forged_beacon(yard, ahead), yard.now)
    assert socket.clock.doubted
    assert socket.network_time(yard.now) == pytest.approx(UTC + yard.now, abs=2)
    charging(yard)  # starts go on meanwhile
    assert socket.clock.synchronised  # the edge has told it meanwhile


def test_no_beacon_sets_a_clock_that_lost_the_time() -> None:
    yard = online()
    yard.street.power_cut(1, yard.now)
    socket = yard.street.sockets[1]
    socket.receive(forged_beacon(yard, 0.0), yard.now)
    assert socket.network_time(yard.now) is None
