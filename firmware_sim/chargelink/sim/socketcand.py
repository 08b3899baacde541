"""The text of socketcand: CAN frames over TCP, as python-can and others speak it (linux-can/socketcand).

    server -> client    < hi >
    client -> server    < open can0 >       < ok >
    client -> server    < rawmode >         < ok >
    client -> server    < send 1826F456 3 1 1 0 >
    server -> client    < frame 1826F456 1560.250000 010100 >

An identifier of three hexadecimal digits has 11 bits, one of eight has 29.
"""

import re
from typing import NamedTuple

from chargelink.wire import DecodeError, EncodeError

LONGEST_MESSAGE = 256  # bytes; what goes on longer without an end is noise
LONGEST_DATA = 8  # bytes of a classic CAN frame
LARGEST_STANDARD, LARGEST_EXTENDED = 0x7FF, 0x1FFF_FFFF
STANDARD_DIGITS = 3

HI, OK, OPEN, RAW_MODE, ECHO = "hi", "ok", "open", "rawmode", "echo"

_MESSAGE = re.compile(rb"<([^<>]*)>")


class CanFrame(NamedTuple):
    """A classic data frame of either kind."""

    identifier: int
    data: bytes
    extended: bool = True


class Messages:
    """Cuts what comes over TCP into messages, whatever the chunks."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> list[str]:
        """The messages that are complete, without their brackets; what stands between messages is skipped."""
        buffer = self._buffer + data
        found = [*_MESSAGE.finditer(buffer)]
        rest = buffer[found[-1].end() :] if found else buffer
        begun = rest.rfind(b"<")
        self._buffer = rest[begun:] if begun >= 0 and len(rest) - begun <= LONGEST_MESSAGE else b""
        return [match[1].decode("ascii", "replace").strip() for match in found]


def message(*words: str) -> bytes:
    """A message of words."""
    return f"< {' '.join(words)} >".encode()


def send(frame: CanFrame) -> bytes:
    """`< send ... >`, from a client. Raises EncodeError when the frame is none."""
    return message("send", _identifier(frame), f"{len(frame.data):X}", *(f"{byte:X}" for byte in frame.data))


def sent(text: str) -> CanFrame:
    """The frame of a `send`. Raises DecodeError when it is none."""
    words = text.split()
    if words[:1] != ["send"] or len(words) < 3:
        raise DecodeError(f"no frame to send: {text}")
    _, identifier, length, *octets = words
    try:
        data = bytes(int(octet, 16) for octet in octets)
        if int(length, 16) != len(data):
            raise ValueError("length")
    except ValueError as error:
        raise DecodeError(f"not {length} bytes of data: {text}") from error
    return _frame(identifier, data)


def frame(carried: CanFrame, time: float) -> bytes:
    """`< frame ... >`, from a server, with the time in s."""
    return message("frame", _identifier(carried), f"{time:.6f}", carried.data.hex().upper())


def carried(text: str) -> tuple[CanFrame, float]:
    """The frame and the time of a `frame`. Raises DecodeError when it is none."""
    words = text.split()
    if words[:1] != ["frame"] or len(words) < 3:
        raise DecodeError(f"no frame: {text}")
    _, identifier, time, *octets = words
    try:
        return _frame(identifier, bytes.fromhex("".join(octets))), float(time)
    except ValueError as error:
        raise DecodeError(f"time or data make no sense: {text}") from error


def _identifier(frame: CanFrame) -> str:
    largest = LARGEST_EXTENDED if frame.extended else LARGEST_STANDARD
    if not 0 <= frame.identifier <= largest or len(frame.data) > LONGEST_DATA:
        raise EncodeError(f"no classic CAN frame: {frame}")
    return f"{frame.identifier:08X}" if frame.extended else f"{frame.identifier:03X}"


def _frame(identifier: str, data: bytes) -> CanFrame:
    extended = len(identifier) > STANDARD_DIGITS
    try:
        number = int(identifier, 16)
    except ValueError as error:
        raise DecodeError(f"no identifier: {identifier}") from error
    if not 0 <= number <= (LARGEST_EXTENDED if extended else LARGEST_STANDARD) or len(data) > LONGEST_DATA:
        raise DecodeError(f"no classic CAN frame: {identifier} with {len(data)} bytes")
    return CanFrame(number, data, extended)
