"""A simulator's place on a CAN interface of this machine (Linux, Documentation/networking/can.rst): `can0`."""

import asyncio
import errno
import os
import socket

from chargelink.can_frame import (
    ERROR,
    EXTENDED,
    EXTENDED_IDENTIFIER,
    FRAME_SIZE,
    REMOTE,
    STANDARD_IDENTIFIER,
    pack_frame,
    unpack_frame,
)
from chargelink.sim.can_client import LinkError
from chargelink.sim.socketcand import CanFrame

BACKLOG = 1 << 20  # bytes of receive buffer, as far as the kernel gives them to everybody
AT_ONCE = 256  # frames received before others get their turn
TRIES_AGAIN_AFTER = 0.001  # s: two frames at 250 kbit/s


def bound(name: str) -> socket.socket:
    """A raw socket on an interface that is up. Raises OSError."""
    raw = socket.socket(socket.AF_CAN, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, socket.CAN_RAW)
    try:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BACKLOG)
        raw.bind((name,))
        if number := raw.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):  # binds also to what is down, and says so
            raise OSError(number, os.strerror(number))
    except OSError:
        raw.close()
        raise
    return raw


class InterfaceClient:
    """A member of the bus behind a bound socket."""

    def __init__(self, raw: socket.socket, name: str) -> None:
        self._socket = raw
        self._name = name

    async def receive(self) -> list[CanFrame]:
        """The data frames that have come, at least one. Raises LinkError when the interface is gone."""
        try:
            while True:
                await asyncio.sleep(0)  # a bus that is never silent must not keep others from their turn
                raw = [await asyncio.get_running_loop().sock_recv(self._socket, FRAME_SIZE), *self._waiting()]
                if frames := [frame for one in raw if (frame := carried(one)) is not None]:
                    return frames
        except OSError as error:
            raise LinkError(f"{self._name}: {error.strerror}") from error

    async def send(self, frames: list[CanFrame]) -> None:
        """Send frames in order; waits while the interface takes no more. Raises LinkError when it is gone."""
        for frame in frames:
            raw = pack_frame(frame.identifier, frame.data, frame.extended)
            while not self._sent(raw):  # noqa: ASYNC110 - nothing tells when the interface takes more
                await asyncio.sleep(TRIES_AGAIN_AFTER)

    def _waiting(self) -> list[bytes]:
        """What else has come."""
        raw: list[bytes] = []
        try:
            while len(raw) < AT_ONCE:
                raw.append(self._socket.recv(FRAME_SIZE))
        except BlockingIOError:
            pass
        return raw

    def _sent(self, raw: bytes) -> bool:
        try:
            self._socket.send(raw)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno == errno.ENOBUFS:
                return False
            raise LinkError(f"{self._name}: {error.strerror}") from error
        return True


def carried(raw: bytes) -> CanFrame | None:
    """The data frame of the kernel's bytes; None for what is none."""
    unpacked = unpack_frame(raw)
    if unpacked is None or unpacked[0] & (REMOTE | ERROR):
        return None
    identifier, data = unpacked
    if identifier & EXTENDED:
        return CanFrame(identifier & EXTENDED_IDENTIFIER, data)
    return CanFrame(identifier & STANDARD_IDENTIFIER, data, extended=False)
