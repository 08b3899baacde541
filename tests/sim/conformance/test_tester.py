"""The tester itself: what it asks for, what it says of what it found, and where it gives up."""

import pytest
from msgspec.structs import replace
from tests.sim.conformance.twin import Twin, without

from chargelink.cli.language import Text
from chargelink.gbt27930.transport import Frame
from chargelink.sim.conformance import log, tester
from chargelink.sim.conformance.bench import Fact, Prompt
from chargelink.sim.conformance.case import Need
from chargelink.sim.conformance.figures import Side, Tolerances
from chargelink.sim.conformance.log import named
from chargelink.sim.conformance.rehearsal import ChargerDevice, VehicleDevice, play, rehearse
from chargelink.sim.conformance.suite import CASES
from chargelink.sim.conformance.verdict import Verdict

CEM, CST = 0x1F, 0x1A


class WithInstruments(Twin):
    """A charger whose instruments say that the output stays on."""

    def facts(self) -> list[tuple[Fact, bool]]:
        return [(fact, holds and fact is not Fact.OUTPUT_OFF) for fact, holds in self.device.facts()]


class Blind(Twin):
    """A charger without instruments."""

    def facts(self) -> list[tuple[Fact, bool]]:
        return []


def test_a_failure_says_what_was_expected_and_what_was_found() -> None:
    result = rehearse(CASES["DN.1001"], Twin(ChargerDevice(), says=without(CEM)))
    complaint = result.missed[0]
    assert complaint.expectation == Text(
        "says CEM SPN3921=01 5 s after the first CRM(00)", "在首次收到 CRM(00) 后 5 s 发送 CEM SPN3921=01"
    )
    assert complaint.measured == Text("not said", "未发送")
    assert complaint.allowed == Text("4.750 s … 5.500 s", "4.750 s … 5.500 s")
    first = next(line for line in result.trials[0].lines if line.name == "CRM(00)")
    assert complaint.at == first.at


def test_tolerances_are_a_choice() -> None:
    """Our charger complains 5.000 s after CRM(00): too late for who allows no more than 4.9 s."""
    strict = Tolerances(early=50, after_5_s=-100)
    result = rehearse(CASES["DN.1001"], ChargerDevice(), strict)
    (finding,) = result.missed
    assert finding.measured.english == "after 5.000 s"
    assert Tolerances().earliest(600_000) == 597_000
    assert Tolerances().longest(10) == 100


def test_the_frames_of_a_trial() -> None:
    (trial,) = rehearse(CASES["DP.1003"], ChargerDevice()).trials
    names = list(dict.fromkeys(line.name for line in trial.lines))
    assert names == ["CHM", "BHM", "CRM(00)", "RTS BRM", "TP.CTS BRM", "TP.DT", "TP.ACK BRM", "CRM(AA)"]
    assert {line.name for line in trial.lines if line.sent} == {"BHM", "RTS BRM", "TP.DT"}
    assert [line.at for line in trial.lines] == sorted(line.at for line in trial.lines)


def test_what_only_instruments_see() -> None:
    case = CASES["DP.3007"]
    assert rehearse(case, ChargerDevice()).verdict is Verdict.PASS
    result = rehearse(case, WithInstruments(ChargerDevice()))
    assert result.verdict is Verdict.FAIL
    assert [finding.expectation.english for finding in result.missed] == ["the output is off"]
    result = rehearse(case, Blind(ChargerDevice()))
    assert result.verdict is Verdict.PASS
    assert [finding.measured.english for finding in result.unobserved] == ["not observed on CAN"]


def test_what_does_not_apply() -> None:
    for name in ("BN.1001", "BN.1002", "BP.4003"):
        result = tester.Tester(0.0, CASES[name], lacks={Need.AUXILIARY}).result
        assert result is not None
        assert result.verdict is Verdict.NOT_APPLICABLE
        assert result.reason == Text(
            "applies only to a vehicle that uses the auxiliary supply", "仅适用于使用低压辅助电源的车辆"
        )
    assert tester.Tester(0.0, CASES["BN.1003"], lacks={Need.AUXILIARY}).result is None


