"""One report for every LS1 packet, and in place one for what is none."""

from typing import Any

import msgspec

from chargelink.cli.language import Text
from chargelink.lora_socket.channel import Reason
from chargelink.lora_socket.frame import EVERYONE, JOINING, Control
from chargelink.lora_socket.listener import Listener, Overheard
from chargelink.trace.ls1.words import REASONS, fields, flaw_note, words
from chargelink.trace.report import Line
from chargelink.wire import DecodeError

UP, DOWN, UNKNOWN = "up", "down", "?"
DIRECTIONS = {UP: Text("up", "上行"), DOWN: Text("down", "下行"), UNKNOWN: Text("?", "?")}


class PacketReport:
    """An LS1 packet, opened or not. Without a key nothing speaks against it: then it is told, and conforming."""

    def __init__(self, time: float | None, heard: Overheard, strange: tuple[Text, ...]) -> None:
        self.time = time
        self.heard = heard
        flaws = tuple(map(flaw_note, heard.body.flaws)) if heard.body is not None else ()
        self.conforming = not flaws and not strange and all(reason is Reason.NO_KEY for reason in heard.reasons)
        said = [REASONS[reason] for reason in heard.reasons]
        if heard.detail:
            said.append(Text(heard.detail, heard.detail))
        self.notes = (*said, *flaws, *strange)

    @property
    def message(self) -> str:
        kind = self.heard.kind
        return f"0x{self.heard.header.kind:02X}" if kind is None else kind.name

    @property
    def direction(self) -> str:
        return DOWN if self.heard.header.down else UP

    def line(self) -> Line:
        header, heard = self.heard.header, self.heard
        who = {EVERYONE: Text("all", "全部"), JOINING: Text("joining", "入网")}.get(header.address)
        counter = header.counter_low if heard.counter is None else heard.counter
        parts = [f"{header.net:04X}/{who or format(header.address, '04X')}", f"#{counter}"]
        if heard.acknowledges is not None:
            parts.append(Text("acknowledges #{}", "确认 #{}").format(heard.acknowledges))
        if heard.body is not None:
            parts.append(words(heard.body))
        elif heard.claimed is not None:
            parts += [f"{name.replace('_', ' ')} {value}" for name, value in heard.claimed.items()]
        text = "  ".join(part for part in parts if part)
        return Line(self.time, str(DIRECTIONS[self.direction]), self.message, text, tuple(map(str, self.notes)))

    def json(self) -> bytes:
        header, heard = self.heard.header, self.heard
        values: dict[str, Any] = fields(heard.body) if heard.body is not None else heard.claimed or {}
        return msgspec.json.encode(
            {
                "time": self.time,
                "message": self.message,
                "direction": self.direction,
                "fields": values,
                "conforming": self.conforming,
                "notes": [note.english for note in self.notes],
                "net": f"{header.net:04X}",
                "address": f"{header.address:04X}",
                "counter": heard.counter,
                "counter16": header.counter_low,
                "acknowledges": heard.acknowledges,
                "acknowledgement_wanted": Control.ACK_WANTED in header.control,
                "opened": heard.opened,
            }
        )


class DefectReport:
    """Something that is no LS1 packet, with the reason in words."""

    conforming = False

    def __init__(self, time: float | None, raw: bytes, reason: Text, strange: tuple[Text, ...] = ()) -> None:
        self.time = time
        self.raw = raw
        self.notes = (reason, *strange)

    def line(self) -> Line:
        title = str(Text("no packet", "无效报文"))
        return Line(self.time, str(DIRECTIONS[UNKNOWN]), title, self.raw.hex(" "), tuple(map(str, self.notes)))

    def json(self) -> bytes:
        return msgspec.json.encode(
            {
                "time": self.time,
                "message": "unreadable",
                "direction": UNKNOWN,
                "fields": {"hex": self.raw.hex()},
                "conforming": False,
                "notes": [note.english for note in self.notes],
            }
        )


def report(
    listener: Listener, raw: bytes, time: float | None, strange: tuple[Text, ...] = ()
) -> PacketReport | DefectReport:
    """The report of one packet."""
    try:
        return PacketReport(time, listener.hear(raw), strange)
    except DecodeError as error:
        return DefectReport(time, raw, Text(str(error), str(error)), strange)
