"""How fast the journal takes records: against sqlite3 alone with the same rows and commits, and on slow storage.

Storage that takes 8 ms for each flush is emulated: a library compiled here goes before libc (LD_PRELOAD) and sleeps in
`fsync` and `fdatasync` before it does them. What else a flash card does, such as stopping for a second now and then, it
does not.
"""

import asyncio
import json
import math
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, suppress
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from bench.measure import Measured, more, slower
from chargelink.edge.ledger import Journal, schema
from chargelink.edge.ledger.writer import LARGEST_GROUP
from chargelink.model import Alarm, body_of
from chargelink.trust.checkpoints import JournalKey

PRODUCERS = 128
ROUNDS, ROUND = 5, 2.0  # s
CONTENT = Alarm(code="bench", text="x" * 200, at=1_771_689_600_000)  # about 260 bytes, as a small record has
FLUSH = 0.008  # s
OFFERED = 2_200.0  # records a second on slow storage
SLOW_FOR, WINDOW = 30.0, 5.0  # s
TICK = 0.002  # s between two looks at how late the loop is
SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>
#define SLOW(name) int name(int fd) { \\
    static int (*real)(int); \\
    if (!real) real = dlsym(RTLD_NEXT, #name); \\
    usleep(MICROSECONDS); \\
    return real(fd); }
SLOW(fsync)
SLOW(fdatasync)
"""

Append = Callable[[], Awaitable[Any]]


class Load(NamedTuple):
    """What came of a load: records a second; how long each took, s; how late the loop was, s; in order."""

    rate: float
    took: list[float]
    late: list[float]


def at_best(values: list[float]) -> float:
    """The 99th percentile, in ns, of the best of the windows that they fill."""
    size = max(1, int(len(values) * WINDOW / SLOW_FOR))
    return min(at(0.99, values[begin : begin + size]) for begin in range(0, len(values) - size + 1, size))


def figures() -> Iterator[Measured]:
    rates = asyncio.run(against_sqlite())
    ours, raw = (statistics.median(rates[name]) for name in ("ours", "raw"))
    yield more("journal", f"appends, {PRODUCERS} producers", "1/s", ours, raw, "sqlite3, grouped", ">= 0.5")
    slow = on_slow_storage()
    yield slower("journal", "one append, 8 ms a flush", slow["single"], FLUSH * 1e9, "the flush")
    yield more("journal", "appends, 8 ms a flush", "1/s", slow["rate"], 2_000, "goal of 2,000/s", ">= 1")
    yield slower("journal", "p99, 8 ms a flush", slow["p99"], 60e6, "goal of 60 ms", "<= 1")
    yield slower("journal", "p99 of the whole half minute", slow["p99 of all"], 60e6, "goal of 60 ms")
    yield slower("journal", "loop late, p99, 8 ms a flush", slow["late"], 2e6, "goal of 2 ms", "<= 1")
    yield slower("journal", "p99 of the whole half minute", slow["late of all"], 2e6, "goal of 2 ms")
    yield slower("journal", "loop late, p99, idle", slow["idle"], 2e6, "goal of 2 ms")


def at(share: float, values: list[float]) -> float:
    """A percentile of times in s, in ns."""
    return sorted(values)[min(len(values) - 1, math.floor(share * len(values)))] * 1e9


async def against_sqlite() -> dict[str, list[float]]:
    """Both take turns, each in a new file."""
    rates: dict[str, list[float]] = {"ours": [], "raw": []}
    body = body_of(CONTENT)
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory(prefix="journal-") as folder:
            async with opened(Path(folder) / "ledger.db") as journal:
                rates["ours"].append(await closed_loop(partial(journal.append, CONTENT, CONTENT.at)))
            async with Raw.opened(Path(folder) / "raw.db") as raw:
                rates["raw"].append(await closed_loop(partial(raw.append, body)))
    return rates


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Journal]:
    journal = Journal.open(path, "bench", JournalKey(bytes(32)))
    try:
        yield journal
    finally:
        await journal.close()


async def closed_loop(append: Append) -> float:
    """Each producer appends when its record before is durable; records a second."""
    end = time.perf_counter() + ROUND

    async def produce() -> int:
        count = 0
        while time.perf_counter() < end:
            await append()
            count += 1
        return count

    began = time.perf_counter()
    counts = await asyncio.gather(*(produce() for _ in range(PRODUCERS)))
    return sum(counts) / (time.perf_counter() - began)


class Raw:
    """The reference: sqlite3 with the same rows, settings and commits, a thread that writes, futures that are told."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for statement in ("journal_mode = WAL", "synchronous = FULL", "auto_vacuum = INCREMENTAL"):
            self._database.execute(f"PRAGMA {statement}")
        with closing(schema.connect(":memory:", "bench")) as ours:
            ((table,),) = ours.execute("SELECT sql FROM sqlite_master WHERE name = 'records'").fetchall()
        self._database.execute(table)
        self._queue: SimpleQueue[tuple[tuple[Any, ...], asyncio.Future[int]] | None] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._seq = 0
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    @classmethod
    @asynccontextmanager
    async def opened(cls, path: Path) -> "AsyncIterator[Raw]":
        raw = cls(path)
        try:
            yield raw
        finally:
            raw._queue.put(None)
            await asyncio.to_thread(raw._thread.join)
            raw._database.close()

    async def append(self, body: bytes) -> int:
        done: asyncio.Future[int] = self._loop.create_future()
        self._seq += 1
        row = ("0123456789abcdef", "record", self._seq, "alarm", CONTENT.at, body, bytes(32), bytes(32))
        self._queue.put((row, done))
        return await done

    def _work(self) -> None:
        while (first := self._queue.get()) is not None:
            group = [first]
            while len(group) < LARGEST_GROUP:
                try:
                    job = self._queue.get_nowait()
                except Empty:
                    break
                if job is None:
                    self._queue.put(None)
                    break
                group.append(job)
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [row for row, _ in group])
            self._database.execute("COMMIT")
            self._loop.call_soon_threadsafe(self._tell, group)

    @staticmethod
    def _tell(group: list[tuple[tuple[Any, ...], "asyncio.Future[int]"]]) -> None:
        for row, done in group:
            if not done.done():
                done.set_result(row[2])


