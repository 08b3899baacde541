"""Help of every command, in both languages; and what is said when the command line is wrong."""

import re
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from chargelink.cli.command import Command, CommandError, Example, Exit, Offer
from chargelink.cli.language import Language, Text, speak, spoken
from chargelink.cli.main import main, offered, offers
from chargelink.cli.parser import Parser


def below(command: Command, line: list[str]) -> Iterator[list[str]]:
    """The lines of all commands from this one down."""
    yield line
    parser = Parser(" ".join(line), command.summary)
    command.configure(parser)
    for offer in parser.offers:
        if line != ["decode"] or find_spec(f"chargelink.trace.{offer.name}"):
            yield from below(offer.load(), [*line, offer.name])


COMMANDS = [[], *(line for offer in offers() for line in below(offer.load(), [offer.name]))]
CHINESE = re.compile("[\u4e00-\u9fff]")
HEADINGS = ("usage:", "arguments:", "options:", "commands:", "examples:", "exit codes:")
HEADINGS_IN_CHINESE = ("用法:", "参数:", "选项:", "命令:", "示例:", "退出码:")


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    before = spoken()
    yield
    speak(before)


def help_of(line: list[str], language: Language, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as end:
        main([*line, "--help", "--lang", language])
    assert end.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("line", COMMANDS, ids=" ".join)
def test_help_in_english(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    said = help_of(line, Language.ENGLISH, capsys)
    assert not CHINESE.search(said)
    assert all(f"\n{heading}\n" in f"\n{said}" for heading in ("options:", "exit codes:", "examples:"))


@pytest.mark.parametrize("line", COMMANDS, ids=" ".join)
def test_help_in_chinese(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """But for usage, options and what can be copied every argument and every sentence is Chinese."""
    said = help_of(line, Language.CHINESE, capsys)
    assert not any(heading in said for heading in HEADINGS)
    usage, _, rest = said.partition("\n\n")
    assert usage.startswith("用法: chargelink")
    rest = re.sub(r"\n {10,}", " ", rest)
    for row, above in zip(rest.split("\n"), ["", *rest.split("\n")], strict=False):
        example = above.startswith("  # ")
        invocation = re.fullmatch(r"\s+(-[\w-]+,? ?)+([A-Z]+|\{[\w,]+\})?", row)
        assert not row or example or invocation or CHINESE.search(row) or CHINESE.search(above), row


@pytest.mark.parametrize("line", COMMANDS, ids=" ".join)
def test_help_fits_the_terminal(
    line: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    said = help_of(line, Language.ENGLISH, capsys)
    assert all(len(row) <= 80 or row.startswith("  ") for row in said.split("\n"))


def wrong(line: list[str], language: Language, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as end:
        main([*line, "--lang", language])
    said = capsys.readouterr()
    assert end.value.code == Exit.CANNOT
    assert said.out == ""
    return said.err


@pytest.mark.parametrize(("language", "words"), [(Language.ENGLISH, "did you mean"), (Language.CHINESE, "是否要用")])
def test_the_nearest_command_is_suggested(language: Language, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"{words} 'decode'" in wrong(["decod"], language, capsys)
    assert f"{words} 'gbt27930'" in wrong(["decode", "gbt2793"], language, capsys)
    assert words not in wrong(["something else entirely"], language, capsys)


def some_parser() -> Parser:
    parser = Parser("chargelink some", Text("something", "某事"), [Example("chargelink some x", Text("so", "如此"))])
    parser.add_argument("what")
    parser.add_argument("--count", type=int)
    parser.add_argument("--many", nargs="+")
    parser.add_argument("--form", choices=["a", "b"])
    parser.add_argument("--flag", action="store_true")
    return parser


@pytest.mark.parametrize(
    ("line", "english", "chinese"),
    [
        ("", "the following arguments are required: what", "缺少必需的参数: what"),
        ("x --nonsense", "unrecognized arguments: --nonsense", "无法识别的参数: --nonsense"),
        ("x --count", "argument --count: expected one argument", "参数 --count: 需要一个值"),
        ("x --many", "argument --many: expected at least one argument", "参数 --many: 至少需要一个值"),
        ("x --form c", "argument --form: invalid choice: 'c' (choose from", "参数 --form: 没有 'c' 这个选择 (可选: "),
        ("x --count three", "argument --count: invalid int value: 'three'", "参数 --count: 值 'three' 无效"),
        ("x --flag=1", "argument --flag: ignored explicit argument '1'", "参数 --flag 不带值，却给了 '1'"),
    ],
)
def test_what_argparse_refuses_is_said_in_both_languages(
    line: str, english: str, chinese: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for language, words in ((Language.ENGLISH, english), (Language.CHINESE, chinese)):
        speak(language)
        with pytest.raises(SystemExit):
            some_parser().parse_args(line.split())
        said = capsys.readouterr().err
        assert said.startswith(f"chargelink some: {words}")
        assert "'chargelink some --help'" in said


def test_one_of_several_is_asked_for_in_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    for language, words in (
        (Language.ENGLISH, "one of the arguments --hot --cold is required"),
        (Language.CHINESE, "必须给出以下参数之一: --hot --cold"),
    ):
        speak(language)
        parser = some_parser()
        either = parser.add_mutually_exclusive_group(required=True)
        either.add_argument("--hot", action="store_true")
        either.add_argument("--cold", action="store_true")
        with pytest.raises(SystemExit):
            parser.parse_args(["x"])
        assert words in capsys.readouterr().err


def test_not_together_is_said_in_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    speak(Language.CHINESE)
    parser = some_parser()
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--hot", action="store_true")
    either.add_argument("--cold", action="store_true")
    with pytest.raises(SystemExit):
        parser.parse_args(["x", "--hot", "--cold"])
    assert "参数 --cold 不能与 --hot 同时使用" in capsys.readouterr().err


@pytest.mark.parametrize("line", [[], ["decode"]], ids=" ".join)
def test_without_a_command_the_help_is_shown(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*line, "--lang", "en"]) == Exit.CANNOT
    said = capsys.readouterr()
    assert said.out == ""
    assert "\ncommands:\n" in said.err


class BrokenPoint:
    """An entry point of a package that does not import."""

    name = "broken"

    def load(self) -> Command:
        raise ModuleNotFoundError("No module named 'something'")


def test_a_broken_package_breaks_no_other_command() -> None:
    offer: Offer = offered(BrokenPoint())  # type: ignore[arg-type]
    assert str(offer.summary) == "cannot be loaded: ModuleNotFoundError: No module named 'something'"
    with pytest.raises(CommandError, match="broken: cannot be loaded"):
        offer.load()


def test_offers_of_the_group_are_unique_and_described() -> None:
    assert len({offer.name for offer in offers()}) == len(offers())
    assert all(offer.summary.english and offer.summary.chinese for offer in offers())
