"""A new certificate, for a new key, while the old one is good: from half of its life on, over the link.

Edges that were enrolled on one day do not come on one day again: each adds up to a week, by its name.
"""

import asyncio
import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from chargelink.edge.identity.error import IdentityError
from chargelink.edge.identity.papers import Drawer
from chargelink.link.messages import SignCertificate, SignCertificateResponse

if TYPE_CHECKING:
    from chargelink.trust.certificates import Key  # X.509 is large, and needed twice a year

SPREAD = 7 * 86_400_000  # ms
AGAIN = 3600.0  # s after a try that brought nothing

log = structlog.get_logger("identity")


class Renewal:
    """Says when it is time, asks, and keeps what came; `clock` gives UTC ms."""

    def __init__(self, drawer: Drawer, clock: Callable[[], int]) -> None:
        self._drawer = drawer
        self._clock = clock
        self._not_before = 0.0
        self._key: Key | None = None

    @property
    def due(self) -> bool:
        """Whether to ask now."""
        if asyncio.get_running_loop().time() < self._not_before:
            return False
        self._not_before = asyncio.get_running_loop().time() + AGAIN
        try:
            old = self._drawer.read()
        except IdentityError:
            return False
        return old is not None and self._clock() >= old.renew_from + spread(old.edge)

    async def request(self) -> SignCertificate:
        """What to ask."""
        self._key, csr = await asyncio.to_thread(_made)
        return SignCertificate(csr=csr)

    def keep(self, answer: SignCertificateResponse) -> bool:
        """Keep what came as the next papers; whether there are any now."""
        from chargelink.edge.identity.enrol import papers

        try:
            old = self._drawer.read()
            if answer.status != "Accepted" or answer.certificate_chain is None or self._key is None or old is None:
                raise IdentityError(answer.reason or "no certificate came", answer.reason or "未收到证书")
            chain = answer.certificate_chain
            self._drawer.write_next(papers(old.edge, old.link, old.enroll, old.ca, self._key, chain))
        except (IdentityError, OSError) as error:
            log.warning("certificate not renewed", why=str(error))
            return False
        log.info("certificate renewed")
        return True


def _made() -> "tuple[Key, bytes]":
    from chargelink.trust.certificates import new_key, request

    key = new_key()
    return key, request(key)


def spread(edge: str) -> int:
    """ms that this edge waits after the half of its certificate's life."""
    return int.from_bytes(hashlib.sha256(edge.encode()).digest()[:8], "big") % SPREAD
