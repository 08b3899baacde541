"""Moments that the waits of a case are counted from."""

from enum import Enum
from typing import NamedTuple

from chargelink.cli.language import Text
from chargelink.sim.conformance.log import Log, Span
from chargelink.sim.conformance.wording import filled


class Point(Enum):
    """Kinds of moments that times are counted from."""

    NOW = "the beginning of the step", "本步骤开始"
    FIRST_SAID = "the first {}", "首次收到 {} "
    FIRST_SENT = "the first {} of the tester", "测试系统首次发送 {} "
    LAST_SENT = "the last {} of the tester", "测试系统最后一次发送 {} "


class Anchor(NamedTuple):
    """A moment."""

    point: Point
    name: str = ""

    @property
    def text(self) -> Text:
        return filled(Text(*self.point.value), self.name)

    def at(self, log: Log, where: Span) -> float | None:
        """When it was, s; None: never."""
        match self.point:
            case Point.NOW:
                return where.ready
            case Point.FIRST_SAID:
                words = log.said(self.name)
            case Point.FIRST_SENT | Point.LAST_SENT:
                words = log.sent(self.name)
        if not words:
            return None
        return words[-1 if self.point is Point.LAST_SENT else 0].at


NOW = Anchor(Point.NOW)


def first_said(name: str) -> Anchor:
    return Anchor(Point.FIRST_SAID, name)


def first_sent(name: str) -> Anchor:
    return Anchor(Point.FIRST_SENT, name)


def last_sent(name: str) -> Anchor:
    return Anchor(Point.LAST_SENT, name)
