"""GWMP, the datagrams between Semtech's packet forwarder and a server, protocol version 2.

PROTOCOL.TXT of Lora-net/packet_forwarder, version 1.4; the additions of Lora-net/sx1302_hal. A datagram is version (1
byte), token (2), kind (1), for kinds sent by a gateway its EUI (8), and for three kinds a JSON object. There is neither
authentication nor repetition: what must not be forged carries its own seal inside the payload.
"""

from enum import IntEnum
from typing import Any, Self

import msgspec

from chargelink.lora_radio.packets import ReceivedPacket, Statistics, TransmitPacket
from chargelink.wire import DecodeError, EncodeError

VERSION = 2
HEADER = 4  # bytes: version, token, kind
EUI = 8  # bytes
LONGEST_DATAGRAM = 65_507  # bytes of UDP payload


class Kind(IntEnum):
    """What a datagram is, by its fourth byte."""

    PUSH_DATA = 0
    PUSH_ACK = 1
    PULL_DATA = 2
    PULL_RESP = 3
    PULL_ACK = 4
    TX_ACK = 5


FROM_GATEWAY = {Kind.PUSH_DATA, Kind.PULL_DATA, Kind.TX_ACK}
WITH_JSON = {Kind.PUSH_DATA, Kind.PULL_RESP, Kind.TX_ACK}
BARE_ACKNOWLEDGEMENT = b"\0"  # an iBTS sends one 0 byte where TX_ACK has its optional JSON
BARE_NOTE = "iBTS sends one 0 byte instead of JSON"


class Datagram(msgspec.Struct, frozen=True):
    """One datagram as it travels.

    `token` 0 to 65535 pairs an acknowledgement with what it acknowledges; it is opaque, read low byte first.
    `gateway` is the EUI, 8 bytes, in what gateways send. `body` is the JSON text of kinds that have one.
    """

    kind: Kind
    token: int
    gateway: bytes | None = None
    body: bytes = b""

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read a datagram. Raises DecodeError for another version, an unknown kind, or one that is too short."""
        if len(data) < HEADER:
            raise DecodeError(f"a GWMP datagram has at least {HEADER} bytes, got {len(data)}: {data.hex(' ')}")
        if data[0] != VERSION:
            raise DecodeError(f"GWMP version {data[0]}, this is {VERSION}")
        try:
            kind = Kind(data[3])
        except ValueError:
            raise DecodeError(f"no GWMP datagram has kind {data[3]}") from None
        start = HEADER + EUI if kind in FROM_GATEWAY else HEADER
        if len(data) < start:
            raise DecodeError(f"{kind.name} needs {start} bytes, got {len(data)}: {data.hex(' ')}")
        body = bytes(data[start:]) if kind in WITH_JSON else b""
        token = int.from_bytes(data[1:3], "little")
        return cls(kind, token, bytes(data[HEADER:start]) or None, body)

    def encode(self) -> bytes:
        """Write the datagram. Raises EncodeError for a token, gateway or body that its kind cannot have."""
        kind = self.kind
        if not 0 <= self.token <= 0xFFFF:
            raise EncodeError(f"token {self.token} has more than 16 bits")
        if len(self.gateway or b"") != (EUI if kind in FROM_GATEWAY else 0):
            raise EncodeError(f"{kind.name} with gateway {self.gateway!r}")
        if self.body and kind not in WITH_JSON:
            raise EncodeError(f"{kind.name} has no body")
        data = bytes([VERSION, *self.token.to_bytes(2, "little"), kind]) + (self.gateway or b"") + self.body
        if len(data) > LONGEST_DATAGRAM:
            raise EncodeError(f"{len(data)} bytes do not fit a UDP datagram")
        return data

    def document(self) -> dict[str, Any]:
        """The JSON object of the body, empty when there is none. Raises DecodeError when it is no JSON object."""
        text = self.body.rstrip(b"\0")  # C strings arrive with their end, and BARE_ACKNOWLEDGEMENT is nothing else
        if not text and self.kind not in (Kind.PUSH_DATA, Kind.PULL_RESP):
            return {}
        return read_document(text)


class Content(msgspec.Struct, frozen=True):
    """What the JSON of a datagram holds. `flaws` are objects that could not be read, in words."""

    received: tuple[ReceivedPacket, ...] = ()
    transmit: TransmitPacket | None = None
    statistics: Statistics | None = None
    flaws: tuple[str, ...] = ()

    def presented(self) -> dict[str, Any]:
        """For people and programs, under the keys of the protocol."""
        shown: dict[str, Any] = {}
        if self.received:
            shown["rxpk"] = [packet.presented() for packet in self.received]
        if self.transmit is not None:
            shown["txpk"] = self.transmit.presented()
        if self.statistics is not None:
            shown["stat"] = self.statistics.presented()
        return shown


class TransmitResult(msgspec.Struct, frozen=True):
    """What a gateway says of a packet that it was asked to send: `error` NONE or why not.

    `warning` and `value`: sent, but otherwise than asked, such as with a lower power (sx1302_hal).
    """

    error: str = "NONE"
    warning: str | None = None
    value: int | float | None = None


ERRORS = (
    "NONE",
    "TOO_LATE",
    "TOO_EARLY",
    "COLLISION_PACKET",
    "COLLISION_BEACON",
    "TX_FREQ",
    "TX_POWER",
    "GPS_UNLOCKED",
)


def read_document(text: bytes) -> dict[str, Any]:
    """Decode JSON text that must be an object. Raises DecodeError."""
    try:
        document = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(f"no JSON: {error}") from error
    if not isinstance(document, dict):
        raise DecodeError(f"JSON, but no object: {text[:40]!r}")
    return document


def read_content(document: dict[str, Any]) -> Content:
    """Packets and statistics of a JSON object; one that cannot be read costs only itself."""
    received: list[ReceivedPacket] = []
    flaws: list[str] = []
    packets = document.get("rxpk", [])
    for packet in packets if isinstance(packets, list) else [packets]:
        try:
            received.append(ReceivedPacket.from_json(packet))
        except DecodeError as error:
            flaws.append(str(error))
    transmit = statistics = None
    try:
        transmit = TransmitPacket.from_json(document["txpk"]) if "txpk" in document else None
    except DecodeError as error:
        flaws.append(str(error))
    try:
        statistics = Statistics.from_json(document["stat"]) if "stat" in document else None
    except DecodeError as error:
        flaws.append(str(error))
    return Content(tuple(received), transmit, statistics, tuple(flaws))


def write_content(content: Content) -> bytes:
    """The JSON text of packets and statistics, keys in the order of the protocol's tables."""
    document: dict[str, Any] = {}
    if content.received:
        document["rxpk"] = [packet.to_json() for packet in content.received]
    if content.statistics is not None:
        document["stat"] = content.statistics.to_json()
    if content.transmit is not None:
        document["txpk"] = content.transmit.to_json()
    return msgspec.json.encode(document)


