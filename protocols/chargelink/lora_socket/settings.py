"""Lists of parameters as bytes. Tagged and nested, so the layout is a construct built from the table of parameters."""

from typing import Any

import construct

from chargelink.lora_socket.parameters import PARAMETERS, SIGNATURE, SIGNATURE_LENGTH, Parameter, Setting, Value, judge
from chargelink.wire import DecodeError, EncodeError

_INTEGERS = {"B": construct.Int8ul, "b": construct.Int8sl, "H": construct.Int16ul}


def _value(parameter: Parameter) -> Any:
    """The construct of one value; it must fill its length exactly."""
    integer = _INTEGERS[parameter.format]
    layout = integer if parameter.fields == 1 else construct.Array(parameter.fields, integer)
    return construct.FixedSized(parameter.fields * integer.sizeof(), layout)


_VALUES: dict[int, Any] = {parameter.tag: _value(parameter) for parameter in PARAMETERS}
_VALUES[SIGNATURE] = construct.Bytes(SIGNATURE_LENGTH)
_ELEMENT: Any = construct.Struct(
    "tag" / construct.Byte,
    "length" / construct.Byte,
    "content" / construct.Bytes(construct.this.length),
    "value" / construct.Computed(lambda element: _parsed(element.tag, element.content)),
)


def _parsed(tag: int, content: bytes) -> Value:
    layout = _VALUES.get(tag)
    if layout is None or len(content) != layout.sizeof():
        return content
    value = layout.parse(content)
    return value if isinstance(value, int | bytes) else tuple(value)


def read_settings(data: bytes) -> tuple[Setting, ...]:
    """Read a list of parameters to its end. Raises DecodeError when it is torn."""
    settings: list[Setting] = []
    at = 0
    while at < len(data):
        try:
            element = _ELEMENT.parse(data[at:])
        except construct.ConstructError as error:
            raise DecodeError(f"the list of parameters is torn at byte {at}: {data[at : at + 8].hex(' ')}") from error
        settings.append(Setting(element.tag, element.value))
        at += 2 + element.length
    return tuple(settings)


def write_settings(settings: tuple[Setting, ...], checked: bool = True) -> bytes:
    """Write a list of parameters. Raises EncodeError for one that a socket would refuse, unless not `checked`."""
    return b"".join(_element(setting, checked) for setting in settings)


def _element(setting: Setting, checked: bool) -> bytes:
    if checked and (flaw := judge(setting)):
        raise EncodeError(f"parameter {setting.tag:02X} = {setting.value!r}: {flaw.value}")
    try:
        value = setting.value
        content = value if isinstance(value, bytes) else bytes(_VALUES[setting.tag].build(value))
        return bytes([setting.tag, len(content)]) + content
    except (construct.ConstructError, KeyError, TypeError, ValueError) as error:
        raise EncodeError(f"parameter {setting.tag:02X} = {setting.value!r} cannot be written") from error
