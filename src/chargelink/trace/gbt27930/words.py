"""GB/T 27930 in words, in the chosen language: what a message says, and how the transport goes about it."""

from collections.abc import Callable
from typing import Any

from chargelink.cli.language import Text
from chargelink.gbt27930.catalogue import BY_PGN
from chargelink.gbt27930.charging import BCL, BMT, BMV, BSM
from chargelink.gbt27930.ending import BEM, BST, BST2011, CEM, CST, CST2011
from chargelink.gbt27930.handshake import BRM, CHM
from chargelink.gbt27930.parameters import BRO, CRO, CTS
from chargelink.gbt27930.transport.frames import (
    REASONS,
    UNLIMITED,
    Abort,
    Broadcast,
    ClearToSend,
    Connection,
    EndOfMessage,
    RequestToSend,
)
from chargelink.trace.gbt27930.fields import NO_CLOCK, json_fields, misread_current, version
from chargelink.trace.gbt27930.names import name_of
from chargelink.units import SHOWN
from chargelink.wire import Coded, Message
from chargelink.wire.layout import Field, layout
from chargelink.wire.show import code_words

MASKED = 6  # characters at the end of a VIN that listings, reports and pages do not show


def masked(vin: str) -> str:
    """A VIN to be shown: make and model, and not which car."""
    return vin[:-MASKED] + "*" * MASKED


def words(message: Message) -> str:
    """The fields of a message for people."""
    special = WORDS.get(type(message))
    return special(message) if special else _listed(message)


def _listed(message: Message) -> str:
    of = layout(type(message))
    fields = [*of.fields, of.rest] if of.rest else of.fields
    return _comma().join(f"{name_of(field.name)} {_value(field, getattr(message, field.name))}" for field in fields)


def _comma() -> str:
    return str(Text(", ", "，"))


def spoken_name(cls: type[Message], shown_name: str) -> str:
    """What people call a field, or an element of one, by its name in JSON."""
    of = layout(cls)
    fields = [*of.fields, of.rest] if of.rest else of.fields
    name, bracket, rest = shown_name.partition("[")
    return next((name_of(field.name) + bracket + rest for field in fields if field.shown_name == name), shown_name)


