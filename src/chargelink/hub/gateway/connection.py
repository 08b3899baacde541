"""One link: moves messages between a websocket and a `Peer`, and lets others call the edge at its end.

The reader never waits for a handler: a handler may call the edge and wait for its answer. Calls of one action are
handled in the order they came, so there are at most as many handlers at once as there are actions. When too much waits
to be handled or to be sent, the reader stops, TCP tells the edge to wait, and memory stays flat; but it goes on as long
as somebody waits for an answer of the edge, and then refuses the calls that are too many.
"""

import asyncio
import itertools
from collections import Counter, deque
from collections.abc import Awaitable, Callable

import structlog
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode

from chargelink.hub.gateway.websocket import Websocket
from chargelink.hub.services.commands import EdgeAwayError, EdgeRefusedError, NoAnswerError
from chargelink.hub.services.deliveries import Takes
from chargelink.link.frames import Code, Codec, Message
from chargelink.link.peer import (
    TIMED_OUT,
    UNREADABLE,
    CallFailed,
    CallReceived,
    Defect,
    Event,
    Peer,
    ResultReceived,
)
from chargelink.link.shape import Shape
from chargelink.wire import EncodeError

CLOSING = 2.0  # s to say goodbye in
UNREAD = 30.0  # s that an edge may leave a message unread
MOST_OUTGOING = 64  # messages that wait to be sent
SHOWN = 16  # bytes of a defect in the log: type, id and action, and nothing of the payload, which may be a secret
TURN = 0.01  # s: after a message that took longer everybody else has a turn
SMALL = 16_384  # bytes: into an empty buffer such a message goes at once

log = structlog.get_logger()
_numbers = itertools.count(1)

Handler = Callable[["Connection", CallReceived], Shape | Awaitable[Shape]]
"""Answers a call, at once or after a while. Raises RefusalError, also while it is awaited."""


class RefusalError(Exception):
    """A call that is answered with a CALLERROR."""

    def __init__(self, code: Code, text: str) -> None:
        super().__init__(text)
        self.code = code


