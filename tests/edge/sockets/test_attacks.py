"""Somebody with a radio, or with a way to the UDP port, and without keys."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.edge.sockets.test_site import charging, online
from tests.edge.sockets.yard import GATEWAY, MASTER, NET, SOURCE, A, Yard, eui

from chargelink.edge.sockets.events import FrameRefused, SocketJoined, UnderAttack
from chargelink.edge.sockets.watch import FORGED_A_MINUTE, MINUTE, MOST_ADDRESSES, ForgeryWatch
from chargelink.lora_radio.gateway import Gateway
from chargelink.lora_radio.packets import ReceivedPacket
from chargelink.lora_radio.radio import Refused
from chargelink.lora_socket.channel import Reason
from chargelink.lora_socket.codes import StopReason
from chargelink.lora_socket.frame import Header
from chargelink.lora_socket.join import seal_request
from chargelink.lora_socket.keys import device_key
from chargelink.lora_socket.kinds import Kind
from chargelink.lora_socket.messages import JoinRequest
from chargelink.sim.sockets.flash import Identity


def test_replayed_reports_change_nothing() -> None:
    yard = online()
    charging(yard)
    yard.after(30.0)
    for frame in [*yard.up]:
        told = yard.site.receive(frame, yard.plan.frequencies[0], yard.now)
        assert told
        assert all(isinstance(one, FrameRefused | UnderAttack) for one in told)


def test_replayed_commands_switch_nothing() -> None:
    yard = online()
    charging(yard)
    socket = yard.street.sockets[1]
    socket.finish(A, socket.outlets[A].end(StopReason.COMMAND), yard.now)
    yard.after(30.0)
    for frame in [*yard.down]:
        socket.receive(frame, yard.now)
        assert all(outlet.charge is None for outlet in socket.outlets.values())


def test_forged_frames_raise_an_alarm_once_a_minute() -> None:
    yard = online()
    status = next(frame for frame in reversed(yard.up) if Header.decode(frame).kind == Kind.STATUS_SHORT)
    header = Header.decode(status)
    told = []
    for number in range(100):
        low = (header.counter_low + 1 + number).to_bytes(2, "little")
        told += yard.site.receive(status[:6] + low + status[8:], yard.plan.frequencies[0], yard.now)
    (alarm,) = [one for one in told if isinstance(one, UnderAttack)]
    assert alarm.address == header.address
    assert alarm.frames >= FORGED_A_MINUTE
    assert all(one.reason is Reason.FORGED for one in told if isinstance(one, FrameRefused))


def test_the_watch_forgets_after_a_minute_and_does_not_grow() -> None:
    watch = ForgeryWatch()
    assert [watch.forged(1, float(second)) for second in range(FORGED_A_MINUTE - 1)] == [None] * (FORGED_A_MINUTE - 1)
    assert watch.forged(1, MINUTE + FORGED_A_MINUTE) is None
    for address in range(3 * MOST_ADDRESSES):
        watch.forged(address, 200.0)
    assert len(watch._times) <= MOST_ADDRESSES


@pytest.mark.parametrize(
    ("who", "key", "nonce"),
    [
        (bytes(8), device_key(MASTER, bytes(8)), 1_000),  # a socket of another site
        (eui(1), bytes(16), 1_000),  # a guess at a socket of ours
        (eui(1), device_key(MASTER, eui(1)), 0),  # a clone that repeats a nonce
    ],
)
def test_nobody_else_joins(who: bytes, key: bytes, nonce: int) -> None:
    yard = online()
    frame = seal_request(key, NET, JoinRequest(who, nonce, 1, 0x0100, 3, 1))
    (refused,) = yard.site.receive(frame, yard.plan.frequencies[0], yard.now)
    assert isinstance(refused, FrameRefused)
    assert yard.site.sockets[eui(1)].offered is None


def test_a_join_request_held_back_and_sent_later_does_no_harm() -> None:
    """It is fresh to the edge, which offers keys that the socket never asked for; the conversation in use goes on."""
    yard = online()
    charging(yard)
    late = seal_request(device_key(MASTER, eui(1)), NET, JoinRequest(eui(1), 5_000, 1, 0x0100, 3, 1))
    (joined,) = yard.site.receive(late, yard.plan.frequencies[0], yard.now)
    assert isinstance(joined, SocketJoined)
    yard.after(60.0)
    assert yard.site.sockets[eui(1)].online
    assert yard.site.sockets[eui(1)].energised == [A]


@pytest.mark.parametrize(
    ("gateway", "source"), [(bytes(8), SOURCE), (GATEWAY, ("192.0.2.66", 1700))], ids=["another EUI", "another host"]
)
def test_a_forged_gateway_is_not_heard(gateway: bytes, source: tuple[str, int]) -> None:
    yard = online()
    forged = Gateway(gateway, yard.now)
    forged.push((ReceivedPacket(frequency_hz=470_300_000, crc=1, payload=yard.up[-1]),), yard.now)
    for datagram in forged.data_to_send():
        (refused,) = yard.server.receive(datagram, source, yard.now)
        assert isinstance(refused, Refused)
    yard.after(10.0)
    assert yard.all_online


@pytest.mark.parametrize("frame", [b"", b"\xe0", bytes(128), b"\xe0" + bytes(40), b"\x40" * 30])
def test_noise_is_refused(frame: bytes) -> None:
    yard = Yard(1)
    (refused,) = yard.site.receive(frame, 470_300_000, yard.now)
    assert isinstance(refused, FrameRefused)


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 1 << 30), st.integers(0, 63), st.integers(1, 255))
def test_a_frame_that_was_changed_anywhere_changes_nothing(which: int, at: int, flip: int) -> None:
    yard = _quiet_yard()
    frame = bytearray(yard.up[which % len(yard.up)])
    frame[at % len(frame)] ^= flip
    told = yard.site.receive(bytes(frame), yard.plan.frequencies[0], yard.now)
    assert all(isinstance(one, FrameRefused | UnderAttack) for one in told)
    assert told


@settings(deadline=None)
@given(st.binary(max_size=140), st.booleans())
def test_any_bytes_are_refused(data: bytes, begins_right: bool) -> None:
    yard = _quiet_yard()
    frame = b"\xe0" + data if begins_right else data
    told = yard.site.receive(frame, yard.plan.frequencies[0], yard.now)
    assert all(isinstance(one, FrameRefused | UnderAttack) for one in told)
    for socket in yard.street.sockets.values():
        socket.receive(frame, yard.now)
        assert all(outlet.charge is None for outlet in socket.outlets.values())


@cache
def _quiet_yard() -> Yard:
    return online()


def test_keys_are_not_shown() -> None:
    identity = Identity(eui(1), device_key(MASTER, eui(1)))
    assert identity.device_key.hex() not in repr(identity)
    assert repr(identity.device_key) not in repr(identity)
