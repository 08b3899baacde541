"""People and mishaps in any order: what must never be, is never, and the dangerous state was really visited.

The watcher knows nothing of the controller's conditions: it remembers what the board showed and judges by that.
"""

from collections import Counter

from hypothesis import HealthCheck, settings
from hypothesis import Phase as Step
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from tests.edge.charge.world import World

from chargelink.edge.charge.causes import Cause
from chargelink.edge.charge.events import RefusedError, Wants
from chargelink.edge.charge.phases import ASKING, ENDING, Phase
from chargelink.edge.drivers.board_state import OFF, BoardFacts
from chargelink.sim.vehicle_faults import Declared

visited: Counter[str] = Counter()

GLITCHES = [
    {"cc1": 6_000},
    {"cc1": 12_000},
    {"lock_feedback": 0},
    {"ac_feedback": 0},
    {"outside_voltage": 55_000},
    {"outside_voltage": 378_000},
    {"inside_voltage": 0},
    {"k1k2_feedback": 1},
]


class Watcher:
    """Looks at every reading of the board and at what is wanted after it."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.watch = self.judge
        self.locked_at = 0.0
        self.battery_since: float | None = None
        self.precharged = False  # inside was within the window at the last look before closing
        self.closed = False
        self.charges = False  # closed on a battery, not for the insulation test

    def judge(self, facts: BoardFacts, wants: Wants) -> None:
        at, k1k2, lock, current = facts.at, wants.board.k1k2, wants.board.lock, wants.board.current_limit
        controller = self.world.controller
        battery = controller.situation.vehicle.battery
        matches = (
            battery is not None
            and abs(facts.outside_voltage - battery.battery_voltage) <= battery.battery_voltage * 0.05
        )
        self.battery_since = (self.battery_since or at) if matches else None
        if controller.charge is None and controller.phase not in ENDING:  # idle means dead
            dead = wants.board._replace(lock=False, k3k4=wants.board.k3k4 and controller.phase not in ASKING)
            assert dead == OFF
            assert not wants.permit
            visited["asked"] += wants.board.k3k4
        self.locked_at = at if facts.lock_feedback else self.locked_at
        difference = facts.inside_voltage - facts.outside_voltage
        if k1k2:
            visited["closed"] += 1
            assert 3_250 <= facts.cc1 <= 4_750 or (5_200 <= facts.cc1 <= 6_800 and current == 0)
            assert at - self.locked_at <= 0.25 or current == 0
            assert not facts.e_stop
            assert not facts.door_open
            assert controller.charge is not None
            if not self.closed:
                assert facts.lock_feedback
                assert facts.permit
                self.charges = battery is not None
                if self.charges:
                    assert -10_000 <= difference <= -1_000
                    assert self.battery_since is not None
                    assert at - self.battery_since >= 0.5
            if self.charges:
                visited["closed on a battery"] += 1
        if current and self.charges:
            visited["current"] += 1
        self.closed = k1k2
        if not lock and (abs(facts.outside_voltage) >= 60_000 or abs(facts.inside_voltage) >= 60_000):
            assert not facts.lock_feedback, "unlocked with voltage on the plug"


class People(RuleBasedStateMachine):
    """What can happen at a charger."""

    @initialize(
        soc=st.integers(100, 950),
        fault=st.sampled_from(["", "silent-bcl@1", "pauses@1+2", "silent-bsd", "over-temperature@1"]),
    )
    def begin(self, soc: int, fault: str) -> None:
        self.world = World(soc=soc, target=970)
        self.watcher = Watcher(self.world)
        self.faults = (Declared.parse(fault),) if fault else ()
        self.starts = soc % 3
        self.world.until(Phase.AVAILABLE)

    @rule()
    def advance(self) -> None:
        """The next legal step: chance alone would never close a contactor."""
        world = self.world
        match world.phase:
            case Phase.AVAILABLE:
                world.plug(self.faults)
                self.world.run(1.0)
            case Phase.LOCKED:
                self.starts += 1
                (self.authorise if self.starts % 3 else self.identify)()
            case Phase.RELEASED:
                world.unplug()
                self.world.run(1.0)
            case Phase.OUT_OF_SERVICE:
                world.circuit.surroundings.e_stop = world.circuit.surroundings.door_open = False
                world.tripped = None
                world.take(world.controller.see_guard("armed", None, world.now))
                self.world.run(0.2)
                world.take(world.controller.reset(world.now))
            case _:
                self.world.run(3.0)

    @rule()
    def authorise(self) -> None:
        try:
            self.world.authorise()
        except RefusedError:
            visited["refused"] += 1
        self.world.run(0.2)

    @rule()
    def identify(self) -> None:
        """Somebody wants to begin by the VIN."""
        try:
            self.world.take(self.world.controller.identify(self.world.now))
        except RefusedError:
            visited["refused"] += 1
        self.world.run(0.5)

    @rule(cause=st.sampled_from([Cause.LOCAL, Cause.REMOTE]))
    def stop(self, cause: Cause) -> None:
        self.world.stop(cause)
        self.world.run(0.3)

    @rule(seconds=st.sampled_from([0.05, 0.3, 2.0]))
    def wait(self, seconds: float) -> None:
        self.world.run(seconds)

    @rule(thing=st.sampled_from(["e_stop", "door_open", "button", "module_fault"]), on=st.booleans())
    def press(self, thing: str, on: bool) -> None:
        setattr(self.world.circuit.surroundings, thing, on)
        self.world.run(0.1)

    @rule(fact=st.sampled_from(GLITCHES), seconds=st.sampled_from([0.05, 0.3, 2.0]))
    def glitch(self, fact: dict[str, int], seconds: float) -> None:
        """An input says something else for a while."""
        self.world.overridden.update(fact)
        self.world.run(seconds)
        self.world.overridden.clear()

    @rule(seconds=st.sampled_from([0.1, 1.0]))
    def permit_fails(self, seconds: float) -> None:
        self.world.guards = False
        self.world.run(seconds)
        self.world.guards = True

    @rule(seconds=st.sampled_from([0.2, 0.7]))
    def board_fails(self, seconds: float) -> None:
        self.world.board_answers = False
        self.world.run(seconds)
        self.world.board_answers = True

    @rule()
    def pull(self) -> None:
        """The plug is pulled, as far as the lock lets it."""
        if not self.world.circuit.facts.lock_feedback:
            self.world.unplug()
        self.world.run(0.2)


def test_what_must_never_be() -> None:
    visited.clear()
    run_state_machine_as_test(
        People,
        settings=settings(
            max_examples=40,
            derandomize=True,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Step.generate],  # a failing story is told as it is: shrinking one takes minutes
        ),
    )
    # Without these the invariants would hold of nothing.
    assert visited["closed on a battery"] > 100, visited
    assert visited["current"] > 100, visited
    assert visited["asked"] > 30, visited
    assert visited["refused"] > 0, visited
