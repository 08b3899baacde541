"""Whole charges in jumping time, against the simulated circuit and a simulated car: how they go and how they end."""

from collections.abc import Callable

import pytest
from tests.edge.charge.world import LIMITS, World

from chargelink.edge.charge.causes import Cause, Latch
from chargelink.edge.charge.events import RefusedError, Warned
from chargelink.edge.charge.phases import LIVE, ORDER, RECONNECTION, Phase
from chargelink.edge.drivers.board_state import OFF
from chargelink.gbt27930.catalogue import Edition
from chargelink.model import Caps, StopReason
from chargelink.sim.vehicle_faults import Declared

SAFE = 60_000  # mV


def test_a_car_is_charged_until_it_has_enough() -> None:
    world = World().charging()
    world.until(Phase.RELEASED)
    live = [phase for phase in ORDER if phase in LIVE - RECONNECTION - {Phase.CUTTING}]
    start = world.phases.index(Phase.ENERGISING)
    assert world.phases[start : start + len(live)] == live
    finished = world.finished
    assert finished is not None
    assert finished.stop.cause is Cause.BATTERY_FULL
    assert finished.stop.cause.value.reason is StopReason.SOC_LIMIT_REACHED
    assert finished.charge.energy > 10_000
    assert (finished.vehicle.soc_start, finished.vehicle.soc) == (620, 660)
    assert finished.vehicle.vin == "LSIMULATED0000001"
    assert world.car is not None
    assert world.car.ended
    assert world.causes == [Cause.BATTERY_FULL]
    assert world.controller.wants.board == OFF


def test_energy_is_the_meters() -> None:
    world = World().charging()
    world.until(Phase.RELEASED)
    stored = world.battery.stored
    assert world.finished is not None
    assert world.finished.charge.energy == pytest.approx(stored, rel=0.1)


@pytest.mark.parametrize("cause", [Cause.LOCAL, Cause.REMOTE, Cause.SHUTDOWN])
def test_a_person_stops_and_the_current_is_gone_before_the_contactors_open(cause: Cause) -> None:
    world = World(target=900).charging()
    world.stop(cause)
    asked = world.now
    before = world.circuit.facts.current
    world.until(Phase.OPENING)
    assert before > 50_000
    assert abs(world.circuit.facts.current) <= 5_000
    assert world.now - asked <= before / 100_000 + 0.2  # 100 A/s, and two looks at the board
    world.until(Phase.RELEASED)
    assert world.finished is not None
    assert world.finished.stop.cause is cause
    assert world.controller.latch is Latch.NONE


def test_caps_of_energy_and_time_end_a_charge() -> None:
    for caps, cause in ((Caps(energy=50_000), Cause.ENERGY_REACHED), (Caps(minutes=1), Cause.TIME_REACHED)):
        world = World(capacity=4_000_000, target=900)
        world.until(Phase.AVAILABLE)
        world.plug()
        world.until(Phase.LOCKED)
        world.authorise(caps)
        world.until(Phase.RELEASED)
        assert world.finished is not None
        assert world.finished.stop.cause is cause
        charge = world.finished.charge
        if caps.energy:
            assert caps.energy <= charge.energy < caps.energy + 20_000  # the meter is read every second
        else:
            assert 60.0 <= charge.seconds(world.now) < 62.0


def test_a_cap_of_power_holds_the_current() -> None:
    world = World(target=900)
    world.until(Phase.AVAILABLE)
    world.plug()
    world.until(Phase.LOCKED)
    world.authorise(Caps(power=7_000_000))
    world.until(Phase.CHARGING)
    world.run(2.0)
    facts = world.circuit.facts
    assert 6_800_000 < facts.outside_voltage * facts.current / 1000 <= 7_010_000
    assert world.controller.wants.because == "session"


def test_a_vehicle_of_2011_is_tested_with_500_volts() -> None:
    world = World().charging(edition=Edition.OF_2011)
    assert world.controller.situation.test_voltage == 500_000
    world.until(Phase.RELEASED)
    assert world.causes == [Cause.BATTERY_FULL]


