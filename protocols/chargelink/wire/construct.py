"""A `construct` of any declared message, for third parties and for the generator's own test.

It is built from the same declaration by other code, so it proves the generator, never the declaration. It is 60 to 140
times slower than the generated decoder: not for a running system.
"""

from enum import IntEnum
from typing import Any

import construct

from chargelink.wire.items import Digits, Number, Octets, Rest
from chargelink.wire.judge import bcd, to_bcd
from chargelink.wire.layout import Cell, Field, layout, layout_of_elements
from chargelink.wire.message import Message

BITS = "bits_of_byte_"


def to_construct(cls: type[Message], length: int | None = None) -> Any:
    """A `construct.Struct` whose parsed container has the attributes of the message, in the same integer units.

    `length` is that of the data in bytes, where fields are missing at the end; by default all fields are there.
    """
    of = layout(cls)
    parts, at = [], 0
    for cell in of.cells:
        if length is not None and cell.end > length:
            break
        parts += [_hole(cell.start - at), *_cell(cell)]
        at = cell.end
    if of.rest is not None:
        parts.append(of.rest.name / _rest(of.rest))
    return construct.ExprAdapter(construct.Struct(*(part for part in parts if part is not None)), _flat, _nested)


def _flat(parsed: Any, context: Any) -> Any:
    """Lifts the bit fields out of the container of their bytes."""
    flat: Any = construct.Container()
    for name, value in parsed.items():
        if name.startswith(BITS):
            flat.update(_flat(value, context))
        elif name != "_io":
            flat[name] = value
    return flat


def _nested(values: Any, context: Any) -> Any:
    return {**values, **{f"{BITS}{byte}": values for byte in range(64)}}


def _hole(size: int) -> Any:
    return construct.Padding(size, pattern=b"\xff") if size else None


def _cell(cell: Cell) -> list[Any]:
    if not cell.shared:
        return [cell.fields[0].name / _whole(cell.fields[0])]
    runs: list[Any] = []
    bit = cell.start * 8
    for field in cell.fields:
        if field.start > bit:
            runs.append(construct.Padding(field.start - bit, pattern=b"\x01"))
        runs.append(field.name / _adapted(field, construct.BitsInteger(field.width)))
        bit = field.end
    if bit < cell.end * 8:
        runs.append(construct.Padding(cell.end * 8 - bit, pattern=b"\x01"))
    # construct reads the highest bit first, the standards count from the lowest: turn bytes and fields round
    return [f"{BITS}{cell.start}" / construct.ByteSwapped(construct.BitStruct(*reversed(runs)))]


def _whole(field: Field) -> Any:
    item = field.item
    size = field.width // 8
    if isinstance(item, Number):
        return _adapted(field, construct.BytesInteger(size, signed=item.signed, swapped=True))
    if isinstance(item, Digits):
        return _adapted(field, construct.BytesInteger(size, swapped=True))
    if isinstance(item, Octets):
        return _octets(field, construct.Bytes(size))
    return to_construct(field.kind)


def _adapted(field: Field, raw: Any) -> Any:
    item = field.item
    ones = (1 << field.width) - 1

    def read(value: int, context: Any) -> Any:
        if field.nullable and value == ones:
            return None
        if isinstance(item, Digits):
            return bcd(value, item.size)
        if issubclass(field.kind, IntEnum):
            return field.kind._value2member_map_.get(value, value)
        return value * item.step + item.offset if isinstance(item, Number) else value

    def write(value: Any, context: Any) -> Any:
        if value is None:
            return ones
        if isinstance(item, Digits):
            return to_bcd(value, item.size)
        return (int(value) - item.offset) // item.step if isinstance(item, Number) else value

    return construct.ExprAdapter(raw, read, write)


def _octets(field: Field, raw: Any) -> Any:
    ones = b"\xff" * (field.width // 8)

    def read(value: bytes, context: Any) -> str | bytes | None:
        if field.nullable and value == ones:
            return None
        return value if field.kind is bytes else value.decode("iso-8859-1")

    def write(value: str | bytes | None, context: Any) -> bytes:
        if value is None:
            return ones
        return value.encode("iso-8859-1") if isinstance(value, str) else value

    return construct.ExprAdapter(raw, read, write)


def _rest(field: Field) -> Any:
    if field.kind is bytes:
        return construct.GreedyBytes
    if isinstance(field.item, Rest) and field.item.each is not None:
        return construct.GreedyRange(_whole(layout_of_elements(field).fields[0]))
    return construct.GreedyRange(to_construct(field.element)) if field.element else construct.GreedyBytes
