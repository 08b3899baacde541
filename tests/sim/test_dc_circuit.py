"""The inside of a charger: rates, limits, energy, and everything that opens. Time is an argument; nothing waits."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sim.cabinet import CAR, IDLE_CAR, OCV, RESISTANCE, Cabinet

from chargelink.sim.cable import SILENT, VehicleSide
from chargelink.sim.contactor import BOUNCES, CLOSES_AFTER, OPENS_AFTER, Contactor
from chargelink.sim.dc_circuit import Commands, Facts
from chargelink.sim.one_shot import OneShot

MS = 0.001


@pytest.mark.parametrize(
    ("plugged", "button", "cc1"),
    [(False, False, 6_000), (False, True, 12_000), (True, True, 6_000), (True, False, 4_000)],
)
def test_detection_point_1(plugged: bool, button: bool, cc1: int) -> None:
    cabinet = Cabinet(VehicleSide(plugged=plugged, k5k6=False, ocv=OCV, resistance=RESISTANCE))
    cabinet.circuit.surroundings.button = button
    assert cabinet.run(0.1).cc1 == cc1


def test_a_contactor_takes_its_time_and_bounces() -> None:
    contactor = Contactor()
    contactor.drive(True, 1.0)
    assert not contactor.closed(1.0 + CLOSES_AFTER - MS / 2)
    touches = [contactor.closed(1.0 + CLOSES_AFTER + at * MS / 4 + MS / 8) for at in range(round(BOUNCES / MS * 4) + 8)]
    assert touches[0]
    assert all(touches[-4:])
    assert sum(first != second for first, second in pairwise(touches)) == 2  # a gap, and closed again
    contactor.drive(False, 2.0)
    assert contactor.closed(2.0 + OPENS_AFTER - MS / 2)
    assert not contactor.closed(2.0 + OPENS_AFTER)


def test_a_coil_that_is_too_short_on_closes_nothing() -> None:
    contactor = Contactor()
    contactor.drive(True, 1.0)
    contactor.drive(False, 1.0 + CLOSES_AFTER / 2)
    assert not any(contactor.closed(1.0 + at * MS) for at in range(100))


def test_the_voltage_rises_by_2_kv_a_second() -> None:
    cabinet = Cabinet(IDLE_CAR)
    cabinet.command(ac_contactor=1)
    cabinet.run(0.1)
    cabinet.command(modules=1, voltage_set=500_000, current_limit=10_000)
    assert cabinet.run(0.1).inside_voltage == pytest.approx(200_000, rel=0.02)
    assert cabinet.run(0.5).inside_voltage == pytest.approx(500_000, abs=10)


def test_the_current_rises_by_200_a_a_second_to_its_limit() -> None:
    cabinet = Cabinet()
    assert cabinet.charge(current=0).current == pytest.approx(0, abs=10)
    cabinet.command(current_limit=100_000)
    assert cabinet.run(0.1).current == pytest.approx(20_000, rel=0.1)
    assert cabinet.run(0.5).current == pytest.approx(100_000, abs=10)
    cabinet.command(current_limit=5_000)
    assert cabinet.run(0.1).current == pytest.approx(80_000, rel=0.05)
    assert cabinet.run(0.5).current == pytest.approx(5_000, abs=10)


def test_the_current_tapers_at_the_set_voltage() -> None:
    assert Cabinet().charge(voltage=OCV + 3_000).current == pytest.approx(50_000, abs=20)  # 3 V over 60 mohm


def test_nothing_flows_back() -> None:
    cabinet = Cabinet()
    cabinet.charge()
    cabinet.command(voltage_set=100_000)
    assert -10 <= cabinet.run(1.0).current <= 0  # the preload's 4 mA


def test_energy_is_in_balance() -> None:
    """What leaves the outlet is what the battery stores and what its resistance burns."""
    cabinet = Cabinet()
    cabinet.charge()
    out = stored = burnt = 0.0
    for _ in range(2_000):
        facts = cabinet.run(MS, every=MS)
        ampere = facts.current / 1000
        out += facts.outside_voltage / 1000 * ampere * MS
        stored += OCV / 1000 * ampere * MS
        burnt += RESISTANCE / 1e6 * ampere**2 * MS
    assert out == pytest.approx(stored + burnt, rel=1e-5)
    assert out > 70_000  # J: some 100 A for two seconds


def test_k1k2_opens_when_the_permit_stops() -> None:
    cabinet = Cabinet()
    assert cabinet.charge().k1k2_feedback
    cabinet.pulses = False
    facts = cabinet.run(0.049, every=MS)
    assert facts.permit
    assert facts.k1k2_feedback
    assert not cabinet.run(2 * MS, every=MS).permit
    facts = cabinet.run(OPENS_AFTER + 2 * MS, every=MS)
    assert not facts.k1k2_feedback
    assert facts.current == 0
    assert cabinet.circuit.commands.k1k2  # though the coil was never taken back


def test_open_drops_contactor_and_modules_at_once() -> None:
    cabinet = Cabinet()
    cabinet.charge()
    cabinet.pulses = False
    cabinet.circuit.one_shot.hear(b"O", cabinet.now)
    facts = cabinet.run(OPENS_AFTER + 2 * MS, every=MS)
    assert (facts.permit, facts.k1k2_feedback, facts.current) == (False, False, 0)


def test_modules_off_leaves_the_contactor() -> None:
    cabinet = Cabinet()
    cabinet.charge()
    cabinet.circuit.one_shot.hear(b"M", cabinet.now)
    facts = cabinet.run(0.1)
    assert facts.k1k2_feedback
    assert facts.current == pytest.approx(0, abs=10)
    cabinet.pulses = False
    cabinet.run(0.1)
    cabinet.pulses = True
    assert cabinet.run(1.0).current > 90_000  # the permit began anew


@pytest.mark.parametrize("noise", [b"", b"p", b"PP", b"\0", b"RESET"])
def test_only_pulses_keep_the_permit(noise: bytes) -> None:
    one_shot = OneShot()
    one_shot.hear(b"P", 1.0)
    one_shot.hear(noise, 1.04)
    assert one_shot.present(1.049)
    assert not one_shot.present(1.051)


def test_a_welded_contactor_shows_itself() -> None:
    cabinet = Cabinet()
    cabinet.charge()
    cabinet.circuit.k1k2.welded = True
    cabinet.command(k1k2=0, modules=0, bleed=1)
    facts = cabinet.run(1.0)
    assert facts.k1k2_feedback
    assert facts.inside_voltage == facts.outside_voltage == pytest.approx(OCV, abs=100)


def test_after_a_stop_the_inside_is_bled_and_the_outside_stays() -> None:
    cabinet = Cabinet()
    cabinet.charge()
    cabinet.command(k1k2=0, modules=0, bleed=1)
    facts = cabinet.run(1.0)
    assert facts.inside_voltage < 60_000
    assert facts.outside_voltage == OCV


@pytest.mark.parametrize(("bleed", "safe"), [(1, True), (0, False)])
def test_1000_v_are_gone_in_a_second_only_with_the_bleed(bleed: int, safe: bool) -> None:
    cabinet = Cabinet(IDLE_CAR)
    cabinet.command(ac_contactor=1)
    cabinet.run(0.1)
    cabinet.command(modules=1, voltage_set=1_000_000, current_limit=10_000)
    assert cabinet.run(1.0).inside_voltage > 999_000
    cabinet.command(modules=0, bleed=bleed)
    assert (cabinet.run(1.0).inside_voltage < 60_000) is safe


@pytest.mark.parametrize("hazard", ["e_stop", "door_open"])
def test_e_stop_and_door_take_the_supply_away(hazard: str) -> None:
    cabinet = Cabinet()
    cabinet.charge()
    setattr(cabinet.circuit.surroundings, hazard, True)
    facts = cabinet.run(0.1)
    assert getattr(facts, hazard)
    assert not facts.ac_feedback
    assert facts.current == pytest.approx(0, abs=10)


def test_modules_that_fail_stop() -> None:
    cabinet = Cabinet()
    cabinet.charge()
    cabinet.circuit.surroundings.module_fault = True
    facts = cabinet.run(0.1)
    assert facts.module_fault
    assert facts.current == pytest.approx(0, abs=10)


def test_modules_warm_with_the_current() -> None:
    cabinet = Cabinet()
    cold = cabinet.charge().module_temperature
    assert cold < cabinet.run(60.0).module_temperature < 500


def test_the_lock_takes_a_third_of_a_second_and_needs_a_plug() -> None:
    cabinet = Cabinet(None)
    cabinet.command(lock=1)
    assert not cabinet.run(1.0).lock_feedback
    cabinet.vehicle = CAR
    assert not cabinet.run(0.2).lock_feedback
    assert cabinet.run(0.2).lock_feedback
    cabinet.command(lock=0)
    assert not cabinet.run(0.1).lock_feedback


def test_a_silent_vehicle_is_unplugged() -> None:
    cabinet = Cabinet()
    assert cabinet.charge().cc1 == 4_000
    cabinet.vehicle = None
    assert cabinet.run(SILENT - 0.02).cc1 == 4_000
    facts = cabinet.run(0.04)
    assert facts.cc1 == 6_000
    assert facts.current == 0


ACTIONS = st.one_of(
    st.sampled_from(["pulse", "pause", "unplug", "plug", "weld nothing"]),
    st.tuples(st.sampled_from(["ac_contactor", "k1k2", "modules", "bleed", "lock"]), st.booleans()),
    st.tuples(st.just("voltage_set"), st.integers(0, 1_000_000)),
    st.tuples(st.just("current_limit"), st.integers(0, 250_000)),
)


@given(st.lists(ACTIONS, max_size=30))
def test_whatever_is_commanded_nothing_flows_without_a_permit(actions: list[str | tuple[str, int]]) -> None:
    cabinet = Cabinet()
    cabinet.pulses = False
    last_pulse = -1.0
    for action in [("ac_contactor", 1), ("modules", 1), ("k1k2", 1), ("current_limit", 9_000), *actions]:
        if isinstance(action, tuple):
            cabinet.command(**{action[0]: int(action[1])})
        elif action == "pulse":
            cabinet.circuit.one_shot.hear(b"P", cabinet.now)
            last_pulse = cabinet.now
        elif action in ("plug", "unplug"):
            cabinet.vehicle = CAR if action == "plug" else None
        facts = cabinet.run(0.03, every=0.01)
        assert facts.permit == (cabinet.now < last_pulse + 0.05)
        if cabinet.now > last_pulse + 0.05 + OPENS_AFTER + 2 * MS:
            assert not facts.k1k2_feedback
            assert facts.current == 0


@given(st.lists(st.integers(1, 80), max_size=20))
def test_how_often_it_is_stepped_never_matters(steps: list[int]) -> None:
    chunks, fine = Cabinet(None), Cabinet(None)
    for cabinet in (chunks, fine):
        cabinet.circuit.connect(CAR, 0.0)
        cabinet.circuit.one_shot.hear(b"P", 0.0)
        cabinet.command(ac_contactor=1, k1k2=1, k3k4=1, modules=1, lock=1, voltage_set=400_000, current_limit=50_000)
    at = 0
    for step in steps:
        at += step
        chunks.circuit.step(at * MS)
    for milliseconds in range(at + 1):
        fine.circuit.step(milliseconds * MS)
    assert chunks.facts == fine.facts


def test_facts_and_commands_bear_the_names_of_the_map() -> None:
    from chargelink.io_board.registers import CURRENT_LIMIT, INPUTS, MEASURED, OUTPUTS, VOLTAGE_SET

    assert Facts._fields == tuple(point.name for point in (*INPUTS, *MEASURED))
    assert [*vars(Commands())] == [point.name for point in (*OUTPUTS, VOLTAGE_SET, CURRENT_LIMIT)]
