"""A charger with a one-shot and a daemon, in one loop, around a real guard process.

The rig feeds inputs every 5 ms and facts every 20 ms. When the machine holds it up so long that its own inputs would
be stale it says so, and the story is told again: a test of the guard must not fail for the lateness of the tester.
"""

import gc
import json
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from tests.edge.guard.told import CLOSED, E_STOP, KNOWN, LOCKED, MS, WANTED, facts, inputs

from chargelink.edge.guard import mark

INPUTS_EVERY, FACTS_EVERY = 5 * MS, 20 * MS
LATE = 35 * MS
HOLDS = 50 * MS
ATTEMPTS = 8
PATIENCE = 20  # s


class LateError(Exception):
    """The rig, or the guard before anything was done to it, was held up by the machine: nothing can be concluded."""


class OneShot:
    """Holds the permit for 50 ms after the last pulse."""

    def __init__(self) -> None:
        self.until = 0
        self.modules = True

    def hear(self, word: bytes, at: int) -> None:
        if word == b"P":
            self.until = at + HOLDS
        elif word == b"M":
            self.modules = False
        elif word == b"O":
            self.until, self.modules = 0, False

    def permits(self, at: int) -> bool:
        return at < self.until


class Rig:
    """`until` turns the world until something is so."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="guard-"))
        self.mark = self.folder / "mark"
        self.permit, self.events = self._bound("permit"), self._bound("events")
        self.out = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.one_shot = OneShot()
        self.feeding = self.telling = True
        self.pressed = self.wanted = False
        self.heard: list[tuple[int, bytes]] = []
        self.report: dict[str, Any] = {}
        self.counter = 0
        self.inputs_at = self.facts_at = 0
        mark.commission(str(self.mark))
        self.begin()

    def begin(self) -> None:
        self.process = self.start()
        assert self.process.stdout
        self.ready = self.process.stdout.readline().split()

    def start(self) -> "subprocess.Popen[str]":
        lines = ["--lines", f"unix:{self.folder}", "--facts", f"{self.folder}/facts", "--mark", str(self.mark)]
        command = [sys.executable, "-m", "chargelink.edge.guard", *lines, "--events", f"{self.folder}/events"]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def restart(self) -> None:
        self.stop()
        self.report, self.inputs_at = {}, 0
        self.begin()

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        for end in (self.permit, self.events, self.out):
            end.close()
        shutil.rmtree(self.folder)

    @property
    def now(self) -> int:
        return time.monotonic_ns()

    @property
    def state(self) -> str | None:
        return self.report.get("state")

    @property
    def closed(self) -> bool:
        return self.one_shot.permits(self.now)

    def until(self, so: Callable[[], bool], what: str) -> int:
        """Returns when it was so. Raises AssertionError when it is not in a generous time."""
        give_up = self.now + PATIENCE * 1000 * MS
        while not so():
            assert self.now < give_up, f"{what}: {self.report}"
            self.turn()
        return self.now

    def turn(self) -> None:
        now = self.now
        if self.feeding and now - self.inputs_at >= INPUTS_EVERY:
            if self.inputs_at and now - self.inputs_at > LATE:
                raise LateError
            self.feed(now)
        if self.telling and now - self.facts_at >= FACTS_EVERY:
            self.facts_at = now
            self.say("facts", facts(self.counter, now, (WANTED | KNOWN) * self.wanted))
        for line in select.select([self.permit, self.events], (), (), 0.001)[0]:
            with suppress(BlockingIOError):
                while datagram := line.recv(65536):
                    self.hear(line, datagram)

    def feed(self, now: int) -> None:
        closed = self.closed and self.wanted
        self.counter += 1
        self.inputs_at = now
        bits = LOCKED | E_STOP * self.pressed | CLOSED * closed
        current = 100_000 * (closed and self.one_shot.modules)
        self.say("inputs", inputs(self.counter, bits, inside=380_000 * closed, current=current))

    def hear(self, line: socket.socket, datagram: bytes) -> None:
        if line is self.events:
            self.report = json.loads(datagram)
            return
        self.heard.append((self.now, datagram))
        self.one_shot.hear(datagram, self.now)

    def say(self, to: str, datagram: bytes) -> None:
        with suppress(FileNotFoundError, ConnectionRefusedError, BlockingIOError):
            self.out.sendto(datagram, str(self.folder / to))

    def words(self, since: int) -> bytes:
        return b"".join(word for at, word in self.heard if at >= since)

    @property
    def held_up(self) -> bool:
        """Raises LateError when the guard says that it was late, though nobody did anything to it."""
        if self.report.get("rule") == "overrun":
            raise LateError("the guard was held up")
        return False

    def charge(self) -> None:
        self.until(lambda: self.state == "armed", "armed")
        self.wanted = self.one_shot.modules = True
        self.until(lambda: self.held_up or (self.state == "permit" and self.closed), "permit")
        began = self.now
        self.until(
            lambda: self.held_up or (self.now - began > 100 * MS and self.report["values"]["current_ma"] > 0), "current"
        )

    def reset(self) -> None:
        """Ask until it is accepted: the first request may come before the fact that nothing is wanted."""
        self.wanted = self.pressed = False
        while self.state == "tripped":
            self.say("facts", b"RESET")
            asked = self.now
            self.until(lambda: self.state != "tripped" or self.now - asked > 50 * MS, "answer")  # noqa: B023
        self.until(lambda: self.state == "armed", "reset")

    def _bound(self, name: str) -> socket.socket:
        end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        end.bind(str(self.folder / name))
        return end


def tell(story: Callable[[Rig], None]) -> None:
    """Tell a story on a rig that was never late."""
    for _ in range(ATTEMPTS):
        with Rig() as rig, suppress(LateError), ahead_of_others():
            return story(rig)
    raise LateError(f"this machine held the rig up for {LATE // MS} ms in each of {ATTEMPTS} attempts")


class ahead_of_others:  # noqa: N801 - reads as a sentence
    """The tester is on time: no collector, and real-time priority, below the guard's, where that is permitted."""

    def __enter__(self) -> None:
        gc.disable()
        with suppress(PermissionError):
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))

    def __exit__(self, *_: object) -> None:
        gc.enable()
        with suppress(PermissionError):
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
