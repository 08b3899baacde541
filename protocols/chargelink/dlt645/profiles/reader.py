"""A profile's TOML file, read strictly: unknown keys and impossible values are refused, each with path and remedy."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import msgspec

from chargelink.dlt645.catalogue import Row
from chargelink.dlt645.catalogue.axis import AXES
from chargelink.dlt645.catalogue.row import PLACEHOLDER
from chargelink.dlt645.control import Words
from chargelink.dlt645.forms import Binary, Form, Hexadecimal, Number, Record
from chargelink.dlt645.forms import unit as units
from chargelink.dlt645.forms.number import Scaled
from chargelink.dlt645.forms.unit import Unit
from chargelink.dlt645.profiles.profile import Poll, Profile
from chargelink.wire import ChargelinkError

UNITS = {value.symbol: value for value in vars(units).values() if isinstance(value, Unit)}
QUANTITIES = {"energy": "kWh", "voltage": "V", "current": "A", "power": "kW"}
MOST_BYTES = 8
LARGEST_FILE = 65_536  # characters
MOST_ITEMS = 500


class ProfileProblem(NamedTuple):
    """One thing wrong: `path` as in `item[0].unit`, the problem, and its remedy."""

    path: str
    problem: Words
    remedy: Words

    def __str__(self) -> str:
        return f"{self.path}: {self.problem.english}; {self.remedy.english}"


class ProfileError(ChargelinkError):
    """A file is no profile."""

    def __init__(self, name: str, problems: list[ProfileProblem]) -> None:
        super().__init__("\n".join(f"{name}: {problem}" for problem in problems))
        self.problems = problems


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class _About(_Strict, frozen=True):
    english: str
    chinese: str


class _Poll(_Strict, frozen=True):
    energy: tuple[str, ...]
    voltage: str = ""
    current: str = ""
    power: str = ""


class _Item(_Strict, frozen=True):
    identifier: str
    name: str
    chinese: str
    form: Literal["bcd", "binary"]
    bytes: int
    decimals: int
    unit: str
    signed: bool = False
    status_bytes: int = 0


class _File(_Strict, frozen=True):
    profile: _About
    poll: _Poll
    item: tuple[_Item, ...] = ()


def read_profile(name: str, text: str) -> Profile:
    """The profile that a file's text holds. Raises ProfileError with everything that is wrong."""
    try:
        if len(text) > LARGEST_FILE:
            raise ValueError(f"{len(text)} characters, more than {LARGEST_FILE}")
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        remedy = Words("mend the TOML", "请修正 TOML 语法")
        raise ProfileError(name, [ProfileProblem("file", Words(str(error), f"无法读取 ({error})"), remedy)]) from error
    if problems := list(_unknown_keys(table)):
        raise ProfileError(name, problems)
    try:
        file = msgspec.convert(table, _File)
    except msgspec.ValidationError as error:
        raise ProfileError(name, [_wrong_type(str(error))]) from error
    if problems := list(_impossible_items(file.item)):
        raise ProfileError(name, problems)
    words = Words(file.profile.english, file.profile.chinese)
    poll = Poll(file.poll.energy, file.poll.voltage, file.poll.current, file.poll.power)
    profile = Profile(name, words, tuple(map(_row, file.item)), poll)
    if problems := list(_impossible_poll(profile)):
        raise ProfileError(name, problems)
    return profile


def _unknown_keys(table: dict[str, Any]) -> Iterator[ProfileProblem]:
    sections = {"profile": _About, "poll": _Poll, "item": _Item}
    for key, value in table.items():
        if key not in sections:
            yield _unknown(key, sections)
            continue
        known = sections[key].__struct_fields__
        for index, part in enumerate(value if isinstance(value, list) else [value]):
            path = f"{key}[{index}]" if isinstance(value, list) else key
            for inner in part if isinstance(part, dict) else ():
                if inner not in known:
                    yield _unknown(f"{path}.{inner}", known)


def _unknown(path: str, known: Any) -> ProfileProblem:
    listed = ", ".join(known)
    remedy = Words(f"there are {listed}", f"可用的键: {listed}")
    return ProfileProblem(path, Words("unknown key", "未知的键"), remedy)


def _wrong_type(said: str) -> ProfileProblem:
    what, _, where = said.partition(" - at `$")
    path = where.rstrip("`").lstrip(".") or "file"
    remedy = Words("see a shipped profile for how it is written", "请参照自带的配置文件")
    return ProfileProblem(path, Words(what, f"类型不符 ({what})"), remedy)


