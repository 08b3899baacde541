"""The enrolment token: everything that an edge needs to meet its hub for the first time, in one line to copy.

    clk1.<base64url of MessagePack [edge, secret, ca, enroll, link] and 4 bytes of check>

The secret proves the edge to the hub, the SHA-256 of the CA proves the hub to the edge. The check finds a line that was
mistyped or cut; it keeps nobody out.
"""

import base64
import binascii
import hashlib
import re
import secrets
from typing import Annotated, NoReturn

import msgspec

from chargelink.link.quantities import Digest, Name
from chargelink.wire import ChargelinkError

PREFIX = "clk1."
SECRET_BYTES = 16
LONGEST = 1024  # characters
_CHECK_BYTES = 4
_ALPHABET = re.compile(r"[A-Za-z0-9_-]+")

Secret = Annotated[bytes, msgspec.Meta(min_length=SECRET_BYTES, max_length=SECRET_BYTES)]
Address = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class TokenError(ChargelinkError):
    """A line that is no token."""


class Token(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """`ca` is the SHA-256 of the CA's certificate (DER); `enroll` as `https://HOST:PORT`, `link` as `wss://HOST:PORT`."""

    edge: Name
    secret: Secret
    ca: Digest
    enroll: Annotated[Address, msgspec.Meta(pattern="^https://")]
    link: Annotated[Address, msgspec.Meta(pattern="^wss://")]

    def __str__(self) -> str:
        body = msgspec.msgpack.encode(self)
        return PREFIX + base64.urlsafe_b64encode(body + _check(body)).rstrip(b"=").decode()

    def __repr__(self) -> str:
        return f"Token(edge={self.edge!r})"  # the secret belongs in no log

    @classmethod
    def parse(cls, line: str) -> "Token":
        """Read a line, with blanks around it or not. Raises TokenError, which says what is wrong with it."""
        line = "".join(line.split())  # a terminal or a mail may have wrapped it
        text = line.removeprefix(PREFIX)
        if text == line or len(line) > LONGEST or not _ALPHABET.fullmatch(text):
            raise TokenError(f"a token begins with {PREFIX} and has only letters, digits, - and _ after it")
        try:
            data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except binascii.Error:
            _mistyped()
        body, check = data[:-_CHECK_BYTES], data[-_CHECK_BYTES:]
        if check != _check(body):
            _mistyped()
        try:
            return msgspec.msgpack.decode(body, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise TokenError(f"a token of another version: {error}") from None


def new_secret() -> bytes:
    """128 random bits."""
    return secrets.token_bytes(SECRET_BYTES)


def secret_hash(secret: bytes) -> str:
    """What the hub keeps of a secret: SHA-256 in hex. 128 random bits need no slow hash: nobody guesses them."""
    return hashlib.sha256(b"chargelink.enrolment.1" + secret).hexdigest()


def _check(body: bytes) -> bytes:
    return hashlib.sha256(PREFIX.encode() + body).digest()[:_CHECK_BYTES]


def _mistyped() -> NoReturn:
    raise TokenError("the token was mistyped or cut; copy the whole line")
