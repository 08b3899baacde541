"""What an edge and its hub say to each other before there is a link: JSON over HTTPS, at a listener of its own.

    GET  /ca       the CA's certificate in PEM; nothing else is sent before its SHA-256 is the token's
    POST /enroll   EnrollRequest -> EnrollResponse
    GET  /nonce    NonceResponse
    POST /renew    RenewRequest -> RenewResponse, for an edge whose certificate has ended

What is refused is answered with a status from 400 on and a `Refusal`. Bytes are base64.
"""

from typing import Annotated

import msgspec

from chargelink.link.quantities import HexDigest, Name, PublicKey, Sentence, Word
from chargelink.link.shape import Shape

LARGEST_MESSAGE = 65_536  # bytes of a request or an answer
LARGEST_CSR = 8192

Csr = Annotated[bytes, msgspec.Meta(min_length=1, max_length=LARGEST_CSR, description="PKCS #10, DER")]
Chain = Annotated[str, msgspec.Meta(max_length=LARGEST_MESSAGE, description="PEM")]


class EnrollRequest(Shape, frozen=True):
    """Who has the secret of a token becomes this edge. `signing_key` is the one under its journal."""

    edge: Name
    secret: Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
    csr: Csr
    signing_key: PublicKey | None = None


class EnrollResponse(Shape, frozen=True):
    """The certificate."""

    certificate_chain: Chain


class NonceResponse(Shape, frozen=True):
    """To be signed once, soon."""

    nonce: Annotated[bytes, msgspec.Meta(max_length=128)]


class RenewRequest(Shape, frozen=True):
    """`fingerprint` names the old certificate, whose key signed."""

    edge: Name
    fingerprint: HexDigest
    csr: Csr
    nonce: Annotated[bytes, msgspec.Meta(max_length=128)]
    signature: Annotated[bytes, msgspec.Meta(max_length=128)]


class RenewResponse(Shape, frozen=True):
    """The new certificate; null while it waits for an operator of the hub."""

    certificate_chain: Chain | None = None


class Refusal(Shape, frozen=True):
    """Why not: in one word, in English and in Chinese."""

    reason: Word
    text: Sentence
    text_chinese: Sentence = ""
