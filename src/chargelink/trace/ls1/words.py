"""What an LS1 message says, as fields for JSON and in words for people. Keys are never shown."""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import IntFlag
from typing import Any

from chargelink.cli.language import Language, Text, spoken
from chargelink.lora_socket.channel import Reason
from chargelink.lora_socket.codes import BeaconFlags, SettleFlags, StartFlags, StatusFlags
from chargelink.lora_socket.commands import Command, Start, operation_name
from chargelink.lora_socket.messages import Beacon, KeyUpdate, Settle, Status, StatusShort
from chargelink.lora_socket.parameters import BY_TAG, SIGNATURE, ParameterReport, ParameterSet, Setting
from chargelink.trace.ls1.chinese import CHINESE, FLAGS_CHINESE, OPERATIONS_CHINESE
from chargelink.units import SHOWN
from chargelink.wire import Coded, Flaw, Message, Why
from chargelink.wire.layout import Field, layout
from chargelink.wire.show import shown

Fields = dict[str, Any]

FLAGS: dict[type[Any], type[IntFlag]] = {
    Status: StatusFlags,
    StatusShort: StatusFlags,
    Beacon: BeaconFlags,
    Start: StartFlags,
    Settle: SettleFlags,
}
MOMENTS = ("started", "network_time")  # s since 1970
REASONS = {
    Reason.MALFORMED: Text("no LS1 frame", "不是 LS1 报文"),
    Reason.OTHER_SITE: Text("another site", "其他站点"),
    Reason.OTHER_ADDRESS: Text("another socket", "其他插座"),
    Reason.WRONG_DIRECTION: Text("this type does not travel in this direction", "该类型不应出现在此方向"),
    Reason.UNKNOWN_TYPE: Text("unknown type", "未知类型"),
    Reason.WRONG_KEY: Text("this type does not travel under this key", "该类型不应使用此密钥"),
    Reason.NO_KEY: Text("no key: only the header can be read", "无密钥: 只能解读报文头"),
    Reason.SHORT_TAG: Text("the tag is too short for this type", "校验标签长度不足"),
    Reason.FORGED: Text("the tag is wrong: forged, damaged or another key", "校验标签错误: 伪造、损坏或密钥不符"),
    Reason.REPLAYED: Text("counter used before: replayed, or heard twice", "计数器重复: 重放或被多次收到"),
    Reason.GAP: Text("counter too far ahead", "计数器跳跃过大"),
    Reason.BODY: Text("the body cannot be read", "报文体无法解读"),
}
WHY = {
    Why.ABOVE: Text("{} is above its range (raw {})", "{} 超出上限（原始值 {}）"),
    Why.BELOW: Text("{} is below its range (raw {})", "{} 低于下限（原始值 {}）"),
    Why.UNKNOWN_CODE: Text("{} has an unknown code (raw {})", "{} 的取值未定义（原始值 {}）"),
    Why.NOT_BCD: Text("{} is not binary coded decimal (raw {})", "{} 不是有效的 BCD 码（原始值 {}）"),
    Why.TORN: Text("{} has the wrong length (raw {})", "{} 长度错误（原始值 {}）"),
    Why.TOO_MANY: Text("{} has too many elements ({})", "{} 的元素过多（{}）"),
}


def flaw_note(flaw: Flaw) -> Text:
    """A flaw in both languages."""
    why = WHY[flaw.why]
    chinese = CHINESE.get(flaw.field, flaw.field)
    return Text(why.english.format(flaw.field, flaw.raw), why.chinese.format(chinese, flaw.raw))


def fields(body: Any) -> Fields:
    """The fields of a body for JSON, units in the names."""
    special = FIELDS.get(type(body))
    return special(body) if special else _with_flags(body, shown(body))


def _with_flags(body: Message, values: Fields) -> Fields:
    kind = FLAGS.get(type(body))
    return values if kind is None else {**values, "flags": flag_names(kind, values["flags"])}


def flag_names(kind: type[IntFlag], value: int) -> list[str]:
    """The names of the flags that are set; bits without a name as numbers."""
    named = [flag.name.lower() for flag in kind if flag & value and flag.name]
    unnamed = value & ~sum(flag.value for flag in kind)
    return [*named, f"0x{unnamed:02X}"] if unnamed else named


