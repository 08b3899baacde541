"""A process under the shim: `python -m tests.torture.shim.life edge LEDGER LINK SEED`, or `... hub DATA PORT WEB-PORT`.

TORTURE_SYNCHRONOUS=NORMAL has SQLite promise less than the product asks for: whoever looks for losses must find some.
"""

import os
import re
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

WEAKER = os.environ.get("TORTURE_SYNCHRONOUS", "FULL")


def weakened(connect: Callable[..., sqlite3.Connection]) -> Callable[..., sqlite3.Connection]:
    """Connections of whatever kind, which do not flush as often as they are told to."""

    def connected(*arguments: Any, factory: type[sqlite3.Connection] = sqlite3.Connection, **named: Any) -> Any:
        class Weaker(factory):  # type: ignore[misc,valid-type]
            def execute(self, sql: str, *values: Any) -> Any:
                """As always, but for one pragma."""
                return super().execute(re.sub(r"(?i)(synchronous\s*=\s*)FULL", rf"\g<1>{WEAKER}", sql), *values)

        return connect(*arguments, factory=Weaker, **named)

    return connected


def main() -> int:
    """The process."""
    if WEAKER != "FULL":
        sqlite3.connect = weakened(sqlite3.connect)  # type: ignore[assignment]
    match sys.argv[1:]:
        case ["edge", ledger, link, seed]:
            from tests.torture import driver

            driver.main(Path(ledger), link, int(seed))
            return 0
        case ["hub", data, port, web_port]:
            from chargelink.cli.main import main

            return main(["hub", "serve", "--data", data, "--port", port, "--web-port", web_port])
    return 2


if __name__ == "__main__":
    sys.exit(main())
