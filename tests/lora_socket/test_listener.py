"""What a third party with the keys makes of overheard frames."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.lora_socket import peer
from tests.lora_socket.worked import (
    ADDRESS,
    BODIES,
    COMMAND,
    DEV_NONCE,
    DEVICE_KEY,
    EUI,
    JOIN_NONCE,
    KEYS,
    NET,
    SETTLE,
    STATUS,
    session,
)

from chargelink.lora_socket.channel import Reason, Sender
from chargelink.lora_socket.counters import MOST_MISSED, SendCounter
from chargelink.lora_socket.join import seal_accept, seal_request
from chargelink.lora_socket.kinds import Kind
from chargelink.lora_socket.listener import Listener, Overheard
from chargelink.lora_socket.messages import Acknowledgement, KeyUpdate
from chargelink.lora_socket.session import Role
from chargelink.wire import DecodeError

BEACON = BODIES[Kind.BEACON]


@pytest.fixture
def listener() -> Listener:
    listener = Listener()
    listener.add_session(NET, ADDRESS, KEYS)
    return listener


def frame(role: Role, body: object, counter: int) -> bytes:
    sender = session(role, reserved=counter)
    sender.send(body, now=0.0)  # type: ignore[arg-type]
    return sender.data_to_send()[0]


def beacon(counter: int, key: bytes) -> bytes:
    numbers = SendCounter(counter)
    numbers.reserve(counter + 1)
    return Sender(key, NET, 0xFFFF, 0, numbers, down=True, group=True).seal(BEACON)


@pytest.mark.parametrize("counter", [0, 313, 70_001, 5_000_000, 16_777_215])
def test_it_comes_into_a_conversation_that_has_long_begun(listener: Listener, counter: int) -> None:
    heard = listener.hear(frame(Role.SOCKET, STATUS, counter))
    assert heard == Overheard(heard.header, counter, body=STATUS)
    assert heard.kind is Kind.STATUS
    later = listener.hear(frame(Role.SOCKET, STATUS, counter + 10))
    assert (later.counter, later.reasons) == (counter + 10, ())


def test_both_directions_count_by_themselves(listener: Listener) -> None:
    assert listener.hear(frame(Role.EDGE, COMMAND, 70_002)).counter == 70_002
    assert listener.hear(frame(Role.SOCKET, STATUS, 5)).counter == 5


def test_it_tells_replays_and_gaps_and_opens_them(listener: Listener) -> None:
    first, far = frame(Role.EDGE, COMMAND, 70_002), frame(Role.EDGE, COMMAND, 90_000)
    assert listener.hear(first).reasons == ()
    again = listener.hear(first)
    assert (again.body, again.reasons) == (COMMAND, (Reason.REPLAYED,))
    assert listener.hear(far).reasons == (Reason.GAP,)
    assert listener.hear(first).reasons == (Reason.REPLAYED,)


@pytest.mark.parametrize(("ahead", "reasons"), [(MOST_MISSED, ()), (MOST_MISSED + 1, (Reason.GAP,))])
def test_a_gap_begins_where_a_receiver_sees_one(listener: Listener, ahead: int, reasons: tuple[Reason, ...]) -> None:
    listener.hear(frame(Role.SOCKET, STATUS, 1000))
    assert listener.hear(frame(Role.SOCKET, STATUS, 1000 + ahead)).reasons == reasons


def test_it_tells_what_is_acknowledged(listener: Listener) -> None:
    edge = session(Role.EDGE)
    edge.send(Acknowledgement(), now=0.0, acknowledge=70_000)
    heard = listener.hear(edge.data_to_send()[0])
    assert (heard.body, heard.acknowledges, heard.reasons) == (Acknowledgement(), 70_000 & 0xFFFF, ())


def test_it_opens_what_a_receiver_would_refuse(listener: Listener) -> None:
    short = peer.seal(KEYS.up, 0x13, NET, ADDRESS, 9, JOIN_NONCE, SETTLE.encode(), down=False, tag=4)
    heard = listener.hear(short)
    assert (heard.body, heard.reasons) == (SETTLE, (Reason.SHORT_TAG,))
    backward = peer.seal(KEYS.up, 0x40, NET, ADDRESS, 10, JOIN_NONCE, b"\0", down=False, tag=4)
    assert listener.hear(backward).reasons == (Reason.WRONG_DIRECTION,)
    unreadable = peer.seal(KEYS.up, 0x10, NET, ADDRESS, 11, JOIN_NONCE, b"\0", down=False, tag=4)
    assert listener.hear(unreadable).reasons == (Reason.BODY,)
    empty = peer.seal(KEYS.down, 0x40, NET, ADDRESS, 1, JOIN_NONCE, b"", down=True, tag=8, flags=8)
    assert listener.hear(empty).reasons == (Reason.BODY,)


def test_without_a_key_the_header_remains() -> None:
    heard = Listener().hear(frame(Role.SOCKET, STATUS, 313))
    assert (heard.kind, heard.body, heard.reasons) == (Kind.STATUS, None, (Reason.NO_KEY,))
    assert heard.header.address == ADDRESS
    assert not heard.opened


def test_forged_frames_are_told(listener: Listener) -> None:
    forged = bytearray(frame(Role.SOCKET, STATUS, 313))
    forged[-1] ^= 1
    assert listener.hear(bytes(forged)).reasons == (Reason.FORGED,)
    unknown = peer.seal(KEYS.up, 0x3F, NET, ADDRESS, 9, JOIN_NONCE, b"", down=False, tag=4)
    assert listener.hear(unknown).reasons == (Reason.UNKNOWN_TYPE,)
    assert listener.hear(unknown).kind is None


def test_it_follows_a_join() -> None:
    listener = Listener()
    request = seal_request(DEVICE_KEY, NET, BODIES[Kind.JOIN_REQ])
    accept = seal_accept(DEVICE_KEY, EUI, NET, DEV_NONCE, BODIES[Kind.JOIN_ACC])
    unknown = listener.hear(request)
    assert (unknown.claimed, unknown.reasons) == ({"eui": EUI.hex(), "dev_nonce": 7}, (Reason.NO_KEY,))
    assert listener.hear(accept).reasons == (Reason.NO_KEY,)
    listener.add_device(EUI, DEVICE_KEY)
    assert listener.hear(request).body == BODIES[Kind.JOIN_REQ]
    assert listener.hear(accept).body == BODIES[Kind.JOIN_ACC]
    assert listener.hear(frame(Role.SOCKET, STATUS, 0)).body == STATUS
    assert listener.hear(accept).body == BODIES[Kind.JOIN_ACC]  # repeated: the conversation goes on
    assert listener.hear(frame(Role.SOCKET, STATUS, 0)).reasons == (Reason.REPLAYED,)


def test_forged_joins_are_told() -> None:
    listener = Listener()
    listener.add_device(EUI, DEVICE_KEY)
    request = bytearray(seal_request(DEVICE_KEY, NET, BODIES[Kind.JOIN_REQ]))
    accept = bytearray(seal_accept(DEVICE_KEY, EUI, NET, DEV_NONCE, BODIES[Kind.JOIN_ACC]))
    listener.hear(bytes(request))
    request[-1] ^= 1
    accept[-1] ^= 1
    assert listener.hear(bytes(request)).reasons == (Reason.FORGED,)
    assert listener.hear(bytes(accept)).reasons == (Reason.FORGED,)


def test_it_learns_the_group_key(listener: Listener) -> None:
    assert listener.hear(beacon(100, bytes(range(16)))).reasons == (Reason.NO_KEY,)
    update = BODIES[Kind.KEY_UPDATE]
    assert isinstance(listener.hear(frame(Role.EDGE, update, 1)).body, KeyUpdate)
    assert listener.hear(beacon(100, bytes(range(16)))).body == BEACON
    listener.hear(frame(Role.EDGE, update, 2))  # repeated: the group's counter is kept
    assert listener.hear(beacon(100, bytes(range(16)))).reasons == (Reason.REPLAYED,)


HEADS = ("e040512a1100390110", "e041512afeff070001", "e061512afeff070002", "e062512affff010049")
HEADED = st.builds(lambda head, tail: bytes.fromhex(head) + tail, st.sampled_from(HEADS), st.binary(max_size=60))


@given(st.binary(max_size=140) | HEADED)
def test_any_bytes_are_told_or_refused(data: bytes) -> None:
    listener = Listener()
    listener.add_session(NET, ADDRESS, KEYS)
    listener.add_device(EUI, DEVICE_KEY)
    listener.add_group(NET, bytes(16))
    try:
        heard = listener.hear(data)
    except DecodeError:
        return
    assert heard.reasons
    assert heard.body is None
