"""The frame of DL/T 698.45, which newer meters speak on the same port: recognised and checked, not interpreted.

    68  L L  C  SA  A0..An  CA  HCS HCS  APDU  FCS FCS  16

L counts all but the two delimiters; SA says in its low four bits the length of the address less one; both checks are
CRC-16/X.25, low byte first.
"""

import msgspec

from chargelink.dlt645.control import FROM_METER
from chargelink.dlt645.frame import END
from chargelink.wire import DecodeError

ADDRESS_AT = 5
LENGTH_MASK = 0x3FFF  # bits 14 and 15 of the length field are reserved


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8408 if crc & 1 else 0)
        table.append(crc)
    return tuple(table)


CRC_TABLE = _crc_table()


def crc_x25(data: bytes | bytearray) -> int:
    """CRC-16/X.25 (ITU-T V.42 clause 8.1.1.6.1): 0x906E for b"123456789"."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFF


class Frame698(msgspec.Struct, frozen=True, gc=False):
    """One link frame. `address` high digit first, `client` the client address CA, `apdu` as it travels."""

    address: str
    control: int
    apdu: bytes
    client: int

    @property
    def from_meter(self) -> bool:
        """A reply or a report, not a request."""
        return bool(self.control & FROM_METER)

    @classmethod
    def decode(cls, raw: bytes) -> "Frame698":
        """Read exactly one frame, with or without preamble. Raises DecodeError."""
        frame = read(raw.lstrip(b"\xfe"))
        if frame is None:
            raise DecodeError("not a 698.45 frame: start, length, header check, frame check or end byte is wrong")
        return frame


def _apdu_at(buffer: bytes | bytearray, start: int) -> int:
    """Offset of the APDU from `start`: the address of 1..16 bytes, CA and HCS come before."""
    return ADDRESS_AT + (buffer[start + 4] & 0x0F) + 1 + 1 + 2


def claim(buffer: bytes | bytearray, start: int) -> int:
    """How many bytes the candidate at `start`, a 68, claims as far as can be seen; 0: it is no frame."""
    seen = len(buffer) - start
    if seen <= 4:
        return ADDRESS_AT
    size = (buffer[start + 1] | buffer[start + 2] << 8) & LENGTH_MASK
    apdu_at = _apdu_at(buffer, start)
    if size + 2 < apdu_at + 3:
        return 0
    if seen < apdu_at:
        return apdu_at
    header_check = buffer[start + apdu_at - 2] | buffer[start + apdu_at - 1] << 8
    if crc_x25(buffer[start + 1 : start + apdu_at - 2]) != header_check:
        return 0
    return size + 2


def read(raw: bytes) -> Frame698 | None:
    """The frame that `raw`, without preamble, is; None unless length, both checks, start and end are right."""
    if not raw.startswith(b"\x68") or raw[-1] != END or claim(raw, 0) != len(raw):
        return None
    if crc_x25(raw[1:-3]) != raw[-3] | raw[-2] << 8:
        return None
    apdu_at = _apdu_at(raw, 0)
    address = raw[ADDRESS_AT : apdu_at - 3][::-1].hex().upper()
    return Frame698(address, raw[3], raw[apdu_at:-3], raw[apdu_at - 3])
