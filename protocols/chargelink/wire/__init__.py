"""Declare a wire format once, as a typed class; the codec, the documentation and a construct follow from it.

    Voltage = Annotated[int, u16(100, unit="mV", high=1_500_000)]

    class BCL(Message, frozen=True):
        voltage_demand: Voltage
        current_demand: Annotated[int, u16(100, offset=-400_000, unit="mA", high=0)]
        charge_mode: Annotated[ChargeMode | int, u8()]

The type says what a value can be, the item where and how it travels. `| None` means that all ones say "not
available"; a default means that the field may be missing at the end; `Enum | int` keeps an unknown code, marked.
"""

from chargelink.wire.items import Bcd, Part, Raw, Rest, Text, bits, i8, i16, u8, u16, u24, u32
from chargelink.wire.message import (
    ChargelinkError,
    Coded,
    DecodeError,
    EncodeError,
    Flaw,
    Message,
    Why,
)

__all__ = [
    "Bcd",
    "ChargelinkError",
    "Coded",
    "DecodeError",
    "EncodeError",
    "Flaw",
    "Message",
    "Part",
    "Raw",
    "Rest",
    "Text",
    "Why",
    "bits",
    "i8",
    "i16",
    "u8",
    "u16",
    "u24",
    "u32",
]
