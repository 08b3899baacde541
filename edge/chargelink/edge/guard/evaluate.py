"""Which rules hold: a pure function of what is seen, of what was found before, and of the time. Times in ns."""

import operator
from collections.abc import Callable
from typing import NamedTuple

from chargelink.edge.guard.datagrams import Facts, Inputs
from chargelink.edge.guard.rules import MS, RULES, Rule


class Seen(NamedTuple):
    """What the guard knows at one moment."""

    inputs: Inputs | None
    inputs_at: int  # when they came
    facts: Facts | None  # they carry their own time
    pulse_at: int | None  # the last pulse; None while none is due


Signals = dict[str, int | None]  # None: unknown


class Finding(NamedTuple):
    """One rule at one moment. `dwell` is for how long it has held (ns); it runs down again while it does not."""

    rule: Rule
    value: int | None
    holds: bool
    dwell: int

    @property
    def ripe(self) -> bool:
        return self.holds and self.dwell >= self.rule.on_delay * MS


class Evaluation(NamedTuple):
    """All rules at one moment, in the table's order, and every signal they saw."""

    at: int
    findings: tuple[Finding, ...]
    signals: Signals

    @property
    def clean(self) -> bool:
        """No rule holds, and none held so lately that it could be chatter."""
        return all(not finding.holds and not finding.dwell for finding in self.findings)

    @property
    def tripping(self) -> list[Finding]:
        """What is over its delay: what was seen, else what could not be seen."""
        ripe = [finding for finding in self.findings if finding.ripe]
        return [finding for finding in ripe if finding.value is not None] or ripe


def inputs_age(seen: Seen, now: int) -> int | None:
    return None if seen.inputs is None else _whole_ms(now - seen.inputs_at)


def facts_age(seen: Seen, now: int) -> int | None:
    return None if seen.facts is None else _whole_ms(now - seen.facts.at)


def pulse_age(seen: Seen, now: int) -> int | None:
    return 0 if seen.pulse_at is None else _whole_ms(now - seen.pulse_at)


def e_stop(seen: Seen, now: int) -> int | None:
    return None if seen.inputs is None else int(seen.inputs.e_stop)


def over_limit(seen: Seen, now: int) -> int | None:
    """Voltage at the vehicle above the vehicle's limit, mV. While no charging is wanted nothing is asked of it: 0."""
    if seen.facts is None or seen.inputs is None:
        return None
    if not seen.facts.wanted:
        return 0
    return seen.inputs.outside_mv - seen.facts.limit_mv if seen.facts.limit_known else None


def _whole_ms(age: int) -> int:
    """Rounded up, so that a nanosecond over the threshold is over it."""
    return -(-age // MS)


SIGNALS: dict[str, tuple[Callable[[Seen, int], int | None], tuple[Callable[[Seen, int], int | None], ...]]] = {
    "pulse_age": (pulse_age, ()),
    "inputs_age": (inputs_age, ()),
    "facts_age": (facts_age, ()),
    "e_stop": (e_stop, (inputs_age,)),
    "over_limit": (over_limit, (inputs_age, facts_age)),
}
"""Each signal, and the ages of what it is made from."""

CONDITIONS: dict[str, Callable[[int, int], bool]] = {"above": operator.gt, "set": operator.ne}


def evaluate(seen: Seen, before: Evaluation | None, now: int, rules: tuple[Rule, ...] = RULES) -> Evaluation:
    """Every rule, against what is seen now; the time since `before` counts for what held then."""
    findings: list[Finding] = []
    signals: Signals = {}
    elapsed = now - before.at if before else 0
    for place, rule in enumerate(rules):
        value = signals[rule.signal] = _value(rule, seen, now)
        holds = value is None or CONDITIONS[rule.condition](value, rule.threshold)
        dwell = 0
        if before:
            earlier = before.findings[place]
            # It runs down as it ran up (not at once to nothing), so that a value that chatters cannot hide.
            dwell = max(0, earlier.dwell + (elapsed if earlier.holds else -elapsed))
            dwell = min(dwell, rule.on_delay * MS)
        findings.append(Finding(rule, value, holds, dwell))
    return Evaluation(now, tuple(findings), signals)


def _value(rule: Rule, seen: Seen, now: int) -> int | None:
    value, ages = SIGNALS[rule.signal]
    if rule.maximum_age is not None:
        for age in ages:
            old = age(seen, now)
            if old is None or old > rule.maximum_age:
                return None
    return value(seen, now)
