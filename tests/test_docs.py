"""What the pages say is true: generated parts are current, commands show what they show, links lead somewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from docs.generate import UnknownPlaceError, files, fill

ROOT = Path(__file__).parent.parent
READMES = (ROOT / "README.md", ROOT / "README.zh-CN.md")
PAGES = [*READMES, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
LEFT_OUT = "..."
DONE = (0, 1)  # exit codes of a command that could do what it was asked


class Shown(NamedTuple):
    """A command of a ```console block and the lines below it."""

    page: str
    command: str
    lines: list[str]


def shown_commands(text: str, page: str) -> list[Shown]:
    found: list[Shown] = []
    for language, block in FENCE.findall(text):
        if language != "console":
            continue
        assert block.startswith("$ "), f"{page}: a console block begins with a command"
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append(Shown(page, line[2:], []))
            else:
                found[-1].lines.append(line)
    return found


def prose(text: str) -> str:
    return FENCE.sub("", text)


def agrees(shown: list[str], printed: list[str]) -> bool:
    """Whether the lines shown are those printed; a line `...` stands for any number of lines, also within a line."""
    patterns = [".*(?:\n.*)*" if line == LEFT_OUT else _pattern(line) for line in shown]
    return re.fullmatch("\n".join(patterns), "\n".join(printed)) is not None


def _pattern(line: str) -> str:
    return ".*".join(map(re.escape, line.split(" " + LEFT_OUT)))


def anchor(heading: str) -> str:
    """The fragment that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


COMMANDS = [shown for page in PAGES for shown in shown_commands(page.read_text("utf-8"), str(page.relative_to(ROOT)))]


GENERATED = files()
EXAMPLES = [
    pytest.param(block, id=f"{page.relative_to(ROOT)}: {number}")
    for page in PAGES
    for number, (language, block) in enumerate(FENCE.findall(page.read_text("utf-8")), 1)
    if language == "python"
]


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: str(path.relative_to(ROOT)))
def test_generated_files_are_current(path: Path) -> None:
    assert path.read_text("utf-8") == GENERATED[path], "run `make docs`"


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_runs(example: str) -> None:
    """Python examples stand alone, and assert what they say."""
    exec(compile(example, "example", "exec"), {"__name__": "example"})


@pytest.mark.parametrize("shown", COMMANDS, ids=lambda shown: f"{shown.page}: {shown.command}")
def test_a_command_prints_what_the_page_shows(shown: Shown) -> None:
    """On standard output, or there and on standard error. A command with nothing below it just has to work."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    environment |= {"LANG": "C.UTF-8", "COLUMNS": "100", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", shown.command], cwd=ROOT, env=environment, capture_output=True, text=True, encoding="utf-8"
    )
    printed = done.stdout.splitlines()
    if not shown.lines:
        assert done.returncode in DONE, done.stderr
    elif not agrees(shown.lines, printed):
        assert agrees(shown.lines, printed + done.stderr.splitlines()), f"it prints:\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(prose(page.read_text("utf-8"))):
        if link.startswith(("https://", "http://", "mailto:")):
            continue
        name, _, fragment = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        if fragment:
            headings = HEADING.findall(prose(target.read_text("utf-8")))
            assert fragment in map(anchor, headings), link


def test_both_readmes_say_the_same() -> None:
    """As far as a machine can see: headings by level, code blocks in order with what they hold, links in order."""
    english, chinese = (readme.read_text("utf-8") for readme in READMES)
    assert [line.split()[0] for line in _headings(english)] == [line.split()[0] for line in _headings(chinese)]
    assert [kind for kind, _ in FENCE.findall(english)] == [kind for kind, _ in FENCE.findall(chinese)]
    assert _commands(english) == _commands(chinese)
    other = {
        READMES[0].name: READMES[1].name,
        "docs/images/hub-en.png": "docs/images/hub-zh.png",
        "docs/tariffs.md": "docs/tariffs.zh.md",
        "docs/trace.md": "docs/trace.zh.md",
        "docs/conformance.md": "docs/conformance.zh.md",
    }
    assert [other.get(link, link) for link in _internal(english)] == [
        other.get(link, link) for link in _internal(chinese)
    ]


def _headings(text: str) -> list[str]:
    return [match[0] for match in HEADING.finditer(prose(text))]


def _internal(text: str) -> list[str]:
    return [link.partition("#")[0] for link in LINK.findall(prose(text))]


def _commands(text: str) -> list[str]:
    """Commands without the language they ask for."""
    return [shown.command.replace("chargelink --lang zh", "chargelink") for shown in shown_commands(text, "")]


def test_a_page_that_asks_for_an_unknown_table_is_named() -> None:
    with pytest.raises(UnknownPlaceError, match=r"page\.md:2: no table 'nonsense'"):
        fill("\n<!-- generated: nonsense -->\n<!-- end -->", "page.md")
    with pytest.raises(UnknownPlaceError, match=r"page\.md:1: the place of 'gbt27930\.BCL' has no `<!-- end -->`"):
        fill("<!-- generated: gbt27930.BCL -->\n", "page.md")


@pytest.mark.parametrize(
    ("shown", "printed", "agree"),
    [
        (["a", "b"], ["a", "b"], True),
        (["a"], ["a", "b"], False),
        (["a", "..."], ["a"], False),
        (["a", "..."], ["a", "b", "c"], True),
        (["...", "c"], ["a", "b", "c"], True),
        (["a (b) ..."], ["a (b) c d"], True),
        (["a (b) ..."], ["a b c d"], False),
    ],
)
def test_what_agrees(shown: list[str], printed: list[str], agree: bool) -> None:
    assert agrees(shown, printed) is agree
