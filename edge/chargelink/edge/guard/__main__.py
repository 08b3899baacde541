"""The safety process.

python -m chargelink.edge.guard --lines unix:FOLDER --facts PATH --events PATH --mark PATH
python -m chargelink.edge.guard --commission --mark PATH

--lines       folder of the charger's sockets: `inputs` (bound by the guard) and `permit`
--facts       socket on which the daemon tells facts (bound by the guard)
--events      socket of the daemon, for reports
--mark        file that survives a loss of power
--commission  lay down the first mark, once, and end

Exit codes: 0 ended as asked, 1 no mark could be laid down, 2 wrong arguments, 3 these lines are guarded already.
"""

import getopt  # not argparse, which costs most of a MiB of resident memory
import sys

from chargelink.edge.guard import mark, process

RUNNING = ("--lines", "--facts", "--events", "--mark")
NOT_COMMISSIONED, WRONG = 1, 2


def main(arguments: list[str]) -> int:
    try:
        pairs, rest = getopt.getopt(arguments, "h", ["help", "commission", *(f"{name[2:]}=" for name in RUNNING)])
    except getopt.GetoptError as error:
        return wrong(str(error))
    options = dict(pairs)
    if "--help" in options or "-h" in options:
        print(__doc__)
        return 0
    if "--commission" in options and options.keys() == {"--commission", "--mark"} and not rest:
        return commission(options["--mark"])
    if rest or options.keys() != set(RUNNING):
        return wrong(f"want {', '.join(RUNNING)}, or --commission and --mark")
    kind, _, folder = options["--lines"].partition(":")
    if kind != "unix" or not folder:
        return wrong("--lines: want unix:FOLDER")
    return process.run(folder, options["--facts"], options["--events"], options["--mark"])


def commission(path: str) -> int:
    try:
        mark.commission(path)
    except OSError as error:
        print(f"guard: {error}", file=sys.stderr)
        return NOT_COMMISSIONED
    return 0


def wrong(what: str) -> int:
    print(f"guard: {what}", file=sys.stderr)
    return WRONG


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
