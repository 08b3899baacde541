"""The script `chargelink`: chooses the language, finds the command, and ends cleanly whatever happens."""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from chargelink.cli.command import CommandError, Example, Exit, Offer
from chargelink.cli.language import Language, Text, of_environment, speak
from chargelink.cli.parser import Parser

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

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
    buffer_output()
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


def buffer_output() -> None:
    """Undo PYTHONUNBUFFERED, common in containers: a system call a line is slow, and what is live flushes anyway."""
    unbuffered = isinstance(sys.stdout, io.TextIOWrapper) and isinstance(sys.stdout.buffer, io.RawIOBase)
    if unbuffered:
        sys.stdout = open(sys.stdout.fileno(), "w", encoding=sys.stdout.encoding, errors="replace", closefd=False)  # noqa: SIM115


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

    return [offered(point) for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name)]


def offered(point: "EntryPoint") -> Offer:
    """The command of an entry point; one that does not load is listed with the reason and breaks no other."""
    try:
        return Offer(point.name, point.load().summary, point.load)
    except Exception as error:  # whatever somebody else's package does when it is imported
        reason = f"{type(error).__name__}: {error}"
        broken = Text(f"cannot be loaded: {reason}", f"无法加载: {reason}")
        return Offer(point.name, broken, partial(refuse, point.name, broken))


def refuse(name: str, reason: Text) -> NoReturn:
    """A command that cannot be loaded was chosen."""
    raise CommandError(f"{name}: {reason}")


class Version(argparse.Action):
    """Asks the installed distribution only when somebody wants to know."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"chargelink {version('chargelink')}")
        parser.exit()
