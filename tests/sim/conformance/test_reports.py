"""What the reports say of rehearsed cases: JUnit, page, JSON, lines on a terminal."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from xml.etree.ElementTree import Element, fromstring

import pytest
from msgspec import structs

from chargelink.cli.language import Language, Text, speak, spoken
from chargelink.sim.conformance.figures import Side, Tolerances
from chargelink.sim.conformance.live.document import document
from chargelink.sim.conformance.live.junit import junit
from chargelink.sim.conformance.live.outcome import FIRST_FRAMES, MOST_FRAMES, Played, Report, Standing
from chargelink.sim.conformance.live.page import page
from chargelink.sim.conformance.live.screen import lines, summary
from chargelink.sim.conformance.log import Line
from chargelink.sim.conformance.rehearsal import ChargerDevice, rehearse
from chargelink.sim.conformance.suite import CASES
from chargelink.sim.conformance.verdict import Result

TO_THE_MILLISECOND = Tolerances(early=0, after_1_s=0)  # nobody is that good
HOSTILE = Text('</pre><script>alert("x")</script>\x00\x1b[31m & ]]>', "</pre><script>\x00")


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    before = spoken()
    speak(Language.ENGLISH)
    yield
    speak(before)


def rehearsed(identifier: str, tolerances: Tolerances | None = None) -> Result:
    return rehearse(CASES[identifier], ChargerDevice(), tolerances)


PASSED = Played.through(rehearsed("DP.1001"), 2.0)
FAILED = Played.through(rehearsed("DN.3006", TO_THE_MILLISECOND), 8.2)
LATE = Played.through(rehearsed("DN.3006", TO_THE_MILLISECOND), 8.2, late=0.04)
NOT_RUN = Played(case=CASES["DN.2007"], unable=HOSTILE, notes=(HOSTILE,))


def report(*played: Played, chosen: int | None = None) -> Report:
    return Report(
        side=Side.CHARGER,
        device=HOSTILE.english,
        place="can0",
        began=datetime(2026, 3, 1, 8, tzinfo=UTC),
        seconds=20.5,
        chosen=len(played) if chosen is None else chosen,
        played=played,
        tolerances=Tolerances(),
    )


EVERYTHING = report(PASSED, FAILED, LATE, NOT_RUN)
HANDED = {  # what the schemas of Jenkins and of Ant know, in the order that Ant's wants
    "testsuites": (["testsuite"], {"name", "tests", "failures", "errors", "time"}),
    "testsuite": (
        ["properties", "testcase"],
        {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
    ),
    "properties": (["property"], set()),
    "property": ([], {"name", "value"}),
    "testcase": (["skipped", "error", "failure", "system-out"], {"name", "classname", "time"}),
    "failure": ([], {"message", "type"}),
    "error": ([], {"message", "type"}),
    "skipped": ([], {"message"}),
    "system-out": ([], set()),
}


def valid(element: Element) -> None:
    children, attributes = HANDED[element.tag]
    assert set(element.attrib) <= attributes
    positions = [children.index(child.tag) for child in element]
    assert positions == sorted(positions)
    for child in element:
        valid(child)


def test_junit() -> None:
    root = fromstring(junit(EVERYTHING))
    valid(root)
    suite = root[0]
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "4", "failures": "1", "errors": "1", "skipped": "1"}
    properties = {one.get("name"): one.get("value") for one in suite.iter("property")}
    assert properties["device"] == HOSTILE.english.replace("\x00", "\ufffd").replace("\x1b", "\ufffd")
    assert properties["edition"] == "GB/T 34658-2017, GB/T 27930-2015"
    assert properties["tolerance.period"] == "10"
    cases = suite.findall("testcase")
    assert [case.get("name", "").split()[0] for case in cases] == ["DP.1001", "DN.3006", "DN.3006", "DN.2007"]
    failure = cases[1].find("failure")
    assert failure is not None
    assert "after 1.002 s (right: 1.000 s … 1.000 s)" in failure.get("message", "")
    error = cases[2].find("error")
    assert error is not None
    assert "late by 40 ms" in error.get("message", "")
    assert cases[3].find("skipped") is not None


class Outline(HTMLParser):
    """Whether every element is closed, and which there are."""

    VOID = ("meta", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.asked_for: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.asked_for += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("language", Language)
def test_the_page_is_whole_and_needs_nothing_else(language: Language) -> None:
    speak(language)
    outline = Outline()
    outline.feed(page(EVERYTHING).decode())
    assert not outline.open
    assert "script" not in outline.seen
    assert outline.asked_for == [f"#case{number}" for number in range(1, 5)]
    assert outline.seen.count("details") == 3  # a trial each; the one that was not run has none


def test_the_page_shows_the_frames() -> None:
    assert PASSED.result
    shown = page(report(PASSED)).decode().partition("<pre>")[2].partition("</pre>")[0].splitlines()
    assert len(shown) == len(PASSED.result.trials[0].lines)
    assert shown[0].split() == ["0.001", "←", "charger", "1826F456", "01", "01", "00", "CHM"]


def test_of_very_many_frames_the_first_and_the_last_are_kept() -> None:
    result = rehearsed("DP.1001")
    many = tuple(Line(number / 1000, False, 0x1826F456, b"", "CHM") for number in range(MOST_FRAMES + 7))
    played = Played.through(structs.replace(result, trials=(structs.replace(result.trials[0], lines=many),)), 1.0)
    shown = page(report(played)).decode().partition("<pre>")[2].partition("</pre>")[0].splitlines()
    assert len(shown) == MOST_FRAMES + 1
    assert "7 frames not shown" in shown[FIRST_FRAMES]
    assert shown[FIRST_FRAMES + 1].split()[0] == f"{(FIRST_FRAMES + 7) / 1000:.3f}"
    assert json.loads(document(report(played)))["cases"][0]["trials"][0]["frames"] == len(many)


def test_json() -> None:
    told = json.loads(document(EVERYTHING))
    assert told["counts"] == {"pass": 1, "fail": 1, "inconclusive": 1, "not applicable": 0, "not run": 1}
    assert [case["verdict"] for case in told["cases"]] == ["pass", "fail", "inconclusive", "not run"]
    found = told["cases"][1]["trials"][0]["findings"][0]
    assert found["met"] is False
    assert found["measured"] == "after 1.002 s"
    assert found["allowed"] == "1.000 s … 1.000 s"


def test_lines_on_a_terminal() -> None:
    assert lines(PASSED) == [
        "DP.1001  pass            plugged in, locked, auxiliary on, started          2.0 s"
        "  9 times, every 250.0 ms on average (right: 222.5 … 277.5 ms)"
    ]
    assert lines(FAILED)[1:] == [
        "    says CEM SPN3925=01 1 s after the last BCL of the tester: after 1.002 s (right: 1.000 s … 1.000 s)"
    ]
    assert "late by 40 ms" in lines(LATE)[-1]
    assert summary(EVERYTHING)[0] == "4 of 4 cases in 20 s: 1 pass, 1 fail, 1 inconclusive, 1 not run"


@pytest.mark.parametrize(
    ("run", "clean"),
    [
        (report(PASSED), True),
        (report(PASSED, Played.through(Result(case=PASSED.case, trials=()), 0.0)), True),  # which did not apply
        (report(Played.through(Result(case=PASSED.case, trials=()), 0.0)), False),  # nothing was tested
        (report(PASSED, FAILED), False),
        (report(PASSED, LATE), False),
        (report(PASSED, NOT_RUN), False),
        (report(PASSED, chosen=2), False),  # it ended early
    ],
)
def test_only_what_was_judged_and_passed_is_clean(run: Report, clean: bool) -> None:
    assert run.clean is clean


def test_a_late_tester_condemns_nobody_and_acquits_as_before() -> None:
    assert FAILED.standing is Standing.FAIL
    assert LATE.standing is Standing.INCONCLUSIVE
    assert Played.through(rehearsed("DP.1001"), 2.0, late=0.04).standing is Standing.PASS
