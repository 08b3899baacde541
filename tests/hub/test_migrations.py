"""The tables: what the migrations make is what the models say, whichever way one came here."""

import hashlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.hub import postgres
from tests.hub.conftest import CLUSTER, Place
from tests.hub.fake_edge import TARIFF_BODY, TARIFF_HASH
from tortoise.context import TortoiseContext, require_context
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget

from chargelink.hub.store import migrations
from chargelink.hub.store.chains import Lane
from chargelink.hub.store.database import configuration, opened
from chargelink.hub.store.engine import Engine
from chargelink.hub.store.models import Record
from chargelink.hub.store.progress import RECORDS, reached
from chargelink.link.chain import chain_next, chain_start

STEPS = sorted(path.stem for path in Path(migrations.__path__[0]).glob("0*.py"))


async def test_migrations_and_models_say_the_same(tables: Engine, place: Place) -> None:
    settings = configuration(place.directory, place.url)
    apps = require_context().apps
    assert apps is not None
    writers = await MigrationAutodetector(apps, settings["apps"]).changes()
    assert [operation.describe() for writer in writers for operation in writer.operations] == []


@pytest.fixture
async def empty(tmp_path: Path) -> Place:
    """A database without any table."""
    folder = tmp_path / "empty"
    folder.mkdir()
    if CLUSTER is None:
        return Place(folder, None)
    name = f"empty_{tmp_path.name.lower()}"
    await postgres.create(CLUSTER, name)
    return Place(folder, postgres.url(CLUSTER, name))


@asynccontextmanager
async def tortoise(place: Place) -> AsyncIterator[MigrationExecutor]:
    async with TortoiseContext() as context:
        settings = configuration(place.directory, place.url)
        await context.init(config=settings)
        yield MigrationExecutor(context.db(), settings["apps"])


async def catalog(place: Place) -> list[tuple[Any, ...]]:
    """Every column, key and index that the engine knows."""
    if place.url is None:
        with closing(sqlite3.connect(place.directory / "hub.db")) as database:
            tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            columns = [(table, *row) for table in tables for row in database.execute(f'PRAGMA table_info("{table}")')]
            indexes = database.execute(
                'SELECT m.name, l.name, l."unique", group_concat(i.name) FROM sqlite_master m,'
                " pragma_index_list(m.name) l, pragma_index_info(l.name) i WHERE m.type = 'table' GROUP BY 1, 2"
            ).fetchall()
        named = [(table, "" if name.startswith("sqlite_autoindex") else name, *rest) for table, name, *rest in indexes]
        return sorted((table, name, *rest[:3]) for table, _, name, *rest in columns) + sorted(named)
    connection = await asyncpg.connect(place.url)
    rows = await connection.fetch(
        "SELECT table_name, column_name, data_type, is_nullable, coalesce(column_default, '')"
        " FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2"
    )
    rows += await connection.fetch("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1")
    rows += await connection.fetch(
        "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2"
    )
    await connection.close()
    return [tuple(row) for row in rows]


async def test_from_zero_and_step_by_step_with_data_one_comes_to_the_same(empty: Place, place: Place) -> None:
    async with tortoise(empty) as executor:
        await executor.migrate([MigrationTarget("hub", STEPS[0])], direction="forward")
        await first_light(executor)
    for step in STEPS[1:]:
        async with tortoise(empty) as executor:
            await executor.migrate([MigrationTarget("hub", step)], direction="forward")
    assert await catalog(empty) == await catalog(place)
    names = str(await catalog(empty))
    for index in ("session_ended", "session_started", "bill_at", "bill_settlement", "alarm_at", "sample_at"):
        assert index in names
    async with opened(empty.directory, empty.url):
        assert [(row.seq, row.kind, row.body) for row in await Record.all().order_by("seq")] == [
            (1, "tariff", TARIFF_BODY),
            (2, "alarm", b"?"),
            (5, "other", b"!"),
        ]
        assert await reached(RECORDS) == 2
        chain = chain_start("edge-1", "e", "record")
        for seq, kind, body in ((1, "tariff", TARIFF_BODY), (2, "alarm", b"?"), (5, "other", b"!")):
            chain = chain_next(chain, seq, 1_000 + seq, kind, hashlib.sha256(body).digest())
        lane = await Lane.get()
        assert (lane.seq, lane.hash, lane.chain) == (5, hashlib.sha256(b"!").hexdigest(), chain.hex())


async def first_light(executor: MigrationExecutor) -> None:
    """What a hub of the first version had: records read and not read, a gap, and a watermark."""
    database = executor.connection
    for seq, kind, body, reading in (
        (1, "tariff", TARIFF_BODY, "done"),
        (2, "alarm", b"?", "quarantined"),
        (5, "other", b"!", "waiting"),
    ):
        digest = hashlib.sha256(body).hexdigest()
        columns = "edge, epoch, lane, seq, kind, at, body, hash, received, reading"
        places = "?, ?, ?, ?, ?, ?, ?, ?, ?, ?" if CLUSTER is None else "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10"
        row = ["edge-1", "e", "record", seq, kind, 1_000 + seq, body, digest, 2_000, reading]
        await database.execute_query(f"INSERT INTO record ({columns}) VALUES ({places})", row)
    await database.execute_query("INSERT INTO watermark (edge, epoch, lane, seq) VALUES ('edge-1', 'e', 'record', 5)")
    assert hashlib.sha256(TARIFF_BODY).hexdigest() == TARIFF_HASH


async def test_opening_again_changes_nothing(place: Place) -> None:
    before = await catalog(place)
    for _ in range(2):
        async with opened(place.directory, place.url):
            pass
    assert await catalog(place) == before


async def test_tables_of_a_newer_version_are_left_alone(place: Place) -> None:
    async with tortoise(place) as executor:
        await executor.recorder.record_applied("hub", "9999_of_tomorrow")
    with pytest.raises(OSError, match=r"newer version of chargelink \(9999_of_tomorrow\)"):
        async with opened(place.directory, place.url):
            pass
    async with tortoise(place) as executor:
        await executor.recorder.record_unapplied("hub", "9999_of_tomorrow")
