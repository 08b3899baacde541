"""Consecutive samples of one session as few bytes: the body of a `TelemetryBlock`. Nothing is lost, no value rounded.

    body    = 1 0 columns                   version, then how the columns are packed: 0 = as they are
            | 1 1 size zlib(columns)        1 = by zlib (RFC 1950); size: their bytes before
    columns = count at voltage current power energy soc
    column  = kind step first rest          kind: one byte, bit 0 = delta of delta, bit 1 = beside what is expected
    soc     = 0                             no sample has it
            | 1 column                      every sample has it
            | 2 bitmap column               those whose bit is 1: (count + 7) / 8 bytes, lowest bit first

`size`, `count` and `step` are varints: 7 bits a byte, lowest first, bit 7 set on all but the last. `first` and `rest`
are signed, 0 -1 1 -2 2 written as the varints 0 1 2 3 4 (zigzag); no varint is longer than 9 bytes.

A column has its first value, then for each further one the difference from the one before it, divided by `step`, which
divides all of them. With bit 0 of `kind` the first difference is followed by the differences of the differences.

Bit 1 is for power alone. The column then holds what power is above what voltage and current let expect,
floor(voltage * current / 1000) in mW; these products have to fit 64 bits.

Example: two samples, 1 s apart, of 400.0 V and 10.0 A, 4 kW, no SOC, 0 and 1 mWh:

    01 00  02  00 e8 07 e8 07 02  00 01 80 ea 30 00  00 01 a0 9c 01 00  02 01 00 00  00 01 00 02  00
"""

import math
import zlib
from collections.abc import Sequence
from itertools import pairwise

from chargelink.link.messages import MOST_SAMPLES, Sample
from chargelink.link.quantities import EXACT
from chargelink.wire import DecodeError, EncodeError

VERSION = 1
AS_THEY_ARE, BY_ZLIB = 0, 1
DELTA_OF_DELTA, BESIDE_EXPECTED = 1, 2
NONE_HAS, ALL_HAVE, SOME_HAVE = 0, 1, 2
LARGEST_COLUMNS = 1 << 19  # bytes; the most that MOST_SAMPLES can need
LONGEST_VARINT = 9  # bytes
MOST_SOC = 1000
PRODUCTS = 1 << 63


def pack(samples: Sequence[Sample]) -> bytes:
    """Samples of one device, outlet and session as the body of a block, in the order given.

    Raises EncodeError for none, for more than MOST_SAMPLES, for those of different sessions, for impossible values.
    """
    if not 1 <= len(samples) <= MOST_SAMPLES:
        raise EncodeError(f"a block of {len(samples)} samples, 1 to {MOST_SAMPLES} are allowed")
    if len({(one.device, one.outlet, one.session_id) for one in samples}) > 1:
        raise EncodeError("a block holds the samples of one session")
    columns = _columns(samples)
    packed = _varint(len(columns)) + zlib.compress(columns, 9)
    if len(packed) < len(columns):
        return bytes((VERSION, BY_ZLIB)) + packed
    return bytes((VERSION, AS_THEY_ARE)) + columns


def unpack(body: bytes, device: str, session_id: str, outlet: str | None = None) -> tuple[Sample, ...]:
    """The samples of a block's body, of the device, session and outlet that the block names.

    Raises DecodeError for anything else than `pack` may give, before it takes more memory than the body says and than
    LARGEST_COLUMNS and MOST_SAMPLES allow.
    """
    reader = _Reader(_unzipped(body))
    count = reader.varint()
    if not 1 <= count <= MOST_SAMPLES:
        raise DecodeError(f"a block of {count} samples, 1 to {MOST_SAMPLES} are allowed")
    at = reader.column(count, 0, EXACT)
    voltage = reader.column(count, -EXACT, EXACT)
    current = reader.column(count, -EXACT, EXACT)
    power = reader.column(count, -EXACT, EXACT, _expected(voltage, current))
    energy = reader.column(count, 0, EXACT)
    soc = reader.charges(count)
    reader.end()
    return tuple(
        Sample(
            device=device,
            session_id=session_id,
            outlet=outlet,
            at=row[0],
            voltage=row[1],
            current=row[2],
            power=row[3],
            energy=row[4],
            soc=row[5],
        )
        for row in zip(at, voltage, current, power, energy, soc, strict=True)
    )


