"""The daemon's end of the guard: keeps its process running, tells it facts, hears what it says.

There is no timer here that repeats a fact. Whoever runs the session tells anew every 20-100 ms, so that the guard
hears silence when that code hangs, though the daemon's loop may still turn.
"""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import structlog

from chargelink.edge.guard.datagrams import RESET, Facts
from chargelink.edge.guard.lines import ALREADY_GUARDED

READY_WITHIN = 10.0  # s
SILENT_AFTER = 1.5  # s without a report, which comes every 500 ms
START_AGAIN = 1.0  # s
END_WITHIN = 4.0  # s; the guard itself takes 3 at most
LONGEST_REPORT = 65536  # bytes

log = structlog.get_logger("guard")


class Trip(msgspec.Struct, frozen=True):
    """One latched cause: times are CLOCK_MONOTONIC, ns; values as they were when it tripped."""

    sequence: int
    rule: str
    id: str
    action: str
    at_ns: int
    since_ns: int
    values: dict[str, Any]


class Report(msgspec.Struct, frozen=True):
    """What the guard says of itself. The first of the trips is the first-out."""

    state: str  # fault-hold, armed, permit, tripped
    rule: str | None
    at_ns: int
    values: dict[str, Any]
    stopping: bool
    trips: tuple[Trip, ...]
    holding: tuple[str, ...]  # rules that hold now
    refused: tuple[str, ...]  # why the last reset was not accepted
    mark: str | None
    ignored: dict[str, int]
    longest_cycle_ns: int
    pid: int
    memory: str
    scheduling: str
    unheard: int


class Guarded:
    """One guard. `run` is a task for as long as the daemon lives; `tell` and `reset` may be called at any time."""

    def __init__(
        self, lines: str, folder: Path, mark: Path, on_report: Callable[[Report], None] = lambda report: None
    ) -> None:
        """`lines` is `unix:FOLDER`; `folder` holds the sockets between daemon and guard, only for their owner."""
        self._lines, self._mark, self._on_report = lines, mark, on_report
        self._facts, self._events = folder / "facts", folder / "events"
        self._out = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._sequence = time.monotonic_ns() // 1_000_000  # a daemon that starts anew goes on counting
        self._report: Report | None = None
        self._spoke = asyncio.Event()
        self._heard_at = -SILENT_AFTER
        self.unheard = 0  # facts that the guard did not take

    @property
    def report(self) -> Report | None:
        """The latest; None when the guard is silent, which is to be taken for a tripped one."""
        return self._report if time.monotonic() - self._heard_at < SILENT_AFTER else None

    @property
    def permits(self) -> bool:
        """Whether the contactor may be closed now. The guard's pulses decide, not this."""
        report = self.report
        return report is not None and report.state == "permit" and not report.stopping

    def tell(self, *, wanted: bool, limit_mv: int | None = None, limit_ma: int = 0, session: int = 0) -> None:
        """Facts of this moment; the limit is the least of the vehicle's (BHM, BCP), None before it is known.

        Raises struct.error on a value that does not fit.
        """
        self._sequence = self._sequence + 1 & 0xFFFFFFFF
        known, limit = limit_mv is not None, limit_mv or 0
        facts = Facts(wanted, known, self._sequence, time.monotonic_ns(), limit, limit_ma, session)
        self._say(facts.encode())

    def reset(self) -> None:
        """Ask to unlatch: the next report is no longer `tripped`, or says in `refused` why not."""
        self._say(RESET)

    async def run(self) -> None:
        """Start the guard, or adopt one that outlived an earlier daemon; start it again when it is gone.

        Ends by cancellation: the guard comes to its orderly end first.
        """
        loop = asyncio.get_running_loop()
        events = self._bound()
        loop.add_reader(events, self._hear, events)
        try:
            while True:
                if self.report is None:
                    await self._start()
                await asyncio.sleep(START_AGAIN)
        finally:
            with suppress(TimeoutError):  # one that outlived an earlier daemon may not have spoken to us yet
                await asyncio.wait_for(self._spoke.wait(), SILENT_AFTER)
            if self._report:
                await _end(self._report.pid)
            loop.remove_reader(events)
            events.close()
            self._events.unlink(missing_ok=True)
            self._out.close()

    async def _start(self) -> None:
        """Returns when the process has ended by itself, or is not the one that guards."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "chargelink.edge.guard", "--lines", self._lines, "--mark", str(self._mark)),
            *("--facts", str(self._facts), "--events", str(self._events)),
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C is the daemon's, which ends the guard in its order
        )
        assert process.stdout
        try:
            ready = await asyncio.wait_for(process.stdout.readline(), READY_WITHIN)
            if ready:
                log.info("guard started", pid=process.pid, says=ready.decode().strip())
            code = await process.wait()
        except asyncio.CancelledError:
            await _end(process.pid)
            await process.wait()
            raise
        except TimeoutError:
            process.kill()
            code = await process.wait()
        if code == ALREADY_GUARDED:
            log.warning("a guard of an earlier daemon holds the lines")
        else:
            log.error("guard ended", code=code)

    def _bound(self) -> socket.socket:
        self._events.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._events.unlink(missing_ok=True)
        events = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        events.bind(str(self._events))
        self._events.chmod(0o600)
        return events

    def _hear(self, events: socket.socket) -> None:
        try:
            report = msgspec.json.decode(events.recv(LONGEST_REPORT), type=Report)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            log.warning("not a report of the guard", error=str(error))
            return
        except BlockingIOError:
            return
        before, self._report, self._heard_at = self._report, report, time.monotonic()
        self._spoke.set()
        self._note(before, report)
        self._on_report(report)

    def _note(self, before: Report | None, report: Report) -> None:
        if before is None or (before.state, before.rule) != (report.state, report.rule):
            say = log.error if report.state == "tripped" else log.info
            say("guard is " + report.state, rule=report.rule, values=report.values)

    def _say(self, datagram: bytes) -> None:
        try:
            self._out.sendto(datagram, str(self._facts))
        except OSError:
            self.unheard += 1


async def _end(pid: int) -> None:
    """Ask a guard to end, ours or adopted; kill it when it does not in time."""
    with suppress(ProcessLookupError):
        descriptor = os.pidfd_open(pid)
        gone = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(descriptor, gone.set)
        try:
            signal.pidfd_send_signal(descriptor, signal.SIGTERM)
            await asyncio.wait_for(gone.wait(), END_WITHIN)
        except TimeoutError:
            log.error("guard did not end in time", pid=pid)
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)
