"""A frame's values in the words of the chosen language."""

from collections.abc import Mapping

from chargelink.cli.language import Language, Text, spoken
from chargelink.dlt645.bodies import RELAY_COMMANDS
from chargelink.dlt645.catalogue import Catalogue, Item
from chargelink.dlt645.control import ERROR_WORDS, Words
from chargelink.dlt645.message import Message
from chargelink.dlt645.reading import Reading

LABELS = {
    "PA": Text("level", "权限"),
    "password": Text("password", "密码"),
    "operator": Text("operator", "操作者"),
    "data": Text("data", "数据"),
    "N1": Text("N1", "N1"),
    "command": Text("command", "命令"),
    "N2": Text("N2", "N2"),
    "valid_until": Text("valid until", "有效截止"),
    "time": Text("time", "时间"),
    "freeze": Text("freeze at", "冻结时间"),
    "baud_feature": Text("baud feature word", "速率特征字"),
    "baud": Text("baud", "波特率"),
    "new_address": Text("new address", "新地址"),
    "communication_address": Text("address", "通信地址"),
    "error_word": Text("error word", "错误信息字"),
    "errors": Text("errors", "错误"),
    "sequence": Text("sequence", "帧序号"),
    "blocks": Text("blocks", "块数"),
    "from": Text("from", "起始时间"),
    "raw": Text("bytes", "字节"),
    "extra_bytes": Text("extra bytes", "多余字节"),
    "apdu": Text("APDU", "APDU"),
    "weekday": Text("weekday", "星期"),
    "number": Text("number", "编号"),
    "set": Text("set", "置位"),
}
CHINESE = {words.english: words.chinese for words in (*ERROR_WORDS.values(), *RELAY_COMMANDS.values())}
ABSENT = Text("not available", "无")


def said(words: Words) -> str:
    """Words of the protocol in the chosen language."""
    return words.chinese if spoken() is Language.CHINESE else words.english


def described(message: Message, catalogue: Catalogue) -> str:
    """All values of a frame, one after the other; for a request to read, what it asks for."""
    if message.readings is None:
        asked = _title(message.identifier, catalogue) if message.identifier else ""
        return ", ".join(part for part in (asked, listed(message.values)) if part)
    parts = [_described_reading(reading) for reading in message.readings.readings]
    extra = {key: value for key, value in message.values.items() if key in ("extra_bytes", "raw")}
    return ", ".join([*parts, listed(extra)] if extra else parts)


def _title(identifier: str, catalogue: Catalogue) -> str:
    """The name of an identifier; of a block that of its first item."""
    items = catalogue.expand(identifier)
    return _name(items[0]) + (" ..." if len(items) > 1 else "") if items else ""


def _name(item: Item) -> str:
    return item.chinese if spoken() is Language.CHINESE else item.name.replace("_", " ")


def _described_reading(reading: Reading) -> str:
    return f"{_name(reading.item)} {_shown(reading.presented)}"


def listed(values: Mapping[str, object]) -> str:
    """Names and values of what `chargelink.dlt645` presents."""
    return ", ".join(f"{_label(key)} {_shown(value)}" for key, value in values.items())


def _label(key: str) -> str:
    return str(LABELS[key]) if key in LABELS else key.replace("_", " ")


def _shown(value: object) -> str:
    """A presented value: text, a list, or a value with its unit and what belongs to it."""
    if value is None:
        return str(ABSENT)
    if isinstance(value, list):
        return "[" + ", ".join(_shown(entry) for entry in value) + "]"
    if not isinstance(value, Mapping):
        text = str(value)
        return CHINESE.get(text, text) if spoken() is Language.CHINESE else text
    if "value" not in value:
        return "(" + listed(value) + ")"
    besides = {key: entry for key, entry in value.items() if key not in ("value", "unit", "note") and entry}
    unit = f" {value['unit']}" if value.get("unit") and value["value"] is not None else ""
    return f"{_shown(value['value'])}{unit}" + (f" ({listed(besides)})" if besides else "")
