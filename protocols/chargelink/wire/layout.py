"""From the annotations of a class to its layout: fields with their bits, cells that `struct` reads at once."""

import types
from collections.abc import Iterator
from dataclasses import replace
from enum import IntEnum
from functools import cache
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec

from chargelink.units import SHOWN
from chargelink.wire.items import Digits, Item, Number, Octets, Part, Rest, first_bit
from chargelink.wire.message import Message


class Field(NamedTuple):
    """A field and where it stands."""

    name: str
    item: Item
    start: int  # first bit, counted from 0
    width: int  # bits; 0 for a Rest
    nullable: bool  # all ones mean None; of the elements, where it is a Rest
    optional: bool  # may be missing at the end
    kind: type  # int, str, bytes, an IntEnum, a Message, or tuple
    element: type[Message] | None = None  # of a Rest of messages

    @property
    def end(self) -> int:
        return self.start + self.width

    @property
    def shown_name(self) -> str:
        """The name in JSON and on screens: the attribute and its unit, or what the declaration says."""
        suffix = SHOWN[getattr(self.item, "unit", "")].suffix
        return self.item.name or (f"{self.name}_{suffix}" if suffix else self.name)


class Cell(NamedTuple):
    """Whole bytes that are read together: one field, or the bit fields that share them."""

    start: int  # first byte, counted from 0
    size: int  # bytes
    fields: tuple[Field, ...]

    @property
    def end(self) -> int:
        return self.start + self.size

    @property
    def shared(self) -> bool:
        """Bit fields: the cell has to be taken apart."""
        return len(self.fields) > 1 or self.fields[0].width != self.size * 8


class Layout(NamedTuple):
    """All that the generators need to know of a class."""

    cls: type[Message]
    fields: tuple[Field, ...]  # without the Rest
    cells: tuple[Cell, ...]
    rest: Field | None
    shortest: int  # bytes
    length: int  # bytes, without the Rest

    def lengths(self) -> list[int]:
        """Every length, in bytes, at which one more field is complete, shortest first."""
        ends = {(field.end + 7) // 8 for field in self.fields if field.optional}
        return sorted({self.shortest, *ends, self.length})


@cache
def layout(cls: type[Message]) -> Layout:
    """The layout of a message class. Raises TypeError where a declaration contradicts itself."""
    placed = list(_place(cls))
    rest = next((field for field in placed if isinstance(field.item, Rest)), None)
    fields = tuple(field for field in placed if field is not rest)
    cells = tuple(_cells(cls, fields))
    mandatory = [field.end for field in fields if not field.optional]
    return Layout(
        cls,
        fields,
        cells,
        rest,
        (max(mandatory, default=0) + 7) // 8,
        max((cell.end for cell in cells), default=0),
    )


def layout_of_elements(field: Field) -> Layout:
    """The layout of one element of a Rest: of its message class, or of a lone number."""
    if field.element is not None:
        return layout(field.element)
    item = field.item
    if not isinstance(item, Rest) or item.each is None:
        raise TypeError(f"{field.name}: a Rest of numbers says how each is coded: Rest(u8())")
    number = Field(field.name, item.each, 0, item.each.width, field.nullable, False, int)
    size = item.each.width // 8
    return Layout(Message, (number,), (Cell(0, size, (number,)),), None, size, size)


def _place(cls: type[Message]) -> Iterator[Field]:
    hints = get_type_hints(cls, include_extras=True)
    cursor, ended = 0, False
    for declared in msgspec.structs.fields(cls):
        if declared.name == "flaws":
            continue
        if ended:
            raise TypeError(f"{cls.__name__}.{declared.name}: nothing can follow a Rest")
        field = _field(cls, declared.name, hints[declared.name], cursor, optional=not declared.required)
        if field.start < cursor:
            raise TypeError(f"{cls.__name__}.{field.name} overlaps the field before it or goes backwards")
        cursor = field.end
        yield field
        ended = isinstance(field.item, Rest)


def _field(cls: type[Message], name: str, hint: Any, cursor: int, *, optional: bool) -> Field:
    if get_origin(hint) is not Annotated:
        raise TypeError(f"{cls.__name__}.{name} has no item: annotate it, e.g. Annotated[int, u8()]")
    value, item, *remarks = get_args(hint)
    if remarks:
        item = replace(item, note="; ".join([*filter(None, (item.note,)), *remarks]))
    members = set(get_args(value)) if get_origin(value) in (Union, types.UnionType) else {value}
    nullable = type(None) in members
    kinds = members - {type(None)}
    coded = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, IntEnum)]
    kind = coded[0] if coded else kinds.pop()
    element = None
    if get_origin(kind) is tuple:
        of = get_args(kind)[0]
        element = of if isinstance(of, type) and issubclass(of, Message) else None
        nullable = type(None) in get_args(of)
        kind = tuple
    at = getattr(item, "at", None)
    start = cursor if at is None else first_bit(at)
    field = Field(name, item, start, _width(item, kind), nullable, optional, kind, element)
    _check(cls, field)
    return field


def _width(item: Item, kind: type) -> int:
    if isinstance(item, Part):
        return layout(kind).length * 8
    return 0 if isinstance(item, Rest) else item.width


def _check(cls: type[Message], field: Field) -> None:
    name = f"{cls.__name__}.{field.name}"
    item = field.item
    if isinstance(item, Number):
        if issubclass(field.kind, IntEnum) and (item.width > 8 or item.step != 1 or item.offset):
            raise TypeError(f"{name}: an enumeration has at most 8 bits, no step and no offset")
        if item.signed and field.nullable:
            raise TypeError(f"{name}: all ones is -1 in a signed number, so it cannot mean None")
    elif field.start % 8:
        raise TypeError(f"{name} does not start at a byte")
    elif isinstance(item, Digits) and not field.nullable:
        raise TypeError(f"{name}: BCD can be wrong, so its type needs `| None`")
    elif isinstance(item, Octets) and field.kind not in (str, bytes):
        raise TypeError(f"{name} is bytes or str")


def _cells(cls: type[Message], fields: tuple[Field, ...]) -> Iterator[Cell]:
    run: list[Field] = []
    for field in fields:
        if run and field.start // 8 >= (run[-1].end + 7) // 8:
            yield _cell(cls, run)
            run = []
        run.append(field)
    if run:
        yield _cell(cls, run)


def _cell(cls: type[Message], run: list[Field]) -> Cell:
    first, last = run[0].start // 8, (run[-1].end + 7) // 8
    if len(run) > 1 and last - first not in (1, 2, 3, 4, 8):
        raise TypeError(
            f"{cls.__name__}: the bit fields from {run[0].name} to {run[-1].name} share {last - first} bytes"
        )
    return Cell(first, last - first, tuple(run))
