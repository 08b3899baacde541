"""Cut the power of a virtual machine that records under load: `make torture-power CUTS=20`.

Then the same with synchronous=NORMAL, which must be found to lose records: else this would show nothing.
"""

import argparse
import random
import secrets
import sys
import tempfile
import time
from pathlib import Path

from tests.guest import image
from tests.guest.image import CannotError, Guest
from tests.torture.power.machine import Machine
from tqdm import tqdm

GUEST = Guest(
    "tests.torture.power.guest", drivers=("virtio_pci", "virtio_blk", "crc32c_generic", "ext4"), tests=("torture",)
)
COUNTER_PROOF = 3  # cuts
LONGEST = 3.0  # s of work before a cut


def main() -> int:
    """0 when nothing was lost and the counter-proof lost something, 1 when not, 2 when this machine cannot do it."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.torture.power", description=(__doc__ or "").partition(":")[0]
    )
    parser.add_argument("cuts", metavar="CUTS", type=int, nargs="?", default=20, help="default 20")
    parser.add_argument("--seed", type=int, help="repeat the instants of a run")
    arguments = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if arguments.seed is None else arguments.seed
    try:
        image.need("qemu-system-x86_64", "mkfs.ext4", "ldd")
        unpacked = image.kernel(image.BUILD)
        files = image.vmlinuz(unpacked), image.initial(image.BUILD, unpacked, GUEST)
        print(f"seed {seed}")
        lost = cut("FULL", arguments.cuts, seed, *files)
        lost_with_less = cut("NORMAL", COUNTER_PROOF, seed, *files)
    except CannotError as error:
        print(f"cannot cut the power: {error}", file=sys.stderr)
        print("on Debian: apt-get install --no-install-recommends qemu-system-x86 e2fsprogs", file=sys.stderr)
        return 2
    if not lost_with_less:
        print("the counter-proof lost nothing: so the first result shows nothing")
    return 0 if not lost and lost_with_less else 1


def cut(synchronous: str, cuts: int, seed: int, kernel: Path, initial: Path) -> int:
    """Cut the power so many times; what was lost in the end."""
    chance, began, said = random.Random(seed), time.monotonic(), 0
    with tempfile.TemporaryDirectory(prefix="torture-power-") as place:
        machine = Machine(Path(place), kernel, initial, synchronous)
        try:
            for _ in tqdm(range(cuts), desc=f"synchronous={synchronous}", unit="cut", disable=None):
                machine.begin(seed=chance.randrange(1 << 32), work=True)
                machine.verdict()
                machine.wait_until_it_works()
                time.sleep(LONGEST * chance.random())
                said += machine.cut()
            machine.begin(work=False)
            verdict = machine.verdict()
            machine.wait()
        finally:
            machine.close()
    for finding in verdict.findings:
        print(finding)
    rows = {
        "power cuts": f"{cuts:,} in {time.monotonic() - began:,.0f} s",
        "said to be durable": f"{said:,}",
        "records in the end": f"{verdict.records:,}",
        "lost or wrong": f"{verdict.lost:,}",
    }
    print(f"synchronous={synchronous}", *(f"  {name:20} {value}" for name, value in rows.items()), sep="\n")
    return verdict.lost


if __name__ == "__main__":
    sys.exit(main())
