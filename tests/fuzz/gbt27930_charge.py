"""GB/T 27930, whole charges: both ends, what messages contradict, the analyser of sessions, the conformance tester."""

import json
from functools import cache

from tests.fuzz.gbt27930 import EDITIONS, framed, read_frame
from tests.fuzz.script import STEPS, Script
from tests.fuzz.seeds import can_frames, rows
from tests.gbt27930.charger_witness import ChargerWitness
from tests.gbt27930.test_charge import Charge
from tests.gbt27930.vehicle_witness import VehicleWitness
from tests.gbt27930.witness import Witness

from chargelink.gbt27930.catalogue import MESSAGES, Edition, by_class
from chargelink.gbt27930.causes import ChargerCause
from chargelink.gbt27930.charging import BCL
from chargelink.gbt27930.contradictions import Session
from chargelink.gbt27930.parameters import BCP
from chargelink.sim.conformance.bench import Fact, Prompt
from chargelink.sim.conformance.rehearsal import ChargerDevice, Device, VehicleDevice
from chargelink.sim.conformance.suite import CASES
from chargelink.sim.conformance.tester import PATIENCE, Tester
from chargelink.trace.can_log import Kind
from chargelink.trace.sessions.analyser import MOST_CHANNELS, MOST_PAIRS, Analyser
from chargelink.trace.sessions.as_json import as_json
from chargelink.trace.sessions.curves import MOST
from chargelink.trace.sessions.terminal import Terminal
from chargelink.wire import DecodeError, Message

GOES_WELL, WAITS, FRAME, COMMAND, SAYS, CHANGED, LEAPS, DEAF = range(8)
LONGEST = 300  # things done to one end

CLASSES: tuple[type[Message], ...] = tuple(by_class())
KINDS = (Kind.EXTENDED, Kind.EXTENDED, Kind.EXTENDED, *Kind)
CHANNELS = ("can0", "can1", "")
TERMINAL = Terminal(None, False, True)
MOST_EXAMPLES = 3

CASE_IDS = tuple(CASES)
ROUNDS = 64  # that pass undisturbed at a time
MOST_STEPS = 200  # of all trials of a case, far more than any has


def charger(data: bytes) -> None:
    """Whatever a vehicle, a device and a bus do, a charger keeps what `ChargerWitness` knows of it."""
    _told(ChargerWitness(), Script(data))


def vehicle(data: bytes) -> None:
    """Whatever a charger, a device and a bus do, a vehicle keeps what `VehicleWitness` knows of it."""
    script = Script(data)
    _told(VehicleWitness(script.choose(tuple(Edition))), script)


def _told(witness: Witness, script: Script) -> None:
    for _ in range(LONGEST):
        if script.ended:
            break
        match script.number() % 8:
            case 0:
                witness.advance()
            case 1:
                witness.wait(script.step())
            case 2:
                witness.frame(*read_frame(script))
            case 3:
                witness.command(script.choose(witness.commands))
            case 4:
                witness.say(script.choose(witness.words))
            case 5:
                witness.say(script.choose(witness.words), {script.number(): script.number()})
            case 6:
                witness.now += script.step()
                witness.act(witness.end.tick)
            case _:
                witness.deaf = not witness.deaf
    witness.comes_to_rest()


def charger_seeds() -> list[bytes]:
    return _witnessed(ChargerWitness)


def vehicle_seeds() -> list[bytes]:
    stories = _witnessed(VehicleWitness)
    return [edition + story for edition in (b"\x00", b"\x01") for story in stories]


def _witnessed(kind: type[Witness]) -> list[bytes]:
    """Good charges of every length, and after each something else."""
    frames = b"".join(bytes((FRAME,)) + framed(*frame) for row in rows("gbt27930")[:20] for frame in can_frames(row))
    seeds = [frames]
    for length in range(16):
        good = bytes((GOES_WELL,)) * length
        seeds += [good + bytes((WAITS, len(STEPS) - 2)) * 3, good + bytes((DEAF, WAITS, len(STEPS) - 3))]
        if length % 4 == 0:
            seeds += [good + bytes((COMMAND, at)) + good for at in range(len(kind.commands))]
            seeds += [good + bytes((SAYS, at, CHANGED, at, 4, 0xFF)) + good for at in range(len(kind.words))]
    return seeds


def contradictions(data: bytes) -> None:
    """Messages of any content in any order contradict each other in words, and what is obeyed is within BCP."""
    script, session, now = Script(data), Session(), 0.0
    battery: BCP | None = None
    while not script.ended:
        cls = script.choose(CLASSES)
        now += script.step() - 0.25  # also backwards
        try:
            message = cls.decode(script.chunk())
        except DecodeError:
            continue
        found = session.judge(message)
        assert found == session.judge(message)
        assert len(found) == len({one.conflict for one in found})
        assert all(one.text and one.chinese and one.said != one.against for one in found)
        if isinstance(message, BCL) and battery is not None and not found:
            assert message.voltage_demand <= battery.max_total_voltage
            assert message.current_demand >= battery.max_charge_current
        session.take(message, now if script.number() & 1 else None)
        if isinstance(message, BCP):
            battery = None if message.flaws else message


def contradictions_seeds() -> list[bytes]:
    told = []
    for row in rows("gbt27930"):
        entry = next((entry for entry in MESSAGES if entry.name == row["message"]), None)
        if entry is not None:
            payload = bytes.fromhex(row["payload"])[:255]
            cls = CLASSES.index(entry.layout(Edition(row["edition"])))
            told.append(bytes((cls, 5, len(payload))) + payload + b"\x01")
    return [*told, b"".join(told), b"".join(reversed(told))]


