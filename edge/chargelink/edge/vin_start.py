"""Starts by VIN: a vehicle that is plugged in says who it is, and is charged if whoever it belongs to may.

At a gun a person confirms each start: "now" on the screen, or on the command line. Where the site's configuration says
so, plugging in is the start ("consent"), for vehicles whose owners agreed to that when their VINs were bound, and for
no others. Without a start nothing is energised.

Nothing but the auxiliary supply is on before the VIN is authorised, and no session exists: an edge that dies until then
leaves nothing but what it asked the hub, which it takes back when it starts again.
"""

import asyncio
from collections.abc import Collection, Mapping
from typing import NoReturn, Protocol

import msgspec
import structlog

from chargelink.cli.language import Text
from chargelink.edge.charge.causes import Cause
from chargelink.edge.drivers.gun import Gun
from chargelink.edge.ledger.authoriser import Authorised, Claim, tighter
from chargelink.edge.ledger.refusal import NotAuthorisedError
from chargelink.link.authorisation import Authorisation, TokenKind
from chargelink.link.messages import Caps
from chargelink.wire import ChargelinkError

log = structlog.get_logger("vin")


class Decides(Protocol):
    """Who may charge: see `ledger.authoriser`."""

    async def authorise(self, claim: Claim) -> Authorised: ...

    async def release(self, authorised: Authorised, reason: str, text: str) -> None: ...


class Begins(Protocol):
    """Where sessions begin: see `places`."""

    async def start(
        self,
        device: str,
        outlet: str | None,
        caps: Caps,
        *,
        tariff_hash: str | None = None,
        authorisation: Authorisation | None = None,
    ) -> str: ...


class VinStarts:
    """The guns of one edge, of which those in `consenting` may begin when a vehicle is plugged in."""

    def __init__(self, guns: Mapping[str, Gun], consenting: Collection[str], decides: Decides, begins: Begins) -> None:
        self._guns = dict(guns)
        self._consenting = [gun for name, gun in self._guns.items() if name in consenting]
        self._decides = decides
        self._begins = begins

    async def run(self) -> NoReturn:
        """Begin where plugging in is the start, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for gun in self._consenting:
                group.create_task(self._watch(gun), name=f"{gun.device} vin")
            await asyncio.Event().wait()
        raise AssertionError("it runs until it is cancelled")

    async def start(
        self,
        device: str,
        caps: Caps = Caps(),  # noqa: B008 - frozen
        *,
        tariff_hash: str | None = None,
        plugged: bool = False,
    ) -> tuple[str, Authorisation]:
        """Begin a session by the VIN of the vehicle at a gun: its id, and what was agreed.

        `plugged`: nobody confirms it now. The plug is given back where nothing begins. Raises RefusedError,
        NotAuthorisedError, and what `begins` and `decides` raise.
        """
        gun = self._guns[device]
        vin = await gun.identify()
        if vin is None:
            gun.refuse(Cause.NO_VIN)
            raise NotAuthorisedError("Invalid", NO_VIN)
        claim = Claim(kind=TokenKind.VIN, token=vin, device=device, money=caps.money, tariff_hash=tariff_hash)
        told: Authorised | None = None
        try:
            told = await self._decides.authorise(claim)
            agreed = told.authorisation
            if plugged and agreed.confirmed != "consent":
                raise NotAuthorisedError("Invalid", NO_CONSENT)
            agreed = msgspec.structs.replace(agreed, confirmed="consent" if plugged else "now")
            caps = tighter(caps, told.caps)
            session = await self._begins.start(device, None, caps, tariff_hash=tariff_hash, authorisation=agreed)
        except BaseException as error:
            gun.refuse(Cause.VIN_REFUSED, getattr(error, "status", ""))
            if told is not None and isinstance(error, ChargelinkError):
                await self._decides.release(told, getattr(error, "reason", "refused"), str(error))
            raise
        return session, agreed

    async def _watch(self, gun: Gun) -> NoReturn:
        while True:
            await gun.newly_plugged.wait()
            gun.newly_plugged.clear()
            try:
                session, _ = await self.start(gun.device, plugged=True)
            except ChargelinkError as error:
                log.info("not started by its VIN", gun=gun.device, why=str(error))
            else:
                log.info("started by its VIN", gun=gun.device, session=session)


NO_VIN = Text("the vehicle did not say a VIN that can be one", "车辆未提供有效VIN")
NO_CONSENT = Text(
    "the owner of this vehicle did not agree to starts by plugging in; start it on the screen, or with a card",
    "该车辆未授权即插即充；请在屏幕上确认或刷卡启动",
)
