"""Staying plugged in after a charge: what counts, who is warned, and that it is billed once, whatever dies."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn

import msgspec
import pytest
from tests.edge.drivers.jumping import run
from tests.edge.drivers.stage import stage
from tests.edge.ledger.opened import open_journal

from chargelink.edge.board import Board
from chargelink.edge.charge.phases import Phase
from chargelink.edge.drivers.surroundings import Surroundings
from chargelink.edge.ledger import Ending, Journal, LedgerError, Sessions, stays
from chargelink.edge.occupancy import LONGEST_ABSENCE, Occupancy
from chargelink.link.messages import RECORD_LANE
from chargelink.model import (
    Alarm,
    OccupancyEnded,
    Period,
    Reading,
    SessionEnded,
    SessionKind,
    StopReason,
    Tariff,
    content_of,
)
from chargelink.model import Occupancy as Terms

TARIFF = Tariff(
    id="with-stay",
    version=1,
    periods=(Period(start="00:00", end="24:00", name="flat", energy_price=65_000),),
    occupancy=Terms(grace=10, price=600_000, warning=4, step=1, most=300),  # 6 yuan an hour: 10 fen a minute
)
BEGAN = 1_800_000_000_000


class Place:
    """A place with a ledger; `clock` is UTC and may be set."""

    def __init__(self, journal: Journal) -> None:
        self.utc = BEGAN
        self.seconds = 0.0
        self.journal = journal
        self.sessions = Sessions(journal, "edge-1", os.urandom)
        self.around = Surroundings(journal, self.sessions, Board(), lambda: self.utc)
        self.occupancy = Occupancy("gun-1", self.around)

    async def charged(self, energy: int = 5_000_000, fault: bool = False, tariff: Tariff = TARIFF) -> SessionEnded:
        start = Reading(at=self.utc, register=0)
        begun = await self.sessions.begin("gun-1", SessionKind.DC, tariff, self.utc, start=start)
        last = Reading(at=self.utc, register=energy)
        return await self.sessions.end(
            begun.started.session_id, self.utc, Ending(StopReason.LOCAL, "local", last, fault=fault)
        )

    async def stays(self, minutes: float, occupied: bool = True) -> None:
        for second in range(round(minutes * 60)):
            self.seconds += 1.0
            self.utc += 1000
            self.occupancy.look(occupied, self.seconds)
            if second % 30 == 0:
                await self.written()
        await self.written()

    async def written(self) -> None:
        async with asyncio.timeout(600):  # of a clock that jumps
            while not self.occupancy.written:  # noqa: ASYNC110
                await asyncio.sleep(0.001)

    async def contents(self) -> list[object]:
        records = (await self.journal.pending(RECORD_LANE, 1000, 1 << 20)).records
        return [content_of(record.kind, record.body) for record in records]

    async def ended(self) -> list[OccupancyEnded]:
        return [one for one in await self.contents() if isinstance(one, OccupancyEnded)]

    async def alarms(self) -> list[Alarm]:
        return [one for one in await self.contents() if isinstance(one, Alarm)]


@asynccontextmanager
async def place(folder: Path, utc: int = BEGAN) -> AsyncIterator[Place]:
    """As from a start of the edge to its death: nothing is told of the end."""
    journal = open_journal(folder / "ledger.db")
    here = Place(journal)
    here.utc = utc
    task = asyncio.create_task(here.occupancy.run())
    try:
        await here.written()
        yield here
        await here.written()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await journal.close()


@pytest.mark.parametrize(
    ("minutes", "due"),
    [
        (0.0, 0),
        (9.9, 0),
        (10.0, 0),
        (10.1, 10),
        (10.9, 10),
        (11.5, 20),
        (15.5, 60),
        (200.0, 300),  # at most
    ],
)
def test_what_it_costs(tmp_path: Path, minutes: float, due: int) -> None:
    async def story() -> None:
        async with place(tmp_path) as here:
            session = await here.charged()
            here.occupancy.begin(session, TARIFF)
            await here.stays(minutes)
            here.occupancy.leave()
            await here.written()
            (ended,) = await here.ended()
            assert ended.bill.total == ended.bill.occupancy_fee == due
            assert ended.session_id == session.session_id
            assert max(0, minutes * 60_000 - 1000) == ended.duration
            assert ended.at - ended.started_at == round(minutes * 60) * 1000
            here.occupancy.leave()
            await here.written()
            assert len(await here.ended()) == 1

    run(story())


def test_a_warning_comes_once_in_time_and_the_board_counts_down(tmp_path: Path) -> None:
    async def story() -> None:
        async with place(tmp_path) as here:
            here.occupancy.begin(await here.charged(), TARIFF)
            await here.stays(5.9)
            assert await here.alarms() == []
            assert here.occupancy.shown["stayChinese"] == "充电已结束，5 分钟后开始收取占位费"
            await here.stays(0.3)
            (warning,) = await here.alarms()
            assert warning.code == "occupancy-warning"
            assert "begins in 4 min / " in warning.text
            await here.stays(20.0)
            assert here.occupancy.shown["stayText"] == "done; the fee for staying runs since 16 min"
            assert await here.alarms() == [warning]
        async with place(tmp_path, BEGAN + 1_600_000) as here:
            await here.stays(1.0)
            assert await here.alarms() == [warning]  # nor after a restart

    run(story())


def test_only_what_was_seen_counts(tmp_path: Path) -> None:
    """Not while the lock holds the plug or the board is silent, nor while the loop hung."""

    async def story() -> None:
        async with place(tmp_path) as here:
            here.occupancy.begin(await here.charged(), TARIFF)
            await here.stays(5.0)
            await here.stays(60.0, occupied=False)
            here.seconds += 1800.0  # nobody looked
            await here.stays(5.0)
            here.occupancy.leave()
            await here.written()
            (ended,) = await here.ended()
            assert ended.duration == 2 * (5 * 60_000 - 1000)

    run(story())


def test_it_goes_on_after_a_restart_without_the_time_between(tmp_path: Path) -> None:
    async def story() -> None:
        async with place(tmp_path) as here:
            session = await here.charged()
            here.occupancy.begin(session, TARIFF)
            await here.stays(8.5)
            died = here.utc
        async with place(tmp_path, died + 300_000) as here:
            await here.stays(4.0)
            here.occupancy.leave()
            await here.written()
            (ended,) = await here.ended()
            assert (ended.session_id, ended.started_at) == (session.session_id, session.at)
            assert 11 * 60_000 < ended.duration <= 12.5 * 60_000  # less what was not kept yet
            assert ended.bill.total == 20
        async with place(tmp_path, died + 900_000) as here:
            here.occupancy.leave()
            await here.written()
            assert len(await here.ended()) == 1

    run(story())


@pytest.mark.parametrize("absent", [LONGEST_ABSENCE + 60_000, 60_000])
def test_whoever_left_while_the_edge_was_away_pays_for_what_was_seen(tmp_path: Path, absent: int) -> None:
    async def story() -> None:
        async with place(tmp_path) as here:
            here.occupancy.begin(await here.charged(), TARIFF)
            await here.stays(12.0)
            died = here.utc
        async with place(tmp_path, died + absent) as here:
            if absent > LONGEST_ABSENCE:
                await here.stays(5.0)  # perhaps another vehicle
            else:
                here.occupancy.leave()  # the plug is not there any more
            await here.written()
            (ended,) = await here.ended()
            assert 11 * 60_000 - 2000 <= ended.duration <= 12 * 60_000

    run(story())


def test_a_place_that_was_left_before_the_ledger_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        async with place(tmp_path) as here:
            here.occupancy.begin(await here.charged(), TARIFF)
            await here.stays(12.0)
            died = here.utc

        async def full(*_: object) -> NoReturn:
            raise LedgerError("not read: disk")

        journal = open_journal(tmp_path / "ledger.db")
        here = Place(journal)
        here.utc = died
        with monkeypatch.context() as disk:
            disk.setattr(stays, "load", full)
            task = asyncio.create_task(here.occupancy.run())
            await asyncio.sleep(1.5)
            here.occupancy.leave()
        await here.stays(20.0)  # by somebody else
        (ended,) = await here.ended()
        assert ended.duration <= 12 * 60_000
        assert here.occupancy.shown == {}
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await journal.close()

    run(story())


def test_who_owes_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with place(tmp_path) as here:
            free = msgspec.structs.replace(TARIFF, id="free", occupancy=None)
            for session, tariff in (
                (await here.charged(fault=True), TARIFF),
                (await here.charged(energy=0), TARIFF),
                (await here.charged(tariff=free), free),
            ):
                here.occupancy.begin(session, tariff)
                assert here.occupancy.shown == {}
                await here.stays(30.0)
                here.occupancy.leave()
                await here.written()
            assert await here.ended() == []
            assert await here.alarms() == []

    run(story())


def test_a_car_that_stays_at_a_gun(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path, target=640) as s:
            await s.phase(Phase.AVAILABLE)
            s.site.plug()
            await s.phase(Phase.LOCKED)
            await s.gun.start(TARIFF)
            await s.until(lambda: s.ended)
            await s.phase(Phase.RELEASED)
            released = s.site.now
            await s.until(lambda: "stayText" in s.board.devices[0].detail)
            await s.until(lambda: s.site.now >= released + 30.0)
            s.site.unplug()
            await s.phase(Phase.AVAILABLE)
            await s.until(lambda: s.gun.occupancy.written)
            records = (await s.journal.pending(RECORD_LANE, 1000, 1 << 20)).records
            (stay,) = [content_of(one.kind, one.body) for one in records if one.kind == "occupancy.ended"]
            assert isinstance(stay, OccupancyEnded)
            assert s.ended
            assert stay.session_id == s.ended.session_id
            assert 27_000 <= stay.duration <= 31_000
            assert stay.bill.total == 0
            assert "stayText" not in s.board.devices[0].detail

    run(story())
