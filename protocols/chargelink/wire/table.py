"""The documentation of a message: its declaration as rows of a Markdown table."""

from enum import IntEnum

from chargelink.units import SHOWN
from chargelink.wire.items import Digits, Number, Octets, Part, Rest
from chargelink.wire.layout import Field, layout
from chargelink.wire.message import Coded, Message

HEAD = "| byte | bits | field | values | absent | note |\n|---|---|---|---|---|---|"


def table(cls: type[Message]) -> str:
    """A Markdown table with one row a field: where it stands, what it is called, what it can be."""
    of = layout(cls)
    fields = [*of.fields, of.rest] if of.rest else of.fields
    return "\n".join([HEAD, *(row(field) for field in fields)])


def row(field: Field) -> str:
    """One row of the table."""
    cells = (_position(field), str(field.width or "rest"), f"`{field.shown_name}`", _values(field), _absent(field))
    return f"| {' | '.join(cells)} | {getattr(field.item, 'note', '')} |"


def _position(field: Field) -> str:
    byte, bit = field.start // 8 + 1, field.start % 8 + 1
    if field.width == 0:
        return f"{byte}…"
    if field.width % 8 or bit > 1:
        return f"{byte}.{bit}"
    last = field.end // 8
    return str(byte) if last == byte else f"{byte}-{last}"


def _values(field: Field) -> str:
    item = field.item
    if isinstance(item, Part):
        return f"[{field.kind.__name__}](#{field.kind.__name__.lower()})"
    if isinstance(item, Octets):
        return "text" if field.kind is str else "bytes"
    if isinstance(item, Digits):
        return f"BCD {item.low}..{item.high}" if item.high is not None else "BCD"
    if isinstance(item, Rest):
        return _rest_values(field, item)
    if issubclass(field.kind, IntEnum):
        return ", ".join(f"{code.value} {_words(code)}" for code in field.kind)
    return _number_values(item)


def _words(code: IntEnum) -> str:
    return f"{code.text} {code.chinese}" if isinstance(code, Coded) and code.chinese != code.text else code.name.lower()


def _number_values(item: Number) -> str:
    shown = SHOWN[item.unit]
    values = sorted(raw * item.step + item.offset for raw in (item.raw_low, item.raw_high))
    low, high = (f"{value / shown.divisor:.10g}" if shown.divisor != 1 else str(value) for value in values)
    step = f"{item.step / shown.divisor:.10g}"
    return f"{low}..{high} {shown.symbol}".strip() + (f", step {step}" if step != "1" else "")


def _rest_values(field: Field, item: Rest) -> str:
    if field.kind is bytes:
        return "bytes"
    each = f"[{field.element.__name__}](#{field.element.__name__.lower()})" if field.element else ""
    if item.each is not None:
        each = _number_values(item.each)
    return f"at most {item.most} x {each}"


def _absent(field: Field) -> str:
    words = ["all ones"] if field.nullable else []
    return ", ".join([*words, "missing at the end"] if field.optional else words)
