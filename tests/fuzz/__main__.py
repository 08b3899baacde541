"""Coverage-guided fuzzing of every decoder: `make fuzz`, or `python -m tests.fuzz [--seconds N] [NAME ...]`.

Each target runs in a process of its own. What breaks a promise is kept under tests/fuzz/findings/NAME/ and said with
the command that reproduces it; a bug found so becomes an ordinary test. What was learned stays in tests/fuzz/corpus/
and is where the next run begins.
"""

import argparse
import hashlib
import os
import re
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from tests.fuzz.targets import TARGETS

ROOM = Path(__file__).parent
CORPUS, FINDINGS = ROOM / "corpus", ROOM / "findings"
HANGING = 60  # s by the clock on the wall; see drive.SLOWEST
MOST_MEMORY = 1024  # MiB
TOOL = "atheris>=2.3"


class Outcome(NamedTuple):
    """What came of one target."""

    executions: int
    seconds: float
    coverage: int  # edges of our code that were reached
    findings: list[Path]
    stopped: bool  # before its time, for a finding or because it does not run at all
    log: str


def main() -> int:
    """0 when nothing was found, 1 on a finding or a target that does not run, 2 when this machine cannot fuzz."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", metavar="NAME", nargs="*", help=f"of {', '.join(TARGETS)}; all by default")
    parser.add_argument("--seconds", type=int, default=60, help="for each target, default 60")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="run NAME once on a finding")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(TARGETS):
        parser.error(f"no target {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    if arguments.replay is not None:
        if len(arguments.names) != 1:
            parser.error("--replay takes one NAME")
        TARGETS[arguments.names[0]].run(arguments.replay.read_bytes())
        print(f"{arguments.names[0]} takes it")
        return 0
    if not installed():
        return 2
    return fuzz(arguments.names or list(TARGETS), arguments.seconds)


def installed() -> bool:
    """Whether atheris is there, or could be installed."""
    if find_spec("atheris") is not None:
        return True
    print(f"installing {TOOL} for this run")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--only-binary", ":all:", TOOL]
    if subprocess.run(install, check=False).returncode == 0:
        return True
    print(f"{TOOL} cannot be installed: it has packages for CPython on Linux x86_64 only", file=sys.stderr)
    print("the hypothesis tests of `make test` try the same decoders on every platform", file=sys.stderr)
    return False


def fuzz(names: list[str], seconds: int) -> int:
    """Fuzz each of the targets and print what came of it."""
    print(f"{'target':20} {'executions':>12} {'per second':>11} {'coverage':>9} {'findings':>9}")
    stopped = False
    for name in names:
        outcome = fuzzed(name, seconds)
        stopped |= outcome.stopped
        rate = outcome.executions / outcome.seconds
        row = f"{name:20} {outcome.executions:12,} {rate:11,.0f} {outcome.coverage:9,} {len(outcome.findings):9}"
        print(row, flush=True)
        if outcome.stopped:
            print(outcome.log)
        for finding in outcome.findings:
            shown = os.path.relpath(finding)
            print(f"  reproduce it with: {os.path.relpath(sys.executable)} -m tests.fuzz {name} --replay {shown}")
    return 1 if stopped else 0


def fuzzed(name: str, seconds: int) -> Outcome:
    """Fuzz one target for so many seconds, or until the first finding."""
    target = TARGETS[name]
    corpus, findings = CORPUS / name, FINDINGS / name
    corpus.mkdir(parents=True, exist_ok=True)
    findings.mkdir(parents=True, exist_ok=True)
    for seed in target.seeds():
        (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    before = set(findings.iterdir())
    limits = [f"-max_total_time={seconds}", f"-timeout={HANGING}", f"-rss_limit_mb={MOST_MEMORY}"]
    arguments = [*limits, f"-max_len={target.longest}", f"-artifact_prefix={findings}/", "-print_final_stats=1"]
    line = [sys.executable, "-m", "tests.fuzz.drive", name, *arguments, str(corpus)]
    began = time.monotonic()
    ran = subprocess.run(line, check=False, capture_output=True, text=True, errors="replace")
    took = time.monotonic() - began
    log = ran.stdout + ran.stderr
    new = sorted(set(findings.iterdir()) - before)
    executions = _last(r"number_of_executed_units:\s*(\d+)", log) or _last(r"#(\d+)\t", log)
    return Outcome(executions, took, _last(r"cov: (\d+)", log), new, ran.returncode != 0, _cause(log))


def _last(pattern: str, log: str) -> int:
    hits = re.findall(pattern, log)
    return int(hits[-1]) if hits else 0


def _cause(log: str) -> str:
    """The part of the log that says what went wrong."""
    kept = [line for line in log.splitlines() if not re.match(r"#\d|INFO|stat::|\s*NEW_FUNC|Uninstrumented", line)]
    return "\n".join(kept[-40:])


if __name__ == "__main__":
    sys.exit(main())
