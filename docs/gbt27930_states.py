"""The states of both ends of a charge as tables and diagrams, and one frame of each message in words."""

from collections.abc import Iterator, Mapping
from enum import StrEnum

from docs.recordings.vehicle import can_session

from chargelink.gbt27930.catalogue import BY_NAME
from chargelink.gbt27930.charger_table import TABLE as CHARGER
from chargelink.gbt27930.dialogue import END, Row
from chargelink.gbt27930.listener import Heard, Listener
from chargelink.gbt27930.vehicle_table import TABLE as VEHICLE
from chargelink.trace.gbt27930.words import words

Table = Mapping[StrEnum, Row]


def charger_states() -> str:
    return _states(CHARGER)


def vehicle_states() -> str:
    return _states(VEHICLE)


def charger_diagram() -> str:
    return _diagram(CHARGER)


def vehicle_diagram() -> str:
    return _diagram(VEHICLE)


def frames() -> str:
    """The first frame of each message of the sample recording, long ones put together, and what it says."""
    listener, seen = Listener(), set[str]()
    lines = ["| message | data | says |", "|---|---|---|"]
    for line in can_session().splitlines():
        identifier, _, data = line.split()[-1].partition("#")
        for heard in listener.hear(int(identifier, 16), bytes.fromhex(data)):
            if isinstance(heard, Heard) and heard.entry.name not in seen:
                seen.add(heard.entry.name)
                lines.append(f"| {heard.entry.name} | `{heard.payload.hex(' ').upper()}` | {words(heard.message)} |")
    return "\n".join(lines)


def _states(table: Table) -> str:
    lines = ["| state | says | waits for | goes to | wants |", "|---" * 5 + "|"]
    return "\n".join([*lines, *(_state(state, row) for state, row in table.items())])


def _state(state: StrEnum, row: Row) -> str:
    says = ", ".join(f"{name} {BY_NAME[name].period} ms" for name in row.says)
    waits = ", ".join(
        f"{wait.name} {wait.seconds:g} s" + (f" (again at each {', '.join(wait.fed_by)})" if wait.fed_by else "")
        for wait in row.waits
    )
    moves = "; ".join(f"`{target}`: {', '.join(triggers)}" for target, triggers in _edges(row))
    wants = ", ".join(sorted(row.wants))
    return f"| `{state}` | {says} | {waits} | {moves} | {wants} |"


def _diagram(table: Table) -> str:
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {next(iter(table))}"]
    for state, row in table.items():
        lines += [f"    {state} --> {target}: {', '.join(triggers)}" for target, triggers in _edges(row)]
    return "\n".join([*lines, "```"])


def _edges(row: Row) -> Iterator[tuple[StrEnum, list[str]]]:
    """Each state that follows, with what leads to it; "end" leads from all to the end and is left out."""
    targets: dict[StrEnum, list[str]] = {}
    for trigger, target in row.moves.items():
        if trigger != END:
            targets.setdefault(target, []).append(_named(trigger, row))
    yield from targets.items()


def _named(trigger: str, row: Row) -> str:
    over = [f"{wait.seconds:g} s" for wait in row.waits if wait.then == trigger]
    return f"{trigger} ({', '.join(over)})" if over else str(trigger)
