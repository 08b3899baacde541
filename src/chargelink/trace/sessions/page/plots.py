"""Curves over time as SVG that is stretched to the width there is, with words and numbers as HTML beside it.

A path has seconds and display units as they are, and is scaled by a transformation: `page.js` reads values off it.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from chargelink.trace.sessions.model import Curve, Limits, Point, Session, Severity, Violation
from chargelink.trace.sessions.page import axes
from chargelink.trace.sessions.page.axes import WIDTH, Axis
from chargelink.trace.sessions.page.markup import Markup, element
from chargelink.trace.sessions.page.words import CURVES, PLOTS
from chargelink.units import SHOWN

HEIGHT = 100  # units of a drawing upwards
HOLE = 2.0  # s without a point, and five times the usual: the line is broken there
NEAR = 1.15  # a limit up to so far above the curves is drawn
FEW = 3  # points, that would be overlooked as a line
MOST_FAULTS = 12  # drawn through every plot; all of them are on the timeline


class Plot(NamedTuple):
    """Which curves are drawn together; `least` is the span of the axis at least, in display units."""

    name: str
    curves: tuple[str, ...]
    least: float
    limits: tuple[str, ...] = ()


ALL = (
    Plot("soc", ("soc",), 5),
    Plot(
        "voltage",
        ("demand_voltage", "output_voltage", "battery_voltage"),
        10,
        ("max_battery_voltage", "max_charger_voltage"),
    ),
    Plot(
        "current",
        ("demand_current", "output_current", "battery_current"),
        5,
        ("max_battery_current", "max_charger_current"),
    ),
    Plot("cell", ("highest_cell",), 0.1, ("max_cell_voltage",)),
    Plot("temperature", ("highest_temperature", "lowest_temperature"), 5, ("max_temperature",)),
)


def begin_of(session: Session) -> float:
    """What the curves' times are counted from."""
    if session.timed and session.start is not None:
        return session.start
    return min((curve.points[0].time for curve in session.curves), default=0.0)


def _end_of(session: Session) -> float:
    return max((curve.points[-1].time for curve in session.curves), default=0.0)


def time_axis(session: Session) -> Axis:
    """Seconds of the session, or frames of the bus where there is no time."""
    if session.timed:
        return axes.over_time(session.seconds or 0.0)
    return axes.over_time(_end_of(session) - begin_of(session))


def plots(session: Session) -> Markup | None:
    """All plots of a session; None where nothing was measured, or all of it in one moment of a clock that stands."""
    curves = {curve.name: curve for curve in session.curves}
    wanted = [plot for plot in ALL if any(name in curves for name in plot.curves)]
    begin = begin_of(session)
    if not wanted or (not session.timed and _end_of(session) <= begin):
        return None
    axis = time_axis(session)
    drawn = [_figure(plot, curves, session, axis, begin) for plot in wanted]
    labels = time_labels(axis, timed=session.timed)
    timed = "yes" if session.timed else None
    return element("div", *drawn, labels, class_="plots", data_axis=axis.high, data_timed=timed)


def time_labels(axis: Axis, *, timed: bool) -> Markup:
    """The numbers below."""
    labels = [
        element("span", axes.tick_time(tick, axis.high) if timed else axes.frames(tick), style=_left(axis.at(tick)))
        for tick in (axes.time_ticks(axis) if timed else axes.ticks(axis, 3))
    ]
    return element("div", *labels, class_="times", aria_hidden="true")


def marks(session: Session, axis: Axis, top: float) -> Iterator[Markup]:
    """Upright lines where it stopped and where faults are, in a drawing `top` units high."""
    if session.start is None:
        return
    faults = [one for one in session.violations if one.severity is Severity.FAULT and one.first is not None]
    for fault in faults[:MOST_FAULTS]:
        yield _upright(axis.at(_since(fault, session.start)), top, "fault")
    if session.stop.time is not None:
        yield _upright(axis.at(session.stop.time - session.start), top, "stop")


def _since(violation: Violation, start: float) -> float:
    return (violation.first or start) - start


