"""Amounts as people type and read them: yuan with two decimals, whole fen inside."""

import argparse
import re

from chargelink.cli.language import Text

FEN = 100  # in a yuan
AMOUNT = re.compile(r"(0|[1-9][0-9]{0,9})(?:\.([0-9]{1,2}))?")
PROBLEM = Text(
    "{!r} is no amount: yuan, such as 50 or 12.34, below 10 000 000 000", "{!r} 不是金额: 请写元，例如 50 或 12.34"
)


def fen_of(text: str) -> int:
    """The fen of "50", "12.3" or "12.34" yuan. Raises ValueError for anything else, as a sign, commas, more digits."""
    match = AMOUNT.fullmatch(text)
    if match is None:
        raise ValueError(PROBLEM.format(text))
    return int(match[1]) * FEN + int((match[2] or "").ljust(2, "0"))


def amount(text: str) -> int:
    """`fen_of` for an argument of a command that must be above 0."""
    try:
        fen = fen_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if not fen:
        raise argparse.ArgumentTypeError(str(Text("the amount is above 0", "金额应大于 0")))
    return fen


def yuan(fen: int) -> str:
    """ "12.34", also below 0."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // FEN}.{abs(fen) % FEN:02d}"
