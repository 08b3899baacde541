"""A CAN interface of this machine by a raw socket (Linux, Documentation/networking/can.rst)."""

import asyncio
import errno
import fcntl
import socket
import struct
from collections.abc import Iterable

import structlog

from chargelink.can_frame import (
    ERROR,
    ERROR_CLASSES,
    EXTENDED,
    EXTENDED_IDENTIFIER,
    FRAME_SIZE,
    REMOTE,
    BusTrouble,
    pack_frame,
    troubles,
    unpack_frame,
)
from chargelink.edge.ports.address import LinkError
from chargelink.edge.ports.can import CanFrame

AT_ONCE = 64  # frames read before others get their turn
# A bus of 250 kbit/s brings a frame every 0.5 ms, and to wake up for each costs several times as much as to read it.
REST = 0.01  # s: the shortest time between two readings, unless more than AT_ONCE frames wait
BACKLOG = 1 << 20  # bytes of receive buffer, more than a second of a full bus
SAID_AGAIN_AFTER = 60.0  # s: how soon the same trouble is worth another line of log

OTHER_KINDS = EXTENDED | REMOTE  # flags that tell data frames with 29-bit identifiers from the rest
FILTER = struct.pack("=II", EXTENDED, OTHER_KINDS)
CAN_RAW_ERR_FILTER = 2  # include/uapi/linux/can/raw.h; not in every Python
SO_RCVBUFFORCE, SO_MEMINFO = 33, 55  # include/uapi/asm-generic/socket.h
MEMORY_INFO = struct.Struct("=9I")  # the last is how many frames found no room (SK_MEMINFO_DROPS)
SIOCGIFFLAGS, UP, RUNNING = 0x8913, 0x1, 0x40

log = structlog.get_logger()


def open_interface(name: str) -> "SocketCan":
    """Raises LinkError when there is no such interface or it cannot work now, or no CAN in this kernel."""
    try:
        raw = socket.socket(socket.AF_CAN, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, socket.CAN_RAW)
    except OSError as error:
        raise LinkError(f"{name}: no CAN in this kernel, see modprobe can_raw ({error})") from error
    try:
        raw.setsockopt(socket.SOL_CAN_RAW, socket.CAN_RAW_FILTER, FILTER)
        raw.setsockopt(socket.SOL_CAN_RAW, CAN_RAW_ERR_FILTER, ERROR_CLASSES)
        enlarge(raw)
        raw.bind((name,))
        check(raw, name)
    except OSError as error:
        raw.close()
        raise LinkError(str(error) if isinstance(error, LinkError) else f"{name}: {error}") from error
    return SocketCan(raw, name)


def enlarge(raw: socket.socket) -> None:
    """Room for what comes while this process is kept from reading; as much as an ordinary user may have, else."""
    try:
        raw.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BACKLOG)
    except PermissionError:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BACKLOG)


def check(raw: socket.socket, name: str) -> None:
    """Raises LinkError for an interface that is down or bus-off: a socket can be bound to either."""
    asked = fcntl.ioctl(raw, SIOCGIFFLAGS, struct.pack("16s16x", name.encode()))
    (flags,) = struct.unpack_from("=H", asked, 16)
    if not flags & UP:
        raise LinkError(f"{name} is down: ip link set {name} up type can bitrate 250000 restart-ms 100")
    if not flags & RUNNING:
        raise LinkError(f"{name} is bus-off: look at its wires; ip link set {name} type can restart")


class SocketCan:
    """A bound raw socket. Needs a running loop."""

    def __init__(self, raw: socket.socket, name: str) -> None:
        self.lost = 0  # frames for which the receive buffer had no room
        self._socket = raw
        self._name = name
        self._rests_until = 0.0
        self._busy = False  # frames come in company
        self._off = False
        self._said: dict[BusTrouble, float] = {}  # when each was logged

    async def read(self) -> list[CanFrame]:
        """What has come, at least a frame. If cancelled nothing is lost. Raises LinkError when the bus is gone."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(0)  # a bus that is never silent must not keep others from their turn
        if self._busy:
            await self._rest(loop)
        while True:
            frames = self._taken(loop.time())
            if frames:
                self._busy = len(frames) > 1
                return frames
            readable = loop.create_future()
            loop.add_reader(self._socket, _wake, readable)
            try:
                await readable
            finally:
                loop.remove_reader(self._socket)
            await self._rest(loop)

    async def _rest(self, loop: asyncio.AbstractEventLoop) -> None:
        """Until the rest after the last reading is over: a frame that comes alone is read at once."""
        if (wait := self._rests_until - loop.time()) > 0:
            await asyncio.sleep(wait)

    def send(self, frames: Iterable[CanFrame]) -> int:
        """Send in order; how many of them the interface could not take. Raises LinkError when the bus is gone."""
        left = [pack_frame(identifier, data) for identifier, data in frames]
        try:
            while left:
                self._socket.send(left[0])
                del left[0]
        except BlockingIOError:
            return len(left)
        except OSError as error:
            if error.errno == errno.ENOBUFS:
                return len(left)
            raise LinkError(f"{self._name}: {error}") from error
        return 0

    def fileno(self) -> int:
        """Of the socket."""
        return self._socket.fileno()

    def close(self) -> None:
        """Leave the bus; once or more often."""
        self._socket.close()

    def _taken(self, now: float) -> list[CanFrame]:
        """Up to AT_ONCE frames, maybe none. Raises LinkError."""
        frames: list[CanFrame] = []
        receive = self._socket.recv
        try:
            for _ in range(AT_ONCE):
                carried = unpack_frame(receive(FRAME_SIZE))
                if carried is None:
                    continue
                identifier, data = carried
                kind = identifier & ~EXTENDED_IDENTIFIER
                if kind == EXTENDED:
                    frames.append(CanFrame(identifier & EXTENDED_IDENTIFIER, data))
                elif kind & ERROR:
                    self._report(troubles(identifier, data), now)
        except BlockingIOError:
            if frames:
                self._rests_until = now + REST
        except OSError as error:
            if not frames:
                raise LinkError(f"{self._name}: {error}") from error
        else:
            self._count_lost()
        if self._off and not frames:
            raise LinkError(f"{self._name}: {BusTrouble.BUS_OFF}")
        return frames

    def _report(self, reported: list[BusTrouble], now: float) -> None:
        """Log what is new, or was said long ago; a controller that is bus-off neither sends nor hears."""
        self._off = self._off or BusTrouble.BUS_OFF in reported
        for trouble in reported:
            if now - self._said.get(trouble, -SAID_AGAIN_AFTER) >= SAID_AGAIN_AFTER:
                self._said[trouble] = now
                log.warning("CAN bus reports", can=self._name, trouble=trouble.value)

    def _count_lost(self) -> None:
        """There was a backlog: whether it outgrew the buffer."""
        try:
            info = self._socket.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, MEMORY_INFO.size)
            *_, lost = MEMORY_INFO.unpack(info)
        except (OSError, struct.error):
            return  # an old kernel does not tell
        if lost > self.lost:
            log.warning("CAN frames are lost", can=self._name, frames=lost - self.lost)
            self.lost = lost


def _wake(readable: "asyncio.Future[None]") -> None:
    if not readable.done():
        readable.set_result(None)
