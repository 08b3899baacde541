"""The guard's one loop: read what has come, evaluate, speak. The only file here that reads a clock."""

import fcntl
import os
import select
import signal
import sys
import time
from types import FrameType

from chargelink.edge.guard import mark, realtime
from chargelink.edge.guard.lines import ALREADY_GUARDED, Ear, Mouth
from chargelink.edge.guard.rehearsal import rehearse
from chargelink.edge.guard.state import Guard

END_WITHIN = 3_000_000_000  # ns; then it ends as it is, and the next start finds the mark
ABANDONED_AFTER = 30_000_000_000  # ns without daemon and charger, when the process that started it is gone
ENDED = 0


class AlreadyGuardedError(Exception):
    """Another process guards these lines."""


class Process:
    """Owns the sockets, the lock on the lines and the child that writes the mark."""

    def __init__(self, folder: str, facts: str, events: str, marks: str) -> None:
        """Raises AlreadyGuardedError, OSError."""
        os.umask(0o077)
        keeper = mark.Keeper(marks)  # before the lock, or its child would hold the lock too
        self._lock = os.open(os.path.join(folder, "guard.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            keeper.close()
            raise AlreadyGuardedError(folder) from None
        self._keeper: mark.Keeper | None = keeper
        self._inputs, self._facts = Ear(os.path.join(folder, "inputs")), Ear(facts)
        self._permit, self._events = Mouth(os.path.join(folder, "permit")), Mouth(events)
        self._marks = marks
        self._parent = os.getppid()
        self._end_by: int | None = None
        self._process: dict[str, object] = {"pid": os.getpid()}

    def run(self) -> int:
        """Until SIGTERM or SIGINT, or until nobody is left. Returns the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._asked_to_end)
        rehearse()
        realtime.still_collector()
        self._process["memory"] = realtime.lock_memory()
        self._process["scheduling"] = realtime.take_priority()
        ready = " ".join(f"{name}={value}" for name, value in self._process.items())
        print(f"ready {ready} resident_kib={realtime.resident_kib()}", flush=True)
        guard = Guard(mark.read(self._marks), time.monotonic_ns())
        while not self._over(guard):
            self._turn(guard)
        self._close()
        return ENDED

    def _turn(self, guard: Guard) -> None:
        sources: list[Ear | mark.Keeper] = [self._inputs, self._facts]
        if self._keeper:
            sources.append(self._keeper)
        wait = max(0, guard.deadline - time.monotonic_ns()) / 1e9
        readable = select.select(sources, (), (), wait)[0]
        inputs = self._inputs.receive() if self._inputs in readable else []
        facts = self._facts.receive() if self._facts in readable else []
        now = time.monotonic_ns()  # after reading, or a fact could come from the future
        for datagram in inputs:
            guard.receive_inputs(datagram, now)
        for datagram in facts:
            guard.receive_facts(datagram, now)
        if self._keeper and self._keeper in readable:
            self._hear(self._keeper, guard, now)
        guard.tick(now)
        for word in guard.words_to_send():
            self._permit.say(word)
        self._remember(guard, now)
        if report := guard.report_to_send(now, **self._process, unheard=self._permit.unheard):
            self._events.say(report)

    def _hear(self, keeper: mark.Keeper, guard: Guard, now: int) -> None:
        durable = keeper.answer()
        if durable is None:
            self._keeper = None
        guard.mark_written(bool(durable), now)

    def _remember(self, guard: Guard, now: int) -> None:
        wanted = guard.mark_to_write(now)
        if wanted and not (self._keeper and self._keeper.ask(wanted)):
            guard.mark_written(False, now)

    def _asked_to_end(self, number: int, frame: FrameType | None) -> None:
        self._end_by = self._end_by or time.monotonic_ns() + END_WITHIN

    def _over(self, guard: Guard) -> bool:
        now = time.monotonic_ns()
        if self._end_by is None:
            return os.getppid() != self._parent and guard.heard_at < now - ABANDONED_AFTER
        guard.end()
        return guard.ended or now > self._end_by

    def _close(self) -> None:
        for end in (self._inputs, self._facts, self._permit, self._events, self._keeper):
            if end:
                end.close()
        os.close(self._lock)


def run(folder: str, facts: str, events: str, marks: str) -> int:
    """One guard for the lines in a folder. Returns the exit code."""
    try:
        process = Process(folder, facts, events, marks)
    except AlreadyGuardedError:
        print(f"guard: the lines in {folder} are guarded by another process", file=sys.stderr)
        return ALREADY_GUARDED
    return process.run()
