"""The way of packets to the air: datagrams of gateways and servers, their JSON, LoRaWAN headers, airtime."""

from functools import partial
from typing import Any

import msgspec
from tests.fuzz.script import Script, chunked
from tests.fuzz.seeds import gateway_datagrams, gateway_documents

from chargelink.lora_radio import lorawan
from chargelink.lora_radio.airtime import airtime_us, longest_payload
from chargelink.lora_radio.gateway import Gateway, TransmitRequested
from chargelink.lora_radio.gwmp import (
    Content,
    Datagram,
    TransmitResult,
    presented,
    read_content,
    read_document,
    read_result,
    write_content,
)
from chargelink.lora_radio.packets import RECEIVED, STATISTICS, TRANSMIT, ReceivedPacket
from chargelink.lora_radio.radio import UnreachableError
from chargelink.lora_radio.server import Server, immediately
from chargelink.wire import DecodeError, EncodeError

EUI = bytes(range(1, 9))
HOST = ("192.0.2.1", 1700)
PACKET = ReceivedPacket(payload=b"\xe0" * 13, crc=1)
EXACT = 1 << 50  # a larger number is not exact in every unit
KEYS = [
    *dict.fromkeys(key.key for key in (*RECEIVED, *TRANSMIT, *STATISTICS)),
    "rxpk",
    "txpk",
    "stat",
    "txpk_ack",
    "data",
    "error",
]
SCALARS = (0, -1, 1, 470.3, -0.0, 1e300, -1e19, 1 << 63, -(1 << 63), (1 << 64) - 1, True, None, "", "SF8BW125", "LORA")


def datagrams(data: bytes) -> None:
    """A datagram is read and written again as it was, or raises DecodeError; so does its JSON."""
    try:
        datagram = Datagram.decode(data)
    except DecodeError:
        return
    assert Datagram.decode(datagram.encode()) == datagram
    try:
        msgspec.json.encode(presented(datagram))
    except DecodeError:
        return
    document = datagram.document()
    read_content(document)


def documents(data: bytes) -> None:
    """JSON of any shape becomes packets and flaws; what was understood is written to be understood the same."""
    try:
        document = read_document(data if data.startswith(b"{") else invented(data))
    except DecodeError:
        return
    content = read_content(document)
    msgspec.json.encode(content.presented())
    again = read_content(read_document(write_content(content)))
    assert not again.flaws
    assert len(again.received) == len(content.received)
    for before, after in zip(content.received, again.received, strict=True):
        assert (before.payload, before.time, before.modulation) == (after.payload, after.time, after.modulation)
        if before.frequency_hz is not None and abs(before.frequency_hz) < EXACT:
            assert before.frequency_hz == after.frequency_hz
    try:
        read_result(document)
    except DecodeError:
        return


def invented(data: bytes) -> bytes:
    """The JSON of which the bytes are the script: few changes of JSON text leave it JSON."""
    return msgspec.json.encode(_invented(Script(data), 0))


def _invented(script: Script, depth: int) -> Any:
    """A JSON value, with the keys of the protocol where they belong or do not."""
    match script.number() % 6 if depth < 5 else 2:
        case 0 | 1:
            return {script.choose(KEYS): _invented(script, depth + 1) for _ in range(script.number() % 12)}
        case 2 | 3:
            return script.choose(SCALARS)
        case 4:
            return [_invented(script, depth + 1) for _ in range(script.number() % 4)]
        case _:
            return script.take(script.number() % 40).decode("utf-8", "replace")


def invented_seed() -> bytes:
    """The script of a document with one received packet."""
    received, frequency, payload = map(KEYS.index, ("rxpk", "freq", "data"))
    return bytes((0, 1, received, 4, 1, 0, 2, frequency, 2, 3, payload, 5, 4)) + b"4GBR"


def document_seeds() -> list[bytes]:
    return [*gateway_documents(), invented_seed()]


