"""The charger's table, cell by cell, and what it wants of its device in each state."""

import pytest
from tests.gbt27930.charger_states import PATHS, STIMULI, apply, charger_in, charger_of

from chargelink.gbt27930.charger import (
    State,
    Wanted,
)
from chargelink.gbt27930.charger_table import TABLE
from chargelink.gbt27930.dialogue import triggers

# Where each stimulus leads; a stimulus that is not named changes nothing.
CELLS: dict[str, dict[str, str]] = {
    "idle": {"start": "handshake", "end": "ended"},
    "handshake": {"BHM": "insulation", "silence": "insulation", "stop": "ended", "end": "ended"},
    "insulation": {"insulation done": "recognition", "stop": "ended", "end": "ended"},
    "recognition": {"BRM": "recognised", "silence": "error", "stop": "ended", "end": "ended"},
    "recognised": {"BCP": "parameters", "silence": "error", "stop": "ended", "end": "ended", "BEM": "interrupted"},
    "parameters": {"BRO(AA)": "preparing", "silence": "error", "stop": "ended", "end": "ended", "BEM": "interrupted"},
    "preparing": {
        "ready": "ready", "BRO(00)": "ended", "silence": "error", "stop": "ended", "end": "ended",
        "BEM": "interrupted",
    },
    "ready": {
        "stop": "stopping", "BST": "stopped", "BSM fault": "stopping", "silence": "error", "end": "ended",
        "BEM": "interrupted",
    },
    "charging": {
        "stop": "stopping", "BST": "stopped", "BSM fault": "stopping", "BSM forbids": "paused", "silence": "error",
        "end": "ended", "BEM": "interrupted",
    },
    "paused": {
        "stop": "stopping", "BST": "stopped", "BSM fault": "stopping", "BSM": "charging", "silence": "error",
        "end": "ended", "BEM": "interrupted",
    },
    "stopping": {"BST": "stopped", "BSD": "statistics", "silence": "unanswered", "end": "ended", "BEM": "ended"},
    "stopped": {"BSD": "statistics", "silence": "unanswered", "end": "ended", "BEM": "ended"},
    "statistics": {"silence": "ended", "end": "ended", "BEM": "ended"},
    "error": {"silence": "failed", "stop": "unanswered", "end": "ended"},
    "failed": {"safe": "recognition", "silence": "ended", "stop": "unanswered", "end": "ended"},
    "interrupted": {"safe": "recognition", "silence": "ended", "stop": "ended", "end": "ended"},
    "waking": {"silence": "handshake", "stop": "ended", "end": "ended"},
    "unanswered": {"silence": "ended", "end": "ended"},
    "ended": {"start": "handshake", "replugged": "idle"},
}  # fmt: skip


@pytest.mark.parametrize("stimulus", STIMULI)
@pytest.mark.parametrize("state", State)
def test_every_cell(state: State, stimulus: str) -> None:
    tester = charger_in(state.value)
    apply(tester, stimulus)
    assert tester.state == CELLS[state.value].get(stimulus, state.value)


def test_the_table_is_whole() -> None:
    assert set(TABLE) == set(State) == set(map(State, PATHS)) == set(map(State, CELLS))
    for state, row in TABLE.items():
        assert set(row.moves.values()) <= set(State)
        assert len({wait.name for wait in row.waits}) == len(row.waits), state
        assert all(wait.then in row.moves for wait in row.waits), state
        assert "end" in row.moves or state is State.ENDED
    reached = {target for row in TABLE.values() for target in row.moves.values()}
    assert reached == set(State)
    assert "BRM" in triggers(TABLE)


def test_what_it_wants_in_each_state() -> None:
    wanted = {state.value: charger_of(charger_in(state.value)).wants for state in State}
    off, held, alive = Wanted(), Wanted(lock=True), Wanted(lock=True, auxiliary=True)
    assert wanted == dict.fromkeys(wanted, alive) | {
        "idle": off,
        "ended": off,
        "waking": held,
        "insulation": alive._replace(insulation_test=True, voltage=420_000),
        "preparing": alive._replace(precharge=True, voltage=378_500),
        "ready": alive._replace(contactors=True, voltage=378_500),
        "charging": alive._replace(contactors=True, voltage=410_000, current=100_000),
        "paused": alive._replace(contactors=True, voltage=410_000),
    }
