"""Messages that use every word of the vocabulary, for the tests of the generators."""

from typing import Annotated

from chargelink.wire import Bcd, Coded, Message, Part, Raw, Rest, Text, bits, i8, i16, u8, u16, u24, u32


class Colour(Coded):
    RED = 1, "red", "红"
    GREEN = 2, "green", "绿"


class Numbers(Message, frozen=True):
    """Whole bytes of every size, scaled, shifted, limited, absent."""

    small: Annotated[int, u8(high=200)]
    scaled: Annotated[int, u16(100, offset=-400_000, unit="mA", low=-300_000, high=100_000, note="SPN 1")]
    wide: Annotated[int | None, u24()]
    widest: Annotated[int | None, u32(high=4_000_000_000)]
    colour: Annotated[Colour | int | None, u8()]
    signed: Annotated[int, i8(low=-40, high=85, unit="°C")]
    longer: Annotated[int, i16(10)]


class Flags(Message, frozen=True):
    """Bits that share bytes, with holes, across bytes, and missing at the end."""

    first: Annotated[int, bits(2, "1.3", high=2)]
    colour: Annotated[Colour | int, bits(2)]
    cell: Annotated[int | None, bits(12, "3.1", 10, unit="mV", high=24_000)]
    group: Annotated[int, bits(4, offset=1)]
    late: Annotated[int | None, bits(2, "6.1")] = None
    last: Annotated[Colour | int | None, bits(2)] = None


class Mixed(Message, frozen=True):
    """Text, bytes, BCD and a message within."""

    name: Annotated[str | None, Text(4)]
    serial: Annotated[bytes, Raw(3, name="serial_hex")]
    hour: Annotated[int | None, Bcd(1, high=23)]
    year: Annotated[int | None, Bcd(2)]
    flags: Annotated[Flags, Part()]


class Cells(Message, frozen=True):
    """A number of messages to the end."""

    count: Annotated[int, u8()]
    cells: Annotated[tuple[Flags, ...], Rest(most=5)]


class Temperatures(Message, frozen=True):
    """A number of numbers to the end."""

    temperatures: Annotated[tuple[int | None, ...], Rest(u8(10, offset=-500, unit="0.1 °C", high=2000), most=8)]


class Blob(Message, frozen=True):
    """Bytes to the end."""

    kind: Annotated[int, u8()]
    content: Annotated[bytes, Rest()]


EVERYTHING = (Numbers, Flags, Mixed, Cells, Temperatures, Blob)
