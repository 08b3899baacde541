"""The hub's CA and its listeners' certificate, as files in `<data>/identity`; key and certificate in one file each.

ca.pem          made once; edges know its SHA-256. Lose it, and every edge has to be enrolled again
server.pem      made anew when half of its life is over, or when the names change
listening.json  where edges reach this hub, for tokens to say
"""

import contextlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from chargelink.cli.files import write_durably
from chargelink.trust.certificates import (
    DAY,
    SERVER_DAYS,
    Authority,
    CertificateError,
    der_of_pem,
    expiry,
    is_issued_by,
    key_of_pem,
    key_pem,
    names_of,
    new_key,
)

NAME = "chargelink hub"
ALWAYS = ("127.0.0.1", "localhost")


class Listening(msgspec.Struct, frozen=True):
    """Where edges reach a hub: `https://HOST:PORT` and `wss://HOST:PORT`."""

    enroll: str
    link: str


def folder(data: Path) -> Path:
    """Where the keys lie, for their owner alone. Raises OSError."""
    path = data / "identity"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def opened(data: Path, now: int) -> Authority:
    """The CA of a hub, made when there is none. Raises OSError; CertificateError for a file that is damaged."""
    file = folder(data) / "ca.pem"
    try:
        pem = file.read_bytes()
    except FileNotFoundError:
        authority = Authority.new(NAME, now)
        write_durably(file, key_pem(authority.key) + authority.pem.encode())
        return authority
    try:
        return Authority(key_of_pem(pem), der_of_pem(pem.decode("ascii", "replace")))
    except CertificateError as error:
        raise CertificateError(f"{file}: {error}; restore it from a backup") from None


def server_file(data: Path, authority: Authority, names: Iterable[str], now: int) -> Path:
    """The file with key and certificate of the listeners, made anew when it is due.

    Raises OSError; CertificateError for a name that no host can have.
    """
    file = folder(data) / "server.pem"
    names = [*dict.fromkeys((*names, *ALWAYS))]
    if not _serves(file, authority, names, now):
        key = new_key()
        issued = authority.server_certificate(names, key.public_key(), now)
        write_durably(file, key_pem(key) + issued.pem.encode())
    return file


def tell(data: Path, listening: Listening) -> None:
    """Write down where this hub listens. Raises OSError."""
    write_durably(folder(data) / "listening.json", msgspec.json.encode(listening))


def untell(data: Path) -> None:
    """Nobody knows yet where this hub listens now. Raises OSError."""
    (data / "identity" / "listening.json").unlink(missing_ok=True)


def told(data: Path) -> Listening | None:
    """Where the hub of this folder listens, or listened last. None when it never did."""
    try:
        return msgspec.json.decode((data / "identity" / "listening.json").read_bytes(), type=Listening)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def _serves(file: Path, authority: Authority, names: list[str], now: int) -> bool:
    with contextlib.suppress(OSError, CertificateError, UnicodeDecodeError):
        der = der_of_pem(file.read_bytes().decode("ascii"))
        fresh = expiry(der) - now > SERVER_DAYS * DAY // 2
        return fresh and is_issued_by(der, authority.der) and names_of(der) == {*names}
    return False
