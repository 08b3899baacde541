"""Every case of GB/T 34658 against our own two sides, in jumping time."""

import pytest

from chargelink.sim.conformance.case import Case
from chargelink.sim.conformance.rehearsal import ChargerDevice, rehearse
from chargelink.sim.conformance.suite import CASES
from chargelink.sim.conformance.verdict import Verdict


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_our_side_passes(case: Case) -> None:
    result = rehearse(case, ChargerDevice())
    assert result.verdict is Verdict.PASS, result.missed
    assert not result.unobserved
