"""The script `chargelink`: chooses the language, finds the command, and ends cleanly whatever happens."""

import argparse
import os
import sys
from collections.abc import Sequence

from chargelink.cli.command import CommandError, Example, Exit, Offer
from chargelink.cli.language import Language, Text, of_environment, speak
from chargelink.cli.parser import Parser

ENTRY_POINTS = "chargelink.commands"
SUMMARY = Text(
    "Open charging stack for China's charging sites: reads, runs and simulates chargers, sockets, meters.",
    "面向中国充电场站的开源充电系统: 解读、控制和仿真充电桩、插座与电能表。",
)
EXAMPLES = (
    Example(
        "candump -L can0 | chargelink decode gbt27930 -",
        Text("what charger and car are saying right now", "实时查看桩与车之间的对话"),
    ),
    Example("chargelink --lang zh decode --help", Text("help in Chinese", "显示中文帮助")),
)


def main(line: Sequence[str] | None = None) -> int:
    """Run the command line, by default that of the process, and return its exit code."""
    line = sys.argv[1:] if line is None else line
    try:
        speak(asked_language(line) or of_environment(os.environ))
        arguments = parser().parse_args(line)
        code: int = arguments.run(arguments)
        sys.stdout.flush()
        return code
    except CommandError as error:
        print(f"chargelink: {error}", file=sys.stderr)
        return Exit.CANNOT
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # What is still buffered has no reader; without this Python complains about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.BROKEN_PIPE


def parser() -> Parser:
    """The parser of the whole command line."""
    root = Parser("chargelink", SUMMARY, EXAMPLES)
    root.add_argument(
        "--version", action=Version, nargs=0, help=str(Text("show the version and exit", "显示版本并退出"))
    )
    root.offer(offers())
    return root


def asked_language(line: Sequence[str]) -> Language | None:
    """The value of `--lang`, wherever it stands: help has to speak it before anything is parsed."""
    scout = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    scout.add_argument("--lang", type=Language)
    try:
        asked: Language | None = scout.parse_known_args(line)[0].lang
    except argparse.ArgumentError:  # the real parser says it better
        return None
    return asked


def offers() -> list[Offer]:
    """The commands of every installed distribution, by name."""
    from importlib.metadata import entry_points

    points = sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name)
    return [Offer(point.name, point.load().summary, point.load) for point in points]


class Version(argparse.Action):
    """Asks the installed distribution only when somebody wants to know."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"chargelink {version('chargelink')}")
        parser.exit()
