"""The key file of a site: TOML, mode 0600, with the sockets that may join. `chargelink decode ls1` reads it too.

    master = "000102030405060708090a0b0c0d0e0f"   # device keys that the factory derived from it

    [[site]]
    net = 0x2A51
    group_key = "101112131415161718191a1b1c1d1e1f"

    [[socket]]
    eui = "a84041f4b1c2d3e4"
    address = 0x0011
    # device_key = "..."                          # instead of a master

Whatever is wrong with it is told by place, never by value: no key is ever printed.
"""

import re
import stat
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from chargelink.lora_socket.frame import FIRST_ADDRESS, LAST_ADDRESS
from chargelink.lora_socket.keys import EUI, KEY, device_key
from chargelink.wire import ChargelinkError

GROUP_READABLE = stat.S_IRWXG | stat.S_IRWXO


class KeyFileError(ChargelinkError, ValueError):
    """The key file cannot be used; the message says where it is wrong and what to do."""


@dataclass(frozen=True)
class SocketKey:
    """A socket that may join: EUI (8 bytes), the address that it gets, its device key (16 bytes)."""

    eui: bytes
    address: int
    device_key: bytes = field(repr=False)


@dataclass(frozen=True)
class SiteKeys:
    """A site: NET, the group key (16 bytes), and its sockets."""

    net: int
    group_key: bytes = field(repr=False)
    sockets: tuple[SocketKey, ...]


class _Site(msgspec.Struct, forbid_unknown_fields=True):
    net: int
    group_key: str


class _Socket(msgspec.Struct, forbid_unknown_fields=True):
    eui: str
    address: int
    device_key: str | None = None
    net: int | None = None


class _File(msgspec.Struct, forbid_unknown_fields=True):
    socket: list[_Socket]
    site: list[_Site]
    master: str | None = None


def load(path: Path) -> SiteKeys:
    """Read the key file. Raises KeyFileError, also when others than its owner may read it."""
    try:
        with path.open("rb") as opened:
            if stat.S_IMODE(path.stat().st_mode) & GROUP_READABLE:
                raise KeyFileError(f"{path}: others than its owner may read it; chmod 600 {path}")
            file = msgspec.convert(tomllib.load(opened), _File)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at .*\)", str(error))
        raise KeyFileError(f"{path}: no valid TOML {place[0] if place else ''}".rstrip()) from None
    except (msgspec.ValidationError, UnicodeDecodeError) as error:
        place = re.search(r"at `(.*)`", str(error))
        raise KeyFileError(f"{path}: unknown, missing or wrong key at {place[1] if place else 'the file'}") from None
    return _checked(path, file)


def _checked(path: Path, file: _File) -> SiteKeys:
    if len(file.site) != 1 or not 0 < file.site[0].net <= 0xFFFF:
        raise KeyFileError(f"{path}: one [[site]] with a net of 1 to 65535 is needed")
    master = None if file.master is None else _bytes(path, "master", file.master, KEY)
    sockets = tuple(_socket(path, number, socket, master) for number, socket in enumerate(file.socket))
    for name in ("eui", "address"):
        if len({getattr(socket, name) for socket in sockets}) != len(sockets):
            raise KeyFileError(f"{path}: two sockets have the same {name}")
    group_key = _bytes(path, "site[0].group_key", file.site[0].group_key, KEY)
    return SiteKeys(file.site[0].net, group_key, sockets)


def _socket(path: Path, number: int, socket: _Socket, master: bytes | None) -> SocketKey:
    place = f"socket[{number}]"
    eui = _bytes(path, f"{place}.eui", socket.eui, EUI)
    if not FIRST_ADDRESS <= socket.address <= LAST_ADDRESS:
        raise KeyFileError(f"{path}: {place}.address is not within 0x0001 to 0xFFDF")
    if socket.device_key is not None:
        return SocketKey(eui, socket.address, _bytes(path, f"{place}.device_key", socket.device_key, KEY))
    if master is None:
        raise KeyFileError(f"{path}: {place} needs a device_key, or the file a master")
    return SocketKey(eui, socket.address, device_key(master, eui))


def _bytes(path: Path, place: str, digits: str, length: int) -> bytes:
    if not re.fullmatch(rf"[0-9A-Fa-f]{{{2 * length}}}", digits):
        raise KeyFileError(f"{path}: {place} needs {2 * length} hexadecimal digits")
    return bytes.fromhex(digits)
