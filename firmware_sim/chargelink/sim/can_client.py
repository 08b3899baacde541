"""A simulator's place on a CAN bus.

socketcand://127.0.0.1:40123/can0    over TCP, as `chargelink sim can-bus` and linux-can's socketcand speak
can0, socketcan:can0                 an interface of this machine (Linux), also a virtual one
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from typing import Protocol
from urllib.parse import urlsplit

from chargelink.cli.command import CommandError
from chargelink.cli.language import Text
from chargelink.cli.reasons import reason
from chargelink.sim.socketcand import HI, OK, OPEN, RAW_MODE, CanFrame, Messages, carried, message, send
from chargelink.wire import ChargelinkError, DecodeError

CONNECT_TIMEOUT = 5.0  # s
CLOSE_TIMEOUT = 2.0  # s
CHUNK = 65536
LOCAL = "socketcan:"
LONGEST_NAME = 15  # characters of an interface's name (IFNAMSIZ)
ADDRESS = Text(
    "the bus: socketcand://127.0.0.1:PORT/can0, or an interface of this machine: can0",
    "总线地址: socketcand://127.0.0.1:PORT/can0，或本机接口名: can0",
)
BAD_ADDRESS = Text(
    "{} is no address of a bus; like socketcand://127.0.0.1:29536/can0, as `chargelink sim can-bus` prints it, or can0",
    "{} 不是总线地址；应形如 socketcand://127.0.0.1:29536/can0，即 `chargelink sim can-bus` 所显示的地址，或 can0",
)
NO_INTERFACE = Text(
    "no CAN interface {0}: {1}; ip link set {0} up type can bitrate 250000",
    "CAN 接口 {0} 不可用: {1}；ip link set {0} up type can bitrate 250000",
)
NOT_THERE = Text("no CAN bus at {}: {}; is it running?", "{} 处没有 CAN 总线: {}；它在运行吗？")


class LinkError(ChargelinkError):
    """The connection to the bus is gone, or what is there does not speak socketcand."""


class CanClient(Protocol):
    """A member of a bus, see `joined`."""

    async def receive(self) -> list[CanFrame]:
        """The frames that have come, at least one; what is no frame is skipped. Raises LinkError at the end."""

    async def send(self, frames: list[CanFrame]) -> None:
        """Send frames in order; waits while the bus does not take them. Raises LinkError when it is gone."""


class SocketcandClient:
    """A member of a bus over TCP."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._messages = Messages()
        self._waiting: list[str] = []

    async def receive(self) -> list[CanFrame]:
        """The frames that have come, at least one; what is no frame is skipped. Raises LinkError at the end."""
        while True:
            frames = []
            for text in await self._read():
                try:
                    frames.append(carried(text)[0])
                except DecodeError:
                    continue  # an answer, or a server that says more than we know
            if frames:
                return frames

    async def send(self, frames: list[CanFrame]) -> None:
        """Send frames in order; waits while the bus does not take them. Raises LinkError when it is gone."""
        try:
            self._writer.write(b"".join([send(frame) for frame in frames]))
            await self._writer.drain()
        except ConnectionError as error:
            raise LinkError(str(error)) from error

    async def _read(self) -> list[str]:
        if self._waiting:
            texts, self._waiting = self._waiting, []
            return texts
        try:
            data = await self._reader.read(CHUNK)
        except ConnectionError as error:
            raise LinkError(str(error)) from error
        if not data:
            raise LinkError("the bus closed the connection")
        return self._messages.feed(data)

    async def _expect(self, word: str) -> None:
        texts: list[str] = []
        while not texts:
            texts = await self._read()
        self._waiting = texts[1:]
        if texts[0] != word:
            raise LinkError(f"expected {word!r}, got {texts[0]!r}")

    async def open(self, name: str) -> None:
        """Say hello and open a bus."""
        await self._expect(HI)
        for words in ((OPEN, name), (RAW_MODE,)):
            self._writer.write(message(*words))
            await self._expect(OK)


@asynccontextmanager
async def joined(address: str) -> AsyncIterator[CanClient]:
    """Be a member of the bus at an address. Raises CommandError, in the user's words, when there is none."""
    name = interface(address)
    async with joined_here(name) if name else joined_over_tcp(address) as client:
        yield client


@asynccontextmanager
async def joined_here(name: str) -> AsyncIterator[CanClient]:
    """Be a member of the bus of an interface."""
    from chargelink.sim.can_interface import InterfaceClient, bound  # which knows the errors of this module

    try:
        raw = bound(name)
    except OSError as error:
        raise CommandError(NO_INTERFACE.format(name, reason(error))) from error
    with closing(raw):
        yield InterfaceClient(raw, name)


@asynccontextmanager
async def joined_over_tcp(address: str) -> AsyncIterator[CanClient]:
    """Be a member of the bus of a server."""
    host, port, name = parsed(address)
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT):
            reader, writer = await asyncio.open_connection(host, port)
            client = SocketcandClient(reader, writer)
            await client.open(name)
    except (OSError, LinkError) as error:
        raise CommandError(NOT_THERE.format(address, reason(error))) from error
    try:
        yield client
    finally:
        writer.close()
        with suppress(OSError):  # what was sent last has left, unless nobody takes it
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await writer.wait_closed()


def interface(address: str) -> str:
    """The name of the interface that an address means; empty if it means none."""
    name = address.removeprefix(LOCAL)
    fits = 0 < len(name) <= LONGEST_NAME and name.isascii() and name.isprintable()
    return name if fits and not {*":/ "} & {*name} else ""


def parsed(address: str) -> tuple[str, int, str]:
    """Host, port and name of an address. Raises CommandError when it is none."""
    parts = urlsplit(address)
    try:
        host, port, name = parts.hostname, parts.port, parts.path.strip("/")
    except ValueError:
        host, port, name = None, None, ""
    if parts.scheme != "socketcand" or not host or not port or not name:
        raise CommandError(BAD_ADDRESS.format(address))
    return host, port, name
