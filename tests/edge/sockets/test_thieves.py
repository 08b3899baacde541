"""Attacks seen on e-bike sockets elsewhere, each against ours: by people with a radio, some with a stolen socket."""

import pytest
from tests.edge.sockets.test_site import NO_CAPS, QUICK, charging, online, settlements
from tests.edge.sockets.yard import MASTER, NET, A, Yard, eui

from chargelink.edge.sockets.events import FrameRefused, OrderAnswered, SocketJoined, SocketLost
from chargelink.link.messages import Caps
from chargelink.lora_socket.codes import Result, StopReason
from chargelink.lora_socket.commands import Command, Start, Stop, expiry_after
from chargelink.lora_socket.frame import EVERYONE, Control, Header, seal
from chargelink.lora_socket.join import seal_request
from chargelink.lora_socket.keys import SessionKeys, device_key
from chargelink.lora_socket.kinds import Kind
from chargelink.lora_socket.messages import JoinRequest
from chargelink.wire import Message


def stolen(yard: Yard, number: int = 2) -> tuple[SessionKeys, bytes]:
    """What whoever opens a socket finds: its session keys and the group key."""
    flash = yard.street.sockets[number].flash
    assert flash.conversation is not None
    assert flash.group is not None
    return flash.conversation.keys, flash.group[0].key


def command(yard: Yard, number: int, operation: Message) -> bytes:
    now = int(yard.site.network_time(yard.now))
    return Command(number, expiry_after(now, 30), A, operation).encode()


def sealed(key: bytes, join_nonce: int, kind: Kind, address: int, counter: int, body: bytes, *, group: bool) -> bytes:
    control = Control.DOWN | Control.LONG_TAG | (Control.GROUP if group else Control(0))
    return seal(key, Header(control, NET, address, counter & 0xFFFF, kind), counter, join_nonce, body)


def start(session: int) -> Start:
    made = QUICK.start(session, NO_CAPS)
    assert isinstance(made, Start)
    return made


@pytest.mark.parametrize("under", ["session key of another socket", "group key", "group key to everyone"])
def test_one_socket_taken_apart_starts_nothing_at_another(under: str) -> None:
    """Shared key in firmware; phantom clients and free sessions."""
    yard = online()
    keys, group = stolen(yard)
    socket = yard.street.sockets[1]
    body = command(yard, 900, start(99))
    counter = 300
    if under.startswith("group"):
        address = EVERYONE if under.endswith("everyone") else 1
        forged = sealed(group, 0, Kind.CMD, address, counter, body, group=True)
    else:
        forged = sealed(keys.down, keys.join_nonce, Kind.CMD, 1, counter, body, group=False)
    socket.receive(forged, yard.now)
    assert socket.outlets[A].charge is None
    keys, _ = stolen(yard, 1)  # its own key, to show that nothing else was wrong with the frame
    socket.receive(sealed(keys.down, keys.join_nonce, Kind.CMD, 1, counter, body, group=False), yard.now)
    assert socket.outlets[A].charge is not None


def test_one_socket_taken_apart_reports_nothing_for_another() -> None:
    """Fake settlement or meter."""
    yard = online()
    charging(yard)
    keys, _ = stolen(yard)
    for kind in (Kind.SETTLE, Kind.METER, Kind.STATUS, Kind.CMD_RES, Kind.EVENT):
        forged = seal(keys.up, Header(Control.LONG_TAG, NET, 1, 500, kind), 500, keys.join_nonce, bytes(28))
        told = yard.site.receive(forged, yard.plan.frequencies[0], yard.now)
        assert [type(one) for one in told] == [FrameRefused]


def test_a_second_order_on_an_outlet_does_not_replace_the_first() -> None:
    """Duplicated order on a port."""
    yard = online()
    charging(yard, session=77)
    yard.site.order(eui(1), A, QUICK.start(78, NO_CAPS), yard.now)
    told = yard.after(10.0)
    assert [one.answer.result for one in told if isinstance(one, OrderAnswered)] == [Result.BUSY]
    charge = yard.street.sockets[1].outlets[A].charge
    assert charge is not None
    assert charge.session == 77
    yard.site.order(eui(1), A, Stop(78), yard.now)  # nor does a stop of another session end it
    told = yard.after(10.0)
    assert [one.answer.result for one in told if isinstance(one, OrderAnswered)] == [Result.NO_SESSION]
    assert yard.street.sockets[1].outlets[A].charge is charge


@pytest.mark.parametrize("wait", [0.0, 700.0])
def test_a_start_replayed_after_a_power_cut_is_refused(wait: float) -> None:
    """Replay of a start or stop frame: the counter that was heard is in flash, and so is the id of the command."""
    yard = online()
    charging(yard)
    frames = [frame for frame in yard.down if Header.decode(frame).kind == Kind.CMD]
    yard.site.order(eui(1), A, Stop(77), yard.now)
    yard.after(10.0 + wait)
    yard.street.power_cut(1, yard.now)
    yard.after(30.0)
    for frame in frames:
        yard.street.sockets[1].receive(frame, yard.now)
        assert yard.street.sockets[1].outlets[A].charge is None


def test_jamming_the_stop_does_not_prolong_a_charge() -> None:
    """Jamming, selective drop of a stop: the socket keeps its limits, and the edge says that it is silent."""
    yard = online()
    charging(yard, caps=Caps(minutes=2))
    yard.street.air.loss = 1.0
    order = yard.site.order(eui(1), A, Stop(77), yard.now)
    told = yard.run(lambda: yard.street.sockets[1].outlets[A].charge is None, 130)
    assert eui(1) in [one.eui for one in told if isinstance(one, SocketLost)]
    assert order in yard.site.sockets[eui(1)].orders  # it is still being tried
    yard.street.air.loss = 0.0
    (settle,) = settlements(yard.run(lambda: not yard.street.sockets[1].flash.settlements, 120))
    assert settle.reason is StopReason.TIME


def test_a_clone_shows_by_the_nonce_of_the_other() -> None:
    """Cloned socket, stolen device key: whoever joins after the other one uses a DevNonce that was seen."""
    yard = online()
    key = device_key(MASTER, eui(1))
    clone = seal_request(key, NET, JoinRequest(eui(1), 4, 1, 0x0100, 3, 1))
    (joined,) = yard.site.receive(clone, yard.plan.frequencies[0], yard.now)
    assert isinstance(joined, SocketJoined)
    genuine = seal_request(key, NET, JoinRequest(eui(1), 3, 1, 0x0100, 3, 1))
    (refused,) = yard.site.receive(genuine, yard.plan.frequencies[0], yard.now)
    assert isinstance(refused, FrameRefused)
    assert "a clone" in refused.detail


def test_a_command_sent_again_after_a_power_cut_is_answered_and_not_done_again() -> None:
    """Its number was in flash, with the answer."""
    yard = online()
    socket = yard.street.sockets[1]
    charging(yard)
    assert socket.flash.answered is not None
    again, answer = socket.flash.answered
    socket.finish(A, socket.outlets[A].end(StopReason.BUTTON), yard.now)
    yard.street.power_cut(1, yard.now)
    yard.run(lambda: yard.street.sockets[1].clock.synchronised, 30)
    talk = yard.site.sockets[eui(1)].current
    assert talk is not None
    said = len(yard.up)
    talk.session.send(again, yard.now)  # the same id and expiry under a new counter
    yard.run(lambda: Kind.CMD_RES in [Header.decode(frame).kind for frame in yard.up[said:]], 20)
    assert yard.street.sockets[1].outlets[A].charge is None
    assert answer.result is Result.OK
