"""An edge with one gun and 17 sockets, all of them simulated and there: how soon it is ready, how much memory it takes.

The modules are compiled before, as an installed package's are. Resident memory counts libraries that others have loaded
too; the proportional share (PSS) divides them among all who have. How soon the guard acts: the benchmark `guard`.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bench.measure import Measured, more, slower
from chargelink.demo.crew import Crew, children
from chargelink.demo.site import GUN, Site
from chargelink.demo.story import PLUGGED, Story

SOCKETS = [f"socket-{number}" for number in range(1, 18)]
CAR = 20_000  # Wh: not full before the end
STARTS = 5
SOON = 500_000_000  # ns
MOST_OF_EDGE, MOST_OF_GUARD = 48 * 1024, 14 * 1024  # KiB
JOIN_WITHIN = 150.0  # s
CHARGES_FOR = 10.0  # s, after which nothing new is loaded


class Memory(NamedTuple):
    """Of one process or several, KiB."""

    resident: int
    share: int


class Spine(NamedTuple):
    """What was measured; the start in ns, on the wall's clock and the processor's."""

    start: float
    busy: float
    idle: Memory
    charging: Memory
    guard: Memory


def figures() -> Iterator[Measured]:
    with tempfile.TemporaryDirectory(prefix="spine-") as folder:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = f"{folder}/compiled"
        spine = asyncio.run(measure(Path(folder)))
    yield slower("spine", "edge, start to ready", spine.start, SOON, "goal of 0.5 s", "<= 1")
    yield slower("spine", "edge, processor time of it", spine.busy, spine.start, "start to ready")
    for when, memory in (("idle", spine.idle), ("charging", spine.charging)):
        metric = f"edge, resident, {when}"
        yield more("spine", metric, "KiB", memory.resident, MOST_OF_EDGE, "goal of 48 MiB", "<= 1")
        yield more("spine", f"edge, share, {when}", "KiB", memory.share, memory.resident, "resident")
    yield more("spine", "guard, resident", "KiB", spine.guard.resident, MOST_OF_GUARD, "goal of 14 MiB", "<= 1")
    yield more("spine", "guard, share", "KiB", spine.guard.share, spine.guard.resident, "resident")


async def measure(folder: Path) -> Spine:
    """The edge starts five times; the last time everybody joins and the car is charged."""
    async with Crew(folder) as crew:
        site = Site(crew, folder, CAR, SOCKETS)
        await site.open()
        took = [await restart(crew, folder) for _ in range(STARTS)]

        async def there() -> bool:
            devices = await site.hub.devices()
            sockets = [devices.get(name, {}).get("state", "offline") for name in SOCKETS]
            return "offline" not in sockets and devices.get(GUN, {}).get("state") in PLUGGED

        await crew.until(there, JOIN_WITHIN, "all sockets have joined and the gun has found the car")
        edge = child(os.getpid(), "edge run")
        idle = memory(edge)
        await Story(site, crew, lambda text: None).charge_car()
        await asyncio.sleep(CHARGES_FOR)
        walls, busy = zip(*took, strict=True)
        return Spine(min(walls), min(busy), idle, memory(edge), memory(child(edge, "edge.guard")))


async def restart(crew: Crew, folder: Path) -> tuple[float, float]:
    """From the command to the `ready` line, ns; and how much of it the processor worked."""
    await crew.end("edge")
    began = time.perf_counter_ns()
    await crew.start("edge", "edge", "run", str(folder / "edge.toml"))
    return time.perf_counter_ns() - began, worked(child(os.getpid(), "edge run"))


def child(parent: int, words: str) -> int:
    """The process that `parent` started with these words in its command line."""
    for pid in children(parent):
        if words in Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " "):
            return pid
    raise LookupError(words)


def worked(pid: int) -> float:
    """Processor time so far, ns."""
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK") * 1e9


def memory(pid: int) -> Memory:
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    sizes = {row.split()[0]: int(row.split()[1]) for row in rows}
    return Memory(sizes["Rss:"], sizes["Pss:"])
