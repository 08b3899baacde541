"""CAN frames as Linux hands them over, and what it tells of the bus by error frames.

`struct can_frame` of include/uapi/linux/can.h: 32 bits of identifier and flags in the machine's byte order, the length,
three bytes of padding, eight of data. Error frames: include/uapi/linux/can/error.h.
"""

from enum import StrEnum
from struct import Struct

EXTENDED, REMOTE, ERROR = 0x8000_0000, 0x4000_0000, 0x2000_0000  # flags beside the identifier
STANDARD_IDENTIFIER, EXTENDED_IDENTIFIER = 0x7FF, 0x1FFF_FFFF
LONGEST_DATA = 8

_FRAME = Struct("=IB3x8s")
FRAME_SIZE = _FRAME.size
_pack, _unpack = _FRAME.pack, _FRAME.unpack

_CONTROLLER = 0x04  # class of an error frame whose data byte 1 says more


class BusTrouble(StrEnum):
    """What an error frame reports; the value says it in words."""

    BUS_OFF = "the controller is bus-off"
    PASSIVE = "the controller is error-passive"
    WARNING = "the controller counts many errors"
    OVERFLOW = "the controller lost frames"
    NOT_ACKNOWLEDGED = "nobody acknowledges what is sent"
    PROTOCOL = "there are bit, stuff or form errors"
    TRANSCEIVER = "the transceiver reports a fault"
    RESTARTED = "the controller is at work again"


_CLASSES = {
    0x40: BusTrouble.BUS_OFF,
    0x20: BusTrouble.NOT_ACKNOWLEDGED,
    0x08 | 0x80: BusTrouble.PROTOCOL,
    0x10: BusTrouble.TRANSCEIVER,
    0x100: BusTrouble.RESTARTED,
}
_CONTROLLER_STATES = {
    0x03: BusTrouble.OVERFLOW,
    0x0C: BusTrouble.WARNING,
    0x30: BusTrouble.PASSIVE,
    0x40: BusTrouble.RESTARTED,
}
ERROR_CLASSES = sum(_CLASSES) | _CONTROLLER  # all that `troubles` knows; a lost arbitration is none


def pack_frame(identifier: int, data: bytes, extended: bool = True) -> bytes:
    """The bytes of a data frame: an identifier of 29 bits, or of 11, and up to 8 bytes. Others are cut to fit."""
    return _pack(identifier | EXTENDED if extended else identifier, len(data), data)


def unpack_frame(raw: bytes) -> tuple[int, bytes] | None:
    """The identifier with its flags, and the data; None for what is no classic frame."""
    if len(raw) != FRAME_SIZE:
        return None
    identifier, length, data = _unpack(raw)
    return (identifier, data[:length]) if length <= LONGEST_DATA else None


def troubles(identifier: int, data: bytes) -> list[BusTrouble]:
    """What an error frame reports, from its identifier (the flag included or not) and its data."""
    found = [trouble for bits, trouble in _CLASSES.items() if identifier & bits]
    if identifier & _CONTROLLER and len(data) > 1:
        found += [trouble for bits, trouble in _CONTROLLER_STATES.items() if data[1] & bits]
    return found