def test_what_nobody_does_is_given_up() -> None:
    one = tester.Tester(0.0, CASES["DP.1001"], patience=10.0)
    assert one.prompts() == [Prompt.CONNECT]
    assert one.prompts() == []
    assert one.asking is Prompt.CONNECT
    one.receive(0x1826F456, bytes.fromhex("010100"), 5.0)  # what comes before the plug is of the last charge
    one.tick(9.9)
    assert one.result is None
    assert one.deadline == 10.0
    one.tick(10.0)
    assert one.result is not None
    assert one.result.verdict is Verdict.INCONCLUSIVE
    assert one.result.trials[0].reason is not None
    assert one.result.trials[0].reason.english.startswith("was not done at the device: Unplug")
    assert one.deadline is None


def test_what_cannot_be_done_is_told() -> None:
    one = tester.Tester(0.0, CASES["DP.1001"])
    one.done(Prompt.STOP, 0.5)  # of which nobody spoke
    one.cannot(Prompt.STOP, 0.5)
    assert one.asking is Prompt.CONNECT
    one.cannot(Prompt.CONNECT, 1.0)
    assert one.result is not None
    assert one.result.verdict is Verdict.INCONCLUSIVE
    for late in (one.done, one.cannot):
        late(Prompt.CONNECT, 2.0)
    one.tick(2.0)
    one.receive(0, b"", 2.0)
    one.observe(Fact.LOCKED, True)
    assert not one.prompts()
    assert not one.data_to_send()
    assert not one.asking


def test_a_charger_that_stops_before_anybody_said_done() -> None:
    """A person takes a while to say that the button is pressed; what the charger says meanwhile counts."""
    device = ChargerDevice()
    one = tester.Tester(0.0, CASES["DP.3007"])

    class Slow(Twin):
        def do(self, prompt: Prompt, now: float) -> bool:
            done = super().do(prompt, now)
            if prompt is Prompt.STOP:
                one.done = lambda prompt, now: None  # type: ignore[method-assign]
            return done

    assert play(one, Slow(device)).verdict is Verdict.PASS


def test_a_bus_that_babbles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "MOST_LINES", 100)
    result = rehearse(CASES["BP.3001"], VehicleDevice())
    assert result.verdict is Verdict.INCONCLUSIVE
    assert len(result.trials[0].lines) < 110


def test_the_worst_trial_decides() -> None:
    case = replace(CASES["DP.3006"], trials=CASES["DP.3006"].trials[:2])
    bad, good = rehearse(case, Twin(ChargerDevice(), says=without(CST))), rehearse(case, ChargerDevice())
    assert [trial.verdict for trial in bad.trials] == [Verdict.FAIL] * 2
    mixed = replace(good, trials=(good.trials[0], bad.trials[1]))
    assert (good.verdict, mixed.verdict) == (Verdict.PASS, Verdict.FAIL)


NAMES = [
    ("1801F456#AA", ["CRM(AA)", "CRM"]),
    ("0801F456#AA", ["CRM(AA)", "CRM"]),  # whatever the priority
    ("1801F456#", ["CRM"]),
    ("1812F456#00", ["CCS"]),
    ("1C02F456#00", ["BRM single"]),
    ("1CECF456#11FF01FFFF000200", ["TP.CTS BRM"]),
    ("1CECF456#11FF01FFFF00FF00", ["TP.CM"]),
    ("1CECF456#11", ["TP.CM"]),
    ("180156F4#AA", []),  # the tester's own direction
    ("1801F455#AA", []),
    ("1901F456#AA", []),  # another data page
    ("18AAF456#AA", []),
]


@pytest.mark.parametrize(("frame", "names"), NAMES)
def test_what_a_frame_is_called(frame: str, names: list[str]) -> None:
    identifier, _, data = frame.partition("#")
    assert named(Side.CHARGER, *Frame(int(identifier, 16), bytes.fromhex(data))) == names
