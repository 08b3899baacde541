"""How often somebody may be wrong, and what may be said once. Memory is bounded; time in seconds is an argument."""

import hmac
import secrets
import struct
from collections import OrderedDict
from ipaddress import IPv6Address, ip_address

_TIME = struct.Struct(">d")
_BODY = 24  # bytes of a nonce before its mark


class Limiter:
    """`tries` wrong ones in `within` seconds, for each name; then it has to wait until they are over.

    At most `most` names are remembered; the one that was wrong longest ago is forgotten first.
    """

    def __init__(self, tries: int, within: float, most: int) -> None:
        self._tries = tries
        self._within = within
        self._most = most
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._wrong)

    def wait(self, name: str, now: float) -> float:
        """Seconds that this one has to wait before it may try; 0 for now."""
        count, since = self._wrong.get(name, (0, now))
        left = since + self._within - now
        return left if count >= self._tries and left > 0 else 0.0

    def wrong(self, name: str, now: float) -> None:
        """It was wrong."""
        count, since = self._wrong.pop(name, (0, now))
        if now - since >= self._within:
            count, since = 0, now
        self._wrong[name] = count + 1, since
        if len(self._wrong) > self._most:
            self._wrong.popitem(last=False)


class Nonces:
    """Numbers to be signed once, within `within` seconds.

    One that is given costs no memory: it carries its time and our mark (HMAC-SHA-256). Of those taken `most` are
    remembered, and only who has proved a key takes one, so a stranger cannot make us forget them.
    """

    def __init__(self, within: float, most: int) -> None:
        self._within = within
        self._most = most
        self._key = secrets.token_bytes(32)
        self._taken: OrderedDict[bytes, None] = OrderedDict()

    def give(self, now: float) -> bytes:
        """A new one."""
        body = _TIME.pack(now) + secrets.token_bytes(_BODY - _TIME.size)
        return body + self._mark(body)

    def is_fresh(self, nonce: bytes, now: float) -> bool:
        """Whether we gave it, not long ago, and it was not taken before."""
        body, mark = nonce[:_BODY], nonce[_BODY:]
        if not hmac.compare_digest(mark, self._mark(body)) or nonce in self._taken:
            return False
        (given,) = _TIME.unpack(body[: _TIME.size])
        return bool(now - given < self._within)

    def take(self, nonce: bytes) -> None:
        """It is not fresh any more."""
        self._taken[nonce] = None
        if len(self._taken) > self._most:
            self._taken.popitem(last=False)

    def _mark(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")


def network(address: str) -> str:
    """Who is at an address, as far as one can tell: an IPv6 customer has at least a /64 (RFC 6177)."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    return str(IPv6Address(int(ip) >> 64 << 64)) if isinstance(ip, IPv6Address) else str(ip)
