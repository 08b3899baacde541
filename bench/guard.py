"""The guard: from a readable input to the command to open, beside the same rules in a busy asyncio loop; its memory.

Each round trips a real process over its datagrams by the e-stop, and resets it. The load: four processes that only
compute and one that writes and syncs. References, run as `python -m bench.guard loop|bare FOLDER`: the same rules in
a busy loop, and a process of the guard's priority that does nothing but answer, which is what the machine can do.
"""

import asyncio
import os
import random
import select
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

from bench.measure import Measured, faster, more, slower
from chargelink.edge.guard import realtime
from chargelink.edge.guard.lines import Ear, Mouth
from chargelink.edge.guard.mark import CLEAR, Mark, commission
from chargelink.edge.guard.state import Guard

ROUNDS, LOOP_ROUNDS = 1000, 300
MS = 1_000_000  # ns
HOGS = 4
JOB, JOB_EVERY = 10 * MS, 0.1  # ns of one handler's work in the reference's loop; s
MOST_RESIDENT = 14 * 1024  # KiB
COMPUTE = "while True: pass"
WRITE = "import os, tempfile\nf = tempfile.TemporaryFile()\nwhile True:\n f.write(bytes(4096)); f.flush(); os.fsync(f)"


def figures() -> Iterator[Measured]:
    for load in ("idle", "loaded"):
        with ExitStack() as stack:
            if load == "loaded":
                for code in [COMPUTE] * HOGS + [WRITE]:
                    stack.enter_context(Child([sys.executable, "-c", code]))
            ours, resident = rounds(["chargelink.edge.guard", "--lines", "unix:{0}", *PATHS], ROUNDS)
            bare, _ = rounds(["bench.guard", "bare", "{0}"], ROUNDS)
            loop, _ = rounds(["bench.guard", "loop", "{0}"], LOOP_ROUNDS)
        if load == "loaded":
            yield slower("guard", "e-stop to open, loaded, p99.9", permille(ours, 999), MS, "goal of 1 ms", "<= 1")
            yield slower("guard", "e-stop to open, loaded, max", max(ours), 5 * MS, "goal of 5 ms", "<= 1")
        for name, place in (("p50", 500), ("p99", 990), ("p99.9", 999)):
            metric, took = f"e-stop to open, {load}, {name}", permille(ours, place)
            yield slower("guard", metric, took, permille(bare, place), "answer only, same priority")
            yield faster("guard", metric, took, permille(loop, place), "same rules, asyncio loop with a 10 ms job")
    yield more("guard", "resident memory", "KiB", resident, MOST_RESIDENT, "goal of 14 MiB", "<= 1")


PATHS = ["--facts", "{0}/facts", "--events", "{0}/events", "--mark", "{0}/mark"]


def permille(times: list[int], place: int) -> int:
    return sorted(times)[(len(times) * place) // 1000]


class Child:
    """A process that is gone afterwards."""

    def __init__(self, command: list[str]) -> None:
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def ready(self) -> None:
        assert self.process.stdout
        assert self.process.stdout.readline().startswith(b"ready")

    def resident(self) -> int:
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def rounds(module: list[str], count: int) -> tuple[list[int], int]:
    """The times of all rounds (ns), and the resident memory afterwards (KiB)."""
    with tempfile.TemporaryDirectory(prefix="guard-") as folder, ExitStack() as stack:
        commission(f"{folder}/mark")
        tester = stack.enter_context(Tester(folder))
        child = stack.enter_context(Child([sys.executable, "-m", *(word.format(folder) for word in module)]))
        child.ready()
        with suppress(PermissionError):  # ahead of what it measures, or it would measure itself
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(60))
            stack.callback(os.sched_setscheduler, 0, os.SCHED_OTHER, os.sched_param(0))
        times = [tester.round() for _ in range(count)]
        return times, child.resident()


class Tester:
    """Charger and daemon."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.permit = Ear(f"{folder}/permit")
        self.inputs, self.facts = Mouth(f"{folder}/inputs"), Mouth(f"{folder}/facts")
        self.counter = 0
        self.random = random.Random(1)

    def __enter__(self) -> "Tester":
        return self

    def __exit__(self, *_: object) -> None:
        for end in (self.permit, self.inputs, self.facts):
            end.close()

    def round(self) -> int:
        """Reset, charge for a while, press; from the press to the word, ns."""
        while True:
            self.charge()
            until = time.monotonic_ns() + self.random.randrange(30 * MS)
            opened = False
            while time.monotonic_ns() < until and not opened:
                self.feed(wanted=True)
                opened = b"O" in self.listen(0.004)
            if not opened:
                break  # else the reference has tripped over itself
        self.feed(wanted=True)
        pressed = time.monotonic_ns()
        self.say_inputs(pressed=True)
        while b"O" not in self.listen(1):
            pass
        return time.monotonic_ns() - pressed

    def charge(self) -> None:
        while True:
            self.feed(wanted=False)
            self.facts.say(b"RESET")
            self.listen(0.002)
            for _ in range(5):
                self.feed(wanted=True)
                if b"P" in self.listen(0.002):
                    return

    def feed(self, wanted: bool) -> None:
        self.say_inputs(pressed=False)
        flags = 3 if wanted else 2
        self.facts.say(struct.pack("<BBIQiiI", 1, flags, self.counter, time.monotonic_ns(), 400_000, 250_000, 1))

    def say_inputs(self, pressed: bool) -> None:
        self.counter += 1
        self.inputs.say(struct.pack("<BBHiii", 1, 8 | pressed, self.counter & 0xFFFF, 380_000, 0, 0))

    def listen(self, seconds: float) -> list[bytes]:
        return self.permit.receive() if select.select([self.permit], (), (), seconds)[0] else []


class InLoop:
    """The guard's own rules and states in the loop of a daemon that has other work to do."""

    def __init__(self, folder: str) -> None:
        self.guard = Guard(Mark(CLEAR), time.monotonic_ns())
        self.inputs, self.facts = Ear(f"{folder}/inputs"), Ear(f"{folder}/facts")
        self.permit = Mouth(f"{folder}/permit")
        self.loop = asyncio.get_running_loop()
        self.loop.add_reader(self.inputs, self.turn)
        self.loop.add_reader(self.facts, self.turn)
        self.timer = self.loop.call_soon(self.turn)

    def turn(self) -> None:
        now = time.monotonic_ns()
        for datagram in self.inputs.receive():
            self.guard.receive_inputs(datagram, now)
        for datagram in self.facts.receive():
            self.guard.receive_facts(datagram, now)
        self.guard.tick(now)
        for word in self.guard.words_to_send():
            self.permit.say(word)
        if self.guard.mark_to_write(now):
            self.guard.mark_written(True, now)
        self.timer.cancel()
        self.timer = self.loop.call_at(self.guard.deadline / 1e9, self.turn)


async def loop(folder: str) -> None:
    InLoop(folder)
    print("ready", flush=True)
    while True:
        until = time.monotonic_ns() + JOB
        while time.monotonic_ns() < until:
            pass
        await asyncio.sleep(JOB_EVERY)


def bare(folder: str) -> None:
    inputs, permit = Ear(f"{folder}/inputs"), Mouth(f"{folder}/permit")
    realtime.still_collector()
    realtime.lock_memory()
    realtime.take_priority()
    print("ready", flush=True)
    while select.select([inputs], (), ()):
        for datagram in inputs.receive():
            permit.say(b"O" if datagram[1] & 1 else b"P")


if __name__ == "__main__":
    if sys.argv[1] == "bare":
        bare(sys.argv[2])
    else:
        asyncio.run(loop(sys.argv[2]))
