"""Plays one case as the opposite side. No I/O, no clock.

    tester = Tester(now, case)
    for prompt in tester.prompts(): ...         what somebody has to do; then tester.done(prompt, now)
    tester.receive(identifier, data, now)       every frame of the bus
    tester.tick(now)                            when `tester.deadline` is reached
    for frame in tester.data_to_send(): ...
    tester.result                               when it is not None the case is over

Times are seconds of any clock that never goes backwards. Frames are dated when they are handed over, so they should be
handed over at once.
"""

from collections.abc import Collection, Mapping

from chargelink.cli.language import Text
from chargelink.gbt27930.transport import Frame
from chargelink.sim.conformance.bench import Fact, Prompt
from chargelink.sim.conformance.case import Case, Need, Step, Trial
from chargelink.sim.conformance.expectation import Finding
from chargelink.sim.conformance.figures import Side, Tolerances
from chargelink.sim.conformance.log import Log, Span
from chargelink.sim.conformance.verdict import Result, TrialResult
from chargelink.sim.conformance.voice import Voice
from chargelink.sim.conformance.wording import filled
from chargelink.sim.conformance.words import Speech, words_against

PATIENCE = 300.0  # s in which a prompt has to be done
SETTLING = 0.2  # s after the plug is in: frames of the last charge may still be on their way


