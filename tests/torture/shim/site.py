"""One edge and one hub on a storage that is watched, and what losses of power would have left of their files."""

import asyncio
import random
import shutil
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.torture import audit, processes
from tests.torture.audit import Finding, Said
from tests.torture.load import open_ledger
from tests.torture.processes import PATIENCE
from tests.torture.shim.crash import Disk, lay_down
from tests.torture.shim.storage import Faults, Storage, What

from chargelink.edge.ledger import LedgerError
from chargelink.hub.store.database import opened


class WatchedSite:
    """The processes, started one by one."""

    def __init__(self, place: Path, synchronous: str = "FULL") -> None:
        self.storage = Storage(place)
        self.folder = self.storage.root
        self.ledger, self.books = processes.ledger_of(self.folder), processes.books_of(self.folder)
        self.ledger.parent.mkdir()
        self.books.parent.mkdir()
        self.said = Said(place / "edge.out")
        self.said.path.touch()
        self.faults = {name: Faults(place / f"{name}.faults") for name in ("edge", "hub")}
        self._place = place
        self._synchronous = synchronous
        self._ports = processes.free_ports()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start_edge(self, seed: int = 1) -> None:
        """The edge, once more."""
        self.said.listen()
        self.said.working = False
        self._start("edge", str(self.ledger), f"ws://127.0.0.1:{self._ports[0]}", str(seed))

    def start_hub(self) -> None:
        """The hub, once more; it is ready when this returns."""
        output = self._place / "hub.out"
        before = output.read_bytes() if output.exists() else b""
        self._start("hub", str(self.books.parent), *map(str, self._ports))
        self.until(lambda _: output.read_bytes() != before, "the hub is ready")

    def _start(self, name: str, *arguments: str) -> None:
        environment = {**self.storage.environment(self.faults[name]), "TORTURE_SYNCHRONOUS": self._synchronous}
        line = [sys.executable, "-m", "tests.torture.shim.life", name, *arguments]
        with (self._place / f"{name}.out").open("ab") as said, self.trouble(name).open("ab") as trouble:
            self._processes[name] = subprocess.Popen(line, env=environment, stdout=said, stderr=trouble)

    def trouble(self, name: str) -> Path:
        """Where a process writes its log."""
        return self._place / f"{name}.err"

    def kill(self, name: str) -> None:
        """No orderly end."""
        process = self._processes.pop(name)
        process.kill()
        process.wait()

    def finish(self, name: str) -> None:
        """An orderly end. Raises AssertionError if it is none."""
        process = self._processes.pop(name)
        process.terminate()
        try:
            code = process.wait(PATIENCE)
        finally:
            process.kill()
        assert code == 0, self.trouble(name).read_text()[-2000:]

    def until(self, condition: Callable[[Said], bool], what: str) -> None:
        """Wait. Raises AssertionError when a process ends, or it takes too long."""
        until = time.monotonic() + PATIENCE
        while True:
            self.said.listen()
            if condition(self.said):
                return
            for name, process in self._processes.items():
                assert process.poll() is None, f"{name} ended: {self.trouble(name).read_text()[-2000:]}"
            assert time.monotonic() < until, f"waited for: {what}"
            time.sleep(0.005)

    def come_to_rest(self) -> list[Finding]:
        """An orderly end of both, after everything is with the hub; what is not as it should be then."""
        self.until(lambda said: said.working, "the edge works")
        self.finish("edge")
        self.until(lambda _: not audit.unread(self.books), "the hub has read everything")
        self.finish("hub")
        return [*self.look(), *audit.of_both(self.books, self.ledger)]

    def look(self) -> list[Finding]:
        """Whether everything is there that was said to be."""
        self.said.listen()
        return [*audit.of_ledger(self.ledger, self.said), *audit.of_hub(self.books, self.ledger, self.said)]

    def close(self) -> None:
        """Leave no process behind."""
        for name in [*self._processes]:
            self.kill(name)


def crash_states(site: WatchedSite, count: int, seed: int) -> Iterator[tuple[Said, dict[str, bytearray]]]:
    """What losses of power at so many instants of a run would have left, and what had been said until then.

    A tenth of them while the hub begins, which is soon over and makes all its tables.
    """
    chance = random.Random(seed)
    entries = [*site.storage.entries()]
    ready = next(at for at, entry in enumerate(entries) if entry.what is What.MARK and entry.data.startswith(b"ready"))
    ends = [ready if number % 10 == 0 else len(entries) for number in range(count)]
    instants = deque(sorted(chance.randrange(1, end) for end in ends))
    disk, said = Disk(chance), Said()
    for number, entry in enumerate(entries, 1):
        if entry.what is What.MARK:
            for line in entry.data.decode(errors="replace").splitlines():
                said.hear(line)
        else:
            disk.do(entry)
        while instants and instants[0] == number:
            instants.popleft()
            yield said, disk.left(chance)


def survey(site: WatchedSite, count: int, seed: int, place: Path) -> list[Finding]:
    """What must not be in any of so many crash states, when edge and hub open what is left as they always do."""
    findings: list[Finding] = []
    for said, files in crash_states(site, count, seed):
        folder = place / "crashed"
        shutil.rmtree(folder, ignore_errors=True)
        for kept in (processes.ledger_of(folder), processes.books_of(folder)):
            kept.parent.mkdir(parents=True)
        lay_down(files, folder)
        findings += asyncio.run(_opened(folder, said, site.ledger))
    return findings


async def _opened(folder: Path, said: Said, whole: Path) -> list[Finding]:
    """Open ledger and books as their owners do, and look; `whole` is the ledger at the end of the run."""
    ledger, books = processes.ledger_of(folder), processes.books_of(folder)
    try:
        await open_ledger(ledger).close()
    except LedgerError as error:
        return [Finding("other", f"the ledger does not open: {error}")]
    async with opened(books.parent):
        pass
    return [*audit.of_ledger(ledger, said), *audit.of_hub(books, whole, said)]
