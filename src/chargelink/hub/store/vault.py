"""What belongs to persons and must not be in the database, nor in a backup of it: three files of the hub's folder.

persons.key     the key that wraps the keys of persons: without it those in a backup are good for nothing
tokens.key      the key under which cards, VINs and codes are found and sealed: without it they are entered again
erased.jsonl    who was erased, one line each; read at every start, so that a backup that is put back erases them again
"""

import hmac
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chargelink.cli.files import PRIVATE, sync_folder, write_durably
from chargelink.link.quantities import Name, Person, Time
from chargelink.trust.tokens import token_digest
from chargelink.wire import ChargelinkError

KEY_FILE = "persons.key"
TOKENS_FILE = "tokens.key"
LIST_FILE = "erased.jsonl"
KEY_BYTES = 32
NONCE_BYTES = 12
LONGEST_LINE = 4096

log = structlog.get_logger()


class VaultError(ChargelinkError):
    """The file of the key cannot be used; the message says what to do."""


class Erased(msgspec.Struct, frozen=True):
    """A line of the list."""

    edge: Name
    person: Person
    at: Time


class Whose(NamedTuple):
    """What a wrapped key is bound to."""

    edge: str
    person: str


class Vault:
    """The files in the folder of a hub. A key is made at the first use."""

    def __init__(self, folder: Path) -> None:
        """Raises VaultError, OSError."""
        self._list = folder / LIST_FILE
        self._cipher = AESGCM(key_in(folder / KEY_FILE, "move it away, and the edges send their keys again"))
        self.tokens = TokenKey(folder / TOKENS_FILE)

    def wrap(self, key: bytes, whose: Whose) -> bytes:
        """A key of a person, to be stored."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, key, _bound(whose))

    def unwrap(self, wrapped: bytes, whose: Whose) -> bytes | None:
        """The key; None if it was wrapped under another key of this hub, or for another person."""
        try:
            return self._cipher.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], _bound(whose))
        except (InvalidTag, ValueError):
            return None

    def note(self, erased: Erased) -> None:
        """Add a line; it is on the disk when this returns. Raises OSError."""
        new = not self._list.exists()
        descriptor = os.open(self._list, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
        with open(descriptor, "ab") as file:
            file.write(b"\n" + msgspec.json.encode(erased) + b"\n")  # first an end for a line that was torn
            file.flush()
            os.fsync(file.fileno())
        if new:
            sync_folder(self._list.parent)

    def noted(self) -> Iterator[Erased]:
        """The lines of the list. One that was torn by a loss of power was never acknowledged, and is passed over."""
        try:
            with self._list.open("rb") as file:
                while line := file.readline(LONGEST_LINE):
                    if line == b"\n":
                        continue
                    try:
                        yield msgspec.json.decode(line, type=Erased)
                    except (msgspec.DecodeError, UnicodeDecodeError):
                        log.warning("a line of the list of erased persons cannot be read", file=str(self._list))
        except FileNotFoundError:
            return


class TokenKey:
    """The key of cards, VINs and codes, in a file that is made at the first use.

    They are found by a digest under it, and sealed under it, as the lists of the edges need them in plain.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    @cached_property
    def _keys(self) -> tuple[bytes, AESGCM]:
        key = key_in(self._file, "put it back, or move it away and enter every card again")
        find, seal = (hmac.digest(key, f"chargelink.tokens.1|{what}".encode(), "sha256") for what in ("find", "seal"))
        return find, AESGCM(seal)

    def digest(self, kind: str, value: str) -> str:
        """What a card, VIN or code is found by, in hex. Raises ValueError for none; VaultError, OSError."""
        return token_digest(self._keys[0], kind, value).hex()

    def seal(self, text: str, bound: str) -> bytes:
        """A value or PIN, to be stored beside what it is `bound` to. Raises VaultError, OSError."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._keys[1].encrypt(nonce, text.encode(), bound.encode())

    def open(self, box: bytes, bound: str) -> str | None:
        """What was sealed; None if it was under another key, or beside something else. Raises VaultError, OSError."""
        try:
            return self._keys[1].decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], bound.encode()).decode()
        except (InvalidTag, ValueError):
            return None


def key_in(path: Path, remedy: str) -> bytes:
    """The key in a file of the hub's folder, made when there is none. Raises VaultError, OSError."""
    try:
        if stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
            raise VaultError(f"{path}: others than its owner may read it; chmod 600 {path}")
        digits = path.read_text("ascii").strip()
    except FileNotFoundError:
        digits = secrets.token_hex(KEY_BYTES)
        write_durably(path, f"{digits}\n".encode())
    except UnicodeDecodeError:
        digits = ""
    try:
        key = bytes.fromhex(digits)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise VaultError(f"{path}: no key; {remedy}")
    return key


def _bound(whose: Whose) -> bytes:
    return f"chargelink.person-key.1|{whose.edge}|{whose.person}".encode()


_open: list[Vault] = []


@contextmanager
def unlocked(folder: Path) -> Iterator[Vault]:
    """The vault of a hub's folder, which is `vault()` for as long. Raises VaultError, OSError."""
    one = Vault(folder)
    _open.append(one)
    try:
        yield one
    finally:
        _open.remove(one)


def vault() -> Vault:
    """The vault of the hub that runs here, as the models are those of its database."""
    return _open[-1]
