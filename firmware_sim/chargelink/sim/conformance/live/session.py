"""Plays cases on a bus, one after the other, until the last one or until somebody stops it."""

import asyncio
import gc
from collections.abc import Callable, Sequence

from chargelink.cli.language import Text
from chargelink.sim.conformance.bench import Prompt
from chargelink.sim.conformance.case import Case
from chargelink.sim.conformance.figures import Side
from chargelink.sim.conformance.live.attendants import Answer, Attendant
from chargelink.sim.conformance.live.bus import Bus
from chargelink.sim.conformance.live.lateness import Lateness
from chargelink.sim.conformance.live.outcome import Played
from chargelink.sim.conformance.live.screen import Screen
from chargelink.sim.conformance.tester import Tester
from chargelink.sim.conformance.wording import filled

MakeTester = Callable[[float, Case], Tester]
SHOWN_EVERY = 0.5  # s


class Session:
    """A run on one bus. `played` grows while it lasts."""

    def __init__(self, bus: Bus, attendant: Attendant, testers: MakeTester, lateness: Lateness, screen: Screen) -> None:
        self.played: list[Played] = []
        self._bus = bus
        self._attendant = attendant
        self._testers = testers
        self._lateness = lateness
        self._screen = screen
        self._loop = asyncio.get_running_loop()

    async def run(self, cases: Sequence[Case]) -> None:
        """All of them. Raises LinkError when the bus is gone; `played` holds what is known by then."""
        for number, case in enumerate(cases, 1):
            self._screen.begins(number, case)
            began = self._loop.time()
            missing = [prompt for prompt in asked(case) if not self._attendant.can(prompt)]
            if missing:
                vehicle = case.side is Side.VEHICLE
                played = Played(case=case, unable=filled(NOBODY, missing[0].text(vehicle)))
            else:
                try:
                    played = await self._play(case)
                except BaseException:
                    self.played.append(Played(case=case, unable=STOPPED, seconds=self._loop.time() - began))
                    raise
            self.played.append(played)
            self._screen.ended(played)

    async def _play(self, case: Case) -> Played:
        began = self._loop.time()
        self._bus.jams = 0
        late = 0.0
        tester = self._testers(began, case)
        bench = Bench(tester, self._attendant, self._loop.time)
        self._bus.tester = tester
        gc.disable()  # to look through all frames that are kept takes longer than a period of BST
        try:
            while tester.result is None:
                bench.attend(self._bus.changed)
                await self._bus.say(tester.data_to_send())
                asking = tester.asking
                if tester.result is None:
                    await self._wait(tester)
                tester.tick(self._loop.time())
                passed = self._lateness.take()
                if asking is None:  # to start a hook takes its time, and nothing is judged meanwhile
                    late = max(late, passed)
        finally:
            self._bus.tester = None
            await bench.leave()
            gc.enable()
            gc.collect()
        await self._bus.say(tester.data_to_send())
        jams = (filled(JAMMED, self._bus.jams),) if self._bus.jams else ()
        seconds = self._loop.time() - began
        return Played.through(tester.result, seconds, late, bench.unable, (*bench.notes, *jams))

    async def _wait(self, tester: Tester) -> None:
        """Until the tester wants to be called, or something happens; what it waits for is shown."""
        now = self._loop.time()
        self._screen.waits(tester, now)
        deadline = tester.deadline
        until = now + SHOWN_EVERY if deadline is None else min(deadline, now + SHOWN_EVERY)
        try:
            async with asyncio.timeout_at(until):
                await self._bus.changed.wait()
        except TimeoutError:
            if deadline is not None and until == deadline:
                self._lateness.note(self._loop.time() - deadline)
        self._bus.changed.clear()


class Bench:
    """Has done at the device what the tester asks for, while the tester goes on."""

    def __init__(self, tester: Tester, attendant: Attendant, clock: Callable[[], float]) -> None:
        self.unable: Text | None = None
        self.notes: list[Text] = []
        self._tester = tester
        self._attendant = attendant
        self._clock = clock
        self._task: asyncio.Task[Answer] | None = None
        self._prompt: Prompt | None = None

    def attend(self, changed: asyncio.Event) -> None:
        """Pass on what was done, and ask for what has to be done now."""
        if self._task and self._task.done():
            task, self._task = self._task, None
            self._answered(task.result())
        for prompt in self._tester.prompts():
            if self._task:
                self._task.cancel()  # the device went on without it
            self._prompt = prompt
            self._task = asyncio.create_task(self._attendant.do(prompt, self._tester.case), name="attendant")
            self._task.add_done_callback(lambda _: changed.set())
        if self._task and self._tester.asking is not self._prompt:
            self._task.cancel()
            self._task = None

    async def leave(self) -> None:
        """Nothing is asked for any more."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])

    def _answered(self, answer: Answer) -> None:
        if answer.why:
            self.notes.append(answer.why)
        assert self._prompt is not None
        if answer.done:
            self._tester.done(self._prompt, self._clock())
            return
        if answer.unable:
            self.unable = self.unable or answer.why
        self._tester.cannot(self._prompt, self._clock())


def asked(case: Case) -> list[Prompt]:
    """What has to be done at the device, each once."""
    steps = [step for trial in case.trials for step in trial.before + trial.steps]
    return list(dict.fromkeys(step.prompt for step in steps if step.prompt))


NOBODY = Text("nobody is there who could: {}", "无人可执行：{}")
STOPPED = Text("stopped before its end", "未完成即被中止")
JAMMED = Text(
    "the bus took none of the tester's frames for 1 s, {} times: nobody acknowledges, or it is full",
    "总线 {} 次在 1 s 内未接受测试系统的任何帧：无节点应答，或总线已满",
)
