"""A frame of a recording, and the written forms of identifiers and data bytes."""

import re
from enum import Enum
from typing import NamedTuple

from chargelink.cli.language import Text

# Flags that SocketCAN puts above the 29 bits of an identifier (linux/can.h), and that tools leave in what they write.
EXTENDED_FLAG = 0x8000_0000
REMOTE_FLAG = 0x4000_0000
ERROR_FLAG = 0x2000_0000
IDENTIFIER_BITS = 0x1FFF_FFFF
STANDARD_BITS = 0x7FF

NOT_A_FRAME = Text("not a CAN frame", "不是 CAN 帧")
BAD_IDENTIFIER = Text("identifier is not a hexadecimal number of 11 or 29 bits", "标识符不是 11 位或 29 位的十六进制数")
BAD_DATA = Text("data is not whole hexadecimal bytes", "数据不是完整的十六进制字节")
TOO_LONG = Text("more data than a frame carries", "数据超过一帧的长度")
LENGTH_DIFFERS = Text("fewer data bytes than the length says", "数据字节少于所标长度")
BAD_TIME = Text("time is not understood", "无法识别时间")
COLUMN_MISSING = Text("columns are missing", "缺少列")


class Kind(Enum):
    """What a frame is; J1939 and so GB/T 27930 use only the first."""

    EXTENDED = Text("data frame, 29-bit identifier", "扩展数据帧")
    STANDARD = Text("data frame, 11-bit identifier", "标准数据帧")
    REMOTE = Text("remote frame", "远程帧")
    ERROR = Text("error frame", "错误帧")
    FD = Text("CAN FD frame", "CAN FD 帧")


def longest_data(kind: Kind) -> int:
    """Bytes that a frame of the kind can carry."""
    return 64 if kind is Kind.FD else 8


class CanFrame(NamedTuple):
    """One frame on the bus.

    `time` in seconds, since 1970 or since the recorder started, None where the recording has no times; `channel` the
    recorder's name for the bus, "" without one; `identifier` 11 or 29 bits; `data` 0 to 8 bytes, for CAN FD to 64.
    """

    time: float | None
    channel: str
    identifier: int
    data: bytes
    kind: Kind = Kind.EXTENDED


class Unreadable(NamedTuple):
    """A line or record of the recording that is no frame; `line` counts from 1."""

    line: int
    text: str
    reason: Text


def identified(text: str) -> tuple[int, Kind]:
    """Identifier and kind of what a tool wrote: hexadecimal, 0x before or x or h after it tolerated.

    More than three digits are a 29-bit identifier. Flags of SocketCAN are taken for what they say; digits that
    make no sense as hexadecimal may be decimal. Raises ValueError.
    """
    digits = text.strip().lower().removeprefix("0x").rstrip("xh")
    value = int(digits, 16)
    if "_" in digits or digits[0] in "+-":  # int() would take them
        raise ValueError(text)
    if value > 0xFFFF_FFFF and digits.isdecimal() and int(digits) <= IDENTIFIER_BITS:
        return int(digits), Kind.EXTENDED
    if value > 0xFFFF_FFFF:
        raise ValueError(text)
    if value & ERROR_FLAG:
        return value & IDENTIFIER_BITS, Kind.ERROR
    if value & REMOTE_FLAG:
        return value & IDENTIFIER_BITS, Kind.REMOTE
    standard = value <= STANDARD_BITS and len(digits) <= 3
    return value & IDENTIFIER_BITS, Kind.STANDARD if standard else Kind.EXTENDED


def is_decimal(text: str) -> bool:
    """Whether an identifier makes sense as a decimal number only."""
    digits = text.strip()
    return digits.isdecimal() and int(digits, 16) > 0xFFFF_FFFF


_SEPARATORS = re.compile(r"[\s.,:_|-]+")


def data_bytes(text: str) -> bytes:
    """Data bytes as tools write them: together, apart, with 0x, after the `x|` of some. Raises ValueError."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        pieces = [piece.removeprefix("0x") for piece in _SEPARATORS.split(text.lower().removeprefix("x|")) if piece]
        if len(pieces) > 1:
            pieces = [piece.zfill(2) for piece in pieces]
        return bytes.fromhex("".join(pieces))


def readable(line: bytes) -> str:
    """A line as people wrote it, in UTF-8 or in the encodings of Chinese Windows."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("gb18030", "replace")
