"""Kill edge and hub at random instants under load: `make torture N=1000`, or `python -m tests.torture N [--seed S]`."""

import argparse
import secrets
import sys

from tests.torture.audit import Finding
from tests.torture.kill import KILLS_A_SITE, Tally, torture
from tqdm import tqdm


def main() -> int:
    """0 when nothing was lost, nothing there twice, and all books agreed; else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("kills", metavar="N", type=int, nargs="?", default=100, help="kills, default 100")
    parser.add_argument("--seed", type=int, help="repeat the sites of a run, as it says when it finds something")
    arguments = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if arguments.seed is None else arguments.seed
    print(f"seed {seed}: a new site every {KILLS_A_SITE} kills, site n has the seed {seed} + n", flush=True)
    with tqdm(total=arguments.kills, unit="kill", disable=None) as bar:

        def tell(kills: int, findings: list[Finding]) -> None:
            bar.update(kills)
            for what, text in findings:
                bar.write(f"{what}: {text}")

        tally = torture(arguments.kills, seed, tell)
    print(table(tally))
    if not tally.clean:
        print(f"repeat a site with:  python -m tests.torture {KILLS_A_SITE} --seed SEED")
        print("(the same kills after the same seconds; what the processes do meanwhile is up to the machine)")
    return 0 if tally.clean else 1


def table(tally: Tally) -> str:
    """What came of it, a line a count."""
    kills = sum(tally.kills.values())
    rows: list[tuple[str, str]] = [(f"kills of {victims}", f"{count:,}") for victims, count in tally.kills.items()]
    rows += [
        ("kills", f"{kills:,} in {tally.seconds:,.0f} s, {60 * kills / tally.seconds:.0f} a minute"),
        ("sites", f"{tally.sites:,}"),
        ("said to be durable by the edge", f"{tally.said:,}"),
        ("sessions billed", f"{tally.sessions:,}"),
        ("records in the end", f"{tally.records:,}"),
        ("acknowledged by the hub", f"{tally.acknowledged:,}"),
        ("lost", f"{tally.lost:,}"),
        ("there twice", f"{tally.twice:,}"),
        ("other findings", f"{tally.other:,}"),
    ]
    return "\n".join(f"{name:32} {value}" for name, value in rows)


if __name__ == "__main__":
    sys.exit(main())
