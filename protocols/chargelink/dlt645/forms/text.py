"""Names and numbers that are not counted with: digits, ASCII, and bytes that nobody explains."""

from dataclasses import dataclass

from chargelink.dlt645.forms.form import ABSENT_NOTE, Form, Presented, Value, text
from chargelink.wire import DecodeError, EncodeError


class _Shown(Form):
    """What is shown as it is."""

    def present(self, value: Value | None) -> Presented:
        return {"value": None, "note": ABSENT_NOTE} if value is None else {"value": value}


@dataclass(frozen=True)
class Digits(_Shown):
    """Decimal digits, two a byte, low byte first: addresses and meter numbers."""

    size: int

    def read(self, raw: bytes) -> str:
        digits = raw[::-1].hex()
        if not digits.isdecimal():
            raise DecodeError(f"{digits} is not BCD")
        return digits

    def write(self, value: Value) -> bytes:
        digits = text(value)
        if len(digits) != 2 * self.size or not (digits.isascii() and digits.isdecimal()):
            raise EncodeError(f"{value!r} is not {2 * self.size} digits")
        return bytes.fromhex(digits)[::-1]

    def present_undecodable(self, raw: bytes) -> Presented:
        return {"value": f"nonBCD:{raw.hex()}"}

    @property
    def layout(self) -> str:
        return "N" * (2 * self.size)


@dataclass(frozen=True)
class Hexadecimal(_Shown):
    """Hexadecimal digits, two a byte, low byte first: identifiers and operator codes, which need not be decimal."""

    size: int

    def read(self, raw: bytes) -> str:
        return raw[::-1].hex().upper()

    def write(self, value: Value) -> bytes:
        try:
            raw = bytes.fromhex(text(value))
        except ValueError as error:
            raise EncodeError(f"{value!r} is not hexadecimal") from error
        if len(raw) != self.size:
            raise EncodeError(f"{value!r} is not {2 * self.size} hexadecimal digits")
        return raw[::-1]

    @property
    def layout(self) -> str:
        return "H" * (2 * self.size)


@dataclass(frozen=True)
class Ascii(_Shown):
    """Printable ASCII, last character first, filled up with NUL (some meters use spaces)."""

    size: int

    def read(self, raw: bytes) -> str:
        characters = raw[::-1].strip(b"\x00 ")
        if not all(0x20 <= byte < 0x7F for byte in characters):
            raise DecodeError(f"{characters!r} is not printable ASCII")
        return characters.decode("ascii")

    def write(self, value: Value) -> bytes:
        characters = text(value)
        if characters != characters.strip() or not (characters.isascii() and characters.isprintable()):
            raise EncodeError(f"{value!r} is not printable ASCII without outer spaces")
        if len(characters) > self.size:
            raise EncodeError(f"{value!r} has more than {self.size} characters")
        return characters.encode("ascii").ljust(self.size, b"\x00")[::-1]

    @property
    def layout(self) -> str:
        return f"ASCII x {self.size}"


@dataclass(frozen=True)
class Opaque(_Shown):
    """Bytes as they travel, shown in hexadecimal: layouts that differ from meter to meter."""

    size: int | None = None

    def read(self, raw: bytes) -> str:
        return raw.hex(" ").upper()

    def write(self, value: Value) -> bytes:
        try:
            raw = bytes.fromhex(text(value))
        except ValueError as error:
            raise EncodeError(f"{value!r} is not hexadecimal") from error
        if self.size is not None and len(raw) != self.size:
            raise EncodeError(f"{len(raw)} bytes, not {self.size}")
        return raw

    @property
    def layout(self) -> str:
        return "bytes" if self.size is None else f"{self.size} bytes"
