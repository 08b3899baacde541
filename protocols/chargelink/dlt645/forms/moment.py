"""Moments: BCD pairs in the standard's notation "YYMMDDhhmm", which travel last pair first."""

import re
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from chargelink.dlt645.forms.form import ABSENT_NOTE, Form, Presented, Stamp, Value
from chargelink.wire import DecodeError, EncodeError

DATE_PAIRS = ("YY", "MM", "DD")
TIME_PAIRS = ("hh", "mm", "ss")
NUMBER_PAIRS = {"WW": "weekday", "NN": "number"}
HIGHEST = {"MM": 12, "DD": 31, "WW": 7, "hh": 24, "mm": 59, "ss": 59}
CENTURY = "20"  # meters know two digits of a year


@dataclass(frozen=True)
class Moment(Form):
    """`notation` is a sequence of YY MM DD hh mm ss and WW (weekday, 0 = Sunday) or NN (a table's or tariff's number).

    Values are `Stamp`s. 99 stands for "any" where the standard has such a thing (freeze), and is kept.
    """

    notation: str
    size: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", len(self.notation) // 2)

    @cached_property
    def pairs(self) -> tuple[str, ...]:
        """The notation, pair by pair, in the order in which people write it."""
        return tuple(self.notation[at : at + 2] for at in range(0, len(self.notation), 2))

    @cached_property
    def _written(self) -> re.Pattern[str]:
        """The text of a stamp, with a group for each pair."""
        groups = {pair: rf"(?P<{pair}>\d\d)" for pair in self.pairs}
        if "YY" in groups:
            groups["YY"] = CENTURY + groups["YY"]
        day = "-".join(groups[pair] for pair in DATE_PAIRS if pair in groups)
        time = ":".join(groups[pair] for pair in TIME_PAIRS if pair in groups)
        return re.compile(" ".join(part for part in (day, time) if part), re.ASCII)

    def read(self, raw: bytes) -> Stamp:
        digits = raw[::-1].hex()
        if not digits.isdecimal():
            raise DecodeError(f"{digits} is not BCD")
        values = {pair: digits[2 * at : 2 * at + 2] for at, pair in enumerate(self.pairs)}
        number = next((int(values[pair]) for pair in NUMBER_PAIRS if pair in values), None)
        if "YY" in values:
            values["YY"] = CENTURY + values["YY"]
        day = "-".join(values[pair] for pair in DATE_PAIRS if pair in values)
        time = ":".join(values[pair] for pair in TIME_PAIRS if pair in values)
        return Stamp(" ".join(part for part in (day, time) if part), number)

    def write(self, value: Value) -> bytes:
        stamp = Stamp(value) if isinstance(value, str) else value
        if not isinstance(stamp, Stamp):
            raise EncodeError(f"{value!r} is not a moment")
        written = self._written.fullmatch(stamp.text)
        if written is None:
            raise EncodeError(f"{stamp.text!r} is not a moment {self.notation}")
        values = written.groupdict()
        if any(pair in NUMBER_PAIRS for pair in self.pairs):
            number = self._weekday(stamp.text) if stamp.number is None else stamp.number
            if not 0 <= number <= 99:
                raise EncodeError(f"{number} is not two digits")
            values |= dict.fromkeys(NUMBER_PAIRS, f"{number:02d}")
        return bytes.fromhex("".join(values[pair] for pair in reversed(self.pairs)))

    def _weekday(self, written: str) -> int:
        """The weekday that belongs to a date that comes without one. Raises EncodeError."""
        try:
            return date.fromisoformat(written[:10]).isoweekday() % 7
        except ValueError as error:
            raise EncodeError(f"{written!r} needs a number, {self.notation}") from error

    def doubt(self, value: Value) -> str:
        """Zeros mean "never" and 99 "any"; month 34 or hour 25 is a fault."""
        if not isinstance(value, Stamp):
            return ""
        written = self._written.fullmatch(value.text)
        pairs = written.groupdict() if written else {}
        beyond = [pair for pair, shown in pairs.items() if HIGHEST.get(pair, 99) < int(shown) < 99]
        return f"{value.text} is no possible time" if beyond else ""

    def present(self, value: Value | None) -> Presented:
        if not isinstance(value, Stamp):
            return {"value": None, "note": ABSENT_NOTE}
        shown: Presented = {"value": value.text}
        if value.number is not None:
            label = next(NUMBER_PAIRS[pair] for pair in self.pairs if pair in NUMBER_PAIRS)
            shown[label] = f"{value.number:02d}"
        return shown

    def present_undecodable(self, raw: bytes) -> Presented:
        return {"value": f"nonBCD:{raw.hex()}"}

    @property
    def layout(self) -> str:
        return self.notation
