"""The CAN port, the kernel's J1939 and a charge of two processes on a real SocketCAN: `make test-socketcan`.

The kernel is Debian's, in a virtual machine made for it: this machine needs no CAN, no rights and no network.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.guest import image
from tests.guest.image import CannotError, Guest
from tests.guest.machine import Machine

GUEST = Guest(
    "tests.socketcan.guest",
    drivers=("can", "can-raw", "can-j1939", "vcan"),
    tests=("socketcan", "gbt27930", "vectors"),
)
PATIENCE = 120.0  # s for a check
NEW_LINE = "\n        "


def main() -> int:
    """0 when all went well, 1 when not, 2 when this machine cannot run another."""
    parser = argparse.ArgumentParser(prog="python -m tests.socketcan", description=(__doc__ or "").partition(":")[0])
    parser.parse_args()
    began = time.monotonic()
    try:
        image.need("qemu-system-x86_64", "ldd")
        unpacked = image.kernel(image.BUILD)
        kernel, initial = image.vmlinuz(unpacked), image.initial(image.BUILD, unpacked, GUEST)
        print(f"{kernel.name}, made ready in {time.monotonic() - began:.1f} s")
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="test-socketcan-") as place:
            lines = run(Machine(Path(place), kernel, initial))
    except CannotError as error:
        print(f"cannot test SocketCAN: {error}", file=sys.stderr)
        print("on Debian: apt-get install --no-install-recommends qemu-system-x86", file=sys.stderr)
        return 2
    done = next(line for line in lines if line.startswith("done ")).split(" ", 3)
    print(f"{done[1]} checks, {done[2]} failed, {time.monotonic() - began:.1f} s in the machine", *done[3:])
    return 0 if done[1] != "0" and done[2] == "0" else 1


def run(machine: Machine) -> list[str]:
    """Start it, print each check as it ends; all it said. Raises CannotError."""
    checks = 0
    try:
        machine.start()
        while True:
            try:
                lines = machine.until(("check ", "done "), checks + 1, PATIENCE)
            except CannotError as error:
                if not checks:
                    raise
                return [f"done {checks} 1 and no more: {error}"]
            *finished, last = [line for line in lines if line.startswith(("check ", "done "))]
            finished += [] if last.startswith("done ") else [last]
            for line in finished[checks:]:
                _, name, result, seconds, detail = line.split(" ", 4)
                print(f"{result:6} {seconds:>6} s  {name:38} {detail.replace(' | ', NEW_LINE)}", flush=True)
            checks = len(finished)
            if last.startswith("done "):
                return lines
    finally:
        machine.close()


if __name__ == "__main__":
    sys.exit(main())
