"""Every cell of the tables: each move, each wait at its edge, each watch in each of its phases."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.edge.charge.world import LIMITS

from chargelink.edge.charge import conditions as so
from chargelink.edge.charge.causes import Action, Cause
from chargelink.edge.charge.controller import Controller
from chargelink.edge.charge.events import Entered, Event
from chargelink.edge.charge.phases import LIVE, ORDER, TABLE, WATCHES, Move, Output, Phase, Watch, between
from chargelink.edge.charge.situation import UNKNOWN, Asked, Charge, Situation
from chargelink.edge.drivers.board_state import BoardFacts
from chargelink.gbt27930.parameters import BCP

BATTERY = BCP(4_200, -100_000, 40_000_000, 400_000, 550, 600, 370_000)
TEST_VOLTAGE = 400_000
EVERY = 0.1  # s between two looks at the board


BATTERY_ON_PLUG = between(Phase.BATTERY_CHECK, Phase.CUTTING) - {Phase.REWAKING}


def nominal(phase: Phase) -> dict[str, Any]:
    """What the board shows in a phase in which nothing happens."""
    outputs = TABLE[phase].outputs
    return {
        "ac_feedback": Output.AC in outputs,
        "k3k4_feedback": Output.AUXILIARY in outputs,
        "k1k2_feedback": Output.K1K2 in outputs or phase in (Phase.TEST_OPENING, Phase.REOPENING, Phase.OPENING),
        "lock_feedback": Output.LOCK in outputs or phase is Phase.UNLOCKING,
        "permit": Output.PERMIT in outputs,
        "cc1": 4_000,
        "outside_voltage": 370_000 if phase in BATTERY_ON_PLUG else 0,
        "inside_voltage": 0,
        "insulation": 20_000,
    }


Change = tuple[dict[str, Any], Callable[[Situation], None]]


def told(situation: Situation) -> None:
    """Nothing is told beside what the board shows."""


def facts(**shown: Any) -> Change:
    return shown, told


def says(change: Callable[[Situation], None]) -> Change:
    return {}, change


TRUE: dict[Callable[[Situation], bool], Change] = {
    so.plugged: facts(cc1=4_000),
    so.unplugged: facts(cc1=6_000),
    so.locked: facts(lock_feedback=True),
    so.unlocked: facts(lock_feedback=False),
    so.authorised: says(lambda situation: setattr(situation, "charge", Charge())),
    so.asked: says(lambda situation: setattr(situation, "asked", True)),
    so.awake: facts(k3k4_feedback=True),
    so.asleep: facts(k3k4_feedback=False),
    so.identified: says(lambda situation: setattr(situation.vehicle, "identified", True)),
    so.energised: facts(ac_feedback=True, k3k4_feedback=True),
    so.answered: says(lambda situation: setattr(situation.vehicle, "answered", True)),
    so.permitted: facts(permit=True),
    so.at_test_voltage: facts(inside_voltage=TEST_VOLTAGE - 10_000),
    so.insulated: facts(k1k2_feedback=True, outside_voltage=TEST_VOLTAGE, insulation=41),
    so.safe: facts(inside_voltage=59_999, outside_voltage=-59_999),
    so.inside_safe: facts(inside_voltage=59_999),
    so.contactors_open: facts(k1k2_feedback=False),
    so.contactors_closed: facts(k1k2_feedback=True),
    so.vehicle_ready: says(lambda situation: setattr(situation.vehicle, "ready", True)),
    so.battery_matches: facts(outside_voltage=370_000 - 18_500),
    so.precharged: facts(inside_voltage=370_000 - 1_000),
    so.broken_off: says(lambda situation: setattr(situation.vehicle, "broken_off", "bcl_timeout")),
    so.sleeps: says(lambda situation: setattr(situation.vehicle, "sleeps", True)),
    so.demanded: says(lambda situation: setattr(situation.vehicle, "asked", Asked(390_000, 50_000))),
    so.current_gone: facts(current=5_000),
    so.dialogue_over: says(lambda situation: setattr(situation.vehicle, "gone", True)),
    so.emergency_stop: facts(e_stop=True),
    so.door_open: facts(door_open=True),
    so.connection_lost: facts(cc1=12_000),
    so.button_pressed: facts(cc1=6_000),
    so.mains_lost: facts(ac_feedback=False),
    so.modules_failed: facts(module_fault=True),
    so.permit_lost: facts(permit=False),
    so.foreign_voltage: facts(outside_voltage=10_000),
    so.reversed_polarity: facts(outside_voltage=-10_000),
    so.battery_differs: facts(outside_voltage=370_000 + 18_600),
}
FALSE: dict[Callable[[Situation], bool], Change] = {
    so.plugged: facts(cc1=4_601),
    so.unplugged: facts(cc1=4_750),
    so.locked: facts(lock_feedback=False),
    so.authorised: says(lambda situation: setattr(situation, "charge", None)),
    so.awake: facts(k3k4_feedback=False),
    so.asleep: facts(k3k4_feedback=True),
    so.energised: facts(k3k4_feedback=False),
    so.permitted: facts(permit=False),
    so.at_test_voltage: facts(inside_voltage=TEST_VOLTAGE - 10_001),
    so.insulated: facts(outside_voltage=TEST_VOLTAGE, insulation=40),
    so.safe: facts(inside_voltage=60_000),
    so.inside_safe: facts(inside_voltage=-60_000),
    so.contactors_open: facts(k1k2_feedback=True),
    so.contactors_closed: facts(k1k2_feedback=False),
    so.battery_matches: facts(outside_voltage=370_000 - 18_501),
    so.precharged: facts(inside_voltage=370_000 - 999),
    so.current_gone: facts(current=5_001),
    so.unlocked: facts(lock_feedback=True),
}


class Bench:
    """A controller that was put into a phase, with everything as it should be and nothing under way."""

    def __init__(self, phase: Phase) -> None:
        self.now = 10.0
        self.events: list[Event] = []
        self.controller = Controller(self.now, LIMITS)
        situation = self.controller.situation
        situation.test_voltage = TEST_VOLTAGE
        situation.vehicle.gone = False
        situation.charge = Charge() if phase in LIVE else None
        situation.guard_state = "permit"
        if phase in BATTERY_ON_PLUG:
            situation.vehicle.battery = BATTERY
        self.controller.phase = phase
        self.shown = nominal(phase)
        for move in TABLE[phase].moves:
            self.make(FALSE.get(move.when, facts()))
        situation.heard, situation.board = True, self.seen()

    def make(self, change: Change) -> None:
        shown, say = change
        self.shown |= shown
        say(self.controller.situation)

    def seen(self) -> BoardFacts:
        return UNKNOWN._replace(at=self.now, **self.shown)

    def look(self) -> None:
        self.events += self.controller.see_board(self.seen(), self.now)
        self.events += self.controller.see_register(0, self.now)

    def run(self, seconds: float) -> None:
        """Look at the board again and again, the last time exactly at the end."""
        end = self.now + seconds
        start = self.controller.phase
        while self.now + EVERY < end and self.controller.phase is start:
            self.now += EVERY
            self.look()
        if self.controller.phase is start:
            self.now = end
            self.look()


def named(value: object) -> str:
    match value:
        case Move():
            return f"{value.when.__name__}-{value.to}"
        case Watch():
            return value.cause.key
    return str(value)


MOVES = [(phase, move) for phase, row in TABLE.items() for move in row.moves if move.when is not so.heard]


@pytest.mark.parametrize(("phase", "move"), MOVES, ids=named)
def test_moves(phase: Phase, move: Move) -> None:
    bench = Bench(phase)
    bench.look()
    assert bench.controller.phase is phase
    bench.make(TRUE[move.when])
    bench.look()
    if move.held:
        bench.run(move.held - 0.001)
        assert bench.controller.phase is phase
        bench.run(0.002)
    entered = [event.phase for event in bench.events if isinstance(event, Entered)]
    assert entered[:1] == [move.to]


def test_a_move_that_is_interrupted_begins_anew() -> None:
    bench = Bench(Phase.AVAILABLE)
    for _ in range(5):
        bench.make(TRUE[so.plugged])
        bench.look()
        bench.run(0.4)
        bench.make(FALSE[so.plugged])
        bench.run(0.1)
    assert bench.controller.phase is Phase.AVAILABLE


WAITS = [phase for phase, row in TABLE.items() if row.wait]


@pytest.mark.parametrize("phase", WAITS)
def test_waits(phase: Phase) -> None:
    wait = TABLE[phase].wait
    assert wait is not None
    bench = Bench(phase)
    bench.run(wait.seconds - 0.001)
    assert bench.controller.phase is phase
    bench.run(0.002)
    stopped = bench.controller.stopped
    assert stopped is not None
    assert stopped.cause is wait.cause
    assert went(bench, wait.to) if wait.to else ended(bench, phase, wait.cause)
    assert bench.controller.latch >= wait.cause.latch


def went(bench: Bench, target: Phase) -> bool:
    """It is there, or in the same moment went on from there."""
    return ORDER.index(bench.controller.phase) >= ORDER.index(target)


def ended(bench: Bench, phase: Phase, cause: Cause) -> bool:
    """It ends as fast as the cause demands: with contactors open there is nothing to bring down."""
    outputs, wants = TABLE[phase].outputs, bench.controller.wants.board
    if Output.K1K2 not in outputs or cause.action is Action.OPEN:
        return went(bench, Phase.OPENING) and not (wants.k1k2 or wants.modules)
    if cause.action is Action.CUT or Output.MODULES not in outputs:
        return went(bench, Phase.CUTTING) and not wants.modules
    return went(bench, Phase.RAMPING) and wants.current_limit == 0


WATCHED = [(watch, phase) for watch in WATCHES for phase in sorted(watch.phases)]


UNDER_WAY = {Phase.RAMPING: Action.RAMP, Phase.CUTTING: Action.CUT}


@pytest.mark.parametrize(("watch", "phase"), WATCHED, ids=named)
def test_watches(watch: Watch, phase: Phase) -> None:
    bench = Bench(phase)
    bench.look()
    bench.make(TRUE[watch.when])
    bench.make(facts(current=20_000))
    bench.look()
    if watch.held:
        bench.run(watch.held - 0.001)
        assert bench.controller.stopped is None
        bench.run(0.002)
    stopped = bench.controller.stopped
    if watch.cause.action <= UNDER_WAY.get(phase, 0):
        assert stopped is None
        return
    assert stopped is not None
    assert stopped.cause is watch.cause
    assert ended(bench, phase, watch.cause)


def test_the_first_cause_is_kept_and_a_stronger_one_only_makes_it_faster() -> None:
    bench = Bench(Phase.CHARGING)
    bench.make(facts(current=90_000))
    bench.look()
    phases = []
    for worse in (says(lambda _: None), facts(cc1=6_000), facts(cc1=4_000), facts(e_stop=True)):
        bench.make(worse)
        bench.look()
        bench.controller.stop(bench.now, Cause.LOCAL)
        phases.append(bench.controller.phase)
    assert phases == [Phase.RAMPING, Phase.CUTTING, Phase.CUTTING, Phase.OPENING]
    assert bench.controller.stopped
    assert bench.controller.stopped.cause is Cause.LOCAL
    assert bench.controller.latch is Cause.EMERGENCY_STOP.latch


def test_deadlines_lie_ahead_and_are_kept() -> None:
    """In no phase does the controller ask to be woken at a moment that is over: its driver would never rest."""
    for phase in Phase:
        bench = Bench(phase)
        bench.look()
        for _ in range(200):
            deadline = bench.controller.deadline
            if deadline is None or bench.now > 700:
                break
            assert deadline > bench.now, phase
            bench.now = deadline
            bench.controller.tick(deadline)
