"""People and mishaps in any order: what must never be, is never, and the dangerous state was really visited."""

from hypothesis import HealthCheck, settings
from hypothesis import Phase as Step
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from tests.edge.charge.watcher import Watcher, visited
from tests.edge.charge.world import World

from chargelink.edge.charge.causes import Cause
from chargelink.edge.charge.events import RefusedError
from chargelink.edge.charge.phases import LIVE, Phase
from chargelink.sim.vehicle_faults import Declared

FAULTS = ["", "silent-bcl@1", "pauses@1+2", "silent-bsd", "over-temperature@1"]
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


class People(RuleBasedStateMachine):
    """What can happen at a charger."""

    @initialize(soc=st.integers(100, 950), fault=st.sampled_from(FAULTS))
    def begin(self, soc: int, fault: str) -> None:
        self.world = World(soc=soc, target=970)
        self.watcher = Watcher(self.world)
        self.faults = (Declared.parse(fault),) if fault else ()
        self.starts = soc % 3
        self.world.until(Phase.AVAILABLE)
        if soc % 2:  # chance alone would seldom come so far
            for _ in range(4):
                self.advance()

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

    @precondition(lambda self: self.world.phase in LIVE)
    @rule(seconds=st.sampled_from([1.5, 6.0]))
    def bus_fails(self, seconds: float) -> None:
        self.world.lose_bus(seconds)
        self.world.run(2.0)

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
    assert visited["anew"] > 30, visited
