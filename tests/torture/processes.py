"""Edge and hub as processes that can be killed many times a minute.

Each life is a process of its own, forked from one that has imported everything already: it costs a few milliseconds
instead of half a second. The hub is the whole command `chargelink hub serve`.
"""

import logging
import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from tests.torture import driver

PATIENCE = 120  # s for anything that a slow machine may be slow at
PRELOADED = ("tests.torture.processes", "chargelink.hub.commands", "chargelink.hub.serve", "uvloop")

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload([*PRELOADED, "chargelink.hub.store.models", "tortoise.backends.sqlite"])


class Life:
    """One life of a process, with its output appended to files: what was written before a kill stays."""

    def __init__(self, name: str, target: Callable[..., None], arguments: tuple[Any, ...], folder: Path) -> None:
        self.name = name
        self._trouble = folder / f"{name}.err"
        self._process: ForkServerProcess = context.Process(
            target=_run, args=(folder / f"{name}.out", self._trouble, target, arguments), name=name, daemon=True
        )
        self._process.start()

    @property
    def ended_by_itself(self) -> str | None:
        """The end of its log if it is no longer there, though nobody killed it."""
        if self._process.is_alive():
            return None
        return f"{self.name} ended with {self._process.exitcode}: {self._trouble.read_text()[-2000:]}"

    def kill(self) -> None:
        """As the kernel does it when memory is short."""
        self._process.kill()
        self._process.join()

    def finish(self) -> str | None:
        """Ask it to end in order, and wait; what went wrong."""
        self._process.terminate()
        self._process.join(PATIENCE)
        if self._process.is_alive():
            self.kill()
            return f"{self.name} did not end within {PATIENCE} s: {self._trouble.read_text()[-2000:]}"
        return self.ended_by_itself if self._process.exitcode else None


def edge(folder: Path, link: str, seed: int) -> Life:
    """A life of the edge, whose data are in a folder."""
    return Life("edge", driver.main, (ledger_of(folder), link, seed), folder)


def hub(folder: Path, ports: tuple[int, int]) -> Life:
    """A life of the hub, whose data are in a folder."""
    return Life("hub", _serve, (folder, ports), folder)


def ledger_of(folder: Path) -> Path:
    """The file of the edge's ledger."""
    return folder / "edge" / "ledger.db"


def books_of(folder: Path) -> Path:
    """The file of the hub's database."""
    return folder / "hub" / "hub.db"


def free_ports() -> tuple[int, int]:
    """Two ports that nobody uses now: a hub has to come back where it was."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


def _serve(folder: Path, ports: tuple[int, int]) -> None:
    from chargelink.cli.main import main

    link, web = map(str, ports)
    sys.exit(main(["hub", "serve", "--data", str(folder / "hub"), "--port", link, "--web-port", web, "--plain"]))


def _run(said: Path, trouble: Path, target: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    for number, path in ((1, said), (2, trouble)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(file, number)
        os.close(file)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    logging.raiseExceptions = False
    target(*arguments)
