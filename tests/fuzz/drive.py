"""One target under atheris, in a process of its own: `python -m tests.fuzz.drive NAME [LIBFUZZER ARGUMENTS]`.

Only code of chargelink is instrumented: coverage means ours.
"""

import sys
from importlib import import_module


def main() -> None:
    atheris = import_module("atheris")  # not among the dependencies: `python -m tests.fuzz` installs it
    name, *arguments = sys.argv[1:]
    with atheris.instrument_imports(include=["chargelink"], enable_loader_override=False):
        target = import_module("tests.fuzz.targets").TARGETS[name]
        for seed in target.seeds():  # what is imported and generated on first use
            target.run(seed)
    atheris.Setup([name, *arguments], target.run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
