"""Whose link it is: decided by the hub itself after the websocket's handshake, and again when something changes."""

import asyncio
import ssl
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import structlog
from tortoise.exceptions import BaseORMException

from chargelink.hub.clock import now_ms
from chargelink.hub.gateway.websocket import Websocket
from chargelink.hub.identity import registry
from chargelink.hub.identity.limits import Limiter, network
from chargelink.hub.identity.refusals import Refusals, RefusedError
from chargelink.hub.store.identities import Certificate, End, IdentityEvent
from chargelink.hub.store.trouble import is_trouble
from chargelink.link.closing import WORDS, Close
from chargelink.link.messages import SignCertificateResponse
from chargelink.trust.certificates import EDGE_URN, Authority, fingerprint, pem_of_der

AGAIN = 16  # events
LOOK_EVERY = 1.0  # s between looks for what commands did
TRIES, WITHIN, MOST_NAMES = 10, 60.0, 8_192  # refusals of one who came under one name; then not even that is said
TRIES_IN_ALL = 300  # of one certificate or network under all names
MOST_LINKS = 16  # of one certificate at a time: an edge has one, and some ghosts of broken lines
SIGNINGS, SIGNINGS_WITHIN = 10, 3600.0  # certificates that an edge may ask for in so many seconds

log = structlog.get_logger()

Cut = Callable[[int, str], Awaitable[None]]


class Shown(NamedTuple):
    """The certificate of a link: its fingerprint and the names in it."""

    fingerprint: str
    names: frozenset[str]

    @classmethod
    def on(cls, websocket: Websocket) -> "Shown | None":
        """What the other end showed; None for nothing."""
        tls = websocket.transport.get_extra_info("ssl_object")
        if not isinstance(tls, ssl.SSLObject) or not (der := tls.getpeercert(binary_form=True)):
            return None
        names = (tls.getpeercert() or {}).get("subjectAltName", ())
        return cls(fingerprint(der), frozenset(str(name[1]) for name in names if isinstance(name, tuple)))


def who(websocket: Websocket) -> str:
    """For whom refusals are counted: the certificate, which nobody else can show; without one the network.

    A stranger must not keep out the edges behind the same address.
    """
    tls = websocket.transport.get_extra_info("ssl_object")
    der = tls.getpeercert(binary_form=True) if isinstance(tls, ssl.SSLObject) else None
    return fingerprint(der) if der else network(address_of(websocket))


def address_of(websocket: Websocket) -> str:
    """Where the other end is."""
    address = websocket.remote_address
    return str(address[0]) if address else ""


def judged(edge: str, shown: Shown | None, row: Certificate | None, now: int) -> Close | None:
    """Why a link of this edge is refused at `now` (UTC ms), None if it is not; `row` is what we know of `shown`."""
    if shown is None:
        return Close.NO_CERTIFICATE
    if row is None:
        return Close.UNKNOWN
    if row.edge != edge or shown.names != {EDGE_URN + edge}:
        return Close.FOREIGN_ID
    if row.why_ended:
        return Close.REVOKED if row.why_ended == End.REVOKED else Close.REPLACED
    return Close.EXPIRED if now >= row.expires else None


class Watch:
    """A link at its beginning, then one that was let in."""

    def __init__(self, shown: Shown | None, cut: Cut) -> None:
        self.shown = shown
        self.cut = cut
        self.admitted = False
        self.ended: Close | None = None  # its certificate, while we looked it up


