"""Joining: how a socket and its edge come to session keys.

The socket sends JOIN_REQ, the edge answers JOIN_ACC, both under K_join with the long tag. What the receiver needs
before it can open a frame stays clear, authenticated all the same: EUI and DevNonce of the request, JoinNonce of
the answer.

The nonces, all numbers little endian:

    JOIN_REQ   01 | 00 | NET | ADDR | DevNonce (3) 00 | 00 00 00
    JOIN_ACC   01 | 01 | NET | ADDR | DevNonce (3) 00 | JoinNonce (3)

with NET and ADDR as in the header (ADDR FFFE; NET 0000 while a socket knows no site), CNT the low half of the
DevNonce. They never repeat under one K_join: a socket never uses a DevNonce twice, and an edge answers each
DevNonce at most once with one JoinNonce, which is above 0 and only grows. Both counters are written to durable
storage before use; an edge that was restored from a backup first raises its JoinNonce far beyond anything it may
have used.
"""

from typing import NamedTuple

import msgspec

from chargelink.lora_socket.frame import JOINING, Control, Header, seal, unseal
from chargelink.lora_socket.keys import NONCE_LIMIT, SessionKeys, join_key, session_keys
from chargelink.lora_socket.kinds import RULE, Kind
from chargelink.lora_socket.messages import JoinAccept, JoinRequest
from chargelink.wire import DecodeError, EncodeError


class Joined(NamedTuple):
    """What both sides know after a join."""

    keys: SessionKeys
    accept: JoinAccept


def _header(kind: Kind, net: int, dev_nonce: int) -> Header:
    control = Control.LONG_TAG | (Control.DOWN if RULE[kind].down else Control(0))
    return Header(control, net, JOINING, dev_nonce & 0xFFFF, kind)


def seal_request(device_key: bytes, net: int, request: JoinRequest) -> bytes:
    """The socket asks to join. `net` is the site it was bound to, 0 for none. Raises EncodeError."""
    header = _header(Kind.JOIN_REQ, net, request.dev_nonce)
    key = join_key(device_key, request.eui)
    return seal(key, header, request.dev_nonce, 0, request.encode(), RULE[Kind.JOIN_REQ].clear)


def claimed_identity(frame: bytes) -> tuple[bytes, int]:
    """EUI and DevNonce that a JOIN_REQ claims, before anything proves it. Raises DecodeError if it is no JOIN_REQ."""
    _joining_header(frame, Kind.JOIN_REQ)
    return frame[9:17], int.from_bytes(frame[17:20], "little")


def open_request(device_key: bytes, frame: bytes) -> JoinRequest:
    """A JOIN_REQ whose sender has the device key. Raises DecodeError, SealError when it has not."""
    header = _joining_header(frame, Kind.JOIN_REQ)
    eui, dev_nonce = claimed_identity(frame)
    if header.counter_low != dev_nonce & 0xFFFF:
        raise DecodeError(f"JOIN_REQ with count {header.counter_low} and DevNonce {dev_nonce}")
    return JoinRequest.decode(unseal(join_key(device_key, eui), header, dev_nonce, 0, frame, RULE[Kind.JOIN_REQ].clear))


def seal_accept(device_key: bytes, eui: bytes, net: int, dev_nonce: int, accept: JoinAccept) -> bytes:
    """The edge lets a socket in. Raises EncodeError."""
    header = _header(Kind.JOIN_ACC, net, dev_nonce)
    key = join_key(device_key, eui)
    return seal(key, header, dev_nonce, accept.join_nonce, accept.encode(), RULE[Kind.JOIN_ACC].clear)


def open_accept(device_key: bytes, eui: bytes, dev_nonce: int, frame: bytes) -> JoinAccept:
    """The answer to our request with `dev_nonce`. Raises DecodeError, SealError when it answers another."""
    header = _joining_header(frame, Kind.JOIN_ACC)
    if header.counter_low != dev_nonce & 0xFFFF:
        raise DecodeError(f"JOIN_ACC to another request: count {header.counter_low}, DevNonce {dev_nonce}")
    join_nonce = int.from_bytes(frame[9:12], "little")
    body = unseal(join_key(device_key, eui), header, dev_nonce, join_nonce, frame, RULE[Kind.JOIN_ACC].clear)
    return JoinAccept.decode(body)


