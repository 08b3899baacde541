"""The hub's tests once more on PostgreSQL, in a process beside the one that runs them on SQLite.

Tortoise remembers the statements of a table whatever the engine, so one process knows one engine.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from tests.hub import postgres

TESTS = (
    "test_records.py",
    "test_chains.py",
    "test_checks.py",
    "test_telemetry.py",
    "test_retention.py",
    "test_intake.py",
    "test_live.py",
    "test_migrations.py",
    "test_gateway.py",
    "test_stories.py",
    "test_postgres_engine.py",
    "test_backup.py",
    "test_persons.py",
    "test_books.py",
    "test_tokens.py",
    "test_accounts.py",
    "test_orders.py",
    "test_starts.py",
    "test_authorising.py",
    "test_decisions.py",
    "test_money_history.py",
    "test_tariffs.py",
    "test_leases.py",
    "test_lists.py",
    "test_passes.py",
    "test_offer_commands.py",
    "test_reconcile.py",
    "test_offers_story.py",
    "identity/test_registry.py",
    "identity/test_late_renewal.py",
)
HERE = Path(__file__).parent


class Run(NamedTuple):
    """Tests that run."""

    process: subprocess.Popen[bytes]
    printed: IO[bytes]

    def ended(self) -> tuple[int, str]:
        """Wait for the end: exit code, and all that was printed."""
        code = self.process.wait()
        self.printed.seek(0)
        return code, self.printed.read().decode(errors="replace")


@contextmanager
def running() -> Iterator[Run]:
    """Start them; what still runs at the end is ended."""
    with postgres.cluster() as socket, tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-x",
                "-p",
                "no:cacheprovider",
                *(str(HERE / name) for name in TESTS),
            ],
            env={**os.environ, postgres.CLUSTER: socket},
            cwd=HERE.parents[1],
            stdout=printed,
            stderr=subprocess.STDOUT,
        )
        try:
            yield Run(process, printed)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
