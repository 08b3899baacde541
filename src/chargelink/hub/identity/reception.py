"""The enrolment listener: HTTPS of its own, for edges that have no certificate, or one that has ended.

Anybody may knock here, so everything is small: requests, their number at a time, how long a connection lasts, how often
somebody may be wrong, what is remembered of it.
"""

import asyncio
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus
from math import ceil
from socket import socket
from typing import Any, TypeVar

import msgspec
import structlog
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from tortoise.exceptions import BaseORMException
from uvicorn.protocols.http.h11_impl import H11Protocol

from chargelink.hub.api.server import WebServer
from chargelink.hub.bus import Bus
from chargelink.hub.clock import now_ms
from chargelink.hub.identity import registry
from chargelink.hub.identity.limits import Limiter, Nonces, network
from chargelink.hub.identity.refusals import STATUS, Reason, Refusals, RefusedError
from chargelink.hub.services import views
from chargelink.hub.store.models import Alarm
from chargelink.link.enrolment import (
    EnrollRequest,
    EnrollResponse,
    NonceResponse,
    Refusal,
    RenewRequest,
    RenewResponse,
)
from chargelink.link.shape import Shape
from chargelink.trust.certificates import Authority, pem_of_der

LARGEST_REQUEST = 16_384  # bytes
NONCE_LIFE = 120.0  # s
MOST_TAKEN = 4_096
TRIES_OF_NETWORK, WITHIN = 10, 600.0  # wrong ones in so many seconds
MOST_NAMES = 8_192
MOST_VISITORS, MOST_OF_NETWORK = 256, 32  # connections at a time
OPENING, CLOSING = 10.0, 2.0  # s that TLS may take to begin and to end
LONGEST_VISIT = 30.0  # s
BACKLOG = 128
REST = 1.0  # s before it is tried again when there is no room for more

Asked = TypeVar("Asked", EnrollRequest, RenewRequest)
log = structlog.get_logger()


class Reception:
    """Answers the requests of the enrolment listener."""

    def __init__(self, authority: Authority, refusals: Refusals, bus: Bus) -> None:
        self._authority = authority
        self._refusals = refusals
        self._bus = bus
        self._networks = Limiter(TRIES_OF_NETWORK, WITHIN, MOST_NAMES)
        self._nonces = Nonces(NONCE_LIFE, MOST_TAKEN)

    def application(self) -> Starlette:
        """For the web server."""
        return Starlette(
            routes=[
                Route("/ca", self._ca),
                Route("/nonce", self._nonce),
                Route("/enroll", self._enroll, methods=["POST"]),
                Route("/renew", self._renew, methods=["POST"]),
            ]
        )

    async def _ca(self, _: Request) -> Response:
        return PlainTextResponse(self._authority.pem, media_type="application/x-pem-file")

    async def _nonce(self, _: Request) -> Response:
        return answer(NonceResponse(nonce=self._nonces.give(asyncio.get_running_loop().time())))

    async def _enroll(self, request: Request) -> Response:
        return await self._answered(request, EnrollRequest, self._enrolled)

    async def _renew(self, request: Request) -> Response:
        return await self._answered(request, RenewRequest, self._renewed)

    async def _enrolled(self, asked: EnrollRequest) -> Shape:
        granted = await registry.enrol(
            self._authority, asked.edge, asked.secret, asked.csr, asked.signing_key, now_ms()
        )
        log.info("enrolled", edge=asked.edge)
        self._tell(granted.alarms)
        return EnrollResponse(certificate_chain=pem_of_der(granted.der))

    async def _renewed(self, asked: RenewRequest) -> Shape:
        if not self._nonces.is_fresh(asked.nonce, asyncio.get_running_loop().time()):
            raise RefusedError(Reason.REPLAYED)
        take = partial(self._nonces.take, asked.nonce)
        outcome = await registry.renew_expired(self._authority, asked, now_ms(), take)
        self._tell(outcome.alarms)
        if isinstance(outcome, registry.Waiting):
            return RenewResponse()
        log.info("renewed after its end", edge=asked.edge)
        return RenewResponse(certificate_chain=pem_of_der(outcome.der))

    async def _answered(
        self, request: Request, shape: type[Asked], do: Callable[[Asked], Awaitable[Shape]]
    ) -> Response:
        where = network(request.client.host if request.client else "")
        edge = ""
        now = asyncio.get_running_loop().time()
        try:
            self._require_patience(where, now)
            asked = await read(request, shape)
            edge = asked.edge
            return answer(await do(asked))
        except RefusedError as refused:
            return self._refused(refused, where, edge, now)
        except ClientDisconnect:
            return Response(status_code=HTTPStatus.BAD_REQUEST)  # nobody reads it
        except BaseORMException as failure:
            log.error("database", failure=str(failure))
            text = Refusal(
                reason="database", text="the hub cannot write; try again", text_chinese="平台暂不可写；请重试"
            )
            return answer(text, HTTPStatus.SERVICE_UNAVAILABLE)

    def _require_patience(self, where: str, now: float) -> None:
        """Raises RefusedError for who was wrong too often.

        Nothing is counted by edge: a stranger could tell by it which there are, and keep one out who has its token.
        """
        wait = self._networks.wait(where, now)
        if wait:
            raise RefusedError(Reason.TOO_MANY, ceil(wait))

    def _refused(self, refused: RefusedError, where: str, edge: str, now: float) -> Response:
        self._refusals.count(refused.reason)
        if refused.reason is not Reason.TOO_MANY:
            log.warning("refused", edge=edge, address=where, why=refused.reason.value)
            self._networks.wrong(where, now)
        text = Refusal(reason=refused.reason, text=refused.english, text_chinese=refused.chinese)
        return answer(text, STATUS.get(refused.reason, HTTPStatus.FORBIDDEN))

    def _tell(self, alarms: tuple[Alarm, ...]) -> None:
        for change in views.alarms(*alarms):
            self._bus.publish(change)


