"""One link: moves messages between a websocket and a `Peer`, and lets others call the edge at its end."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from websockets.exceptions import ConnectionClosed

from chargelink.hub.gateway.websocket import Websocket
from chargelink.hub.services.commands import EdgeRefusedError, NoAnswerError
from chargelink.link.frames import Code, Codec
from chargelink.link.peer import TIMED_OUT, CallFailed, CallReceived, Defect, Event, Peer, ResultReceived
from chargelink.link.shape import Shape

TICK = 5.0  # s: calls that nobody answered are given up at least so often
CLOSING = 2.0  # s to say goodbye in

log = structlog.get_logger()

Handler = Callable[["Connection", CallReceived], Awaitable[Shape]]


class RefusalError(Exception):
    """A call that is answered with a CALLERROR."""

    def __init__(self, code: Code, text: str) -> None:
        super().__init__(text)
        self.code = code


class Connection:
    """The link of one edge, from the handshake to its end.

    Calls of the edge are handled one after the other: a slow hub slows its edges, and nothing piles up.
    """

    def __init__(self, edge: str, websocket: Websocket, handle: Handler) -> None:
        self.edge = edge
        self.booted = False  # the edge has said who it is
        self.certified = False  # a certificate proved it
        self.defects = 0
        self._websocket = websocket
        self._peer = Peer("hub", Codec(websocket.subprotocol or Codec.JSON))
        self._handle = handle
        self._results: dict[str, asyncio.Future[Shape]] = {}

    async def run(self) -> None:
        """Serve the link until it ends."""
        clock = asyncio.get_running_loop().time
        try:
            while True:
                try:
                    async with asyncio.timeout(TICK):
                        message = await self._websocket.recv()
                except TimeoutError:
                    events = self._peer.tick(clock())
                else:
                    events = self._peer.receive(message, clock())
                for event in events:
                    await self._take(event)
                await self._flush()
        except ConnectionClosed:
            pass
        finally:
            for event in self._peer.close():
                self._settle(event)

    async def call(self, request: Shape, within: float) -> Shape:
        """Ask the edge, which has so many seconds. Raises EdgeRefusedError; NoAnswerError when nobody knows."""
        identifier = self._peer.call(request, asyncio.get_running_loop().time(), within)
        result: asyncio.Future[Shape]
        result = self._results[identifier] = asyncio.get_running_loop().create_future()
        try:
            await self._flush()
            return await result
        except ConnectionClosed:
            raise NoAnswerError("the link was lost") from None
        finally:
            self._results.pop(identifier, None)

    async def close(self, code: int, reason: str) -> None:
        """End the link and say why."""
        await self._websocket.close(code, reason)

    async def _take(self, event: Event) -> None:
        match event:
            case CallReceived():
                await self._answer(event)
            case Defect():
                self.defects += 1
                log.warning("defect", edge=self.edge, text=event.text, data=event.data[:64].hex())
            case ResultReceived() | CallFailed():
                self._settle(event)

    async def _answer(self, call: CallReceived) -> None:
        try:
            self._peer.answer(call.id, await self._handle(self, call))
        except RefusalError as refusal:
            self._peer.refuse(call.id, refusal.code, str(refusal))
        except Exception:
            log.exception("call failed", edge=self.edge, action=call.action)
            self._peer.refuse(call.id, Code.INTERNAL_ERROR, "the hub failed; nothing was acknowledged")

    def _settle(self, event: Event) -> None:
        """Give an answer to whoever waits for it."""
        assert isinstance(event, ResultReceived | CallFailed)
        result = self._results.get(event.id)
        if result is None or result.done():
            return
        match event:
            case ResultReceived():
                result.set_result(event.payload)
            case CallFailed(code=code, text=text) if code == TIMED_OUT:
                result.set_exception(NoAnswerError(text))
            case CallFailed(code=code, text=text):
                result.set_exception(EdgeRefusedError(f"{code}: {text}"))

    async def _flush(self) -> None:
        for message in self._peer.data_to_send():
            await self._websocket.send(message.decode() if self._peer.codec.text else message)
