"""The generated decoder: one `struct` read, one chain of checks on raw values, one constructor call.

Only a message that fails a check pays for saying why. A byte that flags share is looked up in a table of 256 rows
instead of being taken apart. A decoder is made for each length at which fields are missing, when it first arrives.
"""

import struct
from collections.abc import Callable
from enum import IntEnum
from typing import Any, NamedTuple

from chargelink.wire.items import Digits, Number, Rest
from chargelink.wire.judge import bcd, judge, value_of
from chargelink.wire.layout import Cell, Field, Layout, layout_of_elements
from chargelink.wire.message import DecodeError, Flaw, Message, Why, codec

Decode = Callable[[bytes | bytearray | memoryview], Any]


class Taken(NamedTuple):
    """How generated code names one field."""

    field: Field
    value: str
    raw: str  # an expression of the raw value; the nested message itself for a Part
    odd: str = ""  # a condition, true where the value makes no sense


class Body:
    """The code that turns the cells of one layout, up to `length` bytes, into constructor arguments."""

    def __init__(self, layout: Layout, length: int) -> None:
        self.cells = tuple(cell for cell in layout.cells if cell.end <= length)
        self.names: dict[str, Any] = {"new": layout.cls}
        self.variables: list[str] = []
        self.lines: list[str] = []
        self.taken = [taken for cell in self.cells for taken in self._take(cell)]
        self.torn = [
            Flaw(field.shown_name, 0, Why.TORN) for field in layout.fields if field.start < length * 8 < field.end
        ]

    @property
    def odd(self) -> str:
        """The condition under which the message is flawed."""
        return " or ".join(taken.odd for taken in self.taken if taken.odd)

    def unpacker(self) -> struct.Struct:
        """The struct that reads the cells and skips the holes between them."""
        return struct.Struct(format_of(self.cells))

    def call(self, *more: str) -> str:
        """The constructor call."""
        return f"new({', '.join([*(taken.value for taken in self.taken), *more])})"

    def raws(self) -> str:
        """A tuple of all raw values, for `flaws`."""
        return f"({''.join(f'{taken.raw}, ' for taken in self.taken)})"

    def flaws(self, raws: tuple[Any, ...]) -> tuple[Flaw, ...]:
        """The flaws of a message, from its raw values."""
        found = []
        for taken, raw in zip(self.taken, raws, strict=True):
            if isinstance(raw, Message):
                found += [flaw._replace(field=f"{taken.field.shown_name}.{flaw.field}") for flaw in raw.flaws]
            elif isinstance(raw, int) and (why := judge(taken.field, raw)):
                found.append(Flaw(taken.field.shown_name, raw, why))
        return (*found, *self.torn)

    def _take(self, cell: Cell) -> list[Taken]:
        codes = code_of(cell)
        variable = f"c{cell.start}"
        if codes in ("HB", "BB"):
            low, high = f"{variable}_low", f"{variable}_high"
            self.variables += [low, high]
            self.lines.append(f"{variable} = {low} | {high} << {8 * struct.calcsize(codes[0])}")
        else:
            self.variables.append(variable)
        if not cell.shared:
            return [self._take_field(cell.fields[0], variable)]
        if cell.size == 1:
            return self._take_from_table(cell, variable)
        return [self._take_bits(field, cell, variable) for field in cell.fields]

    def _take_from_table(self, cell: Cell, variable: str) -> list[Taken]:
        rows = [[_bits_of(field, cell, byte) for field in cell.fields] for byte in range(256)]
        odd = [any(map(judge, cell.fields, row)) for row in rows]
        values = [tuple(map(value_of, cell.fields, row)) for row in rows]
        taken = [Taken(field, f"v_{field.name}", _bits_from(field, cell, variable)) for field in cell.fields]
        names = [field.value for field in taken]
        if any(odd):  # the last column says whether the row is odd
            values = [(*row, strange) for row, strange in zip(values, odd, strict=True)]
            taken[0] = taken[0]._replace(odd=f"x{cell.start}")
            names.append(f"x{cell.start}")
        self.names[f"T{cell.start}"] = tuple(values)
        self.lines.append(f"{', '.join(names)}, = T{cell.start}[{variable}]")
        return taken

    def _take_bits(self, field: Field, cell: Cell, variable: str) -> Taken:
        self.lines.append(f"r_{field.name} = {_bits_from(field, cell, variable)}")
        return self._take_field(field, f"r_{field.name}")

    def _take_field(self, field: Field, raw: str) -> Taken:
        item = field.item
        if isinstance(item, Number):
            return self._take_coded(field, raw) if issubclass(field.kind, IntEnum) else _take_number(field, item, raw)
        if isinstance(item, Digits):
            self.names["bcd"] = bcd
            self.names[f"judge_{field.name}"] = lambda raw: judge(field, raw)
            return Taken(field, f"bcd({raw}, {item.size})", raw, f"judge_{field.name}({raw})")
        if issubclass(field.kind, Message):
            self.names[f"decode_{field.name}"] = codec(field.kind).decode
            self.lines.append(f"p_{field.name} = decode_{field.name}({raw})")
            return Taken(field, f"p_{field.name}", f"p_{field.name}", f"p_{field.name}.flaws")
        text = raw if field.kind is bytes else f"{raw}.decode('iso-8859-1')"
        ones = b"\xff" * (field.width // 8)
        return Taken(field, f"None if {raw} == {ones!r} else {text}" if field.nullable else text, raw)

    def _take_coded(self, field: Field, raw: str) -> Taken:
        codes = range(1 << field.width)
        self.names[f"E_{field.name}"] = tuple(value_of(field, code) for code in codes)
        self.names[f"X_{field.name}"] = tuple(judge(field, code) is not None for code in codes)
        return Taken(field, f"E_{field.name}[{raw}]", raw, f"X_{field.name}[{raw}]")


def format_of(cells: tuple[Cell, ...]) -> str:
    """The struct format of cells and the holes between them."""
    codes, at = ["<"], 0
    for cell in cells:
        codes.append("x" * (cell.start - at) + code_of(cell))
        at = cell.end
    return "".join(codes)


def code_of(cell: Cell) -> str:
    """The struct codes of one cell."""
    item = cell.fields[0].item
    if cell.shared or isinstance(item, Number):
        code = {1: "B", 2: "H", 3: "HB", 4: "I", 8: "Q"}[cell.size]
        return code.lower() if isinstance(item, Number) and item.signed else code
    if isinstance(item, Digits):
        return {1: "B", 2: "H", 3: "HB", 4: "I"}[cell.size]
    return f"{cell.size}s"


def _bits_of(field: Field, cell: Cell, whole: int) -> int:
    return whole >> field.start - cell.start * 8 & (1 << field.width) - 1


def _bits_from(field: Field, cell: Cell, variable: str) -> str:
    shift = field.start - cell.start * 8
    shifted = f"{variable} >> {shift}" if shift else variable
    return shifted if shift + field.width == cell.size * 8 else f"{shifted} & {(1 << field.width) - 1}"


def _take_number(field: Field, item: Number, raw: str) -> Taken:
    value = raw if item.step == 1 else f"{raw} * {item.step}"
    if item.offset:
        value += f" {'+' if item.offset > 0 else '-'} {abs(item.offset)}"
    if field.nullable:
        value = f"None if {raw} == {item.ones} else {value}"
    return Taken(field, value, raw, " or ".join(range_checks(item, raw, nullable=field.nullable)))


def range_checks(item: Number, raw: str, *, nullable: bool) -> list[str]:
    """Conditions under which a raw number is out of range; none where every raw value is sensible."""
    unlimited = Number(item.width, signed=item.signed)
    checks = []
    if item.raw_high < unlimited.raw_high - nullable:
        checks.append(f"{item.raw_high} < {raw} < {item.ones}" if nullable else f"{raw} > {item.raw_high}")
    if item.raw_low > unlimited.raw_low:
        checks.append(f"{raw} < {item.raw_low}")
    return checks


def decoder(layout: Layout) -> tuple[Decode, str]:
    """The decoder of a layout and its source, which is that of the full length."""
    lengths = layout.lengths()
    by_length: dict[int, Decode] = {}

    def shorter(data: bytes | bytearray | memoryview) -> Any:
        size = len(data)
        decode = by_length.get(size)
        if decode is None:
            if size < lengths[0]:
                raise DecodeError(f"{layout.cls.__name__} needs {lengths[0]} bytes, got {size}: {bytes(data).hex(' ')}")
            decode = by_length[size] = _decoder(layout, size, shorter)[0]
        return decode(data)

    return _decoder(layout, layout.length, shorter)


def _decoder(layout: Layout, length: int, shorter: Decode) -> tuple[Decode, str]:
    body = Body(layout, length)
    name = f"decode_{layout.cls.__name__}"
    lines = [f"def {name}(data):"]
    if body.variables:
        lines += ["    try:", f"        {', '.join(body.variables)}, = unpack(data)"]
        lines += ["    except error:", "        return shorter(data)"]
    lines += [f"    {line}" for line in body.lines]
    if layout.rest is not None and length == layout.length:
        body.names["rest"] = rest_decoder(layout.rest)
        lines += [
            f"    elements, strange = rest(bytes(data[{layout.length}:]))",
            f"    return {body.call('elements', f'flaws=(*flaws({body.raws()}), *strange)')}",
        ]
    elif body.torn:
        lines.append(f"    return {body.call(f'flaws=flaws({body.raws()})')}")
    else:
        if body.odd:
            lines += [f"    if {body.odd}:", f"        return {body.call(f'flaws=flaws({body.raws()})')}"]
        lines.append(f"    return {body.call()}")
    unpack = body.unpacker().unpack_from
    names = body.names | {"unpack": unpack, "error": struct.error, "shorter": shorter, "flaws": body.flaws}
    source = "\n".join(lines) + "\n"
    return compiled(source, name, names), source


def rest_decoder(field: Field) -> Callable[[bytes], tuple[Any, list[Flaw]]]:
    """Decodes all that is left: its elements and what is odd about them."""
    if field.kind is bytes:
        return lambda data: (data, [])
    element = layout_of_elements(field)
    size = element.length
    body = Body(element, size)
    of_numbers = field.element is None
    plain = body.taken[0].value if of_numbers else body.call()
    marked = plain if of_numbers else body.call("flaws=found")
    lines = ["def decode_rest(data):", "    elements, strange = [], []", "    add = elements.append"]
    lines += [f"    for {', '.join(body.variables)}, in unpack(data):"]
    lines += [f"        {line}" for line in body.lines]
    if body.odd:
        lines += [f"        if {body.odd}:", f"            found = flaws({body.raws()})"]
        lines += ["            strange += [flaw._replace(field=place(len(elements), flaw)) for flaw in found]"]
        lines += [f"            add({marked})", "            continue"]
    lines += [f"        add({plain})", "    return tuple(elements), strange"]

    def place(index: int, flaw: Flaw) -> str:
        return f"{field.shown_name}[{index}]" + ("" if of_numbers else f".{flaw.field}")

    names = body.names | {
        "unpack": body.unpacker().iter_unpack,
        "flaws": body.flaws,
        "place": place,
    }
    decode = compiled("\n".join(lines) + "\n", "decode_rest", names)
    most = field.item.most if isinstance(field.item, Rest) else 0

    def decode_rest(data: bytes) -> tuple[Any, list[Flaw]]:
        count, torn = divmod(len(data), size)
        elements, strange = decode(data[: min(count, most) * size])
        if torn:
            strange.append(Flaw(field.shown_name, int.from_bytes(data[-torn:], "little"), Why.TORN))
        if count > most:
            strange.append(Flaw(field.shown_name, count, Why.TOO_MANY))
        return elements, strange

    return decode_rest


def compiled(source: str, name: str, names: dict[str, Any]) -> Callable[..., Any]:
    """The function `name` of generated source."""
    exec(compile(source, f"<generated {name}>", "exec"), names)  # noqa: S102  (our own source, from declarations)
    function: Callable[..., Any] = names[name]
    return function
