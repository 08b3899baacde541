"""One report for everything that was heard on a bus, and for what was not understood."""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import msgspec

from chargelink.cli.language import Language, Text, spoken
from chargelink.gbt27930.catalogue import DIAGNOSTICS, Sender
from chargelink.gbt27930.identifier import BMS, CHARGER, PGN_BITS, Identifier
from chargelink.gbt27930.listener import Control, Foreign, Heard, Hearing, Listener, Unread
from chargelink.gbt27930.transport import Incomplete, Trouble, Unexpected
from chargelink.gbt27930.transport.frames import (
    NAMES,
    TP_DT,
    Abort,
    Broadcast,
    RequestToSend,
    conforms,
    decode_connection,
)
from chargelink.trace.can_log import CanFrame, Unreadable
from chargelink.trace.gbt27930.fields import DERIVED, json_fields
from chargelink.trace.gbt27930.words import controlled, message_name, spoken_name, words
from chargelink.trace.report import Line, Report
from chargelink.wire import DecodeError, Flaw, Message, Why
from chargelink.wire.show import shown

ALWAYS_SHOWN = (NAMES[Abort], NAMES[Broadcast])  # control frames that are no part of an ordinary transfer
SENDERS = [sender.value for sender in Sender]
_encode = msgspec.json.Encoder().encode

FLAW = {
    Why.ABOVE: Text("{} is above its range (raw 0x{:02X})", "{} 超出上限（原始值 0x{:02X}）"),
    Why.BELOW: Text("{} is below its range (raw 0x{:02X})", "{} 低于下限（原始值 0x{:02X}）"),
    Why.UNKNOWN_CODE: Text(
        "{} has a code that the standard does not know (raw 0x{:02X})", "{} 的取值标准未定义（原始值 0x{:02X}）"
    ),
    Why.NOT_BCD: Text("{} is not binary coded decimal (raw 0x{:02X})", "{} 不是有效的 BCD 码（原始值 0x{:02X}）"),
    Why.TORN: Text("{}: cut off by the end of the data (raw 0x{:02X})", "{} 被数据末尾截断（原始值 0x{:02X}）"),
    Why.TOO_MANY: Text("{}: too many elements ({})", "{} 的元素过多（{}）"),
}


class Record(msgspec.Struct, gc=False):
    """What `--json` writes of a report."""

    time: float | None
    message: str
    direction: str
    fields: dict[str, Any]
    conforming: bool
    notes: tuple[str, ...]
    channel: str
    identifier: str


class Said(msgspec.Struct, frozen=True, gc=False):
    """A message that was understood."""

    time: float | None
    channel: str
    heard: Heard

    @property
    def conforming(self) -> bool:
        return self.heard.conforming

    def line(self) -> Line:
        heard = self.heard
        entry = heard.entry
        said = Text("{}: {}", "{}：{}").format(Text(entry.english, entry.chinese), words(heard.message))
        notes = self._notes(partial(spoken_name, type(heard.message)))
        place = _place(self.channel, heard.identifier)
        return Line(self.time, entry.sender.value, entry.name, said, notes, place)

    def json(self) -> bytes:
        heard = self.heard
        show, derive, name, direction = _SHOWS.get(type(heard.message)) or _remember(heard)
        notes = self._notes() if heard.oddities else ()
        fields = show(heard.message)
        if derive:
            fields |= derive(heard.message, heard.payload)
        record = Record(
            self.time,
            name,
            direction,
            fields,
            not notes or heard.conforming,
            notes,
            self.channel,
            f"{heard.identifier:08X}",
        )
        return _encode(record)

    def _notes(self, name: Callable[[str], str] = str) -> tuple[str, ...]:
        """What is odd, with fields called by `name`."""
        return tuple(
            FLAW[odd.why].format(name(odd.field), odd.raw)
            if isinstance(odd, Flaw)
            else str(Text(odd.text, odd.chinese))
            for odd in self.heard.oddities
        )


_SHOWS: dict[type[Message], tuple[Any, Any, str, str]] = {}


def _remember(heard: Heard) -> tuple[Any, Any, str, str]:
    cls = type(heard.message)
    _SHOWS[cls] = json_fields(cls), DERIVED.get(cls), heard.entry.name, heard.entry.sender.value
    return _SHOWS[cls]


class Plain(msgspec.Struct, frozen=True):
    """Anything else, with its record ready; `text` says it for people, else the fields do."""

    record: Record
    text: str = ""

    @property
    def conforming(self) -> bool:
        return self.record.conforming

    def line(self) -> Line:
        record = self.record
        text = self.text or ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in record.fields.items())
        return Line(record.time, record.direction, record.message, text, record.notes, self._place())

    def _place(self) -> str | None:
        record = self.record
        if not record.identifier:
            return None
        between_pair = record.direction in SENDERS  # else the direction has the addresses
        return _place(record.channel, int(record.identifier, 16)) if between_pair else record.channel

    def json(self) -> bytes:
        return _encode(self.record)


def _place(channel: str, identifier: int) -> str:
    """The bus, and the pair's addresses where they are not those of the standard: "can0 57-F5"."""
    low, high = sorted((identifier >> 8 & 0xFF, identifier & 0xFF))
    return channel if (low, high) == (CHARGER, BMS) else f"{channel} {low:02X}-{high:02X}".lstrip()


