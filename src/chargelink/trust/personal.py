"""Personal fields (个人信息) as they stand in records: AES-256-GCM under a key of that person's own.

Whoever erases the key erases the person from every copy of the record, and the chain over the bytes stays whole.
`person` is a random name that says nothing about who it is; the ciphertext is bound to it and to the name of its field,
so that neither can be put in another's place.
"""

from typing import Annotated

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chargelink.link.quantities import Person
from chargelink.link.shape import Shape
from chargelink.wire import DecodeError

KEY_BYTES = 32
NONCE_BYTES = 12
PERSON_BYTES = 16
TAG_BYTES = 16
LONGEST = 512  # bytes of UTF-8 that a field may hold

_BOUND = "chargelink.personal.1"


class Sealed(Shape, frozen=True):
    """A personal field: `box` is nonce (12 bytes), ciphertext and tag (16 bytes) of its UTF-8."""

    person: Person
    box: Annotated[
        bytes, msgspec.Meta(min_length=NONCE_BYTES + TAG_BYTES, max_length=NONCE_BYTES + LONGEST + TAG_BYTES)
    ]


def seal(text: str, field: str, person: str, key: bytes, nonce: bytes) -> Sealed:
    """Seal a field of a person under the 32-byte key. `nonce` are 12 random bytes, never used twice with one key.

    Raises ValueError for a text of more than 512 bytes and for a key or a nonce of another length.
    """
    data = text.encode()
    if len(data) > LONGEST or len(nonce) != NONCE_BYTES or len(key) != KEY_BYTES:
        raise ValueError(f"{len(data)} bytes of text, {len(nonce)} of nonce, {len(key)} of key")
    return Sealed(person=person, box=nonce + AESGCM(key).encrypt(nonce, data, _bound(person, field)))


def unseal(sealed: Sealed, field: str, key: bytes) -> str:
    """What the field said. Raises DecodeError for another key, another field, another person, and altered bytes."""
    nonce, ciphertext = sealed.box[:NONCE_BYTES], sealed.box[NONCE_BYTES:]
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, _bound(sealed.person, field)).decode()
    except (InvalidTag, ValueError):
        raise DecodeError(f"{field}: not sealed so under this key for this person") from None


def _bound(person: str, field: str) -> bytes:
    """What the ciphertext is bound to: names without "|" in them."""
    return f"{_BOUND}|{person}|{field}".encode()
