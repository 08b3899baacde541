"""SQLite that promises less than it was asked for: whoever looks for losses must find some then."""

import re
import sqlite3
from collections.abc import Callable
from typing import Any


def weaken(mode: str) -> None:
    """From now on connections of this process, of whatever kind, are `synchronous` in that mode, and never FULL."""
    if mode != "FULL":
        sqlite3.connect = _weakened(sqlite3.connect, mode)  # type: ignore[assignment]


def _weakened(connect: Callable[..., sqlite3.Connection], mode: str) -> Callable[..., sqlite3.Connection]:
    def connected(*arguments: Any, factory: type[sqlite3.Connection] = sqlite3.Connection, **named: Any) -> Any:
        class Weaker(factory):  # type: ignore[misc,valid-type]
            def execute(self, sql: str, *values: Any) -> Any:
                """As always, but for one pragma."""
                return super().execute(re.sub(r"(?i)(synchronous\s*=\s*)FULL", rf"\g<1>{mode}", sql), *values)

        return connect(*arguments, factory=Weaker, **named)

    return connected
