"""The signature under a tariff: Ed25519 (RFC 8032), by the hub that published it or by the edge on which it was set."""

from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

HASH_BYTES = 32
_SAID = b"chargelink tariff 1\0"


class Signing(Protocol):
    """A private key: that of `cryptography`, or of `trust.checkpoints`."""

    def sign(self, data: bytes, /) -> bytes:
        """64 bytes."""
        ...


def tariff_bytes(tariff_hash: bytes) -> bytes:
    """What is signed: words that no other signature begins with, and the SHA-256 of the document.

    Raises ValueError for anything but 32 bytes.
    """
    if len(tariff_hash) != HASH_BYTES:
        raise ValueError(f"{len(tariff_hash)} bytes are no SHA-256")
    return _SAID + tariff_hash


def sign(key: Signing, tariff_hash: bytes) -> bytes:
    """The signature under a tariff, by its hash of 32 bytes. Raises ValueError for another length."""
    return key.sign(tariff_bytes(tariff_hash))


def verify(public: bytes, tariff_hash: bytes, signature: bytes) -> bool:
    """Whether the owner of the 32-byte public key signed the tariff of this hash."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, tariff_bytes(tariff_hash))
    except (InvalidSignature, ValueError):
        return False
    return True
