"""The key that signs the tariffs of this hub: `<data>/identity/tariffs.key`, 32 random bytes in hexadecimal digits.

Made once, at the first publication. It is in every backup, as the CA is: edges take tariffs of this key alone.
"""

import re
import secrets
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chargelink.cli.files import write_durably
from chargelink.hub.identity.authority import folder
from chargelink.wire import ChargelinkError

NAME = "tariffs.key"
SEED_BYTES = 32


class TariffKeyError(ChargelinkError):
    """The file of the key cannot be used; the message says what to do."""


class TariffKey:
    """Who has it can publish tariffs for the edges of this hub."""

    def __init__(self, seed: bytes) -> None:
        """Raises ValueError for anything but 32 bytes."""
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public: bytes = self._key.public_key().public_bytes_raw()

    def sign(self, data: bytes, /) -> bytes:
        """64 bytes."""
        return self._key.sign(data)


def opened(data: Path) -> TariffKey:
    """The key of a hub, made when there is none. Raises OSError, TariffKeyError."""
    file = folder(data) / NAME
    if not file.exists():
        write_durably(file, f"{secrets.token_hex(SEED_BYTES)}\n".encode())
    if stat.S_IMODE(file.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
        raise TariffKeyError(f"{file}: others than its owner may read it; chmod 600 {file}")
    digits = file.read_bytes().strip()
    if not re.fullmatch(rb"[0-9a-f]{64}", digits):
        raise TariffKeyError(f"{file}: no key; restore it from a backup")
    return TariffKey(bytes.fromhex(digits.decode()))