def reported(time: float | None, channel: str, hearing: Hearing, listener: Listener, transport: bool) -> Report | None:
    """The report of what a listener heard; None where it adds nothing to what was reported."""
    if isinstance(hearing, Heard):
        return Said(time, channel, hearing)
    if isinstance(hearing, Control):
        return _control(time, channel, hearing, listener, transport)
    if isinstance(hearing, Unread):
        entry, raw = hearing.entry, {"raw": hearing.payload.hex()}
        notes = (str(Text("too short: {}", "长度不足：{}")).format(hearing.error),)
        identifier = f"{hearing.identifier:08X}"
        return Plain(Record(time, entry.name, entry.sender.value, raw, False, notes, channel, identifier))
    if isinstance(hearing, Foreign):
        return _foreign(time, channel, hearing)
    if isinstance(hearing, Incomplete):
        return _incomplete(time, channel, hearing, listener)
    if isinstance(hearing, Unexpected):
        if transport and _controlled(hearing.data, spoken()) and hearing.why is Trouble.BAD_SIZE:
            return None  # its frame was reported, with what is wrong
        name = "TP.DT" if hearing.identifier >> 16 & 0xFF == TP_DT else "TP.CM"
        notes = (str(Text(hearing.why.text, hearing.why.chinese)),)
        direction = _direction(listener, hearing.identifier >> 8 & 0xFF, hearing.identifier & 0xFF)
        fields = {"raw": hearing.data.hex()}
        return Plain(Record(time, name, direction, fields, False, notes, channel, f"{hearing.identifier:08X}"))
    return None  # an abort: its frame was reported


def _direction(listener: Listener, destination: int, source: int) -> str:
    """Who speaks to whom: charger and BMS where the addresses are theirs, else the addresses."""
    sender = listener.sender(destination, source)
    return sender.value if sender else f"{source:02X}->{destination:02X}"


def _control(time: float | None, channel: str, control: Control, listener: Listener, transport: bool) -> Plain | None:
    known = _controlled(control.data, spoken())
    if known is None or not (transport or known[0] in ALWAYS_SHOWN):
        return None
    name, fields, notes, text = known
    direction = _direction(listener, control.identifier >> 8 & 0xFF, control.identifier & 0xFF)
    record = Record(time, name, direction, fields, not notes, notes, channel, f"{control.identifier:08X}")
    return Plain(record, text)


@lru_cache(1024)  # the same few frames carry the same messages again and again
def _controlled(data: bytes, language: Language) -> tuple[str, dict[str, Any], tuple[str, ...], str] | None:
    """Name, fields, notes and words of a control frame; None for one that the observer reports as unexpected."""
    try:
        frame = decode_connection(data)
    except DecodeError:
        return None
    fields = shown(frame) | {"pgn": f"0x{frame.pgn:06X}"}
    notes: tuple[str, ...] = ()
    if isinstance(frame, Broadcast):
        notes = (str(Text("broadcast is not used by GB/T 27930", "GB/T 27930 不使用广播传输")),)
    elif isinstance(frame, RequestToSend) and not conforms(frame):
        notes = (str(Text("size and packets do not agree", "报文长度与包数不一致")),)
    return NAMES[type(frame)], fields, notes, controlled(frame)


def _foreign(time: float | None, channel: str, foreign: Foreign) -> Plain:
    _, pgn, destination, source = Identifier.decode(foreign.identifier)
    name = DIAGNOSTICS.get(pgn, "unknown")
    notes = (str(Text("not a message of GB/T 27930 between these addresses", "不是该地址间的 GB/T 27930 报文")),)
    if name != "unknown":
        notes = (str(Text("diagnostic message (annex B), not decoded", "诊断报文（附录 B），未解析")),)
    direction = f"{source:02X}->{destination:02X}"
    fields = {"pgn": f"0x{pgn:06X}", "data": foreign.data.hex()}
    return Plain(Record(time, name, direction, fields, True, notes, channel, f"{foreign.identifier:08X}"))


def _incomplete(time: float | None, channel: str, transfer: Incomplete, listener: Listener) -> Plain:
    name, destination, source = message_name(transfer.pgn), transfer.destination, transfer.source
    identifier = f"{Identifier(7, transfer.pgn & PGN_BITS, destination, source).encode():08X}"
    notes = (
        Text("incomplete, {} of {} packets: {}", "传输不完整，{} / {} 包：{}").format(
            transfer.have, transfer.of, Text(transfer.why.text, transfer.why.chinese)
        ),
    )
    direction = _direction(listener, destination, source)
    cut_off = transfer.why is Trouble.ENDED  # nobody's fault: the recorder stopped
    return Plain(Record(time, name, direction, {}, cut_off, notes, channel, identifier))


def strange(frame: CanFrame) -> Plain:
    """A frame that is no 29-bit data frame: the standard knows no other."""
    only = Text("{}: GB/T 27930 has 29-bit data frames only", "{}：GB/T 27930 只使用扩展数据帧")
    notes = (only.format(frame.kind.value),)
    identifier, data = f"{frame.identifier:X}", frame.data.hex()
    record = Record(frame.time, "unknown", "", {"data": data}, False, notes, frame.channel, identifier)
    return Plain(record, f"{identifier}#{data.upper()}")


def not_readable(what: Unreadable) -> Plain:
    """A line of the recording that is no frame."""
    fields = {"line": what.line, "text": what.text}
    return Plain(Record(None, "unreadable", "", fields, False, (str(what.reason),), "", ""))