def _command(command: Command) -> Fields:
    return {
        "id": command.id,
        "expiry": command.expiry,
        "place": _code(command.place),
        "operation": operation_name(type(command.operation)),
        **fields(command.operation),
    }


def _code(code: Any) -> Any:
    return code.text if isinstance(code, Coded) else code


def _setting(setting: Setting) -> Fields:
    value: Any = setting.value
    if isinstance(value, bytes):
        value = value.hex()
    parameter = BY_TAG.get(setting.tag)
    name = parameter.name if parameter else "firmware signature" if setting.tag == SIGNATURE else None
    return {"tag": f"0x{setting.tag:02X}", "name": name, "value": value, "unit": parameter.unit if parameter else ""}


def _report(report: ParameterReport) -> Fields:
    settings = [_setting(setting) for setting in report.settings]
    return {"result": _code(report.result), "tag": report.tag, "version": report.version, "settings": settings}


def _key_update(update: KeyUpdate) -> Fields:
    return {name: value for name, value in shown(update).items() if name != "key"}


FIELDS: dict[type[Any], Callable[[Any], Fields]] = {
    Command: _command,
    ParameterSet: lambda body: {"settings": [_setting(setting) for setting in body.settings]},
    ParameterReport: _report,
    KeyUpdate: _key_update,
}


def words(body: Any) -> str:
    """A body for people, in the chosen language."""
    comma = str(Text(", ", "，"))
    if isinstance(body, Command):
        operation = operation_name(type(body.operation))
        head = f"{Text(operation, OPERATIONS_CHINESE[operation])} {_said(body.place)}"
        number = Text("id {}", "编号 {}").format(body.id)
        return comma.join(part for part in (head, number, words(body.operation)) if part)
    if isinstance(body, ParameterSet | ParameterReport):
        result = [_said(body.result)] if isinstance(body, ParameterReport) else []
        return comma.join([*result, *map(_said_setting, body.settings)])
    kind: type[Message] = type(body)
    of = layout(kind)
    every = [*of.fields, of.rest] if of.rest else of.fields
    parts = [_said_field(body, field) for field in every if not (isinstance(body, KeyUpdate) and field.name == "key")]
    return comma.join(part for part in parts if part)


def _said_field(body: Message, field: Field) -> str:
    value = getattr(body, field.name)
    if value in ((), b"") or field.name == "spare":
        return ""
    if field.name == "flags":
        names = flag_names(FLAGS[type(body)], value)
        return " ".join(str(Text(name.replace("_", " "), FLAGS_CHINESE.get(name, name))) for name in names)
    name = CHINESE[field.name] if spoken() is Language.CHINESE else field.name.replace("_", " ")
    if isinstance(value, Message):
        return f"{name}: {words(value)}"
    if isinstance(value, tuple):
        return f"{name} [{'; '.join(words(part) if isinstance(part, Message) else str(part) for part in value)}]"
    if field.name in MOMENTS:
        return f"{name} {datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M:%S} UTC"
    unit = SHOWN[getattr(field.item, "unit", "")]
    if field.name == "negative_rssi":
        return Text("last downlink {} {}", "上次下行信号 {} {}").format(-value, unit.symbol)
    return f"{name} {_said(value, unit.divisor)} {unit.symbol}".rstrip()


def _said(value: Any, divisor: int = 1) -> str:
    if isinstance(value, Coded):
        return value.chinese if spoken() is Language.CHINESE else value.text
    if isinstance(value, bytes):
        return value.hex()
    return str(value if divisor == 1 else value / divisor)


def _said_setting(setting: Setting) -> str:
    parameter = BY_TAG.get(setting.tag)
    name = f"{setting.tag:02X}"
    if parameter is not None:
        name = parameter.chinese if spoken() is Language.CHINESE else parameter.name
    value = setting.value.hex() if isinstance(setting.value, bytes) else setting.value
    return f"{name} {value} {parameter.unit if parameter else ''}".rstrip()
