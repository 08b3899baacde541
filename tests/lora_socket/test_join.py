"""How a socket joins, and who does not get in."""

import pytest
from tests.lora_socket import peer
from tests.lora_socket.worked import ADDRESS, BODIES, DEVICE_KEY, EUI, MASTER, NET, STATUS

from chargelink.lora_socket.frame import Header, SealError
from chargelink.lora_socket.join import (
    JoiningEdge,
    JoiningSocket,
    JoinRefusedError,
    Member,
    claimed_identity,
    open_accept,
    seal_request,
)
from chargelink.lora_socket.keys import NONCE_LIMIT, device_key, session_keys
from chargelink.lora_socket.kinds import Kind
from chargelink.lora_socket.messages import JoinAccept
from chargelink.lora_socket.session import Received, Role, Session
from chargelink.wire import DecodeError, EncodeError

HARDWARE = (1, 0x0104, 0x0F, 0)


def edge(dev_nonce: int = -1, join_nonce: int = 41) -> JoiningEdge:
    return JoiningEdge(NET, {EUI: Member(DEVICE_KEY, dev_nonce)}, join_nonce)


def socket(dev_nonce: int = 6, net: int = 0) -> JoiningSocket:
    return JoiningSocket(DEVICE_KEY, EUI, net, dev_nonce)


ANSWER = JoinAccept(1, ADDRESS, 1_795_000_000, 470_300_000, 0, 0, 0, 8, 17, 5, 3, 4)


def test_a_join_begins_a_session() -> None:
    site, device = edge(), socket()
    request = site.receive(device.request(*HARDWARE))
    assert (request.eui, request.dev_nonce, request.firmware) == (EUI, 7, 0x0104)
    assert site.members[EUI].dev_nonce == 7
    frame, theirs = site.accept(request, ANSWER)
    ours = device.receive(frame)
    assert ours == theirs
    assert ours.keys.join_nonce == 42
    assert ours.accept.address == ADDRESS
    near = Session(Role.SOCKET, NET, ADDRESS, ours.keys)
    far = Session(Role.EDGE, NET, ADDRESS, theirs.keys)
    near.counter.reserve(64)
    near.send(STATUS, now=0.0)
    assert isinstance(far.receive(near.data_to_send()[0], now=0.0)[0], Received)


def test_each_join_has_other_keys() -> None:
    site, device = edge(), socket()
    keys = []
    for _ in range(3):
        frame, joined = site.accept(site.receive(device.request(*HARDWARE)), ANSWER)
        assert device.receive(frame) == joined
        keys.append(joined.keys)
    assert len({key.up for key in keys} | {key.down for key in keys}) == 6


def test_a_replayed_request_is_refused() -> None:
    site, device = edge(), socket()
    first, second = device.request(*HARDWARE), device.request(*HARDWARE)
    site.receive(second)
    for old in (first, second):
        with pytest.raises(JoinRefusedError, match="repeats DevNonce"):
            site.receive(old)
    assert site.members[EUI].dev_nonce == 8


def test_a_stranger_is_refused() -> None:
    other = bytes(8)
    stranger = JoiningSocket(device_key(MASTER, other), other, NET, 0)
    with pytest.raises(JoinRefusedError, match="is not ours"):
        edge().receive(stranger.request(*HARDWARE))
    with pytest.raises(JoinRefusedError, match="is not ours"):
        edge().receive(socket(net=NET + 1).request(*HARDWARE))
    impostor = JoiningSocket(bytes(16), EUI, NET, 100)
    site = edge()
    with pytest.raises(SealError):
        site.receive(impostor.request(*HARDWARE))
    assert site.members[EUI].dev_nonce == -1


