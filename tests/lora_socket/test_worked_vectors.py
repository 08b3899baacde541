"""Frames worked out byte for byte, and what became of those whose protection was raised since."""

import pytest
from tests.lora_socket import peer
from tests.lora_socket.worked import (
    ADDRESS,
    BODIES,
    COMMAND,
    DEV_NONCE,
    DEVICE_KEY,
    EUI,
    EVENT,
    KEYS,
    NET,
    STATUS,
    session,
)

from chargelink.lora_socket.frame import Control, Header, SealError, seal, unseal
from chargelink.lora_socket.join import open_request, seal_accept, seal_request
from chargelink.lora_socket.keys import join_key
from chargelink.lora_socket.kinds import Kind
from chargelink.lora_socket.messages import Poll
from chargelink.lora_socket.session import Received, Role
from chargelink.wire import DecodeError

POLL_FRAME = "e060512a1100711140c04f33879a"
STATUS_FRAME = "e040512a1100390110eae98b4fbdac237ffda0dec184d2e7b5c2ac62045ae08b1d"
COMMAND_FRAME = "e071512a110072114144a15351599e7106a776bbc6fac595c505dca763a339975d833b77"
EVENT_FRAME_SHORT_TAG = "e050512a11003b011168b06b7a84fe74fb137299"
EVENT_FRAME = "e051512a11003b011168b06b7a84fe74f1b8a28228fd1f10"
JOIN_REQ_BODY = "a84041f4b1c2d3e40700000104010f00"
JOIN_REQ_FRAME_CMAC = "e041512a0000070001" + JOIN_REQ_BODY + "4c7d05a54a473da6"
JOIN_REQ_FRAME = "e041512afeff070001a84041f4b1c2d3e407000096dfb4b342de0a7a2d56160229"
JOIN_ACC_FRAME = "e061512afeff0700025ac3001f2474cb6d00e58eb7b9cabd92a512cf12264d880773127013dcf7d730"


def test_keys() -> None:
    assert DEVICE_KEY.hex() == "a8038495fcc68cfb95dc4d65f2e60565"
    assert KEYS.up.hex() == "6ebd0959b33f5699a11a4a963f5b5a39"
    assert KEYS.down.hex() == "5e2d5ef222bb1f0944c8b987caafaa56"
    assert join_key(DEVICE_KEY, EUI).hex() == "c7fea79a9f91d8f6a38f951b9b667886"


@pytest.mark.parametrize(
    ("role", "counter", "body", "frame"),
    [
        (Role.EDGE, 70_001, Poll(0), POLL_FRAME),
        (Role.SOCKET, 313, STATUS, STATUS_FRAME),
        (Role.EDGE, 70_002, COMMAND, COMMAND_FRAME),
        (Role.SOCKET, 315, EVENT, EVENT_FRAME),
    ],
    ids=["POLL", "STATUS", "CMD START", "EVENT"],
)
def test_frames_both_ways(role: Role, counter: int, body: object, frame: str) -> None:
    sender = session(role, reserved=counter)
    sender.send(body, now=0.0)  # type: ignore[arg-type]
    assert [data.hex() for data in sender.data_to_send()] == [frame]
    receiver = session(Role.SOCKET if role is Role.EDGE else Role.EDGE, heard=counter - 1)
    (received,) = receiver.receive(bytes.fromhex(frame), now=0.0)
    assert isinstance(received, Received)
    assert received.body == body
    assert received.sound
    assert receiver.heard == counter


def test_an_event_once_had_a_short_tag() -> None:
    """The older example sealed EVENT with 4 bytes: the lowest level still makes it, nothing above accepts it."""
    header = Header(Control.ACK_WANTED, NET, ADDRESS, 315, Kind.EVENT)
    frame = seal(KEYS.up, header, 315, KEYS.join_nonce, EVENT.encode())
    assert frame.hex() == EVENT_FRAME_SHORT_TAG
    assert unseal(KEYS.up, header, 315, KEYS.join_nonce, frame) == EVENT.encode()
    (refused,) = session(Role.EDGE, heard=314).receive(frame, now=0.0)
    assert not isinstance(refused, Received)


def test_a_join_request_once_was_authenticated_under_the_device_key() -> None:
    """The older example is a clear body, ADDR 0000, with the first 8 bytes of CMAC(DK, header | body): another seal."""
    frame = bytes.fromhex(JOIN_REQ_FRAME_CMAC)
    assert peer.cmac(DEVICE_KEY, frame[:25])[:8] == frame[25:]
    with pytest.raises(DecodeError):
        open_request(DEVICE_KEY, frame)


def test_join_request_and_answer() -> None:
    assert BODIES[Kind.JOIN_REQ].encode().hex() == JOIN_REQ_BODY
    assert seal_request(DEVICE_KEY, NET, BODIES[Kind.JOIN_REQ]).hex() == JOIN_REQ_FRAME
    assert open_request(DEVICE_KEY, bytes.fromhex(JOIN_REQ_FRAME)) == BODIES[Kind.JOIN_REQ]
    assert seal_accept(DEVICE_KEY, EUI, NET, DEV_NONCE, BODIES[Kind.JOIN_ACC]).hex() == JOIN_ACC_FRAME


def test_another_key_opens_nothing() -> None:
    frame = bytes.fromhex(STATUS_FRAME)
    with pytest.raises(SealError):
        unseal(KEYS.down, Header.decode(frame), 313, KEYS.join_nonce, frame)