class Brief(H11Protocol):
    """A connection that ends soon, whatever the other end does or does not."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.gone = asyncio.Event()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._end = asyncio.get_running_loop().call_later(LONGEST_VISIT, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end.cancel()
        self.gone.set()
        super().connection_lost(exc)


class ReceptionServer(WebServer):
    """The web server of the enrolment listener. It accepts by itself: a stranger counts from the first packet on, and
    not only when TLS is up, which uvicorn lets take a minute."""

    def __init__(self, application: Starlette, tls: ssl.SSLContext) -> None:
        super().__init__(application, http=Brief)
        self._tls = tls
        self._visitors: Counter[str] = Counter()
        self._accepting: list[asyncio.Task[None]] = []
        self._visits: set[asyncio.Task[None]] = set()

    async def startup(self, sockets: list[socket] | None = None) -> None:
        for port in sockets or ():
            port.setblocking(False)
            port.listen(BACKLOG)
            self._accepting.append(asyncio.get_running_loop().create_task(self._accept(port), name="accept enrolments"))
        await super().startup([])

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        for accepting in self._accepting:
            accepting.cancel()
        await asyncio.gather(*self._accepting, return_exceptions=True)
        await super().shutdown(sockets)
        for visit in self._visits:
            visit.cancel()

    async def _accept(self, port: socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, address = await loop.sock_accept(port)
            except OSError as failure:  # too many open files, most likely
                log.error("cannot accept enrolments", failure=str(failure))
                await asyncio.sleep(REST)
                continue
            where = network(address[0])
            if self._visitors.total() >= MOST_VISITORS or self._visitors[where] >= MOST_OF_NETWORK:
                accepted.close()
                continue
            self._visitors[where] += 1
            visit = loop.create_task(self._visit(accepted, where))
            self._visits.add(visit)
            visit.add_done_callback(self._visits.discard)

    async def _visit(self, accepted: socket, where: str) -> None:
        loop = asyncio.get_running_loop()
        visitor = Brief(config=self.config, server_state=self.server_state, app_state={})
        try:
            await loop.connect_accepted_socket(
                lambda: visitor, accepted, ssl=self._tls, ssl_handshake_timeout=OPENING, ssl_shutdown_timeout=CLOSING
            )
            await visitor.gone.wait()
        except OSError:  # TLS did not come about; also TimeoutError
            pass
        finally:
            self._visitors[where] -= 1
            if not self._visitors[where]:
                del self._visitors[where]


async def read(request: Request, shape: type[Asked]) -> Asked:
    """A request's body. Raises RefusedError; ClientDisconnect when it never comes."""
    if request.headers.get("origin"):
        raise RefusedError(Reason.BAD_REQUEST, "web pages do not enrol")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_REQUEST:
            raise RefusedError(Reason.BAD_REQUEST, f"{LARGEST_REQUEST} bytes are allowed")
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError(Reason.BAD_REQUEST, error) from None


def answer(shape: Shape, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """JSON."""
    return Response(msgspec.json.encode(shape), status, media_type="application/json")
