"""What came of the cases that were asked for, as the reports tell it."""

from collections import Counter
from datetime import datetime
from enum import Enum

import msgspec
from msgspec import structs

from chargelink.cli.language import Text
from chargelink.sim.conformance.case import Case
from chargelink.sim.conformance.expectation import Continues, Either, Expectation, Finding, Repeats, Says, Stops
from chargelink.sim.conformance.figures import Side, Tolerances
from chargelink.sim.conformance.log import Line
from chargelink.sim.conformance.verdict import Result, Verdict
from chargelink.sim.conformance.wording import filled

LATEST = 0.02  # s; two periods of BST. A tester that was later than this at any time condemns nobody
MOST_FRAMES = 4_000  # of a trial that a report shows: the last ones tell how it ended
FIRST_FRAMES = 500
EDITIONS = "GB/T 34658-2017, GB/T 27930-2015"


class Standing(Enum):
    """Of a case that was asked for."""

    PASS = "pass"  # noqa: S105 - not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not applicable"
    NOT_RUN = "not run"

    @property
    def text(self) -> Text:
        return _NOT_RUN if self is Standing.NOT_RUN else Verdict(self.value).text


_NOT_RUN = Text("not run", "未执行")


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """One case. Without a result it was not run, or not to its end.

    `frames` counts those of each trial: of very many only the first and the last are kept. `late` is how late the
    tester was at worst, s. `unable` says what the device cannot do; `notes` what else happened.
    """

    case: Case
    result: Result | None = None
    frames: tuple[int, ...] = ()
    seconds: float = 0.0
    late: float = 0.0
    unable: Text | None = None
    notes: tuple[Text, ...] = ()

    @classmethod
    def through(
        cls, result: Result, seconds: float, late: float = 0.0, unable: Text | None = None, notes: tuple[Text, ...] = ()
    ) -> "Played":
        """A case that was played to its end."""
        frames = tuple(len(trial.lines) for trial in result.trials)
        trials = tuple(structs.replace(trial, lines=_kept(trial.lines)) for trial in result.trials)
        kept = structs.replace(result, trials=trials)
        return cls(case=result.case, result=kept, frames=frames, seconds=seconds, late=late, unable=unable, notes=notes)

    @property
    def standing(self) -> Standing:
        if self.result is None:
            return Standing.NOT_RUN
        verdict = self.result.verdict
        if verdict is Verdict.FAIL and self.late > LATEST:
            return Standing.INCONCLUSIVE
        if verdict is Verdict.INCONCLUSIVE and self.unable:
            return Standing.NOT_RUN
        return Standing(verdict.value)

    @property
    def reason(self) -> Text | None:
        """Why it is neither a pass nor a fail."""
        if self.standing in (Standing.PASS, Standing.FAIL):
            return None
        if self.result is not None and self.result.verdict is Verdict.FAIL:
            return filled(LATE, round(self.late * 1000))
        if self.unable or self.result is None:
            return self.unable
        return next((trial.reason for trial in self.result.trials if trial.reason), self.result.reason)

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding for trial in self.result.trials for finding in trial.findings) if self.result else ()

    @property
    def telling(self) -> tuple[Finding, ...]:
        """The findings that say most: what was missed, else one that has a number in it rather than a yes."""
        if self.result and self.result.missed:
            return self.result.missed
        ranks = {expected.text: _rank(expected) for expected in self.case.expectations}
        seen = [finding for finding in self.findings if finding.met]
        return tuple(sorted(seen, key=lambda finding: ranks.get(finding.expectation, len(_RANKS)))[:1])


def _kept(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """The frames that a report shows: a bus that babbles must not fill the memory."""
    return lines if len(lines) <= MOST_FRAMES else lines[:FIRST_FRAMES] + lines[FIRST_FRAMES - MOST_FRAMES :]


_RANKS = (Says, Repeats, Continues, Stops)


def _rank(expected: Expectation) -> int:
    """The most telling kinds first."""
    if isinstance(expected, Either):
        return _rank(expected.first)
    return _RANKS.index(type(expected)) if isinstance(expected, _RANKS) else len(_RANKS)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A run. `device` is what people call it, `place` the bus; `load` the machine's load average of the last minute."""

    side: Side
    device: str
    place: str  # empty in a rehearsal
    began: datetime
    seconds: float
    chosen: int
    played: tuple[Played, ...]
    tolerances: Tolerances
    interrupted: Text | None = None
    load: float = 0.0
    processors: int = 1

    @property
    def counts(self) -> Counter[Standing]:
        return Counter(played.standing for played in self.played)

    @property
    def where(self) -> str:
        """The bus, in words."""
        return self.place or str(REHEARSED)

    @property
    def late(self) -> float:
        """How late the tester was at worst, s."""
        return max((played.late for played in self.played), default=0.0)

    @property
    def unobserved(self) -> int:
        """How many expectations could not be seen on CAN."""
        return sum(len(played.result.unobserved) for played in self.played if played.result)

    @property
    def clean(self) -> bool:
        """Everything that was asked for was judged and passed, or did not apply."""
        good = self.counts[Standing.PASS] + self.counts[Standing.NOT_APPLICABLE]
        return self.counts[Standing.PASS] > 0 and good == self.chosen


REHEARSED = Text("none: a rehearsal", "无：预演")
LATE = Text(
    "the tester was late by {} ms, so what it found proves nothing; try again on a machine that is less busy",
    "测试系统自身延迟达 {} ms，所得结果不能作为依据；请在较空闲的机器上重试",
)
