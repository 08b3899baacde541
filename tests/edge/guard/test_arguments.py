"""How the process is called, and what its exit code says."""

from pathlib import Path

import pytest

from chargelink.edge.guard import mark
from chargelink.edge.guard.__main__ import main

RUN = ["--lines", "unix:nowhere", "--facts", "f", "--events", "e", "--mark", "m"]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--lines"],
        ["--what"],
        ["--lines", "unix:here"],
        ["--commission"],
        ["--commission", *RUN],
        [*RUN, "more"],
        ["--lines", "gpio:0", *RUN[2:]],
        ["--lines", "unix:", *RUN[2:]],
    ],
)
def test_wrong_arguments(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("guard: ")


def test_commissioning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "mark")
    assert main(["--commission", "--mark", path]) == 0
    assert mark.read(path) == mark.Mark(mark.CLEAR)
    assert main(["--commission", "--mark", path]) == 1
    assert path in capsys.readouterr().err


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "--commission" in capsys.readouterr().out
