"""A curve in one line of text."""

from chargelink.trace.sessions.model import Curve

BARS = "▁▂▃▄▅▆▇█"
NOTHING = " "


def sparkline(curve: Curve, start: float, end: float, columns: int) -> str:
    """The curve from `start` to `end` in that many characters, from its lowest to its highest value.

    A column shows the highest value of its stretch; one without a value, where others had been, the value before.
    """
    width = (end - start) / columns or 1.0
    tops: list[int | None] = [None] * columns
    for point in curve.points:
        column = min(max(int((point.time - start) / width), 0), columns - 1)
        before = tops[column]
        tops[column] = point.high if before is None else max(before, point.high)
    low, span = curve.low, curve.high - curve.low
    line, last = "", None
    final = max((column for column, top in enumerate(tops) if top is not None), default=-1)
    for column, top in enumerate(tops):
        if top is not None:
            last = top
        known = last if column <= final else None
        line += NOTHING if known is None else BARS[(known - low) * (len(BARS) - 1) // span if span else 0]
    return line
