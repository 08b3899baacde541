"""A CAN bus over TCP, as linux-can's socketcand serves it (doc/protocol.md), in its raw mode.

< hi >                                  said by the server
< open can0 >, < rawmode >              each answered by < ok >
< send 1826F456 3 1 1 0 >               from us
< frame 1826F456 1560.250000 010100 >   to us
"""

import asyncio
import re
from collections.abc import Iterable

from chargelink.edge.ports.address import LinkError
from chargelink.edge.ports.can import CanFrame

CHUNK = 65536
LONGEST_MESSAGE = 512  # bytes
LONGEST_BACKLOG = 1 << 16  # bytes that wait to be sent, some 1500 frames
EXTENDED_DIGITS = 8  # an identifier written with fewer has 11 bits
LARGEST = 0x1FFF_FFFF
LONGEST_DATA = 8

_MESSAGE = re.compile(rb"<([^<>]*)>")


async def connect(host: str, port: int, name: str) -> "SocketCand":
    """Open a bus. Raises LinkError when nobody is there, or who is there refuses."""
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError as error:
        raise LinkError(f"{host}:{port}: {error}") from error
    bus = SocketCand(reader, writer)
    try:
        await bus.expect("hi")
        for words in (f"open {name}", "rawmode"):
            writer.write(f"< {words} >".encode())
            await bus.expect("ok")
    except BaseException:
        bus.close()
        raise
    return bus


class SocketCand:
    """A connection to a bus."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._messages = Messages()
        self._waiting: list[str] = []

    async def read(self) -> list[CanFrame]:
        """What has come, at least a frame. If cancelled nothing is lost. Raises LinkError when the bus is gone."""
        while True:
            frames = [frame for text in await self._texts() if (frame := decoded(text)) is not None]
            if frames:
                return frames

    def send(self, frames: Iterable[CanFrame]) -> int:
        """Send in order; how many could not be taken. Raises LinkError when the bus is gone."""
        if self._writer.is_closing():
            raise LinkError("the bus is gone")
        encoded = [encode(frame) for frame in frames]
        if self._writer.transport.get_write_buffer_size() > LONGEST_BACKLOG:
            return len(encoded)
        self._writer.write(b"".join(encoded))
        return 0

    def close(self) -> None:
        """Leave the bus; once or more often."""
        self._writer.close()

    async def expect(self, word: str) -> None:
        """The next message is this word. Raises LinkError if it is not."""
        texts = await self._texts()
        self._waiting = texts[1:]
        if texts[0] != word:
            raise LinkError(f"it says {texts[0]!r}, not {word!r}")

    async def _texts(self) -> list[str]:
        """The messages that have come, at least one."""
        texts, self._waiting = self._waiting, []
        while not texts:
            try:
                data = await self._reader.read(CHUNK)
            except OSError as error:
                raise LinkError(str(error)) from error
            if not data:
                raise LinkError("the bus closed the connection")
            texts = self._messages.feed(data)
        return texts


class Messages:
    """Cuts a stream into what stands between brackets, whatever the chunks; the rest is noise."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """The messages that are complete now."""
        data = self._rest + data
        end, texts = 0, []
        for match in _MESSAGE.finditer(data):
            end = match.end()
            texts.append(match[1].decode("ascii", "replace").strip())
        begun = data.rfind(b"<", end)
        self._rest = data[begun:] if begun >= 0 and len(data) - begun <= LONGEST_MESSAGE else b""
        return texts


def encode(frame: CanFrame) -> bytes:
    """`< send ... >`."""
    octets = "".join(f" {octet:x}" for octet in frame.data)
    return f"< send {frame.identifier:08X} {len(frame.data)}{octets} >".encode()


def decoded(text: str) -> CanFrame | None:
    """The frame of a `frame` message; None for other messages and other kinds of frames."""
    match text.split():
        case ["frame", identifier, _, *octets] if len(identifier) == EXTENDED_DIGITS:
            try:
                frame = CanFrame(int.from_bytes(bytes.fromhex(identifier)), bytes.fromhex("".join(octets)))
            except ValueError:
                return None
            return frame if frame.identifier <= LARGEST and len(frame.data) <= LONGEST_DATA else None
    return None
