"""A frame's values in the words of the chosen language."""

from collections.abc import Mapping

from chargelink.cli.language import Language, Text, spoken
from chargelink.dlt645.catalogue import Catalogue, Item
from chargelink.dlt645.control import Words
from chargelink.dlt645.message import Message
from chargelink.dlt645.reading import Reading
from chargelink.trace.dlt645.names import CHINESE, flag, frozen_at, label, unit_words

ABSENT = Text("not available", "无")
NOTHING = Text("none", "无")


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
    return ", ".join(f"{label(key)} {_besides(key, value)}" for key, value in values.items())


def _besides(key: str, value: object) -> str:
    """What stands under a name; for some names there are better words than the value itself."""
    if key == "set" and isinstance(value, list):
        return _shown([flag(str(name)) for name in value])
    if key == "freeze" and isinstance(value, Mapping):
        return frozen_at(str(value["value"]))
    return _shown(value)


def _shown(value: object) -> str:
    """A presented value: text, a list, or a value with its unit and what belongs to it."""
    if value is None:
        return str(ABSENT)
    if isinstance(value, list) and not value:
        return str(NOTHING)
    if isinstance(value, list):
        return "[" + ", ".join(_shown(entry) for entry in value) + "]"
    if not isinstance(value, Mapping):
        text = str(value)
        return CHINESE.get(text, text) if spoken() is Language.CHINESE else text
    if "value" not in value:
        return "(" + listed(value) + ")"
    besides = {key: entry for key, entry in value.items() if key not in ("value", "unit", "note") and entry}
    unit = f" {unit_words(str(value['unit']))}".rstrip() if value.get("unit") and value["value"] is not None else ""
    return f"{_shown(value['value'])}{unit}" + (f" ({listed(besides)})" if besides else "")
