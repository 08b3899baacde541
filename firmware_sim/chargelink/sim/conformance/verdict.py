"""What came of a case: findings, trials, a verdict."""

from enum import Enum

import msgspec

from chargelink.cli.language import Text
from chargelink.sim.conformance.case import Case
from chargelink.sim.conformance.expectation import Finding
from chargelink.sim.conformance.log import Line


class Verdict(Enum):
    """Of a case or a trial, the worst last."""

    NOT_APPLICABLE = "not applicable"
    PASS = "pass"  # noqa: S105 - not a password
    INCONCLUSIVE = "inconclusive"
    FAIL = "fail"

    @property
    def text(self) -> Text:
        return _WORDS[self]


_WORDS = {
    Verdict.NOT_APPLICABLE: Text("not applicable", "不适用"),
    Verdict.PASS: Text("pass", "通过"),
    Verdict.INCONCLUSIVE: Text("inconclusive", "无法判定"),
    Verdict.FAIL: Text("fail", "不通过"),
}


class TrialResult(msgspec.Struct, frozen=True, kw_only=True):
    """One trial: from `began` to `ended` s, what was found in the order of the steps, and every frame.

    `reason` says why a trial is inconclusive.
    """

    name: Text
    began: float
    ended: float
    findings: tuple[Finding, ...]
    lines: tuple[Line, ...]
    reason: Text | None = None

    @property
    def verdict(self) -> Verdict:
        if any(finding.met is False for finding in self.findings):
            return Verdict.FAIL
        return Verdict.PASS if self.reason is None else Verdict.INCONCLUSIVE


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A case that was played; without trials it did not apply, for `reason`."""

    case: Case
    trials: tuple[TrialResult, ...]
    reason: Text | None = None

    @property
    def verdict(self) -> Verdict:
        order = list(Verdict)
        return max((trial.verdict for trial in self.trials), key=order.index, default=Verdict.NOT_APPLICABLE)

    @property
    def missed(self) -> tuple[Finding, ...]:
        """What was expected and not found."""
        return tuple(finding for trial in self.trials for finding in trial.findings if finding.met is False)

    @property
    def unobserved(self) -> tuple[Finding, ...]:
        """What CAN does not show and no instrument reported."""
        return tuple(finding for trial in self.trials for finding in trial.findings if finding.met is None)
