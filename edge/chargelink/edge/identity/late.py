"""A certificate after the old one has ended: the old key proves who asks, and an operator of the hub allows it."""

import asyncio
import random
from collections.abc import Callable

from chargelink.edge.identity.enrol import papers
from chargelink.edge.identity.error import IdentityError
from chargelink.edge.identity.papers import Drawer, Papers, shown
from chargelink.edge.identity.reception import Reception
from chargelink.edge.uplink.backoff import Backoff
from chargelink.link.enrolment import RenewRequest
from chargelink.trust.certificates import key_of_pem, new_key, renewal_bytes, request, sign

FIRST, LONGEST = 30.0, 900.0  # s between tries: it may take days until somebody allows it


class LateRenewal:
    """Asks now and then until there is one; `clock` gives UTC ms."""

    def __init__(self, drawer: Drawer, clock: Callable[[], int]) -> None:
        self._drawer = drawer
        self._clock = clock
        self._backoff = Backoff(random.random, FIRST, LONGEST)
        self._due = 0.0
        self._key = new_key()  # one for all tries
        self._said: IdentityError | None = None

    async def ask(self, old: Papers) -> None:
        """Ask if it is time; when this returns there are new papers. Raises IdentityError, which says how it stands."""
        now = asyncio.get_running_loop().time()
        if self._said is None or now >= self._due:
            self._due = now + self._backoff.wait()
            try:
                chain = await asyncio.to_thread(self._asked, old)
                if chain is None:
                    raise IdentityError(
                        f"our certificate expired on {shown(old.expires)}; an operator of the hub has to allow a new"
                        f" one: chargelink hub edge allow {old.edge}",
                        f"本机证书已于 {shown(old.expires)} 过期；须由平台运营人员批准续期:"
                        f" chargelink hub edge allow {old.edge}",
                    )
                self._drawer.write(papers(old.edge, old.link, old.enroll, old.ca, self._key, chain))
            except IdentityError as said:
                self._said = said
            except OSError as error:
                self._said = IdentityError(f"the new certificate is not stored: {error}", f"新证书无法保存: {error}")
            else:
                return
        assert self._said is not None
        raise self._said

    def _asked(self, old: Papers) -> str | None:
        reception = Reception(old.enroll, self._clock)
        reception.trust(old.ca)
        nonce, csr = reception.nonce(), request(self._key)
        proof = sign(key_of_pem(old.pem.encode()), renewal_bytes(old.edge, nonce, csr))
        return reception.renew(
            RenewRequest(edge=old.edge, fingerprint=old.fingerprint, csr=csr, nonce=nonce, signature=proof)
        )
