"""The edge's signature under its journal: Ed25519 (RFC 8032), one for a batch of records, by a key made on site."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from chargelink.link.chain import checkpoint_bytes
from chargelink.link.messages import Checkpoint

SEED_BYTES = 32


class JournalKey:
    """The key that an edge signs with. `seed` are 32 random bytes; who has them can sign."""

    def __init__(self, seed: bytes) -> None:
        """Raises ValueError for anything but 32 bytes."""
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public: bytes = self._key.public_key().public_bytes_raw()

    def sign(self, data: bytes) -> bytes:
        """Sign something else that says by its first bytes what it is, as `trust.tariffs` does."""
        return self._key.sign(data)

    def checkpoint(self, seq: int, chain: bytes, at: int) -> Checkpoint:
        """Sign at `at` (UTC milliseconds) that `chain` is the value at record `seq`."""
        return Checkpoint(seq=seq, at=at, signature=self._key.sign(checkpoint_bytes(seq, chain, at)))


def is_signed(checkpoint: Checkpoint, chain: bytes, public: bytes) -> bool:
    """Whether the owner of the 32-byte public key signed `chain` as the value at the checkpoint's record."""
    signed = checkpoint_bytes(checkpoint.seq, chain, checkpoint.at)
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(checkpoint.signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True
