"""The command `chargelink decode gwmp`: what LoRa gateways and their server said to each other.

A line is a datagram in hexadecimal, or the JSON inside one as a packet forwarder logs it.
"""

import argparse
from collections.abc import Iterator
from typing import Any

import msgspec

from chargelink.cli.command import Command, Example
from chargelink.cli.language import Text
from chargelink.lora_radio.gwmp import (
    ERRORS,
    FROM_GATEWAY,
    Content,
    Datagram,
    Kind,
    presented,
    read_content,
    read_document,
    read_result,
)
from chargelink.lora_radio.packets import ReceivedPacket, TransmitPacket
from chargelink.lora_socket.frame import Header
from chargelink.lora_socket.kinds import RULE
from chargelink.trace.hex_lines import logged_bytes, logged_document
from chargelink.trace.report import Line, add_input_arguments, add_output_arguments, open_bytes, show
from chargelink.trace.source import Source
from chargelink.wire import DecodeError

DIRECTIONS = {"up": Text("up", "上行"), "down": Text("down", "下行"), "?": Text("?", "?")}
ADDRESSED = ("mac", "token", "error", "warn", "value")  # what a listing says of a datagram before its packets
BASE64 = Text("the payload is no standard base64", "载荷不是标准 base64")
SIZE = Text("the payload is not as long as stated", "载荷长度与声明不符")
CRC = Text("the packet's CRC is wrong: to be dropped", "CRC 错误，应丢弃")
UNREADABLE = Text("cannot be read: {}", "无法解读: {}")
UNKNOWN_ERROR = Text("unknown error code", "未知错误码")


class GatewayReport:
    """A datagram, or the JSON of one."""

    def __init__(
        self, time: float | None, direction: str, message: str, fields: dict[str, Any], content: Content
    ) -> None:
        self.time = time
        self.direction = direction
        self.message = message
        self.fields = fields
        self.content = content
        packets: list[ReceivedPacket | TransmitPacket] = [*content.received]
        if content.transmit is not None:
            packets.append(content.transmit)
        self.defects = [note for packet in packets for note in _defects(packet)]
        statistics = content.statistics.flaws if content.statistics is not None else ()
        unread = [*content.flaws, *(flaw for packet in packets for flaw in packet.flaws), *statistics]
        self.defects += [_filled(UNREADABLE, flaw) for flaw in unread]
        if fields.get("error", "NONE") not in ERRORS:
            self.defects.append(UNKNOWN_ERROR)
        self.remarks = [CRC for packet in content.received if packet.crc == -1]

    @property
    def conforming(self) -> bool:
        return not self.defects

    def line(self) -> Line:
        parts = [f"{name} {self.fields[name]}" for name in ADDRESSED if name in self.fields]
        parts += [_packet_words(packet) for packet in self.content.received]
        if self.content.transmit is not None:
            parts.append(_packet_words(self.content.transmit))
        if self.content.statistics is not None:
            parts.append(" ".join(f"{key} {value}" for key, value in self.content.statistics.to_json().items()))
        notes = tuple(map(str, [*self.defects, *self.remarks]))
        return Line(self.time, str(DIRECTIONS[self.direction]), self.message, "  ".join(parts), notes)

    def json(self) -> bytes:
        return msgspec.json.encode(
            {
                "time": self.time,
                "message": self.message,
                "direction": self.direction,
                "fields": self.fields,
                "conforming": self.conforming,
                "notes": [note.english for note in [*self.defects, *self.remarks]],
            }
        )


class DefectReport:
    """Something that is no datagram, with the reason in words."""

    conforming = False

    def __init__(self, time: float | None, raw: bytes, reason: Text) -> None:
        self.time = time
        self.raw = raw
        self.reason = reason

    def line(self) -> Line:
        title = str(Text("no datagram", "无效数据报"))
        return Line(self.time, str(DIRECTIONS["?"]), title, self.raw.hex(" "), (str(self.reason),))

    def json(self) -> bytes:
        return msgspec.json.encode(
            {
                "time": self.time,
                "message": "unreadable",
                "direction": "?",
                "fields": {"hex": self.raw.hex()},
                "conforming": False,
                "notes": [self.reason.english],
            }
        )


