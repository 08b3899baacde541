"""The record lane: durable, numbered without gaps, sent once, reconciled with what the hub holds."""

import asyncio
import shutil
import sqlite3
from pathlib import Path

import pytest
from tests.edge.ledger.opened import open_journal

from chargelink.edge.ledger import Database, Journal, LedgerError, LedgerFull, Limits, schema
from chargelink.edge.ledger import journal as journal_module
from chargelink.link.chain import record_hash
from chargelink.link.messages import RECORD_LANE
from chargelink.model import Alarm, Trip, body_of, content_of
from chargelink.wire import EncodeError


def alarm(number: int) -> Alarm:
    return Alarm(code="test", text=f"number {number}", at=number)


async def append(journal: Journal, *numbers: int) -> list[int]:
    return await asyncio.gather(*(journal.append(alarm(number), number) for number in numbers))


async def pending(journal: Journal) -> list[int]:
    return [record.at for record in (await journal.pending(RECORD_LANE, 1000, 1 << 20)).records]


async def test_records_are_numbered_in_order(journal: Journal) -> None:
    assert await append(journal, 10, 11, 12) == [1, 2, 3]
    records = (await journal.pending(RECORD_LANE, 1000, 1 << 20)).records
    assert [content_of(record.kind, record.body) for record in records] == [alarm(10), alarm(11), alarm(12)]
    assert all(record_hash(record.body) == record.hash for record in records)


async def test_many_at_a_time_share_a_commit(journal: Journal) -> None:
    assert sorted(await append(journal, *range(1000))) == list(range(1, 1001))
    assert journal.writer.commits < 200


async def test_a_batch_keeps_its_limits_but_is_never_empty(journal: Journal) -> None:
    await append(journal, 1, 2, 3)
    assert len((await journal.pending(RECORD_LANE, 2, 1 << 20)).records) == 2
    assert len((await journal.pending(RECORD_LANE, 1000, 1)).records) == 1


async def test_acknowledging_repeats_and_never_goes_back(journal: Journal) -> None:
    await append(journal, 1, 2, 3)
    epoch = (await journal.position()).epoch
    for have in (2, 2, 1):
        await journal.acknowledge(epoch, RECORD_LANE, have)
        assert await pending(journal) == [3]
    await journal.acknowledge("another", RECORD_LANE, 3)
    assert await pending(journal) == [3]
    await journal.acknowledge(epoch, RECORD_LANE, 99)
    assert (await journal.position()).acknowledged == 3


async def test_a_restored_hub_is_sent_the_rest_again(journal: Journal) -> None:
    await append(journal, 1, 2, 3)
    epoch = (await journal.position()).epoch
    await journal.acknowledge(epoch, RECORD_LANE, 3)
    assert (await journal.reconcile(RECORD_LANE, 1)).epoch == epoch
    assert await pending(journal) == [2, 3]


async def test_a_restored_edge_begins_a_new_epoch(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "ledger.db")
    await append(journal, 1, 2)
    await journal.acknowledge((await journal.position()).epoch, RECORD_LANE, 1)
    await journal.close()
    shutil.copy(tmp_path / "ledger.db", tmp_path / "backup.db")
    journal = open_journal(tmp_path / "ledger.db")
    await append(journal, 3, 4)
    hash_of_4 = (await journal.pending(RECORD_LANE, 1000, 1 << 20)).records[-1].hash
    await journal.close()

    restored = open_journal(tmp_path / "backup.db")
    old = await restored.position()
    await append(restored, 30, 40)  # the numbers 3 and 4 again, for other things
    assert (await restored.reconcile(RECORD_LANE, 4, hash_of_4)).epoch != old.epoch
    assert (await pending(restored))[1:] == [2, 30, 40]
    assert await restored.append(alarm(5), 5) == 5
    await restored.close()


async def test_what_the_hub_says_it_has_and_we_never_wrote(journal: Journal) -> None:
    await append(journal, 1)
    epoch = (await journal.position()).epoch
    assert (await journal.reconcile(RECORD_LANE, 7)).epoch != epoch


@pytest.mark.parametrize(
    "limits", [Limits(records=2), Limits(bytes=len(body_of(alarm(1))) + 1)], ids=["records", "bytes"]
)
async def test_a_journal_that_is_full_is_said(tmp_path: Path, limits: Limits) -> None:
    journal = open_journal(tmp_path / "ledger.db", limits=limits)
    await append(journal, 1)
    await journal.writer.run(journal_module.require_room)
    await append(journal, 2)
    with pytest.raises(LedgerFull, match="2 records"):
        await journal.writer.run(journal_module.require_room)
    await journal.close()
    journal = open_journal(tmp_path / "ledger.db", limits=limits)
    assert (await journal.waiting()).full
    await journal.acknowledge((await journal.position()).epoch, RECORD_LANE, 1)
    await journal.writer.run(journal_module.require_room)
    await journal.reconcile(RECORD_LANE, 0)
    assert (await journal.waiting()).full
    await journal.close()


async def test_work_that_fails_leaves_nothing_and_harms_nobody(journal: Journal) -> None:
    def half(database: Database) -> None:
        journal_module.append(database, alarm(1), 1)
        raise KeyError("half done")

    outcomes = await asyncio.gather(
        journal.append(alarm(2), 2), journal.writer.run(half), journal.append(alarm(3), 3), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [int, KeyError, int]
    assert await pending(journal) == [2, 3]


async def test_what_no_frame_could_carry_is_refused(journal: Journal) -> None:
    with pytest.raises(EncodeError):
        await journal.append(Trip(device="g", rule="r", at=1, values={"x": bytes(1 << 18)}), 1)
    assert await pending(journal) == []


async def test_a_disk_that_fails_is_said_to_all_who_wait(journal: Journal) -> None:
    def fail(database: sqlite3.Connection) -> None:
        database.execute("SELECT * FROM a_table_that_is_not_there")

    outcomes = await asyncio.gather(journal.writer.run(fail), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [LedgerError]
    assert await journal.append(alarm(1), 1) == 1


async def test_a_full_disk_loses_nothing_that_was_acknowledged(journal: Journal) -> None:
    def limit(database: sqlite3.Connection) -> None:
        (pages,) = database.execute("PRAGMA page_count").fetchone()
        database.execute(f"PRAGMA max_page_count = {pages + 2}")

    await journal.writer.run(limit)
    big = Trip(device="g", rule="r", at=1, values={"x": "y" * 2000})
    outcomes = [(await asyncio.gather(journal.append(big, number), return_exceptions=True))[0] for number in range(9)]
    stored = [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert 0 < len(stored) < 9
    assert all(isinstance(outcome, int | LedgerError) for outcome in outcomes)
    assert len(await pending(journal)) == len(stored)


async def test_one_ledger_has_one_edge(journal: Journal, tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="in use"):
        open_journal(tmp_path / "ledger.db")


async def test_a_closed_ledger_refuses(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "ledger.db")
    await journal.close()
    with pytest.raises(LedgerError):
        await journal.append(alarm(1), 1)


def test_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    database = schema.connect(str(tmp_path / "ledger.db"), "edge-1")
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(LedgerError, match="newer"):
        open_journal(tmp_path / "ledger.db")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(LedgerError):
        open_journal(tmp_path / "nowhere" / "ledger.db")
