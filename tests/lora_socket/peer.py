"""An LS1 peer written from the byte tables alone, to judge the real one. It imports nothing of chargelink.

Bodies are dictionaries; `BODIES` is the byte table of each type as struct formats, little endian, in the order of the
fields. `pack` and `unpack` turn one into the other, `seal` and `unseal` do the frame.
"""

import hashlib
import struct
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

Body = dict[str, Any]

BODIES = {
    0x10: "flags:B voltage:H temperature:b leakage:B rssi:B "
    "a_state:B a_power:H a_energy:H a_elapsed:H b_state:B b_power:H b_energy:H b_elapsed:H",
    0x11: "id:H code:B place_severity:B value:H age:B",
    0x12: "place:B voltage:H current:H power:H factor:B temperature:b energy:3",
    0x13: "session:I place:B reason:B started:I duration:H energy:3 peak:H t1:H t2:H t3:H t4:H t5:H flags:B",
    0x14: "id:H result:B place:B state:B session:I",
    0x1A: "flags:B states:B temperature:b",
    0x40: "answer:B",
    0x41: "id:H expiry:H operation:B place:B",
    0x49: "time:I fraction:B flags:B epoch:B cycle:B version:B spare:B",
    0x4A: "kind_epoch:B key:16s floor:H",
    0x4B: "frequency:3 factor:B power:b channel:B delay:B",
    0x4C: "time:I fraction:B",
    0x01: "eui:8s dev_nonce:3 model:B firmware:H capabilities:B reset:B",
    0x02: "join_nonce:3 address:H time:I f1:3 f2:3 f3:3 channel:B factor:B power:b epoch:B version:B cycle:B",
}
START = "session:I minutes:H energy:H power:H flags:B full:B full_minutes:B"
RECEIPT = "place:B session:I digest:8s"


def cmac(key: bytes, data: bytes) -> bytes:
    c = CMAC(AES(key))
    c.update(data)
    return c.finalize()


def device_key(master: bytes, eui: bytes) -> bytes:
    return cmac(master, b"LS1-DK\x00\x00" + eui)


def join_key(dk: bytes, eui: bytes) -> bytes:
    return cmac(dk, b"\x03" + eui)


def session_key(dk: bytes, purpose: int, net: int, join_nonce: int, dev_nonce: int, eui: bytes) -> bytes:
    context = struct.pack("<H", net) + struct.pack("<I", join_nonce)[:3] + struct.pack("<I", dev_nonce)[:3] + eui
    assert len(context) == 16
    return cmac(dk, bytes([purpose]) + context)


def pack(table: str, values: Body) -> bytes:
    out = b""
    for item in table.split():
        name, code = item.split(":")
        out += struct.pack("<I", values[name])[:3] if code == "3" else struct.pack("<" + code, values[name])
    return out


def unpack(table: str, data: bytes) -> Body:
    values: Body = {}
    at = 0
    for item in table.split():
        name, code = item.split(":")
        size = 3 if code == "3" else struct.calcsize("<" + code)
        piece = data[at : at + size]
        assert len(piece) == size, name
        values[name] = int.from_bytes(piece, "little") if code == "3" else struct.unpack("<" + code, piece)[0]
        at += size
    assert at == len(data)
    return values


def ccm(key: bytes, tag: int, direction: int, net: int, addr: int, cnt: int, join_nonce: int) -> tuple[AESCCM, bytes]:
    nonce = struct.pack("<BBHHI", 1, direction, net, addr, cnt) + struct.pack("<I", join_nonce)[:3]
    return AESCCM(key, tag_length=tag), nonce


def seal(
    key: bytes,
    kind: int,
    net: int,
    addr: int,
    cnt: int,
    join_nonce: int,
    body: bytes,
    *,
    down: bool,
    tag: int,
    flags: int = 0,
    clear: int = 0,
) -> bytes:
    control = 0x40 | (0x20 if down else 0) | flags | (1 if tag == 8 else 0)
    head = struct.pack("<BBHHHB", 0xE0, control, net, addr, cnt & 0xFFFF, kind)
    box, nonce = ccm(key, tag, int(down), net, addr, cnt, join_nonce)
    aad = head + body[:clear]
    return aad + box.encrypt(nonce, body[clear:], aad)


def unseal(key: bytes, frame: bytes, cnt: int, join_nonce: int, clear: int = 0) -> tuple[int, int, int, int, bytes]:
    """(control, net, address, kind, body); raises InvalidTag."""
    first, control, net, addr, low, kind = struct.unpack("<BBHHHB", frame[:9])
    assert first == 0xE0
    assert control >> 6 == 1
    assert low == cnt & 0xFFFF
    tag = 8 if control & 1 else 4
    box, nonce = ccm(key, tag, control >> 5 & 1, net, addr, cnt, join_nonce)
    aad = frame[: 9 + clear]
    return control, net, addr, kind, aad[9:] + box.decrypt(nonce, frame[9 + clear :], aad)


def receipt(settle_body: bytes) -> bytes:
    values = unpack(BODIES[0x13], settle_body)
    digest = hashlib.sha256(settle_body).digest()[:8]
    return pack(RECEIPT, {"place": values["place"], "session": values["session"], "digest": digest})
