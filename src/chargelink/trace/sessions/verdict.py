"""Who stopped, and whose fault it was."""

from chargelink.cli.language import Text
from chargelink.trace.sessions.draft import Draft
from chargelink.trace.sessions.model import Counts, Side, Stop, Verdict
from chargelink.trace.sessions.violations import SIDES
from chargelink.trace.sessions.words import cause_names


def stop_of(draft: Draft, after: float, timed: bool, shift: float | None) -> Stop:
    first = draft.ending.first
    if first is None or first.sender is None:
        return Stop(Side.NOBODY, "", None, (), Text("nobody said that it stops", "双方均未发送中止"))
    time = None if shift is None else first.now + shift
    causes = cause_names(first.causes)
    text = Text(f"{first.message}: {causes.english}", f"{first.message}：{causes.chinese}")
    return Stop(SIDES[first.sender], first.message, time, first.causes, text)


def verdict_of(draft: Draft, counts: Counts, after: float, timed: bool) -> Verdict:
    unknown = Text("not judged yet", "尚未判断")
    return Verdict(Side.UNKNOWN, "unknown", unknown, unknown)
