"""What is stored of a lane is a chain, signed by batches, whatever was rolled back and whichever version began it."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from tests.edge.ledger.opened import EDGE, open_journal

from chargelink.edge.ledger import Database, Journal, LedgerError, load_key
from chargelink.edge.ledger.journal import append
from chargelink.edge.ledger.schema import FIRST
from chargelink.link.chain import chain_next, chain_start, record_hash
from chargelink.link.messages import METERING_LANE, RECORD_LANE
from chargelink.model import Alarm, JournalEpoch, body_of, content_of
from chargelink.trust.checkpoints import is_signed

ALL = (1000, 1 << 20)
LANES = [RECORD_LANE, METERING_LANE]


def alarm(number: int) -> Alarm:
    return Alarm(code="test", text=f"number {number}", at=number)


async def chained(journal: Journal, lane: str) -> list[int]:
    """The times of what is pending; its chain and its signature are checked by the words of the page alone."""
    batch = await journal.pending(lane, *ALL)
    chain = batch.previous
    for record in batch.records:
        assert record.hash == record_hash(record.body)
        chain = chain_next(chain, record.seq, record.at, record.kind, record.hash)
    if batch.records:
        assert batch.checkpoint is not None
        assert batch.checkpoint.seq == batch.records[-1].seq
        assert is_signed(batch.checkpoint, chain, journal.public)
    return [record.at for record in batch.records]


@pytest.mark.parametrize("lane", LANES)
async def test_a_batch_proves_itself(journal: Journal, lane: str) -> None:
    for number in (10, 11, 12):
        await journal.append(alarm(number), number, lane)
    batch = await journal.pending(lane, *ALL)
    assert batch.previous == chain_start(EDGE, batch.epoch, lane)
    assert await chained(journal, lane) == [10, 11, 12]
    await journal.acknowledge(batch.epoch, lane, 2)
    assert await chained(journal, lane) == [12]


async def test_lanes_are_numbered_and_acknowledged_apart(journal: Journal) -> None:
    for lane in LANES:
        assert [await journal.append(alarm(number), number, lane) for number in (1, 2)] == [1, 2]
    await journal.acknowledge((await journal.position()).epoch, METERING_LANE, 2)
    assert await chained(journal, RECORD_LANE) == [1, 2]
    assert await chained(journal, METERING_LANE) == []


async def test_the_same_batch_has_the_same_signature(journal: Journal) -> None:
    await journal.append(alarm(1), 1)
    first = await journal.pending(RECORD_LANE, *ALL)
    assert await journal.pending(RECORD_LANE, *ALL) == first
    await journal.append(alarm(2), 2)
    longer = await journal.pending(RECORD_LANE, *ALL)
    assert longer.checkpoint != first.checkpoint
    assert await journal.pending(RECORD_LANE, 1, 1 << 20) == first


async def test_what_was_rolled_back_leaves_no_trace_in_the_chain(journal: Journal) -> None:
    def half(database: Database) -> None:
        append(database, alarm(50), 50)
        append(database, alarm(51), 51, METERING_LANE)
        raise KeyError("half done")

    def lost(database: Database) -> None:
        append(database, alarm(60), 60)
        database.execute("SELECT * FROM a_table_that_is_not_there")

    def whole(database: Database) -> int:
        append(database, alarm(70), 70)
        return append(database, alarm(71), 71)

    works = [
        journal.append(alarm(1), 1),
        journal.writer.run(half),
        journal.append(alarm(2), 2),
        journal.writer.run(whole),
        journal.append(alarm(3), 3),
    ]
    outcomes = await asyncio.gather(*works, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [int, KeyError, int, int, int]
    with pytest.raises(LedgerError):
        await journal.writer.run(lost)
    await journal.append(alarm(4), 4)
    assert await chained(journal, RECORD_LANE) == [1, 2, 70, 71, 3, 4]
    assert await chained(journal, METERING_LANE) == []


async def test_the_chain_goes_on_after_a_restart(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        journal = open_journal(tmp_path / "ledger.db")
        await journal.append(alarm(number), number)
        assert await chained(journal, RECORD_LANE) == list(range(1, number + 1))
        await journal.close()


async def test_a_ledger_of_an_older_version_is_chained_and_signed(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    database.executescript(
        f"PRAGMA journal_mode = WAL; {FIRST}; PRAGMA user_version = 1; INSERT INTO journal VALUES ('b')"
    )
    for epoch, count in (("a", 2), ("b", 3)):
        database.execute("INSERT INTO lanes VALUES (?, 'record', ?, 1)", (epoch, count))
        for seq in range(1, count + 1):
            body = body_of(alarm(seq))
            row = (epoch, "record", seq, "alarm", seq, body, record_hash(body))
            database.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    database.close()
    journal = open_journal(tmp_path / "ledger.db")
    assert await journal.position() == ("b", 3, 1)
    assert await chained(journal, RECORD_LANE) == [2, 3]
    assert await journal.append(alarm(4), 4) == 4
    assert await chained(journal, RECORD_LANE) == [2, 3, 4]
    await journal.close()
    database = sqlite3.connect(tmp_path / "ledger.db")
    assert database.execute("SELECT lane, seq FROM checkpoints WHERE epoch = 'b' ORDER BY seq").fetchall() == [
        ("record", 3),
        ("record", 4),
    ]
    database.close()


async def test_an_edge_with_another_name_begins_a_new_epoch(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "ledger.db")
    await journal.append(alarm(1), 1)
    old = (await journal.position()).epoch
    await journal.close()
    journal = open_journal(tmp_path / "ledger.db", edge="edge-2")
    batch = await journal.pending(RECORD_LANE, *ALL)
    assert batch.previous == chain_start("edge-2", batch.epoch, RECORD_LANE)
    first = content_of(batch.records[0].kind, batch.records[0].body)
    assert isinstance(first, JournalEpoch)
    assert (first.previous, first.reason, first.lanes["record"].seq) == (old, "renamed", 1)
    assert batch.records[1].body == body_of(alarm(1))
    await journal.close()


async def test_the_key_is_made_once_and_its_loss_is_said(tmp_path: Path) -> None:
    key = load_key(tmp_path / "journal.key")
    assert (tmp_path / "journal.key").stat().st_mode & 0o777 == 0o600
    assert load_key(tmp_path / "journal.key").public == key.public
    journal = open_journal(tmp_path / "ledger.db", key=key)
    await journal.append(alarm(1), 1)
    await chained(journal, RECORD_LANE)
    await journal.close()
    (tmp_path / "journal.key").unlink()
    other = load_key(tmp_path / "journal.key")
    journal = open_journal(tmp_path / "ledger.db", key=other)
    assert journal.public == other.public != key.public
    batch = await journal.pending(RECORD_LANE, *ALL)
    said = content_of(batch.records[-1].kind, batch.records[-1].body)
    assert isinstance(said, Alarm)
    assert (said.code, other.public.hex() in said.text) == ("journal-key", True)
    await chained(journal, RECORD_LANE)
    await journal.close()


@pytest.mark.parametrize(("text", "mode"), [("", 0o600), ("00" * 31, 0o600), ("zz" * 32, 0o600), ("00" * 32, 0o640)])
def test_a_key_that_cannot_be_used_is_refused_with_a_remedy(tmp_path: Path, text: str, mode: int) -> None:
    (tmp_path / "journal.key").write_text(text)
    (tmp_path / "journal.key").chmod(mode)
    with pytest.raises(LedgerError, match=r"backup|chmod"):
        load_key(tmp_path / "journal.key")
