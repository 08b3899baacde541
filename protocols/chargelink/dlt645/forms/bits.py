"""Status words: bits with a meaning each, bit 0 the lowest of the first byte."""

from dataclasses import dataclass

from chargelink.dlt645.forms.form import ABSENT_NOTE, Form, Presented, Value, integer
from chargelink.wire import EncodeError


@dataclass(frozen=True)
class Field:
    """`width` bits from `bit` on. `meanings` names the codes of a field wider than a bit."""

    bit: int
    name: str
    chinese: str
    width: int = 1
    meanings: tuple[str, ...] = ()

    def of(self, word: int) -> int:
        """The field's code in a word."""
        return word >> self.bit & (1 << self.width) - 1

    def meaning(self, code: int) -> str:
        """A code in words: "power_supply=battery"; a bit needs only its name."""
        if self.width == 1:
            return self.name
        known = self.meanings[code] if code < len(self.meanings) else str(code)
        return f"{self.name}={known}"


@dataclass(frozen=True)
class Bits(Form):
    """A word of `size` bytes. The value is the word as an integer; `names` says what is set in it."""

    size: int
    fields: tuple[Field, ...] = ()

    def read(self, raw: bytes) -> int:
        return int.from_bytes(raw, "little")

    def write(self, value: Value) -> bytes:
        try:
            return integer(value).to_bytes(self.size, "little")
        except OverflowError as error:
            raise EncodeError(f"{value} does not fit {self.size} bytes") from error

    def names(self, word: int) -> list[str]:
        """The fields that are not zero, lowest first."""
        return [field.meaning(field.of(word)) for field in self.fields if field.of(word)]

    def present(self, value: Value | None) -> Presented:
        if value is None:
            return {"value": None, "note": ABSENT_NOTE}
        word = integer(value)
        shown: Presented = {"value": f"{word:0{2 * self.size}X}"}
        if self.fields:
            shown["set"] = self.names(word)
        return shown

    @property
    def layout(self) -> str:
        return f"{8 * self.size} bits"
