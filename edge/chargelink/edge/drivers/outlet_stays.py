"""Vehicles that stay plugged in at the outlets of a socket site after their charge: see `occupancy`."""

import asyncio
from collections.abc import Collection
from typing import Any, NoReturn

import structlog

from chargelink.edge.drivers.surroundings import AGAIN_AFTER, Surroundings
from chargelink.edge.ledger import LedgerError, stays
from chargelink.edge.occupancy import Occupancy
from chargelink.edge.sockets.charges import NAMES
from chargelink.edge.sockets.remote import RemoteSocket
from chargelink.lora_socket.codes import OutletState
from chargelink.model import SessionEnded

LONGEST_LOOK = 60.0  # s: sockets at rest are polled slowly; one that is lost is not looked at
STAYS = (OutletState.PLUGGED, OutletState.FULL)
NOT_KNOWN = (OutletState.FAULT, OutletState.LOCKED)  # nobody pays while the socket cannot tell

log = structlog.get_logger()


class OutletStays:
    """The outlets of the sockets `devices`. Most of them never have a stay, and cost nothing."""

    def __init__(self, devices: Collection[str], around: Surroundings) -> None:
        self._devices = frozenset(devices)
        self._around = around
        self._places: dict[tuple[str, str], Occupancy] = {}
        self._changed = asyncio.Event()
        self._found = False

    async def run(self) -> NoReturn:
        """Take up stays of before a restart, then write until cancelled; what cannot be stored is tried again."""
        while True:
            self._changed.clear()
            try:
                await self._write()
            except LedgerError as error:
                log.error("occupancy not recorded", why=str(error))
                await asyncio.sleep(AGAIN_AFTER)
            else:
                await self._changed.wait()

    async def ended(self, ended: SessionEnded) -> None:
        """A session has ended: whether its vehicle stays, the next status shows. Raises LedgerError."""
        tariff = await stays.tariff_of(self._around.journal, ended)
        if tariff is not None and tariff.occupancy is not None and ended.outlet is not None:
            self._place(ended.device, ended.outlet).begin(ended, tariff)

    def see(self, device: str, socket: RemoteSocket, now: float) -> None:
        """What a socket says of its outlets, at `now` in s of a clock that nobody sets."""
        for place, outlook in socket.outlets.items():
            occupancy = self._places.get((device, NAMES[place]))
            if occupancy is None:
                continue
            if socket.online and outlook.state not in (*STAYS, *NOT_KNOWN):
                occupancy.leave()
            occupancy.look(socket.online and outlook.state in STAYS, now)

    def shown(self, device: str) -> dict[str, dict[str, Any]]:
        """What people see of it, by outlet."""
        return {outlet: one.shown for (owner, outlet), one in self._places.items() if owner == device and one.shown}

    @property
    def written(self) -> bool:
        """Whether nothing waits to be stored."""
        return self._found and all(place.written for place in self._places.values())

    async def _write(self) -> None:
        if not self._found:
            for device, outlet in await stays.under_way(self._around.journal):
                if device in self._devices and outlet is not None:
                    self._place(device, outlet)
            self._found = True
        for place in [*self._places.values()]:
            await place.write()

    def _place(self, device: str, outlet: str) -> Occupancy:
        key = device, outlet
        if key not in self._places:
            self._places[key] = Occupancy(device, self._around, outlet, longest=LONGEST_LOOK, changed=self._changed)
            self._changed.set()
        return self._places[key]
