"""How a meter shows what it holds: digits are cut, not rounded, and what has too many is not available."""

from chargelink.dlt645.forms import Form, Record, Value
from chargelink.dlt645.forms.number import Scaled
from chargelink.dlt645.forms.unit import AMPERE, KVA, KVAR, KW, KWH, VOLT
from chargelink.wire import EncodeError

PARTS = {unit.symbol: unit.parts for unit in (KWH, VOLT, AMPERE, KW, KVA, KVAR)}
"""What one of a unit has of the small one that values are kept in; vendors' forms may have a finer one."""


def shown(form: Form, value: Value | None) -> bytes:
    """The bytes of a value under a form. Of a demand with its time, a form for a number shows the demand."""
    if value is None:
        return form.encode(None)
    if isinstance(form, Record) and isinstance(value, tuple):
        return b"".join(shown(part, item) for (_, part), item in zip(form.parts, value, strict=True))
    if isinstance(form, Scaled) and isinstance(value, tuple):
        value = value[0]
    if isinstance(form, Record):  # a vendor's number with a status byte
        return b"".join(shown(part, value if name == "value" else "00" * (part.size or 0)) for name, part in form.parts)
    if not isinstance(form, Scaled) or not isinstance(value, int):
        return form.encode(value)
    finer = form.scale.parts // PARTS.get(form.unit, form.scale.parts)
    whole = abs(value) * finer // form.step * form.step
    try:
        return form.encode(whole if value >= 0 else -whole)
    except EncodeError:
        return form.encode(None)
