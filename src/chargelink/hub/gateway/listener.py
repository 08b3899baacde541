"""The listener of websockets: lets in thousands at once without holding up those who are there, and sweeps them all."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from socket import socket
from typing import Any

import structlog
from websockets.frames import CloseCode
from websockets.typing import Subprotocol

from chargelink.hub.gateway.websocket import Admission, Websocket

SWEEP = 1.0  # s
MANY_HANDSHAKES, MANY_WITH_TLS = 128, 16  # of these each takes ten times as long
SHORT_REST = 0.001  # s between connections while there are so many
MOST_ACCEPTED = 8  # connections before whoever else is there has its turn
REST = 1.0  # s before it is tried again when there is no room for more

log = structlog.get_logger()

Handler = Callable[[Websocket], Awaitable[None]]


class Listener:
    """All websockets of one bound socket. `handler` runs in a task for each, after its handshake."""

    def __init__(
        self,
        handler: Handler,
        admit: Admission,
        subprotocols: Sequence[str],
        largest: int,
        opening: float,
        closing: float,
    ) -> None:
        self.admit = admit
        self.subprotocols = [Subprotocol(name) for name in subprotocols]
        self.largest = largest  # bytes of a message
        self.opening, self.closing = opening, closing  # s that a handshake and a goodbye may take
        self.websockets: set[Websocket] = set()
        self.loop = asyncio.get_running_loop()
        self.now = self.loop.time
        self.handshakes = 0  # that are not done
        self._handler = handler
        self._port: socket
        self._tls: ssl.SSLContext | None = None
        self._watching = self.loop.call_soon(lambda: None)
        self._tasks: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()

    @asynccontextmanager
    async def listening(
        self, port: socket, backlog: int, tls: ssl.SSLContext | None, code: int, reason: str, grace: float
    ) -> AsyncIterator[None]:
        """Accept them; at the end all are told why we go, and given some time for it."""
        port.setblocking(False)
        port.listen(backlog)
        self._port, self._tls = port, tls
        self._watch()
        sweeping = self.loop.create_task(self._sweep(), name="sweep links")
        try:
            yield
        finally:
            self.loop.remove_reader(port)
            self._watching.cancel()
            for websocket in [*self.websockets]:
                websocket.say_goodbye(code, reason)
            with suppress(TimeoutError):
                async with asyncio.timeout(grace):
                    await self._all_gone()
            sweeping.cancel()
            for websocket in [*self.websockets]:
                websocket.transport.abort()

    def _watch(self) -> None:
        self.loop.add_reader(self._port, self._accept)

    def _accept(self) -> None:
        """A few at a time, and slowly while many are in their handshakes: whoever is connected already is served in
        between, when thousands come at once."""
        try:
            for _ in range(MOST_ACCEPTED):
                accepted, _ = self._port.accept()
                self._begin(self._connect(accepted), "accept a link")
                if self.handshakes > (MANY_WITH_TLS if self._tls else MANY_HANDSHAKES):
                    self._rest(SHORT_REST)
                    return
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as failure:  # too many open files, most likely
            log.error("cannot accept links", failure=str(failure))
            self._rest(REST)

    def _rest(self, seconds: float) -> None:
        self.loop.remove_reader(self._port)
        self._watching = self.loop.call_later(seconds, self._watch)

    async def _connect(self, accepted: socket) -> None:
        self.handshakes += 1
        opening, closing = (self.opening, self.closing) if self._tls else (None, None)
        try:
            await self.loop.connect_accepted_socket(
                lambda: Websocket(self),
                accepted,
                ssl=self._tls,
                ssl_handshake_timeout=opening,
                ssl_shutdown_timeout=closing,
            )
        except OSError:  # TLS did not come about; also TimeoutError
            self.handshakes -= 1

    def handle(self, websocket: Websocket) -> None:
        """Its handshake is done."""
        self.handshakes -= 1
        self._begin(self._handle(websocket), "link")

    def forget(self, websocket: Websocket, greeted: bool) -> None:
        """It has ended, after its handshake or in it."""
        self.handshakes -= not greeted
        self.websockets.discard(websocket)
        self._note_end()

    def _begin(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = self.loop.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._handled)

    async def _handle(self, websocket: Websocket) -> None:
        try:
            await self._handler(websocket)
        except Exception:
            log.exception("link failed")
            websocket.say_goodbye(CloseCode.INTERNAL_ERROR, "")
        else:
            websocket.say_goodbye(CloseCode.NORMAL_CLOSURE, "")

    def _handled(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._note_end()

    def _note_end(self) -> None:
        if not self.websockets and not self._tasks:
            self._empty.set()

    async def _all_gone(self) -> None:
        while self.websockets or self._tasks:
            self._empty.clear()
            await self._empty.wait()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP)
            now = self.now()
            for websocket in [*self.websockets]:
                websocket.sweep(now)