def _filled(text: Text, value: object) -> Text:
    return Text(text.english.format(value), text.chinese.format(value))


def _defects(packet: ReceivedPacket | TransmitPacket) -> list[Text]:
    if packet.payload_flaw is not None:
        return [BASE64]
    return [] if packet.payload is None or packet.size_right else [SIZE]


def _packet_words(packet: ReceivedPacket | TransmitPacket) -> str:
    """Where, how, how strong, and what: an LS1 frame by its type and socket, anything else as bytes."""
    shown = packet.to_json()
    units = {"freq": " MHz", "datr": "", "codr": "", "powe": " dBm", "rssi": " dBm", "lsnr": " dB"}
    parts = [f"{shown[key]}{unit}" for key, unit in units.items() if key in shown]
    if packet.payload is not None:
        parts.append(f"{len(packet.payload)} B {socket_frame(packet.payload) or packet.payload.hex()}")
    return " ".join(parts)


def socket_frame(payload: bytes) -> str | None:
    """What an LS1 frame says in clear: type, site and socket; None for any other payload."""
    try:
        header = Header.decode(payload)
    except DecodeError:
        return None
    kind = RULE[header.kind].kind.name if header.kind in RULE else f"0x{header.kind:02X}"
    return f"LS1 {kind} {header.net:04X}/{header.address:04X} #{header.counter_low}"


def configure(parser: argparse.ArgumentParser) -> None:
    add_input_arguments(parser)
    add_output_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    with open_bytes(arguments) as source:
        return show(reports(source), arguments)


def reports(source: Source) -> Iterator[GatewayReport | DefectReport]:
    """Each line by itself."""
    for line in source.lines():
        text = line.decode("utf-8", "replace")
        if text.strip() == "" or text.lstrip().startswith("#"):
            continue
        if document := logged_document(text):
            yield _document_report(document.text, document.time)
            continue
        logged = logged_bytes(text)
        if logged is None or not logged.raw or logged.strange:
            yield DefectReport(None, b"", _filled(Text("no datagram: {}", "不是数据报: {}"), text.strip()[:80]))
        else:
            yield _datagram_report(logged.raw, logged.time)


def _document_report(text: str, time: float | None) -> GatewayReport | DefectReport:
    try:
        document = read_document(text.encode())
        content = read_content(document)
        fields = content.presented()
        if "txpk_ack" in document:
            fields["error"] = read_result(document).error
    except DecodeError as error:
        return DefectReport(time, b"", _filled(UNREADABLE, error))
    message = "+".join(key for key in ("rxpk", "stat", "txpk", "txpk_ack") if key in document) or "JSON"
    return GatewayReport(time, "down" if "txpk" in document else "up", message, fields, content)


def _datagram_report(raw: bytes, time: float | None) -> GatewayReport | DefectReport:
    try:
        datagram = Datagram.decode(raw)
        fields = presented(datagram)
        content = Content() if datagram.kind is Kind.TX_ACK else read_content(datagram.document())
    except DecodeError as error:
        return DefectReport(time, raw, _filled(UNREADABLE, error))
    direction = "up" if datagram.kind in FROM_GATEWAY else "down"
    return GatewayReport(time, direction, datagram.kind.name, fields, content)


COMMAND = Command(
    name="gwmp",
    summary=Text(
        "UDP between LoRa gateway and server (Semtech): datagrams in hexadecimal, or their JSON",
        "LoRa 网关与服务器之间的 UDP 报文 (Semtech): 十六进制数据报或其 JSON",
    ),
    configure=configure,
    run=run,
    examples=(
        Example("chargelink decode gwmp forwarder.log", Text("read a log", "解读一份日志")),
        Example("echo 027b000001020304050607087b7d | chargelink decode gwmp", Text("one datagram", "单个数据报")),
    ),
)
