"""The hub on PostgreSQL: the same tests again, in a process of their own, over a cluster of their own.

Tortoise remembers the statements of a table whatever the engine, so one process knows one engine.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.hub import postgres

AGAIN = (
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


@pytest.mark.skipif(postgres.CLUSTER in os.environ, reason="these are the tests on PostgreSQL")
def test_the_same_stories_on_postgresql() -> None:
    with postgres.cluster() as socket:
        tests = [str(HERE / name) for name in AGAIN]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests],
            env={**os.environ, postgres.CLUSTER: socket},
            cwd=HERE.parents[1],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
