"""A table of a file as a typed section, or everything that is wrong with it, each with path and remedy.

Files are TOML or JSON: a table is a dict of what their readers give.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar, get_args, get_origin

import msgspec

from chargelink.cli.language import Text

Shape = TypeVar("Shape", bound=msgspec.Struct)
Formats = Mapping[str, Text]  # how a value is written, by its key, in words

_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<where>.*)`)?$", re.DOTALL)
_TYPES = re.compile(r"Expected `([^`]*)`, got `([^`]*)`")


class Problem(NamedTuple):
    """One thing wrong: `path` as in `gun[0].max_voltage_V`, the problem, and its remedy."""

    path: str
    problem: Text
    remedy: Text

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}; {self.remedy}"


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all sections."""


def read(table: dict[str, Any], shape: type[Shape], formats: Formats) -> Shape | list[Problem]:
    """The table as a section, or its problems: all of its keys', else the first of its values'."""
    if problems := list(wrong_keys(table, shape, "")):
        return problems
    try:
        return msgspec.convert(table, shape, dec_hook=_path)
    except msgspec.ValidationError as error:
        return [_wrong_value(str(error), shape, formats)]


def wrong_keys(table: dict[str, Any], shape: type[msgspec.Struct], path: str) -> Iterator[Problem]:
    """Keys that the section does not have, and those that it lacks, down through its sub-sections."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(shape)}
    for key, value in table.items():
        here = f"{path}.{key}" if path else key
        if key not in fields:
            yield Problem(here, Text("unknown key", "未知的键"), _nearest(key, [*fields]))
        elif inner := _section_of(fields[key].type):
            for place, part in _parts(value, here):
                yield from wrong_keys(part, inner, place)
    for key, field in fields.items():
        if field.required and key not in table:
            remedy = Text(
                f"add it to {f'[{path}]' if path else 'the file'}", f"请在{f' [{path}] ' if path else '文件'}中补上"
            )
            yield Problem(f"{path}.{key}" if path else key, Text("missing", "缺失"), remedy)


def _path(shape: type, value: Any) -> Path:
    """The only type of a section that TOML does not have. Raises TypeError for what is no path."""
    if shape is not Path or not isinstance(value, str) or not value or "\0" in value:
        raise TypeError("not a path")
    return Path(value)


def _parts(value: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The tables in a value, each with its path; what is no table is for the types to refuse."""
    if isinstance(value, dict):
        yield path, value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict):
                yield f"{path}[{index}]", item


def _section_of(annotation: Any) -> type[msgspec.Struct] | None:
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return annotation
    return next((section for inner in get_args(annotation) if (section := _section_of(inner))), None)


def _nearest(key: str, known: list[str]) -> Text:
    from difflib import get_close_matches  # for mistakes only

    if near := get_close_matches(key, known, 1):
        return Text(f"did you mean {near[0]}?", f"是否应为 {near[0]}？")
    names = ", ".join(known)
    return Text(f"remove it; there are {names}", f"请删除；可用的键有 {names}")


def _choices(path: str, shape: type[msgspec.Struct]) -> Iterator[str]:
    """The words that a value may be, where it is one of some."""
    section: type[msgspec.Struct] | None = shape
    annotation: Any = None
    for name in re.sub(r"\[[^]]*\]", "", path).split("."):
        fields = {} if section is None else {field.encode_name: field for field in msgspec.structs.fields(section)}
        if name not in fields:
            return
        annotation = fields[name].type
        section = _section_of(annotation)
    if get_origin(annotation) is Literal:
        yield from map(str, get_args(annotation))


def _wrong_value(message: str, shape: type[msgspec.Struct], formats: Formats) -> Problem:
    parts = _AT.match(message)
    assert parts is not None
    what, path = parts["what"], (parts["where"] or "").lstrip(".")
    key = path.rpartition(".")[2].partition("[")[0]
    if types := _TYPES.fullmatch(what):
        problem = Text(f"is of type {types[2]}", f"类型为 {types[2]}")
        remedy = Text(f"write a value of type {types[1]}", f"请写 {types[1]} 类型的值")
    else:
        problem, remedy = Text(what, f"值不可用（{what}）"), Text("mend the value", "请改正该值")
        if words := ", ".join(_choices(path, shape)):
            remedy = Text(f"write one of {words}", f"请写以下之一：{words}")
    return Problem(path or "(file)", problem, formats.get(key, remedy))
