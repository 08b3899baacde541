"""The frame of DL/T 645 (both editions): 68 A0..A5 68 C L DATA CS 16, strict to build, checked in full to read.

    [FE ...]  68  A0 A1 A2 A3 A4 A5  68  C  L  DATA[L]  CS  16
    preamble   ^-- the checksum covers from here ....^

The address travels low byte first; each DATA byte travels +33H (mod 256), so that no data looks like a start byte for
long; CS is the sum (mod 256) of what travels. DL/T 645-2007, clause 5.2.
"""

import re

import msgspec

from chargelink.dlt645.control import ABNORMAL, FROM_METER, FUNCTION, MORE_FOLLOWS, Words, counted
from chargelink.wire import DecodeError, EncodeError

START = 0x68
END = 0x16
WAKE_UP = 0xFE
OVERHEAD = 12  # bytes of a frame besides its data
HEADER = 10  # bytes up to and with L
LONGEST_DATA = 200  # bytes that the standard allows in one frame; a receiver copes with all that L can say
LONGEST = OVERHEAD + 0xFF
ANY_METER = "AAAAAAAAAAAA"
ALL_METERS = "999999999999"

PLUS_33 = bytes((byte + 0x33) & 0xFF for byte in range(256))
MINUS_33 = bytes((byte - 0x33) & 0xFF for byte in range(256))
SENDABLE_ADDRESS = re.compile(r"(AA)*([0-9][0-9])*")


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One frame.

    `address` as on the meter's name plate: 12 digits, high first. Leading AA pairs match any digits, 99 x 6 is
    everybody. `control` 0..255. `data` without +33H, still low byte first.
    """

    address: str
    control: int
    data: bytes = b""

    @property
    def function(self) -> int:
        """D4..D0 of the control code."""
        return self.control & FUNCTION

    @property
    def from_meter(self) -> bool:
        """A reply, not a request."""
        return bool(self.control & FROM_METER)

    @property
    def refused(self) -> bool:
        """An abnormal reply; its data is an error word."""
        return self.control & (FROM_METER | ABNORMAL) == FROM_METER | ABNORMAL

    @property
    def more_follows(self) -> bool:
        """The meter has more of this data; ask for it with a follow-up."""
        return bool(self.control & MORE_FOLLOWS)

    def encode(self, preamble: int = 4) -> bytes:
        """The bytes to send, after `preamble` bytes FE that wake the receiver.

        Raises EncodeError for an address that is not 12 digits or leading AA pairs, a control code outside 0..255,
        data longer than 200 bytes.
        """
        if len(self.address) != 12 or not SENDABLE_ADDRESS.fullmatch(self.address):
            raise EncodeError(f"address {self.address!r} is not 12 digits, leading pairs of them AA")
        if not 0 <= self.control <= 0xFF:
            raise EncodeError(f"control code {self.control} is not a byte")
        if len(self.data) > LONGEST_DATA:
            raise EncodeError(f"{len(self.data)} data bytes, more than {LONGEST_DATA}")
        body = b"\x68%b\x68%c%c%b" % (
            bytes.fromhex(self.address)[::-1],
            self.control,
            len(self.data),
            self.data.translate(PLUS_33),
        )
        return b"\xfe" * preamble + body + bytes((sum(body) & 0xFF, END))

    @classmethod
    def decode(cls, raw: bytes) -> "Frame":
        """Read exactly one frame, with or without preamble.

        Raises DecodeError, saying in words what is wrong.
        """
        frame = read(raw.lstrip(b"\xfe"))
        if frame is None:
            raise DecodeError(defect(raw).english)
        return frame


def read(raw: bytes) -> Frame | None:
    """The frame that `raw`, without preamble, is; None unless start bytes, length, checksum and end are all right."""
    size = len(raw)
    if (
        size >= OVERHEAD
        and raw[7] == START
        and raw[9] == size - OVERHEAD
        and raw[-1] == END
        and raw[0] == START
        and sum(raw[:-2]) & 0xFF == raw[-2]
    ):
        return Frame(raw[6:0:-1].hex().upper(), raw[8], raw[10:-2].translate(MINUS_33))
    return None


def claim(buffer: bytes | bytearray, start: int) -> int:
    """How many bytes the candidate at `start`, a 68, claims as far as can be seen; 0: it is no frame."""
    seen = len(buffer) - start
    if seen > 7 and buffer[start + 7] != START:
        return 0
    return HEADER if seen < HEADER else OVERHEAD + buffer[start + 9]


def computed_checksum(raw: bytes) -> int:
    """The checksum that the bytes of a whole frame, without preamble, ought to have."""
    return sum(raw[:-2]) & 0xFF


def defect(raw: bytes) -> Words:
    """Why `raw` is not one intact frame, in words: the first cause found, from the start on."""
    preamble = len(raw) - len(raw.lstrip(b"\xfe"))
    frame = raw[preamble:]
    if not frame:
        if not raw:
            return Words("empty", "没有数据")
        return Words("preamble only, no frame", "只有前导字节，没有帧")
    if frame[0] != START:
        return _without_start(frame)
    if len(frame) < HEADER or frame[7] != START:
        return _broken_header(frame, preamble)
    return _broken_body(frame)


def _without_start(frame: bytes) -> Words:
    start = frame.find(START)
    if start < 0:
        return Words("no start byte 68", "没有起始符 68")
    if frame[start + 7 : start + 8] == b"\x68":
        if read(frame[start:]) is not None:
            return Words(f"{counted(start, 'stray byte')} before the frame", f"帧前有 {start} 个多余字节")
        inner = defect(frame[start:])
        return Words(
            f"{counted(start, 'stray byte')} before the frame; {inner.english}",
            f"帧前有 {start} 个多余字节；{inner.chinese}",
        )
    return Words("no start byte 68 with a second one seven bytes on", "没有相隔七字节的一对起始符 68")


def _broken_header(frame: bytes, preamble: int) -> Words:
    if len(frame) > 7 and frame[7] != START:
        words = Words(f"second start byte {frame[7]:02X}, not 68", f"第二个起始符是 {frame[7]:02X}，不是 68")
        if preamble < 2:
            return words
        # FE has seven ones: its parity bit equals a stop bit, so it survives where other bytes break.
        return Words(
            f"{words.english}; a preamble that survives alone hints at wrong parity (8E1)",
            f"{words.chinese}；仅前导字节完好，可能是校验位设置错误 (8E1)",
        )
    return Words(
        f"incomplete frame: {counted(len(frame), 'byte')}, header cut", f"帧不完整: 仅 {len(frame)} 字节，帧头被截断"
    )


def _broken_body(frame: bytes) -> Words:
    size = OVERHEAD + frame[9]
    if len(frame) < size:
        if frame[9] > LONGEST_DATA:
            return Words(
                f"length {frame[9]:02X} over the {LONGEST_DATA}-byte limit, {len(frame)} of {size} bytes",
                f"长度 {frame[9]:02X} 超过 {LONGEST_DATA} 字节上限，仅 {len(frame)}/{size} 字节",
            )
        return Words(f"incomplete frame: {len(frame)} of {size} bytes", f"帧不完整: 仅 {len(frame)}/{size} 字节")
    printed, computed, end = frame[size - 2], computed_checksum(frame[:size]), frame[size - 1]
    english, chinese = [], []
    if printed != computed:
        english.append(f"checksum {printed:02X}, computed {computed:02X}")
        chinese.append(f"校验和 {printed:02X}，应为 {computed:02X}")
    if end != END:
        english.append(f"end byte {end:02X}, not 16")
        chinese.append(f"结束符是 {end:02X}，不是 16")
    if not english:
        extra = len(frame) - size
        return Words(f"{counted(extra, 'byte')} after the frame", f"帧后多出 {extra} 字节")
    return Words("; ".join(english), "；".join(chinese))
