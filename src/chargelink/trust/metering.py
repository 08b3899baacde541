"""Metering data that only the supervisor of metering (计量监督部门) can read: HPKE, RFC 9180, in base mode.

DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM; single shot, no additional data; `info` is
"chargelink.metering.1|" and the id of the edge. What comes of it is the 32-byte encapsulated key, ciphertext and tag.

Base mode says nothing about who sealed. That is said by the edge's signature under the chain of the lane.
"""

import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from chargelink.wire import DecodeError

KEY_BYTES = 32
RECIPIENT_BYTES = 8

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class SupervisorKey:
    """The supervisor's private key: 32 bytes of X25519 (RFC 7748). Who has them can read."""

    def __init__(self, private: bytes) -> None:
        """Raises ValueError for anything but 32 bytes."""
        self._key = X25519PrivateKey.from_private_bytes(private)
        self.public: bytes = self._key.public_key().public_bytes_raw()

    @classmethod
    def generate(cls) -> "SupervisorKey":
        """A new key."""
        return cls(X25519PrivateKey.generate().private_bytes_raw())

    @property
    def private(self) -> bytes:
        """The 32 bytes."""
        return self._key.private_bytes_raw()

    def open(self, sealed: bytes, edge: str) -> bytes:
        """What an edge sealed. Raises DecodeError for another key, another edge, and altered bytes."""
        try:
            return _SUITE.decrypt(sealed, self._key, _info(edge))
        except (InvalidTag, ValueError):
            raise DecodeError("not sealed by this edge to this key") from None


def seal(plain: bytes, public: bytes, edge: str) -> bytes:
    """Seal to the 32-byte public key, as the edge named. Raises ValueError for a key that is none."""
    return _SUITE.encrypt(plain, X25519PublicKey.from_public_bytes(public), _info(edge))


def require_public(public: bytes) -> None:
    """Raises ValueError for bytes that nobody can be sent anything under: another length, a point of small order."""
    seal(b"", public, "")


def recipient(public: bytes) -> str:
    """A short name of a public key, to tell one supervisor's records from another's: 16 hexadecimal digits."""
    return hashlib.sha256(public).hexdigest()[: 2 * RECIPIENT_BYTES]


def _info(edge: str) -> bytes:
    return f"chargelink.metering.1|{edge}".encode()
