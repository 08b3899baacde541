"""A stand-in protocol for the tests: each line of the input is a word, and a word with a digit in it is a defect.

`python -m tests.trace.spelling ARGUMENTS` is `chargelink ARGUMENTS` with `spelling` as its only command.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from chargelink.cli import main
from chargelink.cli.command import Command, Offer
from chargelink.cli.language import Text
from chargelink.trace.report import Line, add_input_arguments, add_output_arguments, open_bytes, show
from chargelink.trace.source import Source


@dataclass(frozen=True)
class Word:
    number: int
    text: str

    @property
    def conforming(self) -> bool:
        return not any(character.isdigit() for character in self.text)

    def line(self) -> Line:
        note = str(Text("a digit", "含数字"))
        return Line(self.number / 4, "->", "WORD", self.text, () if self.conforming else (note,))

    def json(self) -> bytes:
        return json.dumps({"word": self.text, "conforming": self.conforming}).encode()


def words(source: Source) -> Iterator[Word]:
    for number, line in enumerate(source.lines()):
        yield Word(number, line.decode("utf-8", "replace"))


def configure(parser: argparse.ArgumentParser) -> None:
    add_input_arguments(parser)
    add_output_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    with open_bytes(arguments) as source:
        return show(words(source), arguments)


COMMAND = Command("spelling", Text("words without digits", "不含数字的词"), configure, run)

if __name__ == "__main__":
    main.offers = lambda: [Offer(COMMAND.name, COMMAND.summary, lambda: COMMAND)]
    sys.exit(main.main())
