"""What is wrong with a configuration: where, what, and what to do."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from chargelink.cli.language import Text
from chargelink.wire import ChargelinkError


class Problem(NamedTuple):
    """One thing wrong: `path` as in `gun[0].max_voltage_V`, the problem, and its remedy."""

    path: str
    problem: Text
    remedy: Text

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}; {self.remedy}"


class ConfigError(ChargelinkError):
    """A configuration that is not to be run; `problems` are all that were found."""

    def __init__(self, file: Path, problems: Sequence[Problem]) -> None:
        super().__init__(file, problems)
        self.file = file
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join(f"{self.file}: {problem}" for problem in self.problems)
