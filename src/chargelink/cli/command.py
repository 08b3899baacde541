"""What a command is: a name, a line about it, its arguments and what it does.

A room offers a command by an entry point of the group `chargelink.commands` that names a `Command`. The module that
holds it is imported to list the commands, so it stays light: what is heavy is imported inside `run`, or offered below
it as an `Offer` that is loaded only when chosen.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from importlib import import_module

from chargelink.cli.language import Text


class Exit(IntEnum):
    """Exit codes of every command, as its `--help` documents them."""

    CLEAN = 0
    DEFECTS = 1
    CANNOT = 2
    INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it
    BROKEN_PIPE = 141  # 128 + SIGPIPE


EXIT_MEANINGS = {
    Exit.CLEAN: Text("clean", "正常"),
    Exit.DEFECTS: Text("done, and defects were found", "已完成，但发现缺陷"),
    Exit.CANNOT: Text("cannot read the input, or wrong usage", "无法读取输入，或用法错误"),
    Exit.INTERRUPTED: Text("interrupted (Ctrl-C)", "被中断 (Ctrl-C)"),
    Exit.BROKEN_PIPE: Text("whoever read the output went away (| head)", "输出的读取方已关闭 (| head)"),
}


class CommandError(Exception):
    """A command cannot do what was asked; the message says why and what to do. No traceback, exit code 2."""


@dataclass(frozen=True)
class Example:
    """A command line that can be copied, and what it does."""

    line: str
    meaning: Text


@dataclass(frozen=True)
class Command:
    """A sub-command of `chargelink`.

    `configure` adds its arguments to a parser (a `chargelink.cli.parser.Parser`), `run` does the work and returns an
    `Exit` code; it is None where all work is done by sub-commands. `summary` is the one line in the list of commands
    and the opening of its own help; `examples` close that help.
    """

    name: str
    summary: Text
    configure: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int] | None
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True)
class Offer:
    """A command that is listed without being loaded."""

    name: str
    summary: Text
    load: Callable[[], Command]


def offers_of_modules(package: str, summaries: Mapping[str, Text]) -> Iterator[Offer]:
    """An offer for each name: the `COMMAND` of the module of that name in the package, `-` read as `_`."""
    for name, summary in summaries.items():
        yield Offer(name, summary, partial(_command_of, f"{package}.{name.replace('-', '_')}"))


def _command_of(module: str) -> Command:
    command = import_module(module).COMMAND
    assert isinstance(command, Command)
    return command