def test_low_insulation_warns_and_bad_insulation_refuses() -> None:
    world = World()
    world.circuit.surroundings.insulation = 150  # kohm at 403 V: 372 ohm per volt
    world.charging()
    assert [event.what for event in world.events if isinstance(event, Warned)] == ["insulation-low"]
    world = World()
    world.circuit.surroundings.insulation = 40
    world.until(Phase.AVAILABLE)
    world.plug()
    world.until(Phase.LOCKED)
    world.authorise()
    world.until(Phase.RELEASED)
    assert world.causes == [Cause.INSULATION]
    assert Phase.CONFIGURATION not in world.phases


def test_a_pause_of_the_vehicle_gives_no_current_and_goes_on() -> None:
    world = World(target=900).charging(faults=(Declared.parse("pauses@3+3"),))
    world.run(3.0)
    assert world.controller.wants.because == "vehicle pauses"
    assert world.circuit.facts.current < 1_000
    world.run(5.0)
    assert world.phase is Phase.CHARGING
    assert world.circuit.facts.current > 50_000


Mishap = Callable[[World], None]


def told(**facts: object) -> Mishap:
    return lambda world: world.overridden.update(facts)


def around(name: str) -> Mishap:
    return lambda world: setattr(world.circuit.surroundings, name, True)


def no_permit(world: World) -> None:
    world.guards = False


def trips(world: World) -> None:
    world.tripped = "over-voltage"
    world.take(world.controller.see_guard("tripped", "over-voltage", world.now))


MISHAPS: list[tuple[Mishap, Cause]] = [
    (around("e_stop"), Cause.EMERGENCY_STOP),
    (around("door_open"), Cause.DOOR_OPEN),
    (around("module_fault"), Cause.MODULES_FAILED),
    (around("button"), Cause.BUTTON_PRESSED),
    (told(cc1=12_000), Cause.CONNECTION_LOST),
    (told(cc1=0), Cause.CONNECTION_LOST),
    (told(cc1=4_900), Cause.CONNECTION_LOST),
    (told(lock_feedback=False), Cause.LOCK_LOST),
    (told(ac_feedback=False), Cause.MAINS_LOST),
    (told(k1k2_feedback=False), Cause.CONTACTOR_REFUSED),
    (no_permit, Cause.PERMIT_LOST),
    (trips, Cause.OVER_VOLTAGE),
    (lambda world: setattr(world, "meter_answers", False), Cause.METER_SILENT),
    (lambda world: setattr(world, "board_answers", False), Cause.BOARD_SILENT),
]


@pytest.mark.parametrize(("mishap", "cause"), MISHAPS)
def test_mishaps_while_charging(mishap: Mishap, cause: Cause) -> None:
    world = World(target=900).charging()
    mishap(world)
    world.until(Phase.RAMPING, Phase.CUTTING, Phase.OPENING, within=6.0)
    assert world.controller.stopped
    assert world.controller.stopped.cause is cause
    world.until(Phase.SAFE_VOLTAGE, Phase.HELD, within=40.0)
    assert world.finished is not None
    assert world.finished.stop.cause is cause
    assert world.finished.charge.energy > 0
    assert not world.circuit.facts.k1k2_feedback
    assert world.controller.latch >= cause.latch > Latch.NONE


@pytest.mark.parametrize("phase", [phase for phase in ORDER if phase in LIVE - RECONNECTION - {Phase.CUTTING}])
def test_the_emergency_stop_in_every_phase(phase: Phase) -> None:
    world = World(target=650)
    world.until(Phase.AVAILABLE)
    world.plug()
    world.until(Phase.LOCKED)
    world.authorise()
    world.until(phase)
    world.circuit.surroundings.e_stop = True
    pressed = world.now
    world.until(Phase.OPENING, within=0.1)
    world.run(0.03)
    assert not world.circuit.facts.k1k2_feedback
    assert world.now - pressed <= 0.1
    world.until(Phase.RELEASED, within=30.0)
    assert Cause.EMERGENCY_STOP in world.causes
    world.circuit.surroundings.e_stop = False
    world.unplug()
    world.until(Phase.OUT_OF_SERVICE)
    assert world.controller.refusal(world.now) == "out of service"
    world.take(world.controller.reset(world.now))
    assert world.phase is Phase.AVAILABLE