def read_result(document: dict[str, Any]) -> TransmitResult:
    """The result in a TX_ACK; one without says that all is well. Raises DecodeError when it cannot be understood."""
    result = document.get("txpk_ack", {})
    if not isinstance(result, dict):
        raise DecodeError(f"txpk_ack is no object: {str(result)[:40]}")
    error, warning, value = result.get("error"), result.get("warn"), result.get("value")
    if not isinstance(error, str | None) or not isinstance(warning, str | None):
        raise DecodeError(f"txpk_ack: {str(result)[:80]}")
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    return TransmitResult(error or "NONE", warning, number)


def write_result(result: TransmitResult) -> bytes:
    """The JSON text of a TX_ACK."""
    shown: dict[str, Any] = {"error": result.error}
    if result.warning is not None:
        shown |= {"warn": result.warning, "value": result.value}
    return msgspec.json.encode({"txpk_ack": shown})


def presented(datagram: Datagram) -> dict[str, Any]:
    """A datagram for people and programs. Raises DecodeError when its body is not what its kind has."""
    shown: dict[str, Any] = {"type": datagram.kind.name, "token": datagram.token}
    if datagram.gateway is not None:
        shown["mac"] = datagram.gateway.hex()
    document = datagram.document()
    if datagram.kind is Kind.TX_ACK:
        if datagram.body == BARE_ACKNOWLEDGEMENT:
            shown["note"] = BARE_NOTE
        elif "txpk_ack" in document:
            result = read_result(document)
            shown["error"] = result.error
            if result.warning is not None:
                shown |= {"warn": result.warning, "value": result.value}
    elif datagram.kind in WITH_JSON:
        shown["json"] = datagram.body.decode()
        shown |= read_content(document).presented()
    return shown
