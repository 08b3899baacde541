"""How a value travels: BCD numbers, digits, text, moments, status bits, records. One file a kind."""

from chargelink.dlt645.forms.bits import Bits, Field
from chargelink.dlt645.forms.form import Form, Presented, Stamp, Value
from chargelink.dlt645.forms.moment import Moment
from chargelink.dlt645.forms.number import Binary, Number
from chargelink.dlt645.forms.record import Listed, Record
from chargelink.dlt645.forms.text import Ascii, Digits, Hexadecimal, Opaque

__all__ = [
    "Ascii",
    "Binary",
    "Bits",
    "Digits",
    "Field",
    "Form",
    "Hexadecimal",
    "Listed",
    "Moment",
    "Number",
    "Opaque",
    "Presented",
    "Record",
    "Stamp",
    "Value",
]
