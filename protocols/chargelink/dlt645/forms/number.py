"""Numbers: packed BCD, low byte first, the point in a fixed place; and the binary ones of some vendors."""

from dataclasses import dataclass

from chargelink.dlt645.forms.form import ABSENT_NOTE, Form, Presented, Value, integer
from chargelink.dlt645.forms.unit import PLAIN, Unit
from chargelink.wire import DecodeError, EncodeError

SIGN = 0x80


@dataclass(frozen=True)
class Scaled(Form):
    """An integer on the wire whose last digit counts `10 ** -decimals` of the unit that people read."""

    size: int
    decimals: int = 0
    scale: Unit = PLAIN
    signed: bool = False

    def __post_init__(self) -> None:
        if self.scale.parts % 10**self.decimals:
            raise ValueError(f"{self.scale.inner or 'a plain number'} is too coarse for {self.decimals} decimals")

    @property
    def step(self) -> int:
        """What the last digit counts, in the inner unit: 10 000 mWh for 0.01 kWh."""
        return self.scale.parts // int(10**self.decimals)

    @property
    def unit(self) -> str:
        return self.scale.symbol

    def present(self, value: Value | None) -> Presented:
        shown: Presented = {"value": None if value is None else self.decimal(integer(value))}
        if self.scale is not PLAIN:
            shown["unit"] = self.scale.symbol
        if value is None:
            shown["note"] = ABSENT_NOTE
        return shown

    def decimal(self, value: int) -> str:
        """`value` in the unit that people read, with all the decimals that the meter sent."""
        digits = f"{abs(value) // self.step:0{self.decimals + 1}d}"
        sign = "-" if value < 0 else ""
        if not self.decimals:
            return sign + digits
        return f"{sign}{digits[: -self.decimals]}.{digits[-self.decimals :]}"

    def steps(self, value: Value) -> int:
        """How often the last digit counts. Raises EncodeError for what lies between two steps."""
        count, rest = divmod(integer(value), self.step)
        if rest:
            raise EncodeError(f"{value} {self.scale.inner} is no multiple of {self.step}")
        return count


@dataclass(frozen=True)
class Number(Scaled):
    """Packed BCD. If `signed` the top bit of the highest byte is the sign, which leaves 0..7 for the first digit."""

    def read(self, raw: bytes) -> int:
        negative = self.signed and raw[-1] >= SIGN
        if negative:
            raw = raw[:-1] + bytes((raw[-1] ^ SIGN,))
        digits = raw[::-1].hex()
        if not digits.isdecimal():
            raise DecodeError(f"{digits} is not BCD")
        return -int(digits) * self.step if negative else int(digits) * self.step

    def write(self, value: Value) -> bytes:
        count = self.steps(value)
        limit = 10 ** (2 * self.size) * (8 if self.signed else 10) // 10
        if abs(count) >= limit or (count < 0 and not self.signed):
            raise EncodeError(f"{value} {self.scale.inner} does not fit {self.layout}")
        raw = bytearray(bytes.fromhex(f"{abs(count):0{2 * self.size}d}")[::-1])
        if count < 0:
            raw[-1] |= SIGN
        return bytes(raw)

    def present_undecodable(self, raw: bytes) -> Presented:
        kind = "nonBCD" if len(raw) == self.size else "short"
        return {**self.present(0), "value": f"{kind}:{raw.hex()}"}

    @property
    def layout(self) -> str:
        whole = "X" * (2 * self.size - self.decimals)
        return f"{whole}.{'X' * self.decimals}" if self.decimals else whole


@dataclass(frozen=True)
class Binary(Scaled):
    """A binary integer, low byte first: not the standard's way, but that of some vendors."""

    def read(self, raw: bytes) -> int:
        return int.from_bytes(raw, "little", signed=self.signed) * self.step

    def write(self, value: Value) -> bytes:
        try:
            return self.steps(value).to_bytes(self.size, "little", signed=self.signed)
        except OverflowError as error:
            raise EncodeError(f"{value} {self.scale.inner} does not fit {self.layout}") from error

    @property
    def layout(self) -> str:
        kind = "int" if self.signed else "uint"
        return f"{kind}{8 * self.size}" + (f" / {10**self.decimals}" if self.decimals else "")
