"""The tables themselves: every phase is reached and left, dangerous outputs come with what makes them bearable."""

import pytest

from chargelink.edge.charge import conditions
from chargelink.edge.charge.advice import ADVICE, ELSEWHERE, LEAVE, Whose
from chargelink.edge.charge.causes import GUARD_RULES, Action, Cause, Latch
from chargelink.edge.charge.phases import (
    ASKING,
    ENDING,
    LIVE,
    ORDER,
    RECONNECTION,
    TABLE,
    WATCHES,
    Output,
    Phase,
    Status,
    between,
)
from chargelink.edge.guard.rules import RULES
from chargelink.model import StopReason

RESTS = {
    Phase.STARTING,
    Phase.AVAILABLE,
    Phase.CHARGING,  # until somebody stops it, its caps are reached, or something is wrong
    Phase.HELD,
    Phase.RELEASED,
    Phase.OUT_OF_SERVICE,
}
ENDS = {Phase.OPENING, Phase.RAMPING, Phase.CUTTING}


def reached(start: Phase) -> set[Phase]:
    seen, todo = set(), [start]
    while todo:
        phase = todo.pop()
        if phase in seen:
            continue
        seen.add(phase)
        row = TABLE[phase]
        todo += [move.to for move in row.moves]
        if row.wait and row.wait.to:
            todo.append(row.wait.to)
        if phase in LIVE:
            todo += ENDS
        if phase in ASKING:
            todo.append(Phase.UNLOCKING)
        if phase is Phase.AVAILABLE:
            todo.append(Phase.OUT_OF_SERVICE)  # by its latch
    return seen


def test_every_phase_has_a_row_and_is_reached() -> None:
    assert set(TABLE) == set(Phase) == set(ORDER) == reached(Phase.STARTING)


@pytest.mark.parametrize("phase", Phase)
def test_every_wait_is_bounded(phase: Phase) -> None:
    wait = TABLE[phase].wait
    assert (wait is None) == (phase in RESTS)
    assert wait is None or 0 < wait.seconds <= 600


def test_every_wait_in_a_charge_has_a_failure_of_its_own() -> None:
    """But the two places where the guard is asked, where contactors or voltage are waited for again, and before it."""
    again = ASKING | RECONNECTION | {Phase.CHARGE_PERMIT, Phase.CUTTING, Phase.OPENING, Phase.DISCHARGE}
    causes = [TABLE[phase].wait.cause for phase in Phase if phase not in RESTS | again]  # type: ignore[union-attr]
    assert len(set(causes)) == len(causes)


@pytest.mark.parametrize("phase", LIVE)
def test_a_failed_wait_stops_the_charge(phase: Phase) -> None:
    wait = TABLE[phase].wait
    assert wait is None or wait.to is None or phase is Phase.CUTTING


@pytest.mark.parametrize("phase", ENDING)
def test_an_ending_goes_on_whatever_fails(phase: Phase) -> None:
    row = TABLE[phase]
    if phase is not Phase.HELD:
        assert row.wait is not None
        assert row.wait.to in ENDING | {Phase.RELEASED}
        assert ORDER.index(row.wait.to) > ORDER.index(phase)


@pytest.mark.parametrize("phase", Phase)
def test_dangerous_outputs_come_with_what_makes_them_bearable(phase: Phase) -> None:
    outputs = TABLE[phase].outputs
    if outputs & (Output.K1K2 | Output.MODULES):
        assert Output.PERMIT in outputs
        assert phase in LIVE
    if outputs & ~Output.LOCK:
        assert Output.LOCK in outputs
    assert not (Output.MODULES in outputs and Output.BLEED in outputs)
    if phase in LIVE | ENDING - {Phase.UNLOCKING}:
        assert Output.LOCK in outputs


@pytest.mark.parametrize("phase", ASKING)
def test_a_vehicle_that_only_says_who_it_is_gets_nothing_but_its_auxiliary_supply(phase: Phase) -> None:
    row = TABLE[phase]
    assert not row.outputs & ~(Output.LOCK | Output.AUXILIARY)
    assert row.wait is not None
    assert row.wait.to is Phase.UNLOCKING


