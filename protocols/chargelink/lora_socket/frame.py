"""The LS1 frame: a clear header of 9 bytes, a sealed body, a tag of 4 or 8 bytes, 128 bytes at most.

    0  1  E0, which LoRaWAN calls a proprietary frame: gateways pass it on whole
    1  1  control: version (bits 7-6, 1), 5 down, 4 acknowledgement wanted, 3 acknowledges, 2 more waits, 1 group key,
          0 long tag
    2  2  NET, the site
    4  2  ADDR, the socket: 0001-FFDF; FFE0-FFEF groups, FFFE joining, FFFF all
    6  2  CNT, low half of the sender's counter
    8  1  TYPE
    9  n  body, whose first bytes may be clear (joining)
    .. 4/8 tag

Sealed with AES-128-CCM (RFC 3610). Header and clear bytes are authenticated with the body. The nonce of 13 bytes is
01 | direction (0 up, 1 down) | NET (2) | ADDR (2) | CNT (4) | JoinNonce (3), all little endian.

This is the lowest level: it seals what it is told. Which tag a message must have is decided in `kinds`.
"""

from enum import IntFlag
from typing import NamedTuple, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from chargelink.wire import DecodeError, EncodeError

FIRST = 0xE0
VERSION = 1
HEADER = 9  # bytes
LONGEST = 128  # bytes
SHORT_TAG, LONG_TAG = 4, 8  # bytes

FIRST_ADDRESS, LAST_ADDRESS = 0x0001, 0xFFDF
GROUPS = range(0xFFE0, 0xFFF0)
JOINING = 0xFFFE
EVERYONE = 0xFFFF


class Control(IntFlag):
    """The control byte without its version."""

    DOWN = 0x20
    ACK_WANTED = 0x10
    ACKNOWLEDGES = 0x08  # the body begins with the CNT of the frame acknowledged
    MORE = 0x04
    GROUP = 0x02
    LONG_TAG = 0x01


class Header(NamedTuple):
    """The clear header. `counter_low` is the low half of the counter."""

    control: Control
    net: int
    address: int
    counter_low: int
    kind: int

    @classmethod
    def decode(cls, frame: bytes) -> Self:
        """Read the header of a whole frame. Raises DecodeError when it is no LS1 frame of this version."""
        if not frame or frame[0] != FIRST:
            raise DecodeError(f"an LS1 frame begins with E0: {frame[:16].hex(' ')}")
        if len(frame) < HEADER + SHORT_TAG or len(frame) > LONGEST:
            raise DecodeError(f"an LS1 frame has {HEADER + SHORT_TAG} to {LONGEST} bytes, got {len(frame)}")
        if frame[1] >> 6 != VERSION:
            raise DecodeError(f"LS1 version {frame[1] >> 6}, this is {VERSION}")
        net, address, counter_low = (int.from_bytes(frame[at : at + 2], "little") for at in (2, 4, 6))
        header = cls(Control(frame[1] & 0x3F), net, address, counter_low, frame[8])
        if len(frame) < HEADER + header.tag_length:
            raise DecodeError(f"{len(frame)} bytes have no room for a tag of {header.tag_length}")
        return header

    def encode(self) -> bytes:
        """Write the header. Raises EncodeError for a value that does not fit its field."""
        try:
            numbers = b"".join(value.to_bytes(2, "little") for value in (self.net, self.address, self.counter_low))
            return bytes([FIRST, VERSION << 6 | self.control & 0x3F]) + numbers + bytes([self.kind])
        except (OverflowError, ValueError) as error:
            raise EncodeError(f"{self} does not fit a header") from error

    @property
    def down(self) -> bool:
        """Towards the socket."""
        return Control.DOWN in self.control

    @property
    def tag_length(self) -> int:
        """Bytes of the tag."""
        return LONG_TAG if Control.LONG_TAG in self.control else SHORT_TAG


class SealError(DecodeError):
    """The tag is wrong: another key, another counter, or somebody else's bytes."""


def nonce(down: bool, net: int, address: int, counter: int, join_nonce: int) -> bytes:
    """The CCM nonce, 13 bytes. Raises EncodeError for a value that does not fit."""
    try:
        return (
            bytes([1, down])
            + net.to_bytes(2, "little")
            + address.to_bytes(2, "little")
            + counter.to_bytes(4, "little")
            + join_nonce.to_bytes(3, "little")
        )
    except OverflowError as error:
        raise EncodeError(f"no nonce: counter {counter}, join nonce {join_nonce}") from error


def seal(key: bytes, header: Header, counter: int, join_nonce: int, body: bytes, clear: int = 0) -> bytes:
    """A whole frame. The first `clear` bytes of `body` stay readable. Raises EncodeError when it would be too long."""
    if counter & 0xFFFF != header.counter_low:
        raise EncodeError(f"the header carries count {header.counter_low}, the counter is {counter}")
    length = HEADER + len(body) + header.tag_length
    if length > LONGEST:
        raise EncodeError(f"a frame of {length} bytes, at most {LONGEST} can be sent")
    open_part = header.encode() + body[:clear]
    ccm = AESCCM(key, tag_length=header.tag_length)
    return open_part + ccm.encrypt(
        nonce(header.down, header.net, header.address, counter, join_nonce), body[clear:], open_part
    )


def unseal(key: bytes, header: Header, counter: int, join_nonce: int, frame: bytes, clear: int = 0) -> bytes:
    """The body of a frame, its clear bytes included.

    Raises DecodeError when the frame is too short, SealError when the tag is wrong.
    """
    if len(frame) < HEADER + clear + header.tag_length:
        raise DecodeError(f"{len(frame)} bytes have no room for a tag of {header.tag_length}")
    open_part = frame[: HEADER + clear]
    ccm = AESCCM(key, tag_length=header.tag_length)
    try:
        body = ccm.decrypt(
            nonce(header.down, header.net, header.address, counter, join_nonce), frame[HEADER + clear :], open_part
        )
    except InvalidTag:
        raise SealError("the tag is wrong") from None
    return open_part[HEADER:] + body
