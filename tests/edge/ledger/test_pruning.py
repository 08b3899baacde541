"""Old records leave: only what the hub has, behind a signature, never what an open session needs; room comes back."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.edge.ledger.opened import open_journal
from tests.edge.ledger.past import alarm, send

from chargelink.edge.ledger import Ending, Journal, Sessions
from chargelink.edge.ledger.pruning import STEP
from chargelink.edge.ledger.verify import verify
from chargelink.link.messages import METERING_LANE, RECORD_LANE
from chargelink.model import SessionKind, StopReason, Tariff, Trip

DAY = 86_400_000
TARIFF = Tariff(id="t", version=1, per_use=100)


def kept(path: Path, lane: str = RECORD_LANE) -> list[int]:
    """The times of the records in the file, which is whole."""
    verdict = verify(path)
    assert verdict.fault is None, verdict.fault
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        rows = database.execute("SELECT at FROM records WHERE lane = ? ORDER BY rowid", (lane,)).fetchall()
    return [at for (at,) in rows]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


async def told(journal: Journal, *numbers: int, lane: str = RECORD_LANE) -> None:
    """Recorded, sent and acknowledged one by one."""
    for number in numbers:
        await journal.append(alarm(number), number, lane)
        await send(journal, lane)


async def test_what_is_old_goes_and_the_rest_is_still_proved(journal: Journal, path: Path) -> None:
    for lane in (RECORD_LANE, METERING_LANE):
        await told(journal, *range(20), lane=lane)
    assert await journal.prune(10) == 20
    assert kept(path) == kept(path, METERING_LANE) == list(range(10, 20))
    await told(journal, 20)
    assert await journal.prune(10) == 0
    assert await journal.prune(100) == 21
    assert kept(path) == []
    await journal.close()
    journal = open_journal(path)
    await told(journal, 30)
    assert kept(path) == [30]
    await journal.close()


async def test_what_the_hub_lacks_stays_however_old(journal: Journal, path: Path) -> None:
    await told(journal, 1, 2)
    for number in (3, 4, 5):
        await journal.append(alarm(number), number)
    await journal.pending(RECORD_LANE, 2, 1 << 20)  # signed, on its way, never acknowledged
    assert await journal.prune(1000) == 2
    assert kept(path) == [3, 4, 5]


async def test_a_clock_that_was_set_keeps_what_stands_behind(journal: Journal, path: Path) -> None:
    await told(journal, 1, 500, 2, 3)
    assert await journal.prune(100) == 1
    assert kept(path) == [500, 2, 3]


async def test_an_open_session_keeps_its_records(journal: Journal, path: Path) -> None:
    sessions = Sessions(journal, "edge-1", os.urandom)
    await told(journal, 5)
    begun = await sessions.begin("gun-1", SessionKind.DC, TARIFF, 10)
    await send(journal, RECORD_LANE)
    await told(journal, 20)
    assert await journal.prune(1000) == 1
    assert kept(path) == [10, 10, 20]
    assert await Sessions(journal, "edge-1", os.urandom).load() == sessions.open
    await sessions.end(begun.started.session_id, 30, Ending(StopReason.LOCAL, "driver"))
    await send(journal, RECORD_LANE)
    assert await journal.prune(1000) == 5  # its four records, and the row by which it is found again
    assert kept(path) == []


async def test_sessions_that_ended_long_ago_are_forgotten(journal: Journal) -> None:
    sessions = Sessions(journal, "edge-1", os.urandom)
    for day in range(4):
        started = (await sessions.begin("s", SessionKind.SOCKET, TARIFF, day * DAY, key=str(day))).started
        await sessions.end(started.session_id, day * DAY + 1, Ending(StopReason.LOCAL, "driver"))
    assert await journal.prune(2 * DAY) == 2
    assert [await sessions.find("s", None, str(day)) is None for day in range(4)] == [True, True, False, False]


async def test_an_epoch_that_ended_goes_too(journal: Journal, path: Path) -> None:
    await told(journal, 1, 2)
    for number in (3, 4):
        await journal.append(alarm(number), number)
    await journal.reconcile(RECORD_LANE, 99)
    assert await journal.prune(1000) == 4
    assert kept(path)[1:] == [3, 4]  # again, in the new epoch, after the record that says so
    assert (await journal.position()).acknowledged == 0


async def test_a_month_without_a_hub_goes_in_small_steps(journal: Journal, path: Path) -> None:
    """Many records under one watermark: still signed often enough."""
    steps = []

    async def step(number: int) -> None:
        await journal.append(alarm(number), number)

    for number in range(3 * STEP):
        await step(number)
    await journal.acknowledge((await journal.position()).epoch, RECORD_LANE, 3 * STEP)
    run = journal.writer.run

    async def counted(work):  # type: ignore[no-untyped-def]
        steps.append(await run(work))
        return steps[-1]

    journal.writer.run = counted  # type: ignore[method-assign]
    assert await journal.prune(1 << 40) == 3 * STEP
    assert steps == [STEP, STEP, STEP, 0]
    assert kept(path) == []


async def test_a_hub_that_lost_what_was_pruned_is_told_a_new_epoch(journal: Journal) -> None:
    await told(journal, *range(10))
    await journal.prune(5)
    old = await journal.position()
    assert (await journal.reconcile(RECORD_LANE, 5)).epoch == old.epoch
    assert (await journal.reconcile(RECORD_LANE, 4)).epoch != old.epoch


async def test_the_file_gives_room_back(path: Path) -> None:
    sizes = []
    journal = open_journal(path)
    for _ in range(6):
        for number in range(40):
            trip = Trip(device="g", rule="r", at=number, values={"x": "y" * 20_000})
            await journal.append(trip, number)
        await journal.acknowledge((await journal.position()).epoch, RECORD_LANE, 1 << 40)
        await journal.prune(1 << 40)
        await journal.close()
        sizes.append(os.stat(path).st_size)
        journal = open_journal(path)
    await journal.close()
    assert max(sizes) < 200_000


async def test_nothing_goes_behind_a_signature_under_something_else(journal: Journal, path: Path) -> None:
    await told(journal, *range(10))
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE checkpoints SET chain = zeroblob(32)")
    assert await journal.prune(1000) == 0
