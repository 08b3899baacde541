"""Both ends against whatever can happen: frames, commands, losses, clock steps (`tests.gbt27930.witness` judges)."""

import tracemalloc
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from tests.gbt27930.charger_witness import ChargerWitness
from tests.gbt27930.vehicle_witness import VehicleWitness
from tests.gbt27930.witness import Witness

from chargelink.gbt27930.catalogue import MESSAGES, Edition
from chargelink.gbt27930.transport.frames import TP_CM, TP_DT

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


@pytest.mark.parametrize("kind", [ChargerWitness, VehicleWitness])
def test_hostile_frames_fill_no_memory(kind: Callable[[], Witness]) -> None:
    """Requests for long messages that never come, messages that cannot be read, in every state of a charge."""
    witness = kind()
    dice = Random(27930)
    pdu_formats = [entry.pgn >> 8 for entry in MESSAGES] + [TP_CM] * 8 + [TP_DT] * 8

    def hostile(frames: int) -> None:
        for _ in range(frames):
            identifier = 0x1C000000 | dice.choice(pdu_formats) << 16 | dice.choice((0x56F4, 0xF456))
            control = bytes((dice.choice((0x10, 0x11, 0x13, 0x20, 0xFF, 1, 2, 3)),))
            witness.frame(identifier, control + dice.randbytes(dice.randrange(8)))

    def everywhere(frames: int) -> None:
        for _ in range(14):
            witness.advance()
            hostile(frames)

    everywhere(20)
    tracemalloc.start()
    try:
        everywhere(20)
        before, _ = tracemalloc.get_traced_memory()
        everywhere(100)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 20_000
