"""The phases of a session as a bar to scale, and where it stopped and was wrong below it."""

from chargelink.trace.sessions.model import Phase, Session, Span, Violation
from chargelink.trace.sessions.page import axes
from chargelink.trace.sessions.page.axes import Axis
from chargelink.trace.sessions.page.markup import Markup, element
from chargelink.trace.sessions.page.plots import time_axis, time_labels
from chargelink.trace.sessions.page.words import SEVERITIES, TIMES
from chargelink.trace.sessions.terminal import duration
from chargelink.trace.sessions.violations import filled
from chargelink.trace.sessions.words import PHASES

THIN = 0.001  # of the bar: a phase that is shorter is in the list only, there may be thousands
MOST_DOTS = 60
MOST_IN_ORDER = 60


def timeline(session: Session, numbered: list[tuple[int, Violation]]) -> Markup:
    """The bar, the marks below it and the list of phases; without time the phases in order."""
    if not session.timed or session.start is None:
        names = [element("li", _swatch(span.phase), PHASES[span.phase]) for span in session.phases[:MOST_IN_ORDER]]
        return element("ol", *names, class_="phases in-order")
    listed = element("ol", *_listed(session.phases), class_="phases")
    axis = time_axis(session)
    bar = element("div", *_bar(session.phases, session.start, axis), class_="bar", aria_hidden="true")
    lane = element("div", *_dots(session, numbered, axis), *_stop(session, axis), class_="lane")
    return element("div", bar, lane, time_labels(axis, timed=True), listed, class_="timeline")


def _bar(phases: tuple[Span, ...], start: float, axis: Axis) -> list[Markup]:
    found: list[Markup] = []
    for span in phases:
        share = (span.seconds or 0.0) / axis.high
        if share < THIN or span.start is None:
            continue
        place = f"left:{_percent(axis.at(span.start - start))};width:{share:.3%}"
        found.append(element("span", element("b", PHASES[span.phase]), class_=f"phase {span.phase}", style=place))
    return found


def _listed(phases: tuple[Span, ...]) -> list[Markup]:
    """Each phase once, in the order of its first time."""
    times: dict[Phase, int] = {}
    lengths: dict[Phase, float] = {}
    for span in phases:
        times[span.phase] = times.get(span.phase, 0) + 1
        if span.seconds is not None:
            lengths[span.phase] = lengths.get(span.phase, 0.0) + span.seconds
    return [
        element(
            "li",
            _swatch(phase),
            PHASES[phase],
            element("b", f" {duration(lengths[phase])}") if phase in lengths else None,
            filled(TIMES, count=count) if count > 1 else None,
        )
        for phase, count in times.items()
    ]


def _swatch(phase: Phase) -> Markup:
    return element("i", class_=f"phase {phase}")


def _dots(session: Session, numbered: list[tuple[int, Violation]], axis: Axis) -> list[Markup]:
    """Where each violation began; a click leads to its row."""
    found: list[Markup] = []
    for number, violation in numbered[:MOST_DOTS]:
        if violation.first is None or session.start is None:
            continue
        at, last = (axis.at(time - session.start) for time in (violation.first, violation.last or violation.first))
        if last - at > 1:
            place = f"left:{_percent(at)};width:{_percent(last - at)}"
            found.append(element("span", class_=f"from-to {violation.severity}", style=place))
        found.append(
            element(
                "a",
                element("span", SEVERITIES[violation.severity], " ", number, class_="unseen"),
                href=f"#{anchor(session, number)}",
                class_=f"dot {violation.severity}",
                style=f"left:{_percent(at)}",
                title=str(violation.text),
            )
        )
    return found


def _stop(session: Session, axis: Axis) -> list[Markup]:
    stop = session.stop
    if stop.time is None or session.start is None:
        return []
    at = axis.at(stop.time - session.start)
    side = "before" if at > axes.WIDTH / 2 else "behind"
    return [element("span", element("b", stop.message), class_=f"stop {side}", style=f"left:{_percent(at)}")]


def anchor(session: Session, number: int) -> str:
    """The name of the row of a violation."""
    return f"s{session.number}-v{number}"


def _percent(x: float) -> str:
    return f"{x / axes.WIDTH:.3%}"
