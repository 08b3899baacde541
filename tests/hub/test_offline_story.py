"""Hub and edge together about who may charge: asked while the hub is there, decided by the edge while it is not, and
every fen of it in the hub's ledger afterwards."""

import asyncio
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.edge.ledger.opened import open_journal
from tests.hub.conftest import PATIENCE, Hub

from chargelink.edge.board import Board
from chargelink.edge.clock import Clock
from chargelink.edge.entrance import Entrance
from chargelink.edge.ledger import Ending, Sessions
from chargelink.edge.ledger.authoriser import Authorised, Claim
from chargelink.edge.ledger.refusal import NotAuthorisedError
from chargelink.edge.ledger.tariffs import Priced
from chargelink.edge.places import Places
from chargelink.edge.uplink import Uplink
from chargelink.hub.services import accounts, books, changes, leases, tokens
from chargelink.hub.services.leases import HOUR
from chargelink.hub.store.money import Lease, Order
from chargelink.link.authorisation import TokenKind
from chargelink.link.messages import Device
from chargelink.model import Reading, SessionKind, StopReason, Tariff
from chargelink.tariff import tariff_hash

TARIFF = Tariff(id="use", version=1, per_use=230)
CARD, PIN = "0412A3B4C5", "041793"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Edge:
    """An edge as far as it decides who may charge, with one socket that does what it is told."""

    def __init__(self, data: Path, link: str) -> None:
        self.journal = open_journal(data / "ledger.db")
        clock = Clock(0)
        clock.hear("ntp", clock.now(), 0)
        self.sessions = Sessions(self.journal, "edge-1", os.urandom, clock_trusted=lambda: clock.trusted)
        places = Places({}, {}, self.price, self.sessions)
        self.entrance = Entrance(self.journal, places, self.price, clock)
        board = Board()
        board.show(Device(id="socket-1", kind="socket", state="available", at=now_ms()))
        self.uplink = Uplink(link, "edge-1", "test", self.journal, board, places.obey, now_ms)
        self.entrance.connect(self.uplink)
        self.task = asyncio.create_task(self.uplink.run(), name="uplink")

    async def price(self, device: str, group: str | None) -> Priced:
        return Priced(TARIFF, tariff_hash(TARIFF))

    async def ask(self, **how: Any) -> Authorised:
        return await self.entrance.authoriser.authorise(Claim(TokenKind.CARD, CARD, "socket-1", **how))

    async def charge(self, told: Authorised) -> None:
        """From beginning to end."""
        start = Reading(at=now_ms(), register=0)
        begun = await self.sessions.begin(
            "socket-1", SessionKind.SOCKET, TARIFF, now_ms(), start=start, authorisation=told.authorisation
        )
        ending = Ending(StopReason.LOCAL, by="rider", reading=Reading(at=now_ms(), register=1_000_000))
        await self.sessions.end(begun.started.session_id, now_ms(), ending)

    async def hang_up(self) -> None:
        """The cable is cut, and stays so."""
        self.uplink.end()
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait_for(self.task, PATIENCE)
        assert not self.uplink.online


async def until(so: Any) -> None:
    """Wait for something that nothing tells."""
    async with asyncio.timeout(PATIENCE):
        while not await so():  # noqa: ASYNC110 - asking is the condition
            await asyncio.sleep(0.01)


async def test_online_offline_and_settled(hub: Hub, tmp_path: Path) -> None:
    account = (await accounts.create(now_ms())).id
    await accounts.top_up(account, 10_000, "pay-1", now_ms())
    await tokens.add("card", CARD, account, now_ms(), pin=PIN)
    lease = await leases.grant(account, "edge-1", 1_000, now_ms() + 48 * HOUR, now_ms())
    (tmp_path / "edge").mkdir()
    edge = Edge(tmp_path / "edge", hub.link)

    async def is_known() -> bool:
        """It holds the list as it is now, and the lease."""
        held = await edge.entrance.lists({})
        return held["list"]["version"] == await changes.last_change() and len(held["leases"]) == 1

    await until(is_known)

    told = await edge.ask(pin=PIN)
    order = told.authorisation.order
    assert order is not None
    assert await books.balance(books.frozen(order)) == told.authorisation.prepaid
    with pytest.raises(NotAuthorisedError):
        await edge.ask(pin="9999")
    await edge.charge(told)
    not_begun = await edge.ask(pin=PIN)
    await edge.entrance.authoriser.release(not_begun, "outlet-taken", "the outlet is taken")

    async def is_settled() -> bool:
        orders = await Order.filter(account=account)
        return len(orders) == 2 and {one.state for one in orders} == {"settled", "released"}

    await until(is_settled)
    wallet = books.wallet(account)
    assert await books.balance(wallet) == 10_000 - 1_000 - 230

    await edge.hang_up()
    with pytest.raises(NotAuthorisedError, match="4 tries"):
        await edge.ask(pin="9999")
    for _ in range(2):
        told = await edge.ask(pin=PIN)
        assert (told.authorisation.lease, told.authorisation.prepaid) == (lease.id, 230)
        await edge.charge(told)
    await edge.journal.close()

    await leases.withdraw(lease.id, now_ms())
    again = Edge(tmp_path / "edge", hub.link)

    async def is_closed() -> bool:
        return (await Lease.get(id=lease.id)).state == "closed"

    await until(is_closed)
    assert await books.balance(wallet) == 10_000 - 3 * 230
    assert await books.balance(books.leased(lease.id)) == 0
    assert await hub.get("/api/alarms") == []
    await again.hang_up()
    await again.journal.close()