def _joining_header(frame: bytes, kind: Kind) -> Header:
    header = Header.decode(frame)
    rule = RULE[kind]
    if header.kind != kind or header.down != rule.down or header.address != JOINING:
        raise DecodeError(f"no {kind.name}: {frame[:9].hex(' ')}")
    if header.tag_length != rule.tag_length(False) or Control.GROUP in header.control:
        raise DecodeError(f"{kind.name} without its long tag")
    if len(frame) < 9 + rule.clear + header.tag_length:
        raise DecodeError(f"{kind.name} of {len(frame)} bytes")
    return header


class JoiningSocket:
    """The socket's side. `dev_nonce` is the last one used, as durable storage has it."""

    def __init__(self, device_key: bytes, eui: bytes, net: int, dev_nonce: int) -> None:
        self.device_key = device_key
        self.eui = eui
        self.net = net
        self.dev_nonce = dev_nonce

    def request(self, model: int, firmware: int, capabilities: int, reset_reason: int) -> bytes:
        """A JOIN_REQ with the next DevNonce. Write `dev_nonce` to durable storage before sending it.

        Raises EncodeError when the device key has seen 2 ** 24 requests and must be replaced.
        """
        if self.dev_nonce + 1 >= NONCE_LIMIT:
            raise EncodeError("the device key has seen all its DevNonces")
        self.dev_nonce += 1
        request = JoinRequest(self.eui, self.dev_nonce, model, firmware, capabilities, reset_reason)
        return seal_request(self.device_key, self.net, request)

    def receive(self, frame: bytes) -> Joined:
        """The edge's answer to the last request. Raises DecodeError when it is none."""
        accept = open_accept(self.device_key, self.eui, self.dev_nonce, frame)
        net = Header.decode(frame).net
        if self.net not in (0, net):
            raise DecodeError(f"JOIN_ACC of site {net:04X}, bound to {self.net:04X}")
        return Joined(session_keys(self.device_key, self.eui, net, accept.join_nonce, self.dev_nonce), accept)


class JoinRefusedError(DecodeError):
    """A request that is not answered; the message says why."""


class Member(NamedTuple):
    """A socket that may join this site. `dev_nonce` is the highest seen, -1 for none, as durable storage has it."""

    device_key: bytes
    dev_nonce: int = -1

    def __repr__(self) -> str:
        return f"Member(device_key=..., dev_nonce={self.dev_nonce})"


class JoiningEdge:
    """The edge's side: only the sockets in `members` (by EUI) may join, each DevNonce once.

    `join_nonce` is the last one used, as durable storage has it.
    """

    def __init__(self, net: int, members: dict[bytes, Member], join_nonce: int) -> None:
        self.net = net
        self.members = members
        self.join_nonce = join_nonce
        self._unanswered: dict[bytes, JoinRequest] = {}

    def receive(self, frame: bytes) -> JoinRequest:
        """A request to be answered. Write the member's new `dev_nonce` to durable storage before answering.

        Raises JoinRefusedError for a socket of another site, an EUI that is not ours, a DevNonce that is not new;
        DecodeError for what is no request.
        """
        eui, dev_nonce = claimed_identity(frame)
        member = self.members.get(eui)
        net = Header.decode(frame).net
        if member is None or net not in (0, self.net):
            raise JoinRefusedError(f"socket {eui.hex()} of site {net:04X} is not ours")
        request = open_request(member.device_key, frame)
        if dev_nonce <= member.dev_nonce:
            raise JoinRefusedError(f"socket {eui.hex()} repeats DevNonce {dev_nonce}: replayed, or a clone")
        self.members[eui] = member._replace(dev_nonce=dev_nonce)
        self._unanswered[eui] = request
        return request

    def accept(self, request: JoinRequest, accept: JoinAccept) -> tuple[bytes, Joined]:
        """The frame to send, and what both sides know once it has arrived. Each request is answered once.

        `accept` gets the next JoinNonce: write `join_nonce` to durable storage before sending the frame. The session
        before it stays valid until the first frame of the new one has been opened. Raises EncodeError when the request
        is not the socket's last or was answered, or when all JoinNonces are used.
        """
        if self._unanswered.get(request.eui) != request:
            raise EncodeError(f"DevNonce {request.dev_nonce} of {request.eui.hex()} waits for no answer")
        if self.join_nonce + 1 >= NONCE_LIMIT:
            raise EncodeError("all JoinNonces are used: replace the site's device keys")
        del self._unanswered[request.eui]
        self.join_nonce += 1
        accept = msgspec.structs.replace(accept, join_nonce=self.join_nonce)
        device_key = self.members[request.eui].device_key
        frame = seal_accept(device_key, request.eui, self.net, request.dev_nonce, accept)
        keys = session_keys(device_key, request.eui, self.net, self.join_nonce, request.dev_nonce)
        return frame, Joined(keys, accept)
