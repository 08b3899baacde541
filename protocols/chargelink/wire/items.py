"""The vocabulary of a declaration: frozen items that say where and how a field is coded.

    class BCL(Message, frozen=True):
        voltage_demand: Annotated[int, u16(100, unit="mV", high=1_500_000)]

The *type* says what the value can be; the *item* says how it travels. A value is `raw * step + offset`, always an
integer in the named unit. Positions are the standard's own: "6.3" is byte 6, bit 3, bytes and bits counted from 1,
bit 1 lowest; without a position a field follows the one before. Numbers are little endian.

Every item takes `name`, the field's name on screens and in JSON where the attribute's own will not do, and `note`, a
remark for the documentation table such as the SPN. An item that several fields share gets its remark where it is used:

        voltage_demand: Annotated[Voltage, "SPN 3072"]
"""

from dataclasses import KW_ONLY, dataclass
from functools import partial


@dataclass(frozen=True, slots=True)
class Number:
    """An integer of `width` bits: `value = raw * step + offset` in `unit`, sensible between `low` and `high`."""

    width: int
    step: int = 1
    at: str | None = None
    _: KW_ONLY
    offset: int = 0
    unit: str = ""
    low: int | None = None
    high: int | None = None
    signed: bool = False
    name: str | None = None
    note: str = ""

    @property
    def ones(self) -> int:
        """All bits set: the raw value that says "not available" where the type allows None."""
        return (1 << self.width) - 1

    @property
    def raw_low(self) -> int:
        """The smallest raw value that is in range."""
        least = -(1 << self.width - 1) if self.signed else 0
        return least if self.low is None else max(least, -((self.offset - self.low) // self.step))

    @property
    def raw_high(self) -> int:
        """The largest raw value that is in range."""
        most = self.ones >> 1 if self.signed else self.ones
        return most if self.high is None else min(most, (self.high - self.offset) // self.step)


@dataclass(frozen=True, slots=True)
class Octets:
    """`size` bytes, as text (a `str` field: one character a byte, ISO 8859-1) or as they are (a `bytes` field)."""

    size: int
    at: str | None = None
    _: KW_ONLY
    name: str | None = None
    note: str = ""

    @property
    def width(self) -> int:
        return self.size * 8


@dataclass(frozen=True, slots=True)
class Digits:
    """`size` bytes of packed BCD, low byte first. All ones give None; so does anything else that is no BCD, marked."""

    size: int
    at: str | None = None
    _: KW_ONLY
    unit: str = ""
    low: int = 0
    high: int | None = None
    name: str | None = None
    note: str = ""

    @property
    def width(self) -> int:
        return self.size * 8


@dataclass(frozen=True, slots=True)
class Part:
    """A message of fixed length inside a message; the field's type is its class."""

    at: str | None = None
    _: KW_ONLY
    name: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Rest:
    """All that is left: a tuple of at most `most` messages or of numbers coded as `each`, or `bytes`."""

    each: Number | None = None
    _: KW_ONLY
    most: int = 255
    name: str | None = None
    note: str = ""


Item = Number | Octets | Digits | Part | Rest

u8 = partial(Number, 8)
u16 = partial(Number, 16)
u24 = partial(Number, 24)
u32 = partial(Number, 32)
i8 = partial(Number, 8, signed=True)
i16 = partial(Number, 16, signed=True)
Text = Octets
Raw = Octets
Bcd = Digits


def bits(
    width: int,
    at: str | None = None,
    step: int = 1,
    *,
    offset: int = 0,
    unit: str = "",
    low: int | None = None,
    high: int | None = None,
    name: str | None = None,
    note: str = "",
) -> Number:
    """`width` bits, at `at` or after the field before; the other arguments are those of `Number`."""
    return Number(width, step, at, offset=offset, unit=unit, low=low, high=high, name=name, note=note)


def first_bit(at: str) -> int:
    """The standard's "6.3" (byte 6, bit 3) as a bit counted from 0: 42."""
    byte, _, bit = at.partition(".")
    return (int(byte) - 1) * 8 + int(bit or "1") - 1
