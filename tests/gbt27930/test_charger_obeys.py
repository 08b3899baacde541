"""What a charger obeys although it is odd, what it does not, and the class in which a charge ends."""

from datetime import datetime

import pytest
from tests.gbt27930.charger_states import SILENCE, apply, charger_in, charger_of
from tests.gbt27930.opposite import BATTERY, Opposite

from chargelink.gbt27930.causes import ChargerCause
from chargelink.gbt27930.charger import Demand, Ended, Unreadable
from chargelink.gbt27930.charging import BCL, BSM
from chargelink.gbt27930.ending import BEM
from chargelink.gbt27930.faults import FaultClass
from chargelink.gbt27930.parameters import BCP
from chargelink.gbt27930.transport import Frame


def say_battery(tester: Opposite, field: str, value: int) -> None:
    values = {name: getattr(BATTERY, name) for name in BATTERY.__struct_fields__ if name != "flaws"}
    tester._endpoint.send(0x0600, BCP(**values | {field: value}).encode(checked=False), tester.now)
    tester.settle()


@pytest.mark.parametrize(
    ("field", "value", "state"),
    [
        ("soc", 1_010, "parameters"),
        ("nominal_energy", 2_000_000_000, "parameters"),
        ("max_cell_voltage", 25_000, "parameters"),
        ("max_temperature", 2_010, "parameters"),
        ("max_charge_current", 10_000, "recognised"),
        ("max_total_voltage", 1_600_000, "recognised"),
        ("battery_voltage", 1_600_000, "recognised"),
    ],
)
def test_parameters_that_matter_have_to_be_in_range(field: str, value: int, state: str) -> None:
    tester = charger_in("recognised")
    say_battery(tester, field, value)
    assert tester.state == state
    assert isinstance(tester.events[-1], Unreadable) is (state == "recognised")


def test_a_demand_of_neither_mode_is_obeyed() -> None:
    """With either mode neither voltage nor current may exceed the demand."""
    tester = charger_in("charging")
    tester.say_frame(Frame(0x181056F4, BCL(400_000, -50_000, 7).encode(checked=False)))
    assert charger_of(tester).wants.current == 50_000


def test_a_limit_of_the_insulation_test_out_of_range_is_none() -> None:
    tester = charger_in("handshake")
    tester.say_frame(Frame(0x182756F4, b"\xff\xff"))
    assert isinstance(tester.events[-1], Unreadable)
    assert tester.state == "handshake"


@pytest.mark.parametrize("state", ["parameters", "preparing", "stopping", "statistics"])
def test_a_demand_outside_of_a_charge_is_none(state: str) -> None:
    tester = charger_in(state)
    before = len(tester.events)
    tester.say("BCL")
    assert not any(isinstance(event, Demand) for event in tester.events[before:])


def test_an_error_of_the_vehicle_that_names_none_is_none() -> None:
    tester = charger_in("charging")
    tester.say_message(BEM(0, 2, 0, 0, 0, 0, 0))  # untrusted (annex C)
    assert tester.state == "charging"


def test_a_battery_that_reports_its_insulation_needs_service() -> None:
    tester = charger_in("charging")
    tester.say_message(BSM(53, 310, 7, 280, 16, 0, 0, 0, 0, 1, 0, 1))
    tester.say("BST", "BSD")
    apply(tester, SILENCE)
    assert tester.events[-1] == Ended(FaultClass.C)


def test_a_pause_without_end_needs_the_plug_pulled() -> None:
    tester = charger_in("paused")
    tester.run(600.1, {"BCL": 0.05, "BCS": 0.25})
    tester.say("BST", "BSD")
    apply(tester, SILENCE)
    assert tester.events[-1] == Ended(FaultClass.B)


@pytest.mark.parametrize(
    ("cause", "fault"),
    [
        (ChargerCause.EMERGENCY_STOP, FaultClass.C),
        (ChargerCause.OVER_TEMPERATURE, FaultClass.A),
        (ChargerCause.CONDITION_REACHED, None),
    ],
)
def test_a_stop_ends_in_the_class_of_its_cause(cause: ChargerCause, fault: FaultClass | None) -> None:
    tester = charger_in("charging")
    tester.events += charger_of(tester).stop(tester.now, cause)
    tester.say("BST", "BSD")
    apply(tester, SILENCE)
    assert tester.events[-1] == Ended(fault)


def test_a_vehicle_that_stays_ready_is_prepared_for_as_long_as_it_takes() -> None:
    """Pre-charging has no limit of its own: BRO(AA) feeds the wait (DN.2007)."""
    tester = charger_in("preparing")
    tester.run(30.0, {"BRO(AA)": 0.25})
    assert tester.state == "preparing"


def test_a_demand_in_a_pause_counts_when_it_is_over() -> None:
    tester = charger_in("paused")
    tester.say_message(BCL(405_000, -80_000, 2))
    assert isinstance(tester.events[-1], Demand)
    assert charger_of(tester).wants.current == 0
    tester.say("BSM")
    assert (charger_of(tester).wants.voltage, charger_of(tester).wants.current) == (405_000, 80_000)


def test_the_next_charge_has_its_own_statistics_and_time() -> None:
    """A charge that ended in order lets the next one begin without a new plug."""
    tester = charger_in("charging")
    charger = charger_of(tester)
    charger.statistics(12, 3_000_000)
    for stimulus in ("stop", "BST", "BSD", SILENCE):
        apply(tester, stimulus)
    assert tester.times("CSD")
    said = len(tester.said)
    tester.events += charger.start(tester.now, datetime(2026, 11, 20, 8, 30, 15))
    for stimulus in ("BHM", "insulation done", "BRM", "BCP", "BRO(AA)", "ready", "BCL", "BCS", "stop", "BST", "BSD"):
        apply(tester, stimulus)
    names = [one.name for one in tester.said[said:]]
    assert "CSD" not in names  # nobody said yet what this one took
    (time, *_) = [one.payload for one in tester.said[said:] if one.name == "CTS"]
    assert time == bytes.fromhex("15300820112620")
