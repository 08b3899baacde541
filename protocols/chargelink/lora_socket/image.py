"""Signed firmware: what is signed, and what a socket judges before it runs an image.

The maker signs with Ed25519 (RFC 8032); a socket has the public key from the factory, so neither the edge nor whoever
has its keys or the group key can make firmware. What is signed, numbers little endian:

    "LS1-FW" 00 00 | model (1) | version (2) | size (4) | SHA-256 of the image (32)

The model is in it so that no socket runs another model's image, the version so that an old image stays old.
"""

from enum import Enum
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from chargelink.lora_socket.firmware import FRAGMENT, FirmwareSetup
from chargelink.lora_socket.fragments import Fragments

DIGEST = 8  # bytes of the SHA-256 that OTA_SETUP and OTA_APPLY carry


class ImageFlaw(Enum):
    """Why an image is not run."""

    VERSION = "not newer than what runs"
    DIGEST = "not the image that was announced"
    SIGNATURE = "not signed by the maker for this model and version"


def signed_part(model: int, version: int, image: bytes) -> bytes:
    """What the maker signs. `model` 0 to 255, `version` 0 to 65535; raises OverflowError beyond."""
    numbers = model.to_bytes(1, "little") + version.to_bytes(2, "little") + len(image).to_bytes(4, "little")
    return b"LS1-FW\0\0" + numbers + sha256(image).digest()


def sign(key: Ed25519PrivateKey, model: int, version: int, image: bytes) -> bytes:
    """The signature, 64 bytes: parameter 20."""
    return key.sign(signed_part(model, version, image))


def announce(session: int, version: int, image: bytes, redundancy: int, fragment_size: int = FRAGMENT) -> FirmwareSetup:
    """OTA_SETUP for an image, `redundancy` parity fragments to follow. Raises EncodeError for one that does not fit."""
    count = Fragments(image, fragment_size).count
    digest = sha256(image).digest()[:DIGEST]
    return FirmwareSetup(session, len(image), version, fragment_size, count, redundancy, digest)


def judge_image(
    public_key: bytes, model: int, running: int, setup: FirmwareSetup, image: bytes, signature: bytes
) -> ImageFlaw | None:
    """What forbids to run an image, None if nothing does. `public_key` 32 bytes; `running` is the version in use."""
    if setup.version <= running:
        return ImageFlaw.VERSION
    if sha256(image).digest()[:DIGEST] != setup.digest:
        return ImageFlaw.DIGEST
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, signed_part(model, setup.version, image))
    except InvalidSignature:
        return ImageFlaw.SIGNATURE
    return None
