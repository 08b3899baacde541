"""The words of the page and of alarms: both languages, none forgotten, none too many."""

import re
from pathlib import Path
from string import Formatter

import pytest
from starlette.requests import Request

from chargelink.cli.language import Text
from chargelink.hub import console
from chargelink.hub.console.words import TERMS, WORDS, language_of
from chargelink.hub.services.commands import Outcome
from chargelink.hub.services.words import ALARMS, words
from chargelink.hub.store.models import Settlement
from chargelink.model import AuthorisedBy, DeviceKind, StopReason

CONSOLE = Path(console.__file__ or "").parent
SCRIPTS = {path.name: path.read_text() for path in (CONSOLE / "static").glob("*.js")}
PAGE = (CONSOLE / "templates" / "page.html").read_text()


def fields(text: str) -> list[str]:
    return sorted(field or "" for _, field, _, _ in Formatter().parse(text) if field is not None)


@pytest.mark.parametrize("table", [WORDS, TERMS, ALARMS], ids=["words", "terms", "alarms"])
def test_both_languages_say_the_same_thing(table: dict[str, Text]) -> None:
    for key, text in table.items():
        assert text.english, key
        assert text.chinese, key
        assert fields(text.english) == fields(text.chinese), key


def test_every_word_is_used_and_every_used_word_is_there() -> None:
    source = "\n".join(SCRIPTS.values())
    used = set(re.findall(r'\bword\("([\w-]+)"', source)) | set(re.findall(r'words\["([\w-]+)"\]', PAGE))
    used |= set(re.findall(r'word\([^()]*\? "([\w-]+)" : "[\w-]+"', source))
    used |= set(re.findall(r'word\([^()]*\? "[\w-]+" : "([\w-]+)"', source))
    used |= set(re.findall(r'^  \["([\w-]+)", \(point\)', SCRIPTS["sessions.js"], re.MULTILINE))
    used |= set(re.findall(r'word: "([\w-]+)"', SCRIPTS["curve.js"]))
    used |= set(re.findall(r'\["([\w-]+)", `|\["(power)",', SCRIPTS["app.js"])[0]) - {""}
    used |= {"edges", "charging", "power", "col-what", "col-energy", "col-price", "col-amount", "elapsed"}
    used |= {*map(str, Outcome), *map(str, Settlement)}
    assert used == set(WORDS)


def test_every_code_that_both_ends_know_has_a_word() -> None:
    assert {*map(str, StopReason)} - set(TERMS) == {"MasterPass"} - set(TERMS)
    assert {*map(str, AuthorisedBy), *map(str, DeviceKind)} <= set(TERMS)


def test_alarms_are_told_in_words() -> None:
    told = words("trip", {"device": "gun-1", "rule": "estop"})
    assert told == {"en": "gun-1: cut off by rule estop", "zh": "gun-1: 触发保护 estop，已切断"}
    assert words("of-a-newer-hub", {"x": 1}) == {"en": "of-a-newer-hub", "zh": "of-a-newer-hub"}
    assert words("trip", {}) == {"en": "trip", "zh": "trip"}


@pytest.mark.parametrize(
    ("query", "accepted", "language"),
    [
        (b"", "", "en"),
        (b"lang=zh", "en", "zh"),
        (b"lang=en", "zh-CN", "en"),
        (b"lang=fr", "zh-CN", "zh"),
        (b"", "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        (b"", "en-GB,en;q=0.9,zh;q=0.8", "en"),
        (b"", "fr,zh;q=0.4,en;q=0.7", "en"),
        (b"", "fr,de", "en"),
        (b"", "zh;q=nonsense,en;q=0.1", "en"),
        (b"", ";;;,,,", "en"),
    ],
)
def test_the_language_that_a_browser_wants(query: bytes, accepted: str, language: str) -> None:
    headers = [(b"accept-language", accepted.encode())]
    assert language_of(Request({"type": "http", "query_string": query, "headers": headers})) == language


def test_nothing_is_fetched_from_elsewhere() -> None:
    for name, text in {
        **SCRIPTS,
        "page.html": PAGE,
        "style.css": (CONSOLE / "static" / "style.css").read_text(),
    }.items():
        assert not re.search(r"https?://|url\(", text), name


def test_what_is_not_ours_comes_with_its_licence() -> None:
    vendor = CONSOLE / "static" / "vendor"
    assert "MIT" in (vendor / "uPlot.LICENSE").read_text()
    assert re.search(r"uPlot \(v[\d.]+\)", (vendor / "uPlot.iife.min.js").read_text()[:200])