def _impossible_items(items: tuple[_Item, ...]) -> Iterator[ProfileProblem]:
    seen: set[str] = set()
    if len(items) > MOST_ITEMS:
        problem = Words(f"{len(items)} items", f"{len(items)} 项")
        yield ProfileProblem("item", problem, Words(f"at most {MOST_ITEMS}", f"最多 {MOST_ITEMS} 项"))
    for index, item in enumerate(items[:MOST_ITEMS]):
        for key, english, chinese in _impossible(item, seen):
            value = repr(getattr(item, key))
            problem = Words(f"{value} cannot be", f"{value} 不可用")
            yield ProfileProblem(f"item[{index}].{key}", problem, Words(english, chinese))
        seen.add(item.identifier)


def _impossible(item: _Item, seen: set[str]) -> Iterator[tuple[str, str, str]]:
    """The keys of an item whose value cannot be, each with its remedy in both languages."""
    axes = PLACEHOLDER.findall(item.identifier)
    digits = PLACEHOLDER.sub(lambda hit: "0" * AXES[hit[1]].width if hit[1] in AXES else "?", item.identifier)
    if not re.fullmatch(r"[0-9A-F]{4}|[0-9A-F]{8}", digits):
        yield "identifier", "write 4 or 8 digits 0-9 A-F, {axis} for those that vary", "请写 4 或 8 位数字 0-9 A-F"
    if len(set(axes)) < len(axes):
        yield "identifier", "write each axis once", "每个变量只能出现一次"
    if item.identifier in seen:
        yield "identifier", "give it once", "请勿重复"
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", PLACEHOLDER.sub("", item.name)):
        yield "name", "write lower-case words with _", "请写小写单词，以 _ 连接"
    for key, text in (("name", item.name), ("chinese", item.chinese)):
        if not set(PLACEHOLDER.findall(text)) <= set(axes) or set(PLACEHOLDER.sub("", text)) & {"{", "}"}:
            yield key, "use only the axes of the identifier", "只能使用标识中的变量"
    if not item.chinese.strip():
        yield "chinese", "name it in Chinese", "请写中文名称"
    if not 1 <= item.bytes <= MOST_BYTES:
        yield "bytes", f"write 1..{MOST_BYTES}", f"请写 1..{MOST_BYTES}"
    elif not 0 <= item.decimals <= 2 * item.bytes:
        yield "decimals", "write no more than there are digits", "不能多于数字位数"
    if item.unit not in UNITS:
        listed = ", ".join(filter(None, UNITS))
        yield "unit", f"write one of {listed}", f"请写 {listed} 之一"
    if not 0 <= item.status_bytes <= MOST_BYTES:
        yield "status_bytes", f"write 0..{MOST_BYTES}", f"请写 0..{MOST_BYTES}"


def _row(item: _Item) -> Row:
    kind = Number if item.form == "bcd" else Binary
    value = kind(item.bytes, item.decimals, fine_enough(UNITS[item.unit], item.decimals), item.signed)
    form: Form = value
    if item.status_bytes:
        form = Record((("value", value), ("status", Hexadecimal(item.status_bytes))))
    return Row(item.identifier, item.name, item.chinese, form)


def fine_enough(unit: Unit, decimals: int) -> Unit:
    """A unit whose small one is small enough for so many decimals: 0.1 mA for 0.0001 A."""
    finer = 0
    while unit.parts * 10**finer % 10**decimals:
        finer += 1
    if not finer:
        return unit
    small = f"0.{'1'.zfill(finer)} {unit.inner}"
    return Unit(unit.symbol, small, unit.parts * 10**finer)


def _impossible_poll(profile: Profile) -> Iterator[ProfileProblem]:
    if not profile.poll.energy:
        problem = Words("no energy register", "没有电能标识")
        yield ProfileProblem("poll.energy", problem, Words("name at least one identifier", "请至少写一个标识"))
    asked = [(f"poll.energy[{index}]", "kWh", identifier) for index, identifier in enumerate(profile.poll.energy)]
    asked += [(f"poll.{key}", QUANTITIES[key], getattr(profile.poll, key)) for key in ("voltage", "current", "power")]
    for path, unit, identifier in asked:
        if not identifier and not path.startswith("poll.energy"):
            continue
        item = profile.catalogue.find(identifier)
        if item is None or (scaled := value_form(item.form)) is None or scaled.unit != unit:
            problem = Words(f"{identifier!r} is no single item in {unit}", f"{identifier!r} 不是以 {unit} 为单位的单项")
            remedy = Words(f"name one in {unit}, of [[item]] or of the standard", f"请写以 {unit} 为单位的标识")
            yield ProfileProblem(path, problem, remedy)


def value_form(form: Form) -> Scaled | None:
    """The form of the number that an item is about; None if it is about none."""
    if isinstance(form, Record) and form.parts and form.parts[0][0] == "value":
        form = form.parts[0][1]
    return form if isinstance(form, Scaled) else None
