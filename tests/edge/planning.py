"""What a daemon has, as far as planned starts need it."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.edge.drivers.jumping import run
from tests.edge.ledger.opened import open_journal

from chargelink.edge.board import Board
from chargelink.edge.charge.events import RefusedError
from chargelink.edge.drivers.gun import Gun
from chargelink.edge.ledger import Journal, Sessions
from chargelink.edge.ledger.tariffs import NoTariffError, Priced
from chargelink.edge.places import Places
from chargelink.edge.planned import Planned, Wish
from chargelink.link.messages import (
    RECORD_LANE,
    Caps,
    Device,
    RequestStartTransaction,
    RequestStartTransactionResponse,
)
from chargelink.model import (
    Authorisation,
    Period,
    SessionKind,
    SessionStarted,
    StartRefused,
    Tariff,
    content_of,
)
from chargelink.tariff import tariff_hash

NOW = 1_790_002_800_000  # 2026-09-21 23:00 in China
MINUTE = 60_000
HOUR = 60 * MINUTE
NIGHT = Period(start="22:00", end="24:00", name="flat", energy_price=60_000)
VALLEY = Period(start="00:00", end="08:00", name="valley", energy_price=30_000)
DAY = Period(start="08:00", end="22:00", name="peak", energy_price=90_000)
TARIFF = Tariff(id="t", version=1, periods=(NIGHT, VALLEY, DAY))
DEARER = Tariff(id="t", version=2, per_use=900)


class OneGun:
    """A gun that begins whatever it is told, as often as it is told."""

    def __init__(self, sessions: Sessions, site: "Site") -> None:
        self._sessions = sessions
        self._site = site
        self.refusal = ""
        self.dies = False
        self.begun: list[SessionStarted] = []

    async def start(self, tariff: Tariff, **more: Any) -> SessionStarted:
        if self.refusal:
            raise RefusedError(self.refusal)
        begun = await self._sessions.begin("gun-1", SessionKind.DC, tariff, self._site.now, **more)
        self.begun.append(begun.started)
        if self.dies:
            raise asyncio.CancelledError
        return begun.started


class Site:
    """What a daemon has, as far as plans need it; `restart` is another daemon on the same ledger."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = NOW
        self.tariff = TARIFF
        self.refuses_from: int | None = None
        self.state = "plugged"
        self.board = Board()
        self.journal: Journal
        self.open()

    def open(self) -> None:
        self.journal = open_journal(self.folder / "ledger.db")
        self.sessions = Sessions(self.journal, "edge-1", os.urandom)
        self.gun = OneGun(self.sessions, self)
        guns: dict[str, Gun] = {"gun-1": self.gun}  # type: ignore[dict-item]
        self.places = Places(guns, {}, self.price_now, self.sessions, lambda: self.now)
        self.places.settled.set()
        self.planned = Planned(self.journal, self.places, self.board, self.price_at, lambda: self.now)
        self.show(self.state)

    def show(self, state: str) -> None:
        self.state = state
        self.board.show(Device(id="gun-1", kind="gun", state=state, at=self.now))
        outlets = {"A": {"state": state}, "B": {"state": "idle"}}
        self.board.show(Device(id="socket-1", kind="socket", state="idle", at=self.now, detail={"outlets": outlets}))

    async def price_at(self, device: str, at: int, group: str | None) -> Priced:
        if self.refuses_from is not None and at >= self.refuses_from:
            raise NoTariffError("nothing is sold then")
        return Priced(self.tariff, tariff_hash(self.tariff))

    async def price_now(self, device: str, group: str | None) -> Priced:
        return await self.price_at(device, self.now, group)

    async def restart(self) -> None:
        await self.journal.close()
        self.open()
        await self.sessions.load()
        await self.planned.load()

    async def passes(self, time: int) -> None:
        """So much time later, all that is due has been looked at."""
        self.now += time
        await self.look()

    async def look(self) -> None:
        """One look at the plans; an edge that dies meanwhile is none of the test's business."""
        await asyncio.gather(asyncio.create_task(self.planned.look()), return_exceptions=True)

    async def refused(self) -> list[StartRefused]:
        records = (await self.journal.pending(RECORD_LANE, 1000, 1 << 20)).records
        contents = [content_of(record.kind, record.body) for record in records]
        return [content for content in contents if isinstance(content, StartRefused)]


@asynccontextmanager
async def site_in(folder: Path) -> AsyncIterator[Site]:
    site = Site(folder)
    try:
        yield site
    finally:
        await site.journal.close()


Story = Callable[[Site], Awaitable[None]]


def told(folder: Path, story: Story) -> None:
    async def whole() -> None:
        async with site_in(folder) as site:
            await story(site)

    run(whole())


def wish(**more: Any) -> Wish:
    return Wish(**({"device": "gun-1", "outlet": None, "caps": Caps(), "at": NOW + HOUR} | more))


def order(**more: Any) -> RequestStartTransaction:
    """What the hub asks; money is frozen for it."""
    fields: dict[str, Any] = {
        "device": "gun-1",
        "remote_start_id": 7,
        "expiry": NOW + MINUTE,
        "at": NOW + HOUR,
        "authorisation": Authorisation(mode="scan", account="a-1", order="o-1", prepaid=500),
    }
    return RequestStartTransaction(**(fields | more))


async def answer(site: Site, request: RequestStartTransaction, until: float = 1e9) -> RequestStartTransactionResponse:
    said = await site.planned.obey(request, until)
    assert isinstance(said, RequestStartTransactionResponse)
    return said
