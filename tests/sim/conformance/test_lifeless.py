"""Devices that say nothing, that go on as before, or that say anything: no case passes them, none falls over them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chargelink.gbt27930.transport import Frame
from chargelink.sim.conformance import tester
from chargelink.sim.conformance.bench import Fact, Prompt
from chargelink.sim.conformance.case import Case
from chargelink.sim.conformance.figures import BY_FORMAT, MESSAGES, Side
from chargelink.sim.conformance.rehearsal import ChargerDevice, Device, VehicleDevice, play, rehearse
from chargelink.sim.conformance.suite import CASES
from chargelink.sim.conformance.verdict import Verdict

# What these ask for is that nothing is said, or that all goes on as before.
SILENCE_IS_RIGHT = {"DN.2009", "BP.4002", "BP.4003"}
GOING_ON_IS_RIGHT = {"DP.2002", "DP.3004", "BP.2002", "BP.3002"}
BEGINS_ALONE = {"DP.1001", "BP.1001", "BN.1001", "BN.1002"}
RECENT = 0.6  # s


class Silent:
    """Does what it is asked to, and says nothing."""

    deadline: float | None = None

    def receive(self, identifier: int, data: bytes, now: float) -> None: ...

    def tick(self, now: float) -> None: ...

    def data_to_send(self) -> list[Frame]:
        return []

    def do(self, prompt: Prompt, now: float) -> bool:
        return True

    def facts(self) -> list[tuple[Fact, bool]]:
        return []


class Stuck(Silent):
    """Is like a good device until the tester begins to judge; then it says what it said last again and again."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.tester: tester.Tester | None = None
        self._now = 0.0
        self._last: dict[int, tuple[float, Frame]] = {}  # short messages by identifier, and when
        self._due: dict[int, float] = {}

    @property
    def stuck(self) -> bool:
        return self.tester is not None and self.tester.judging and self.tester.asking is not Prompt.CONNECT

    @property
    def deadline(self) -> float | None:  # type: ignore[override]
        return min(self._due.values(), default=None) if self.stuck else self.device.deadline

    def receive(self, identifier: int, data: bytes, now: float) -> None:
        if not self.stuck:
            self.device.receive(identifier, data, now)

    def tick(self, now: float) -> None:
        self._now = now
        if not self.stuck:
            self.device.tick(now)

    def data_to_send(self) -> list[Frame]:
        if self.stuck:
            return [self._again(identifier) for identifier, at in self._due.items() if at <= self._now]
        frames = self.device.data_to_send()
        self._last |= {frame.identifier: (self._now, frame) for frame in frames if period(frame.identifier)}
        self._due = {
            identifier: at + period(identifier) for identifier, (at, _) in self._last.items() if at > self._now - RECENT
        }
        return frames

    def do(self, prompt: Prompt, now: float) -> bool:
        return self.stuck or self.device.do(prompt, now)

    def _again(self, identifier: int) -> Frame:
        self._due[identifier] = self._now + period(identifier)
        return self._last[identifier][1]


class Mute(Stuck):
    """Is like a good device until the tester begins to judge; then it says nothing any more."""

    @property
    def deadline(self) -> float | None:  # type: ignore[override]
        return None if self.stuck else self.device.deadline

    def data_to_send(self) -> list[Frame]:
        return [] if self.stuck else super().data_to_send()


class Babbling(Silent):
    """Says these frames, one every 50 ms, again and again."""

    def __init__(self, frames: list[Frame]) -> None:
        self.frames = frames
        self.deadline = 0.0
        self._number = 0
        self._waiting: list[Frame] = []

    def tick(self, now: float) -> None:
        if self.deadline is not None and now >= self.deadline:
            self.deadline = now + 0.05
            self._waiting.append(self.frames[self._number % len(self.frames)])
            self._number += 1

    def data_to_send(self) -> list[Frame]:
        frames, self._waiting = self._waiting, []
        return frames


def period(identifier: int) -> float:
    """Of a short message, s; 0 for frames of the transport."""
    name = BY_FORMAT.get(identifier >> 16 & 0xFF)
    return MESSAGES[name].period / 1000 if name else 0.0


def verdict(case: Case, kind: type[Stuck]) -> Verdict:
    device = kind(ChargerDevice() if case.side is Side.CHARGER else VehicleDevice())
    device.tester = tester.Tester(0.0, replace(case, trials=case.trials[:1]))
    return play(device.tester, device).verdict


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_silent_device_passes_nothing(case: Case) -> None:
    result = rehearse(case, Silent())
    assert result.verdict is (Verdict.FAIL if case.id in BEGINS_ALONE else Verdict.INCONCLUSIVE)
    assert all(trial.reason for trial in result.trials) == (result.verdict is Verdict.INCONCLUSIVE)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_device_that_falls_silent_fails(case: Case) -> None:
    assert verdict(case, Mute) is (Verdict.PASS if case.id in SILENCE_IS_RIGHT else Verdict.FAIL)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_device_that_goes_on_as_before_fails(case: Case) -> None:
    assert verdict(case, Stuck) is (Verdict.PASS if case.id in GOING_ON_IS_RIGHT else Verdict.FAIL)


identifiers = st.one_of(
    st.sampled_from([figures.identifier for figures in MESSAGES.values()]),
    st.sampled_from([0x1CECF456, 0x1CEC56F4, 0x1CEB56F4, 0x1CEBF456]),
    st.integers(0, 0x1FFFFFFF),
)
pgns = st.sampled_from([figures.pdu_format for figures in MESSAGES.values()])
controls = st.builds(
    lambda control, size, count, limit, pgn: bytes((control, size, 0, count, limit, 0, pgn, 0)),
    st.sampled_from([0x10, 0x11, 0x13, 0xFF]),
    *(st.integers(0, 255),) * 3,
    pgns,
)
frames = st.builds(Frame, identifiers, st.one_of(st.binary(max_size=8), controls))


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([case for case in CASES.values() if case.id != "DP.3005"]), st.lists(frames, min_size=1))
def test_any_frames_are_survived(case: Case, said: list[Frame]) -> None:
    """The tester comes to an end, and nothing arbitrary passes a case that needs the device to go somewhere."""
    result = rehearse(replace(case, trials=case.trials[:1]), Babbling(said))
    assert result.trials[0].lines
    for finding in result.trials[0].findings:
        assert finding.expectation.english
        assert finding.expectation.chinese
