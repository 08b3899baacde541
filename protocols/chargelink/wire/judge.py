"""What is wrong with a raw value, and what it stands for: said slowly. The generated code asks the same, fast."""

from enum import IntEnum
from typing import Any

from chargelink.wire.items import Digits, Number
from chargelink.wire.layout import Field
from chargelink.wire.message import Why

_DIGITS = tuple(byte // 16 * 10 + byte % 16 if byte // 16 < 10 and byte % 16 < 10 else None for byte in range(256))


def judge(field: Field, raw: int) -> Why | None:
    """Why a raw value of a field makes no sense, or None where it does."""
    item = field.item
    if isinstance(item, Number):
        return None if field.nullable and raw == item.ones else judge_number(item, field.kind, raw)
    if isinstance(item, Digits) and raw != (1 << item.width) - 1:
        value = bcd(raw, item.size)
        if value is None:
            return Why.NOT_BCD
        return _judge_range(value, item.low, value if item.high is None else item.high)
    return None


def judge_number(item: Number, kind: type, raw: int) -> Why | None:
    """The same for a number that is not None."""
    if issubclass(kind, IntEnum):
        return None if raw in kind._value2member_map_ else Why.UNKNOWN_CODE
    return _judge_range(raw, item.raw_low, item.raw_high)


def _judge_range(value: int, low: int, high: int) -> Why | None:
    if value > high:
        return Why.ABOVE
    return Why.BELOW if value < low else None


def value_of(field: Field, raw: int) -> Any:
    """What a raw number stands for: an integer in the field's unit, a member of its enumeration, or None."""
    item = field.item
    if not isinstance(item, Number):
        raise AssertionError(f"{field.name} is no number")
    if field.nullable and raw == item.ones:
        return None
    if issubclass(field.kind, IntEnum):
        return field.kind._value2member_map_.get(raw, raw)
    return raw * item.step + item.offset


def bcd(raw: int, size: int) -> int | None:
    """The number in `size` bytes of packed BCD, low byte first; None where a digit is none."""
    value = 0
    for byte in reversed(raw.to_bytes(size, "little")):
        digits = _DIGITS[byte]
        if digits is None:
            return None
        value = value * 100 + digits
    return value


def to_bcd(value: int, size: int) -> int:
    """The raw number of `size` bytes of packed BCD. Raises OverflowError where the digits do not fit."""
    if not 0 <= value < 100**size:
        raise OverflowError(f"{value} has no {2 * size} digits")
    return int(str(value), 16)
