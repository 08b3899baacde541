"""Tables of the GB/T 27930 page that are not a message."""

from chargelink.gbt27930.contradictions import ADVISORY, NEVER_OBEYED, Conflict

CONSEQUENCES = {**dict.fromkeys(NEVER_OBEYED, "never obeyed"), **dict.fromkeys(ADVISORY, "advisory")}


def contradictions() -> str:
    """What messages say against each other, and what follows."""
    rows = [(one.text, one.chinese, CONSEQUENCES.get(one, "miscoded")) for one in Conflict]
    lines = [f"| {' | '.join(row)} |".replace("{}", "…") for row in rows]
    return "\n".join(["| what | | |", "|---|---|---|", *lines])
