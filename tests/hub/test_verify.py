"""`chargelink hub verify`: what was changed behind the hub's back is found and named."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.hub.chained import ChainedJournal
from tests.hub.test_chains import batch_of, fork, journal

from chargelink.cli.main import main
from chargelink.hub.store import keys
from chargelink.hub.store.database import opened
from chargelink.hub.store.writer import RecordWriter

__all__ = ["journal"]


@pytest.fixture
async def books(tmp_path: Path, journal: ChainedJournal) -> Path:
    """Twelve records, signed at 4, 8 and 12, in a hub that has ended."""
    async with opened(tmp_path) as engine:
        await keys.pin("edge-1", journal.public, 1, trusted=False)
        writer = RecordWriter(engine)
        for last in (4, 8, 12):
            await writer.write([batch_of("edge-1", journal.batch(last - 3, last, checkpoint=journal.checkpoint(last)))])
    return tmp_path


def verify(books: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    code = main(["hub", "verify", "--data", str(books), "--lang", "en"])
    return code, capsys.readouterr().out.splitlines()


def alter(books: Path, *statements: str) -> None:
    with closing(sqlite3.connect(books / "hub.db")) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()


def test_what_is_right_is_right(books: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(books, capsys) == (0, ["1 lanes, 12 records, 3 signatures: all right"])


TAMPERED: list[tuple[str, list[str], str]] = [
    ("bytes changed", ["UPDATE record SET body = x'00' WHERE seq = 6"], "record/6: its bytes were changed"),
    (
        "bytes and hash changed",
        [
            "UPDATE record SET body = x'00', hash ="
            " '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d' WHERE seq = 6"
        ],
        "record/8: the signature there is not under these records; the first wrong one is edge-1/epoch-1/record/5 or",
    ),
    ("time changed", ["UPDATE record SET at = at + 1 WHERE seq = 3"], "the first wrong one is edge-1/epoch-1/record/1"),
    (
        "kind changed",
        ["UPDATE record SET kind = 'alarm' WHERE seq = 12"],
        "record/12: the signature there is not under",
    ),
    ("one left out", ["DELETE FROM record WHERE seq = 7"], "record/8: 1 records before it are missing"),
    (
        "the last ones left out",
        ["DELETE FROM record WHERE seq > 10"],
        "record/12: the lane should end here",
    ),
    (
        "two exchanged",
        [
            "UPDATE record SET seq = 100 WHERE seq = 9",
            "UPDATE record SET seq = 9 WHERE seq = 10",
            "UPDATE record SET seq = 10 WHERE seq = 100",
        ],
        "record/12: the signature there is not under these records; the first wrong one is edge-1/epoch-1/record/9",
    ),
    (
        "signed by somebody else",
        ["UPDATE journal_key SET key = '" + "11" * 32 + "'"],
        "record/4: the signature there is by none of the edge's keys",
    ),
]


@pytest.mark.parametrize(("statements", "said"), [row[1:] for row in TAMPERED], ids=[row[0] for row in TAMPERED])
def test_what_was_changed_is_named_first(
    books: Path, capsys: pytest.CaptureFixture[str], statements: list[str], said: str
) -> None:
    alter(books, *statements)
    code, lines = verify(books, capsys)
    assert code == 1
    assert said in lines[0]
    assert lines[-1].endswith(" wrong")


async def history(tmp_path: Path, *batches: dict[str, Any]) -> None:
    async with opened(tmp_path) as engine:
        writer = RecordWriter(engine)
        for sent in batches:
            await writer.write([batch_of("edge-1", sent)])


@pytest.mark.parametrize(
    ("story", "notes"),
    [
        ("gap", ["record/5: records before it never came"]),
        ("gap filled", []),
        ("fork", ["record/5: another history of this lane goes on"]),
        ("broken", ["record/5: came with another chain"]),
    ],
)
def test_what_was_told_when_it_came_is_noted(
    tmp_path: Path, journal: ChainedJournal, capsys: pytest.CaptureFixture[str], story: str, notes: list[str]
) -> None:
    import asyncio

    other = fork(journal, 2)
    batches = {
        "gap": [journal.batch(1, 2), journal.batch(5, 6)],
        "gap filled": [journal.batch(1, 2), journal.batch(5, 6), journal.batch(3, 4)],
        "fork": [journal.batch(1, 4), other.batch(3, 6)],
        "broken": [journal.batch(1, 4), other.batch(5, 6)],
    }
    asyncio.run(history(tmp_path, *batches[story]))
    code, lines = verify(tmp_path, capsys)
    assert code == 0
    assert len(lines) == len(notes) + 1
    for line, note in zip(lines, notes, strict=False):
        assert note in line


def test_a_folder_without_a_hub_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hub", "verify", "--data", str(tmp_path), "--lang", "en"]) == 2
    assert "no hub has run" in capsys.readouterr().err


def test_a_damaged_file_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "hub.db").write_bytes(b"SQLite format 3\x00" + bytes(5000))
    assert main(["hub", "verify", "--data", str(tmp_path), "--lang", "en"]) == 2
    assert "database" in capsys.readouterr().err
