"""How a link is opened, and whom to believe at its other end."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import structlog
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidMessage

from chargelink.edge.identity.error import IdentityError
from chargelink.edge.identity.papers import Drawer, Papers
from chargelink.edge.identity.renewal import Renewal
from chargelink.edge.identity.tls import client, require_current, words_of
from chargelink.link.closing import WORDS, Close

if TYPE_CHECKING:
    from chargelink.edge.identity.late import LateRenewal  # large, and hopefully never needed

log = structlog.get_logger("identity")


class Opening(NamedTuple):
    """Where to connect, and with which TLS."""

    address: str
    tls: ssl.SSLContext | None = None


class Door(Protocol):
    """The way to a hub."""

    renewal: Renewal | None

    async def open(self, edge_id: str) -> Opening:
        """How to connect now. Raises IdentityError when that makes no sense."""

    def meet(self, socket: ClientConnection) -> None:
        """Look who answered. Raises IdentityError."""

    def entered(self) -> None:
        """The hub let us in."""

    def refused(self, error: Exception) -> IdentityError | None:
        """It was not to be: in words, if it is about who is who."""


class Plain:
    """To a hub on this machine that asks nobody who he is. `url` as `ws://127.0.0.1:8600`."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self.renewal: Renewal | None = None

    async def open(self, edge_id: str) -> Opening:
        return Opening(f"{self._url}/link/{edge_id}")

    def meet(self, socket: ClientConnection) -> None:
        pass

    def entered(self) -> None:
        pass

    def refused(self, error: Exception) -> IdentityError | None:
        return None


class Enrolled:
    """To the hub that we are enrolled with, by the papers as they are at each time: they may come and change.

    `url` is where the hub is if not where the papers say; `clock` gives UTC ms.
    """

    def __init__(self, data: Path, url: str | None, clock: Callable[[], int]) -> None:
        self.drawer = Drawer(data)
        self._url = url
        self._clock = clock
        self._new = False  # the papers shown are the next ones
        self._late: LateRenewal | None = None
        self._ended = ""  # the fingerprint of a certificate that has expired, as the hub says
        self._address = ""
        self._shown = ""
        self.renewal: Renewal | None = Renewal(self.drawer, clock)

    async def open(self, edge_id: str) -> Opening:
        papers = self._papers(edge_id)
        if self._ended == papers.fingerprint or self._clock() >= papers.expires:
            papers = await self._renewed(papers)
        following = self.drawer.read_next()
        self._new = following is not None
        self._address = f"{(self._url or papers.link).rstrip('/')}/link/{edge_id}"
        file = self.drawer.next if self._new else self.drawer.current
        self._shown = papers.fingerprint
        try:
            return Opening(self._address, self._context(papers, file))
        except OSError as error:  # also what TLS says of a file
            raise IdentityError(f"{file} cannot be used: {error}", f"{file} 无法使用: {error}") from None

    def meet(self, socket: ClientConnection) -> None:
        require_current(socket.transport.get_extra_info("ssl_object"), self._clock())

    def entered(self) -> None:
        if not self._new:
            return
        try:
            self.drawer.promote()
        except OSError as error:
            log.error("the renewed certificate stays beside the old one", why=str(error))
            return
        self._new = False
        log.info("renewed certificate in use")

    def refused(self, error: Exception) -> IdentityError | None:
        code = getattr(getattr(error, "rcvd", None), "code", None)
        if isinstance(error, ssl.SSLCertVerificationError):
            return words_of(error, self._address)
        if isinstance(error, InvalidMessage) and isinstance(error.__cause__, EOFError):
            # a TLS library that refuses a certificate of another CA hangs up, and its alert is lost on the way
            return IdentityError(
                "the hub hung up before it answered; if it goes on so, it does not know the CA of our certificate:"
                " enrol again",
                "平台未应答即断开；若持续如此，说明平台不认识本机证书的 CA: 请重新注册",
            )
        if code is None or code not in [*Close] or code == Close.TAKEN_OVER:
            return None
        if self._new:  # a hub that was restored has forgotten it; the old one may do
            self.drawer.forget_next()
        elif code == Close.EXPIRED:
            self._ended = self._shown  # our clock is behind
        words = WORDS[Close(code)]
        return IdentityError(f"the hub refuses: {words.english}", f"平台拒绝: {words.chinese}", refused=True)

    def _papers(self, edge_id: str) -> Papers:
        papers = self.drawer.read()
        if papers is None:
            raise IdentityError(
                f"not enrolled; on the hub: chargelink hub edge add {edge_id}, then here: chargelink edge enroll TOKEN",
                f"尚未注册；请在平台执行 chargelink hub edge add {edge_id}，再于本机执行 chargelink edge enroll 令牌",
            )
        if papers.edge != edge_id:
            raise IdentityError(
                f"enrolled as {papers.edge}, but the configuration says {edge_id}; mend [site] id, or enrol again",
                f"已注册为 {papers.edge}，而配置为 {edge_id}；请改正 [site] id 或重新注册",
            )
        return papers

    async def _renewed(self, old: Papers) -> Papers:
        """New papers in place of those that have ended. Raises IdentityError."""
        from chargelink.edge.identity.late import LateRenewal

        if self._late is None:
            self._late = LateRenewal(self.drawer, self._clock)
        await self._late.ask(old)
        self._late = None
        return self._papers(old.edge)

    def _context(self, papers: Papers, file: Path) -> ssl.SSLContext:
        context = client(papers.ca)
        context.load_cert_chain(file)
        return context


def door_to(url: str | None, data: Path, clock: Callable[[], int]) -> Door:
    """The way to the hub of a configuration: a plain one for ws://, else by the papers in the data folder."""
    if url is not None and url.startswith("ws://"):
        return Plain(url)
    return Enrolled(data, url, clock)
