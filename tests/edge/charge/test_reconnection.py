"""A dialogue that breaks begins anew, in jumping time: the charge goes on, or ends in order; the books stay one."""

from collections.abc import Callable

import msgspec
import pytest
from tests.edge.charge.watcher import Watcher
from tests.edge.charge.world import World

from chargelink.edge.charge.causes import Cause, Latch
from chargelink.edge.charge.events import Finished, RefusedError, Warned
from chargelink.edge.charge.phases import RECONNECTION, Phase, between
from chargelink.edge.drivers.board_state import OFF
from chargelink.gbt27930.catalogue import BY_NAME, Edition
from chargelink.gbt27930.causes import VehicleTimeout, flagged
from chargelink.gbt27930.ending import BEM
from chargelink.gbt27930.handshake import BHM
from chargelink.model import Caps
from chargelink.sim.bms import NOBODY
from chargelink.sim.vehicle_faults import Declared

ANEW = [Phase.BREAKING, Phase.REOPENING, Phase.EMPTYING, Phase.RECONNECTING, Phase.CONFIGURATION]
ANSWERS = between(Phase.CONFIGURATION, Phase.CHARGING)


class Opened(Watcher):
    """Notes the current, mA, at which K1K2 are told to open."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.at: list[int] = []

    def judge(self, facts: object, wants: object) -> None:
        closed = self.closed
        super().judge(facts, wants)  # type: ignore[arg-type]
        if closed and not self.closed:
            self.at.append(abs(self.world.circuit.facts.current))


def plugged(world: World, *faults: str, caps: Caps | None = None) -> World:
    world.until(Phase.AVAILABLE)
    world.plug(tuple(Declared.parse(fault) for fault in faults))
    world.until(Phase.LOCKED)
    world.authorise(caps)
    return world


def broken(world: World) -> list[tuple[Phase, str]]:
    return [(event.phase, event.detail) for event in world.events if isinstance(event, Warned)]


@pytest.mark.parametrize(("gap", "edition"), [(1.5, Edition.OF_2015), (6.0, Edition.OF_2015), (1.5, Edition.OF_2011)])
def test_a_charge_survives_a_bus_that_is_gone_for_a_while(gap: float, edition: Edition) -> None:
    world = World(target=900).charging(edition=edition)
    watcher = Opened(world)
    watcher.closed = watcher.charges = True
    charge = world.controller.charge
    assert charge is not None
    began, before = charge.began, charge.energy
    world.lose_bus(gap)
    assert world.phase in {*ANEW}
    world.until(Phase.CHARGING)
    world.run(3.0)
    assert world.circuit.facts.current > 50_000
    assert (charge.began, charge.reconnections) == (began, 1)
    assert charge.energy > before
    assert broken(world) == [(Phase.CHARGING, "bcl_timeout")]
    last = world.phases.index(Phase.CHARGING)
    way = [*between(Phase.BATTERY_CHECK, Phase.CHARGING)]
    assert world.phases[last + 1 :] == ANEW + sorted(way, key=[*Phase].index)
    world.stop()
    world.until(Phase.RELEASED)
    assert world.causes == [Cause.LOCAL]
    assert [event.charge for event in world.events if isinstance(event, Finished)] == [charge]
    assert charge.energy == pytest.approx(world._energy, abs=1)
    assert len(watcher.at) == 2
    assert max(watcher.at) <= 5_000
    assert (world.finished.vehicle.soc_start, world.finished.vehicle.vin) == (620, NOBODY)  # type: ignore[union-attr]


def test_the_modules_are_off_before_the_contactors_open() -> None:
    world = plugged(World(target=900))
    Watcher(world)
    world.until(Phase.CHARGING)
    world.bus_works = False
    world.until(Phase.BREAKING)
    assert not world.controller.wants.board.modules
    assert world.circuit.facts.k1k2_feedback


def test_what_the_vehicle_said_is_forgotten_but_for_what_stays_true() -> None:
    world = World(target=900).charging()
    before = world.controller.situation.vehicle
    world.bus_works = False
    world.until(Phase.CONFIGURATION)
    vehicle = world.controller.situation.vehicle
    assert (vehicle.battery, vehicle.asked, vehicle.ready, vehicle.identified) == (None, None, False, False)
    for name in ("vin", "handshake_limit", "soc", "soc_start", "told"):
        assert getattr(vehicle, name) == getattr(before, name) is not None


def test_nothing_flows_before_the_vehicle_said_both_what_it_wants_and_how_it_is() -> None:
    """BCL alone is no charge (10.3.1, 10.3.2)."""
    world = plugged(World(target=900), "silent-bcs")
    Watcher(world)
    world.until(Phase.RELEASED, within=60.0)
    assert Phase.READY in world.phases
    assert Phase.CHARGING not in world.phases
    assert world.finished is not None
    assert world.finished.charge.began is None
    assert world.finished.charge.energy == 0


def test_a_vehicle_that_fails_for_good_is_given_up_after_three_times() -> None:
    world = plugged(World(target=900), "silent-bcl@2")
    Watcher(world)
    world.until(Phase.RELEASED, within=60.0)
    assert world.finished is not None
    assert world.finished.stop == (Cause.COMMUNICATION, "bcl_timeout")
    assert world.finished.charge.reconnections == 3
    assert world.phases.count(Phase.RECONNECTING) == 3
    assert [phase for phase, _ in broken(world)] == [Phase.CHARGING, Phase.READY, Phase.READY]
    assert world.controller.latch is Latch.REPLUG
    with pytest.raises(RefusedError, match="pulled"):
        world.authorise()
    world.unplug()
    world.until(Phase.AVAILABLE)
    world.events.clear()
    world.charging()
    assert world.controller.charge is not None
    assert world.controller.charge.reconnections == 0


BEM_FRAME = (BY_NAME["BEM"].identifier, flagged(BEM, {VehicleTimeout.CML}).encode())


@pytest.mark.parametrize("phase", sorted(ANSWERS - {Phase.CONFIGURATION}))
def test_a_vehicle_that_reports_an_error_begins_anew_from_every_phase(phase: Phase) -> None:
    """The simulated car did not: it only notices when nobody answers it any more."""
    world = plugged(World(target=900))
    Watcher(world)
    world.until(phase)
    world.take(world.controller.receive(*BEM_FRAME, world.now))
    world.until(Phase.RECONNECTING, within=2.0)
    assert not world.circuit.facts.k1k2_feedback
    world.until(Phase.CHARGING, within=20.0)
    assert world.causes == []
    assert broken(world) == [(phase, "cts_cml_timeout")]


@pytest.mark.parametrize("fault", ["silent-brm", "silent-bcp", "silent-bro"])
def test_an_error_before_the_contactors_close_goes_back_to_the_recognition(fault: str) -> None:
    world = plugged(World(target=900), fault)
    Watcher(world)
    world.until(Phase.RECONNECTING, within=40.0)
    assert world.car is not None
    world.car._faults = ()
    world.until(Phase.CHARGING, within=20.0)
    assert world.phases.count(Phase.INSULATION_TEST) == 1
    assert world.phases.count(Phase.PRECHARGE) == 1
    assert world.causes == []


def test_a_sleeping_vehicle_is_woken_by_its_supply_and_tested_again() -> None:
    world = plugged(World(), "sleeps")
    Watcher(world)
    world.until(Phase.REWAKING, within=60.0)
    world.run(0.1)
    slept = world.now
    while not world.circuit.facts.k3k4_feedback:
        assert world.phase in (Phase.REWAKING, Phase.ENERGISING)
        world.step()
    assert 9.9 <= world.now - slept <= 10.3
    world.until(Phase.RELEASED)
    assert world.causes == [Cause.BATTERY_FULL]
    assert world.phases.count(Phase.INSULATION_TEST) == 2
    assert world.finished is not None
    assert world.finished.charge.reconnections == 0


def test_a_vehicle_that_does_not_even_wake_is_given_up() -> None:
    world = plugged(World(), "silent")
    world.until(Phase.RELEASED, within=120.0)
    assert world.phases.count(Phase.REWAKING) == 1
    assert world.phases.count(Phase.RECONNECTING) == 4
    assert world.causes == [Cause.COMMUNICATION]
    assert world.finished is not None
    assert world.finished.charge.energy == 0


def arrive(phase: Phase) -> World:
    """A charge that is interrupted, in one of the phases of that."""
    if phase is Phase.REWAKING:
        world = plugged(World(), "sleeps")
        world.until(phase, within=60.0)
        return world
    world = World(target=900).charging()
    world.bus_works = False
    if phase is Phase.RECONNECTING:
        world.overridden["outside_voltage"] = 61_000  # it has to wait there
    world.until(phase, within=5.0)
    return world


Mishap = Callable[[World], None]
ANYWHERE: list[tuple[Mishap, Cause]] = [
    (lambda world: world.stop(Cause.LOCAL), Cause.LOCAL),
    (lambda world: setattr(world.circuit.surroundings, "e_stop", True), Cause.EMERGENCY_STOP),
]
MEANWHILE: list[tuple[Mishap, Cause]] = [
    (lambda world: setattr(world.circuit.surroundings, "door_open", True), Cause.DOOR_OPEN),
    (lambda world: world.overridden.update(cc1=12_000), Cause.CONNECTION_LOST),
    (lambda world: world.overridden.update(lock_feedback=False), Cause.LOCK_LOST),
    (lambda world: setattr(world, "board_answers", False), Cause.BOARD_SILENT),
]
STOPS = [(phase, *one) for one in ANYWHERE for phase in sorted(RECONNECTION)] + [
    (Phase.RECONNECTING, *one) for one in MEANWHILE
]


@pytest.mark.parametrize(("phase", "mishap", "cause"), STOPS)
def test_a_charge_that_is_interrupted_is_stopped_like_any_other(phase: Phase, mishap: Mishap, cause: Cause) -> None:
    world = arrive(phase)
    mishap(world)
    world.run(0.6)
    assert world.controller.stopped
    assert world.controller.stopped.cause is cause
    assert not world.circuit.facts.k1k2_feedback
    world.overridden.pop("outside_voltage", None)
    world.until(Phase.RELEASED, Phase.HELD, within=60.0)
    assert world.finished is not None
    assert world.finished.stop.cause is cause
    assert world.controller.latch is cause.latch
    assert world.finished.charge.energy == pytest.approx(world._energy, abs=1)
    assert world.controller.wants.board in (OFF, OFF._replace(lock=True))


def test_a_plug_that_is_pulled_meanwhile() -> None:
    world = arrive(Phase.RECONNECTING)
    world.overridden.clear()
    world.unplug()
    world.until(Phase.SAFE_VOLTAGE)
    assert world.causes == [Cause.BUTTON_PRESSED]  # 6 V say the same


def test_a_vehicle_that_comes_back_as_another_is_not_charged() -> None:
    world = World(target=900).charging()
    world.lose_bus(1.5)
    vehicle = world.car._vehicle if world.car else None
    assert vehicle is not None
    vehicle.identity = msgspec.structs.replace(vehicle.identity, vin="LSV00000000000001")
    world.until(Phase.RELEASED, Phase.HELD)
    assert world.causes == [Cause.OTHER_VEHICLE]
    assert world.phases.count(Phase.PRECHARGE) == 1
    assert world.finished is not None
    assert world.finished.vehicle.vin == NOBODY  # the session is that of the first


def test_a_vehicle_whose_contactors_stay_closed_is_not_tried_again_and_held() -> None:
    world = arrive(Phase.RECONNECTING)
    world.until(Phase.HELD, within=60.0)
    assert world.finished is not None
    assert world.finished.stop.cause is Cause.VEHICLE_CONTACTOR
    assert world.finished.charge.reconnections == 0
    world.run(10.0)
    assert world.phase is Phase.HELD
    assert world.circuit.facts.lock_feedback


def test_contactors_of_the_charger_that_weld_are_found_out() -> None:
    world = World(target=900).charging()
    world.circuit.k1k2.welded = True
    world.lose_bus(1.5)
    world.until(Phase.HELD, Phase.RELEASED, within=60.0)
    assert world.causes[0] is Cause.CONTACTOR_WELDED
    assert world.controller.latch is Latch.SERVICE
    assert Phase.RECONNECTING not in world.phases


def test_an_inside_that_hangs_on_the_battery_is_bled_for_no_longer_than_a_second() -> None:
    world = arrive(Phase.REOPENING)
    world.overridden["inside_voltage"] = 370_000
    world.until(Phase.EMPTYING)
    entered = world.now
    world.until(Phase.OPENING)
    assert world.now - entered <= 1.1
    assert world.causes == [Cause.CONTACTOR_WELDED]


def test_the_agreed_time_goes_on_meanwhile() -> None:
    world = plugged(World(capacity=4_000_000, target=900), caps=Caps(minutes=1))
    world.until(Phase.CHARGING)
    world.run(57.0)
    world.bus_works = False
    world.until(Phase.RELEASED, Phase.HELD, within=20.0)
    assert world.causes == [Cause.TIME_REACHED]
    assert world.finished is not None
    assert 60.0 <= world.finished.charge.seconds(world.now) < 60.5


def test_a_limit_that_comes_late_holds_for_the_test_under_way() -> None:
    """No BHM for 10 s means 500 V; a vehicle that then says less is never tested with more."""
    world = World()
    world.until(Phase.AVAILABLE)
    world.plug(edition=Edition.OF_2011)
    world.until(Phase.LOCKED)
    world.authorise()
    world.until(Phase.TEST_VOLTAGE)
    world.take(world.controller.receive(0x182756F4, BHM(420_000).encode(), world.now))
    assert world.controller.wants.board.voltage_set == 420_000
    world.until(Phase.INSULATION_TEST)
    assert world.circuit.facts.inside_voltage <= 420_000
    world.until(Phase.CONFIGURATION)
