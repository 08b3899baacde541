"""What only PostgreSQL can do to the writer: another hub, a connection that is lost, a word that it cannot hold."""

import asyncio
from contextlib import suppress

import asyncpg
import pytest
from tests.hub.conftest import CLUSTER, Place
from tests.hub.paying import account, money, order
from tests.hub.test_records import batch

from chargelink.cli.main import main
from chargelink.hub.clock import now_ms
from chargelink.hub.identity import authority
from chargelink.hub.services import orders
from chargelink.hub.store.batches import Arrived, Batch
from chargelink.hub.store.database import opened
from chargelink.hub.store.engine import Asked, Engine, TroubleError
from chargelink.hub.store.models import Record
from chargelink.hub.store.trouble import is_trouble
from chargelink.hub.store.writer import RecordWriter

WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
HOLDERS = "SELECT pid FROM pg_locks WHERE locktype = 'advisory'"
pytestmark = pytest.mark.skipif(CLUSTER is None, reason="test_postgres.py runs them")


async def test_one_database_has_one_hub(place: Place, writer: RecordWriter) -> None:
    other = place.directory / "other"
    other.mkdir()
    with pytest.raises(OSError, match="another hub is using this database"):
        async with opened(other, place.url):
            pass
    assert (await writer.store(batch(1))).have == 1


async def test_commits_reach_the_disk(place: Place, writer: RecordWriter) -> None:
    connection = writer._engine._connection  # type: ignore[attr-defined]
    assert await connection.fetchval("SHOW synchronous_commit") == "on"


async def test_after_a_lost_connection_it_goes_on_with_another_that_holds_the_lock(
    place: Place, writer: RecordWriter
) -> None:
    """Whoever waits when it is lost gets no acknowledgement, and sends again."""
    await writer.store(batch(1, 2))
    admin = await asyncpg.connect(place.url)
    [before] = await admin.fetch(HOLDERS)
    await admin.execute("SELECT pg_terminate_backend($1)", before["pid"])
    while before in await admin.fetch(HOLDERS):
        pass
    with suppress(TroubleError):
        await writer.store(batch(3))
    assert (await writer.store(batch(3, 4))).have == 4
    assert await Record.all().count() == 4
    [after] = await admin.fetch(HOLDERS)
    assert after != before
    await admin.close()


async def test_what_it_cannot_hold_is_refused_alone(writer: RecordWriter) -> None:
    bad = Batch("edge-2", "e", "record", (Arrived(1, "a\x00b", 1, b"", "00" * 32),), 1)
    good = batch(1, 2)
    for one in (bad, good):
        writer._queue.put_nowait(one)
    assert (await good.done).have == 2
    with pytest.raises(asyncpg.DataError) as failure:
        await bad.done
    assert not is_trouble(failure.value)


async def test_many_and_few_rows_go_in_alike(writer: RecordWriter) -> None:
    assert (await writer.store(batch(*range(1, 501)))).have == 500
    assert (await writer.store(batch(501))).have == 501
    assert await Record.all().count() == 501


async def test_many_may_ask_and_write_at_once(tables: Engine, writer: RecordWriter) -> None:
    """A connection does one thing at a time; whoever comes meanwhile waits for it."""
    asked = (tables.held([Asked("edge-1", "epoch-1", "t")]) for _ in range(20))
    stored = (writer.store(batch(n)) for n in range(1, 21))
    await asyncio.gather(*stored, *asked)
    assert await Record.all().count() == 20


async def test_a_person_and_the_reader_of_records_may_cross(place: Place, tables: Engine) -> None:
    """Who holds the wallet wants the order, who holds the order wants the wallet: a person's release is done again."""
    who = await account(10_000)
    row = await order(who, 3_000)
    reader, watcher = await asyncpg.connect(place.url), await asyncpg.connect(place.url)
    await reader.execute("SET deadlock_timeout = '20s'")  # so that it is the person whom PostgreSQL sends away
    crossing = reader.transaction()
    await crossing.start()
    await reader.execute("SELECT 1 FROM balance WHERE account = $1 FOR UPDATE", f"wallet:{who}")
    releasing = asyncio.create_task(orders.release(row.id, "wang", "gone", 5))
    while not await watcher.fetch(WAITING):
        pass
    await reader.execute('SELECT 1 FROM "order" WHERE id = $1 FOR UPDATE', row.id)
    await crossing.rollback()
    assert await releasing == 3_000
    assert await money() == {"clearing": -10_000, "wallet": 10_000}
    for connection in (reader, watcher):
        await connection.close()


async def test_an_operator_names_the_database(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """`hub edge` works where the hub does, not on a file that happens to lie in the folder."""
    assert place.url is not None
    authority.opened(place.directory, now_ms())
    authority.tell(place.directory, authority.Listening("https://127.0.0.1:8703", "wss://127.0.0.1:8701"))
    options = ("--data", str(place.directory), "--database", place.url)
    assert await asyncio.to_thread(main, ["hub", "edge", "add", "garage-1", *options]) == 0
    assert await asyncio.to_thread(main, ["hub", "edge", "list", *options]) == 0
    assert "garage-1" in capsys.readouterr().out
    admin = await asyncpg.connect(place.url)
    assert [row["edge"] for row in await admin.fetch("SELECT edge FROM enrolment")] == ["garage-1"]
    await admin.close()