def test_every_flipped_bit_of_a_join_is_refused() -> None:
    site, device = edge(), socket()
    request = device.request(*HARDWARE)
    frame, _ = site.accept(site.receive(request), ANSWER)
    for original, receive in ((request, edge().receive), (frame, device.receive)):
        for bit in range(len(original) * 8):
            flipped = bytearray(original)
            flipped[bit // 8] ^= 1 << bit % 8
            with pytest.raises(DecodeError):
                receive(bytes(flipped))
        for length in range(len(original)):
            with pytest.raises(DecodeError):
                receive(original[:length])


def test_an_answer_to_another_request_is_refused() -> None:
    site, device = edge(), socket()
    frame, _ = site.accept(site.receive(device.request(*HARDWARE)), ANSWER)
    device.request(*HARDWARE)
    with pytest.raises(DecodeError, match="another request"):
        device.receive(frame)
    with pytest.raises(SealError):
        open_accept(DEVICE_KEY, EUI, 7 + (1 << 16), frame)


def test_a_bound_socket_does_not_follow_another_site() -> None:
    bound = socket(net=NET)
    request = bound.request(*HARDWARE)
    other = JoiningEdge(NET + 1, {EUI: Member(DEVICE_KEY)}, 0)
    body = ANSWER.encode()
    key = peer.join_key(DEVICE_KEY, EUI)
    frame = peer.seal(key, 2, NET + 1, 0xFFFE, 7, 1, body, down=True, tag=8, clear=3)
    with pytest.raises(DecodeError, match="bound to"):
        bound.receive(frame)
    with pytest.raises(JoinRefusedError):
        other.receive(request)


def test_a_request_is_answered_once_and_only_the_last_one() -> None:
    site, device = edge(), socket()
    first, second = site.receive(device.request(*HARDWARE)), site.receive(device.request(*HARDWARE))
    with pytest.raises(EncodeError, match="waits for no answer"):
        site.accept(first, ANSWER)
    site.accept(second, ANSWER)
    with pytest.raises(EncodeError, match="waits for no answer"):
        site.accept(second, ANSWER)
    assert site.join_nonce == 42


def test_nonces_come_to_an_end() -> None:
    last = socket(dev_nonce=NONCE_LIMIT - 2)
    last.request(*HARDWARE)
    with pytest.raises(EncodeError, match="all its DevNonces"):
        last.request(*HARDWARE)
    site, device = edge(join_nonce=NONCE_LIMIT - 2), socket()
    site.accept(site.receive(device.request(*HARDWARE)), ANSWER)
    with pytest.raises(EncodeError, match="all JoinNonces"):
        site.accept(site.receive(device.request(*HARDWARE)), ANSWER)
    with pytest.raises(EncodeError):
        session_keys(DEVICE_KEY, EUI, NET, NONCE_LIMIT, 0)
    with pytest.raises(EncodeError):
        device_key(b"short", EUI)
    with pytest.raises(EncodeError):
        device_key(MASTER, b"short")


def test_who_is_asking_is_readable_before_it_is_proven() -> None:
    frame = seal_request(DEVICE_KEY, NET, BODIES[Kind.JOIN_REQ])
    assert claimed_identity(frame) == (EUI, 7)
    assert Header.decode(frame).address == 0xFFFE
    assert "..." in repr(Member(DEVICE_KEY))


@pytest.mark.parametrize(
    ("kind", "address", "down", "tag", "flags"),
    [
        (1, 0, False, 8, 0),
        (1, 0xFFFE, True, 8, 0),
        (3, 0xFFFE, False, 8, 0),
        (1, 0xFFFE, False, 4, 0),
        (1, 0xFFFE, False, 8, 2),
    ],
    ids=["address", "direction", "type", "tag", "group"],
)
def test_a_sealed_request_in_another_guise_is_refused(
    kind: int, address: int, down: bool, tag: int, flags: int
) -> None:
    body, key = BODIES[Kind.JOIN_REQ].encode(), peer.join_key(DEVICE_KEY, EUI)
    frame = peer.seal(key, kind, NET, address, 7, 0, body, down=down, tag=tag, flags=flags, clear=11)
    with pytest.raises(DecodeError, match="JOIN_REQ"):
        edge().receive(frame)
