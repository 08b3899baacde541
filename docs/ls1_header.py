"""`docs/ls1/ls1.h`: the bodies, codes and rules of LS1 for a socket's firmware in C99, made from the declarations."""

import re
from collections.abc import Iterator
from enum import IntEnum, IntFlag

from docs.ls1_text import FRAME, PARAMETER, RULE, TOP

from chargelink.lora_socket import codes, commands, firmware, messages, parameters
from chargelink.lora_socket.frame import HEADER, LONGEST
from chargelink.lora_socket.kinds import RULES, Kind
from chargelink.lora_socket.parameters import PARAMETERS
from chargelink.wire import Coded, Message
from chargelink.wire.items import Number, Octets, Part, Rest
from chargelink.wire.layout import Field, layout

STRUCTS: tuple[type[Message], ...] = (
    messages.JoinRequest,
    messages.JoinAccept,
    messages.OutletStatus,
    messages.Status,
    messages.StatusShort,
    messages.Event,
    messages.Meter,
    messages.Settle,
    messages.CommandResult,
    parameters.ReportHead,
    firmware.FirmwareStatus,
    messages.Info,
    messages.Poll,
    commands.CommandHead,
    commands.Start,
    commands.Stop,
    commands.Limit,
    commands.Locate,
    commands.Reboot,
    commands.SwitchUsb,
    parameters.ParameterGet,
    messages.SettlementReceipt,
    messages.Acknowledgement,
    firmware.FirmwareSetup,
    firmware.FirmwareData,
    firmware.FirmwareStatusRequest,
    firmware.FirmwareApply,
    messages.Beacon,
    messages.KeyUpdate,
    messages.ChannelChange,
    messages.NetworkTime,
)
ENUMERATIONS: tuple[type[IntEnum], ...] = (
    Kind,
    codes.Place,
    codes.OutletState,
    codes.Severity,
    codes.EventCode,
    codes.StopReason,
    codes.Result,
    codes.Answer,
    codes.ParameterResult,
    codes.FirmwareState,
)
FLAGS: tuple[type[IntFlag], ...] = (codes.StatusFlags, codes.BeaconFlags, codes.StartFlags, codes.SettleFlags)
SIZES = {"B": (1, 0), "b": (1, 1), "H": (2, 0)}  # of a parameter's numbers: bytes, whether signed


def header() -> str:
    """The whole header."""
    parts = [TOP, *map(_enumeration, ENUMERATIONS), *map(_flags, FLAGS), _operations(), FRAME, _rules()]
    return "\n".join([*parts, *map(_struct, STRUCTS), _parameters(), "#endif\n"])


