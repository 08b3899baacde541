"""`chargelink trace --html`: one file that shows everything, loads nothing, and trusts nobody."""

import os
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from playwright.async_api import async_playwright
from tests.trace.recorded import analysed, good_session
from tests.trace.scripted import charging, scripted

from chargelink.cli.language import Language, Text, speak
from chargelink.cli.main import main
from chargelink.trace.sessions.model import Curve, Example, Phase, Point, Session, Severity, Span
from chargelink.trace.sessions.page import axes
from chargelink.trace.sessions.page.document import MOST_SESSIONS, Page
from chargelink.trace.sessions.page.markup import EMPTY
from chargelink.trace.sessions.page.plots import path
from chargelink.trace.sessions.page.session import shown_frame

CHROMIUM = shutil.which("chromium")
SAMPLE = str(Path(__file__).parents[2] / "docs/samples/field.log")
EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>&\x1b[31m\u202e"
TEXT = Text(EVIL, EVIL + "中")


class Reader(HTMLParser):
    """Every element with its attributes, and the text; an element that is not closed in order fails."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.said = ""
        self._open: list[str] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in EMPTY
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page_of(*sessions: Session, name: str = "a.log") -> str:
    page = Page()
    for session in sessions:
        page.add(session)
    return page.html(name, 1234)


def lost_ccs() -> Session:
    (session,) = analysed(scripted(charging(20.0, {"CCS": [(3.5, 15.0)], "BEM:ccs_timeout": [(16.0, 20.0)]})))
    return session


def test_the_verdict_comes_first_in_both_languages() -> None:
    session = lost_ccs()
    reader = Reader(page_of(session))
    order = ["The charger's fault", "责任方：充电机", session.verdict.text.english, session.verdict.text.chinese]
    order += [session.verdict.remedy.english, session.stop.text.chinese, "Phases", "Voltage", "Violations"]
    places = [reader.said.index(words) for words in order]
    assert places == sorted(places)
    for violation in session.violations:
        assert violation.text.english in reader.said
        assert violation.clause is not None
        assert violation.clause.english in reader.said
        assert violation.clause.chinese in reader.said
    assert any(violation.severity is Severity.FAULT for violation in session.violations)


def test_it_opens_in_the_language_chosen(tmp_path: Path) -> None:
    for language, said in (("en", "en"), ("zh", "zh-CN")):
        assert main(["--lang", language, "trace", SAMPLE, "--html", str(tmp_path / "a.html")]) == 1
        assert Reader((tmp_path / "a.html").read_text("utf-8")).all("html") == [{"lang": said}]


def test_it_loads_nothing_and_every_link_leads_somewhere() -> None:
    html = page_of(*(msgspec.structs.replace(lost_ccs(), number=number) for number in (1, 2)))
    reader = Reader(html)
    names = [attributes["id"] for _, attributes in reader.elements if "id" in attributes]
    assert len(names) == len({*names})
    links = [str(attributes["href"]) for _, attributes in reader.elements if "href" in attributes]
    assert {link.removeprefix("#") for link in links} <= {*names}
    assert len(links) > 4
    assert not [attributes for _, attributes in reader.elements if "src" in attributes]
    assert not re.search(r"url\(|@import|https?:", html)


def hostile(session: Session) -> Session:
    """Everything that is a text says something bad."""
    replace = msgspec.structs.replace
    example = Example(1.0, EVIL)
    return replace(
        session,
        channel=EVIL,
        edition=EVIL,
        stop=replace(session.stop, message=EVIL, text=TEXT),
        stop_causes=(EVIL, "manual_stop"),
        verdict=replace(session.verdict, text=TEXT, remedy=TEXT),
        violations=tuple(
            replace(one, text=TEXT, clause=TEXT, message=EVIL, examples=(example,)) for one in session.violations
        ),
        vehicle=replace(session.vehicle, vin=EVIL, battery_type=TEXT),
        counts=replace(session.counts, messages={EVIL: 1}),
    )


def test_nothing_from_outside_is_markup() -> None:
    session = lost_ccs()
    good, bad = (Reader(page_of(one, name=name)) for one, name in ((session, "a.log"), (hostile(session), EVIL)))
    assert {tag for tag, _ in bad.elements} == {tag for tag, _ in good.elements}
    assert len(bad.all("script")) == 1
    assert not [attributes for _, attributes in bad.elements if any(name.startswith("on") for name in attributes)]
    assert "alert(1)" in bad.said
    assert not {"\x1b", "\u202e"} & {*bad.said}


def test_who_drives_is_covered() -> None:
    (session,) = analysed(good_session())
    vin = session.vehicle.vin
    assert vin is not None
    html = page_of(session)
    assert vin not in html
    assert f"{vin[:-6]}******" in html
    brm = bytes(range(24)) + vin.encode() + bytes(8)
    shown = shown_frame("BRM", f"1802F456#{brm.hex().upper()}")
    assert vin.encode().hex().upper() not in shown
    assert shown == f"1802F456#{brm.hex().upper()[:48]}{'*' * 34}{'00' * 8}"


def test_a_page_has_an_end() -> None:
    """However many sessions and phases a recording has, and however long frames are."""
    (session,) = analysed(good_session())
    spans = tuple(Span((Phase.CHARGING, Phase.PAUSED)[place % 2], place * 0.01, 0.01) for place in range(2000))
    many = msgspec.structs.replace(session, phases=spans, violations=lost_ccs().violations * 200)
    assert len(page_of(many)) - len(page_of()) < 250_000
    small = msgspec.structs.replace(session, curves=())
    page = Page()
    for number in range(1, MOST_SESSIONS + 50):
        page.add(msgspec.structs.replace(small, number=number))
    page.add(msgspec.structs.replace(lost_ccs(), number=MOST_SESSIONS + 50))
    html = page.html("a.log", 10**9)
    assert "50 more sessions are not on this page" in html
    shown = [str(one["id"]) for one in Reader(html).all("section")]
    assert len(shown) == MOST_SESSIONS
    assert shown[-1] == f"s{MOST_SESSIONS + 50}"  # the one with a fault
    assert len(shown_frame("BMV", "1815F456#" + "00" * 1785)) < 130


def test_without_time_phases_are_in_order_and_curves_over_frames() -> None:
    (session,) = analysed([(1.0, frame) for _, frame in good_session()])
    assert not session.timed
    assert "Curves" not in Reader(page_of(session)).said  # the clock stands: all in one moment
    curve = Curve("soc", "0.1 %", (Point(10, 410, 410), Point(2010, 420, 420)))
    reader = Reader(page_of(msgspec.structs.replace(session, curves=(curve,))))
    classes = [str(attributes.get("class")) for _, attributes in reader.elements]
    assert "bar" not in classes
    assert "phases in-order" in classes
    assert "1,000 frames" in reader.said
    assert "no time stamps" in reader.said


def test_everything_stands_where_it_happened() -> None:
    """Also where the clock counts from 1970."""
    script = charging(20.0, {"CCS": [(3.5, 15.0)], "BEM:ccs_timeout": [(16.0, 20.0)]})
    (session,) = analysed([(time + 1.78e9, frame) for time, frame in scripted(script)])
    assert session.start is not None
    assert session.seconds is not None
    reader = Reader(page_of(session))

    def places(kind: str, words: str = "left:") -> list[float]:
        """Where elements of a class stand, in s."""
        styles = [
            str(attributes.get("style")) for _, attributes in reader.elements if kind in str(attributes.get("class"))
        ]
        shares = [float(style.split(words)[1].split("%")[0]) for style in styles if words in style]
        return [share / 100 * (session.seconds or 0.0) for share in shares]

    spans = [span for span in session.phases if (span.seconds or 0.0) > 0.1]
    assert places("phase ") == pytest.approx([(span.start or 0.0) - session.start for span in spans], abs=0.02)
    assert places("phase ", "width:") == pytest.approx([span.seconds for span in spans], abs=0.02)
    assert places("stop ") == pytest.approx([16.0], abs=0.1)
    firsts = [(one.first or 0.0) - session.start for one in session.violations]
    assert places("dot ") == pytest.approx(firsts, abs=0.02)
    lines = [float(str(line["x1"])) for line in reader.all("line") if line["class"] == "fault"]
    faults = [
        first
        for first, one in zip(firsts, session.violations, strict=True)
        if one.severity is Severity.FAULT and one.first is not None
    ]
    plots = len(reader.all("figure"))
    assert plots == 5
    assert [x / axes.WIDTH * session.seconds for x in lines] == pytest.approx(faults * plots, abs=0.02)


def test_curves_follow_a_clock_that_is_set_back() -> None:
    recording = [(time + (1e9 if time < 20 else 1e9 - 3600), frame) for time, frame in good_session()]
    (session,) = analysed(recording)
    assert session.start is not None
    assert session.seconds is not None
    times = [point.time - session.start for curve in session.curves for point in curve.points]
    assert 0 <= min(times) < 1
    assert session.seconds - 2 < max(times) <= session.seconds


def test_a_recording_without_a_session() -> None:
    assert "No charging session to show" in Reader(page_of()).said


def test_a_path_keeps_extremes_and_breaks_where_nothing_was_said() -> None:
    points = (Point(10.0, 1000, 1000), Point(10.5, 900, 2500), Point(11.0, 1000, 1000), Point(60.0, 7000, 7000))
    drawn = path(Curve("demand_voltage", "mV", points), 10.0, 1000)
    assert drawn == "M0 1L0 1L0.5 0.9L0.5 2.5L1 1M50 7L50 7"


@pytest.mark.parametrize(
    ("low", "high", "least", "ends", "said"),
    [
        (380.0, 380.0, 10, (375.0, 385.0), ["375", "380", "385"]),
        (0.0, 100.0, 5, (0.0, 108.0), ["0", "50", "100"]),
        (-40.0, -10.0, 5, (-42.4, -7.6), ["-40", "-30", "-20", "-10"]),
        (3.42, 3.42, 0.1, (3.37, 3.47), ["3.4", "3.45"]),
    ],
)
def test_round_numbers_beside_a_plot(
    low: float, high: float, least: float, ends: tuple[float, float], said: list[str]
) -> None:
    axis = axes.around([low, high], 100, least)
    assert (axis.low, axis.high) == pytest.approx(ends)
    assert [axes.number(tick) for tick in axes.ticks(axis)] == said
    assert 0 <= axis.at(low) <= axis.at(high) <= 100


@pytest.mark.parametrize(
    ("seconds", "first", "last"),
    [
        (1.57, "0.2 s", "1.4 s"),
        (35.0, "5 s", "35 s"),
        (2400.0, "5:00", "40:00"),
        (7230.0, "0:30:00", "2:00:00"),
        (9e6, "480:00:00", "2400:00:00"),
    ],
)
def test_round_times_below(seconds: float, first: str, last: str) -> None:
    axis = axes.over_time(seconds)
    said = [axes.tick_time(tick, seconds) for tick in axes.time_ticks(axis)]
    assert (said[1], said[-1]) == (first, last)
    assert len(said) <= axes.MOST_TICKS + 1


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.0, "0.00 s"), (80.583, "80.58 s"), (724.31, "12:04.31"), (7199.999, "2:00:00.00")]
)
def test_a_moment_is_found_in_the_log(seconds: float, said: str) -> None:
    assert axes.moment(seconds) == said


@pytest.mark.skipif(CHROMIUM is None and os.environ.get("CI") != "true", reason="needs Debian's package chromium")
async def test_in_a_browser(tmp_path: Path) -> None:
    """It fits a phone and a desk, says values under the pointer, changes the language, and asks for nothing."""
    speak(Language.ENGLISH)
    file = tmp_path / "a.html"
    file.write_text(page_of(hostile(lost_ccs()), lost_ccs(), name=EVIL), "utf-8")
    asked: list[str] = []
    problems: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = await browser.new_page(viewport={"width": 400, "height": 800})
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        await page.goto(file.as_uri())
        for width in (400, 1280):
            await page.set_viewport_size({"width": width, "height": 800})
            assert await page.evaluate("document.documentElement.scrollWidth") == width
        current = page.locator(".plots").first.locator(".drawing").nth(2)
        value = page.locator(".plots").first.locator(".key:has(.output_current) output")
        assert await value.inner_text() == "99"
        box = await current.bounding_box()
        assert box is not None
        await current.hover(position={"x": 2, "y": 20})
        assert await value.inner_text() == "–"  # nothing was given yet
        await current.hover(position={"x": box["width"] / 2, "y": 20})
        assert await value.inner_text() == "99"
        voltages = page.locator(".plots").first.locator("figure").nth(1).locator(".key output")
        assert await voltages.all_inner_texts() == ["410", "380", "380"]  # BCL, CCS, BCS
        await page.mouse.move(0, 0)
        assert await page.locator(".cursor:visible").count() == 0
        fault = page.locator("h2").last
        assert await fault.inner_text() == "The charger's fault"
        await page.get_by_role("button", name="中文").click()
        assert await fault.inner_text() == "责任方：充电机"
        await browser.close()
    assert asked == [file.as_uri()]
    assert problems == []
