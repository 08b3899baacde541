"""Keys of LS1, all derived by AES-128-CMAC (RFC 4493) from one device key per socket.

    device key   DK     = CMAC(master, "LS1-DK" 00 00 | EUI), or random in a secure element
    join key     K_join = CMAC(DK, 03 | EUI)
    session keys K_up   = CMAC(DK, 01 | context), K_dn = CMAC(DK, 02 | context)
                 context = NET (2) | JoinNonce (3) | DevNonce (3) | EUI (8)

Numbers are little endian, the EUI is in the order in which it is written. The group key of a site is random;
sockets get it in a KEY_UPDATE under K_dn. It only ever protects BEACON and OTA_DATA.
"""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from chargelink.wire import EncodeError

KEY = 16  # bytes
EUI = 8  # bytes
NONCE_LIMIT = 1 << 24  # of DevNonce and JoinNonce


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """The keys between one join and the next, 16 bytes each, and the JoinNonce that their frames' nonces carry."""

    up: bytes = field(repr=False)
    down: bytes = field(repr=False)
    join_nonce: int


@dataclass(frozen=True, slots=True)
class GroupKey:
    """The key of a site's group frames, 16 bytes; `epoch` 0 to 127 is what BEACON announces."""

    key: bytes = field(repr=False)
    epoch: int


def device_key(master: bytes, eui: bytes) -> bytes:
    """The DK of a socket whose factory derives them; `eui` 8 bytes as written."""
    return _cmac(master, b"LS1-DK\0\0" + _eui(eui))


def join_key(device: bytes, eui: bytes) -> bytes:
    """The key of JOIN_REQ and JOIN_ACC."""
    return _cmac(device, b"\x03" + _eui(eui))


def session_keys(device: bytes, eui: bytes, net: int, join_nonce: int, dev_nonce: int) -> SessionKeys:
    """The keys of the conversation that a join begins. Raises EncodeError for values that do not fit their fields."""
    if not (0 <= net <= 0xFFFF and 0 <= join_nonce < NONCE_LIMIT and 0 <= dev_nonce < NONCE_LIMIT):
        raise EncodeError(f"no key context: net {net}, join nonce {join_nonce}, device nonce {dev_nonce}")
    context = net.to_bytes(2, "little") + join_nonce.to_bytes(3, "little") + dev_nonce.to_bytes(3, "little") + _eui(eui)
    return SessionKeys(_cmac(device, b"\x01" + context), _cmac(device, b"\x02" + context), join_nonce)


def _cmac(key: bytes, data: bytes) -> bytes:
    if len(key) != KEY:
        raise EncodeError(f"a key has {KEY} bytes, not {len(key)}")
    cmac = CMAC(AES(key))
    cmac.update(data)
    return cmac.finalize()


def _eui(eui: bytes) -> bytes:
    if len(eui) != EUI:
        raise EncodeError(f"an EUI has {EUI} bytes, not {len(eui)}")
    return eui
