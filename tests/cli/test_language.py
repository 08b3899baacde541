"""Which language is spoken, and that a text has both."""

from collections.abc import Iterator

import pytest

from chargelink.cli.language import Language, Text, of_environment, speak, spoken
from chargelink.cli.main import asked_language


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    before = spoken()
    yield
    speak(before)


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, Language.ENGLISH),
        ({"LANG": "zh_CN.UTF-8"}, Language.CHINESE),
        ({"LANG": "ZH_cn"}, Language.CHINESE),
        ({"LANG": "C.UTF-8"}, Language.ENGLISH),
        ({"LANG": "de_DE.UTF-8"}, Language.ENGLISH),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, Language.ENGLISH),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8", "LC_ALL": "zh_TW"}, Language.CHINESE),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, Language.CHINESE),
    ],
)
def test_language_of_the_environment(environment: dict[str, str], language: Language) -> None:
    assert of_environment(environment) is language


@pytest.mark.parametrize(
    ("line", "language"),
    [
        ("decode gbt27930", None),
        ("--lang zh decode", Language.CHINESE),
        ("decode gbt27930 --help --lang zh", Language.CHINESE),
        ("decode --lang=en gbt27930", Language.ENGLISH),
        ("--lang fr", None),
        ("--lang", None),
        ("-- --lang zh", None),
    ],
)
def test_language_asked_for(line: str, language: Language | None) -> None:
    assert asked_language(line.split()) is language


def test_a_text_speaks_the_language_chosen_at_the_time() -> None:
    text = Text("{} frames", "{} 帧")
    speak(Language.CHINESE)
    assert (str(text), text.format(3)) == ("{} 帧", "3 帧")
    speak(Language.ENGLISH)
    assert (str(text), text.format(3)) == ("{} frames", "3 frames")
