"""Transactions on SQLite: all of it or nothing, also when the commit fails or a migration is interrupted."""

import sqlite3
from pathlib import Path

import pytest
from tortoise.exceptions import OperationalError
from tortoise.migrations.recorder import MigrationRecorder
from tortoise.transactions import in_transaction

from chargelink.hub.store.alarms import write_alarm
from chargelink.hub.store.database import opened
from chargelink.hub.store.models import Alarm
from chargelink.hub.store.sqlite import ImmediateTransaction, statements


class PowerCutError(Exception):
    """The process ends here."""


@pytest.mark.parametrize("recorded", range(3))
async def test_a_migration_that_was_interrupted_is_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recorded: int
) -> None:
    record, left = MigrationRecorder.record_applied, recorded

    async def dies(recorder: MigrationRecorder, app: str, name: str) -> None:
        nonlocal left
        if not left:
            raise PowerCutError
        left -= 1
        await record(recorder, app, name)

    monkeypatch.setattr(MigrationRecorder, "record_applied", dies)
    with pytest.raises(PowerCutError):
        async with opened(tmp_path):
            pass
    monkeypatch.setattr(MigrationRecorder, "record_applied", record)
    async with opened(tmp_path):
        assert await Alarm.all().count() == 0


async def test_what_could_not_be_committed_is_undone_and_holds_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path):

        async def full(_: object) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        with monkeypatch.context() as disk:
            disk.setattr("aiosqlite.Connection.commit", full)
            disk.setattr(ImmediateTransaction, "begin", begin)
            with pytest.raises(OperationalError, match="full"):
                async with in_transaction():
                    await write_alarm("edge-1", "lost", "", 0, {})
        async with in_transaction():
            await write_alarm("edge-1", "kept", "", 0, {})
        assert [alarm.kind for alarm in await Alarm.all()] == ["kept"]


async def begin(transaction: ImmediateTransaction) -> None:
    await transaction._connection.execute("BEGIN IMMEDIATE")


def test_a_script_is_taken_apart_where_its_statements_end() -> None:
    script = (
        "CREATE TABLE a (b TEXT DEFAULT ';'); CREATE TRIGGER c AFTER INSERT ON a BEGIN DELETE FROM a; END; PRAGMA x"
    )
    assert [*statements(script)] == [
        "CREATE TABLE a (b TEXT DEFAULT ';');",
        " CREATE TRIGGER c AFTER INSERT ON a BEGIN DELETE FROM a; END;",
        " PRAGMA x;",
    ]
