"""A module of plain `struct` code for a process that may import nothing but the standard library.

The guard reads a few messages; it must not carry msgspec or our packages. `plain_module` writes what it needs from the
declarations: one NamedTuple and one decoder a message, the ranges checked, enumerations as integers.
"""

import struct
from enum import IntEnum

from chargelink.wire.decoder import format_of, range_checks
from chargelink.wire.items import Number
from chargelink.wire.layout import Field, Layout, layout
from chargelink.wire.message import Message

WIDTH = 120 - 8  # of a line, less the deepest indentation

HEAD = '''"""{title}

Generated from the declarations by `make docs`; a test keeps it current. Do not edit.
"""

import struct
from typing import NamedTuple
'''


def plain_module(title: str, *classes: type[Message]) -> str:
    """The source of a module with `NAME` and `decode_NAME(data) -> NAME | None` for each class.

    The decoder gives None when a mandatory byte is missing and `flawed=True` when a value is out of range. Optional
    fields must be there in full or they are None. Raises TypeError for a field that is no number.
    """
    return HEAD.format(title=title) + "".join(f"\n\n{_plain(layout(cls))}" for cls in classes)


def _plain(of: Layout) -> str:
    name = of.cls.__name__
    meaning = (of.cls.__doc__ or name).partition("\n")[0]
    lines = [f"class {name}(NamedTuple):", f'    """{meaning}"""', ""]
    for field in of.fields:
        item = _number(of, field)
        kind = "int | None" if field.nullable or field.optional else "int"
        unit = f"  # {item.unit}" if item.unit else ""
        lines.append(f"    {field.name}: {kind}{unit}")
    lines += ["    flawed: bool", "", ""]
    full = struct.calcsize(format_of(of.cells))
    lines += [f"def decode_{name.lower()}(data: bytes) -> {name} | None:"]
    lines += [f"    if len(data) < {of.shortest}:", "        return None"]
    for length in [length for length in of.lengths() if length < full]:
        lines += [f"    if len(data) < {next(end for end in of.lengths() if end > length)}:"]
        lines += [f"        {line}" for line in _decode(of, length)]
    return "\n".join([*lines, *(f"    {line}" for line in _decode(of, full))]) + "\n"


def _number(of: Layout, field: Field) -> Number:
    if not isinstance(field.item, Number) or of.rest is not None:
        raise TypeError(f"{of.cls.__name__}.{field.name}: a plain module holds numbers only")
    return field.item


def _decode(of: Layout, length: int) -> list[str]:
    cells = tuple(cell for cell in of.cells if cell.end <= length)
    variables = "".join(f"c{cell.start}, " for cell in cells)
    lines = [f'{variables.rstrip(", ")} = struct.unpack_from("{format_of(cells)}", data)']
    if len(cells) == 1:
        lines = [f'({variables.strip()}) = struct.unpack_from("{format_of(cells)}", data)']
    values, odd = [], []
    for field in of.fields:
        cell = next((cell for cell in cells if field in cell.fields), None)
        if cell is None:
            values.append("None")
            continue
        item = _number(of, field)
        if cell.shared:
            shift = field.start - cell.start * 8
            lines.append(f"{field.name} = c{cell.start} >> {shift} & {(1 << field.width) - 1}")
        raw = field.name if cell.shared else f"c{cell.start}"
        values.append(_value(field, item, raw))
        odd += _odd(field, item, raw)
    return [*lines, *_condition(odd), *_call(of.cls.__name__, [*values, "flawed"])]


def _condition(odd: list[str]) -> list[str]:
    """`flawed = ...`, on as many lines as it needs."""
    whole = f"flawed = {' or '.join(odd) or False}"
    if len(whole) <= WIDTH:
        return [whole]
    return ["flawed = (", f"    {odd[0]}", *(f"    or {check}" for check in odd[1:]), ")"]


def _call(name: str, values: list[str]) -> list[str]:
    """`return NAME(...)`, on as many lines as it needs."""
    together = ", ".join(values)
    if len(f"return {name}({together})") <= WIDTH:
        return [f"return {name}({together})"]
    if len(together) + 4 <= WIDTH:
        return [f"return {name}(", f"    {together}", ")"]
    return [f"return {name}(", *(f"    {value}," for value in values), ")"]


def _value(field: Field, item: Number, raw: str) -> str:
    value = raw if item.step == 1 else f"{raw} * {item.step}"
    value += f" {'+' if item.offset > 0 else '-'} {abs(item.offset)}" if item.offset else ""
    return f"None if {raw} == {item.ones} else {value}" if field.nullable else value


def _odd(field: Field, item: Number, raw: str) -> list[str]:
    if not issubclass(field.kind, IntEnum):
        return range_checks(item, raw, nullable=field.nullable)
    known = sorted({int(code) for code in field.kind} | ({item.ones} if field.nullable else set()))
    return [] if len(known) == 1 << field.width else [f"{raw} not in {tuple(known)}"]