def trace(data: bytes) -> None:
    """A recording of anything gives sessions in order that can be printed; each frame is counted."""
    script = Script(data)
    analyser = Analyser(script.choose(EDITIONS))
    timed, time, frames = bool(script.number() & 1), 0.0, 0
    found = []
    while not script.ended:
        how = script.number()
        time += script.step() * (-1 if how == 0xFF else 1)
        channel = CHANNELS[how % 3] if how < 0xF0 else str(how)
        kind = KINDS[(how >> 3) % len(KINDS)] if how & 1 else Kind.EXTENDED
        analyser.take(time if timed else None, channel, *read_frame(script), kind)
        frames += 1
        found += analyser.finished()
    found += analyser.close()
    assert analyser.frames == frames
    assert analyser.close() == []
    assert sorted(session.number for session in found) == [*range(1, len(found) + 1)]
    assert len(found) <= frames + MOST_CHANNELS * MOST_PAIRS
    for session in found:
        told = json.loads(as_json(session, curves=True))
        assert told["stopped_by"]
        assert told["verdict"]["english"]
        assert told["verdict"]["chinese"]
        assert all(len(curve) <= MOST for curve in told["curves"].values())
        assert all(one["count"] >= 1 and len(one["examples"]) <= MOST_EXAMPLES for one in told["violations"])
        assert all(span["seconds"] is None or span["seconds"] >= 0 for span in told["phases"])
        assert TERMINAL.session(session).endswith("\n")


def trace_seeds() -> list[bytes]:
    vectors = [b"".join(_recorded(0.25, *frame) for frame in can_frames(row)) for row in rows("gbt27930")]
    return [b"\x00\x01" + story for story in (*vectors, *_charges())]


def _recorded(passed: float, identifier: int, data: bytes) -> bytes:
    step = min(range(len(STEPS)), key=lambda at: abs(STEPS[at] - passed))
    return bytes((0, step)) + framed(identifier, data)


@cache
def _charges() -> tuple[bytes, ...]:
    """Whole charges of our own two ends, one that is stopped and one that is torn apart."""
    charges = []
    for edition in Edition:
        for torn in (False, True):
            charge = Charge(edition)
            charge.run(12.0)
            if torn:
                charge.loss = 1.0
            else:
                charge.happened(charge.charger, charge.charger.stop(charge.now, ChargerCause.MANUAL))
            charge.run(14.0)
            before, story = 0.0, b""
            for at, frame in charge.recorded:
                story += _recorded(at - before, *frame)
                before = at
            charges.append(story)
    return tuple(charges)


class Bench:
    """A tester, a device, and hands that may be clumsy."""

    def __init__(self, case: str) -> None:
        self.now = 0.0
        self.tester = Tester(0.0, CASES[case])
        self.device: Device = VehicleDevice() if case[0] == "B" else ChargerDevice()

    def rounds(self, many: int) -> None:
        """Let things take their course."""
        for _ in range(many):
            self.prompted(willing=True)
            self.exchange()
            moments = [one.deadline for one in (self.tester, self.device) if one.deadline is not None]
            if self.tester.result is not None or not moments:
                return
            self.now = max(self.now, min(moments))
            self.tick()

    def exchange(self) -> None:
        """What both have to say reaches the other."""
        for frame in self.tester.data_to_send():
            self.device.receive(*frame, self.now)
        for frame in self.device.data_to_send():
            self.tester.receive(*frame, self.now)

    def tick(self) -> None:
        self.device.tick(self.now)
        self.tester.tick(self.now)

    def prompted(self, *, willing: bool) -> None:
        """Somebody does what is asked for, or cannot."""
        for prompt in self.tester.prompts():
            if willing and self.device.do(prompt, self.now):
                self.tester.done(prompt, self.now)
            else:
                self.tester.cannot(prompt, self.now)

    def comes_to_an_end(self) -> None:
        """Without the device, and with nobody who does what is asked for."""
        for _ in range(MOST_STEPS):
            if self.tester.result is not None:
                return
            self.now += PATIENCE
            self.tester.tick(self.now)
            self.tester.data_to_send()
        raise AssertionError(f"{self.tester.case.id} does not end")


def conformance(data: bytes) -> None:
    """Whatever a device says, does or fails to do, a case comes to a verdict with every finding in words."""
    script = Script(data)
    bench = Bench(CASE_IDS[script.number() % len(CASE_IDS)])
    while not script.ended and bench.tester.result is None:
        match script.number() % 6:
            case 0:
                bench.rounds(ROUNDS)
            case 1:
                bench.tester.receive(*read_frame(script), bench.now)
            case 2:
                bench.now += script.step()
                bench.tick()
            case 3:
                bench.prompted(willing=bool(script.number() & 1))
            case 4:
                bench.tester.observe(script.choose(tuple(Fact)), bool(script.number() & 1))
            case _:
                bench.device.do(script.choose(tuple(Prompt)), bench.now)
    bench.comes_to_an_end()
    result = bench.tester.result
    assert result is not None
    assert result.verdict.text.chinese
    for finding in (finding for trial in result.trials for finding in trial.findings):
        assert finding.expectation.english
        assert finding.expectation.chinese
        assert finding.met is not False or finding.measured.english


def conformance_seeds() -> list[bytes]:
    well = [bytes((number,)) + b"\x00" * 4 for number in range(len(CASE_IDS))]
    frames = b"".join(b"\x01" + framed(*frame) for row in rows("gbt27930")[:12] for frame in can_frames(row))
    return [*well, *(story[:3] + frames + story[3:] for story in well[::12])]
