"""One run: the bus or a rehearsal, the attendant, the reports."""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from chargelink.cli.command import CommandError, Exit
from chargelink.cli.groups import leaves
from chargelink.cli.language import Text
from chargelink.sim.can_client import LinkError, joined
from chargelink.sim.conformance.case import Case, Need
from chargelink.sim.conformance.figures import Side, Tolerances
from chargelink.sim.conformance.live.attendants import Attendant, Automatic, Awakening, Hook, Person, Simulator
from chargelink.sim.conformance.live.bus import Bus, FrameLog
from chargelink.sim.conformance.live.document import document
from chargelink.sim.conformance.live.junit import junit
from chargelink.sim.conformance.live.lateness import Lateness
from chargelink.sim.conformance.live.observer import Observer
from chargelink.sim.conformance.live.outcome import Played, Report
from chargelink.sim.conformance.live.page import page
from chargelink.sim.conformance.live.screen import Screen, summary
from chargelink.sim.conformance.live.session import Session
from chargelink.sim.conformance.rehearsal import ChargerDevice, VehicleDevice, play
from chargelink.sim.conformance.tester import Tester
from chargelink.sim.conformance.wording import filled
from chargelink.sim.conformance.words import Speech
from chargelink.sim.process import like_hardware, run


def run_cases(
    side: Side,
    cases: Sequence[Case],
    words: Mapping[str, Speech],
    tolerances: Tolerances,
    arguments: argparse.Namespace,
) -> int:
    """Play, report, and say by the exit code how it was. Raises CommandError."""
    reports = Reports(arguments)
    testers = partial(
        _tester,
        words=words,
        tolerances=tolerances,
        lacks=[Need(lack) for lack in arguments.lacks],
        patience=arguments.patience,
    )
    if arguments.rehearse:
        return reports.write(rehearsed(side, cases, testers, tolerances, arguments.device))
    like_hardware()  # where that is permitted: who judges by milliseconds has to be on time
    return run(_live(side, cases, testers, tolerances, arguments, reports))


def _tester(
    now: float,
    case: Case,
    *,
    words: Mapping[str, Speech],
    tolerances: Tolerances,
    lacks: Sequence[Need],
    patience: float,
) -> Tester:
    return Tester(now, case, words=words, tolerances=tolerances, lacks=lacks, patience=patience)


def rehearsed(
    side: Side, cases: Sequence[Case], testers: "partial[Tester]", tolerances: Tolerances, device: str
) -> Report:
    """The cases against our own side."""
    screen = Screen(len(cases))
    began = datetime.now(UTC)
    played = []
    for case in cases:
        result = play(testers(0.0, case), ChargerDevice() if side is Side.CHARGER else VehicleDevice())
        played.append(Played.through(result, sum(one.ended - one.began for one in result.trials)))
        screen.ended(played[-1])
    return Report(
        side=side,
        device=device or f"chargelink {side.name.lower()}",
        place="",
        began=began,
        seconds=sum(one.seconds for one in played),
        chosen=len(cases),
        played=tuple(played),
        tolerances=tolerances,
    )


async def _live(
    side: Side,
    cases: Sequence[Case],
    testers: "partial[Tester]",
    tolerances: Tolerances,
    arguments: argparse.Namespace,
    reports: "Reports",
) -> int:
    loop = asyncio.get_running_loop()
    began, moment = datetime.now(UTC), loop.time()
    screen, lateness, awakening = Screen(len(cases)), Lateness(), Awakening(side)
    attendant = attendant_of(side, awakening, screen, arguments)
    session: Session | None = None
    interrupted: Text | None = None
    gone: LinkError | None = None
    try:
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(joined(arguments.can))
            await stack.enter_async_context(lateness.watched())
            log = reports.frame_log(stack, time.time() - loop.time())
            bus = Bus(client, awakening, lateness, log)
            session = Session(bus, attendant, testers, lateness, screen)
            async with asyncio.TaskGroup() as tasks:
                beside = [tasks.create_task(bus.listen(), name="bus")]
                if arguments.observe:
                    observer = Observer(arguments.observe, bus.observe, screen.say)
                    beside.append(tasks.create_task(observer.watch(), name="observer"))
                await session.run(cases)
                for task in beside:
                    task.cancel()
    except asyncio.CancelledError:
        if session is None:
            raise
        interrupted = INTERRUPTED
    except ExceptionGroup as group:
        if group.split(LinkError)[1]:
            raise
        gone = next(error for error in leaves(group) if isinstance(error, LinkError))
        interrupted = filled(GONE, gone)
    report = Report(
        side=side,
        device=arguments.device or arguments.can,
        place=arguments.can,
        began=began,
        seconds=loop.time() - moment,
        chosen=len(cases),
        played=tuple(session.played if session else ()),
        tolerances=tolerances,
        interrupted=interrupted,
        load=os.getloadavg()[0],
        processors=os.cpu_count() or 1,
    )
    code = reports.write(report)
    if gone:
        raise CommandError(str(interrupted))
    return Exit.INTERRUPTED if interrupted else code


def attendant_of(side: Side, awakening: Awakening, screen: Screen, arguments: argparse.Namespace) -> Attendant:
    """Who works the device. Raises CommandError when nobody can."""
    chosen: Attendant | None = None
    if arguments.hook and arguments.control:
        raise CommandError(str(ONE_ONLY))
    if arguments.hook:
        chosen = Hook(arguments.hook, side, arguments.hook_timeout)
    elif arguments.control:
        chosen = Simulator(arguments.control, side)
    if arguments.automatic:
        return Automatic(awakening, chosen)
    if chosen is None and not sys.stdin.isatty():
        raise CommandError(str(NOBODY_THERE))
    return chosen or Person(side, awakening, screen.ask)


class Reports:
    """The files that were asked for. They are opened for writing before anything is done at a device."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._html: Path | None = arguments.html
        self._junit: Path | None = arguments.junit
        self._json: Path | None = arguments.json
        self._trace: Path | None = arguments.save_trace
        for path in (self._html, self._junit, self._json, self._trace):
            if path:
                self._try(path)

    def frame_log(self, stack: AsyncExitStack, epoch: float) -> FrameLog | None:
        """The log of all frames, if it was asked for; closed with the stack."""
        if self._trace is None:
            return None
        return FrameLog(stack.enter_context(self._trace.open("w", encoding="ascii")), epoch)

    def write(self, report: Report) -> int:
        """Show the sum, write the files; the exit code."""
        print("\n".join(["", *summary(report)]), flush=True)
        makers = ((self._html, page), (self._junit, junit), (self._json, document))
        for path, maker in makers:
            if path:
                self._try(path, maker(report))
        return Exit.CLEAN if report.clean else Exit.DEFECTS

    @staticmethod
    def _try(path: Path, content: bytes | None = None) -> None:
        """Write a file; without content only see whether that can be done. Raises CommandError."""
        try:
            if content is None:
                path.open("ab").close()
            else:
                path.write_bytes(content)
        except OSError as error:
            raise CommandError(CANNOT_WRITE.format(path, error.strerror or error)) from error


INTERRUPTED = Text("interrupted: what is known so far", "已中断：以下为目前已知的结果")
GONE = Text("the bus is gone: {}", "总线连接已断开: {}")
ONE_ONLY = Text("--hook or --control, not both", "--hook 与 --control 只能选其一")
NOBODY_THERE = Text(
    "nobody is there to work the device: standard input is no terminal; give --hook, --control or --automatic",
    "无人操作设备：标准输入不是终端；请使用 --hook、--control 或 --automatic",
)
CANNOT_WRITE = Text("cannot write {}: {}", "无法写入 {}: {}")
