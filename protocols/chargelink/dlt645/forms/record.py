"""Values made of values: a demand with its time, an event's record, a table of switching times."""

from dataclasses import dataclass, field

from chargelink.dlt645.forms.form import ABSENT_NOTE, Form, Presented, Value
from chargelink.wire import DecodeError, EncodeError


@dataclass(frozen=True)
class Record(Form):
    """Named parts of fixed length, one after the other. The value is a tuple of theirs.

    Shown with the first part as "value" if it has the name "value", every other part under its own name.
    """

    parts: tuple[tuple[str, Form], ...]
    size: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", sum(form.size or 0 for _, form in self.parts))

    def read(self, raw: bytes) -> tuple[Value | None, ...]:
        values, at = [], 0
        for name, form in self.parts:
            size = form.size or 0
            try:
                values.append(form.decode(raw[at : at + size]))
            except DecodeError as error:
                raise DecodeError(f"{name}: {error}") from error
            at += size
        return tuple(values)

    def write(self, value: Value) -> bytes:
        if not isinstance(value, tuple) or len(value) != len(self.parts):
            raise EncodeError(f"{value!r} is not {len(self.parts)} parts")
        return b"".join(
            form.encode(part) if part is not None else b"\xff" * (form.size or 0)
            for part, (_, form) in zip(value, self.parts, strict=True)
        )

    def doubt(self, value: Value) -> str:
        if not isinstance(value, tuple):
            return ""
        doubts = (form.doubt(part) for part, (_, form) in zip(value, self.parts, strict=True) if part is not None)
        return next((doubt for doubt in doubts if doubt), "")

    def present(self, value: Value | None) -> Presented:
        if not isinstance(value, tuple):
            return {"value": None, "note": ABSENT_NOTE}
        shown: Presented = {}
        for part, (name, form) in zip(value, self.parts, strict=True):
            presented = form.present(part)
            if name == "value":
                shown |= presented
            else:
                shown[name] = presented["value"] if presented.keys() == {"value"} else presented
        return shown

    def present_undecodable(self, raw: bytes) -> Presented:
        kind = "nonBCD" if len(raw) == self.size else "short"
        return {"value": f"{kind}:{raw.hex()}"}

    @property
    def layout(self) -> str:
        return " + ".join(form.layout for _, form in self.parts)


@dataclass(frozen=True)
class Listed(Form):
    """Entries of one form, as many as the data holds: zone tables, day tables."""

    entry: Form
    size: int | None = field(init=False, default=None)

    def read(self, raw: bytes) -> tuple[Value | None, ...]:
        size = self.entry.size or 1
        if len(raw) % size:
            raise DecodeError(f"{len(raw)} bytes are no whole number of entries of {size}")
        return tuple(self.entry.decode(raw[at : at + size]) for at in range(0, len(raw), size))

    def write(self, value: Value) -> bytes:
        if not isinstance(value, tuple):
            raise EncodeError(f"{value!r} is not a list of entries")
        return b"".join(self.entry.encode(entry) for entry in value)

    def present(self, value: Value | None) -> Presented:
        if not isinstance(value, tuple):
            return {"value": None, "note": ABSENT_NOTE}
        return {"value": [self.entry.present(entry) for entry in value]}

    @property
    def layout(self) -> str:
        return f"{self.entry.layout} x n"
