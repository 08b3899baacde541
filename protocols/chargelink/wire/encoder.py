"""The generated encoder: strict. What does not fit its field, is no multiple of its step or out of range is refused."""

import struct
from collections.abc import Callable
from enum import IntEnum
from typing import Any

from chargelink.wire.decoder import code_of, compiled
from chargelink.wire.items import Digits, Number, Octets, Part, Rest
from chargelink.wire.judge import judge_number, to_bcd
from chargelink.wire.layout import Cell, Field, Layout, layout_of_elements
from chargelink.wire.message import EncodeError, Message

Encode = Callable[[Any, int | None, bool], bytes]


def encoder(layout: Layout) -> tuple[Encode, str]:
    """The encoder of a layout and its source."""
    name = f"encode_{layout.cls.__name__}"
    names: dict[str, Any] = {"refuse": refusal(layout), "wrong": wrong(layout)}
    lines = [f"def {name}(self, length=None, checked=True):", "    try:"]
    for field in layout.fields:
        lines += [f"        {line}" for line in _raw_lines(field, names)]
    codes, arguments = _packing(layout)
    names["pack"] = struct.Struct(codes).pack
    lines.append(f"        data = pack({', '.join(arguments)})")
    if layout.rest is not None:
        names["rest"] = rest_encoder(layout.rest)
        lines.append(f"        data += rest(self.{layout.rest.name}, checked)")
    names["errors"] = (TypeError, ValueError, AttributeError, OverflowError, struct.error)
    lines += ["    except errors as error:", "        wrong(self, error)"]
    names["cut"] = cutting(layout)
    lines.append("    return data if length is None else cut(self, data, length)")
    source = "\n".join(lines) + "\n"
    return compiled(source, name, names), source


def _packing(layout: Layout) -> tuple[str, list[str]]:
    """The struct format with the holes as ones, and what it packs."""
    codes, arguments, at = ["<"], [], 0
    for cell in layout.cells:
        codes.append("B" * (cell.start - at) + code_of(cell))
        arguments += ["255"] * (cell.start - at) + _cell_arguments(cell)
        at = cell.end
    return "".join(codes), arguments


def _cell_arguments(cell: Cell) -> list[str]:
    whole = f"r_{cell.fields[0].name}"
    if cell.shared:
        ones = (1 << cell.size * 8) - 1
        shifts = {field: field.start - cell.start * 8 for field in cell.fields}
        holes = ones - sum((1 << field.width) - 1 << shift for field, shift in shifts.items())
        placed = [f"r_{field.name} << {shift}" if shift else f"r_{field.name}" for field, shift in shifts.items()]
        whole = " | ".join([*placed, str(holes)] if holes else placed)
    if code_of(cell) == "HB":
        return [f"({whole}) & 0xFFFF", f"({whole}) >> 16"]
    return [whole]


def _raw_lines(field: Field, names: dict[str, Any]) -> list[str]:
    """Lines that set `r_NAME`, the raw value of a field, or refuse it."""
    item, raw, value = field.item, f"r_{field.name}", f"self.{field.name}"
    if isinstance(item, Number):
        return _number_lines(field, item, names)
    if isinstance(item, Digits):
        names["to_bcd"] = to_bcd
        return [f"{raw} = {(1 << item.width) - 1} if {value} is None else to_bcd({value}, {item.size})"]
    if isinstance(item, Part):
        names[f"K_{field.name}"] = field.kind
        return [
            f"if type({value}) is not K_{field.name}: refuse({field.name!r}, {value})",
            f"{raw} = {value}.encode(None, checked)",
        ]
    size = field.width // 8
    text = f"{value}.encode('iso-8859-1')" if field.kind is str else value
    ones = b"\xff" * size
    lines = [f"{raw} = {ones!r} if {value} is None else {text}" if field.nullable else f"{raw} = {text}"]
    return [*lines, f"if len({raw}) != {size}: refuse({field.name!r}, {value})"]


