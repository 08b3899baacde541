"""One websocket without a task of its own: ten thousand of them fit a small process."""

import asyncio
import ssl
from pathlib import Path
from typing import Protocol, cast

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake
from websockets.frames import DATA_OPCODES, CloseCode, Frame, Opcode
from websockets.http11 import Response
from websockets.typing import Subprotocol
from websockets.uri import WebSocketURI


class Listener(Protocol):
    """Whoever speaks on a line."""

    def heard(self, data: bytes) -> None:
        """A whole message."""
        ...

    def gone(self, line: "Line") -> None:
        """The line was open, and is not any more."""
        ...


class Line(asyncio.Protocol):
    """A websocket, as a client. `opened` is done when the handshake is, and fails with what it failed by."""

    __slots__ = ("_listener", "_parts", "_transport", "_websocket", "opened")

    def __init__(self, uri: WebSocketURI, subprotocol: str, largest: int, listener: Listener) -> None:
        self._websocket = ClientProtocol(uri, subprotocols=[cast(Subprotocol, subprotocol)], max_size=largest)
        self._listener = listener
        self._transport: asyncio.Transport | None = None
        self._parts: list[bytes] = []  # of a message in several frames
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def farewell(self) -> str:
        """Why the hub closed the line, in its words; empty when it did not say."""
        close = self._websocket.close_rcvd
        return "" if close is None else f"{close.code} {close.reason}".strip()

    def send(self, message: bytes, text: bool = False) -> None:
        """A message; of UTF-8 when it is text."""
        if text:
            self._websocket.send_text(message)
        else:
            self._websocket.send_binary(message)
        self._flush()

    def close(self) -> None:
        """Say goodbye; the hub ends the connection."""
        if self._transport and self.opened.done() and not self._transport.is_closing():
            self._websocket.send_close(CloseCode.GOING_AWAY)
            self._flush()

    def abort(self) -> None:
        """Without a word."""
        if self._transport:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._websocket.send_request(self._websocket.connect())
        self._flush()

    def data_received(self, data: bytes) -> None:
        self._websocket.receive_data(data)
        for event in self._websocket.events_received():
            if isinstance(event, Response):
                self._greeted()
            elif isinstance(event, Frame) and event.opcode in DATA_OPCODES:
                self._take(event)
        self._flush()
        if self._websocket.close_expected() and self._transport:
            self._transport.close()

    def eof_received(self) -> None:
        self._websocket.receive_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.opened.done() and not self.opened.cancelled() and self.opened.exception() is None:
            self._listener.gone(self)
        elif not self.opened.done():
            self.opened.set_exception(exc or ConnectionError("the connection was lost in the handshake"))

    def _greeted(self) -> None:
        problem = self._websocket.handshake_exc
        if self.opened.done():
            return
        if problem is None and self._websocket.subprotocol is None:
            problem = InvalidHandshake("the hub does not speak our subprotocol")
        if problem is None:
            self.opened.set_result(None)
        else:
            self.opened.set_exception(problem)

    def _take(self, frame: Frame) -> None:
        if frame.opcode is not Opcode.CONT and frame.fin:
            self._listener.heard(bytes(frame.data))
            return
        self._parts.append(bytes(frame.data))
        if frame.fin:
            whole, self._parts = b"".join(self._parts), []
            self._listener.heard(whole)

    def _flush(self) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        for data in self._websocket.data_to_send():
            if data:
                transport.write(data)
            elif transport.can_write_eof():
                transport.write_eof()


class Papers:
    """What edges show and believe: the hub's CA in a file, and a file NAME.pem each with key and certificate."""

    def __init__(self, ca: Path, folder: Path) -> None:
        self._ca = ca
        self._folder = folder
        self._contexts: dict[str, ssl.SSLContext] = {}

    def of(self, name: str) -> ssl.SSLContext:
        """Of one edge. Raises OSError, also for a file that is none."""
        context = self._contexts.get(name)
        if context is None:
            context = self._contexts[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.minimum_version = ssl.TLSVersion.TLSv1_3
            context.load_verify_locations(self._ca)
            context.load_cert_chain(self._folder / f"{name}.pem")
        return context


class Address:
    """Where lines go to; by TLS with `papers`."""

    def __init__(self, host: str, port: int, papers: Papers | None = None) -> None:
        self.host, self.port, self.papers = host, port, papers

    async def open(self, name: str, subprotocol: str, largest: int, listener: Listener, within: float) -> Line:
        """A line of an edge, after its handshake. Raises OSError (also TimeoutError), InvalidHandshake."""
        tls = None if self.papers is None else self.papers.of(name)
        uri = WebSocketURI(tls is not None, self.host, self.port, f"/link/{name}", "", None, None)
        line = Line(uri, subprotocol, largest, listener)
        try:
            async with asyncio.timeout(within):
                loop = asyncio.get_running_loop()
                await loop.create_connection(lambda: line, self.host, self.port, ssl=tls)
                await line.opened
        except BaseException:
            line.opened.cancel()
            line.abort()
            raise
        return line