def _value(field: Field, value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, Coded):
        return str(Text(_plain(value), value.chinese))
    if issubclass(field.kind, Coded):
        return code_words(value, field.width)  # a code that nobody knows
    if isinstance(value, tuple):
        return " ".join(_value(field, part) for part in value)
    if isinstance(value, bytes):
        return version(value) if field.name == "protocol_version" else value.hex(" ")
    if isinstance(value, str):
        return repr(value)[1:-1]
    item = getattr(field.item, "each", None) or field.item
    divisor, symbol = SHOWN[getattr(item, "unit", "")].divisor, SHOWN[getattr(item, "unit", "")].symbol
    digits = len(str(divisor // getattr(item, "step", 1))) - 1  # as fine as it travels: 3.60 V, but 55 °C
    return f"{value / divisor:.{max(digits, 0)}f} {symbol}".rstrip() if divisor > 1 else f"{value} {symbol}".rstrip()


def _plain(code: Coded) -> str:
    """The words of a code without its number: "permitted" for "01 permitted"."""
    number, _, rest = code.text.partition(" ")
    if not number[:1].isdecimal():
        return code.text
    return rest or code.name.replace("_", " ").lower()


def _coded(message: Message, name: str) -> str:
    """The value of one field."""
    return next(_value(field, getattr(message, name)) for field in layout(type(message)).fields if field.name == name)


def _identified(message: BRM) -> str:
    plain = BRM(
        message.protocol_version,
        message.battery_type,
        message.rated_capacity,
        message.rated_voltage,
        charge_count=message.charge_count,
        ownership=message.ownership,
        vin=message.vin and masked(message.vin),
    )
    fields = [field for field in layout(BRM).fields if getattr(plain, field.name) is not None]
    return _comma().join(f"{name_of(field.name)} {_value(field, getattr(plain, field.name))}" for field in fields)


def _demand(message: BCL) -> str:
    """With what a bus may mean whose current makes no sense."""
    meant = misread_current(message)
    perhaps = Text(" (perhaps {} A, coded as -10 I - 400)", "（可能为 {} A，按 -10 I - 400 编码）")
    return _listed(message) + ("" if meant is None else perhaps.format(meant))


def _temperatures(message: BMT) -> str:
    there = [value // 10 for value in message.temperatures if value is not None]
    if not there:
        return str(Text("no sensors", "无温度数据"))
    return Text("{} sensors, {} to {} °C", "{} 个检测点，{} 至 {} °C").format(len(there), min(there), max(there))


def _battery_state(message: BSM) -> str:
    """Where it is hottest and coldest, and only those of the seven states that are not as they should be."""
    states = ("cell_voltage_state", "soc_state", "over_current", "over_temperature", "insulation", "output_connector")
    wrong = [f"{name_of(name)} {_coded(message, name)}" for name in states if getattr(message, name)]
    return Text(
        "highest cell {}, {} at sensor {}, {} at sensor {}, {}, charging {}",
        "最高单体编号 {}，最高 {}（检测点 {}），最低 {}（检测点 {}），{}，充电{}",
    ).format(
        message.max_cell_voltage_number,
        _coded(message, "max_temperature"),
        message.max_temperature_point,
        _coded(message, "min_temperature"),
        message.min_temperature_point,
        _comma().join(wrong) or Text("all normal", "各项正常"),
        _coded(message, "charge_permission"),
    )


def _causes(message: Message) -> str:
    """The causes or timeouts that are set."""
    marks = {1: "", 2: str(Text(" (untrusted)", "（不可信）")), 3: str(Text(" (reserved code 11)", "（保留值 11）"))}
    states = {field.name: getattr(message, field.name) for field in layout(type(message)).fields}
    said = [f"{name_of(name)}{marks[state]}" for name, state in states.items() if state]
    return _comma().join(said) or str(Text("nothing set", "均未置位"))


def _clock(message: CTS) -> str:
    time = json_fields(CTS)(message)["time"]
    return str(Text("invalid", "无效")) if time == NO_CLOCK else time or "–"


def _cells(message: BMV) -> str:
    fields = json_fields(BMV)(message)
    if not fields["valid_entries"]:
        return str(Text("no cells", "无单体数据"))
    return Text("{} cells, {:.2f} to {:.2f} V, groups {}", "{} 个单体，{:.2f} 至 {:.2f} V，分组 {}").format(
        fields["valid_entries"], fields["min_V"], fields["max_V"], " ".join(map(str, fields["groups"]))
    )


WORDS: dict[type[Message], Callable[[Any], str]] = {
    CHM: lambda message: version(message.protocol_version),
    BRM: _identified,
    CTS: _clock,
    BRO: lambda message: _coded(message, "ready"),
    CRO: lambda message: _coded(message, "ready"),
    BCL: _demand,
    BSM: _battery_state,
    BMT: _temperatures,
    BMV: _cells,
    **dict.fromkeys((BST, BST2011, CST, CST2011, BEM, CEM), _causes),
}


def message_name(pgn: int) -> str:
    """The name of a message by its PGN, or the PGN where it is none of GB/T 27930."""
    entry = BY_PGN.get(pgn)
    return entry.name if entry else f"PGN 0x{pgn:06X}"


def controlled(frame: Connection) -> str:
    """What a control frame of the transport says."""
    name = message_name(frame.pgn)
    if isinstance(frame, RequestToSend):
        most = (
            "" if frame.max_packets == UNLIMITED else Text(", {} at a time", "，每次 {} 包").format(frame.max_packets)
        )
        asked = Text("wants to send {}: {} bytes in {} packets", "请求发送 {}：{} 字节，{} 包")
        return asked.format(name, frame.total_size, frame.packets) + most
    if isinstance(frame, ClearToSend):
        if not frame.packets_allowed:
            return Text("wants {} later", "暂缓发送 {}").format(name)
        allowed = Text("wants {} packets of {} from number {}", "允许发送 {} 包 {}，自第 {} 包起")
        return allowed.format(frame.packets_allowed, name, frame.next_packet)
    if isinstance(frame, EndOfMessage):
        return Text("has received {}: {} bytes", "已收到 {}：{} 字节").format(name, frame.total_size)
    if isinstance(frame, Broadcast):
        return Text("announces {} to all: {} bytes", "广播 {}：{} 字节").format(name, frame.total_size)
    if isinstance(frame, Abort):
        reason = REASONS.get(frame.abort_reason)
        why = Text(reason.text, reason.chinese) if reason else Text("reason {}", "原因 {}").format(frame.abort_reason)
        return Text("gives up {}: {}", "放弃传输 {}：{}").format(name, why)
    raise AssertionError(f"no words for {frame!r}")
