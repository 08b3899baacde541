"""What is sold at which price: the tariffs of an edge as its configuration has them, and the price at each device."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

import structlog

from chargelink.edge.board import Board
from chargelink.edge.config import Config
from chargelink.edge.hours import Hours
from chargelink.edge.ledger import Journal, LedgerError, Memory
from chargelink.edge.ledger.tariffs import Configured, NoTariffError, Priced, Tariffs

LOOK_EVERY = 20.0  # s: a tariff may begin at any time

log = structlog.get_logger("prices")


class Prices:
    """The price at each device: what holds, when it may be sold there, and what is shown of it.

    `clock` gives UTC ms. Every method raises LedgerError.
    """

    def __init__(self, config: Config, journal: Journal, clock: Callable[[], int]) -> None:
        key = None if config.hub is None else config.hub.tariff_public
        self.devices = devices_of(config)
        self.sockets = frozenset(self.devices) - {gun.id for gun in config.guns}
        self.tariffs = Tariffs(journal, clock, self.devices, config.site.groups, key, self.sockets)
        self.hours = Hours(Memory(journal))
        self._configured = configured(config)
        self._clock = clock
        self._changed = asyncio.Event()
        self.tariffs.on_change.append(self._changed.set)

    async def load(self) -> None:
        """Adopt what is configured, find what was set on site: before anything is sold."""
        await self.tariffs.configure(self._configured)
        await self.hours.load(self.devices)

    async def at(self, device: str, at: int, group: str | None) -> Priced:
        """By what a start at a time (UTC ms) is sold. Raises NoTariffError, also where nothing is sold then."""
        priced = await self.tariffs.at(device, at, group)
        self.hours.require(device, priced.tariff, at)
        return priced

    async def now(self, device: str, group: str | None) -> Priced:
        """By what a start is sold now. Raises NoTariffError."""
        return await self.at(device, self._clock(), group)

    async def show(self, board: Board) -> NoReturn:
        """Have the board tell which tariff holds at each device, for everybody; until cancelled."""
        while True:
            self._changed.clear()
            with suppress(LedgerError):  # what was told stands
                board.price({device: await self._hash(device) for device in self.devices})
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await self._changed.wait()

    async def _hash(self, device: str) -> str | None:
        try:
            return (await self.tariffs.at(device, self._clock())).hash
        except NoTariffError:
            return None


def devices_of(config: Config) -> list[str]:
    """Where people charge: guns and sockets."""
    guns = [gun.id for gun in config.guns]
    return guns + [socket.id for site in config.socket_sites for socket in site.sockets]


def configured(config: Config) -> list[Configured]:
    """The tariffs of the configuration: that of the edge, for every device that has none of its own."""
    of_device = dict.fromkeys(devices_of(config), config.prices)
    for site in config.socket_sites:
        if own := config.socket_prices.get(site.id):
            of_device |= {socket.id: own for socket in site.sockets}
    different = dict.fromkeys(of_device.values())
    if len(different) < 2:
        return [Configured(tariff) for tariff in different]
    return [
        Configured(tariff, tuple(device for device, prices in of_device.items() if prices == tariff))
        for tariff in different
    ]
