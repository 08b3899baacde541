"""Hub and edge together: what the hub offers is held by a real ledger, spent there without the hub, and adds up."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import msgspec
from tests.edge.ledger.till import Till
from tests.hub.conftest import PATIENCE, Hub, Place

from chargelink.edge.board import Board
from chargelink.edge.ledger.allowances import Allowances
from chargelink.edge.ledger.authoriser import Authorised
from chargelink.edge.ledger.local_list import LocalList
from chargelink.edge.ledger.tariffs import Priced, Tariffs
from chargelink.edge.uplink import Command, Uplink
from chargelink.hub.clock import now_ms
from chargelink.hub.identity import tariff_key
from chargelink.hub.services import accounts, books, leases, passes, tariff_list, tariffs, tokens, vouchers
from chargelink.hub.services.reconciling import reconcile
from chargelink.hub.services.reconciling.figures import Span
from chargelink.hub.services.tariffs import Aim
from chargelink.hub.store.models import Alarm
from chargelink.hub.store.money import Lease
from chargelink.link.authorisation import GrantAllowance, SendLocalList, TokenKind, WithdrawAllowance
from chargelink.link.pricing import TariffUpdate
from chargelink.link.shape import Shape
from chargelink.model import Reading, SessionKind, Tariff

HOUR = 3_600_000
FLAT = {"name": "flat", "start": "00:00", "end": "24:00", "energyPrice": 60_000, "servicePrice": 40_000}
TARIFF = msgspec.convert(
    {"id": "site", "version": 1, "periods": [FLAT], "monthlyPass": {"price": 3_000, "usesPerMonth": 40}}, Tariff
)


class Shop(Till):
    """An edge with an uplink, which sells by what the hub sent."""

    def __init__(self, path: Path, link: str) -> None:
        super().__init__(path)
        self.now = now_ms()
        self.tariffs = Tariffs(self.journal, lambda: self.now, ["gun-1"])
        self.link = link
        self.register = 0

    async def _price(self, device: str, group: str | None) -> Priced:
        return await self.tariffs.at(device, self.now, group)

    async def _nothing(self, command: Command, until: float) -> Shape:
        raise AssertionError(command)

    async def online(self, until: Callable[[], Awaitable[bool]]) -> None:
        """Be connected until something is so."""
        uplink = Uplink(self.link, "edge-1", "test", self.journal, Board(), self._nothing, lambda: self.now)
        lists, allowances = LocalList(self.journal), Allowances(self.journal, lambda: self.now)

        async def version() -> int:
            return (await lists.version()).version

        uplink.errands[TariffUpdate] = self.tariffs.update
        uplink.errands[SendLocalList] = lists.send
        uplink.errands[GrantAllowance] = allowances.grant
        uplink.errands[WithdrawAllowance] = allowances.withdraw
        uplink.holdings["tariffs"] = self.tariffs.sent
        uplink.holdings["local_list"] = version
        task = asyncio.create_task(uplink.run())
        async with asyncio.timeout(PATIENCE):
            while not await until():  # noqa: ASYNC110 - asking is the condition
                await asyncio.sleep(0.02)
        uplink.end()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def begin(self, told: Authorised, device: str = "gun-1") -> str:
        priced = await self._price(device, None)
        begun = await self.sessions.begin(
            device,
            SessionKind.DC,
            priced.tariff,
            self.now,
            caps=told.caps,
            start=Reading(at=self.now, register=self.register),
            authorisation=told.authorisation,
        )
        return begun.started.session_id

    async def charge(self, token: str, kind: TokenKind, energy: int) -> int:
        """Charge without the hub; what it cost, fen."""
        session = await self.begin(await self.ask(token, kind, "gun-1"))
        self.register += energy
        return (await self.end(session, self.register)).bill.total


async def test_what_the_hub_offers_is_spent_without_it_and_adds_up(hub: Hub, place: Place, tmp_path: Path) -> None:
    """A card by its allowance, another by its pass, a voucher; then everything is told, and agrees to the fen."""
    now = now_ms()
    await tariffs.publish(TARIFF, Aim(), tariff_key.opened(place.directory), 1)
    published = await tariff_list.found("site")
    assert published is not None
    card, monthly = (await accounts.create(1)).id, (await accounts.create(1)).id
    await accounts.top_up(card, 10_000, "pay-1", 1)
    await accounts.top_up(monthly, 3_000, "pay-2", 1)
    await tokens.add("card", "1001", card, 1)
    await tokens.add("card", "1002", monthly, 1)
    await passes.sell(monthly, published, "sale-1", now - HOUR, {"edge-1": 40})
    (voucher,) = await vouchers.make(1, 500, 1, edge="edge-1")
    lease = await leases.grant(card, "edge-1", 2_000, now + 9 * HOUR, now)

    shop = Shop(tmp_path / "ledger.db", hub.link)

    async def taken() -> bool:
        held = await LocalList(shop.journal).counts()
        return bool(await shop.tariffs.sent() and held.kinds and (await Lease.get(id=lease.id)).state == "held")

    await shop.online(taken)
    assert await shop.charge("1001", TokenKind.CARD, 3_000_000) == 300
    assert await shop.charge("1002", TokenKind.CARD, 5_000_000) == 0
    assert await shop.charge(voucher.code.lower(), TokenKind.VOUCHER, 2_000_000) == 200

    async def told() -> bool:
        bills = await hub.get("/api/bills")
        return len(bills) == 3

    await shop.online(told)
    name = vouchers.name_of(voucher.account)
    assert await books.balance(books.leased(lease.id)) == 1_700
    assert [await books.balance(books.leased(name)), await books.balance(books.wallet(voucher.account))] == [0, 300]
    await leases.withdraw(lease.id, now)

    async def closed() -> bool:
        return (await Lease.get(id=lease.id)).state == "closed"

    await shop.online(closed)
    assert await books.balance(books.wallet(card)) == 9_700
    report = await reconcile(Span(now - HOUR, now + HOUR), now)
    assert report.agrees
    assert (report.total.sessions, report.total.energy, report.total.metered) == (3, 10_000_000, 10_000_000)
    assert (report.total.energy_fee, report.total.service_fee, report.total.waiting) == (300, 200, 0)
    assert await Alarm.all().count() == 0
    await shop.journal.close()
