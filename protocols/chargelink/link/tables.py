"""The tables of `docs/protocols/link.md`, made from the message classes.

`TABLES` has them by the names of the page's markers, without the room; every value is a function that returns Markdown.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec.inspect as inspect
from msgspec import NODEFAULT

from chargelink.link import enrolment, quantities
from chargelink.link.closing import WORDS
from chargelink.link.meanings import MEANINGS
from chargelink.link.messages import ACTIONS
from chargelink.link.shape import Shape

SNAKE = re.compile(r"(?<=[a-z])_([a-z])")
HEAD = "| field | type | range | unit | default | meaning |\n|---|---|---|---|---|---|"
POWERS = {quantities.EXACT: "2^53 - 1", -quantities.EXACT: "-(2^53 - 1)"}
REQUESTS = (enrolment.EnrollRequest, enrolment.EnrollResponse, enrolment.Refusal)
RENEWALS = (enrolment.NonceResponse, enrolment.RenewRequest, enrolment.RenewResponse)


class Look(NamedTuple):
    """How a type looks in a table."""

    name: str
    range: str = ""
    unit: str = ""


def actions() -> str:
    """Every action with the fields of its request and its answer, then the shapes that stand in them."""
    parts = []
    for action in ACTIONS.values():
        parts += [f"### {action.name}", f"From the {action.caller}. {summary(action.request)}"]
        parts += [fields(action.request) or "No fields."]
        answer = fields(action.response)
        parts += ["The answer:", answer] if answer else ["The answer has no fields."]
    for shape in inner(_tops()):
        parts += [f"### {shape.__name__}", summary(shape), fields(shape)]
    return "\n\n".join(parts)


def shapes(kinds: Iterable[type[Shape]]) -> str:
    """The fields of shapes, one after the other."""
    return "\n\n".join(
        part for kind in kinds for part in (f"**{kind.__name__}.** {summary(kind)}", fields(kind)) if part
    )


def closing() -> str:
    """The close codes that are ours."""
    rows = [f"| {code.value} | {words.english} | {words.chinese} |" for code, words in WORDS.items()]
    return "\n".join(["| code | reason | 原因 |", "|---|---|---|", *rows])


def summary(shape: type[Shape]) -> str:
    """What a shape is, from its docstring: the first paragraph, in one line."""
    text = " ".join((shape.__doc__ or "").partition("\n\n")[0].split())
    return SNAKE.sub(lambda found: found[1].upper(), text)  # fields have other names on the wire


def fields(shape: type[Shape], meanings: Mapping[type[Shape], Mapping[str, str]] = MEANINGS) -> str:
    """A row for each field; nothing for a shape without fields."""
    info = inspect.type_info(shape)
    assert isinstance(info, inspect.StructType)
    rows = [_row(field, meanings[shape][field.encode_name]) for field in info.fields]
    return "\n".join([HEAD, *rows]) if rows else ""


def inner(tops: Iterable[type[Shape]]) -> list[type[Shape]]:
    """The shapes that stand in these, each once, in the order met."""
    found: dict[type[Shape], None] = {}
    for top in tops:
        found |= dict.fromkeys(kind for kind in _structs(inspect.type_info(top)) if kind is not top)
    return list(found)


def _tops() -> list[type[Shape]]:
    return [shape for action in ACTIONS.values() for shape in (action.request, action.response)]


def _structs(info: Any) -> Iterator[type[Shape]]:
    match info:
        case inspect.StructType():
            yield info.cls  # type: ignore[misc]
            for field in info.fields:
                yield from _structs(field.type)
        case inspect.Metadata():
            yield from _structs(info.type)
        case inspect.UnionType():
            for one in info.types:
                yield from _structs(one)
        case inspect.VarTupleType():
            yield from _structs(info.item_type)
        case inspect.DictType():
            yield from _structs(info.value_type)


def _row(field: inspect.Field, meaning: str) -> str:
    look = _look(field.type)
    return f"| `{field.encode_name}` | {look.name} | {look.range} | {look.unit} | {_default(field)} | {meaning} |"


def _default(field: inspect.Field) -> str:
    if field.required:
        return "required"
    if field.default_factory is not NODEFAULT:
        return "empty"
    if field.default in ((), "") or isinstance(field.default, Shape):
        return "empty"
    return "null" if field.default is None else f"`{field.default}`"


def _look(info: Any) -> Look:
    match info:
        case inspect.Metadata():
            unit = (info.extra_json_schema or {}).get("description", "")
            return _look(info.type)._replace(unit=unit)
        case inspect.UnionType():
            others = [one for one in info.types if not isinstance(one, inspect.NoneType)]
            look = _look(others[0])
            return look._replace(name=f"{look.name} or null")
        case inspect.IntType():
            return Look("integer", f"{_number(info.ge)} to {_number(info.le)}")
        case inspect.StrType():
            return _text(info)
        case inspect.BytesType():
            return Look("bytes", _length(info.min_length, info.max_length))
        case inspect.VarTupleType():
            return Look(f"list of {_look(info.item_type).name}", _length(None, info.max_length))
        case inspect.DictType():
            look = _look(info.value_type)
            return look._replace(name=f"map of names to {look.name}")
        case inspect.LiteralType():
            return Look(" or ".join(f"`{value}`" for value in info.values))
        case inspect.EnumType():
            return Look(" or ".join(f"`{value.value}`" for value in info.cls))
        case inspect.BoolType():
            return Look("boolean")
        case inspect.StructType():
            return Look(f"[{info.cls.__name__}](#{info.cls.__name__.lower()})")
    return Look("anything")


def _text(info: inspect.StrType) -> Look:
    for quantity, name in PATTERNS.items():
        if info.pattern == quantity:
            return Look(name)
    return Look("text", _length(info.min_length, info.max_length))


def _length(least: int | None, most: int | None) -> str:
    if least == most:
        return "" if most is None else f"{most}"
    if most is None:
        return f"{least} or more"
    return f"{least} to {most}" if least else f"up to {most}"


def _number(value: int | None) -> str:
    assert value is not None, "integers of the link have bounds"
    return POWERS.get(value, str(value))


def _pattern(quantity: Any) -> str:
    info = inspect.type_info(quantity)
    if isinstance(info, inspect.Metadata):
        info = info.type
    assert isinstance(info, inspect.StrType)
    return str(info.pattern)


PATTERNS = {
    _pattern(quantities.Name): "name",
    _pattern(quantities.SessionId): "UUIDv7",
    _pattern(quantities.HexDigest): "64 hex digits",
    _pattern(quantities.Person): "32 hex digits",
}
TABLES: dict[str, Callable[[], str]] = {
    "actions": actions,
    "enrolment": lambda: shapes(REQUESTS),
    "renewal": lambda: shapes(RENEWALS),
    "closing": closing,
}
