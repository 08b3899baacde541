"""What a device has to do, as data, and how it is judged from the log.

An expectation is judged at the end of its step, over the span of the step; an anchor may lie before it. Times are ms in
the expectations, s in the log.
"""

from collections.abc import Iterable
from itertools import pairwise

import msgspec

from chargelink.cli.language import Text
from chargelink.sim.conformance.bench import Fact
from chargelink.sim.conformance.figures import FIELDS, PACKET, Tolerances, figures_of
from chargelink.sim.conformance.log import Log, Span, Word
from chargelink.sim.conformance.moment import NOW, Anchor
from chargelink.sim.conformance.wording import either, filled, octets, seconds, span, times

CONTROL_PACKETS = 3  # position of the number of packets in RTS
ENOUGH = 3  # messages of which two periods can be measured
ROUNDING = 1e-3  # ms
SAID = Text("said {}", "发送 {}")
GAP = Text("a gap of {}", "间隔 {}")


class Finding(msgspec.Struct, frozen=True):
    """What came of one expectation. `met` None: CAN does not show it and no instrument told."""

    expectation: Text
    met: bool | None
    measured: Text
    allowed: Text
    at: float | None = None  # s: where to look in the frames


class Repeats(msgspec.Struct, frozen=True):
    """Says a message again and again at its period and length, `least` times or more (0: if at all)."""

    name: str
    least: int = ENOUGH

    @property
    def text(self) -> Text:
        figures = figures_of(self.name)
        optional = Text("", "") if self.least else Text(" (optional)", "（可选）")
        says = Text("says {} every {} ms with {}{}", "发送 {}，周期 {} ms，{}{}")
        return filled(says, self.name, figures.period, octets(figures.lengths), optional)

    def judge(self, log: Log, where: Span, tolerances: Tolerances) -> Finding:
        figures = figures_of(self.name)
        words = log.said(self.name, where)
        asked = log.said(f"RTS {self.name}", where) if figures.long else words
        if len(words) < self.least:
            return Finding(
                self.text,
                False,
                filled(SAID, times(len(words))),
                filled(Text("at least {}", "至少 {}"), times(self.least)),
                where.start,
            )
        moments = [word.at for word in asked]
        return (
            self._length(words, asked, figures.long)
            or self._period(moments, figures.period, tolerances)
            or Finding(self.text, True, self._measured(moments), _periods(moments, figures.period, tolerances))
        )

    def _length(self, words: Iterable[Word], asked: Iterable[Word], long: bool) -> Finding | None:
        right = figures_of(self.name).lengths
        for word in words:
            if right and len(word.data) not in right:
                return Finding(self.text, False, octets((len(word.data),)), octets(right), word.at)
        for word in asked if long else ():
            packets = tuple(-(-length // PACKET) for length in right)
            if right and word.data[CONTROL_PACKETS] not in packets:
                said = Text("{} packets", "{} 包")
                found = filled(said, word.data[CONTROL_PACKETS])
                return Finding(self.text, False, found, filled(said, either(packets)), word.at)
        return None

    def _period(self, moments: list[float], period: int, tolerances: Tolerances) -> Finding | None:
        if len(moments) < ENOUGH:
            return None
        mean, (least, most) = _mean(moments), tolerances.mean(period, len(moments))
        if not least <= mean <= most:
            measured = filled(Text("every {:.1f} ms on average", "平均周期 {:.1f} ms"), mean)
            return Finding(self.text, False, measured, _periods(moments, period, tolerances), moments[0])
        longest, at = _longest(moments)
        if longest > tolerances.longest(period):
            return Finding(self.text, False, filled(GAP, seconds(longest)), span(0, tolerances.longest(period)), at)
        return None

    @staticmethod
    def _measured(moments: list[float]) -> Text:
        if len(moments) < ENOUGH:
            return filled(SAID, times(len(moments)))
        said = Text("{}, every {:.1f} ms on average", "{}，平均周期 {:.1f} ms")
        return filled(said, times(len(moments)), _mean(moments))


def _periods(moments: list[float], period: int, tolerances: Tolerances) -> Text:
    """What their mean may be; nothing where there are too few."""
    if len(moments) < ENOUGH:
        return Text("", "")
    least, most = tolerances.mean(period, len(moments))
    return _both(f"{least:.1f} … {most:.1f} ms")


class Says(msgspec.Struct, frozen=True, kw_only=True):
    """Says a message, of those that come after `after` the first with these values of two-bit fields (by SPN).

    `wait`: at that moment after the anchor, within the tolerances; else `within` ms of it. `raises` is the one SPN of
    an error message that is 01 while the others of it are 00.
    """

    name: str
    after: Anchor = NOW
    wait: int | None = None
    within: int | None = None
    slack: int | None = None  # either way, instead of the usual tolerances
    raises: str | None = None
    holds: tuple[tuple[str, int], ...] = ()

    @property
    def values(self) -> dict[str, int]:
        """What the fields of the message have to be, by SPN."""
        if self.raises is None:
            return dict(self.holds)
        return {spn: int(spn == self.raises) for spn, field in FIELDS.items() if field.message == self.name}

    @property
    def text(self) -> Text:
        bits = _bits(((self.raises, 1),) if self.raises else self.holds)
        if self.wait is not None:
            when = filled(Text("{:g} s after {}", "在{1}后 {0:g} s "), self.wait / 1000, self.after.text)
        else:
            when = filled(Text("within {:g} s of {}", "在{1}后 {0:g} s 内"), (self.within or 0) / 1000, self.after.text)
        return filled(Text("says {0}{1} {2}", "{2}发送 {0}{1}"), self.name, bits, when)

    def judge(self, log: Log, where: Span, tolerances: Tolerances) -> Finding:
        anchor = self.after.at(log, where)
        if anchor is None:
            return _without(self.text, self.after)
        earliest, latest = self._limits(tolerances)
        words = [word for word in log.said(self.name) if anchor <= word.at <= where.end]
        if self.raises is None:
            words = [word for word in words if not self._wrong(word)] or words
        if not words:
            return Finding(self.text, False, Text("not said", "未发送"), span(earliest, latest), anchor)
        first = words[0]
        if wrong := self._wrong(first):
            return Finding(self.text, False, *wrong, first.at)
        took = (first.at - anchor) * 1000
        met = earliest - ROUNDING <= took <= latest + ROUNDING
        after = filled(Text("after {}", "{} 后"), seconds(took))
        return Finding(self.text, met, after, span(earliest, latest), first.at)

    def _limits(self, tolerances: Tolerances) -> tuple[float, float]:
        if self.wait is None:
            return 0, self.within or 0
        if self.slack is not None:
            return self.wait - self.slack, self.wait + self.slack
        return tolerances.earliest(self.wait), self.wait + tolerances.late(self.wait)

    def _wrong(self, word: Word) -> tuple[Text, Text] | None:
        """The first field that is not as it has to be: what it is and what it should be."""
        lengths = figures_of(self.name).lengths
        if self.raises and len(word.data) not in lengths:
            return octets((len(word.data),)), octets(lengths)
        for spn, value in self.values.items():
            found = FIELDS[spn].read(word.data)
            if found != value:
                shown = "-" if found is None else f"{found:02b}"
                return _both(f"{word.data.hex(' ').upper()}, SPN{spn}={shown}"), _both(f"SPN{spn}={value:02b}")
        return None


class Continues(msgspec.Struct, frozen=True):
    """Goes on saying a message, without long gaps, until it says another one."""

    name: str
    until: str

    @property
    def text(self) -> Text:
        return filled(Text("says {} until {}", "持续发送 {} 直至 {}"), self.name, self.until)

    def judge(self, log: Log, where: Span, tolerances: Tolerances) -> Finding:
        end = next((word.at for word in log.said(self.until) if word.at >= where.start), None)
        if end is None:
            never = filled(Text("no {} came", "未收到 {}"), self.until)
            return Finding(self.text, False, never, Text("", ""), where.start)
        before = [word.at for word in log.said(self.name) if word.at < where.start][-1:]
        during = [word.at for word in log.said(self.name, where) if word.at <= end]
        most = tolerances.longest(figures_of(self.name).period)
        longest, at = _longest([*(before or [where.start]), *during, end])
        return Finding(self.text, longest <= most, filled(GAP, seconds(longest)), span(0, most), at)


class Stops(msgspec.Struct, frozen=True):
    """Says a message no more, `within` ms after a moment and until the end of the step."""

    name: str
    after: Anchor = NOW
    within: int = 0

    @property
    def text(self) -> Text:
        stops = Text("stops saying {0} within {1:g} s of {2}", "在{2}后 {1:g} s 内停止发送 {0}")
        return filled(stops, self.name, self.within / 1000, self.after.text)

    def judge(self, log: Log, where: Span, tolerances: Tolerances) -> Finding:
        anchor = self.after.at(log, where)
        if anchor is None:
            return _without(self.text, self.after)
        words = [word.at for word in log.said(self.name, where) if word.at > anchor]
        took = (words[-1] - anchor) * 1000 if words else 0.0
        measured = filled(Text("the last one after {}", "最后一次在 {} 后"), seconds(took))
        return Finding(
            self.text, took <= self.within + ROUNDING, measured, span(0, self.within), words[-1] if words else anchor
        )


class Never(msgspec.Struct, frozen=True):
    """Does not say a message, or not one with these values of two-bit fields (by SPN)."""

    name: str
    holds: tuple[tuple[str, int], ...] = ()

    @property
    def text(self) -> Text:
        return filled(Text("does not say {}{}", "不发送 {}{}"), self.name, _bits(self.holds))

    def judge(self, log: Log, where: Span, tolerances: Tolerances) -> Finding:
        words = [
            word
            for word in log.said(self.name, where)
            if all(FIELDS[spn].read(word.data) == value for spn, value in self.holds)
        ]
        measured = filled(SAID, times(len(words)))
        return Finding(self.text, not words, measured, times(0), words[0].at if words else None)


class Quiet(msgspec.Struct, frozen=True):
    """Says nothing at all any more, `within` ms after the beginning of the step."""

    within: int

    @property
    def text(self) -> Text:
        return filled(Text("says nothing any more after {:g} s", "{:g} s 后停止通信"), self.within / 1000)

    def judge(self, log: Log, where: Span, tolerances: Tolerances) -> Finding:
        latest = where.ready + (self.within + tolerances.late(self.within)) / 1000
        for name in log.names():
            words = log.said(name, Span(latest, latest, where.end))
            if words:
                said = filled(Text("says {}", "仍发送 {}"), name)
                return Finding(self.text, False, said, Text("silence", "静默"), words[0].at)
        return Finding(self.text, True, Text("silence", "静默"), Text("silence", "静默"))


class Receives(msgspec.Struct, frozen=True):
    """Takes a long message by the transport protocol; `or_refuses` it by abort, for messages that are optional.

    Half of the requests is enough: one may be cut off at either end of the step, and a busy device may miss one.
    """

    name: str
    or_refuses: bool = False

    @property
    def text(self) -> Text:
        takes = Text("receives {} by transport{}", "以传输协议接收 {}{}")
        return filled(takes, self.name, Text(" or refuses it", "或放弃连接") if self.or_refuses else Text("", ""))

    def judge(self, log: Log, where: Span, tolerances: Tolerances) -> Finding:
        asked, taken = log.sent(f"RTS {self.name}", where), log.sent(self.name, where)
        refused = log.said(f"TP.ABORT {self.name}", where)
        counts = Text("{} requests, {} acknowledged, {} refused", "请求 {} 次，确认 {} 次，拒绝 {} 次")
        measured = filled(counts, len(asked), len(taken), len(refused))
        needed = max(len(asked) // 2, 1)
        met = len(taken) + (len(refused) if self.or_refuses else 0) >= needed
        allowed = filled(Text("at least {} of them", "至少 {} 次"), needed)
        return Finding(self.text, met, measured, allowed, asked[0].at if asked else where.start)


class Observed(msgspec.Struct, frozen=True):
    """Something that CAN does not show: judged when an instrument reports it, told as not observed when none does."""

    fact: Fact

    @property
    def text(self) -> Text:
        return self.fact.text

    def judge(self, log: Log, where: Span, tolerances: Tolerances) -> Finding:
        holds = log.facts.get(self.fact)
        if holds is None:
            return Finding(self.text, None, Text("not observed on CAN", "CAN 上不可观测"), Text("", ""))
        return Finding(self.text, holds, Text("yes", "是") if holds else Text("no", "否"), Text("yes", "是"))


class Either(msgspec.Struct, frozen=True):
    """One of two is enough."""

    first: "Expectation"
    second: "Expectation"

    @property
    def text(self) -> Text:
        return filled(Text("{}, or {}", "{}；或 {}"), self.first.text, self.second.text)

    def judge(self, log: Log, where: Span, tolerances: Tolerances) -> Finding:
        first = self.first.judge(log, where, tolerances)
        chosen = first if first.met else self.second.judge(log, where, tolerances)
        told = chosen if chosen.met else first
        return Finding(self.text, told.met, told.measured, told.allowed, told.at)


Expectation = Repeats | Says | Continues | Stops | Never | Quiet | Receives | Observed | Either


def _without(text: Text, anchor: Anchor) -> Finding:
    return Finding(text, False, filled(Text("never came: {}", "未出现：{}"), anchor.text), Text("", ""))


def _bits(fields: tuple[tuple[str, int], ...]) -> str:
    """Two-bit fields and what they are."""
    return "".join(f" SPN{spn}={value:02b}" for spn, value in fields)


def _both(text: str) -> Text:
    """What is the same in both languages."""
    return Text(text, text)


def _mean(moments: list[float]) -> float:
    """ms between some moments in s."""
    return (moments[-1] - moments[0]) * 1000 / (len(moments) - 1)


def _longest(moments: list[float]) -> tuple[float, float]:
    """The longest gap, ms, and where it begins, s."""
    gap, at = max((later - earlier, earlier) for earlier, later in pairwise(moments))
    return gap * 1000, at
