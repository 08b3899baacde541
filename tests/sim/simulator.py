"""Simulators as processes, and what they say when they are ready."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple


class Simulator(NamedTuple):
    """`places` by name: where it can be reached."""

    process: "subprocess.Popen[str]"
    places: dict[str, str]


@contextmanager
def simulator(*line: str) -> Iterator[Simulator]:
    """`chargelink sim ...` until the end of the block; it must end cleanly if it has not ended by then."""
    command = [sys.executable, "-m", "chargelink.cli", "sim", *line]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            word, *places = process.stdout.readline().split()
            assert word == "ready"
            yield Simulator(process, dict(place.split("=", 1) for place in places))
        finally:
            process.terminate()
            code = process.wait(10)
        assert code in (0, -9)  # -9 if the test killed it
