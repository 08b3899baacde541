"""What every form can do: bytes to a value and back, a value to what people and programs are shown."""

from abc import ABC, abstractmethod
from typing import NamedTuple

from chargelink.wire import DecodeError, EncodeError


class Stamp(NamedTuple):
    """A moment as a meter tells it: local time, two-digit year, possibly impossible, so kept as text.

    `text` such as "2016-01-11 21:53:55", "05-20", "21:53"; `number` the weekday (0 = Sunday), or the day table or
    tariff that begins then; None where the form has none.
    """

    text: str
    number: int | None = None


Value = int | str | Stamp | tuple["Value | None", ...]
Presented = dict[str, object]

ABSENT_NOTE = "FF..FF = not available"


class Form(ABC):
    """How a value travels.

    `size` in bytes, None where the data's own length rules. All bytes FF mean that the meter has no such value
    (clause 6, note on identifiers): None.
    """

    size: int | None

    def decode(self, raw: bytes) -> Value | None:
        """The value of `raw`, low byte first and without +33H. Raises DecodeError, saying why it is none."""
        if self.size is not None and len(raw) != self.size:
            raise DecodeError(f"{len(raw)} bytes, not {self.size}")
        if raw and not raw.strip(b"\xff"):
            return None
        return self.read(raw)

    def encode(self, value: Value | None) -> bytes:
        """The bytes of a value, low byte first and without +33H. Raises EncodeError."""
        if value is None:
            return b"\xff" * (self.size or 1)
        raw = self.write(value)
        if raw and not raw.strip(b"\xff"):
            raise EncodeError(f"{value!r} would travel as FF..FF, which means absent")
        return raw

    def doubt(self, value: Value) -> str:
        """Why a value that can be read makes no sense; "" if it does."""
        return ""

    @abstractmethod
    def read(self, raw: bytes) -> Value:
        """As `decode`, length checked and not absent."""

    @abstractmethod
    def write(self, value: Value) -> bytes:
        """As `encode`, not absent."""

    @abstractmethod
    def present(self, value: Value | None) -> Presented:
        """What a screen or a JSON object shows: "value", and "unit" where there is one."""

    def present_undecodable(self, raw: bytes) -> Presented:
        """What is shown for bytes that `decode` refuses."""
        return {"value": f"undecodable:{raw.hex()}"}

    @property
    @abstractmethod
    def layout(self) -> str:
        """The standard's way of writing the form: "XXXXXX.XX"."""

    @property
    def unit(self) -> str:
        """The unit people use; "" for none."""
        return ""


def integer(value: Value) -> int:
    """`value`, which must be an integer. Raises EncodeError."""
    if isinstance(value, int):
        return value
    raise EncodeError(f"{value!r} is not an integer")


def text(value: Value) -> str:
    """`value`, which must be text. Raises EncodeError."""
    if isinstance(value, str):
        return value
    raise EncodeError(f"{value!r} is not text")
