"""The key file of simulated sockets: the one that the edge of the site reads too, of which this is the sockets' part.

A file that is not there is made, with keys nobody else has: a simulated site needs no other preparation.
"""

import os
import secrets
import tomllib
from pathlib import Path

import msgspec

from chargelink.lora_socket.keys import EUI, KEY, device_key
from chargelink.sim.sockets.flash import Identity
from chargelink.wire import ChargelinkError, EncodeError

FIRST_EUI = 0xA84041F4B1C20001
NET = 0x2A51


class KeyFileError(ChargelinkError):
    """The key file cannot be used; no key is ever told."""


class _Socket(msgspec.Struct):
    eui: str
    device_key: str | None = None


class _File(msgspec.Struct):
    socket: list[_Socket]
    master: str | None = None


def load(path: Path, count: int) -> list[Identity]:
    """The first `count` sockets of the file. Raises KeyFileError, also when it has fewer."""
    try:
        file = msgspec.convert(tomllib.loads(path.read_text()), _File)
        identities = [_identity(socket, file.master) for socket in file.socket[:count]]
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(f"{path}: cannot be read") from error
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, EncodeError, ValueError):
        raise KeyFileError(f"{path}: no key file with eui and device_key or a master") from None
    if len(identities) < count:
        raise KeyFileError(f"{path}: has {len(identities)} sockets, {count} are wanted")
    return identities


def make(path: Path, count: int) -> None:
    """Write a key file for `count` sockets, mode 0600. Raises KeyFileError."""
    master, group_key = secrets.token_hex(KEY), secrets.token_hex(KEY)
    lines = [f'master = "{master}"', "", "[[site]]", f"net = 0x{NET:04X}", f'group_key = "{group_key}"']
    for number in range(count):
        eui = (FIRST_EUI + number).to_bytes(EUI, "big").hex()
        lines += ["", "[[socket]]", f'eui = "{eui}"', f"address = 0x{number + 1:04X}"]
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write("\n".join(lines) + "\n")
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error


def _identity(socket: _Socket, master: str | None) -> Identity:
    eui = bytes.fromhex(socket.eui)
    if socket.device_key is not None:
        return Identity(eui, bytes.fromhex(socket.device_key))
    return Identity(eui, device_key(bytes.fromhex(master or ""), eui))
