"""Chinese characters are two columns wide, in padding and in wrapping."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.cli.layout import padded, width, wrapped


@pytest.mark.parametrize(
    ("text", "columns"), [("", 0), ("BCL", 3), ("充电", 4), ("电压 400 V", 10), ("，", 2), ("e\u0301", 1), ("Ω", 1)]
)
def test_width(text: str, columns: int) -> None:
    assert width(text) == columns
    assert padded(text, 12) == text + " " * (12 - columns)
    assert padded(text, 0) == text


@pytest.mark.parametrize(
    ("text", "columns", "lines"),
    [
        ("", 10, [""]),
        ("one two three", 8, ["one two", "three"]),
        ("把通信记录解读成易懂的文字", 10, ["把通信记录", "解读成易懂", "的文字"]),
        ("电压, 以及 current", 10, ["电压, 以及", "current"]),
        ("充电电压，停止", 8, ["充电电", "压，停止"]),
        ("--a-long-option-that-is-copied", 10, ["--a-long-option-that-is-copied"]),
    ],
)
def test_wrapping(text: str, columns: int, lines: list[str]) -> None:
    assert wrapped(text, columns) == lines


@given(st.text("ab ，。充电桩与车", max_size=60), st.integers(12, 40))
def test_wrapping_loses_nothing_but_blanks(text: str, columns: int) -> None:
    lines = wrapped(text, columns)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    # what cannot be broken: a word and the punctuation that follows it
    assert all(
        width(line) <= columns or line.startswith(("a", "b", "，", "。")) or line[1:2] in "，。" for line in lines
    )
