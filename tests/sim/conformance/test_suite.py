"""The table of the cases: which there are, and that they say what can be said."""

import re

import pytest

from chargelink.gbt27930.catalogue import MESSAGES as CATALOGUE
from chargelink.gbt27930.catalogue import Sender, by_class
from chargelink.sim.conformance.case import Case
from chargelink.sim.conformance.figures import MESSAGES, Side, figures_of
from chargelink.sim.conformance.suite import CASES
from chargelink.sim.conformance.words import words_against

CHINESE = re.compile(r"[\u4e00-\u9fff]|^[A-Z]+$")


def ids(prefix: str, *counts: int) -> list[str]:
    """`DP`, 3, 3: DP.1001 to DP.1003, DP.2001 to DP.2003."""
    return [f"{prefix}.{phase}{number:03}" for phase, count in enumerate(counts, 1) for number in range(1, count + 1)]


def test_they_are_those_of_the_standard() -> None:
    """GB/T 34658-2017: 43 of the charger, 42 of the vehicle."""
    charger = {*ids("DP", 3, 3, 7, 2), *ids("DN", 4, 10, 10, 4)}
    vehicle = {*ids("BP", 3, 3, 5, 3), *ids("BN", 10, 7, 8, 3)}
    assert {case.id for case in CASES.values() if case.side is Side.CHARGER} == charger
    assert {case.id for case in CASES.values() if case.side is Side.VEHICLE} == vehicle
    assert (len(charger), len(vehicle)) == (43, 42)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_case_says_what_can_be_said(case: Case) -> None:
    words = words_against(case.side)
    assert case.inferred == (case.side is Side.VEHICLE)
    assert case.title.english.isascii()
    assert CHINESE.search(case.title.chinese)
    assert case.expectations
    names = [trial.name.english for trial in case.trials]
    assert len(set(names)) == len(names)
    for trial in case.trials:
        assert any(step.expects for step in trial.steps)
        for step in trial.before + trial.steps:
            assert {utterance.word for utterance in step.says} <= set(words)
            assert all(figures_of(name) for name in step.until)
            assert step.limit or step.prompt
    for expected in case.expectations:
        assert CHINESE.search(expected.text.chinese)


@pytest.mark.parametrize("side", Side)
def test_words_can_be_read(side: Side) -> None:
    """The codecs read them, without a flaw, as what they are called; those cut to one frame are wrong on purpose."""
    layouts = {entry.name: cls for cls, entry in by_class().items() if entry.of_2015 is cls}
    for word, speech in words_against(side).items():
        name = re.match(r"[A-Z]+", word)[0]  # type: ignore[index]
        if word.endswith("single"):
            assert len(speech.payload) == 8
            assert not speech.long
            continue
        message = layouts[name].decode(speech.payload)
        assert not message.flaws, word
        assert speech.long == (len(speech.payload) > 8)
        assert speech.period == MESSAGES[name].period


def test_the_numbers_agree_with_the_catalogue() -> None:
    """They were read from the standard twice; who is right where they differ is to be looked up there."""
    assert set(MESSAGES) == {entry.name for entry in CATALOGUE}
    for entry in CATALOGUE:
        figures = MESSAGES[entry.name]
        assert (figures.identifier, figures.period) == (entry.identifier, entry.period)
        assert figures.lengths == entry.lengths_2015
        sender = Side.CHARGER if entry.sender is Sender.CHARGER else Side.VEHICLE
        assert figures.identifier & 0xFF == sender.value