class Admission:
    """Lets links in, and cuts those whose certificate ends while they are up. `run` is its task."""

    def __init__(self, authority: Authority, refusals: Refusals) -> None:
        self.authority = authority
        self.refusals = refusals
        self._names = Limiter(TRIES, WITHIN, MOST_NAMES)
        self._all = Limiter(TRIES_IN_ALL, WITHIN, MOST_NAMES)
        self._signing = Limiter(SIGNINGS, SIGNINGS_WITHIN, MOST_NAMES)
        self._live: defaultdict[str, set[Watch]] = defaultdict(set)
        self._seen = 0

    def wait(self, edge: str, websocket: Websocket) -> float:
        """Seconds until this one may knock again; 0 for now."""
        now, one = asyncio.get_running_loop().time(), who(websocket)
        if len(self._live.get(one, ())) >= MOST_LINKS:
            return WITHIN
        return max(self._names.wait(f"{one} {edge}", now), self._all.wait(one, now))

    async def refusal(self, edge: str, watch: Watch, websocket: Websocket) -> Close | None:
        """Why it is not let in, counted; None if it is."""
        shown = watch.shown
        row = await Certificate.get_or_none(fingerprint=shown.fingerprint) if shown else None
        close = judged(edge, shown, row, now_ms())
        if close is None:
            assert row is not None
            await registry.use(row, now_ms())
            close = watch.ended
        if close is None:
            watch.admitted = True
            return None
        self.refusals.count(close.name.lower().replace("_", "-"))
        now, one = asyncio.get_running_loop().time(), who(websocket)
        self._names.wrong(f"{one} {edge}", now)
        self._all.wrong(one, now)
        log.warning("link refused", edge=edge, address=address_of(websocket), why=WORDS[close].english)
        return close

    async def sign(self, edge: str, fingerprint: str, csr: bytes) -> SignCertificateResponse:
        """A new certificate for an edge that showed its old one."""
        now = asyncio.get_running_loop().time()
        if wait := self._signing.wait(edge, now):
            return SignCertificateResponse(status="Rejected", reason=f"asked too often; wait {wait:.0f} s")
        self._signing.wrong(edge, now)
        try:
            granted = await registry.renew(self.authority, edge, fingerprint, csr, now_ms())
        except RefusedError as refused:
            self.refusals.count(refused.reason)
            return SignCertificateResponse(status="Rejected", reason=refused.english)
        log.info("certificate renewed", edge=edge)
        return SignCertificateResponse(status="Accepted", certificate_chain=pem_of_der(granted.der))

    @contextmanager
    def watched(self, shown: Shown | None, cut: Cut) -> Iterator[Watch]:
        """Meanwhile the link is cut when its certificate ends. To be entered before it is looked up."""
        watch = Watch(shown, cut)
        name = shown.fingerprint if shown else ""
        self._live[name].add(watch)
        try:
            yield watch
        finally:
            self._live[name].discard(watch)
            if not self._live[name]:
                del self._live[name]

    async def start(self) -> None:
        """What happened before is known to every link from its beginning."""
        newest = await IdentityEvent.all().order_by("-id").first()
        self._seen = newest.id if newest else 0

    async def run(self) -> None:
        """Look what commands did, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                await self.look()
            except Exception as failure:
                if not (isinstance(failure, BaseORMException) or is_trouble(failure)):
                    raise
                log.error("database", failure=str(failure))

    async def look(self) -> None:
        """Cut the links whose certificate has ended."""
        ended = [self._cut(event) for event in await self._events()]
        await asyncio.gather(*(cut for cuts in ended for cut in cuts))

    async def _events(self) -> list[IdentityEvent]:
        """What is new, and a little of what was seen: PostgreSQL gives numbers before it commits."""
        events = await IdentityEvent.filter(id__gt=self._seen - AGAIN).order_by("id")
        self._seen = max((event.id for event in events), default=self._seen)
        return events

    def _cut(self, event: IdentityEvent) -> list[Awaitable[None]]:
        if not event.what.startswith("ended-"):
            return []
        close = Close.REVOKED if event.what == f"ended-{End.REVOKED}" else Close.REPLACED
        cuts = []
        for watch in self._live.get(event.fingerprint, ()):
            watch.ended = close
            if watch.admitted:
                watch.admitted = False  # it is cut once
                self.refusals.count(close.name.lower())
                log.warning("link cut", edge=event.edge, why=WORDS[close].english)
                cuts.append(watch.cut(close, WORDS[close].english))
        return cuts
