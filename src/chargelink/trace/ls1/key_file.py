"""The key file of `chargelink decode ls1`: TOML, every part optional. Keys are 32 hexadecimal digits.

    master = "000102030405060708090a0b0c0d0e0f"   # device keys that the factory derived from it

    [[site]]
    net = 0x2A51
    group_key = "..."                             # for BEACON and OTA_DATA

    [[socket]]                                    # a socket whose joins are in the recording
    eui = "a84041f4b1c2d3e4"
    device_key = "..."                            # not needed with a master

    [[socket]]                                    # a socket whose join happened before
    net = 0x2A51
    address = 0x0011
    eui = "a84041f4b1c2d3e4"                      # with device_key or master, and both nonces ...
    dev_nonce = 7
    join_nonce = 0xC35A
    # up = "..."                                  # ... or the session keys themselves, and join_nonce
    # down = "..."

Whatever is wrong with it is told by place, never by value: no key is ever printed.
"""

import re
import tomllib

import msgspec

from chargelink.cli.language import Text
from chargelink.lora_socket.keys import EUI, KEY, SessionKeys, device_key, session_keys
from chargelink.lora_socket.listener import Listener
from chargelink.trace.report import CannotRead

HEXADECIMAL = re.compile(r"[0-9A-Fa-f]*")


class Site(msgspec.Struct, forbid_unknown_fields=True):
    """A site's group key."""

    net: int
    group_key: str


class Socket(msgspec.Struct, forbid_unknown_fields=True):
    """What is known of one socket."""

    net: int | None = None
    address: int | None = None
    eui: str | None = None
    device_key: str | None = None
    dev_nonce: int | None = None
    join_nonce: int | None = None
    up: str | None = None
    down: str | None = None


class KeyFile(msgspec.Struct, forbid_unknown_fields=True):
    """The whole file."""

    master: str | None = None
    site: list[Site] = []
    socket: list[Socket] = []


def load(path: str, listener: Listener) -> None:
    """Give a listener the keys of a file. Raises CannotRead, which says where the file is wrong and what to do."""
    try:
        with open(path, "rb") as file:
            keys = msgspec.convert(tomllib.load(file), KeyFile)
    except OSError as error:
        raise CannotRead(
            Text("cannot open the key file {}: {}", "无法打开密钥文件 {}: {}").format(path, error.strerror)
        ) from error
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at .*\)", str(error))
        raise _wrong(path, Text("no valid TOML", "不是有效的 TOML"), place[0] if place else "") from None
    except (msgspec.ValidationError, UnicodeDecodeError) as error:
        place = re.search(r"at `(.*)`", str(error))
        raise _wrong(path, Text("unknown key or wrong type", "未知的键或类型错误"), place[1] if place else "") from None
    _give(path, keys, listener)


def _give(path: str, keys: KeyFile, listener: Listener) -> None:
    master = None if keys.master is None else _bytes(path, "master", keys.master, KEY)
    for number, site in enumerate(keys.site):
        listener.add_group(site.net, _bytes(path, f"site[{number}].group_key", site.group_key, KEY))
    for number, socket in enumerate(keys.socket):
        _give_socket(path, f"socket[{number}]", socket, master, listener)


def _give_socket(path: str, place: str, socket: Socket, master: bytes | None, listener: Listener) -> None:
    eui = None if socket.eui is None else _bytes(path, f"{place}.eui", socket.eui, EUI)
    device = None if socket.device_key is None else _bytes(path, f"{place}.device_key", socket.device_key, KEY)
    if device is None and master is not None and eui is not None:
        device = device_key(master, eui)
    if device is not None and eui is not None:
        listener.add_device(eui, device)
    net, address, join_nonce, dev_nonce = socket.net, socket.address, socket.join_nonce, socket.dev_nonce
    keys = None
    try:
        if socket.up is not None and socket.down is not None and join_nonce is not None:
            up, down = (_bytes(path, f"{place}.{name}", getattr(socket, name), KEY) for name in ("up", "down"))
            keys = SessionKeys(up, down, join_nonce)
        elif None not in (device, eui, net, join_nonce, dev_nonce):
            keys = session_keys(device or b"", eui or b"", net or 0, join_nonce or 0, dev_nonce or 0)
    except ValueError:
        raise _wrong(path, Text("a number out of range", "数值超出范围"), place) from None
    if keys is not None and net is not None and address is not None:
        listener.add_session(net, address, keys)
    elif device is None or eui is None:
        remedy = Text(
            "give eui with device_key or a master, or net, address, join_nonce, up and down",
            "请给出 eui 和 device_key 或 master，或给出 net、address、join_nonce、up 和 down",
        )
        raise _wrong(path, remedy, place)


def _bytes(path: str, place: str, digits: str, length: int) -> bytes:
    if len(digits) != 2 * length or not HEXADECIMAL.fullmatch(digits):
        what = Text("{} hexadecimal digits are needed", "需要 {} 位十六进制数字")
        raise _wrong(path, Text(what.english.format(2 * length), what.chinese.format(2 * length)), place)
    return bytes.fromhex(digits)


def _wrong(path: str, what: Text, place: str) -> CannotRead:
    return CannotRead(Text("key file {}, {}: {}", "密钥文件 {}，{}: {}").format(path, place, what))
