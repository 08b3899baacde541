"""The examples of the pages are true: each is priced, and comes to what was reckoned by hand, in both languages."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from chargelink.cli.language import Language, speak
from chargelink.model import Bill, Tariff
from chargelink.pricing.bill import told
from chargelink.pricing.session_file import Session, read_session
from chargelink.tariff import explained, explained_occupancy, price, read_text, tariff_hash
from chargelink.tariff.words import yuan

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {
    Language.ENGLISH: ("tariffs.md", "## Examples priced by hand\n"),
    Language.CHINESE: ("tariffs.zh.md", "## 手算的例子\n"),
}
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class Example(NamedTuple):
    """One of a page: its tariff and session as text, what was reckoned by hand, and what is printed."""

    title: str
    tariff: str
    session: str
    sums: list[str]
    printed: list[str]


def examples(language: Language) -> Iterator[Example]:
    name, heading = PAGES[language]
    chapter = (DOCS / name).read_text("utf-8").partition(heading)[2].partition("\n## ")[0]
    tariff = ""
    for section in chapter.split("### ")[1:]:
        blocks = dict(FENCE.findall(section))
        tariff = blocks.get("toml", tariff)
        sums = re.findall(r"\*\*([0-9.]+) (?:yuan|元)\*\*", FENCE.sub("", section))
        yield Example(section.partition("\n")[0], tariff, blocks["json"], sums, blocks["text"].splitlines())


ALL = [pytest.param(one, language, id=f"{language} {one.title}") for language in PAGES for one in examples(language)]


def read(example: Example) -> tuple[Tariff, Session]:
    tariff, session = read_text(example.tariff), read_session(json.loads(example.session, parse_float=Decimal))
    assert isinstance(tariff, Tariff)
    assert isinstance(session, Session)
    return tariff, session


@pytest.mark.parametrize(("example", "language"), ALL)
def test_it_is_what_is_printed_and_what_was_reckoned_by_hand(example: Example, language: Language) -> None:
    tariff, session = read(example)
    name = tariff_hash(tariff)
    bills = [explained(tariff, name, session.consumption)]
    if session.occupied is not None:
        bills.append(explained_occupancy(tariff, name, "s", session.occupied))
    speak(language)
    try:
        assert [line for bill, reasons in bills for line in told(bill, reasons)] == example.printed
    finally:
        speak(Language.ENGLISH)
    assert [yuan(bill.total) for bill, _ in bills] == example.sums


@pytest.mark.parametrize(("example", "language"), ALL[: len(ALL) // 2])
def test_the_reasons_are_those_of_the_bill(example: Example, language: Language) -> None:
    tariff, session = read(example)
    bill = price(tariff, "", session.consumption)
    assert isinstance(bill, Bill)
    assert bill == explained(tariff, "", session.consumption)[0]
    assert [line.because for line in bill.lines] == [
        why.english for why in explained(tariff, "", session.consumption)[1]
    ]


def test_both_pages_have_the_same() -> None:
    english, chinese = (list(examples(language)) for language in PAGES)
    assert len(english) >= 12
    assert [(one.tariff, one.session, one.sums) for one in english] == [
        (one.tariff, one.session, one.sums) for one in chinese
    ]
    assert [one.title.split(".")[0] for one in english] == [str(number) for number in range(1, len(english) + 1)]
