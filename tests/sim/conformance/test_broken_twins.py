"""Whatever is broken is caught, by the cases that are there for it, and no case falls over it."""

import pytest
from msgspec.structs import replace
from tests.sim.conformance import charger_twins, vehicle_twins
from tests.sim.conformance.twin import Broken

from chargelink.sim.conformance.figures import Side
from chargelink.sim.conformance.rehearsal import rehearse
from chargelink.sim.conformance.suite import CASES
from chargelink.sim.conformance.verdict import Verdict

LONG = "DP.3005"  # 10 minutes of a bus
CATCHES = [
    pytest.param(twin, case, id=f"{case}: {name}")
    for twins in (charger_twins.TWINS, vehicle_twins.TWINS)
    for name, twin in twins.items()
    for case in twin.caught_by.split()
]
OTHERS = {side: [case for case in CASES.values() if case.side is side and case.id != LONG] for side in Side}


@pytest.mark.parametrize(("twin", "case"), CATCHES)
def test_it_is_caught(twin: Broken, case: str) -> None:
    for trial in CASES[case].trials:
        result = rehearse(replace(CASES[case], trials=(trial,)), twin.device())
        if result.verdict is Verdict.FAIL:
            assert result.missed
            return
    raise AssertionError(f"not caught: {result.trials[-1].findings} {result.trials[-1].reason}")


@pytest.mark.parametrize("side", Side)
def test_no_case_falls_over_it(side: Side) -> None:
    """Each twin meets a case that is not there for it."""
    twins = list((charger_twins if side is Side.CHARGER else vehicle_twins).TWINS.values())
    others = OTHERS[side]
    for number, twin in enumerate(twins):
        assert rehearse(others[number * 7 % len(others)], twin.device()).trials


def test_every_case_catches_something() -> None:
    caught = {
        case
        for twins in (charger_twins.TWINS, vehicle_twins.TWINS)
        for twin in twins.values()
        for case in twin.caught_by.split()
    }
    assert caught == set(CASES)
