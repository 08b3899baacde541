"""The tables of docs/conformance.md, made from the cases themselves."""

from chargelink.sim.conformance.case import Case
from chargelink.sim.conformance.figures import Side, Tolerances
from chargelink.sim.conformance.suite import CASES


def cases(side: Side) -> str:
    """The cases of a side: what is done to it, what it has to do."""
    head = "| case | what the tester does | what the device has to do |"
    return "\n".join([head, "|---" * 3 + "|", *(_row(case) for case in CASES.values() if case.side is side)])


def _row(case: Case) -> str:
    done = f"{case.title.english} {case.title.chinese}"
    if len(case.trials) > 1:
        done += f" ({len(case.trials)} trials: {', '.join(trial.name.english for trial in case.trials)})"
    if case.note is not None:
        done += f". *{case.note.english}*"
    return f"| {case.id} | {done} | {'; '.join(expected.text.english for expected in case.expectations)} |"


def tolerances() -> str:
    """What a device may be off by, when nobody chose otherwise."""
    usual = Tolerances()
    rows = (
        ("mean period", f"± {usual.period} %, and {usual.dated} ms over all that are counted", "period, dated"),
        (
            "longest gap between two messages of a period",
            f"{usual.gap} periods, or {usual.least_gap} ms if that is more",
            "gap, least_gap",
        ),
        ("a wait of 1 s", f"+ {usual.after_1_s} ms", "after_1_s"),
        ("a wait of 5 s", f"+ {usual.after_5_s} ms", "after_5_s"),
        ("a longer wait", f"+ {usual.after_longer} ms", "after_longer"),
        ("any wait, too early", f"- {usual.early} %, at most what it may be late", "early"),
    )
    return "\n".join(
        [
            "| | tolerance | `--tolerance` |",
            "|---|---|---|",
            *(f"| {of} | {value} | {name} |" for of, value, name in rows),
        ]
    )