def _number_lines(field: Field, item: Number, names: dict[str, Any]) -> list[str]:
    raw, value = f"r_{field.name}", f"self.{field.name}"
    refuse = f"refuse({field.name!r}, value)"
    scaled = "value" if not item.offset else f"value {'-' if item.offset > 0 else '+'} {abs(item.offset)}"
    lines = [f"{raw} = {scaled}"]
    if item.step != 1:
        lines = [f"{raw}, odd = divmod({scaled}, {item.step})", f"if odd: {refuse}"]
    unlimited = Number(item.width, signed=item.signed)
    lines.append(f"if not {unlimited.raw_low} <= {raw} <= {unlimited.raw_high - field.nullable}: {refuse}")
    if issubclass(field.kind, IntEnum):
        names[f"M_{field.name}"] = frozenset(field.kind._value2member_map_)
        lines.append(f"if checked and {raw} not in M_{field.name}: {refuse}")
    elif (item.raw_low, item.raw_high) != (unlimited.raw_low, unlimited.raw_high):
        lines.append(f"if checked and not {item.raw_low} <= {raw} <= {item.raw_high}: {refuse}")
    if field.nullable:
        lines = [f"if value is None: {raw} = {item.ones}", "else:", *(f"    {line}" for line in lines)]
    return [f"value = {value}", *lines]


def refusal(layout: Layout) -> Callable[[str, Any], None]:
    """Raises the EncodeError of one field, saying what would have been right."""
    fields = {field.name: field for field in layout.fields}

    def refuse(name: str, value: Any) -> None:
        raise EncodeError(f"{layout.cls.__name__}.{name} = {value!r} cannot be sent: {_allowed(fields[name])}")

    return refuse


def _allowed(field: Field) -> str:
    item = field.item
    if isinstance(item, Octets):
        return f"it takes exactly {item.size} {'characters' if field.kind is str else 'bytes'}"
    if not isinstance(item, Number):
        return f"it takes a {field.kind.__name__}"
    if issubclass(field.kind, IntEnum):
        return f"it takes one of {', '.join(f'{code.name} ({code.value})' for code in field.kind)}"
    values = [raw * item.step + item.offset for raw in (item.raw_low, item.raw_high)]
    unit = f" {item.unit}" if item.unit else ""
    return f"it takes {min(values)} to {max(values)}{unit} in steps of {item.step}"


def wrong(layout: Layout) -> Callable[[Message, Exception], None]:
    """Raises the EncodeError of a value of the wrong type."""

    def reraise(message: Message, error: Exception) -> None:
        if isinstance(error, EncodeError):
            raise error
        raise EncodeError(f"{message!r} cannot be sent: {error}") from error

    return reraise


def cutting(layout: Layout) -> Callable[[Message, bytes, int], bytes]:
    """Cuts an encoded message to the length of an older edition, where nothing is lost by it."""
    name, lengths = layout.cls.__name__, layout.lengths()

    def cut(message: Message, data: bytes, length: int) -> bytes:
        if length not in lengths:
            raise EncodeError(f"{name} has no length of {length} bytes, only {', '.join(map(str, lengths))}")
        for field in layout.fields:
            if field.end > length * 8 and getattr(message, field.name) is not None:
                raise EncodeError(f"{name}.{field.name} would be lost in {length} bytes")
        return data[:length]

    return cut


def rest_encoder(field: Field) -> Callable[[Any, bool], bytes]:
    """Encodes a Rest: bytes, messages or numbers."""
    most = field.item.most if isinstance(field.item, Rest) else 0
    if field.kind is bytes:
        return lambda data, checked: bytes(data)
    elements = layout_of_elements(field)

    def encode_number(value: int | None, checked: bool) -> bytes:
        item = elements.fields[0].item
        if not isinstance(item, Number):
            raise AssertionError(field)
        if value is None and field.nullable:
            return item.ones.to_bytes(item.width // 8, "little")
        if value is None:
            raise EncodeError(f"{field.name} has an element that is None")
        raw, odd = divmod(value - item.offset, item.step)
        if odd or (checked and judge_number(item, int, raw)) or (field.nullable and raw == item.ones):
            raise EncodeError(f"{field.name}: {value} cannot be sent: {_allowed(elements.fields[0])}")
        return raw.to_bytes(item.width // 8, "little", signed=item.signed)

    def encode(values: Any, checked: bool) -> bytes:
        if checked and len(values) > most:
            raise EncodeError(f"{field.name} has {len(values)} elements, at most {most} can be sent")
        if field.element is None:
            return b"".join(encode_number(value, checked) for value in values)
        return b"".join(value.encode(None, checked) for value in values)

    return encode
