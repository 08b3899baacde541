"""`chargelink sim can-bus`: a CAN bus for processes on this machine, spoken to as to socketcand.

Every frame goes to all other members of its bus and not back to its sender, as with a controller that does not hear
itself. Frames of one member stay in order. There is no arbitration and no bit rate: the bus is as fast as its slowest
reader, for whom the others wait; a member that does not read for a second is put off.
"""

import argparse
import asyncio
import time

from chargelink.cli.command import Command, Example, Exit
from chargelink.cli.language import Text
from chargelink.sim.loopback import port
from chargelink.sim.process import HOST, announce, like_hardware, run
from chargelink.sim.socketcand import ECHO, HI, OK, OPEN, RAW_MODE, Messages, frame, message, sent
from chargelink.wire import DecodeError

LONGEST_BACKLOG = 1 << 20  # bytes that may wait for a member, some 25 000 frames, before the others wait for it
PATIENCE = 1.0  # s that they wait
USUAL_NAME = "can0"
WITHOUT_BRACKETS = str.maketrans("", "", "<>")


class Member(asyncio.Protocol):
    """One client: it opens a bus by name, asks for raw mode, then sends and hears frames."""

    def __init__(self, members: set["Member"]) -> None:
        self._members = members  # of all buses of the server
        self._messages = Messages()
        self.name = ""  # of the bus it opened
        self.listens = False
        self._lag: asyncio.TimerHandle | None = None
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.set_write_buffer_limits(LONGEST_BACKLOG)
        if any(member.lags for member in self._members):
            transport.pause_reading()
        self._members.add(self)
        self._answer(HI)

    def connection_lost(self, exc: Exception | None) -> None:
        self._members.discard(self)
        self.resume_writing()

    def pause_writing(self) -> None:
        """Too much waits for this member: nobody may say more, for a while."""
        self._lag = asyncio.get_running_loop().call_later(PATIENCE, self.transport.abort)
        for member in self._members:
            member.transport.pause_reading()

    def resume_writing(self) -> None:
        if self._lag is None:
            return
        self._lag.cancel()
        self._lag = None
        if not any(member.lags for member in self._members):
            for member in self._members:
                member.transport.resume_reading()

    @property
    def lags(self) -> bool:
        """The others wait for it."""
        return self._lag is not None

    def data_received(self, data: bytes) -> None:
        for text in self._messages.feed(data):
            self._obey(text)

    def _obey(self, text: str) -> None:
        match text.split():
            case ["send", *_] if self.listens:
                self._send(text)
            case [word, name] if word == OPEN and not self.name:
                self.name = name
                self._answer(OK)
            case [word] if word == RAW_MODE and self.name:
                self.listens = True
                self._answer(OK)
            case [word] if word == ECHO:
                self._answer(ECHO)
            case _:
                self._answer("error", "unknown command")

    def _answer(self, *words: str) -> None:
        self.transport.write(message(*words))

    def _send(self, text: str) -> None:
        try:
            encoded = frame(sent(text), time.time())
        except DecodeError as error:
            self._answer("error", str(error).translate(WITHOUT_BRACKETS))
            return
        for member in self._members:
            if member.listens and member.name == self.name and member is not self:
                member.transport.write(encoded)


async def serve(port: int) -> int:
    """Serve on a port of the loopback interface, 0 for a free one, until cancelled."""
    members: set[Member] = set()
    server = await asyncio.get_running_loop().create_server(lambda: Member(members), HOST, port)
    async with server:
        bound = server.sockets[0].getsockname()[1]
        announce(can=f"socketcand://{HOST}:{bound}/{USUAL_NAME}")
        try:
            await server.serve_forever()
        finally:
            for member in members:
                member.transport.abort()
    return Exit.CLEAN


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port",
        type=port,
        default=0,
        metavar="PORT",
        help=str(Text("TCP port on 127.0.0.1 (default: a free one)", "127.0.0.1 上的 TCP 端口 (默认: 任意空闲端口)")),
    )


def _run(arguments: argparse.Namespace) -> int:
    like_hardware()  # what a bus holds up looks like a device with wrong periods
    return run(serve(arguments.port))


COMMAND = Command(
    name="can-bus",
    summary=Text(
        "a CAN bus for processes on this machine, spoken to as to socketcand",
        "供本机各进程使用的 CAN 总线，采用 socketcand 的通信方式",
    ),
    configure=configure,
    run=_run,
    examples=(
        Example(
            "chargelink sim can-bus --port 29536",
            Text("runs until Ctrl-C, at socketcand's usual port", "在 socketcand 的常用端口上运行，直到 Ctrl-C"),
        ),
    ),
)
