"""Every case of GB/T 34658 against our own two sides, in jumping time."""

import pytest

from chargelink.sim.conformance.case import Case
from chargelink.sim.conformance.figures import Side
from chargelink.sim.conformance.rehearsal import ChargerDevice, VehicleDevice, rehearse
from chargelink.sim.conformance.suite import CASES
from chargelink.sim.conformance.verdict import Verdict


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_our_side_passes(case: Case) -> None:
    result = rehearse(case, ChargerDevice() if case.side is Side.CHARGER else VehicleDevice())
    assert result.verdict is Verdict.PASS, result.missed
    assert not result.unobserved
    assert all(trial.findings for trial in result.trials)
