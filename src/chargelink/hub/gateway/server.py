"""The listener of the links: `wss://HOST:PORT/link/{edge_id}`, or ws:// for simulators on this machine."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from socket import socket

import structlog
from websockets.http11 import Request, Response

from chargelink.hub.bus import Bus
from chargelink.hub.gateway.actions import Actions
from chargelink.hub.gateway.connection import CLOSING, Connection
from chargelink.hub.gateway.edges import Edges
from chargelink.hub.gateway.listener import Listener
from chargelink.hub.gateway.websocket import Websocket
from chargelink.hub.identity.admission import Admission, Shown
from chargelink.hub.loopback import is_ours
from chargelink.hub.services.live import Live
from chargelink.hub.services.orders import USUAL
from chargelink.hub.store.holdings import Holdings
from chargelink.hub.store.writer import RecordWriter
from chargelink.link.closing import WORDS, Close
from chargelink.link.frames import LARGEST_FRAME, SUBPROTOCOLS

PATH = re.compile(r"/link/([A-Za-z0-9._:-]{1,64})")
GOING_AWAY = 1001
OPENING = 10.0  # s for a handshake over a bad line
GRACE = 3.0  # s for all links to end when the hub stops
BACKLOG = 1024  # edges that all come back at once after a restart

log = structlog.get_logger()


class Gateway:
    """All links of this process. `edges` calls them; `listening` is the listener's life.

    Without an `admission` everybody on this machine is who the path says.
    """

    def __init__(
        self,
        bus: Bus,
        live: Live,
        writer: RecordWriter,
        holdings: Holdings,
        background: asyncio.TaskGroup,
        admission: Admission | None = None,
        usual: int = USUAL,
    ) -> None:
        self.edges = Edges()
        self.live = live
        self.joined: Sequence[Callable[[str], None]] = ()
        """Told of every edge that has said who it is."""
        self._background = background
        self._actions = Actions(bus, live, writer, holdings, self._joined, admission, usual)
        self._admission = admission

    @asynccontextmanager
    async def listening(self, port: socket, tls: ssl.SSLContext | None = None) -> AsyncIterator[None]:
        """Accept links on a bound socket; at the end they are told that we go."""
        listener = Listener(self._serve, self._admit, SUBPROTOCOLS, LARGEST_FRAME, OPENING, CLOSING)
        async with listener.listening(port, BACKLOG, tls, GOING_AWAY, "the hub is stopping", GRACE):
            yield

    def _admit(self, websocket: Websocket, request: Request) -> Response | None:
        """Refuse a request that is no link, before the handshake: the status says who is wrong."""
        if self._admission is not None:
            foreign = bool(request.headers.get_all("Origin"))  # certificates say who may come, but no page does
        else:
            port = websocket.local_address[1]
            foreign = not is_ours(request.headers.get_all("Host"), request.headers.get_all("Origin"), port)
        if foreign:
            return websocket.respond(HTTPStatus.FORBIDDEN, "links come from this machine, and not from web pages\n")
        path = PATH.fullmatch(request.path)
        if path is None:
            return websocket.respond(HTTPStatus.NOT_FOUND, "a link is at /link/{edge_id}\n")
        if self._admission and (wait := self._admission.wait(path[1], websocket)):
            text = f"refused too often, or too many links; wait {wait:.0f} s\n"
            return websocket.respond(HTTPStatus.TOO_MANY_REQUESTS, text)
        return None

    async def _serve(self, websocket: Websocket) -> None:
        path = PATH.fullmatch(websocket.path)
        assert path is not None  # `_admit` saw to it
        link = Connection(path[1], websocket, self._actions.handle, self.edges.defects)
        if self._admission is None:
            await self._run(link)
            return
        shown = Shown.on(websocket)
        link.certificate = shown.fingerprint if shown else ""
        with self._admission.watched(shown, link.close) as watch:
            if close := await self._admission.refusal(link.edge, watch, websocket):
                await link.close(close, WORDS[close].english)
            else:
                await self._run(link)

    async def _run(self, link: Connection) -> None:
        try:
            await link.run()
        finally:
            self.edges.leave(link)
            await link.finish()
            if link.booted and not self.edges.has(link.edge):
                log.info("link down", edge=link.edge, defects=dict(link.defects))
                self.live.down(link.edge)

    def _joined(self, link: Connection) -> None:
        log.info("link up", edge=link.edge)
        for tell in self.joined:
            tell(link.edge)
        if older := self.edges.join(link):
            goodbye = older.close(Close.TAKEN_OVER, WORDS[Close.TAKEN_OVER].english)
            self._background.create_task(goodbye, name=f"close the older link of {link.edge}")
