"""A message as people and JSON see it: display units, words of codes, None where nothing was sent.

`shown(message)` gives a dictionary whose names carry their unit (`voltage_demand_V`); the function that makes it is
generated from the declaration, like the decoder.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import Any

from chargelink.units import SHOWN
from chargelink.wire.decoder import compiled
from chargelink.wire.items import Octets, Part, Rest
from chargelink.wire.layout import Field, layout
from chargelink.wire.message import Coded, Message

Show = Callable[[Any], dict[str, Any]]

_shows: dict[type[Message], Show] = {}


def shown(message: Message) -> dict[str, Any]:
    """The fields of a message by their shown names."""
    return show_of(type(message))(message)


def show_of(cls: type[Message]) -> Show:
    """The function that shows messages of a class, generated on first use."""
    show = _shows.get(cls)
    if show is None:
        show = _shows[cls] = _generate(cls)
    return show


def shown_text(text: str) -> str:
    """Text with everything that is no printable ASCII escaped: `UA ` stays, a zero byte becomes `\\x00`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if " " <= char <= "~" else f"\\x{ord(char):02x}" for char in text)


def code_words(code: int, width: int) -> str:
    """An enumerated value in words; a code that nobody knows as its bits or its byte."""
    if isinstance(code, Coded):
        return code.text
    return f"{code:0{width}b}" if width < 8 else f"0x{code:02X}"


def _generate(cls: type[Message]) -> Show:
    of = layout(cls)
    names: dict[str, Any] = {"shown": shown, "shown_text": shown_text}
    fields = [*of.fields, of.rest] if of.rest else of.fields
    pairs = [f"{field.shown_name!r}: {_expression(field, names)}" for field in fields]
    return compiled(f"def show(message):\n    return {{{', '.join(pairs)}}}\n", "show", names)


def _expression(field: Field, names: dict[str, Any]) -> str:
    value, item = f"message.{field.name}", field.item
    divisor = SHOWN[getattr(item, "unit", "")].divisor
    if isinstance(item, Part):
        return f"shown({value})"
    if isinstance(item, Rest):
        return _rest_expression(field, item, value)
    if isinstance(item, Octets):
        shown_value = f"shown_text({value})" if field.kind is str else f"{value}.hex()"
    elif issubclass(field.kind, IntEnum):
        words = {code: code_words(code, field.width) for code in range(1 << field.width)}
        names[f"W_{field.name}"] = words | {code: code_words(code, field.width) for code in field.kind}
        shown_value = f"W_{field.name}[{value}]"
    else:
        shown_value = f"{value} / {divisor}" if divisor != 1 else value
    return f"None if {value} is None else {shown_value}" if field.nullable or field.optional else shown_value


def _rest_expression(field: Field, item: Rest, value: str) -> str:
    if field.kind is bytes:
        return f"{value}.hex()"
    if field.element is not None:
        return f"[shown(part) for part in {value}]"
    divisor = SHOWN[item.each.unit if item.each else ""].divisor
    if divisor == 1:
        return f"list({value})"
    return f"[None if part is None else part / {divisor} for part in {value}]"
