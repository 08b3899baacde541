"""The token: one line that says everything, and says when it was mistyped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.trust.token import PREFIX, Token, TokenError, new_secret, secret_hash

TOKEN = Token(
    "garage-1", bytes(range(16)), bytes(range(32)), "https://hub.example.org:8703", "wss://hub.example.org:8701"
)
LINE = str(TOKEN)


def test_a_line_and_back() -> None:
    assert Token.parse(LINE) == TOKEN
    assert Token.parse(f"  {LINE[:70]}\n   {LINE[70:]}\n") == TOKEN  # as a mail wraps it
    assert LINE.startswith(PREFIX)
    assert len(LINE) < 220


def test_its_secret_is_in_no_log() -> None:
    assert repr(TOKEN) == "Token(edge='garage-1')"


@pytest.mark.parametrize("place", range(len(PREFIX), len(LINE)))
def test_a_mistyped_character_is_told(place: int) -> None:
    wrong = LINE[:place] + ("A" if LINE[place] != "A" else "B") + LINE[place + 1 :]
    with pytest.raises(TokenError, match="mistyped"):
        Token.parse(wrong)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "begins with clk1"),
        ("clk1.", "begins with clk1"),
        ("clk2." + LINE[5:], "begins with clk1"),
        (LINE[5:], "begins with clk1"),
        (LINE + "+", "only letters"),
        (PREFIX + "A" * 2000, "begins with"),
        (LINE[:-8], "mistyped or cut"),
        (PREFIX + "AAAAA", "mistyped or cut"),
    ],
)
def test_what_is_no_token_is_told(line: str, words: str) -> None:
    with pytest.raises(TokenError, match=words):
        Token.parse(line)


@given(st.text())
def test_anything_is_a_token_or_told(text: str) -> None:
    for line in (text, PREFIX + text):
        try:
            Token.parse(line)
        except TokenError:
            continue
        raise AssertionError("no token, and yet read")


def test_what_the_hub_keeps_of_a_secret() -> None:
    assert len(secret_hash(TOKEN.secret)) == 64
    assert secret_hash(TOKEN.secret) != secret_hash(new_secret())
