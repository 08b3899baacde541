"""Websockets by the ten thousand: the protocol of `websockets`, without a task, a queue and a timer for each.

What one needs is a third of what `websockets.asyncio.server` takes, and nothing of it is left to the collector of
garbage. A sweep each second does for all of them what is due: pings, handshakes and goodbyes that take too long.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Protocol, cast

from websockets.exceptions import ConnectionClosed, ConnectionClosedError, ConnectionClosedOK
from websockets.frames import DATA_OPCODES, OK_CLOSE_CODES, CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

PING = 30.0  # s of silence, after which the other end is pinged; after as much again it is given up. Edges ping at 20
MOST_PARTS = 1024  # frames of one message
LARGEST_UNREAD = 4 << 20  # bytes sent that the other end leaves unread; whoever sends messages waits long before
MOST_MESSAGES = 16  # that wait to be received; then nothing more is read


Admission = Callable[["Websocket", Request], Response | None]


class Keeper(Protocol):
    """What a websocket needs of the listener that keeps it."""

    loop: asyncio.AbstractEventLoop
    now: Callable[[], float]
    admit: Admission
    subprotocols: list[Subprotocol]
    largest: int  # bytes of a message
    opening: float  # s that a handshake may take
    closing: float  # s that a goodbye may take
    websockets: set["Websocket"]

    def handle(self, websocket: "Websocket") -> None:
        """Its handshake is done."""
        ...

    def forget(self, websocket: "Websocket", greeted: bool) -> None:
        """It has ended, after its handshake or in it."""
        ...


class Websocket(asyncio.Protocol):
    """One of them. `path` is that of its request; `subprotocol` the one that both ends speak."""

    __slots__ = (
        "_closed",
        "_deadline",
        "_full",
        "_greeted",
        "_heard_at",
        "_keeper",
        "_messages",
        "_parts",
        "_paused",
        "_pinged",
        "_protocol",
        "_waiter",
        "_writers",
        "path",
        "transport",
    )

    def __init__(self, keeper: "Keeper") -> None:
        self.path = ""
        self.transport: asyncio.Transport
        self._keeper = keeper
        self._protocol = ServerProtocol(subprotocols=keeper.subprotocols, max_size=keeper.largest)
        self._messages: deque[Frame] | None = None  # whole ones; none while nobody is slow
        self._parts: list[Frame] | None = None  # of one in several frames
        self._waiter: asyncio.Future[None] | None = None  # of whoever receives
        self._writers: list[asyncio.Future[None]] | None = None  # while there is no room to send
        self._closed: asyncio.Future[None] | None = None  # of whoever waits for the end
        self._paused = self._full = self._pinged = self._greeted = False
        self._heard_at = keeper.now()
        self._deadline: float | None = self._heard_at + keeper.opening  # for a handshake, then for a goodbye

    @property
    def subprotocol(self) -> str | None:
        """None before the handshake, and for a client that asked for none."""
        return self._protocol.subprotocol

    @property
    def has_ended(self) -> bool:
        """Nothing comes or goes any more."""
        return self._protocol.state is State.CLOSED

    @property
    def local_address(self) -> Any:
        """Where the client has connected to: host and port, and more for IPv6."""
        return self.transport.get_extra_info("sockname")

    @property
    def remote_address(self) -> Any:
        """Where it comes from."""
        return self.transport.get_extra_info("peername")

    def respond(self, status: HTTPStatus, text: str) -> Response:
        """A refusal, for an admission to return."""
        return self._protocol.reject(status, text)

    async def recv(self, decode: bool | None = None) -> bytes | str:
        """The next message: text as `str`, unless `decode` is False. One at a time may wait.

        Raises ConnectionClosed.
        """
        while not self._messages:
            if self._protocol.state is not State.OPEN:
                raise self._end()
            self._waiter = self._keeper.loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        frame = self._messages.popleft()
        if self._paused and not self._messages:
            self._paused = False
            self.transport.resume_reading()
        if not self._messages:
            self._messages = None
        data = bytes(frame.data)
        if frame.opcode is Opcode.BINARY or decode is False:
            return data
        try:
            return data.decode()
        except UnicodeDecodeError:
            await self.close(CloseCode.INVALID_DATA, "text that is no UTF-8")
            raise self._end() from None

    async def send(self, message: bytes | str) -> None:
        """Send a message, as text if it is a `str`; waits while the other end does not read. Raises ConnectionClosed.

        If cancelled, the message is sent nevertheless.
        """
        if self._protocol.state is not State.OPEN:
            raise self._end()
        if isinstance(message, str):
            self._protocol.send_text(message.encode())
        else:
            self._protocol.send_binary(message)
        self._flush()
        if self._full:
            room = self._keeper.loop.create_future()
            if self._writers is None:
                self._writers = []
            self._writers.append(room)
            await room
            if self.has_ended:
                raise self._end()

    async def close(self, code: int = CloseCode.NORMAL_CLOSURE, reason: str = "") -> None:
        """Say goodbye and why; return when the connection has ended, after a while without the other end."""
        self.say_goodbye(code, reason)
        if not self.has_ended:
            if self._closed is None:
                self._closed = self._keeper.loop.create_future()
            await asyncio.shield(self._closed)

    def say_goodbye(self, code: int, reason: str) -> None:
        """Begin to close."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(code, reason)
            self._flush()
            self._wake()
        elif self._protocol.state is State.CONNECTING:
            self.transport.abort()

    # --- what the loop tells us ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._keeper.websockets.add(self)

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._keeper.loop.time()
        self._pinged = False
        protocol = self._protocol
        protocol.receive_data(data)
        for event in protocol.events_received():
            if isinstance(event, Frame):
                if event.opcode in DATA_OPCODES:
                    self._take(event)
            elif isinstance(event, Request):
                self._greet(event)
        if protocol.writes:
            self._flush()
        if protocol.state is not State.OPEN:
            self._wake()

    def eof_received(self) -> None:
        self._protocol.receive_eof()
        self._flush()

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self._let_write()

    def connection_lost(self, exc: Exception | None) -> None:
        self._keeper.forget(self, self._greeted)
        self._protocol.receive_eof()
        self._protocol.state = State.CLOSED
        self._protocol.parser.close()  # it refers to itself; now it does not wait for the collector
        self._wake()
        self._let_write()
        if self._closed is not None and not self._closed.done():
            self._closed.set_result(None)

    # --- what follows from it ---

    def sweep(self, now: float) -> None:
        """Do what is due."""
        if self._deadline is not None:
            if now >= self._deadline:
                self.transport.abort()
        elif self._paused:
            self._heard_at = now  # it is we who do not listen
        elif now - self._heard_at >= 2 * PING:
            self.transport.abort()
        elif now - self._heard_at >= PING and not self._pinged:
            self._pinged = True
            self._protocol.send_ping(b"")
            self._flush()

    def _greet(self, request: Request) -> None:
        self.path = request.path
        response = self._keeper.admit(self, request) or self._protocol.accept(request)
        self._protocol.send_response(response)
        if self._protocol.state is State.OPEN:
            self._deadline = None
            self._greeted = True
            self._keeper.handle(self)

    def _take(self, frame: Frame) -> None:
        if self._parts is not None or not frame.fin:
            if self._parts is None:
                self._parts = []
            self._parts.append(frame)
            if len(self._parts) > MOST_PARTS:  # they may be empty, so that their size bounds nothing
                self._parts = None
                self._protocol.fail(CloseCode.MESSAGE_TOO_BIG, f"more than {MOST_PARTS} parts")
                return
            if not frame.fin:
                return
            frame = Frame(self._parts[0].opcode, b"".join(part.data for part in self._parts))
            self._parts = None
        if self._messages is None:
            self._messages = deque()
        self._messages.append(frame)
        if len(self._messages) >= MOST_MESSAGES and not self._paused:
            self._paused = True
            self.transport.pause_reading()
        self._wake()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if self.transport.is_closing():
                continue
            if data:
                self.transport.write(data)
            elif self.transport.can_write_eof():
                self.transport.write_eof()
            else:
                self.transport.close()
        if self._full and self.transport.get_write_buffer_size() > LARGEST_UNREAD:
            self.transport.abort()  # it pings, and reads no pong
        if self._deadline is None and self._protocol.close_expected():
            self._deadline = self._keeper.now() + self._keeper.closing

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _let_write(self) -> None:
        writers, self._writers = self._writers, None
        for writer in writers or ():
            if not writer.done():
                writer.set_result(None)

    def _end(self) -> ConnectionClosed:
        """Why nothing more comes or goes."""
        protocol = self._protocol
        closes = protocol.close_rcvd, protocol.close_sent
        orderly = all(close is not None and close.code in OK_CLOSE_CODES for close in closes)
        kind = ConnectionClosedOK if orderly else ConnectionClosedError
        return kind(*closes, protocol.close_rcvd_then_sent)
