"""Devices that are different but right: no case fails them."""

from collections.abc import Callable
from random import Random

import pytest
from msgspec.structs import replace
from tests.sim.conformance.charger_twins import CCS, CTS
from tests.sim.conformance.twin import Twin, changed, without

from chargelink.gbt27930.charger import Charger
from chargelink.gbt27930.identifier import BMS, CHARGER
from chargelink.gbt27930.transport import Endpoint, Frame
from chargelink.gbt27930.vehicle import Vehicle
from chargelink.sim.conformance import tester
from chargelink.sim.conformance.bench import Prompt
from chargelink.sim.conformance.case import Case
from chargelink.sim.conformance.figures import Side
from chargelink.sim.conformance.rehearsal import (
    LIMITS,
    ChargerDevice,
    Device,
    VehicleDevice,
    new_vehicle,
    play,
    rehearse,
)
from chargelink.sim.conformance.suite import CASES
from chargelink.sim.conformance.verdict import Verdict

OPTIONAL = {0x1500, 0x1600, 0x1700}  # BMV, BMT, BSP
JITTER = 0.02  # s
SHORT = [  # one trial of each, so without the pause of 10 minutes
    replace(case, trials=case.trials[:1]) for case in CASES.values()
]


class Late(Twin):
    """Says each frame up to 20 ms late, as a busy device does; their order stays."""

    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self._dice = Random(34658)
        self._waiting: list[tuple[float, Frame]] = []
        self._now = 0.0

    @property
    def deadline(self) -> float | None:
        waiting = [at for at, _ in self._waiting[:1]]
        return min([*waiting, *([self.device.deadline] if self.device.deadline is not None else [])], default=None)

    def tick(self, now: float) -> None:
        self._now = now
        super().tick(now)

    def data_to_send(self) -> list[Frame]:
        for frame in super().data_to_send():
            earliest = self._waiting[-1][0] if self._waiting else self._now
            self._waiting.append((max(earliest, self._now + self._dice.random() * JITTER), frame))
        due = [frame for at, frame in self._waiting if at <= self._now]
        del self._waiting[: len(due)]
        return due


class SlowHands(tester.Tester):
    """Everything that is asked for is done at once, and said to be done two seconds later."""

    _done: tuple[float, Prompt] | None = None

    @property
    def deadline(self) -> float | None:
        planned = [at for at in (self._done and self._done[0], super().deadline) if at is not None]
        return min(planned, default=None)

    def done(self, prompt: Prompt, now: float) -> None:
        self._done = now + 2.0, prompt

    def tick(self, now: float) -> None:
        if self._done is not None and now >= self._done[0]:
            prompt, self._done = self._done[1], None
            super().done(prompt, now)
        super().tick(now)


class Refusing(Charger):
    """Refuses the long messages that are optional."""

    def __init__(self, now: float) -> None:
        super().__init__(now, LIMITS)
        self._endpoint = Endpoint(CHARGER, BMS, accepts=lambda pgn: pgn not in OPTIONAL)


def taciturn(now: float) -> Vehicle:
    """Says nothing that is optional."""
    vehicle = new_vehicle(now)
    del vehicle._measured["BMV"], vehicle._measured["BMT"]
    return vehicle


def ours(case: Case) -> Device:
    return ChargerDevice() if case.side is Side.CHARGER else VehicleDevice()


@pytest.mark.parametrize("case", SHORT, ids=lambda case: case.id)
def test_a_busy_device_passes(case: Case) -> None:
    result = rehearse(case, Late(ours(case)))
    assert result.verdict is Verdict.PASS, result.missed


@pytest.mark.parametrize("case", SHORT, ids=lambda case: case.id)
def test_a_person_takes_a_while(case: Case) -> None:
    result = play(SlowHands(0.0, case), ours(case))
    assert result.verdict is Verdict.PASS, result.missed


RIGHT: list[tuple[str, Callable[[], Device]]] = [
    ("DP.3001", lambda: Twin(ChargerDevice(), says=changed(CCS, lambda data: data + b"\xff"))),
    ("DP.3002", lambda: ChargerDevice(Refusing)),
    ("DP.2001", lambda: Twin(ChargerDevice(), says=without(CTS))),
    ("BP.3002", lambda: VehicleDevice(taciturn)),
    # amendment No. 1: it becomes ready within the 5 s
    ("DN.2007", lambda: Twin(ChargerDevice(), refuses=(Prompt.HOLD_BATTERY,))),
    ("DN.2008", lambda: Twin(ChargerDevice(), refuses=(Prompt.HOLD_BATTERY,))),
]


@pytest.mark.parametrize(("case", "device"), RIGHT, ids=[case for case, _ in RIGHT])
def test_what_the_standard_leaves_open_passes(case: str, device: Callable[[], Device]) -> None:
    result = rehearse(CASES[case], device())
    assert result.verdict is Verdict.PASS, result.missed
