"""Tables of the GB/T 27930 page that are not a message."""

from collections.abc import Mapping

from chargelink.gbt27930.catalogue import Sender
from chargelink.gbt27930.contradictions import ADVISORY, NEVER_OBEYED, Conflict
from chargelink.gbt27930.faults import FAULTS, Fault, FaultClass

CONSEQUENCES = {**dict.fromkeys(NEVER_OBEYED, "never obeyed"), **dict.fromkeys(ADVISORY, "advisory")}


def contradictions() -> str:
    """What messages say against each other, and what follows."""
    rows = [(one.text, one.chinese, CONSEQUENCES.get(one, "miscoded")) for one in Conflict]
    lines = [f"| {' | '.join(row)} |".replace("{}", "…") for row in rows]
    return "\n".join(["| what | | |", "|---|---|---|", *lines])


def fault_classes() -> str:
    """The classes of annex C in words, and what each side can report of each."""
    lines = ["| class | | | the charger reports | the vehicle reports |", "|---" * 5 + "|"]
    for severity in FaultClass:
        reports = [_reports(FAULTS[by], severity) for by in Sender]
        lines.append(f"| {severity.name.lower()} | {severity.text} | {severity.chinese} | {' | '.join(reports)} |")
    return "\n".join(lines)


def _reports(faults: Mapping[str, Fault], severity: FaultClass) -> str:
    return ", ".join(f"`{name}`" for name, fault in faults.items() if fault.severity is severity)
