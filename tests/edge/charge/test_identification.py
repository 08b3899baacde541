"""A start by VIN: the vehicle says who it is on its auxiliary supply alone, and sleeps, before a charge may begin."""

import pytest
from tests.edge.charge.world import World

from chargelink.edge.charge.causes import Cause, Latch
from chargelink.edge.charge.events import Identified, Noted, RefusedError, Wants
from chargelink.edge.charge.phases import ASKING, Phase
from chargelink.edge.drivers.board_state import OFF, BoardFacts
from chargelink.gbt27930.catalogue import Edition
from chargelink.sim.bms import NOBODY
from chargelink.sim.vehicle_faults import Declared

NO_LATCH, REPLUG = Latch.NONE, Latch.REPLUG


def asked(world: World, faults: tuple[Declared, ...] = (), edition: Edition = Edition.OF_2015) -> World:
    world.until(Phase.AVAILABLE)
    world.plug(faults, edition)
    world.until(Phase.LOCKED)
    world.take(world.controller.identify(world.now))
    return world


def said(world: World) -> list[str | None]:
    return [event.vin for event in world.events if isinstance(event, Identified)]


@pytest.mark.parametrize("edition", [Edition.OF_2015, Edition.OF_2011])
def test_it_says_its_vin_and_is_then_charged_from_the_beginning(edition: Edition) -> None:
    world = World()
    energised: set[str] = set()

    def watch(facts: BoardFacts, wants: Wants) -> None:
        if world.phase in ASKING:
            energised.update(name for name, value in wants.board._asdict().items() if value)

    world.watch = watch
    asked(world, edition=edition)
    world.until(Phase.WAKING)
    world.until(Phase.LOCKED, within=25.0)
    assert said(world) == [NOBODY]
    assert energised == {"lock", "k3k4"}
    assert world.controller.charge is None
    assert world.controller.wants.board == OFF._replace(lock=True)
    world.take(world.controller.authorise(world.now, world.register, vin=NOBODY))
    world.until(Phase.CHARGING)
    assert [phase for phase in world.phases if phase is Phase.INSULATION_TEST] == [Phase.INSULATION_TEST]
    world.until(Phase.RELEASED)
    assert world.causes == [Cause.BATTERY_FULL]


def test_it_is_asked_again_when_the_plug_stays_in() -> None:
    world = asked(World(target=900))
    world.until(Phase.RESTING)
    world.until(Phase.LOCKED)
    world.stop(Cause.VIN_REFUSED)
    world.until(Phase.RELEASED)
    assert world.controller.stopped is not None
    assert world.controller.stopped.cause is Cause.VIN_REFUSED
    assert world.finished is None  # there was no session
    world.take(world.controller.identify(world.now))
    world.until(Phase.RESTING)
    world.until(Phase.LOCKED)
    assert said(world) == [NOBODY, NOBODY]
    world.authorise()  # by a card, after all
    world.until(Phase.CHARGING)


def test_another_vehicle_than_the_one_that_was_authorised_is_not_charged() -> None:
    world = asked(World())
    world.until(Phase.RESTING)
    world.until(Phase.LOCKED)
    world.take(world.controller.authorise(world.now, world.register, vin="LSV00000000000001"))
    world.until(Phase.RELEASED)
    assert world.finished is not None
    assert world.finished.stop.cause is Cause.OTHER_VEHICLE
    assert world.finished.charge.energy == 0
    assert Phase.PRECHARGE not in world.phases


@pytest.mark.parametrize(
    ("fault", "cause"),
    [("silent-brm", Cause.NO_VIN), ("silent", Cause.NO_VIN)],
)
def test_a_vehicle_that_says_nothing_is_let_go(fault: str, cause: Cause) -> None:
    world = asked(World(), (Declared.parse(fault),))
    world.until(Phase.RELEASED, within=40.0)
    assert said(world) == []
    assert world.causes == [cause]
    assert [event.stop.detail for event in world.events if isinstance(event, Noted)] == ["brm_timeout"]  # not again
    assert world.controller.latch is NO_LATCH
    assert world.controller.refusal(world.now) == ""  # a card will do


MISHAPS = [
    ("e_stop", Cause.EMERGENCY_STOP),
    ("door_open", Cause.DOOR_OPEN),
    ("button", Cause.BUTTON_PRESSED),
]


@pytest.mark.parametrize("phase", [Phase.WAKING, Phase.GREETING, Phase.IDENTIFYING, Phase.RESTING])
@pytest.mark.parametrize(("thing", "cause"), MISHAPS)
def test_whatever_happens_meanwhile_takes_its_supply_off(phase: Phase, thing: str, cause: Cause) -> None:
    world = asked(World())
    world.until(phase)
    setattr(world.circuit.surroundings, thing, True)
    world.until(Phase.UNLOCKING, within=0.2)
    assert world.causes == [cause]
    assert world.controller.wants.board == OFF
    assert world.finished is None
    assert world.controller.latch is cause.latch
    world.run(1.0)
    assert not world.circuit.facts.k3k4_feedback


@pytest.mark.parametrize("phase", [Phase.GREETING, Phase.IDENTIFYING])
def test_somebody_stops_it(phase: Phase) -> None:
    world = asked(World())
    world.until(phase)
    with pytest.raises(RefusedError, match="asked for its VIN"):
        world.authorise()
    with pytest.raises(RefusedError, match="asked for its VIN"):
        world.controller.identify(world.now)
    world.stop(Cause.LOCAL)
    world.until(Phase.RELEASED, within=5.0)
    assert said(world) == []
    assert world.controller.situation.asked is False


def test_a_silent_board_lets_it_go() -> None:
    world = asked(World())
    world.until(Phase.GREETING)
    world.board_answers = False
    world.run(1.0)
    assert world.causes == [Cause.BOARD_SILENT]
    assert world.controller.wants.board == OFF


def test_its_vin_stands_in_no_words() -> None:
    world = asked(World())
    world.until(Phase.RESTING)
    assert NOBODY not in repr(world.controller.situation)
    world.until(Phase.LOCKED)
    world.take(world.controller.authorise(world.now, world.register, vin=NOBODY))
    assert NOBODY not in repr(world.controller.situation) + repr(world.events)
