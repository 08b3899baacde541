"""A process under the shim: `python -m tests.torture.shim.life edge LEDGER LINK SEED`, or `... hub DATA PORT WEB-PORT`.

TORTURE_SYNCHRONOUS=NORMAL has SQLite promise less than the product asks for: whoever looks for losses must find some.
"""

import os
import re
import sqlite3
import sys
from functools import partial
from pathlib import Path
from typing import Any

WEAKER = os.environ.get("TORTURE_SYNCHRONOUS", "FULL")


class Weaker(sqlite3.Connection):
    """A connection that does not flush as often as it is told to."""

    def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
        """As always, but for one pragma."""
        return super().execute(re.sub(r"(?i)(synchronous\s*=\s*)FULL", rf"\g<1>{WEAKER}", sql), *arguments)


def main() -> int:
    """The process."""
    if WEAKER != "FULL":
        sqlite3.connect = partial(sqlite3.connect, factory=Weaker)  # type: ignore[assignment]
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