FAULTS = [
    ("silent-brm", Cause.COMMUNICATION, "brm_timeout"),
    ("silent-bcp", Cause.COMMUNICATION, "bcp_timeout"),
    ("silent-bro", Cause.COMMUNICATION, "bro_timeout"),
    ("silent-bcl@2", Cause.COMMUNICATION, "bcl_timeout"),
    ("silent-bcs@2", Cause.COMMUNICATION, "ccs_timeout"),
    ("silent@2", Cause.COMMUNICATION, "brm_timeout"),
    ("deaf@2", Cause.COMMUNICATION, "brm_timeout"),
    ("over-temperature@2", Cause.VEHICLE_FAULT, ""),
    ("cell-over-voltage@2", Cause.VEHICLE_FAULT, ""),
]


@pytest.mark.parametrize(("fault", "cause", "detail"), FAULTS)
def test_faults_of_the_vehicle(fault: str, cause: Cause, detail: str) -> None:
    world = World(target=900)
    world.until(Phase.AVAILABLE)
    world.plug((Declared.parse(fault),))
    world.until(Phase.LOCKED)
    world.authorise()
    world.until(Phase.RELEASED, Phase.HELD)
    assert world.finished is not None
    assert world.finished.stop.cause is cause
    assert detail in world.finished.stop.detail
    assert world.controller.latch is Latch.REPLUG


@pytest.mark.parametrize(
    "fault", ["silent-bst@2", "silent-bsd", "ignores-csd", "ignores-cst@2", "padded", "untrusted", "other-priority"]
)
def test_a_stop_ends_whatever_the_vehicle_says(fault: str) -> None:
    world = World(target=900).charging(faults=(Declared.parse(fault),))
    world.run(1.0)
    world.stop()
    world.until(Phase.RELEASED, within=40.0)
    assert world.finished is not None
    assert world.finished.stop.cause is Cause.LOCAL


def test_a_gun_whose_contactors_weld_is_locked_while_there_is_voltage_and_out_of_service_then() -> None:
    world = World(target=900).charging()
    world.circuit.k1k2.welded = True
    world.stop()
    world.until(Phase.SAFE_VOLTAGE)
    assert Cause.CONTACTOR_WELDED in world.causes
    assert world.finished is not None
    assert world.finished.stop.cause is Cause.LOCAL  # the first cause is kept
    world.until(Phase.RELEASED, Phase.HELD, within=60.0)
    world.unplug()
    world.circuit.k1k2.welded = False
    world.until(Phase.OUT_OF_SERVICE, within=120.0)


def test_voltage_on_the_plug_holds_the_lock() -> None:
    world = World(target=900).charging()
    world.stop()
    world.until(Phase.STATISTICS)
    world.overridden["outside_voltage"] = 61_000  # the vehicle's contactors weld
    world.until(Phase.HELD)
    assert Cause.VEHICLE_CONTACTOR in world.causes
    world.run(30.0)
    assert world.phase is Phase.HELD
    assert world.controller.wants.board.lock
    assert world.circuit.facts.lock_feedback
    world.overridden.clear()
    world.until(Phase.RELEASED)


def test_a_board_that_stays_away_ends_the_charge_in_the_books() -> None:
    world = World(target=900).charging()
    world.board_answers = False
    world.until(Phase.HELD, within=40.0)
    assert world.finished is not None
    world.board_answers = True
    world.until(Phase.RELEASED)
    assert Cause.CONTACTOR_WELDED not in world.causes  # nobody looked, so nobody judges


