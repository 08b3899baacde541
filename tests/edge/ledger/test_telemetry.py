"""Samples gather in blocks and are kept for the hub; what is lost is counted."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from tests.link.curves import BIKE_SESSION, CAR_SESSION, bike, car

from chargelink.edge.ledger import Journal, blocks, telemetry
from chargelink.edge.ledger.blocks import Waiting
from chargelink.edge.ledger.telemetry import SAMPLES_IN_BLOCK, Telemetry
from chargelink.link.messages import Sample
from chargelink.link.telemetry import unpack

MIB = 1 << 20
NOW = 1_700_000_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "telemetry.db"


@asynccontextmanager
async def running(path: Path, journal: Journal, most_bytes: int = 8 * MIB) -> AsyncIterator[Telemetry]:
    kept = Telemetry(path, most_bytes, lambda: NOW, journal)
    task = asyncio.create_task(kept.run())
    try:
        await kept.store()
        yield kept
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def waiting(kept: Telemetry) -> Waiting:
    pending = await kept.pending(1000, 1 << 30)
    assert pending is not None
    return pending


def samples_of(pending: Waiting) -> list[Sample]:
    return [
        sample
        for block in pending.blocks
        for sample in unpack(block.body, block.device, block.session_id, block.outlet)
    ]


def gaps(pending: Waiting) -> list[tuple[int, int, int, str]]:
    return [(gap.first, gap.last, gap.samples, gap.reason) for gap in pending.gaps]


async def alarms(journal: Journal) -> list[str]:
    return [record.kind for record in (await journal.pending("record", 100, 1 << 20)).records]


async def test_a_block_is_closed_when_it_is_full_and_when_its_session_ends(path: Path, journal: Journal) -> None:
    charge, told = [*car(SAMPLES_IN_BLOCK + 5)], asyncio.Event()
    async with running(path, journal) as kept:
        kept.on_change = told.set
        for sample in charge:
            kept.take(sample)
        await kept.store()
        assert samples_of(await waiting(kept)) == charge[:SAMPLES_IN_BLOCK]
        assert told.is_set()
        kept.ended(CAR_SESSION)
        await kept.store()
        pending = await waiting(kept)
        assert samples_of(pending) == charge
        assert [block.seq for block in pending.blocks] == [1, 2]
        assert (pending.blocks[1].begin, pending.blocks[1].end) == (charge[-5].at, charge[-1].at)


async def test_sessions_have_blocks_of_their_own(path: Path, journal: Journal) -> None:
    async with running(path, journal) as kept:
        for one, other in zip(car(60), bike(60), strict=True):
            kept.take(one)
            kept.take(other)
        kept.ended(BIKE_SESSION)
        kept.ended(CAR_SESSION)
        await kept.store()
        first, second = (await waiting(kept)).blocks
        assert (first.device, first.outlet, second.device, second.outlet) == ("socket-1", "A", "gun-1", None)


async def test_an_old_block_is_closed(path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "LONGEST_BLOCK", 0.0)
    async with running(path, journal) as kept:
        kept.take(next(car(1)))
        await kept.store()
        assert len(samples_of(await waiting(kept))) == 1


async def test_an_orderly_end_loses_nothing(path: Path, journal: Journal) -> None:
    charge = [*car(30)]
    async with running(path, journal) as kept:
        for sample in charge:
            kept.take(sample)
    async with running(path, journal) as kept:
        assert samples_of(await waiting(kept)) == charge
        assert kept.missing == 0


async def test_a_crash_loses_what_came_after_the_last_commit(path: Path, journal: Journal, tmp_path: Path) -> None:
    charge = [*car(30)]
    async with running(path, journal) as kept:
        for sample in charge[:27]:
            kept.take(sample)
        await kept.store()
        for sample in charge[27:]:
            kept.take(sample)
        copy(tmp_path, "telemetry.db", "crashed.db")
    async with running(tmp_path / "crashed.db", journal) as kept:
        pending = await waiting(kept)
        assert samples_of(pending) == charge[:27]
        assert gaps(pending) == [(2, 2, 5, "interrupted")]
        (gap,) = pending.gaps
        assert (gap.begin, gap.end) == (charge[26].at, charge[26].at + 5000)


async def test_what_the_hub_has_is_not_sent_again(path: Path, journal: Journal) -> None:
    async with running(path, journal) as kept:
        for sample in car(2 * SAMPLES_IN_BLOCK):
            kept.take(sample)
        await kept.store()
        epoch = (await waiting(kept)).epoch
        await kept.acknowledge(epoch, 1)
        assert [block.seq for block in (await waiting(kept)).blocks] == [2]
        await kept.acknowledge(epoch, 0)
        await kept.acknowledge("another", 2)
        assert [block.seq for block in (await waiting(kept)).blocks] == [2]
        await kept.acknowledge(epoch, 99)
        assert (await waiting(kept)).blocks == ()
        assert not await kept.reconcile(0)  # the hub was restored from a backup: it gets all of it again
        assert [block.seq for block in (await waiting(kept)).blocks] == [1, 2]


async def test_batches_are_as_large_as_they_may_be(path: Path, journal: Journal) -> None:
    async with running(path, journal) as kept:
        for sample in car(3 * SAMPLES_IN_BLOCK):
            kept.take(sample)
        await kept.store()
        sizes = [await kept.pending(blocks, size) for blocks, size in ((1000, 1 << 20), (2, 1 << 20), (1000, 1))]
        assert [len(one.blocks) for one in sizes if one] == [3, 2, 1]


@pytest.mark.parametrize("digest", [None, bytes(32)])
async def test_a_file_that_was_restored_begins_a_new_epoch(path: Path, journal: Journal, digest: bytes | None) -> None:
    async with running(path, journal) as kept:
        for sample in car(3 * SAMPLES_IN_BLOCK):
            kept.take(sample)
        await kept.store()
        before = await waiting(kept)
        await kept.acknowledge(before.epoch, 1)
        assert await kept.reconcile(2 if digest else 4, digest)
        after = await waiting(kept)
        assert after.epoch != before.epoch
        assert [block.seq for block in after.blocks] == [1, 2]
        assert samples_of(after) == samples_of(before)[SAMPLES_IN_BLOCK:]


@pytest.mark.parametrize("acknowledged", [True, False])
async def test_the_oldest_gives_way_and_is_counted(path: Path, journal: Journal, acknowledged: bool) -> None:
    most = blocks.BESIDE + 120 * 1024
    async with running(path, journal, most) as kept:
        charge = [*car(SAMPLES_IN_BLOCK)]
        for number in range(150):
            for sample in charge:
                kept.take(sample)
            await kept.store()
            if acknowledged and number == 120:
                await kept.acknowledge((await waiting(kept)).epoch, 121)
        assert size(path) <= most
        assert kept.size <= most - blocks.BESIDE
        pending = await waiting(kept)
        dropped = pending.blocks[0].seq - 1
        assert [block.seq for block in pending.blocks] == [*range(dropped + 1, 151)]
        if acknowledged:
            assert dropped == 121
            # Some went before the hub had them; nobody needs to be told of those that went after.
            assert gaps(pending) == []
            assert not await kept.reconcile(0)
            assert [gap[3] for gap in gaps(await waiting(kept))] == ["expired"]
        else:
            assert gaps(pending) == [(1, dropped, dropped * SAMPLES_IN_BLOCK, "full")]
            assert kept.missing == dropped * SAMPLES_IN_BLOCK
            assert dropped > 0


async def test_impossible_samples_are_left_out_and_counted(path: Path, journal: Journal) -> None:
    charge = [*car(10)]
    broken = Sample(device="gun-1", session_id=CAR_SESSION, at=-5, voltage=1, current=1, power=1, energy=1)
    async with running(path, journal) as kept:
        for sample in (*charge, broken):
            kept.take(sample)
        kept.ended(CAR_SESSION)
        await kept.store()
        pending = await waiting(kept)
        assert samples_of(pending) == charge
        assert [gap[2:] for gap in gaps(pending)] == [(1, "illegal")]


def copy(folder: Path, name: str, to: str) -> None:
    """A database as it is at this moment, with what is beside it."""
    for file in folder.glob(f"{name}*"):
        shutil.copy(file, folder / (to + file.name.removeprefix(name)))


def size(path: Path) -> int:
    return path.stat().st_size


def harm(path: Path, damage: str) -> None:
    match damage:
        case "gone":
            path.unlink()
        case "newer":
            with sqlite3.connect(path) as database:
                database.execute("PRAGMA user_version = 99")
            database.close()
        case _:
            path.write_bytes(b"\x00" * 8192)


@pytest.mark.parametrize("damage", ["not a database", "gone", "newer"])
async def test_a_damaged_file_is_set_aside_and_said(path: Path, journal: Journal, damage: str) -> None:
    async with running(path, journal) as kept:
        for sample in car(SAMPLES_IN_BLOCK):
            kept.take(sample)
        await kept.store()
        epoch = (await waiting(kept)).epoch
    harm(path, damage)
    async with running(path, journal) as kept:
        kept.take(next(car(1)))
        kept.ended(CAR_SESSION)
        await kept.store()
        pending = await waiting(kept)
        assert pending.epoch != epoch
        assert gaps(pending) == [(1, 1, 0, "damaged")]
        assert [block.seq for block in pending.blocks] == [2]
    assert "alarm" in await alarms(journal)
    assert path.with_name("telemetry.db.damaged").exists() is (damage != "gone")


async def test_a_file_damaged_while_it_is_used_is_set_aside(path: Path, journal: Journal) -> None:
    async with running(path, journal) as kept:
        for sample in car(20):
            kept.take(sample)
        await kept.store()
        blocks_of = kept._file._blocks
        assert blocks_of is not None

        def fail(*_: object) -> None:
            error = sqlite3.DatabaseError("database disk image is malformed")
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise error

        blocks_of.write = fail  # type: ignore[assignment, method-assign]
        kept.take(next(car(1)))
        await kept.store()
        await kept.store()
        assert kept.trouble is None
    async with running(path, journal) as kept:
        assert len(samples_of(await waiting(kept))) == 21  # what was growing is all there
    assert path.with_name("telemetry.db.damaged").exists()


async def test_a_full_disk_loses_the_oldest_and_counts_them(
    path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telemetry, "MOST_UNSTORED", 3)
    async with running(path, journal) as kept:
        charge = [*car(SAMPLES_IN_BLOCK)]
        file = kept._file._blocks
        assert file is not None
        file._database.execute("PRAGMA max_page_count = 1")  # as if the disk were full
        for _ in range(10):
            for sample in charge:
                kept.take(sample)
            await kept.store()
        assert kept.trouble is not None
        assert "full" in kept.trouble
        file._database.execute("PRAGMA max_page_count = 100000")
        await kept.store()
        pending = await waiting(kept)
        stored = len(pending.blocks)  # some fitted before it was full
        assert 3 <= stored < 10
        assert [gap[2:] for gap in gaps(pending)] == [((10 - stored) * SAMPLES_IN_BLOCK, "storage")]
        assert kept.missing == (10 - stored) * SAMPLES_IN_BLOCK
        assert kept.trouble is None


async def test_a_storage_that_hangs_loses_the_oldest_and_counts_them(
    path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telemetry, "MOST_UNPACKED", 2 * SAMPLES_IN_BLOCK)
    async with running(path, journal) as kept:
        for sample in car(5 * SAMPLES_IN_BLOCK):  # nobody stores meanwhile
            kept.take(sample)
        await kept.store()
        pending = await waiting(kept)
        assert len(samples_of(pending)) == 2 * SAMPLES_IN_BLOCK
        assert [gap[2:] for gap in gaps(pending)] == [(3 * SAMPLES_IN_BLOCK, "storage")]


async def test_a_file_that_cannot_be_opened_stops_nothing(tmp_path: Path, journal: Journal) -> None:
    async with running(tmp_path / "nowhere" / "telemetry.db", journal) as kept:
        kept.take(next(car(1)))
        await kept.store()
        assert kept.trouble
        assert await kept.pending(1, 1) is None
        assert await kept.position() is None
        (tmp_path / "nowhere").mkdir()
        await kept.store()
        assert kept.trouble is None
