"""What an attacker with a radio can do: every frame that is not the next one from the right sender is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.lora_socket import peer
from tests.lora_socket.worked import ADDRESS, COMMAND, DEVICE_KEY, EUI, JOIN_NONCE, KEYS, NET, session

from chargelink.lora_socket.channel import Reason, RefusedError
from chargelink.lora_socket.counters import MOST_MISSED, ROTATE_AT
from chargelink.lora_socket.frame import LONGEST, Control, Header, seal
from chargelink.lora_socket.join import JoiningEdge, Member, claimed_identity
from chargelink.lora_socket.kinds import Kind
from chargelink.lora_socket.session import Received, Refused, Role, Session
from chargelink.wire import DecodeError, EncodeError


def command_frame(counter: int = 5) -> bytes:
    return peer.seal(KEYS.down, 0x41, NET, ADDRESS, counter, JOIN_NONCE, COMMAND.encode(), down=True, tag=8)


def poll_frame(counter: int) -> bytes:
    return peer.seal(KEYS.down, 0x40, NET, ADDRESS, counter, JOIN_NONCE, b"\0", down=True, tag=4)


def reason(receiver: Session, frame: bytes) -> Reason:
    before = receiver.heard
    (event,) = receiver.receive(frame, now=0.0)
    assert isinstance(event, Refused)
    assert receiver.heard == before
    assert receiver.refused[event.reason] > 0
    return event.reason


def test_a_replay_is_refused_and_known_as_one() -> None:
    receiver = session(Role.SOCKET)
    frame = command_frame(counter=5)
    assert isinstance(receiver.receive(frame, now=0.0)[0], Received)
    assert reason(receiver, frame) is Reason.REPLAYED
    assert isinstance(receiver.receive(poll_frame(6), now=0.0)[0], Received)
    assert reason(receiver, frame) is Reason.REPLAYED
    assert receiver.refused == {Reason.REPLAYED: 2}


def test_every_flipped_bit_is_refused() -> None:
    frame = command_frame()
    receiver = session(Role.SOCKET)
    for bit in range(len(frame) * 8):
        flipped = bytearray(frame)
        flipped[bit // 8] ^= 1 << bit % 8
        reason(receiver, bytes(flipped))
    assert receiver.heard == -1
    assert isinstance(receiver.receive(frame, now=0.0)[0], Received)


def test_every_truncation_and_extension_is_refused() -> None:
    frame = command_frame()
    receiver = session(Role.SOCKET)
    for length in range(len(frame)):
        assert reason(receiver, frame[:length]) in (Reason.MALFORMED, Reason.FORGED)
    assert reason(receiver, frame + b"\0") is Reason.FORGED
    assert reason(receiver, frame + bytes(100)) is Reason.MALFORMED


@pytest.mark.parametrize("missed", [0, 1, MOST_MISSED - 1])
def test_missed_frames_are_no_obstacle(missed: int) -> None:
    receiver = session(Role.SOCKET, heard=70_000)
    assert isinstance(receiver.receive(poll_frame(70_001 + missed), now=0.0)[0], Received)


@pytest.mark.parametrize("missed", [MOST_MISSED, 20_000, 65_535 - 1])
def test_too_many_missed_frames_are_a_gap(missed: int) -> None:
    assert reason(session(Role.SOCKET, heard=70_000), poll_frame(70_001 + missed)) is Reason.GAP


def test_a_key_that_is_used_up_opens_nothing_more() -> None:
    receiver = session(Role.SOCKET, heard=ROTATE_AT - 2)
    assert isinstance(receiver.receive(poll_frame(ROTATE_AT - 1), now=0.0)[0], Received)
    assert reason(receiver, poll_frame(ROTATE_AT)) is Reason.FORGED


def test_the_other_half_of_the_counter_is_sealed_too() -> None:
    assert reason(session(Role.SOCKET, heard=4), poll_frame(5 + (3 << 16))) is Reason.FORGED


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (b"", Reason.MALFORMED),
        (b"\xe1" + command_frame()[1:], Reason.MALFORMED),
        (b"\xe0\x80" + command_frame()[2:], Reason.MALFORMED),
        (peer.seal(KEYS.down, 0x40, 1, ADDRESS, 5, JOIN_NONCE, b"\0", down=True, tag=4), Reason.OTHER_SITE),
        (peer.seal(KEYS.down, 0x40, NET, 0x12, 5, JOIN_NONCE, b"\0", down=True, tag=4), Reason.OTHER_ADDRESS),
        (peer.seal(KEYS.up, 0x10, NET, ADDRESS, 5, JOIN_NONCE, bytes(20), down=False, tag=4), Reason.WRONG_DIRECTION),
        (peer.seal(KEYS.down, 0x10, NET, ADDRESS, 5, JOIN_NONCE, bytes(20), down=True, tag=4), Reason.WRONG_DIRECTION),
        (peer.seal(KEYS.down, 0x7F, NET, ADDRESS, 5, JOIN_NONCE, b"", down=True, tag=8), Reason.UNKNOWN_TYPE),
        (peer.seal(KEYS.down, 0x49, NET, ADDRESS, 5, JOIN_NONCE, bytes(10), down=True, tag=4), Reason.WRONG_KEY),
        (peer.seal(KEYS.down, 0x02, NET, ADDRESS, 5, JOIN_NONCE, bytes(24), down=True, tag=8), Reason.WRONG_KEY),
        (peer.seal(KEYS.down, 0x41, NET, ADDRESS, 5, JOIN_NONCE, bytes(8), down=True, tag=4), Reason.SHORT_TAG),
        (
            peer.seal(KEYS.down, 0x40, NET, ADDRESS, 5, JOIN_NONCE, bytes(3), down=True, tag=4, flags=8),
            Reason.SHORT_TAG,
        ),
        (
            peer.seal(KEYS.down, 0x40, NET, ADDRESS, 5, JOIN_NONCE, b"\0", down=True, tag=4, flags=2),
            Reason.NO_KEY,
        ),
        (peer.seal(KEYS.up, 0x40, NET, ADDRESS, 5, JOIN_NONCE, b"\0", down=True, tag=4), Reason.FORGED),
        (peer.seal(KEYS.down, 0x40, NET, ADDRESS, 5, JOIN_NONCE + 1, b"\0", down=True, tag=4), Reason.FORGED),
    ],
)
def test_reasons(frame: bytes, expected: Reason) -> None:
    assert reason(session(Role.SOCKET), frame) is expected


@pytest.mark.parametrize(
    ("kind", "body", "flags"), [(0x41, b"\0", 0), (0x40, b"\1", 8), (0x42, b"\1\2\0", 0), (0x40, b"", 0)]
)
def test_an_authentic_frame_with_an_unreadable_body_uses_up_its_counter(kind: int, body: bytes, flags: int) -> None:
    receiver = session(Role.SOCKET)
    frame = peer.seal(KEYS.down, kind, NET, ADDRESS, 5, JOIN_NONCE, body, down=True, tag=8, flags=flags)
    (event,) = receiver.receive(frame, now=0.0)
    assert isinstance(event, Refused)
    assert event.reason is Reason.BODY
    assert receiver.heard == 5
    assert reason(receiver, frame) is Reason.REPLAYED


@given(st.binary(max_size=140) | st.binary(max_size=130).map(lambda tail: command_frame()[:9] + tail))
def test_any_bytes_are_refused_with_a_reason(frame: bytes) -> None:
    receiver = session(Role.SOCKET)
    reason(receiver, frame)
    assert sum(receiver.refused.values()) == 1


@given(st.sampled_from([kind for kind in Kind if kind < 0x40 and kind > 2]), st.binary(max_size=100), st.booleans())
def test_any_authentic_body_is_read_or_refused(kind: Kind, body: bytes, acknowledges: bool) -> None:
    flags = 8 if acknowledges else 0
    frame = peer.seal(KEYS.up, kind, NET, ADDRESS, 0, JOIN_NONCE, body, down=False, tag=8, flags=flags)
    (event,) = session(Role.EDGE).receive(frame, now=0.0)
    assert isinstance(event, Received) or event == Refused(Reason.BODY, event.detail, frame)  # type: ignore[union-attr]


@given(st.sampled_from([kind for kind in Kind if kind >= 0x40 and kind != Kind.BEACON]), st.binary(max_size=100))
def test_any_authentic_downlink_is_read_or_refused(kind: Kind, body: bytes) -> None:
    frame = peer.seal(KEYS.down, kind, NET, ADDRESS, 0, JOIN_NONCE, body, down=True, tag=8)
    (event,) = session(Role.SOCKET).receive(frame, now=0.0)
    if isinstance(event, Received) and event.sound:
        assert type(event.body).decode(event.body.encode()) == event.body


@given(st.binary(max_size=60) | st.binary(max_size=50).map(lambda tail: bytes.fromhex("e041512afeff070001") + tail))
def test_any_join_is_refused(frame: bytes) -> None:
    edge = JoiningEdge(NET, {EUI: Member(DEVICE_KEY)}, 0)
    with pytest.raises(DecodeError):
        edge.receive(frame)
    try:
        eui, nonce = claimed_identity(frame)
    except DecodeError:
        return
    assert len(eui) == 8
    assert 0 <= nonce < 1 << 24


def test_refusals_say_why() -> None:
    assert str(RefusedError(Reason.GAP, "counter 9")) == "its counter is too far ahead: counter 9"
    assert Header.decode(command_frame()).down


def test_the_longest_frame() -> None:
    header = Header(Control(0), NET, ADDRESS, 5, Kind.STATUS)
    frame = seal(KEYS.up, header, 5, JOIN_NONCE, bytes(115))
    assert len(frame) == LONGEST
    assert Header.decode(frame) == header
    for body in (116, 200):
        with pytest.raises(EncodeError):
            seal(KEYS.up, header, 5, JOIN_NONCE, bytes(body))
    for wrong in (header._replace(net=0x10000), header._replace(kind=256), header._replace(counter_low=6)):
        with pytest.raises(EncodeError):
            seal(KEYS.up, wrong, 5, JOIN_NONCE, b"")
    with pytest.raises(EncodeError):
        seal(KEYS.up, header, 5, 1 << 24, b"")
