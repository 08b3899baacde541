"""Histories of whole sessions, by the hundred: `python -m tests.money.histories N`, or `--seed SEED` for one again.

A history is one edge with a ledger of its own, from its first start until nothing is open: `STEPS` things happen at
its guns, its sockets, on its line and to itself. `TOGETHER` histories share one hub, which is killed now and then.
"""

import argparse
import asyncio
import logging
import os
import shutil
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from random import Random

import structlog
from tests.money import audit, ledger_audit
from tests.money.ends import HubEnd
from tests.money.story import History
from tqdm import tqdm

from chargelink.hub.store.database import opened

TOGETHER = 50
STEPS = 14
MEMORY = Path("/dev/shm")


@dataclass
class Tally:
    """What came of some histories. `findings` by seed."""

    histories: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    findings: list[tuple[int, str]] = field(default_factory=list)
    given: list[audit.Given] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Both together."""
        self.histories += other.histories
        self.counts += other.counts
        self.findings += other.findings
        self.given += other.given


def run(seeds: list[int], template: Path | None = None) -> Tally:
    """Histories that share a hub, with these seeds; the hub's database begins as a copy of the `template`."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None, prefix="histories-") as folder:
        return asyncio.run(_together(seeds, Path(folder), template))


async def _together(seeds: list[int], folder: Path, template: Path | None) -> Tally:
    (folder / "hub").mkdir()
    if template is not None:
        shutil.copy(template, folder / "hub")
    hub = HubEnd(folder / "hub")
    await hub.start()
    histories = [History(seed, f"edge-{seed}", folder / f"edge-{seed}", hub) for seed in seeds]
    chance = Random(seeds[0] // TOGETHER)
    broken: list[tuple[int, str]] = []
    await _all(histories, History.start, broken)
    for _ in range(STEPS):
        await _all(histories, History.step, broken)
        if chance.randrange(STEPS) == 0:
            await hub.kill()
    await _all(histories, History.finish, broken)
    await hub.read()
    differences = await hub.reconciled()
    await hub.stop()
    tally = _audited(histories, hub, differences)
    tally.findings += broken
    return tally


async def _all(
    histories: list[History], do: Callable[[History], Awaitable[None]], broken: list[tuple[int, str]]
) -> None:
    """All of them at once; one in which something breaks is taken out."""
    outcomes = await asyncio.gather(*(do(history) for history in histories), return_exceptions=True)
    for history, outcome in zip([*histories], outcomes, strict=True):
        if isinstance(outcome, Exception):
            broken.append((history.seed, "".join(traceback.format_exception(outcome))))
            histories.remove(history)
            await history.edge.stop()


def _audited(histories: list[History], hub: HubEnd, differences: list[tuple[str, str]]) -> Tally:
    tally = Tally(len(histories))
    seeds = {history.name: history.seed for history in histories}
    books = {history.name: audit.books_of(history.edge.ledger) for history in histories}
    for history in histories:
        mine = books[history.name]
        tally.findings += [(history.seed, problem) for problem in audit.of_edge(history, mine)]
        tally.given += audit.given_away(mine)
        tally.counts["sessions"] += len(mine.ended)
        tally.counts["with energy"] += sum(ended["bill"]["energy"] > 0 for ended in mine.ended.values())
        tally.counts["fen"] += sum(ended["bill"]["total"] for ended in mine.ended.values())
        tally.counts.update(history.counts)
    findings = [*audit.of_hub(hub.file, books), *ledger_audit.of_money(hub.file, histories), *differences]
    tally.counts += ledger_audit.counted(hub.file)
    tally.findings += [(seeds.get(name, -1), problem) for name, problem in findings]
    return tally


async def _make(folder: Path) -> None:
    async with opened(folder):
        pass


def template_in(folder: Path) -> Path:
    """An empty database of a hub: to begin with a copy of it is much faster."""
    asyncio.run(_make(folder))
    return folder / "hub.db"


def distribution(given: list[audit.Given]) -> str:
    """What was given away beyond what was prepaid, where anything was."""
    some = [one for one in given if one.energy]
    energies = _points([one.energy for one in some])
    worths = _points([one.worth for one in some])
    points = zip(POINTS, energies, worths, strict=True)
    words = "; ".join(f"{name} {energy / 1000:.1f} Wh, {worth} fen" for name, energy, worth in points)
    total = sum(one.worth for one in given)
    return f"given away in {len(some)} of {len(given)} prepaid sessions: {words}; {total} fen in all"


def _points(values: list[int]) -> list[int]:
    """Each by its own order."""
    ranked = sorted(values) or [0]
    return [ranked[min(len(ranked) - 1, len(ranked) * part // 100)] for part in POINTS.values()]


POINTS = {"p50": 50, "p90": 90, "p99": 99, "max": 100}


def main() -> int:
    """Run many, with all processors, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=100_000)
    parser.add_argument("--first", type=int, default=0, help="the seed of the first")
    parser.add_argument("--seed", type=int, help="this one alone")
    asked = parser.parse_args()
    tally = _one(asked.seed) if asked.seed is not None else _many(asked.first, asked.count)
    print(f"{tally.histories} histories, {len({seed for seed, _ in tally.findings})} of them with findings")
    print(", ".join(f"{count} {name}" for name, count in tally.counts.items()))
    print(distribution(tally.given))
    return 1 if tally.findings else 0


def tell(tally: Tally) -> None:
    """What was found, as soon as it is."""
    for seed, problem in tally.findings:
        tqdm.write(f"seed {seed}: {problem}")


def _one(seed: int) -> Tally:
    tally = run([seed])
    tell(tally)
    return tally


def _pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(os.cpu_count(), get_context("spawn"))


def _many(first: int, count: int) -> Tally:
    tally = Tally()
    seeds = [[*range(low, min(low + TOGETHER, first + count))] for low in range(first, first + count, TOGETHER)]
    with tempfile.TemporaryDirectory() as folder, _pool() as processes:
        template = template_in(Path(folder))
        print(f"seeds {first} to {first + count - 1}", flush=True)
        with tqdm(total=count, unit="history") as progress:
            for part in processes.map(run, seeds, [template] * len(seeds)):
                tally.add(part)
                progress.update(part.histories)
                tell(part)
    return tally


if __name__ == "__main__":
    sys.exit(main())
