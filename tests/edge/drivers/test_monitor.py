"""A gun that listens: a charge on its bus becomes a session with curves, calculated energy and an empty bill."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from tests.edge.charge.world import World
from tests.edge.drivers.jumping import run
from tests.edge.ledger.opened import open_journal

from chargelink.edge.board import Board
from chargelink.edge.charge.phases import Phase
from chargelink.edge.drivers.monitor import Monitor
from chargelink.edge.drivers.surroundings import SessionNews, Surroundings
from chargelink.edge.ledger import Begun, LedgerError, People, Sessions
from chargelink.edge.ports.can import CanFrame
from chargelink.link.messages import Sample
from chargelink.model import VEHICLE, AuthorisedBy, SessionEnded, SessionStarted, StopReason
from chargelink.sim.bms import NOBODY
from chargelink.trust.personal import unseal

NOBODY_THERE = "socketcan:nocan0"


class SlowSessions(Sessions):
    """As on a card that is worn."""

    async def begin(self, *args: Any, **named: Any) -> Begun:
        await asyncio.sleep(1.5)
        return await super().begin(*args, **named)

    async def end(self, *args: Any) -> SessionEnded:
        await asyncio.sleep(1.5)
        return await super().end(*args)


class FullSessions(Sessions):
    """As on a disk that is full for a while, twice."""

    failures = 0

    def _fail(self) -> None:
        self.failures += 1
        if self.failures % 3:
            raise LedgerError("not stored: database or disk is full")

    async def begin(self, *args: Any, **named: Any) -> Begun:
        self._fail()
        return await super().begin(*args, **named)

    async def end(self, *args: Any) -> SessionEnded:
        self._fail()
        return await super().end(*args)


@pytest.mark.parametrize("kind", [Sessions, SlowSessions, FullSessions])
def test_a_recording_becomes_a_session(tmp_path: Path, kind: type[Sessions]) -> None:
    world = World().charging()
    world.until(Phase.RELEASED)

    async def story() -> None:
        journal = open_journal(tmp_path / "ledger.db")
        people = await People.open(tmp_path / "people.db", journal)
        loop = asyncio.get_running_loop()
        news: list[SessionNews] = []
        board, sessions = Board(), kind(journal, "edge-1", os.urandom)
        around = Surroundings(
            journal, sessions, board, lambda: 1_800_000_000_000 + int(loop.time() * 1000), news.append, people
        )
        monitor = Monitor("gun-9", NOBODY_THERE, around)
        task = asyncio.create_task(monitor.run())
        samples: list[Sample] = []
        board.listen(samples.append)
        for at, (identifier, data) in world.bus:
            await asyncio.sleep(at - loop.time())
            monitor.hear_frame(CanFrame(identifier, data))
        async with asyncio.timeout(30.0):
            while len(news) < 2:  # noqa: ASYNC110 - time jumps
                await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        (key,) = await people.untold()
        await people.close()
        await journal.close()
        started, ended = news
        assert isinstance(started, SessionStarted)
        assert isinstance(ended, SessionEnded)
        assert started.authorised_by == AuthorisedBy.MONITOR
        assert ended.session_id == started.session_id
        assert (ended.soc_start, ended.soc_end) == (620, 660)
        assert (ended.stop_reason, ended.stopped_by) == (StopReason.SOC_LIMIT_REACHED, "vehicle")
        assert 15_000 < ended.bill.energy < 25_000
        assert not ended.bill.verified_meter  # calculated
        assert (ended.bill.total, ended.bill.lines) == (0, ())
        assert ended.battery is not None
        assert (ended.battery.chemistry, ended.battery.manufacturer) == ("ternary", "SIMU")
        assert ended.battery.highest_cell == ended.battery.lowest_cell
        assert board.described == board.devices  # no vehicle is there any more
        assert ended.vehicle is not None
        assert unseal(ended.vehicle, VEHICLE, key.key) == NOBODY
        assert len(samples) >= 2
        assert samples[-1].soc is not None
        assert samples[-1].voltage > 300_000
        assert board.devices[0].id == "gun-9"

    run(story())