def gateways(data: bytes) -> None:
    """A gateway and its server exchange datagrams that get lost, garbled and invented."""
    script = Script(data)
    now = 0.0
    gateway, server = Gateway(EUI, now), Server({EUI: (HOST[0],)})
    up: list[bytes] = []
    down: list[bytes] = []
    while not script.ended:
        match script.number() % 8:
            case 0:
                now += script.step()
            case 1:
                for datagram in up[:1]:
                    server.receive(datagram, script.choose((HOST, ("198.51.100.9", 1))), now)
                del up[:1]
            case 2:
                for datagram in down[:1]:
                    _obey(gateway, datagram, script, now)
                del down[:1]
            case 3:
                server.receive(script.chunk(), HOST, now)
            case 4:
                _obey(gateway, script.chunk(), script, now)
            case 5:
                gateway.push((PACKET,) * (script.number() % 3), now)
            case 6:
                try:
                    server.transmit(EUI, immediately(470_300_000, 8, script.chunk(), 17), now)
                except UnreachableError:
                    assert not server.reachable
            case _:
                del (up, down)[script.number() & 1][:1]
        gateway.tick(now)
        server.tick(now)
        assert gateway.deadline > now
        assert server.deadline is None or server.deadline > now
        up += gateway.data_to_send()
        down += [datagram for datagram, _ in server.data_to_send()]


def _obey(gateway: Gateway, datagram: bytes, script: Script, now: float) -> None:
    for event in gateway.receive(datagram, now):
        if isinstance(event, TransmitRequested):
            write_content(Content(transmit=event.packet))
            gateway.acknowledge(event.token, TransmitResult(script.choose(("NONE", "TOO_LATE"))))


def gateway_seeds() -> list[bytes]:
    heard = [act + chunked(raw) for raw in gateway_datagrams() for act in (b"\x03", b"\x04")]
    exchange = b"\x01\x00\x02\x00\x05\x01\x01\x00\x02\x06\x02\xe0\x40\x02\x00\x01\x00\x00\x0b"
    return [*heard, exchange, exchange * 4]


def lorawan_headers(data: bytes) -> None:
    """Any payload has a LoRaWAN header or none; its parts add up."""
    frame = lorawan.read(data)
    if frame is None:
        return
    msgspec.json.encode(frame.fields())
    if isinstance(frame, lorawan.Data):
        parts = 8 + len(frame.options) + (frame.port is not None) + len(frame.payload) + len(frame.mic)
        assert parts == len(data)


def lorawan_seeds() -> list[bytes]:
    return [bytes.fromhex("40f17dbe4900020001954378762b11ff0d"), bytes((0,)) * 23, bytes((0x20,)) * 17, b"\xe0" * 13]


def airtimes(data: bytes) -> None:
    """Any modulation has an airtime, which grows with the payload, or EncodeError."""
    script = Script(data)
    spreading_factor, bandwidth_hz = script.number() % 16, script.choose((62_500, 125_000, 250_000, 500_000, 1))
    payload, preamble = script.number(2) - 3, script.number(2) - 3
    flags = script.number()
    timed = partial(
        airtime_us,
        spreading_factor=spreading_factor,
        bandwidth_hz=bandwidth_hz,
        coding_rate=script.number() % 11,
        preamble=preamble,
        explicit_header=flags & 1 == 0,
        crc=flags & 2 == 0,
        low_data_rate=flags & 4 == 0,
    )
    try:
        airtime = timed(payload)
    except EncodeError:
        return
    assert airtime > 0
    assert payload == 0 or airtime >= timed(payload - 1)
    longest = longest_payload(spreading_factor, airtime, bandwidth_hz)
    assert longest is None or airtime_us(longest, spreading_factor, bandwidth_hz) <= airtime


def airtime_seeds() -> list[bytes]:
    return [bytes((7, 1, 0, 36, 0, 11, 0, 5)), bytes((12, 1, 0, 16, 0, 11, 4, 5)), bytes((9, 3, 0, 203, 0, 11, 3, 8))]
