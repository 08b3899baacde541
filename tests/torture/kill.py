"""Sites whose edge and hub are killed at random instants under load, again and again, and audited each time."""

import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.torture import audit, processes
from tests.torture.audit import Finding, Said
from tests.torture.processes import PATIENCE, Life

KILLS_A_SITE = 20
MOST_TOLD = 10  # findings of one look: more say the same
VICTIMS = (("edge",), ("hub",), ("edge", "hub"))


class Kill(NamedTuple):
    """Who is killed, and how many seconds after the last one came back."""

    victims: tuple[str, ...]
    after: float


@dataclass
class Tally:
    """What happened, and what came of it."""

    kills: Counter[str] = field(default_factory=Counter)
    sites: int = 0
    records: int = 0
    said: int = 0
    sessions: int = 0
    acknowledged: int = 0
    lost: int = 0
    twice: int = 0
    other: int = 0
    seconds: float = 0.0

    def add(self, findings: list[Finding]) -> None:
        """Count what must not be."""
        counts = Counter(finding.what for finding in findings)
        self.lost += counts["lost"]
        self.twice += counts["twice"]
        self.other += counts["other"]

    @property
    def clean(self) -> bool:
        """Nothing was found."""
        return not (self.lost or self.twice or self.other)


def plan(seed: int, kills: int) -> list[Kill]:
    """The kills of a site: some while the last one is still being recovered from, some after a while of work."""
    chance = random.Random(seed)
    return [Kill(chance.choice(VICTIMS), chance.choice((0.05, 0.4, 0.4, 0.9)) * chance.random()) for _ in range(kills)]


class Site:
    """One edge and one hub with data of their own."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self._seed = seed
        self._ports = processes.free_ports()
        self._lives: dict[str, Life] = {}
        self._births = 0
        self.ledger, self.books = processes.ledger_of(folder), processes.books_of(folder)
        self.ledger.parent.mkdir(parents=True)
        self.said = Said(folder / "edge.out")
        self.said.path.touch()

    def start(self) -> None:
        """Start whoever is not there."""
        if "hub" not in self._lives:
            self._lives["hub"] = processes.hub(self.folder, self._ports)
        if "edge" not in self._lives:
            self._births += 1
            self.said.listen()
            self.said.working = False
            link = f"ws://127.0.0.1:{self._ports[0]}"
            self._lives["edge"] = processes.edge(self.folder, link, self._seed + self._births)

    def kill(self, victims: tuple[str, ...]) -> list[Finding]:
        """Kill, both at once or one, and say what should not be so."""
        findings = list(self._died())
        for name in victims:
            self._lives.pop(name).kill()
        return findings

    def wait_until_acknowledged(self, records: int) -> None:
        """Let it work until the hub has acknowledged so many records, or an end is in sight."""

        def enough() -> bool:
            self.said.listen()
            return sum(self.said.acknowledged.values()) >= records

        self._wait(enough, "edge")

    def look(self) -> list[Finding]:
        """Whether everything is there that was said to be."""
        self.said.listen()
        return [*audit.of_ledger(self.ledger, self.said), *audit.of_hub(self.books, self.ledger, self.said)]

    def come_to_rest(self) -> list[Finding]:
        """Have both catch up and end in order; what is not as it should be then."""
        findings = [*self.finish(), *self.look()]
        if self.said.drained is None:
            findings.append(Finding("other", "the edge did not get rid of its records"))
        return [*findings, *audit.of_both(self.books, self.ledger)]

    def finish(self) -> Iterator[Finding]:
        """Have both catch up and end in order; who does not."""
        self._wait(self._works, "edge")
        yield from self._died()
        yield from self._ended("edge")
        self._wait(lambda: not audit.unread(self.books), "hub")
        yield from self._ended("hub")

    def close(self) -> None:
        """Leave no process behind."""
        for life in self._lives.values():
            life.kill()
        self._lives.clear()

    def _works(self) -> bool:
        self.said.listen()
        return self.said.working

    def _wait(self, condition: Callable[[], bool], name: str) -> None:
        """Until it is so, or who has to bring it about is gone."""
        until = time.monotonic() + PATIENCE
        while not condition() and self._lives[name].ended_by_itself is None and time.monotonic() < until:
            time.sleep(0.005)

    def _died(self) -> Iterator[Finding]:
        for life in self._lives.values():
            if trouble := life.ended_by_itself:
                yield Finding("other", trouble)

    def _ended(self, name: str) -> Iterator[Finding]:
        if trouble := self._lives.pop(name).finish():
            yield Finding("other", trouble)


def torture(kills: int, seed: int, tell: Callable[[int, list[Finding]], None], keep: bool = True) -> Tally:
    """Kill so many times, a new site after every KILLS_A_SITE; `tell` hears after each kill what was found.

    The site number n of a run has the seed `seed + n`; the folder of one with findings is kept.
    """
    tally, began = Tally(), time.monotonic()
    while (done := sum(tally.kills.values())) < kills:
        folder = Path(tempfile.mkdtemp(prefix=f"torture-{seed + tally.sites}-"))
        clean = False
        try:
            clean = _one_site(folder, seed + tally.sites, min(KILLS_A_SITE, kills - done), tally, tell)
        finally:
            if clean or not keep:
                shutil.rmtree(folder)
        tally.sites += 1
    tally.seconds = time.monotonic() - began
    return tally


def _one_site(folder: Path, seed: int, kills: int, tally: Tally, tell: Callable[[int, list[Finding]], None]) -> bool:
    site, clean = Site(folder, seed), True

    def found(kills: int, findings: list[Finding]) -> None:
        nonlocal clean
        clean = clean and not findings
        tally.add(findings)
        told = findings[:MOST_TOLD] + [Finding("other", f"and {len(findings) - MOST_TOLD} more")] * (
            len(findings) > MOST_TOLD
        )
        tell(kills, [Finding(one.what, f"{one.text} (seed {seed}, kept in {folder})") for one in told])

    try:
        for victims, after in plan(seed, kills):
            site.start()
            time.sleep(after)
            findings = site.kill(victims)
            tally.kills[" and ".join(victims)] += 1
            found(1, findings + site.look())
        site.start()
        found(0, site.come_to_rest())
    finally:
        site.close()
    tally.records += len(audit.hub_lane(site.books))
    tally.said += site.said.count
    tally.sessions += len(site.said.ended)
    tally.acknowledged += sum(site.said.acknowledged.values())
    return clean
