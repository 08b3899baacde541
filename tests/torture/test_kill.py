"""A few rounds of `make torture`: edge, hub or both killed under load, and all that was acknowledged is there once."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.torture import audit
from tests.torture.audit import Finding
from tests.torture.kill import KILLS_A_SITE, Site, torture


def test_nothing_acknowledged_is_lost() -> None:
    found: list[Finding] = []
    tally = torture(KILLS_A_SITE, 4, lambda _, findings: found.extend(findings), keep=False)
    assert found == []
    assert tally.acknowledged > 0
    assert sum(tally.kills.values()) == KILLS_A_SITE


@pytest.fixture(scope="module")
def at_rest(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site that was killed once and has come to rest."""
    site = Site(tmp_path_factory.mktemp("torture") / "site", seed=1)
    try:
        for _ in range(2):
            site.start()
            site.wait_until_acknowledged(50)
            assert site.kill(("edge", "hub")) == []
            assert site.look() == []
        site.start()
        assert site.come_to_rest() == []
    finally:
        site.close()
    return site


SPOILT = {
    "a record gone from the ledger": ("ledger", "DELETE FROM records WHERE seq = 7", "lost"),
    "the ledger's last record gone": (
        "ledger",
        "DELETE FROM records WHERE seq = (SELECT max(seq) FROM records)",
        "other",
    ),
    "a session billed twice": (
        "ledger",
        "INSERT INTO records SELECT epoch, lane, 1 + (SELECT max(seq) FROM records), kind, at, body, hash, chain "
        "FROM records WHERE kind = 'session.ended' LIMIT 1",
        "twice",
    ),
    "another body": (
        "ledger",
        "UPDATE records SET body = CAST(body || 'x' AS BLOB) WHERE kind = 'alarm' AND seq > 30",
        "lost",
    ),
    "a record gone from the hub": ("books", "DELETE FROM record WHERE seq = 9", "lost"),
    "the hub's last record gone": ("books", "DELETE FROM record WHERE seq = (SELECT max(seq) FROM record)", "lost"),
    "other bytes at the hub": ("books", "UPDATE record SET body = CAST(body || 'x' AS BLOB) WHERE seq = 9", "other"),
    "one set aside": (
        "books",
        "INSERT INTO set_aside SELECT id, edge, epoch, lane, seq, kind, at, body, hash, received FROM record LIMIT 1",
        "other",
    ),
    "another bill": ("books", "UPDATE bill SET edge_total = edge_total + 1 WHERE rowid = 1", "other"),
    "an alarm": ("books", "INSERT INTO alarm VALUES (999999, 0, 'edge-1', 'missing-records', 'x', '{}')", "other"),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_what_must_not_be_is_found(at_rest: Site, tmp_path: Path, spoil: tuple[str, str, str]) -> None:
    where, statement, what = spoil
    copies = {"ledger": tmp_path / "ledger.db", "books": tmp_path / "hub.db"}
    shutil.copy(at_rest.ledger, copies["ledger"])
    shutil.copy(at_rest.books, copies["books"])
    look: Callable[[], list[str]] = lambda: [  # noqa: E731
        finding.what
        for finding in (
            *audit.of_ledger(copies["ledger"], at_rest.said),
            *audit.of_hub(copies["books"], copies["ledger"], at_rest.said),
            *audit.of_both(copies["books"], copies["ledger"]),
        )
    ]
    assert look() == []
    with closing(sqlite3.connect(copies[where])) as database, database:
        assert database.execute(statement).rowcount > 0
    assert what in look()