def test_nothing_begins_without_a_reason_to_believe_that_it_may() -> None:
    world = World()
    around = world.circuit.surroundings

    def refused(reason: str) -> None:
        world.run(0.1)
        with pytest.raises(RefusedError, match=reason):
            world.authorise()

    world.until(Phase.AVAILABLE)
    refused("nothing is plugged in")
    world.plug()
    world.until(Phase.LOCKED)
    around.e_stop = True
    refused("the emergency stop is pressed")
    around.e_stop, around.door_open = False, True
    refused("the cabinet is open")
    around.door_open = False
    trips(world)
    refused("the guard has tripped")
    world.tripped = None
    world.take(world.controller.see_guard("silent", None, world.now))
    refused("the guard does not answer")
    world.take(world.controller.see_guard("armed", None, world.now))
    world.run(0.1)
    world.authorise()
    refused("under way")


def test_after_a_fault_the_plug_must_be_pulled_after_a_stop_it_need_not() -> None:
    world = World(target=900).charging()
    world.stop()
    world.until(Phase.RELEASED)
    world.plug()  # the BMS begins anew
    world.authorise()
    world.until(Phase.CHARGING)
    world.run(1.0)
    world.circuit.surroundings.door_open = True
    world.until(Phase.RELEASED)
    world.circuit.surroundings.door_open = False
    world.run(0.1)
    with pytest.raises(RefusedError, match="pulled"):
        world.authorise()
    world.unplug()
    world.until(Phase.AVAILABLE)
    world.plug()
    world.until(Phase.LOCKED)
    world.authorise()
    world.until(Phase.CHARGING)


def test_limits_of_the_charger_that_fit_no_battery_refuse_it() -> None:
    world = World(limits=LIMITS._replace(min_voltage=420_000))
    world.until(Phase.AVAILABLE)
    world.plug()
    world.until(Phase.LOCKED)
    world.authorise()
    world.until(Phase.RELEASED)
    assert world.causes == [Cause.VOLTAGE_RANGE]
    assert Phase.TEST_VOLTAGE not in world.phases


@pytest.mark.parametrize(
    ("fact", "cause"),
    [({"outside_voltage": 300_000}, Cause.BATTERY_VOLTAGE), ({"outside_voltage": -370_000}, Cause.POLARITY)],
)
def test_a_battery_that_is_not_what_it_said(fact: dict[str, int], cause: Cause) -> None:
    world = World()
    world.until(Phase.AVAILABLE)
    world.plug()
    world.until(Phase.LOCKED)
    world.authorise()
    world.until(Phase.CONFIGURATION)
    world.overridden.update(fact)
    world.until(Phase.OPENING)
    assert world.causes == [cause]
    assert Phase.CLOSING not in world.phases


def test_implausible_facts_are_as_good_as_none() -> None:
    world = World(target=900).charging()
    facts = world.facts()._replace(current=999_999_999, implausible=frozenset({"current"}))
    world.board_answers = False
    for _ in range(60):
        world.run(0.01)
        world.take(world.controller.see_board(facts, world.now))
    assert world.causes == [Cause.BOARD_SILENT]


@pytest.mark.parametrize("shown", [-300, 1_200_000])
def test_a_voltage_that_nobody_can_make_is_never_asked_for(shown: int) -> None:
    world = World().charging()
    asked: list[tuple[Phase, int]] = []
    world.watch = lambda _, wants: asked.append((world.phase, wants.board.voltage_set))
    world.stop()
    world.overridden["outside_voltage"] = shown
    world.until(Phase.OPENING)
    assert {phase for phase, _ in asked} >= {Phase.RAMPING}
    assert all(0 <= voltage <= 750_000 for _, voltage in asked)


def test_a_charge_that_is_stopped_before_the_board_is_looked_at_again_does_not_begin() -> None:
    world = World().charging()
    world.stop()
    world.until(Phase.RELEASED)
    world.step()
    world.events.clear()
    world.authorise()
    assert world.phase is Phase.RELEASED
    world.stop(Cause.REMOTE)
    world.run(3.0)
    assert world.finished
    assert world.finished.stop.cause is Cause.REMOTE
    assert Phase.ENERGISING not in world.phases
    assert world.phase is Phase.RELEASED