def _columns(samples: Sequence[Sample]) -> bytes:
    voltage = [one.voltage for one in samples]
    current = [one.current for one in samples]
    power = [one.power for one in samples]
    charges = [one.soc for one in samples if one.soc is not None]
    columns = [
        _varint(len(samples)),
        _column([one.at for one in samples], 0, EXACT),
        _column(voltage, -EXACT, EXACT),
        _column(current, -EXACT, EXACT),
        _column(power, -EXACT, EXACT, _expected(voltage, current)),
        _column([one.energy for one in samples], 0, EXACT),
    ]
    if not charges:
        return b"".join((*columns, bytes((NONE_HAS,))))
    charge = _column(charges, 0, MOST_SOC)
    if len(charges) == len(samples):
        return b"".join((*columns, bytes((ALL_HAVE,)), charge))
    bits = sum(1 << index for index, one in enumerate(samples) if one.soc is not None)
    return b"".join((*columns, bytes((SOME_HAVE,)), bits.to_bytes(-(-len(samples) // 8), "little"), charge))


def _column(values: list[int], low: int, high: int, expected: list[int] | None = None) -> bytes:
    """What is shortest, once zlib has been over it, of all that may be written for these values."""
    if not (low <= min(values) and max(values) <= high):
        raise EncodeError(f"a value outside {low}..{high}")
    ways = _differences(values, 0)
    if expected is not None:
        beside = [value - one for value, one in zip(values, expected, strict=True)]
        if all(-EXACT <= one <= EXACT for one in beside):
            ways += _differences(beside, BESIDE_EXPECTED)
    return min(ways, key=lambda way: len(zlib.compress(way)))


def _differences(values: list[int], kind: int) -> list[bytes]:
    """The two ways to write a column, but for what is expected."""
    first = [after - before for before, after in pairwise(values)]
    step = math.gcd(*first) or 1
    first = [one // step for one in first]
    second = first[:1] + [after - before for before, after in pairwise(first)]
    head = _varint(step) + _signed([values[0]])
    return [bytes((kind,)) + head + _signed(first), bytes((kind | DELTA_OF_DELTA,)) + head + _signed(second)]


def _expected(voltage: list[int], current: list[int]) -> list[int] | None:
    """mW by mV and mA; None if these products are larger than a foreign reader can hold."""
    products = [one * other for one, other in zip(voltage, current, strict=True)]
    if not -PRODUCTS <= min(products) <= max(products) < PRODUCTS:
        return None
    return [product // 1000 for product in products]


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _signed(values: list[int]) -> bytes:
    if all(-64 <= value < 64 for value in values):
        return bytes([value << 1 if value >= 0 else -1 - (value << 1) for value in values])
    return b"".join([_varint(value << 1 if value >= 0 else -1 - (value << 1)) for value in values])


def _unzipped(body: bytes) -> bytes:
    """The columns of a body."""
    if len(body) < 2 or body[0] != VERSION or body[1] not in (AS_THEY_ARE, BY_ZLIB):
        raise DecodeError(f"no telemetry of version {VERSION}: {body[:2].hex()}")
    if body[1] == AS_THEY_ARE:
        if len(body) - 2 > LARGEST_COLUMNS:
            raise DecodeError(f"{len(body) - 2} bytes of columns, {LARGEST_COLUMNS} are allowed")
        return body[2:]
    reader = _Reader(body, at=2)
    size = reader.varint()
    if size > LARGEST_COLUMNS:
        raise DecodeError(f"{size} bytes of columns, {LARGEST_COLUMNS} are allowed")
    unzip = zlib.decompressobj()
    try:
        columns = unzip.decompress(body[reader.at :], size + 1)  # never more than it says
    except zlib.error as error:
        raise DecodeError(str(error)) from None
    if len(columns) != size or not unzip.eof or unzip.unused_data:
        raise DecodeError(f"not the {size} bytes of columns that it says")
    return columns


class _Reader:
    """Reads what `pack` writes; every method raises DecodeError."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    def byte(self) -> int:
        if self.at >= len(self.data):
            raise DecodeError("the columns end too soon")
        self.at += 1
        return self.data[self.at - 1]

    def varint(self) -> int:
        value = shift = 0
        for _ in range(LONGEST_VARINT):
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
        raise DecodeError(f"a varint of more than {LONGEST_VARINT} bytes")

    def signed(self, count: int) -> list[int]:
        end = self.at + count
        if end > len(self.data):
            raise DecodeError("the columns end too soon")
        piece = self.data[self.at : end]
        if piece.isascii():  # each of one byte, as nearly always
            self.at = end
            return [byte >> 1 ^ -(byte & 1) for byte in piece]
        values = [self.varint() for _ in range(count)]
        return [value >> 1 ^ -(value & 1) for value in values]

    def column(self, count: int, low: int, high: int, expected: list[int] | None = None) -> list[int]:
        kind = self.byte()
        if kind > DELTA_OF_DELTA | BESIDE_EXPECTED or (kind & BESIDE_EXPECTED and expected is None):
            raise DecodeError(f"a column of kind {kind} where there can be none")
        step = self.varint()
        if step == 0:
            raise DecodeError("a step of 0")
        (value,) = self.signed(1)
        values = [value]
        difference = 0
        for one in self.signed(count - 1):
            difference = difference + one if kind & DELTA_OF_DELTA else one
            value += difference * step
            values.append(value)
        if kind & BESIDE_EXPECTED and expected is not None:
            values = [one + above for one, above in zip(expected, values, strict=True)]
        if not (low <= min(values) and max(values) <= high):
            raise DecodeError(f"a value outside {low}..{high}")
        return values

    def charges(self, count: int) -> list[int | None]:
        """The column of SOC."""
        who = self.byte()
        if who == NONE_HAS:
            return [None] * count
        if who == ALL_HAVE:
            return [*self.column(count, 0, MOST_SOC)]
        if who != SOME_HAVE:
            raise DecodeError(f"SOC of kind {who}")
        bits = int.from_bytes(bytes(self.byte() for _ in range(-(-count // 8))), "little")
        have = bits.bit_count()
        if bits >> count or not have:
            raise DecodeError("a bitmap that is not of these samples")
        values = iter(self.column(have, 0, MOST_SOC))
        return [next(values) if bits >> index & 1 else None for index in range(count)]

    def end(self) -> None:
        if self.at != len(self.data):
            raise DecodeError(f"{len(self.data) - self.at} bytes behind the columns")
