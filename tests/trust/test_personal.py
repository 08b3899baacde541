"""A personal field is read with its person's key and no other way."""

import os

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from chargelink.trust.personal import LONGEST, Sealed, seal, unseal
from chargelink.wire import DecodeError

KEY, OTHER_KEY = bytes(range(32)), bytes(32)
PERSON, OTHER = "00112233445566778899aabbccddeeff", "ff" * 16
NONCE = bytes(12)
VIN = "LSIMULATED0000001"
SEALED = seal(VIN, "vehicle", PERSON, KEY, NONCE)


def test_what_was_sealed_is_read() -> None:
    assert unseal(SEALED, "vehicle", KEY) == VIN
    assert unseal(seal("沪A·D12345", "plate", PERSON, KEY, os.urandom(12)), "plate", KEY) == "沪A·D12345"


def test_it_is_what_its_page_says() -> None:
    """Opened here from the words alone: nonce, ciphertext, and what it is bound to."""
    bound = b"chargelink.personal.1|" + PERSON.encode() + b"|vehicle"
    assert AESGCM(KEY).decrypt(SEALED.box[:12], SEALED.box[12:], bound) == VIN.encode()


ELSEWHERE = {
    "another key": (SEALED, "vehicle", OTHER_KEY),
    "no key": (SEALED, "vehicle", b""),
    "another field": (SEALED, "plate", KEY),
    "another person": (Sealed(person=OTHER, box=SEALED.box), "vehicle", KEY),
    "an altered byte": (Sealed(person=PERSON, box=SEALED.box[:-1] + b"\0"), "vehicle", KEY),
    "another nonce": (Sealed(person=PERSON, box=b"\1" + SEALED.box[1:]), "vehicle", KEY),
}


@pytest.mark.parametrize(("sealed", "field", "key"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_it_is_read_in_no_other_way(sealed: Sealed, field: str, key: bytes) -> None:
    with pytest.raises(DecodeError, match=field):
        unseal(sealed, field, key)


@given(st.binary(max_size=2 * LONGEST))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises((DecodeError, msgspec.DecodeError)):
        unseal(msgspec.convert({"person": PERSON, "box": data}, Sealed), "vehicle", KEY)


@pytest.mark.parametrize("person", ["", "LSIMULATED0000001", PERSON.upper(), PERSON + "0"])
def test_a_person_is_a_random_name(person: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"person": person, "box": SEALED.box}, Sealed)


@pytest.mark.parametrize(("text", "key", "nonce"), [("x" * 513, KEY, NONCE), ("x", b"k", NONCE), ("x", KEY, b"n")])
def test_what_cannot_be_sealed_is_refused(text: str, key: bytes, nonce: bytes) -> None:
    with pytest.raises(ValueError, match="bytes of text"):
        seal(text, "vehicle", PERSON, key, nonce)