def _upright(x: float, top: float, kind: str) -> Markup:
    return element("line", x1=x, x2=x, y1=0, y2=top, class_=kind)


def _figure(plot: Plot, curves: dict[str, Curve], session: Session, axis: Axis, begin: float) -> Markup:
    shown = [curves[name] for name in plot.curves if name in curves]
    unit = SHOWN[shown[0].unit]
    limits = [*_limits(plot, session.limits, unit.divisor, max(curve.high for curve in shown) / unit.divisor)]
    extremes = [value / unit.divisor for curve in shown for value in (curve.low, curve.high)]
    upright = axes.around([*extremes, *(value for _, value in limits)], HEIGHT, plot.least)
    grid = [(HEIGHT - upright.at(tick), axes.number(tick)) for tick in axes.ticks(upright)]
    lines = [element("line", x1=0, x2=WIDTH, y1=y, y2=y, class_="grid") for y, _ in grid]
    lines += [
        element("line", x1=0, x2=WIDTH, y1=HEIGHT - upright.at(value), y2=HEIGHT - upright.at(value), class_="limit")
        for _, value in limits
    ]
    flip = f"matrix({axis.scale:.9g} 0 0 {-upright.scale:.9g} 0 {HEIGHT + upright.low * upright.scale:.9g})"
    paths = [
        element(
            "path",
            d=path(curve, begin, unit.divisor),
            transform=flip,
            class_=_style(curve),
        )
        for curve in reversed(shown)  # the first is on top, where two are the same
    ]
    drawing = element(
        "svg",
        *lines,
        *marks(session, axis, HEIGHT),
        *paths,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        preserveAspectRatio="none",
        aria_hidden="true",
    )
    labels = [element("span", label, style=f"top:{y}%") for y, label in grid]
    title = element("b", PLOTS[plot.name], element("small", f" {unit.symbol}"))
    caption = element("figcaption", title, *_keys(shown, limits))
    return element(
        "figure",
        caption,
        element("div", element("div", *labels, class_="values", aria_hidden="true"), drawing, class_="drawing"),
    )


def _style(curve: Curve) -> str:
    return f"curve {curve.name}" + (" few" if len(curve.points) <= FEW else "")


def _limits(plot: Plot, limits: Limits, divisor: int, high: float) -> Iterable[tuple[str, float]]:
    """Those that the curves come near."""
    for name in plot.limits:
        value = getattr(limits, name)
        if value is not None and 0 < value / divisor <= max(high, 0.0) * NEAR:
            yield name, value / divisor


def _keys(shown: list[Curve], limits: list[tuple[str, float]]) -> Iterator[Markup]:
    """What the lines are; values are written behind their names."""
    for curve in shown:
        divisor = SHOWN[curve.unit].divisor
        extremes = {axes.number(curve.low / divisor): None, axes.number(curve.high / divisor): None}
        value = element("output", "–".join(extremes))
        yield element("span", element("i", class_=curve.name), CURVES[curve.name], " ", value, class_="key")
    for name, limit in limits:
        yield element("span", element("i", class_="limit"), CURVES[name], f" {axes.number(limit)}", class_="key")


def path(curve: Curve, begin: float, divisor: int) -> str:
    """The data of a path: each point from its low to its high, broken where nothing was said for long."""
    points = curve.points
    gaps = sorted(after.time - before.time for before, after in pairwise(points))
    longest = max(5 * gaps[len(gaps) // 2], HOLE) if gaps else HOLE
    said: list[str] = []
    before: Point | None = None
    for point in points:
        command = "M" if before is None or point.time - before.time > longest else "L"
        at = f"{point.time - begin:.3f}".rstrip("0").rstrip(".")
        said.append(f"{command}{at} {point.low / divisor:g}")
        if point.high != point.low or command == "M":  # a single point has to be seen, too
            said.append(f"L{at} {point.high / divisor:g}")
        before = point
    return "".join(said)


def _left(x: float) -> str:
    return f"left:{x / WIDTH:.4%}"
