"""Every body and every seal against the peer that was written from the byte tables alone, both ways."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.lora_socket import peer
from tests.lora_socket.worked import (
    ADDRESS,
    BODIES,
    DEV_NONCE,
    DEVICE_KEY,
    EUI,
    JOIN_NONCE,
    KEYS,
    MASTER,
    NET,
    SETTLE,
    SIZES,
    START,
    session,
)

from chargelink.lora_socket.channel import Sender
from chargelink.lora_socket.commands import Command
from chargelink.lora_socket.counters import SendCounter
from chargelink.lora_socket.join import open_accept, open_request, seal_accept, seal_request
from chargelink.lora_socket.keys import device_key, join_key, session_keys
from chargelink.lora_socket.kinds import RULE, Kind
from chargelink.lora_socket.messages import SettlementReceipt
from chargelink.lora_socket.session import Received, Role

OUTLET = {"state": 0, "power": 0, "energy": 0, "elapsed": 0}
TABLES: dict[Kind, dict[str, Any]] = {
    Kind.STATUS: {
        "flags": 0x0B,
        "voltage": 2214,
        "temperature": 31,
        "leakage": 2,
        "rssi": 87,
        "a_state": 0x20,
        "a_power": 1874,
        "a_energy": 312,
        "a_elapsed": 5400,
        **{f"b_{name}": value for name, value in OUTLET.items()},
    },
    Kind.STATUS_SHORT: {"flags": 3, "states": 0x01, "temperature": 24},
    Kind.EVENT: {"id": 9, "code": 5, "place_severity": 0x20, "value": 2350, "age": 1},
    Kind.METER: {
        "place": 2,
        "voltage": 2299,
        "current": 812,
        "power": 1867,
        "factor": 98,
        "temperature": 41,
        "energy": 3124,
    },
    Kind.SETTLE: {
        "session": 0x00C0FFEE,
        "place": 1,
        "reason": 0x41,
        "started": 1_795_000_000,
        "duration": 5400,
        "energy": 3124,
        "peak": 1874,
        "t1": 90,
        "t2": 0,
        "t3": 0,
        "t4": 0,
        "t5": 0,
        "flags": 0,
    },
    Kind.CMD_RES: {"id": 0x0102, "result": 0, "place": 1, "state": 2, "session": 0x00C0FFEE},
    Kind.POLL: {"answer": 0},
    Kind.BEACON: {
        "time": 1_795_000_000,
        "fraction": 128,
        "flags": 8,
        "epoch": 5,
        "cycle": 4,
        "version": 3,
        "spare": 0,
    },
    Kind.KEY_UPDATE: {"kind_epoch": 5, "key": bytes(range(16)), "floor": 2},
    Kind.CHAN: {"frequency": 4_703_000, "factor": 8, "power": 17, "channel": 1, "delay": 10},
    Kind.NETWORK_TIME: {"time": 1_795_000_000, "fraction": 128},
    Kind.JOIN_REQ: {"eui": EUI, "dev_nonce": 7, "model": 1, "firmware": 0x0104, "capabilities": 15, "reset": 0},
    Kind.JOIN_ACC: {
        "join_nonce": JOIN_NONCE,
        "address": ADDRESS,
        "time": 1_795_000_000,
        "f1": 4_703_000,
        "f2": 4_715_000,
        "f3": 4_727_000,
        "channel": 1,
        "factor": 8,
        "power": 17,
        "epoch": 5,
        "version": 3,
        "cycle": 4,
    },
}


@pytest.mark.parametrize("kind", TABLES, ids=lambda kind: kind.name)
def test_bodies(kind: Kind) -> None:
    packed = peer.pack(peer.BODIES[kind], TABLES[kind])
    assert BODIES[kind].encode() == packed
    decoded = RULE[kind].body.decode(packed)
    assert decoded == BODIES[kind]
    assert not decoded.flaws


def test_start() -> None:
    head = {"id": 0x0102, "expiry": 0x5A10, "operation": 1, "place": 0}
    start = {"session": 0x00C0FFEE, "minutes": 480, "energy": 1500, "power": 400, "flags": 1, "full": 30}
    packed = peer.pack(peer.BODIES[0x41], head) + peer.pack(peer.START, {**start, "full_minutes": 10})
    assert BODIES[Kind.CMD].encode() == packed
    assert Command.decode(packed).operation == START


def test_the_receipt_of_a_settlement() -> None:
    body = peer.pack(peer.BODIES[0x13], TABLES[Kind.SETTLE])
    assert SettlementReceipt.of(SETTLE).encode() == peer.receipt(body)
    assert SettlementReceipt.of(SETTLE).encode().hex() == "01eeffc000" + "81088d060aa06249"


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=8, max_size=8), *[st.integers(0, 0xFFFF)] * 3)
def test_keys(master: bytes, eui: bytes, net: int, join_nonce: int, dev_nonce: int) -> None:
    dk = device_key(master, eui)
    keys = session_keys(dk, eui, net, join_nonce, dev_nonce)
    assert dk == peer.device_key(master, eui)
    assert join_key(dk, eui) == peer.join_key(dk, eui)
    assert keys.up == peer.session_key(dk, 1, net, join_nonce, dev_nonce, eui)
    assert keys.down == peer.session_key(dk, 2, net, join_nonce, dev_nonce, eui)


SESSION_KINDS = [kind for kind in BODIES if kind not in (Kind.JOIN_REQ, Kind.JOIN_ACC, Kind.BEACON)]


@pytest.mark.parametrize("kind", SESSION_KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("counter", [0, 1, 65_535, 65_536, 70_001])
def test_frames_we_seal_are_opened_by_the_peer(kind: Kind, counter: int) -> None:
    rule = RULE[kind]
    sender = session(Role.EDGE if rule.down else Role.SOCKET, reserved=counter)
    sender.send(BODIES[kind], now=0.0)
    (frame,) = sender.data_to_send()
    assert len(frame) == SIZES.get(kind, len(frame))
    key = KEYS.down if rule.down else KEYS.up
    control, net, address, type_byte, body = peer.unseal(key, frame, counter, JOIN_NONCE)
    assert (net, address, type_byte, body) == (NET, ADDRESS, kind, BODIES[kind].encode())
    assert bool(control & 0x20) == rule.down
    assert bool(control & 1) == rule.long_tag


@pytest.mark.parametrize("kind", SESSION_KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("long_tag", [False, True])
def test_frames_the_peer_seals_are_opened_by_us(kind: Kind, long_tag: bool) -> None:
    rule = RULE[kind]
    key = KEYS.down if rule.down else KEYS.up
    body = BODIES[kind].encode()
    frame = peer.seal(key, kind, NET, ADDRESS, 5, JOIN_NONCE, body, down=rule.down, tag=8 if long_tag else 4)
    (event,) = session(Role.SOCKET if rule.down else Role.EDGE, heard=4).receive(frame, now=0.0)
    assert isinstance(event, Received) == (long_tag or not rule.long_tag)
    if isinstance(event, Received):
        assert event.body == BODIES[kind]
        assert event.opened.kind is kind


def test_acknowledgements_in_passing() -> None:
    edge = session(Role.EDGE, reserved=5)
    edge.send(BODIES[Kind.POLL], now=0.0, acknowledge=70_315)
    (frame,) = edge.data_to_send()
    control, *_, body = peer.unseal(KEYS.down, frame, 5, JOIN_NONCE)
    assert control == 0x40 | 0x20 | 0x08 | 0x01  # a downlink that acknowledges has the long tag
    assert body == (70_315 & 0xFFFF).to_bytes(2, "little") + b"\0"
    socket = session(Role.SOCKET, reserved=8)
    socket.send(BODIES[Kind.CMD_RES], now=0.0, acknowledge=5)
    (frame,) = socket.data_to_send()
    assert len(frame) == 24  # the size in the protocol's table: a command's answer acknowledges its frame too
    assert peer.unseal(KEYS.up, frame, 8, JOIN_NONCE)[0] == 0x48


def test_group_frames() -> None:
    key = bytes(range(16, 32))
    counter = SendCounter(40_000)
    counter.reserve(41_000)
    sender = Sender(key, NET, 0xFFFF, 0, counter, down=True, group=True)
    frame = sender.seal(BODIES[Kind.BEACON])
    assert len(frame) == SIZES[Kind.BEACON]
    control, _, address, kind, body = peer.unseal(key, frame, 40_000, 0)
    assert (control, address, kind, body) == (0x62, 0xFFFF, 0x49, BODIES[Kind.BEACON].encode())


def test_joining() -> None:
    key = peer.join_key(peer.device_key(MASTER, EUI), EUI)
    request, accept = BODIES[Kind.JOIN_REQ], BODIES[Kind.JOIN_ACC]
    frame = seal_request(DEVICE_KEY, NET, request)
    assert len(frame) == SIZES[Kind.JOIN_REQ]
    assert peer.unseal(key, frame, DEV_NONCE, 0, clear=11)[4] == request.encode()
    theirs = peer.seal(key, 1, 0, 0xFFFE, DEV_NONCE, 0, request.encode(), down=False, tag=8, clear=11)
    assert open_request(DEVICE_KEY, theirs) == request
    frame = seal_accept(DEVICE_KEY, EUI, NET, DEV_NONCE, accept)
    assert len(frame) == SIZES[Kind.JOIN_ACC]
    assert peer.unseal(key, frame, DEV_NONCE, JOIN_NONCE, clear=3)[4] == accept.encode()
    theirs = peer.seal(key, 2, NET, 0xFFFE, DEV_NONCE, JOIN_NONCE, accept.encode(), down=True, tag=8, clear=3)
    assert open_accept(DEVICE_KEY, EUI, DEV_NONCE, theirs) == accept