def snake(name: str) -> str:
    """OutletStatus: outlet_status."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def capacity(field: Field) -> int:
    """The most elements of a list that fit a frame."""
    item = field.item
    assert isinstance(item, Rest)
    each = layout(field.element).length if field.element else 1
    return min(item.most, (LONGEST - HEADER - field.start // 8) // each)


def _enumeration(kind: type[IntEnum]) -> str:
    name = snake(kind.__name__)
    lines = [f"    LS1_{name.upper()}_{code.name} = 0x{code.value:02X},{_words(code)}" for code in kind]
    return "\n".join([f"enum ls1_{name} {{", *_unended(lines), "};", ""])


def _unended(lines: list[str]) -> list[str]:
    """C++98 takes no comma behind the last enumerator."""
    return [*lines[:-1], "".join(lines[-1].split(",", 1))]


def _words(code: IntEnum) -> str:
    if not isinstance(code, Coded):
        return ""
    return f" /* {code.text} {code.chinese} */" if code.chinese != code.text else f" /* {code.text} */"


def _flags(kind: type[IntFlag]) -> str:
    name = snake(kind.__name__)
    lines = [f"    LS1_{name.upper()}_{flag.name} = 0x{flag.value:02X}," for flag in kind]
    return "\n".join([f"enum ls1_{name} {{", *_unended(lines), "};", ""])


def _operations() -> str:
    lines = [
        f"    LS1_OPERATION_{commands.operation_name(kind)} = 0x{number:02X},"
        for number, kind in commands.OPERATIONS.items()
    ]
    return "\n".join(["enum ls1_operation {", *_unended(lines), "};"])


def _rules() -> str:
    rows = [
        f"    {{LS1_KIND_{rule.kind.name}, {rule.tag_length(acknowledges=False)}, {rule.clear}, "
        f"LS1_SEAL_{rule.seal.name}, {_bool(rule.down)}, {_bool(rule.answered)}}},"
        for rule in RULES
    ]
    return "\n".join([RULE.lstrip("\n"), *rows, "};", ""])


def _bool(value: object) -> str:
    return "true" if value else "false"


def _parameters() -> str:
    rows = []
    for one in PARAMETERS:
        size, signed = SIZES[one.format]
        values = f"0x{one.tag:02X}, {one.fields}, {size}, {_bool(signed)}, {one.low}, {one.high}"
        unit = f", {one.unit}" if one.unit else ""
        rows.append(f"    {{{values}}}, /* {one.name}{unit}; {one.chinese} */")
    return "\n".join([PARAMETER.lstrip("\n"), *rows, "};", ""])


def _struct(cls: type[Message]) -> str:
    of, name = layout(cls), snake(cls.__name__)
    upper = f"LS1_{name.upper()}"
    fields = [*of.fields, of.rest] if of.rest else [*of.fields]
    longest = of.length + (capacity(of.rest) * _each(of.rest) if of.rest else 0)
    decode = [line for field in fields for line in _decode(field, of.length)]
    encode = [line for field in of.fields for line in _encode(field)]
    size = f"{of.length}"
    if of.rest:
        encode += _encode_rest(of.rest, of.length)
        size = f"{of.length}u + in->{of.rest.name}_length" + (f" * {_each(of.rest)}u" if _each(of.rest) > 1 else "")
    check = [f"    if (length < {upper}_SHORTEST) return false;"] if of.shortest else []
    zero = [f"    memset(data, 0, {of.length});"] if of.length else []
    lines = [
        f"/* {(cls.__doc__ or '').partition(chr(10))[0]} */",
        f"#define {upper}_SHORTEST {of.shortest}",
        f"#define {upper}_LONGEST {longest}",
        "",
        f"struct ls1_{name} {{",
        *(f"    {line}" for field in fields for line in _member(field)),
        "};",
        "",
        f"static inline bool ls1_{name}_decode(struct ls1_{name} *out, const uint8_t *data, size_t length)",
        "{",
        *check,
        "    memset(out, 0, sizeof *out);",
        *(f"    {line}" for line in decode),
        "    return true;",
        "}",
        "",
        f"static inline size_t ls1_{name}_encode(const struct ls1_{name} *in, uint8_t *data)",
        "{",
        *zero,
        *(f"    {line}" for line in encode),
        f"    return {size};",
        "}",
        "",
    ]
    return "\n".join(lines)


def _each(field: Field) -> int:
    return layout(field.element).length if field.element else 1


def _member(field: Field) -> Iterator[str]:
    item = field.item
    if isinstance(item, Rest):
        kind = f"struct ls1_{snake(field.element.__name__)}" if field.element else "uint8_t"
        yield f"{kind} {field.name}[{capacity(field)}]; /* from byte {field.start // 8 + 1} on */"
        yield f"size_t {field.name}_length; /* elements */"
    elif isinstance(item, Part):
        yield f"struct ls1_{snake(field.kind.__name__)} {field.name}; {_comment(field)}"
    elif isinstance(item, Octets):
        yield f"uint8_t {field.name}[{item.size}]; {_comment(field)}"
    else:
        yield f"{_integer(field)} {field.name}; {_comment(field)}"


def _integer(field: Field) -> str:
    width = next(size for size in (8, 16, 32) if field.width <= size)
    assert isinstance(field.item, Number)
    return f"{'' if field.item.signed else 'u'}int{width}_t"


def _comment(field: Field) -> str:
    first, last, bit = field.start // 8 + 1, (field.end + 7) // 8, field.start % 8 + 1
    words = [f"byte {first}" if first == last else f"bytes {first}-{last}"]
    if field.width % 8:
        words[0] = f"byte {first} from bit {bit} on, {field.width} bits"
    if isinstance(field.item, Number):
        words += _numbers(field, field.item)
    if field.optional:
        words.append("may be missing")
    note = getattr(field.item, "note", "")
    return f"/* {'; '.join([*words, note] if note else words)} */"


def _numbers(field: Field, item: Number) -> Iterator[str]:
    if issubclass(field.kind, IntEnum):
        yield f"enum ls1_{snake(field.kind.__name__)}"
        return
    if item.step != 1 or item.unit:
        yield f"{item.step} {item.unit}".strip() + " a step"
    if (item.raw_low, item.raw_high) != _whole(item):
        yield f"{item.raw_low}..{item.raw_high}"


def _whole(item: Number) -> tuple[int, int]:
    return (-(1 << item.width - 1), item.ones >> 1) if item.signed else (0, item.ones)


def _decode(field: Field, fixed: int) -> Iterator[str]:
    item, name, at = field.item, field.name, field.start // 8
    if isinstance(item, Rest):
        yield from _decode_rest(field, fixed)
    elif isinstance(item, Part):
        part = snake(field.kind.__name__)
        yield f"(void)ls1_{part}_decode(&out->{name}, data + {at}, {field.width // 8});"
    elif isinstance(item, Octets):
        yield f"memcpy(out->{name}, data + {at}, {item.size});"
    else:
        missing = f"if (length >= {(field.end + 7) // 8}) " if field.optional else ""
        yield f"{missing}out->{name} = ({_integer(field)})ls1_get(data, {field.start}, {field.width});"


def _decode_rest(field: Field, fixed: int) -> Iterator[str]:
    name, size = field.name, _each(field)
    left = f"length - {fixed}" if fixed else "length"
    if field.element is None:
        yield f"if ({left} > {capacity(field)}) return false;"
        yield f"out->{name}_length = {left};"
        yield f"if (out->{name}_length) memcpy(out->{name}, data + {fixed}, out->{name}_length);"
        return
    yield f"if (({left}) % {size} || ({left}) / {size} > {capacity(field)}) return false;"
    yield f"out->{name}_length = ({left}) / {size};"
    yield f"for (size_t i = 0; i < out->{name}_length; i++)"
    part = snake(field.element.__name__)
    yield f"    (void)ls1_{part}_decode(&out->{name}[i], data + {fixed} + i * {size}, {size});"


def _encode(field: Field) -> Iterator[str]:
    item, name, at = field.item, field.name, field.start // 8
    if isinstance(item, Part):
        yield f"(void)ls1_{snake(field.kind.__name__)}_encode(&in->{name}, data + {at});"
    elif isinstance(item, Octets):
        yield f"memcpy(data + {at}, in->{name}, {item.size});"
    else:
        cast = "(uint32_t)" if isinstance(item, Number) and item.signed else ""
        yield f"ls1_put(data, {field.start}, {field.width}, {cast}in->{name});"


def _encode_rest(field: Field, fixed: int) -> Iterator[str]:
    name = field.name
    yield f"if (in->{name}_length > {capacity(field)}) return 0;"
    if field.element is None:
        yield f"if (in->{name}_length) memcpy(data + {fixed}, in->{name}, in->{name}_length);"
        return
    yield f"for (size_t i = 0; i < in->{name}_length; i++)"
    part = snake(field.element.__name__)
    yield f"    (void)ls1_{part}_encode(&in->{name}[i], data + {fixed} + i * {_each(field)});"
