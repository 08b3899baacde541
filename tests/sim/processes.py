"""Simulators as processes of their own, waited for by the lines that they print."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator

PATIENCE = 20.0  # s, for what takes much less


@contextlib.contextmanager
def simulator(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`chargelink sim ...`; terminated at the end if it still runs."""
    line = [sys.executable, "-m", "chargelink.cli", "sim", *arguments]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE)


def facts(process: subprocess.Popen[str]) -> dict[str, str]:
    """The next line that it prints, as `what` and its facts; empty at its end."""
    assert process.stdout
    what, *pairs = process.stdout.readline().split() or [""]
    return {"what": what} | dict(pair.split("=", 1) for pair in pairs)


@contextlib.contextmanager
def can_bus() -> Iterator[str]:
    """A bus and its address."""
    with simulator("can-bus") as process:
        yield facts(process)["can"]
