"""The daemon's end, with a real guard at the other: it starts it, adopts it, ends it, and hears its trips."""

import asyncio
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from tests.edge.guard.rig import ahead_of_others
from tests.edge.guard.told import CLOSED, E_STOP, LOCKED, inputs

from chargelink.edge.guard import mark
from chargelink.edge.guarded import Guarded, Report

PATIENCE = 20.0  # s


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short, for the path of a socket has 107 bytes at most."""
    path = Path(tempfile.mkdtemp(prefix="guarded-"))
    mark.commission(str(path / "mark"))
    yield path
    shutil.rmtree(path)


class Charger:
    """Says its inputs every 5 ms and takes what the guard says."""

    def __init__(self, folder: Path) -> None:
        self.bits, self.inside = LOCKED, 0
        self.folder = folder
        self.line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.line.bind(str(folder / "permit"))

    async def run(self) -> None:
        counter = 0
        while True:
            counter += 1
            with suppress(OSError):
                self.line.sendto(inputs(counter, self.bits, inside=self.inside), str(self.folder / "inputs"))
            with suppress(BlockingIOError):
                while self.line.recv(16):
                    pass
            await asyncio.sleep(0.005)


@asynccontextmanager
async def site(folder: Path) -> AsyncIterator[tuple[Guarded, Charger, list[Report]]]:
    reports: list[Report] = []
    guarded, charger = Guarded(f"unix:{folder}", folder, folder / "mark", reports.append), Charger(folder)
    tasks = [asyncio.create_task(guarded.run()), asyncio.create_task(charger.run())]
    try:
        with ahead_of_others():
            yield guarded, charger, reports
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        charger.line.close()
        (folder / "permit").unlink()


async def until(so: Callable[[], bool], guarded: Guarded, **told: int) -> None:
    """Tell the same facts every 20 ms until something is so."""
    async with asyncio.timeout(PATIENCE):
        while not so():
            guarded.tell(wanted=bool(told), **told)
            await asyncio.sleep(0.02)


def state(guarded: Guarded) -> str:
    return guarded.report.state if guarded.report else "silent"


def causes(guarded: Guarded) -> list[str]:
    return [trip.id for trip in guarded.report.trips] if guarded.report else []


async def test_it_starts_a_guard_tells_it_and_ends_it(folder: Path) -> None:
    async with site(folder) as (guarded, charger, reports):
        await until(lambda: state(guarded) == "armed", guarded)
        await until(lambda: guarded.permits, guarded, limit_mv=400_000, limit_ma=250_000, session=7)
        charger.bits |= CLOSED
        charger.bits |= E_STOP
        await until(lambda: "DC-E01" in causes(guarded), guarded, limit_mv=400_000, session=7)
        assert state(guarded) == "tripped"
        assert not guarded.permits
        guarded.reset()
        await until(lambda: bool(guarded.report and guarded.report.refused), guarded)
        charger.bits = LOCKED
        await until(lambda: not (guarded.report and guarded.report.holding), guarded)
        guarded.reset()
        await until(lambda: state(guarded) == "armed", guarded)
        assert guarded.report
        pid = guarded.report.pid
    assert {"armed", "permit", "tripped"} <= {report.state for report in reports}
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not (folder / "events").exists()
    assert (said := mark.read(str(folder / "mark")))
    assert said.word == mark.CLEAR


async def test_a_guard_that_dies_is_started_again_and_is_latched(folder: Path) -> None:
    async with site(folder) as (guarded, _, _):
        await until(lambda: state(guarded) == "armed", guarded)
        await until(lambda: guarded.permits, guarded, limit_mv=400_000)
        assert guarded.report
        first = guarded.report.pid
        os.kill(first, signal.SIGKILL)
        await until(lambda: bool(guarded.report and guarded.report.pid != first), guarded)
        assert guarded.report.rule == "unclean-start"


async def outlived(folder: Path) -> asyncio.subprocess.Process:
    """A guard whose daemon is gone."""
    command = ["-m", "chargelink.edge.guard", "--lines", f"unix:{folder}", "--mark", str(folder / "mark")]
    command += ["--facts", str(folder / "facts"), "--events", str(folder / "events")]
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout
    await process.stdout.readline()
    return process


async def test_a_guard_that_outlived_its_daemon_is_adopted(folder: Path) -> None:
    outliving = await outlived(folder)
    async with site(folder) as (guarded, _, _):
        await until(lambda: state(guarded) == "armed", guarded)
        assert guarded.report
        assert guarded.report.pid == outliving.pid
    assert await outliving.wait() == 0


async def test_one_that_is_adopted_is_ended_also_before_it_spoke(folder: Path) -> None:
    """Nothing changes for it, so it speaks every half second only."""
    outliving = await outlived(folder)
    guarded = Guarded(f"unix:{folder}", folder, folder / "mark")
    running = asyncio.create_task(guarded.run())
    async with asyncio.timeout(PATIENCE):
        while not (folder / "events").exists():  # noqa: ASYNC110 - the condition is outside
            await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    async with asyncio.timeout(PATIENCE):
        assert await outliving.wait() == 0


async def test_foreign_datagrams_are_no_reports(folder: Path) -> None:
    async with site(folder) as (guarded, charger, _):
        await until(lambda: state(guarded) == "armed", guarded)
        for datagram in (b"", b"{}", b'{"state": 1}', b"\xff\xfe", b"[" * 60000):
            charger.line.sendto(datagram, str(folder / "events"))
            await asyncio.sleep(0)
        await until(lambda: state(guarded) == "armed", guarded)
