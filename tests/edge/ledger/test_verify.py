"""Whatever is changed in a ledger is found, or changes nothing that was recorded."""

import asyncio
import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.edge.ledger.opened import KEY, open_journal
from tests.edge.ledger.past import alarm, live

from chargelink.cli.command import Exit
from chargelink.cli.main import main
from chargelink.edge.ledger.verify import Verdict, VerifyError, verify
from chargelink.trust.checkpoints import JournalKey

MANY = int(os.environ.get("EDITS", "500"))
TABLES = ("records", "lanes", "checkpoints", "epochs", "signers")
Connection = sqlite3.Connection


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("past") / "ledger.db"
    asyncio.run(live(path))
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = DELETE")  # one file, to be copied
    return path


def rows_of(database: Connection, table: str) -> list[tuple[Any, ...]]:
    return database.execute(f"SELECT * FROM {table}").fetchall()


def contents(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    with closing(sqlite3.connect(path)) as database:
        database.text_factory = bytes
        return {table: sorted(rows_of(database, table)) for table in TABLES}


def edited(whole: Path, edit: Callable[[Connection], Any]) -> Verdict:
    path = whole.with_name("edited.db")
    shutil.copy(whole, path)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        edit(database)
    return verify(path)


def test_a_whole_one_says_what_it_holds(whole: Path) -> None:
    verdict = verify(whole)
    assert verdict.fault is None
    assert (verdict.edge, verdict.epochs, verdict.signers) == ("edge-1", 2, [KEY.public.hex()])
    assert verdict.records > 40
    assert verdict.pruned > 10
    assert verdict.checkpoints > 10
    assert verdict.signed_at is not None
    assert 0 < verdict.unsigned < 10
    assert verify(whole, [KEY.public]).fault is None


NAMED: dict[str, tuple[str, str, str]] = {
    "bytes": ("UPDATE records SET body = x'80' WHERE seq = 20", "record/20", "not the ones that were hashed"),
    "a time": ("UPDATE records SET at = at + 1 WHERE seq = 20", "record/20", "does not continue the chain"),
    "one missing": ("DELETE FROM records WHERE seq = 20", "record/20", "this record is missing"),
    "three missing": ("DELETE FROM records WHERE seq IN (20, 21, 22)", "record/20", "3 records are missing"),
    "one moved": (
        "UPDATE records SET seq = 4711 WHERE seq = 20",
        "record/20",
        "moved: it stands at {epoch}/record/4711",
    ),
    "one too many": (
        "INSERT INTO records SELECT epoch, lane, 100, kind, at, body, hash, chain FROM records WHERE seq = 30",
        "record/43",
        "57 records are missing",
    ),
    "a signature": ("UPDATE checkpoints SET at = at + 1", "record/7 (checkpoint)", "no signature of the edge's key"),
    "the anchor": ("DELETE FROM checkpoints WHERE seq = 3", "metering/3", "the signature that proves it is missing"),
    "an epoch": ("DELETE FROM epochs WHERE number = 1", "epoch 1", "missing"),
}


@pytest.mark.parametrize(("statement", "key", "words"), NAMED.values(), ids=NAMED)
def test_the_first_wrong_record_is_named(whole: Path, statement: str, key: str, words: str) -> None:
    with closing(sqlite3.connect(whole)) as database:
        number = 1 if "proves" in words else 2  # pruned is only what is as old as its times
        ((epoch,),) = database.execute("SELECT epoch FROM epochs WHERE number = ?", (number,))
    where = "" if "epochs" in statement else f" AND epoch = '{epoch}' AND lane = '{key.split('/')[0]}'"
    statement = statement if "WHERE" in statement else f"{statement} WHERE true"
    fault = edited(whole, lambda database: database.execute(statement + where)).fault
    assert fault is not None
    assert fault.key == (key if "epochs" in statement else f"{epoch}/{key}")
    assert words.format(epoch=epoch) in fault.text.english
    assert fault.text.chinese.isascii() is False


def test_the_key_that_must_have_signed_is_not_taken_from_the_file(whole: Path) -> None:
    other = JournalKey(bytes(32)).public
    fault = verify(whole, [other]).fault
    assert fault is not None
    assert "another key" in fault.text.english
    assert verify(whole, [other, KEY.public]).fault is None


async def test_it_reads_while_the_edge_writes(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    journal = open_journal(path)
    for number in range(50):
        await journal.append(alarm(number), number)
        verdict = await asyncio.to_thread(verify, path)
        assert (verdict.fault, verdict.records) == (None, number + 1)
    await journal.close()


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "no database": lambda data: b"not a database at all, but long enough to be read as one" * 100,
    "a header": lambda data: bytes(100) + data[100:],
    "a page": lambda data: data[:8192] + bytes(4096) + data[12288:],
    "cut short": lambda data: data[: len(data) // 2],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_said_to_be(whole: Path, tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    (tmp_path / "ledger.db").write_bytes(damage(whole.read_bytes()))
    fault = verify(tmp_path / "ledger.db").fault
    assert fault is not None
    assert "damaged" in fault.text.english


@pytest.mark.parametrize(("version", "remedy"), [(1, "start the edge once"), (99, "newer")])
def test_another_version_is_refused_with_a_remedy(whole: Path, version: int, remedy: str) -> None:
    with pytest.raises(VerifyError, match=remedy):
        edited(whole, lambda database: database.execute(f"PRAGMA user_version = {version}"))


def test_no_file_is_no_whole_file(tmp_path: Path) -> None:
    with pytest.raises(VerifyError, match="no such file"):
        verify(tmp_path / "ledger.db")


WHOLE_ENGLISH = (
    "whole, edge edge-1",
    "records in 2 epochs",
    "pruned behind",
    "signed until 20",
    KEY.public.hex(),
)
WHOLE_CHINESE = ("完好，网关 edge-1", "个纪元", "已在签名后清理", "已签名至 20")


@pytest.mark.parametrize(("language", "words"), [("en", WHOLE_ENGLISH), ("zh", WHOLE_CHINESE)])
def test_the_command_says_what_is_whole(
    whole: Path, capsys: pytest.CaptureFixture[str], language: str, words: tuple[str, ...]
) -> None:
    assert main(["edge", "verify", str(whole), "--lang", language]) == Exit.CLEAN
    said = capsys.readouterr().out
    assert all(word in said for word in words), said


@pytest.mark.parametrize(("language", "words"), [("en", "this record is missing"), ("zh", "缺少此记录")])
def test_the_command_says_what_is_not(
    whole: Path, capsys: pytest.CaptureFixture[str], language: str, words: str
) -> None:
    edited(whole, lambda database: database.execute("DELETE FROM records WHERE lane = 'record' AND seq = 20"))
    path = str(whole.with_name("edited.db"))
    assert main(["edge", "verify", path, "--lang", language]) == Exit.DEFECTS
    assert words in capsys.readouterr().out
    assert main(["edge", "verify", path, "--json"]) == Exit.DEFECTS
    said = json.loads(capsys.readouterr().out)
    assert (said["whole"], said["fault"]["key"].split("/")[1:]) == (False, ["record", "20"])


def changed(value: Any, chance: Random) -> Any:
    """Another value that differs in one byte, or in one bit of a number."""
    if isinstance(value, int):
        return value ^ (1 << chance.randrange(40))
    data = bytearray(value if isinstance(value, bytes) else value.encode())
    place = chance.randrange(len(data))
    data[place] ^= 1 << chance.randrange(8)
    return bytes(data) if isinstance(value, bytes) else data.decode("latin-1")


def one_byte(database: Connection, chance: Random) -> None:
    table = chance.choice(TABLES)
    columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
    keys = [row[1] for row in database.execute(f"PRAGMA table_info({table})") if row[5]]
    row = dict(zip(columns, chance.choice(rows_of(database, table)), strict=True))
    column = chance.choice(columns)
    where = " AND ".join(f"{key} = ?" for key in keys)
    values = (changed(row[column], chance), *(row[key] for key in keys))
    database.execute(f"UPDATE OR REPLACE {table} SET {column} = ? WHERE {where}", values)


def one_row_less(database: Connection, chance: Random) -> None:
    table = chance.choice(TABLES)
    count = len(rows_of(database, table))
    keys = ", ".join(row[1] for row in database.execute(f"PRAGMA table_info({table})") if row[5])
    database.execute(
        f"DELETE FROM {table} WHERE ({keys}) = (SELECT {keys} FROM {table} LIMIT 1 OFFSET ?)",
        (chance.randrange(count),),
    )


def two_swapped(database: Connection, chance: Random) -> None:
    (one, other) = chance.sample(database.execute("SELECT rowid, seq, lane, epoch FROM records").fetchall(), 2)
    move = "UPDATE records SET seq = ?, lane = ?, epoch = ? WHERE rowid = ?"
    database.execute(move, (-1, "", "", one[0]))
    database.execute(move, (*one[1:], other[0]))
    database.execute(move, (*other[1:], one[0]))


def one_row_more(database: Connection, chance: Random) -> None:
    table = chance.choice(TABLES)
    row = list(chance.choice(rows_of(database, table)))
    other = chance.choice(rows_of(database, table))
    for index in range(len(row)):
        if chance.random() < 0.3:
            row[index] = chance.choice((changed(row[index], chance), other[index]))
    database.execute(f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' * len(row))})", row)


def one_moved(database: Connection, chance: Random) -> None:
    rowid, seq = chance.choice(database.execute("SELECT rowid, seq FROM records").fetchall())
    place = chance.choice((seq + chance.choice((-1, 1, 1000, -seq)), chance.randrange(60)))
    database.execute("UPDATE OR REPLACE records SET seq = ? WHERE rowid = ?", (place, rowid))


def tail_cut(database: Connection, chance: Random) -> None:
    """Below a signature, and the row that says where the lane ends made to agree."""
    epoch, lane, signed, pruned = chance.choice(
        database.execute(
            "SELECT epoch, lane, max(seq), pruned FROM checkpoints JOIN lanes USING (epoch, lane) GROUP BY 1, 2"
        ).fetchall()
    )
    last = chance.randrange(pruned + 1, signed)
    database.execute("DELETE FROM records WHERE epoch = ? AND lane = ? AND seq > ?", (epoch, lane, last))
    database.execute(
        "UPDATE lanes SET last = ?1, acknowledged = min(acknowledged, ?1),"
        " chain = (SELECT chain FROM records WHERE epoch = ?2 AND lane = ?3 AND seq = ?1)"
        " WHERE epoch = ?2 AND lane = ?3",
        (last, epoch, lane),
    )


EDITS = (one_byte, one_row_less, two_swapped, one_row_more, one_moved, tail_cut)


def harmless(before: dict[str, list[tuple[Any, ...]]], after: dict[str, list[tuple[Any, ...]]]) -> bool:
    """Nothing that was recorded differs, and every signature that is still there was there before.

    A watermark may differ: the hub says its own on each connection. So may a key that signed nothing.
    """
    watermark = 3
    return (
        before["records"] == after["records"]
        and before["epochs"] == after["epochs"]
        and set(after["checkpoints"]) <= set(before["checkpoints"])
        and [row[:watermark] + row[watermark + 1 :] for row in before["lanes"]]
        == [row[:watermark] + row[watermark + 1 :] for row in after["lanes"]]
        and set(before["signers"]) <= set(after["signers"])
    )


@pytest.mark.parametrize("edit", EDITS)
def test_every_edit_is_found_or_harmless(whole: Path, edit: Callable[[Connection, Random], None]) -> None:
    """`EDITS=10000` in the environment tries so many."""
    before = contents(whole)
    found = 0
    for seed in range(MANY // len(EDITS)):
        verdict = edited(whole, lambda database, seed=seed: edit(database, Random(seed)))  # type: ignore[misc]
        found += verdict.fault is not None
        assert verdict.fault or harmless(before, contents(whole.with_name("edited.db"))), (edit.__name__, seed)
    assert found
