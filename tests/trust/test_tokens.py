"""Digests of cards, accounts, VINs, codes and PINs: the vectors of the page, and HMAC written out by hand."""

import hashlib
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.trust.tokens import normal, pin_digest, token_digest

KEY = bytes(range(32))
PAGE = Path(__file__).parents[2] / "docs" / "money.md"
ROW = re.compile(r"^\| (card|account|vin|voucher|pin) \| `([^`]+)` \| `([^`]*)` \| `([0-9a-f]{64})` \|$", re.MULTILINE)


def by_hand(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA-256 as RFC 2104 writes it down."""
    padded = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded) + message).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in padded) + inner).digest()


def test_the_vectors_of_the_page() -> None:
    rows = ROW.findall(PAGE.read_text(encoding="utf-8"))
    assert [row[0] for row in rows] == ["card", "account", "vin", "voucher", "card", "pin"]
    for kind, value, compared, digest in rows:
        if kind == "pin":
            card = token_digest(KEY, "card", compared)
            assert pin_digest(KEY, card, value).hex() == digest
            assert by_hand(KEY, b"pin\0" + card + value.encode()).hex() == digest
        else:
            assert normal(value) == compared
            assert token_digest(KEY, kind, value).hex() == digest
            assert by_hand(KEY, kind.encode() + b"\0" + compared.encode()).hex() == digest


@pytest.mark.parametrize("written", ["6214 8301 2345 ABCD", "6214-8301-2345-abcd", "62148301 2345abcd "])
def test_however_it_is_written_it_is_one_card(written: str) -> None:
    assert token_digest(KEY, "card", written) == token_digest(KEY, "card", "621483012345ABCD")


def test_nothing_else_is_one_card() -> None:
    one = token_digest(KEY, "card", "621483012345ABCD")
    others = [
        token_digest(KEY, "account", "621483012345ABCD"),
        token_digest(bytes(32), "card", "621483012345ABCD"),
        token_digest(KEY, "card", "621483012345ABCE"),
        token_digest(KEY, "card", "621483012345ÀBCD"),
        pin_digest(KEY, one, "0417"),
        pin_digest(KEY, token_digest(KEY, "card", "7"), "0417"),
    ]
    assert len({one, *others}) == 7


@given(st.text(max_size=64))
def test_what_is_compared_stays_as_it_is(text: str) -> None:
    try:
        plain = normal(text)
    except ValueError:
        assert not text.strip(" -")
    else:
        assert normal(plain) == plain


@pytest.mark.parametrize("value", ["", " - ", "7" * 65])
def test_no_value(value: str) -> None:
    with pytest.raises(ValueError, match="1 to 64 characters"):
        token_digest(KEY, "card", value)


@pytest.mark.parametrize("pin", ["", "123", "123456789", "12a4", "１２３４", "1234\n"])
def test_no_pin(pin: str) -> None:
    with pytest.raises(ValueError, match="4 to 8 digits"):
        pin_digest(KEY, bytes(32), pin)


def test_lengths_are_checked() -> None:
    with pytest.raises(ValueError, match="key of a list"):
        token_digest(b"short", "card", "7")
    with pytest.raises(ValueError, match="a digest has"):
        pin_digest(KEY, b"short", "1234")
    with pytest.raises(ValueError, match="kind"):
        token_digest(KEY, "card\0", "7")
