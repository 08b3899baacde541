"""Both ends against whatever can happen: frames, commands, losses, clock steps (`tests.gbt27930.witness` judges)."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from tests.gbt27930.charger_witness import ChargerWitness
from tests.gbt27930.vehicle_witness import VehicleWitness
from tests.gbt27930.witness import Witness

from chargelink.gbt27930.catalogue import Edition

IDENTIFIERS = st.one_of(
    st.integers(0, 0x1FFFFFFF), st.integers(0, 0xFF).map(lambda pdu_format: 0x180056F4 | pdu_format << 16),
    st.integers(0, 0xFF).map(lambda pdu_format: 0x1800F456 | pdu_format << 16),
)  # fmt: skip
STEPS = st.sampled_from([0.001, 0.01, 0.05, 0.25, 0.75, 1.0, 4.999, 5.0, 10.0, 30.0, 60.0])


class Machine(RuleBasedStateMachine):
    """Does things to one end; the witness says what was wrong."""

    witness: Witness

    @rule(steps=st.integers(1, 8))
    def goes_well(self, steps: int) -> None:
        for _ in range(steps):
            self.witness.advance()

    @rule(data=st.data())
    def says(self, data: st.DataObject) -> None:
        self.witness.say(data.draw(st.sampled_from(self.witness.words)))

    @rule(data=st.data(), at=st.integers(0, 255), value=st.sampled_from([0x00, 0x01, 0x0F, 0xAA, 0xF0, 0xFF]))
    def says_something_else(self, data: st.DataObject, at: int, value: int) -> None:
        self.witness.say(data.draw(st.sampled_from(self.witness.words)), {at: value})

    @rule(data=st.data())
    def does(self, data: st.DataObject) -> None:
        self.witness.command(data.draw(st.sampled_from(self.witness.commands)))

    @rule(identifier=IDENTIFIERS, data=st.binary(max_size=8))
    def hears(self, identifier: int, data: bytes) -> None:
        self.witness.frame(identifier, data)

    @rule(seconds=STEPS)
    def waits(self, seconds: float) -> None:
        self.witness.wait(seconds)

    @rule(seconds=STEPS)
    def is_late(self, seconds: float) -> None:
        self.witness.now += seconds
        self.witness.act(self.witness.end.tick)

    @rule()
    @precondition(lambda self: self.witness.end.state.value not in self.witness.mute)
    def goes_deaf_or_hears_again(self) -> None:
        self.witness.deaf = not self.witness.deaf

    def teardown(self) -> None:
        self.witness.comes_to_rest()


class ChargerMachine(Machine):
    def __init__(self) -> None:
        super().__init__()
        self.witness = ChargerWitness()
        self.witness.command("start")


class VehicleMachine(Machine):
    def __init__(self) -> None:
        super().__init__()
        self.witness = VehicleWitness()


class OldVehicleMachine(Machine):
    def __init__(self) -> None:
        super().__init__()
        self.witness = VehicleWitness(Edition.OF_2011)


BUDGET = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestCharger = ChargerMachine.TestCase
TestVehicle = VehicleMachine.TestCase
TestOldVehicle = OldVehicleMachine.TestCase
TestCharger.settings = TestVehicle.settings = BUDGET
TestOldVehicle.settings = settings(BUDGET, max_examples=10)
