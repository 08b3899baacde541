"""A CAN interface of this machine by a raw socket (Linux, Documentation/networking/can.rst)."""

import asyncio
import errno
import socket
import struct
from collections.abc import Iterable

from chargelink.edge.ports.address import LinkError
from chargelink.edge.ports.can import CanFrame

FRAME = struct.Struct("=IB3x8s")  # struct can_frame: identifier with flags, length, padding, data
EXTENDED, REMOTE, ERROR = 0x8000_0000, 0x4000_0000, 0x2000_0000
IDENTIFIER = 0x1FFF_FFFF
LONGEST_DATA = 8
AT_ONCE = 64  # frames read before others get their turn


def open_interface(name: str) -> "SocketCan":
    """Raises LinkError when there is no such interface, or no CAN in this kernel."""
    try:
        raw = socket.socket(socket.AF_CAN, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, socket.CAN_RAW)
    except OSError as error:
        raise LinkError(f"{name}: {error}") from error
    try:
        raw.bind((name,))
    except OSError as error:
        raw.close()
        raise LinkError(f"{name}: {error}") from error
    return SocketCan(raw)


class SocketCan:
    """A bound raw socket. Needs a running loop."""

    def __init__(self, raw: socket.socket) -> None:
        self._socket = raw

    async def read(self) -> list[CanFrame]:
        """What has come, at least a frame. If cancelled nothing is lost. Raises LinkError when the bus is gone."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(0)  # a bus that is never silent must not keep others from their turn
            frames = self._taken()
            if frames:
                return frames
            readable = loop.create_future()
            loop.add_reader(self._socket, _wake, readable)
            try:
                await readable
            finally:
                loop.remove_reader(self._socket)

    def send(self, frames: Iterable[CanFrame]) -> int:
        """Send in order; how many of them the interface could not take. Raises LinkError when the bus is gone."""
        left = [FRAME.pack(identifier | EXTENDED, len(data), data) for identifier, data in frames]
        try:
            while left:
                self._socket.send(left[0])
                del left[0]
        except BlockingIOError:
            return len(left)
        except OSError as error:
            if error.errno == errno.ENOBUFS:
                return len(left)
            raise LinkError(str(error)) from error
        return 0

    def close(self) -> None:
        """Leave the bus; once or more often."""
        self._socket.close()

    def _taken(self) -> list[CanFrame]:
        frames = []
        try:
            for _ in range(AT_ONCE):
                frame = decoded(self._socket.recv(FRAME.size))
                if frame is not None:
                    frames.append(frame)
        except BlockingIOError:
            pass
        except OSError as error:
            raise LinkError(str(error)) from error
        return frames


def decoded(raw: bytes) -> CanFrame | None:
    """The frame of the kernel's bytes; None for what is no data frame with a 29-bit identifier."""
    if len(raw) != FRAME.size:
        return None
    identifier, length, data = FRAME.unpack(raw)
    if identifier & (EXTENDED | REMOTE | ERROR) != EXTENDED or length > LONGEST_DATA:
        return None
    return CanFrame(identifier & IDENTIFIER, data[:length])


def _wake(readable: "asyncio.Future[None]") -> None:
    if not readable.done():
        readable.set_result(None)
