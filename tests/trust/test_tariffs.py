"""Signatures under tariffs: what exactly is signed, and what is not taken for it."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chargelink.trust import tariffs
from chargelink.trust.checkpoints import JournalKey

SEED = bytes(range(32))
HASH = bytes(range(100, 132))
KEY = Ed25519PrivateKey.from_private_bytes(SEED)
PUBLIC = KEY.public_key().public_bytes_raw()


def test_what_is_signed_says_what_it_is() -> None:
    signature = tariffs.sign(KEY, HASH)
    KEY.public_key().verify(signature, b"chargelink tariff 1" + b"\x00" + HASH)
    assert tariffs.sign(JournalKey(SEED), HASH) == signature
    assert tariffs.verify(PUBLIC, HASH, signature)


@pytest.mark.parametrize(
    ("public", "tariff_hash", "signature"),
    [
        (bytes(32), HASH, tariffs.sign(KEY, HASH)),
        (PUBLIC, HASH[::-1], tariffs.sign(KEY, HASH)),
        (PUBLIC, HASH, KEY.sign(HASH)),
        (PUBLIC, HASH, b""),
        (PUBLIC, HASH[:-1], tariffs.sign(KEY, HASH)),
        (PUBLIC[:-1], HASH, tariffs.sign(KEY, HASH)),
    ],
)
def test_anything_else_is_no_signature(public: bytes, tariff_hash: bytes, signature: bytes) -> None:
    assert not tariffs.verify(public, tariff_hash, signature)


def test_a_hash_has_32_bytes() -> None:
    with pytest.raises(ValueError, match="31 bytes"):
        tariffs.sign(KEY, HASH[:-1])
