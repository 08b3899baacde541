"""After a failure: CEM, a safe output, CRM(00) again, three times; waking; and what is refused after a fault."""

import pytest
from tests.gbt27930.charger_states import SILENCE, apply, charger_in, charger_of

from chargelink.gbt27930.charger import (
    Asleep,
    Ended,
    Reconnecting,
    Refused,
    Wanted,
)
from chargelink.gbt27930.faults import FaultClass


def test_it_begins_anew_three_times_when_the_output_is_safe() -> None:
    """Annex C, note 2: CEM for a second at least, then CRM(00), until it has failed four times."""
    tester = charger_in("charging")
    charger = charger_of(tester)
    for attempt in (1, 2, 3):
        before = len(tester.times("CEM"))
        tester.run(5.0 if attempt > 1 else 1.1)
        assert tester.state == "error"
        tester.events += charger.safe(tester.now)
        tester.run(0.8)
        assert tester.state == "error"
        tester.run(0.2)
        assert (tester.state, tester.events[-1]) == ("recognition", Reconnecting(attempt))
        assert len(tester.times("CEM")) - before == 5
        assert (tester.said[-1].name, tester.said[-1].payload[0]) == ("CRM", 0)
        assert (charger.vehicle, charger.battery, charger.demand) == (None, None, None)
    tester.run(6.1)
    tester.events += charger.safe(tester.now)
    assert tester.events[-1] == Ended(FaultClass.B)


def test_a_reconnected_charge_is_whole() -> None:
    tester = charger_in("interrupted")
    assert not tester.times("CEM")  # the vehicle said it
    for stimulus in ("safe", "BEM", "BST", "BRM", "BCP", "BRO(AA)", "ready", "BCL", "BCS"):  # two of them are stale
        apply(tester, stimulus)
    assert tester.state == "charging"
    assert charger_of(tester).wants == Wanted(True, True, False, False, True, 410_000, 100_000)


def test_a_failure_far_into_a_charge_still_waits_for_safety() -> None:
    """What was safe before a failure says nothing about after it."""
    tester = charger_in("charging")
    apply(tester, "safe")
    tester.run(9.0)
    assert tester.state == "failed"
    tester.run(4.0)
    assert tester.events[-1] == Ended(FaultClass.B)


def test_a_vehicle_of_which_nothing_was_heard_is_woken_once() -> None:
    tester = charger_in("waking")
    assert tester.events[-1] == Asleep()
    assert charger_of(tester).wants == Wanted(lock=True)
    tester.run(10.4)
    assert len(tester.times("CEM")) == 2  # of the failure; the silence before was one leap
    tester.run(0.1)
    assert tester.said[-1].name == "CHM"
    assert charger_of(tester).wants == Wanted(lock=True, auxiliary=True)
    for stimulus in ("silence", "insulation done", "silence", "silence", "safe"):
        apply(tester, stimulus)
    assert tester.state == "recognition"
    assert Reconnecting(1) in tester.events[-1:]


@pytest.mark.parametrize(
    ("last", "fault"),
    [
        (("stop", "BST", "BSD", SILENCE), None),
        (("BSM fault", "BST", "BSD", SILENCE), FaultClass.B),
        (("BST", "BSD", SILENCE), None),
        (("stop", "BSM fault", "BST", "BSD", SILENCE), None),  # it was over by then
        (("stop", SILENCE, SILENCE), FaultClass.B),
        (("end",), None),
    ],
)
def test_after_a_fault_no_charge_begins_until_the_plug_was_pulled(
    last: tuple[str, ...], fault: FaultClass | None
) -> None:
    """DP.4002."""
    tester = charger_in("charging")
    for stimulus in last:
        apply(tester, stimulus)
    assert tester.events[-1] == Ended(fault)
    apply(tester, "start")
    if fault is not None:
        assert tester.state == "ended"
        assert Refused(fault) in tester.events[-1:]
        apply(tester, "replugged")
        apply(tester, "start")
    assert tester.state == "handshake"
    assert tester.device.fault is None
