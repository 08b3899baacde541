"""Who stopped, and whose fault it was."""

from chargelink.cli.language import Text
from chargelink.gbt27930.faults import fault_class
from chargelink.trace.sessions.case import Case
from chargelink.trace.sessions.ending import ERRORS
from chargelink.trace.sessions.model import Side, Stop, Verdict
from chargelink.trace.sessions.rules import RULES, Rule
from chargelink.trace.sessions.stop_causes import MEANINGS, decisive_cause
from chargelink.trace.sessions.unstopped import UNSTOPPED
from chargelink.trace.sessions.violations import SIDES, filled
from chargelink.trace.sessions.words import SIDES as SIDE_WORDS
from chargelink.trace.sessions.words import cause_names

NO_REASON = (
    Text("{reporter} stopped ({message}) and gave no reason", "{reporter}中止 ({message})，未说明原因"),
    Text("read the fault log of {reporter}", "读取{reporter}的故障记录"),
)
AGAIN = Text(
    "{said}; before that {message} ({causes}) interrupted it (reconnections: {retries})",
    "{said}；此前曾因 {message}（{causes}）中断，重新握手 {retries} 次",
)


def stop_of(case: Case, shift: float | None) -> Stop:
    """What ended it, the first that did."""
    first = case.first
    if first is None or first.sender is None:
        return Stop(Side.NOBODY, "", None, (), _not_stopped(case))
    side = SIDES[first.sender]
    causes = cause_names(first.causes)
    said = Text("{side} reported an error ({message}: {causes})", "{side}报错误（{message}：{causes}）")
    if first.message not in ERRORS:
        said = Text("{side} stopped ({message}: {causes})", "{side}中止（{message}：{causes}）")
    if not first.causes:
        said = Text("{side} stopped ({message}, no cause given)", "{side}中止（{message}，未给出原因）")
    text = filled(said, side=SIDE_WORDS[side], message=first.message, causes=causes)
    time = None if shift is None else first.now + shift
    return Stop(side, first.message, time, first.causes, text, fault_class(first.sender, first.causes))


def _not_stopped(case: Case) -> Text:
    return filled(
        Text("nobody said that it stops; it was in the phase {phase}", "双方均未发送中止；当时处于{phase}阶段"),
        phase=case.phase_words,
    )


def verdict_of(case: Case) -> Verdict:
    """The first rule that fits."""
    rule = next((rule for rule in RULES if rule.fits(case)), None)
    if rule is None and case.decisive is None:
        rule = next(rule for rule in UNSTOPPED if rule.fits(case))
    verdict = _told(rule, case) if rule else _of_stop(case)
    before = case.draft.ending.before
    if before is None or case.is_error:
        return verdict
    text = filled(
        AGAIN,
        said=verdict.text,
        message=before.message,
        causes=cause_names(before.causes),
        retries=case.counts.reconnections,
    )
    return Verdict(verdict.whose, verdict.code, text, verdict.remedy)


def _told(rule: Rule, case: Case) -> Verdict:
    whose = rule.whose if isinstance(rule.whose, Side) else rule.whose(case)
    values = case.values() | {"silent": SIDE_WORDS[whose]}
    return Verdict(whose, rule.code, filled(rule.text, **values), filled(rule.remedy, **values))


def _of_stop(case: Case) -> Verdict:
    """A stop that no evidence contradicts means what its causes say."""
    cause = decisive_cause(case.message, case.causes)
    if not cause:
        text, remedy = (filled(text, **case.values()) for text in NO_REASON)
        return Verdict(case.reporter, "no-reason", text, remedy)
    meaning = MEANINGS[case.message][cause]
    code = "orderly" if meaning.whose is Side.NOBODY else f"{case.message}:{cause}"
    return Verdict(meaning.whose, code, meaning.text, meaning.remedy)