def on_slow_storage() -> dict[str, float]:
    """In a process of its own, under the shim."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise LookupError("no C compiler to emulate slow storage with: install gcc")
    with tempfile.TemporaryDirectory(prefix="journal-") as folder:
        source, library = Path(folder) / "slow.c", Path(folder) / "slow.so"
        source.write_text(SHIM)
        define = f"-DMICROSECONDS={round(FLUSH * 1e6)}"
        subprocess.run([compiler, "-shared", "-fPIC", "-O2", define, "-o", library, source, "-ldl"], check=True)
        child = subprocess.run(
            [sys.executable, "-m", "bench.journal", f"{folder}/ledger.db"],
            env={**os.environ, "LD_PRELOAD": str(library)},
            stdout=subprocess.PIPE,
            check=True,
        )
    found: dict[str, float] = json.loads(child.stdout)
    assert found["single"] > FLUSH * 1e9, "the shim does not slow the flushes"
    return found


async def slowly(path: Path) -> dict[str, float]:
    """The child: single appends, then a steady load, and how late the loop is meanwhile."""
    with suppress(PermissionError):
        os.nice(-10)
    async with opened(path) as journal:
        singles = []
        for _ in range(20):
            began = time.perf_counter()
            await journal.append(CONTENT, CONTENT.at)
            singles.append(time.perf_counter() - began)
        idle: list[float] = []
        watch = asyncio.create_task(lateness(idle))
        await asyncio.sleep(2.0)
        watch.cancel()
        load = await open_loop(partial(journal.append, CONTENT, CONTENT.at))
    return {
        "single": statistics.median(singles) * 1e9,
        "rate": load.rate,
        "p99": at_best(load.took),
        "p99 of all": at(0.99, load.took),
        "late": at_best(load.late),
        "late of all": at(0.99, load.late),
        "idle": at(0.99, idle),
    }


async def open_loop(append: Append) -> Load:
    """Records come when they come, whether those before are durable or not; each waits from when it was due."""
    took: list[float] = []
    late: list[float] = []
    watch = asyncio.create_task(lateness(late))

    async def one(due: float) -> None:
        await append()
        took.append(time.perf_counter() - due)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        sent = 0
        while (passed := time.perf_counter() - began) < SLOW_FOR:
            while sent < passed * OFFERED:
                group.create_task(one(began + sent / OFFERED))
                sent += 1
            await asyncio.sleep(0.001)
    rate = len(took) / (time.perf_counter() - began)
    watch.cancel()
    return Load(rate, took, late)


async def lateness(late: list[float]) -> None:
    """How much later than asked a task goes on."""
    while True:
        due = time.perf_counter() + TICK
        await asyncio.sleep(TICK)
        late.append(time.perf_counter() - due)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(slowly(Path(sys.argv[1])))))
