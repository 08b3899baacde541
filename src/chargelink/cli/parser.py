"""argparse that reads well in both languages.

Everything argparse would say in English is said through `Text`: headings, `-h`, errors. Errors end with what to do
next. Commands below a parser are offered by name and summary and loaded when chosen (`Parser.offer`), so the list of
commands costs nothing.
"""

import argparse
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from chargelink.cli.command import EXIT_MEANINGS, Command, Example, Exit, Offer
from chargelink.cli.language import Language, Text
from chargelink.cli.layout import padded, wrapped

ARGUMENTS = Text("arguments", "参数")
OPTIONS = Text("options", "选项")
COMMANDS = Text("commands", "命令")
EXAMPLES = Text("examples", "示例")
EXIT_CODES = Text("exit codes", "退出码")
USAGE = Text("usage: ", "用法: ")

# What argparse says when it refuses, and the same in Chinese. Tested by provoking each on the running Python.
REFUSALS = (
    (r"the following arguments are required: (.+)", "缺少必需的参数: {}"),
    (r"unrecognized arguments: (.+)", "无法识别的参数: {}"),
    (r"argument (.+?): expected one argument", "参数 {}: 需要一个值"),
    (r"argument (.+?): expected at least one argument", "参数 {}: 至少需要一个值"),
    (r"argument (.+?): invalid choice: (.+?) \(choose from (.+)\)", "参数 {}: 没有 {} 这个选择 (可选: {})"),
    (r"argument (.+?): invalid \w+ value: (.+)", "参数 {}: 值 {} 无效"),
    (r"one of the arguments (.+) is required", "必须给出以下参数之一: {}"),
    (r"argument (.+?): not allowed with argument (.+)", "参数 {} 不能与 {} 同时使用"),
    (r"argument (.+?): ignored explicit argument (.+)", "参数 {} 不带值，却给了 {}"),
    (r"argument (.+?): (.+)", "参数 {}: {}"),
)


def refusal(message: str) -> Text:
    """The message of an argparse error in both languages; the English again where it is not in the table."""
    for pattern, chinese in REFUSALS:
        if match := re.fullmatch(pattern, message):
            return Text(message, chinese.format(*match.groups()))
    return Text(message, message)


class HelpLayout(argparse.HelpFormatter):
    """Wraps by the width that characters take on a terminal, which for Chinese is two."""

    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, str(USAGE) if prefix is None else prefix)

    def _expand_help(self, action: argparse.Action) -> str:
        return action.help or ""  # as it is written: "100 % together" holds no format

    def _split_lines(self, text: str, width: int) -> list[str]:
        return wrapped(text, width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(indent + line for line in wrapped(text, width - len(indent)))


class Parser(argparse.ArgumentParser):
    """A parser of one command: arguments first, then options, then examples and exit codes."""

    def __init__(self, prog: str, summary: Text, examples: Sequence[Example] = ()) -> None:
        super().__init__(
            prog=prog,
            description=str(summary),
            formatter_class=HelpLayout,
            add_help=False,
            allow_abbrev=False,
        )
        self.examples = examples
        self.offers: list[Offer] = []
        self._arguments = self.add_argument_group(str(ARGUMENTS))
        self._options = self.add_argument_group(str(OPTIONS))
        self.add_argument("-h", "--help", action="help", help=str(Text("show this help and exit", "显示本帮助并退出")))
        self.add_argument(
            "--lang",
            choices=[*map(str, Language)],
            default=argparse.SUPPRESS,
            help=str(Text("language of all text (default: of the locale)", "界面语言 (默认: 取自系统区域设置)")),
        )

    def add_argument(self, *names: Any, **settings: Any) -> argparse.Action:
        """As in argparse; the heading is ours."""
        optional = names and names[0].startswith("-")
        return (self._options if optional else self._arguments).add_argument(*names, **settings)

    def add_mutually_exclusive_group(self, *, required: bool = False) -> Any:
        """As in argparse, for options; the heading is ours."""
        return self._options.add_mutually_exclusive_group(required=required)

    def offer(self, offers: Iterable[Offer]) -> None:
        """Add sub-commands. The one chosen is loaded, parses the rest of the line and becomes `arguments.run`."""
        self.offers = [*offers]
        chosen = self._arguments.add_argument(
            "command", action=Chosen, nargs=argparse.PARSER, metavar=str(Text("COMMAND", "命令"))
        )
        chosen.required = False  # without a command the help is shown, see `run_help`
        chosen.help = str(Text("one of the commands below", "下列命令之一"))
        self.set_defaults(run=self.run_help)

    def run_help(self, _: argparse.Namespace) -> int:
        """No sub-command was given: show what there is."""
        self.print_help(sys.stderr)
        return Exit.CANNOT

    def format_help(self) -> str:
        return "\n".join([super().format_help(), *self._commands(), *self._examples(), *self._exit_codes()])

    def _commands(self) -> list[str]:
        width = max((len(offer.name) for offer in self.offers), default=0)
        rows = [f"  {padded(offer.name, max(width + 2, 14))}{offer.summary}" for offer in self.offers]
        return [f"{COMMANDS}:", *rows, ""] if rows else []

    def _examples(self) -> list[str]:
        rows = [row for example in self.examples for row in (f"  # {example.meaning}", f"  {example.line}")]
        return [f"{EXAMPLES}:", *rows, ""] if rows else []

    def _exit_codes(self) -> list[str]:
        rows = [f"  {padded(str(code.value), 5)}{meaning}" for code, meaning in EXIT_MEANINGS.items()]
        return [f"{EXIT_CODES}:", *rows, ""]

    def error(self, message: str) -> NoReturn:
        self.refuse(str(refusal(message)))

    def refuse(self, message: str) -> NoReturn:
        """Say what is wrong with the command line and where help is; exit code 2."""
        remedy = Text("try '{} --help'", "请试 '{} --help'").format(self.prog)
        self.exit(Exit.CANNOT, f"{self.prog}: {message}\n{remedy}\n")


class Chosen(argparse.Action):
    """The name of a sub-command and the rest of the line."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: Any = None
    ) -> None:
        assert isinstance(parser, Parser)
        name, *rest = values
        offer = next((offer for offer in parser.offers if offer.name == name), None)
        if offer is None:
            parser.refuse(unknown(name, [offer.name for offer in parser.offers]))
        parse(offer.load(), f"{parser.prog} {name}", rest, namespace)


def parse(command: Command, prog: str, line: Sequence[str], namespace: argparse.Namespace) -> None:
    """Parse a command's own arguments into the namespace; `namespace.run` is what to run."""
    chosen = Parser(prog, command.summary, command.examples)
    command.configure(chosen)
    namespace.run = command.run or chosen.run_help
    chosen.parse_args(line, namespace)


def unknown(name: str, known: Sequence[str]) -> str:
    """Say that there is no such command, and which one may have been meant."""
    from difflib import get_close_matches

    said = Text("there is no command '{}'", "没有命令 '{}'").format(name)
    if near := get_close_matches(name, known, n=1, cutoff=0.5):
        said += Text("; did you mean '{}'?", "；是否要用 '{}'？").format(near[0])
    return said
