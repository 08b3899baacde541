"""`python -m chargelink.edge.guard`: the safety process.

Exit codes: 0 ended as asked, 1 the mark is there already, 2 wrong arguments, 3 these lines are guarded already.
"""

import argparse
import sys

from chargelink.edge.guard import mark, process


def folder(address: str) -> str:
    kind, _, path = address.partition(":")
    if kind != "unix" or not path:
        raise argparse.ArgumentTypeError("want unix:FOLDER")
    return path


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m chargelink.edge.guard", description=__doc__)
    parser.add_argument("--lines", type=folder, metavar="unix:FOLDER", help="sockets `inputs` (ours) and `permit`")
    parser.add_argument("--facts", metavar="PATH", help="socket on which the daemon tells facts (ours)")
    parser.add_argument("--events", metavar="PATH", help="socket of the daemon, for reports")
    parser.add_argument("--mark", metavar="PATH", required=True, help="file that survives a loss of power")
    parser.add_argument("--commission", action="store_true", help="lay down the first mark and end")
    arguments = parser.parse_args()
    if arguments.commission:
        try:
            mark.commission(arguments.mark)
        except OSError as error:
            print(f"guard: {error}", file=sys.stderr)
            return 1
        return 0
    if not (arguments.lines and arguments.facts and arguments.events):
        parser.error("--lines, --facts and --events are needed")
    return process.run(arguments.lines, arguments.facts, arguments.events, arguments.mark)


if __name__ == "__main__":
    raise SystemExit(main())
