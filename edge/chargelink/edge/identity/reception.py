"""What an edge says to the enrolment listener of its hub; blocking, for a command or a thread.

Nothing but `GET /ca` is said to anybody who is not proved by the CA.
"""

import hashlib
import ssl
from collections.abc import Callable
from http.client import HTTPException, HTTPSConnection
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from chargelink.edge.identity.error import IdentityError
from chargelink.edge.identity.tls import client, require_current
from chargelink.link.enrolment import (
    LARGEST_MESSAGE,
    EnrollRequest,
    EnrollResponse,
    NonceResponse,
    Refusal,
    RenewRequest,
    RenewResponse,
)
from chargelink.link.shape import Shape

PATIENCE = 20.0  # s for an answer

Answer = TypeVar("Answer", EnrollResponse, NonceResponse, RenewResponse)


class Reception:
    """The listener at `address` (`https://HOST:PORT`); `clock` gives UTC ms."""

    def __init__(self, address: str, clock: Callable[[], int]) -> None:
        self._address = address
        self._clock = clock
        self._ca: bytes | None = None

    def meet(self, digest: bytes) -> bytes:
        """The CA's certificate (DER), if its SHA-256 is this one. Raises IdentityError."""
        stranger = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        stranger.minimum_version = ssl.TLSVersion.TLSv1_3
        stranger.check_hostname, stranger.verify_mode = False, ssl.CERT_NONE  # it is judged by the hash, below
        _, body = self._exchange(stranger, "GET", "/ca", None)
        try:
            ca = ssl.PEM_cert_to_DER_cert(body.decode("ascii"))
        except ValueError:
            ca = b""
        if hashlib.sha256(ca).digest() != digest:
            raise IdentityError(
                f"the hub at {self._address} is not the one of the token: its CA is another; nothing was sent to it",
                f"{self._address} 不是令牌所指的平台: CA 不符；未发送任何内容",
            )
        self._ca = ca
        return ca

    def trust(self, ca: bytes) -> None:
        """Believe this CA (DER), which was met before."""
        self._ca = ca

    def enroll(self, asked: EnrollRequest) -> str:
        """The certificate chain in PEM. Raises IdentityError."""
        return self._ask("POST", "/enroll", asked, EnrollResponse).certificate_chain

    def nonce(self) -> bytes:
        """Something to sign. Raises IdentityError."""
        return self._ask("GET", "/nonce", None, NonceResponse).nonce

    def renew(self, asked: RenewRequest) -> str | None:
        """The certificate chain in PEM, None while an operator has not allowed it. Raises IdentityError."""
        return self._ask("POST", "/renew", asked, RenewResponse).certificate_chain

    def _ask(self, method: str, path: str, asked: Shape | None, shape: type[Answer]) -> Answer:
        assert self._ca is not None, "met first"
        status, body = self._exchange(client(self._ca), method, path, asked)
        try:
            if status < 400:
                return msgspec.json.decode(body, type=shape)
            refusal = msgspec.json.decode(body, type=Refusal)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise IdentityError(
                f"{self._address} answered {path} with {status} and something that is no answer",
                f"{self._address} 对 {path} 的应答无法解读（{status}）",
            ) from None
        chinese = f"平台拒绝: {refusal.text_chinese or refusal.text}"
        raise IdentityError(f"the hub refuses: {refusal.text}", chinese, refused=status < 500)

    def _exchange(self, context: ssl.SSLContext, method: str, path: str, asked: Shape | None) -> tuple[int, bytes]:
        """Status and body. Raises IdentityError."""
        parts = urlsplit(self._address)
        connection = HTTPSConnection(parts.hostname or "", parts.port, timeout=PATIENCE, context=context)
        try:
            connection.connect()
            if context.verify_mode is not ssl.CERT_NONE:
                require_current(connection.sock, self._clock())
            body = None if asked is None else msgspec.json.encode(asked)
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            response = connection.getresponse()
            return response.status, response.read(LARGEST_MESSAGE)
        except (OSError, HTTPException) as error:
            raise IdentityError(
                f"the hub at {self._address} cannot be reached: {error}", f"无法连接平台 {self._address}: {error}"
            ) from None
        finally:
            connection.close()
