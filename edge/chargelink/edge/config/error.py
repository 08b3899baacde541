"""What is wrong with a configuration, all of it at once."""

from collections.abc import Sequence
from pathlib import Path

from chargelink.cli.strict import Problem
from chargelink.wire import ChargelinkError


class ConfigError(ChargelinkError):
    """A configuration that is not to be run; `problems` are all that were found."""

    def __init__(self, file: Path, problems: Sequence[Problem]) -> None:
        super().__init__(file, problems)
        self.file = file
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join(f"{self.file}: {problem}" for problem in self.problems)
