"""Text on a terminal, where a Chinese character is two columns wide (Unicode Standard Annex 11)."""

import textwrap
from collections.abc import Sequence
from unicodedata import combining, east_asian_width


def width(text: str) -> int:
    """Columns that the text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def padded(text: str, columns: int) -> str:
    """The text followed by blanks up to the width; unchanged if it is wider."""
    return text + " " * (columns - width(text))


def wrapped(text: str, columns: int) -> list[str]:
    """Lines no wider than asked; breaks at blanks and between Chinese characters, at least one line.

    A word that is wider than a line gets a line of its own: what can be copied stays whole.
    """
    if text.isascii():
        lines = textwrap.wrap(text, max(columns, 1), break_long_words=False, break_on_hyphens=False)
        return lines or [""]
    lines, line = [], ""
    for piece in _pieces(text):
        if line and width(line) + width(piece.rstrip()) > columns:
            lines.append(line.rstrip())
            line = ""
        line += piece if line else piece.lstrip()
    return [*lines, line.rstrip()]


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as lines, each column as wide as its widest cell."""
    wide = [max(map(width, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(padded, row, wide)).rstrip() for row in rows]


def _pieces(text: str) -> list[str]:
    """Words and single wide characters, each with the blanks and the closing punctuation that follow it."""
    pieces: list[str] = []
    for c in text:
        wide = east_asian_width(c) in "WF"
        stuck = bool(pieces) and (c in " ，。；：、？！）》”" or not (wide or _ends(pieces[-1])))
        if stuck:
            pieces[-1] += c
        else:
            pieces.append(c)
    return pieces


def _ends(piece: str) -> bool:
    """Whether a line may break after the piece."""
    return piece[-1] == " " or east_asian_width(piece[-1]) in "WF"
