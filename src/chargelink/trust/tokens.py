"""Cards, accounts, VINs, codes and PINs as they stand in a local list: digests under a key of one edge alone.

    token   HMAC-SHA-256(key, kind | 00 | value)          kind: `card`, `account`, `vin`, `voucher`
    PIN     HMAC-SHA-256(key, "pin" | 00 | token | PIN)

The value is UTF-8, with a to z in upper case and without spaces and hyphens: however a card is printed or read, it is
one card. The key keeps a list that was copied from one edge from being of use at another, and from being looked up in
a table; whoever holds both list and key can try all PINs of four digits, so the key stays where the list is.
"""

import hmac
import re

KEY_BYTES = 32
DIGEST_BYTES = 32
LONGEST_VALUE = 64  # characters, as it is read or typed
PIN = re.compile(r"[0-9]{4,8}")

_DROPPED = str.maketrans("", "", " -")
_UPPER = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def normal(value: str) -> str:
    """A number or code as it is compared. Raises ValueError for one that is empty then, or of more than 64 characters.

    Only a to z change case: what else has two cases has other pairs in each edition of Unicode.
    """
    plain = value.translate(_DROPPED).translate(_UPPER)
    if not plain or len(value) > LONGEST_VALUE:
        raise ValueError("a number or code has 1 to 64 characters beside spaces and hyphens")
    return plain


def token_digest(key: bytes, kind: str, value: str) -> bytes:
    """The 32 bytes by which a list knows what somebody identifies by. Raises ValueError, as `normal`, and for a key
    that has not 32 bytes or a kind with a zero byte in it."""
    if not kind or "\0" in kind:
        raise ValueError("a kind of token is a word")
    return _digest(key, kind.encode() + b"\0" + normal(value).encode())


def pin_digest(key: bytes, token: bytes, pin: str) -> bytes:
    """The 32 bytes by which a list knows the PIN of a card or account, whose own digest is `token`.

    Raises ValueError for a PIN that has not 4 to 8 digits, and for digest or key of another length.
    """
    if not PIN.fullmatch(pin):
        raise ValueError("a PIN has 4 to 8 digits")
    if len(token) != DIGEST_BYTES:
        raise ValueError(f"a digest has {DIGEST_BYTES} bytes")
    return _digest(key, b"pin\0" + token + pin.encode())


def _digest(key: bytes, message: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise ValueError(f"the key of a list has {KEY_BYTES} bytes")
    return hmac.digest(key, message, "sha256")
