"""E-bikes that stay plugged in: what a socket's outlets say decides what counts."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
from tests.edge.drivers.jumping import run
from tests.edge.ledger.opened import open_journal

from chargelink.edge.board import Board
from chargelink.edge.drivers.outlet_stays import OutletStays
from chargelink.edge.drivers.surroundings import Surroundings
from chargelink.edge.ledger import Ending, Journal, Sessions
from chargelink.edge.sockets.remote import Outlook, RemoteSocket
from chargelink.link.messages import RECORD_LANE
from chargelink.lora_socket.codes import OutletState, Place
from chargelink.model import (
    Occupancy,
    OccupancyEnded,
    Reading,
    SessionEnded,
    SessionKind,
    StopReason,
    Tariff,
    content_of,
)

PER_USE = Tariff(id="bikes", version=1, per_use=200, occupancy=Occupancy(grace=30, price=100_000, step=60))
BEGAN = 1_800_000_000_000
POLL = 20.0  # s
PATIENCE = 600.0  # s of a clock that jumps


@dataclass
class Shown:
    """What a socket says."""

    online: bool = True
    outlets: dict[Place, Outlook] = field(default_factory=dict)


class Shed:
    """One socket, polled slowly."""

    def __init__(self, journal: Journal, utc: int) -> None:
        self.utc, self.seconds = utc, 0.0
        self.journal = journal
        self.sessions = Sessions(journal, "edge-1", os.urandom)
        self.stays = OutletStays(["socket-1"], Surroundings(journal, self.sessions, Board(), lambda: self.utc))
        self.socket = Shown()

    async def charged(self, outlet: str) -> SessionEnded:
        start = Reading(at=self.utc, register=0)
        begun = await self.sessions.begin(
            "socket-1", SessionKind.SOCKET, PER_USE, self.utc, outlet=outlet, key=outlet, start=start
        )
        ending = Ending(StopReason.LOCAL, "socket: full", Reading(at=self.utc, register=500_000))
        ended = await self.sessions.end(begun.started.session_id, self.utc, ending)
        await self.stays.ended(ended)
        return ended

    async def says(self, a: OutletState, b: OutletState, minutes: float, online: bool = True) -> None:
        self.socket.online = online
        self.socket.outlets = {Place.A: Outlook(a), Place.B: Outlook(b)}
        for _ in range(round(minutes * 60 / POLL)):
            self.seconds += POLL
            self.utc += round(POLL * 1000)
            self.stays.see("socket-1", cast("RemoteSocket", self.socket), self.seconds)
            await self.written()

    async def written(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while not self.stays.written:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def ended(self) -> list[OccupancyEnded]:
        await self.written()
        records = (await self.journal.pending(RECORD_LANE, 1000, 1 << 20)).records
        contents = [content_of(record.kind, record.body) for record in records]
        return [one for one in contents if isinstance(one, OccupancyEnded)]


@asynccontextmanager
async def shed(folder: Path, utc: int = BEGAN) -> AsyncIterator[Shed]:
    journal = open_journal(folder / "ledger.db")
    here = Shed(journal, utc)
    task = asyncio.create_task(here.stays.run())
    try:
        await here.written()
        yield here
        await here.written()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await journal.close()


IDLE, FULL, PLUGGED, CHARGING = OutletState.IDLE, OutletState.FULL, OutletState.PLUGGED, OutletState.CHARGING


@pytest.mark.parametrize("left", [IDLE, CHARGING])
def test_two_outlets_each_for_itself(tmp_path: Path, left: OutletState) -> None:
    async def story() -> None:
        async with shed(tmp_path) as here:
            first = await here.charged("A")
            await here.says(FULL, CHARGING, 20.0)
            await here.charged("B")
            await here.says(FULL, PLUGGED, 20.0)
            assert set(here.stays.shown("socket-1")) == {"A", "B"}
            assert here.stays.shown("socket-1")["A"]["stayText"].startswith("done; the fee for staying runs")
            await here.says(left, PLUGGED, 1.0)
            (ended,) = await here.ended()
            assert (ended.session_id, ended.outlet) == (first.session_id, "A")
            assert 39 * 60_000 < ended.duration <= 40 * 60_000
            assert ended.bill.total == 100  # one hour begun
            assert set(here.stays.shown("socket-1")) == {"B"}

    run(story())


def test_what_a_socket_cannot_tell_does_not_count(tmp_path: Path) -> None:
    async def story() -> None:
        async with shed(tmp_path) as here:
            await here.charged("A")
            await here.says(FULL, IDLE, 5.0)
            await here.says(FULL, IDLE, 60.0, online=False)
            await here.says(OutletState.FAULT, IDLE, 60.0)
            await here.says(FULL, IDLE, 5.0)
            await here.says(IDLE, IDLE, 0.5)
            (ended,) = await here.ended()
            assert 9 * 60_000 < ended.duration <= 10 * 60_000

    run(story())


def test_it_goes_on_after_a_restart(tmp_path: Path) -> None:
    async def story() -> None:
        async with shed(tmp_path) as here:
            session = await here.charged("A")
            await here.says(FULL, IDLE, 20.0)
            died = here.utc
        async with shed(tmp_path, died + 60_000) as here:
            await here.says(FULL, IDLE, 20.0)
            await here.says(IDLE, IDLE, 0.5)
            (ended,) = await here.ended()
            assert ended.session_id == session.session_id
            assert 37 * 60_000 < ended.duration <= 40 * 60_000

    run(story())
