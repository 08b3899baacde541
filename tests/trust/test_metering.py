"""Sealed for the supervisor: RFC 9180 to the byte, and for nobody else."""

import hashlib
import hmac
import struct

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from chargelink.trust.metering import SupervisorKey, recipient, require_public, seal
from chargelink.wire import DecodeError

KEY = SupervisorKey(bytes(range(1, 33)))
EDGE = "site-0001"
PLAIN = b"what was measured"
SEALED = seal(PLAIN, KEY.public, EDGE)


# A judge that shares nothing with the library: RFC 9180 sections 4, 4.1, 5.1 and 5.2, from its text.
KEM_SUITE = b"KEM" + struct.pack(">H", 0x0020)
HPKE_SUITE = b"HPKE" + struct.pack(">HHH", 0x0020, 0x0001, 0x0002)


def extract(salt: bytes, label: bytes, ikm: bytes, suite: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + ikm, "sha256")


def expand(prk: bytes, label: bytes, info: bytes, length: int, suite: bytes) -> bytes:
    assert length <= 32
    labelled = struct.pack(">H", length) + b"HPKE-v1" + suite + label + info
    return hmac.digest(prk, labelled + b"\x01", hashlib.sha256)[:length]


def key_and_nonce(shared: bytes, encapsulated: bytes, public: bytes, info: bytes) -> tuple[bytes, bytes]:
    prk = extract(b"", b"eae_prk", shared, KEM_SUITE)
    secret = expand(prk, b"shared_secret", encapsulated + public, 32, KEM_SUITE)
    context = b"\0" + extract(b"", b"psk_id_hash", b"", HPKE_SUITE) + extract(b"", b"info_hash", info, HPKE_SUITE)
    schedule = extract(secret, b"secret", b"", HPKE_SUITE)
    return expand(schedule, b"key", context, 32, HPKE_SUITE), expand(schedule, b"base_nonce", context, 12, HPKE_SUITE)


def judged_open(private: bytes, encapsulated: bytes, ciphertext: bytes, info: bytes, aad: bytes) -> bytes:
    own = X25519PrivateKey.from_private_bytes(private)
    shared = own.exchange(X25519PublicKey.from_public_bytes(encapsulated))
    key, nonce = key_and_nonce(shared, encapsulated, own.public_key().public_bytes_raw(), info)
    return AESGCM(key).decrypt(nonce, ciphertext, aad)


def judged_seal(public: bytes, plain: bytes, info: bytes) -> bytes:
    ephemeral = X25519PrivateKey.generate()
    encapsulated = ephemeral.public_key().public_bytes_raw()
    key, nonce = key_and_nonce(
        ephemeral.exchange(X25519PublicKey.from_public_bytes(public)), encapsulated, public, info
    )
    return encapsulated + AESGCM(key).encrypt(nonce, plain, b"")


def test_the_judge_opens_the_published_vector() -> None:
    """test-vectors.json of the CFRG: mode 0, kem 0x0020, kdf 0x0001, aead 0x0002, first encryption."""
    opened = judged_open(
        bytes.fromhex("497b4502664cfea5d5af0b39934dac72242a74f8480451e1aee7d6a53320333d"),
        bytes.fromhex("6c93e09869df3402d7bf231bf540fadd35cd56be14f97178f0954db94b7fc256"),
        bytes.fromhex("e5d84cd531cfb583096e7cfa9641bd3079cf3a91cda813c52deb5f512be9931980a41de125a925cdad859d5b7a"),
        b"Ode on a Grecian Urn",
        b"Count-0",
    )
    assert opened == b"Beauty is truth, truth beauty"


def test_the_judge_reads_what_we_sealed_and_we_read_what_it_sealed() -> None:
    info = b"chargelink.metering.1|" + EDGE.encode()
    assert judged_open(KEY.private, SEALED[:32], SEALED[32:], info, b"") == PLAIN
    assert KEY.open(judged_seal(KEY.public, PLAIN, info), EDGE) == PLAIN


def test_nothing_is_sealed_twice_alike() -> None:
    assert seal(PLAIN, KEY.public, EDGE) != SEALED


REFUSED = {
    "another key": (SupervisorKey.generate(), SEALED, EDGE),
    "another edge": (KEY, SEALED, "site-0002"),
    "an altered byte": (KEY, SEALED[:-1] + bytes([SEALED[-1] ^ 1]), EDGE),
    "another encapsulated key": (KEY, KEY.public + SEALED[32:], EDGE),
    "a point of small order": (KEY, bytes(32) + SEALED[32:], EDGE),
    "nothing": (KEY, b"", EDGE),
}


@pytest.mark.parametrize(("key", "sealed", "edge"), REFUSED.values(), ids=REFUSED)
def test_it_is_read_in_no_other_way(key: SupervisorKey, sealed: bytes, edge: str) -> None:
    with pytest.raises(DecodeError, match="not sealed by this edge to this key"):
        key.open(sealed, edge)


@given(st.binary(max_size=100))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        KEY.open(data, EDGE)


@pytest.mark.parametrize("public", [b"", bytes(31), bytes(32), b"\1" + bytes(31), bytes(33)])
def test_a_key_that_is_none_is_refused(public: bytes) -> None:
    with pytest.raises(ValueError, match="key"):
        require_public(public)


def test_recipients_are_told_apart() -> None:
    require_public(KEY.public)
    assert recipient(KEY.public) != recipient(SupervisorKey.generate().public)
    assert len(recipient(KEY.public)) == 16
