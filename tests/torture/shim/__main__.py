"""Look at what losses of power would have left of a run of edge and hub: `make torture-storage STATES=500`."""

import argparse
import secrets
import sys
import tempfile
import time
from pathlib import Path

from tests.torture.shim.site import WatchedSite, survey

RECORDS = 500  # that the hub acknowledges before the run ends


def main() -> int:
    """0 when no state has lost anything that was acknowledged before it, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.shim", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("states", metavar="STATES", type=int, nargs="?", default=500, help="default 500")
    parser.add_argument("--seed", type=int, help="repeat the choice of instants and losses, on another run")
    arguments = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if arguments.seed is None else arguments.seed
    with tempfile.TemporaryDirectory(prefix="torture-storage-") as place:
        site = WatchedSite(Path(place))
        try:
            site.start_hub()
            site.start_edge()
            site.until(lambda said: sum(said.acknowledged.values()) >= RECORDS, "records are acknowledged")
            findings = site.come_to_rest()
        finally:
            site.close()
        began = time.monotonic()
        findings += survey(site, arguments.states, seed, Path(place))
        rows = {
            "seed": f"{seed}",
            "writes, syncs, marks": f"{sum(1 for _ in site.storage.entries()):,}",
            "said to be durable": f"{site.said.count:,}",
            "losses of power": f"{arguments.states:,} in {time.monotonic() - began:,.0f} s",
            "lost or wrong": f"{len(findings):,}",
        }
    for finding in findings[:20]:
        print(*finding)
    print(*(f"{name:24} {value}" for name, value in rows.items()), sep="\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