class Tester:
    """One case, all its trials. `lacks` is what the device does not have; `words` what the tester says."""

    def __init__(
        self,
        now: float,
        case: Case,
        *,
        words: Mapping[str, Speech] | None = None,
        tolerances: Tolerances | None = None,
        lacks: Collection[Need] = (),
        patience: float = PATIENCE,
    ) -> None:
        self.case = case
        self.result: Result | None = None
        self._words = words_against(case.side) if words is None else words
        self._tolerances = tolerances or Tolerances()
        self._patience = patience
        self._prompts: list[Prompt] = []
        self._trials: list[TrialResult] = []
        self._frames: list[Frame] = []
        self._played = 0  # trials
        self._number = 0  # of the step
        self._start = self._end = now  # s: of the step; it ends then at the latest
        self._settling = False  # the plug is in; what comes now may be of the last charge
        self._ready: float | None = None  # when what was asked for was done
        self._met: float | None = None  # when the device said what ends the step
        if case.needs is not None and case.needs in lacks:
            self.result = Result(case=case, trials=(), reason=filled(NEEDS, case.needs.text))
            return
        self._begin_trial(now)

    @property
    def judging(self) -> bool:
        """The device is where the case begins, and is now judged."""
        return self.result is None and self._number >= len(self._trial.before)

    @property
    def asking(self) -> Prompt | None:
        """What is waited for to be done at the device."""
        waits = self.result is None and self._ready is None and not self._settling
        return self._step.prompt if waits else None

    @property
    def awaited(self) -> tuple[str, ...]:
        """What the device has to say to end the step; empty when only time ends it."""
        return self._step.until if self.result is None and self._met is None else ()

    @property
    def deadline(self) -> float | None:
        """When `tick` wants to be called; None when the case is over."""
        if self.result is not None:
            return None
        voice = self._voice.deadline
        return self._end if voice is None else min(self._end, voice)

    def prompts(self) -> list[Prompt]:
        """Take what has to be done at the device now, in order. Each is answered by `done` or `cannot`."""
        prompts, self._prompts = self._prompts, []
        return prompts

    def done(self, prompt: Prompt, now: float) -> None:
        """What was asked for is done. Nothing happens when it is no longer asked for: the device went on without it."""
        if prompt is not self.asking:
            return
        if prompt is Prompt.CONNECT:
            self._settling = True
            self._end = now + SETTLING
        else:
            self._ready = now
            if self._met is None:
                self._end = now + self._step.limit / 1000

    def cannot(self, prompt: Prompt, now: float) -> None:
        """What was asked for, and still is, cannot be done: the trial says nothing."""
        if prompt is self.asking:
            self._end_trial(now, filled(CANNOT, prompt.text(vehicle=self._vehicle)))

    def observe(self, fact: Fact, holds: bool) -> None:
        """An instrument at the device reports."""
        if self.result is None:
            self._log.facts[fact] = holds

    def receive(self, identifier: int, data: bytes, now: float) -> None:
        """Take any frame of the bus, with its 29-bit identifier."""
        if self.result is not None:
            return
        if self._log.full:
            self._end_trial(now, TOO_MANY)
            return
        names = self._log.frame(now, False, identifier, data)
        for name, own, payload in self._voice.hear(identifier, data, now):
            self._log.complete(now, own, name, payload)
            names += [] if own else [name]
        self._carry(now)
        if self._met is None and self._waits_for(names):
            self._met = now
            self._end = now + self._step.hold / 1000

    def tick(self, now: float) -> None:
        """Let time pass."""
        while self.result is None and now >= self._end:
            (self._settle if self._settling else self._end_step)(now)
        if self.result is None:
            self._voice.tick(now)
            self._carry(now)

    def data_to_send(self) -> list[Frame]:
        """Take the frames that are to be sent, in order."""
        frames, self._frames = self._frames, []
        return frames

    @property
    def _trial(self) -> Trial:
        return self.case.trials[self._played]

    @property
    def _step(self) -> Step:
        return self._steps[self._number]

    @property
    def _vehicle(self) -> bool:
        return self.case.side is Side.VEHICLE

    def _waits_for(self, names: list[str]) -> bool:
        """Whether the step ends by one of these; what is said before the plug is in is of the last charge."""
        step = self._step
        stale = step.prompt is Prompt.CONNECT and self._ready is None
        return not stale and any(name in step.until for name in names)

    def _begin_trial(self, now: float) -> None:
        self._log = Log(self.case.side)
        self._voice = Voice(self.case.side, self._words)
        self._findings: list[Finding] = []
        self._began = now
        self._steps = self._trial.before + self._trial.steps
        self._number = 0
        self._settling = False
        self._begin_step(now)

    def _begin_step(self, now: float) -> None:
        step = self._step
        self._start = now
        self._ready = None if step.prompt else now
        self._met = None
        self._end = now + (self._patience if step.prompt else step.limit / 1000)
        if step.prompt:
            self._prompts.append(step.prompt)
        self._voice.say(() if step.prompt is Prompt.CONNECT else step.says, step.hears, now)
        self._carry(now)

    def _settle(self, now: float) -> None:
        """A new charge begins: what was said before is forgotten."""
        self._settling = False
        self._ready = now
        self._end = now + self._step.limit / 1000
        self._log.forget()
        self._voice.say(self._step.says, self._step.hears, now)
        self._carry(now)

    def _end_step(self, now: float) -> None:
        step = self._step
        if self._ready is None and self._met is None:
            assert step.prompt is not None
            self._end_trial(now, filled(NOT_DONE, step.prompt.text(vehicle=self._vehicle)))
            return
        ready = self._start if self._ready is None else self._ready
        span = Span(self._start, ready, now)
        findings = [expected.judge(self._log, span, self._tolerances) for expected in step.expects]
        self._findings += findings
        if step.must and self._met is None:
            self._end_trial(now, filled(NOT_REACHED, " / ".join(step.until), f"{now - ready:.1f} s"))
        elif any(finding.met is False for finding in findings):
            self._end_trial(now)
        elif self._number + 1 < len(self._steps):
            self._number += 1
            self._begin_step(now)
        else:
            self._end_trial(now)

    def _end_trial(self, now: float, reason: Text | None = None) -> None:
        self._prompts.clear()
        self._trials.append(
            TrialResult(
                name=self._trial.name,
                began=self._began,
                ended=now,
                findings=tuple(self._findings),
                lines=tuple(self._log.lines),
                reason=reason,
            )
        )
        if self._played + 1 < len(self.case.trials):
            self._played += 1
            self._begin_trial(now)
        else:
            self.result = Result(case=self.case, trials=tuple(self._trials))

    def _carry(self, now: float) -> None:
        """Note what is said, and hand it out."""
        for frame in self._voice.frames():
            self._log.frame(now, True, frame.identifier, frame.data)
            self._frames.append(frame)


NEEDS = Text("applies only to {}", "仅适用于{}")
CANNOT = Text("cannot be done at the device: {}", "设备上无法执行：{}")
NOT_DONE = Text("was not done at the device: {}", "设备上未执行：{}")
NOT_REACHED = Text(
    "the device was not brought to where the case begins: no {} in {}", "未能达到测试前置条件：{1} 内未收到 {0}"
)
TOO_MANY = Text("more frames on the bus than can be kept", "总线帧数超过可保存上限")
