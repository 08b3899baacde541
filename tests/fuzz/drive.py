"""One target under atheris, in a process of its own: `python -m tests.fuzz.drive NAME [LIBFUZZER ARGUMENTS]`.

Only code of chargelink is instrumented: coverage means ours.
"""

import sys
import time
from collections.abc import Callable
from importlib import import_module

SLOWEST = 5.0  # s of the processor that one input may take, however busy the machine is


def main() -> None:
    atheris = import_module("atheris")  # not among the dependencies: `python -m tests.fuzz` installs it
    name, *arguments = sys.argv[1:]
    with atheris.instrument_imports(include=["chargelink"], enable_loader_override=False):
        target = import_module("tests.fuzz.targets").TARGETS[name]
        for seed in target.seeds():  # what is imported and generated on first use
            target.run(seed)
    atheris.Setup([name, *arguments], in_time(target.run))
    atheris.Fuzz()


def in_time(run: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """The target, which must not be slow either."""

    def timed(data: bytes) -> None:
        began = time.process_time()
        run(data)
        took = time.process_time() - began
        assert took < SLOWEST, f"{took:.1f} s for {len(data)} bytes"

    return timed


if __name__ == "__main__":
    main()