class Connection:
    """The link of one edge, from the handshake to its end.

    `defects` counts by kind what came that should not have, and so does `of_all` for all links.
    """

    __slots__ = (
        "_handle",
        "_handlers",
        "_lines",
        "_of_all",
        "_peer",
        "_results",
        "_room",
        "_sending",
        "_websocket",
        "booted",
        "certificate",
        "defects",
        "edge",
        "ended",
        "number",
        "takes",
    )

    def __init__(self, edge: str, websocket: Websocket, handle: Handler, of_all: Counter[str]) -> None:
        self.edge = edge
        self.number = next(_numbers)  # of two links the newer has the higher
        self.booted = False  # the edge has said who it is
        self.takes = Takes()
        self.certificate = ""  # the fingerprint of the one that proved it
        self.ended = False
        self.defects: Counter[str] = Counter()
        self._of_all = of_all
        self._websocket = websocket
        self._peer = Peer("hub", Codec(websocket.subprotocol or Codec.JSON.value))
        self._handle = handle
        self._results: dict[str, asyncio.Future[Shape]] = {}
        self._lines: dict[str, deque[CallReceived]] = {}  # by action: what waits behind the call that is being handled
        self._handlers: set[asyncio.Task[None]] = set()
        self._sending = False
        self._room: asyncio.Future[None] | None = None  # the reader waits for it

    @property
    def certified(self) -> bool:
        """A certificate proved who is at the other end."""
        return bool(self.certificate)

    async def run(self) -> None:
        """Serve the link until it ends. Handlers may still be at work then: `finish` waits for them."""
        clock = asyncio.get_running_loop().time
        receive, take = self._websocket.recv, self._take
        try:
            while True:
                message = await receive(decode=False)
                begun = clock()
                for event in self._peer.receive(message, begun):
                    take(event)
                if self._peer.outgoing:
                    await self._send()
                while self._is_full:
                    self._room = asyncio.get_running_loop().create_future()
                    await self._room
                if clock() - begun > TURN:
                    await asyncio.sleep(0)  # a kilobyte may be a megabyte compressed, and many of them wait to be read
        except ConnectionClosed:
            pass
        finally:
            self.ended = True
            for event in self._peer.close():
                self._settle(event)

    async def finish(self) -> None:
        """What was begun is done, though its answer is lost: records that are at the store are stored."""
        if self._handlers:
            await asyncio.wait(self._handlers)

    async def call(self, request: Shape, within: float) -> Shape:
        """Ask the edge, which has so many seconds.

        Raises EdgeAwayError when it cannot be asked, EdgeRefusedError; NoAnswerError when nobody knows.
        """
        if self._peer.outgoing >= MOST_OUTGOING:
            raise EdgeAwayError(f"{self.edge} does not read what it is sent")
        loop = asyncio.get_running_loop()
        identifier = self._peer.call(request, loop.time(), within)
        result: asyncio.Future[Shape]
        result = self._results[identifier] = loop.create_future()
        self._proceed()
        self._send_soon()
        try:
            async with asyncio.timeout(within):
                return await result
        except TimeoutError:
            raise NoAnswerError(f"{self.edge} did not answer in time") from None
        finally:
            del self._results[identifier]
            self._peer.forget(identifier)

    async def close(self, code: int, reason: str) -> None:
        """End the link and say why; an edge that does not read will not hear it."""
        try:
            async with asyncio.timeout(CLOSING):
                await self._websocket.close(code, reason)
        except TimeoutError:
            self._websocket.transport.abort()

    @property
    def _is_full(self) -> bool:
        """There is more to handle, or to send, than should be."""
        return self._peer.outgoing >= MOST_OUTGOING or (self._peer.is_full and not self._results)

    def _proceed(self) -> None:
        """The reader may look whether it can go on."""
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    def _take(self, event: Event) -> None:
        match event:
            case CallReceived():
                self._begin(event)
            case Defect():
                self._count(event)
            case ResultReceived() | CallFailed():
                self._settle(event)

    def _begin(self, call: CallReceived) -> None:
        """Answer a call if the answer is at hand; else have it handled, after those of its action that came before."""
        line = self._lines.get(call.action)
        if line is not None:
            line.append(call)
            return
        try:
            answer = self._handle(self, call)
        except Exception as problem:
            self._refuse(call, problem)
            return
        if isinstance(answer, Shape):
            self._answer(call, answer)
            return
        line = self._lines[call.action] = deque()
        handling = asyncio.get_running_loop().create_task(self._work(line, call, answer), name=f"handle {call.action}")
        self._handlers.add(handling)
        handling.add_done_callback(self._handlers.discard)

    async def _work(self, line: deque[CallReceived], call: CallReceived, answer: Shape | Awaitable[Shape]) -> None:
        """Handle a call, and those that come after it."""
        while True:
            try:
                self._answer(call, answer if isinstance(answer, Shape) else await answer)
            except Exception as problem:
                self._refuse(call, problem)
            await self._send()
            self._proceed()
            if not line or self.ended:  # what was not begun comes again on the edge's next link
                del self._lines[call.action]
                return
            call = line.popleft()
            answer = self._later(call)

    async def _later(self, call: CallReceived) -> Shape:
        answer = self._handle(self, call)
        return answer if isinstance(answer, Shape) else await answer

    def _answer(self, call: CallReceived, answer: Shape) -> None:
        try:
            self._peer.answer(call.id, answer)
        except EncodeError as problem:
            self._refuse(call, problem)

    def _refuse(self, call: CallReceived, problem: Exception) -> None:
        if isinstance(problem, RefusalError):
            self._peer.refuse(call.id, problem.code, str(problem))
            return
        log.error("call failed", edge=self.edge, action=call.action, exc_info=problem)
        self._peer.refuse(call.id, Code.INTERNAL_ERROR, "the hub failed; nothing was acknowledged")

    def _count(self, defect: Defect) -> None:
        """Every defect counts; the log names the first, the tenth, the hundredth of a kind."""
        self._of_all[defect.kind] += 1
        self.defects[defect.kind] += 1
        count = self.defects[defect.kind]
        if count in (1, 10, 100) or count % 1000 == 0:
            data = defect.data[:SHOWN].hex()
            log.warning("defect", edge=self.edge, kind=defect.kind, count=count, text=defect.text, data=data)

    def _settle(self, event: Event) -> None:
        """Give an answer to whoever waits for it."""
        assert isinstance(event, ResultReceived | CallFailed)
        result = self._results.get(event.id)
        if result is None or result.done():
            return
        match event:
            case ResultReceived():
                result.set_result(event.payload)
            case CallFailed(code=code, text=text) if code in (TIMED_OUT, UNREADABLE):
                result.set_exception(NoAnswerError(text))
            case CallFailed(code=code, text=text):
                result.set_exception(EdgeRefusedError(f"{code}: {text}"))

    def _send_soon(self) -> None:
        """Send in a task of its own: whoever asks may be cancelled, and others' messages must not be lost with it."""
        if not self._sending:
            sending = asyncio.get_running_loop().create_task(self._send(), name=f"send to {self.edge}")
            self._handlers.add(sending)
            sending.add_done_callback(self._handlers.discard)

    async def _send(self) -> None:
        """Send what there is, in order; whoever is at it takes along what comes meanwhile."""
        if self._sending:
            return
        self._sending = True
        try:
            while messages := self._peer.data_to_send():
                for message in messages:
                    await self._send_one(message)
        except ConnectionClosed:
            pass  # the reader hears of it too
        finally:
            self._sending = False
            self._proceed()

    async def _send_one(self, message: Message) -> None:
        """Raises ConnectionClosed, also for an edge that does not read."""
        if len(message) <= SMALL and not self._websocket.transport.get_write_buffer_size():
            await self._websocket.send(message)
            return
        try:
            async with asyncio.timeout(UNREAD):
                await self._websocket.send(message)
        except TimeoutError:
            log.warning("link cut", edge=self.edge, why="the edge does not read", unread_s=UNREAD)
            await self.close(CloseCode.POLICY_VIOLATION, f"you have read nothing for {UNREAD:.0f} s")
