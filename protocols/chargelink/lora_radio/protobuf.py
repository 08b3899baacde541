"""Protocol Buffers (proto3) for messages that are written down as tables, and their JSON mapping.

Only what `gw.proto` of ChirpStack needs: no maps, no groups, no packed lists. A message is a dict by JSON names; what
has its default value is left out, as both forms leave it out. Unknown fields are skipped, as both forms ask.
"""

import base64
import struct
from collections.abc import Iterator
from enum import Enum
from typing import Any, NamedTuple

import msgspec

from chargelink.lora_radio.packets import read_base64
from chargelink.wire import DecodeError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
LONGEST_VARINT = 10  # bytes


class Kind(Enum):
    """What a field holds."""

    UNSIGNED = "uint32"
    SIGNED = "int32"
    BOOL = "bool"
    FLOAT = "float"
    STRING = "string"
    BYTES = "bytes"


class Field(NamedTuple):
    """A field: its number, its JSON name, and a Kind, the names of an enumeration in order, or another message."""

    number: int
    name: str
    kind: "Kind | tuple[str, ...] | Message"
    repeated: bool = False


class Message(msgspec.Struct, frozen=True):
    """The fields of a message."""

    fields: tuple[Field, ...]


def decode(message: Message, data: bytes) -> dict[str, Any]:
    """Read the binary form. Raises DecodeError for what is cut off, or has a field in another form than the table's."""
    fields = {field.number: field for field in message.fields}
    values: dict[str, Any] = {}
    for number, value in _pieces(data):
        field = fields.get(number)
        if field is None:
            continue
        read = _from_wire(field, value)
        if field.repeated:
            values.setdefault(field.name, []).append(read)
        else:
            values[field.name] = read
    return values


def encode(message: Message, values: dict[str, Any]) -> bytes:
    """Write the binary form."""
    parts = []
    for field in message.fields:
        given = values.get(field.name)
        several = given if field.repeated else [given]
        parts += [_to_wire(field, value) for value in several or () if value or field.repeated or value == {}]
    return b"".join(parts)


def from_json(message: Message, text: bytes) -> dict[str, Any]:
    """Read the JSON form. Raises DecodeError for what is no such message."""
    try:
        document = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(f"no JSON: {error}") from error
    return _of_json(message, document)


def to_json(message: Message, values: dict[str, Any]) -> bytes:
    """Write the JSON form: bytes in base64, enumerations by name."""
    return msgspec.json.encode(_as_json(message, values))


def _pieces(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields as they come: varints as numbers, everything else as bytes."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == BYTES:
            length, at = _varint(data, at)
        elif wire in (FIXED32, FIXED64):
            length = 4 if wire == FIXED32 else 8
        else:
            raise DecodeError(f"field {number} has wire type {wire}")
        if length > len(data) - at:
            raise DecodeError(f"field {number} is cut off: {length} bytes announced, {len(data) - at} there")
        yield number, data[at : at + length]
        at += length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for index, byte in enumerate(data[at : at + LONGEST_VARINT]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at + index + 1
    raise DecodeError("a number that does not end")


def _from_wire(field: Field, value: int | bytes) -> Any:
    kind = field.kind
    if isinstance(value, int):
        if isinstance(kind, tuple):
            return _enumerated(kind, value & 0xFFFF_FFFF)
        if kind is Kind.UNSIGNED:
            return value & 0xFFFF_FFFF
        if kind is Kind.SIGNED:
            return ((value & 0xFFFF_FFFF) ^ 0x8000_0000) - 0x8000_0000
        if kind is Kind.BOOL:
            return bool(value)
    elif isinstance(kind, Message):
        return decode(kind, value)
    elif kind is Kind.BYTES:
        return bytes(value)
    elif kind is Kind.FLOAT and len(value) == 4:
        return struct.unpack("<f", value)[0]
    elif kind is Kind.STRING:
        try:
            return value.decode()
        except UnicodeDecodeError as error:
            raise DecodeError(f"{field.name}: {error}") from error
    raise DecodeError(f"{field.name} (field {field.number}) in another form: {value!r:.40}")


def _to_wire(field: Field, value: Any) -> bytes:
    kind = field.kind
    if isinstance(kind, Message):
        return _prefixed(field.number, encode(kind, value))
    if isinstance(kind, tuple):
        return _number(field.number << 3) + _number(kind.index(value))
    if kind is Kind.BYTES:
        return _prefixed(field.number, value)
    if kind is Kind.STRING:
        return _prefixed(field.number, value.encode())
    if kind is Kind.FLOAT:
        return _number(field.number << 3 | FIXED32) + struct.pack("<f", value)
    return _number(field.number << 3) + _number(int(value) & 0xFFFF_FFFF_FFFF_FFFF)


def _prefixed(number: int, data: bytes) -> bytes:
    return _number(number << 3 | BYTES) + _number(len(data)) + data


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _enumerated(names: tuple[str, ...], value: int) -> str:
    return names[value] if value < len(names) else str(value)


def _of_json(message: Message, document: object) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise DecodeError(f"no JSON object: {document!r:.40}")
    values: dict[str, Any] = {}
    for field in message.fields:
        given = document.get(field.name)
        if given is None:
            continue
        if field.repeated:
            if not isinstance(given, list):
                raise DecodeError(f"{field.name}: no list")
            values[field.name] = [_of_json_value(field, one) for one in given]
        else:
            values[field.name] = _of_json_value(field, given)
    return values


def _of_json_value(field: Field, given: Any) -> Any:
    kind = field.kind
    if isinstance(kind, Message):
        return _of_json(kind, given)
    if isinstance(kind, tuple):
        if isinstance(given, int) and not isinstance(given, bool) and given >= 0:
            return _enumerated(kind, given)
        if isinstance(given, str):
            return given
    elif kind is Kind.BYTES and isinstance(given, str):
        payload = read_base64(given)
        if payload.data is not None:
            return payload.data
    elif kind is Kind.STRING and isinstance(given, str):
        return given
    elif kind is Kind.BOOL:
        if isinstance(given, bool):
            return given
    elif isinstance(given, int | float) and not isinstance(given, bool) and abs(given) < 1 << 32:
        if kind is Kind.FLOAT:
            return float(given)
        if given == int(given) and (given >= 0 or kind is Kind.SIGNED):
            return int(given)
    raise DecodeError(f"{field.name}: {given!r:.40}")


def _as_json(message: Message, values: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for field in message.fields:
        given = values.get(field.name)
        if not given and given != {}:
            continue
        shown[field.name] = (
            [_as_json_value(field, one) for one in given] if field.repeated else _as_json_value(field, given)
        )
    return shown


def _as_json_value(field: Field, given: Any) -> Any:
    if isinstance(field.kind, Message):
        return _as_json(field.kind, given)
    return base64.b64encode(given).decode() if field.kind is Kind.BYTES else given
