"""Runs the benchmarks of this folder, prints a table, writes bench/latest.jsonl. Exit code 1 if a goal is missed."""

import argparse
import importlib
import json
import pkgutil
from dataclasses import asdict
from pathlib import Path

import bench
from bench.measure import HEAD

LATEST = Path(__file__).parent / "latest.jsonl"
PARTS = {"__main__", "measure", "recording", "link_wire"}  # no benchmarks of their own
TOGETHER = {"spine": ["spine", "guard"], "radio": ["sockets", "radio"]}  # asked for by one name


def main() -> int:
    names = sorted(module.name for module in pkgutil.iter_modules(bench.__path__) if module.name not in PARTS)
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("only", nargs="?", choices=names, help="one benchmark instead of all")
    chosen = parser.parse_args().only
    run = TOGETHER.get(chosen, [chosen]) if chosen else names
    missed = 0
    print(HEAD)
    before = LATEST.read_text().splitlines() if LATEST.exists() else []
    kept = [row for row in before if json.loads(row)["bench"] not in run]
    with LATEST.open("w", buffering=1) as latest:
        latest.writelines(f"{row}\n" for row in kept)
        for name in run:
            for measured in importlib.import_module(f"bench.{name}").figures():
                print(measured, flush=True)
                latest.write(json.dumps(asdict(measured), ensure_ascii=False) + "\n")
                missed += measured.met is False
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