def test_a_dialogue_begins_anew_from_wherever_it_can_break_and_by_the_whole_way() -> None:
    """Once the vehicle is asked for its identity; from CONFIGURATION on contactors close only after a pre-charge."""
    breaks = {phase for phase in Phase if any(move.when is conditions.broken_off for move in TABLE[phase].moves)}
    assert breaks == between(Phase.CONFIGURATION, Phase.CHARGING)
    for phase in breaks:
        closed = Output.K1K2 in TABLE[phase].outputs
        target = next(move.to for move in TABLE[phase].moves if move.when is conditions.broken_off)
        assert target is (Phase.BREAKING if closed else Phase.REOPENING)
    for phase in RECONNECTION:
        assert phase in LIVE
        assert Output.MODULES not in TABLE[phase].outputs
        assert (Output.K1K2 in TABLE[phase].outputs) == (phase is Phase.BREAKING)
        assert {move.to for move in TABLE[phase].moves} <= RECONNECTION | {Phase.CONFIGURATION, Phase.ENERGISING}


def test_idle_means_dead() -> None:
    for phase in (Phase.STARTING, Phase.AVAILABLE, Phase.RELEASED, Phase.OUT_OF_SERVICE):
        assert TABLE[phase].outputs is Output.NONE


def test_the_emergency_stop_comes_first_and_is_watched_everywhere() -> None:
    assert WATCHES[0].cause is Cause.EMERGENCY_STOP
    assert WATCHES[0].phases == LIVE | ASKING
    assert WATCHES[0].held == 0
    assert Cause.EMERGENCY_STOP.action is Action.OPEN


def test_conditions_of_a_phase_are_timed_apart() -> None:
    """One stopwatch times them all: no condition may be asked for twice in a phase."""
    for phase in Phase:
        asked = [move.when for move in TABLE[phase].moves] + [w.when for w in WATCHES if phase in w.phases]
        assert len(set(asked)) == len(asked)


def test_every_condition_is_used() -> None:
    defined = {
        value for name, value in vars(conditions).items() if getattr(value, "__module__", "") == conditions.__name__
    }
    used = {move.when for row in TABLE.values() for move in row.moves} | {watch.when for watch in WATCHES}
    assert defined - used == {conditions.insulation_low}  # it warns and stops nothing


def test_causes_have_words_of_their_own() -> None:
    assert len({cause.words for cause in Cause}) == len({cause.value.chinese for cause in Cause}) == len(Cause)
    assert len(Cause.__members__) == len(Cause)  # no two rows are equal


@pytest.mark.parametrize("cause", Cause)
def test_what_opens_at_once_needs_more_than_a_new_start(cause: Cause) -> None:
    assert cause.action is Action.RAMP or cause.latch is not Latch.NONE
    assert cause.value.is_fault == (cause.latch is not Latch.NONE)
    assert cause.key.replace("-", "_").upper() == cause.name


@pytest.mark.parametrize("cause", Cause)
def test_whoever_was_stopped_is_told_whose_doing_it_was_and_what_now(cause: Cause) -> None:
    advice = ADVICE[cause]
    for text in (advice.whose.value, advice.now):
        assert text.english
        assert text.chinese
    if cause.latch is Latch.SERVICE:
        assert advice.now in (ELSEWHERE, LEAVE)  # nothing that the driver does makes it work again
    if cause.value.reason in (StopReason.LOCAL, StopReason.REMOTE):
        assert advice.whose is Whose.PERSON
    if advice.whose is Whose.AGREED:
        assert not cause.value.is_fault


def test_rules_of_the_guard_that_have_a_cause_exist() -> None:
    assert set(GUARD_RULES) <= {rule.name for rule in RULES}


def test_statuses_have_words() -> None:
    assert {row.shows for row in TABLE.values()} == set(Status)
