"""Starts by VIN: a vehicle that is plugged in says who it is, and is charged if whoever it belongs to may.

At a gun a person confirms each start: "now" on the screen, or on the command line. Where the site's configuration says
so, plugging in is the start ("consent"), for vehicles whose owners agreed to that when their VINs were bound, and for
no others. Without a start nothing is energised.

Nothing but the auxiliary supply is on before the VIN is authorised, and no session exists: an edge that dies until then
leaves nothing but what it asked the hub, which it takes back when it starts again.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import NoReturn, Protocol

import msgspec
import structlog

from chargelink.cli.language import Text
from chargelink.edge.charge.causes import Cause
from chargelink.edge.control import Answer, Request
from chargelink.edge.drivers.gun import Gun
from chargelink.edge.ledger.authoriser import Claim
from chargelink.edge.ledger.refusal import NotAuthorisedError
from chargelink.edge.places import CannotError
from chargelink.link.authorisation import Authorisation, TokenKind
from chargelink.link.messages import Caps
from chargelink.link.quantities import HexDigest, Name
from chargelink.wire import ChargelinkError

log = structlog.get_logger("vin")


class Enters(Protocol):
    """Where it is decided who may charge, and sessions begin: see `entrance`."""

    async def enter(
        self, claim: Claim, caps: Caps, agree: Callable[[Authorisation], Authorisation]
    ) -> tuple[str, Authorisation]: ...


class Asked(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A start by VIN: what a control socket may ask for."""

    device: Name
    caps: Caps = Caps()
    tariff_hash: HexDigest | None = None


class VinStarts:
    """The guns of one edge, of which those in `consenting` may begin when a vehicle is plugged in.

    Nothing is asked before `ready` is set.
    """

    def __init__(
        self, guns: Mapping[str, Gun], consenting: Collection[str], enters: Enters, ready: asyncio.Event
    ) -> None:
        self._guns = dict(guns)
        self._consenting = [gun for name, gun in self._guns.items() if name in consenting]
        self._enters = enters
        self._ready = ready

    async def run(self) -> NoReturn:
        """Begin where plugging in is the start, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for gun in self._consenting:
                group.create_task(self._watch(gun), name=f"{gun.device} vin")
            await asyncio.Event().wait()
        raise AssertionError("it runs until it is cancelled")

    async def asked(self, request: Request) -> Answer:
        """A person on site confirms it now. Raises as `start`; CannotError for what cannot be asked."""
        if request.get("outlet") is not None or request.get("at") is not None or request.get("cheapUntil") is not None:
            raise CannotError(NOW_AT_A_GUN.english, words=NOW_AT_A_GUN)
        known = {key: value for key, value in request.items() if key in ("device", "caps", "tariffHash")}
        try:
            wanted = msgspec.convert(known, Asked)
        except msgspec.ValidationError as error:
            raise CannotError(str(error)) from None
        session, agreed = await self.start(wanted.device, wanted.caps, tariff_hash=wanted.tariff_hash)
        return {"session": session, "mode": agreed.mode, "prepaid": agreed.prepaid, "offline": agreed.order is None}

    async def start(
        self,
        device: str,
        caps: Caps = Caps(),  # noqa: B008 - frozen
        *,
        tariff_hash: str | None = None,
        plugged: bool = False,
    ) -> tuple[str, Authorisation]:
        """Begin a session by the VIN of the vehicle at a gun: its id, and what was agreed.

        `plugged`: nobody confirms it now. The plug is given back where nothing begins. Raises CannotError,
        RefusedError, NotAuthorisedError, NoTariffError, LedgerError.
        """
        gun = self._guns.get(device)
        if gun is None:
            raise CannotError(NOW_AT_A_GUN.english, words=NOW_AT_A_GUN)
        vin = await gun.identify()
        if vin is None:
            gun.refuse(Cause.NO_VIN)
            raise NotAuthorisedError("Invalid", NO_VIN)
        claim = Claim(kind=TokenKind.VIN, token=vin, device=device, money=caps.money, tariff_hash=tariff_hash)
        try:
            return await self._enters.enter(claim, caps, by_consent if plugged else confirmed)
        except BaseException as error:
            gun.refuse(Cause.VIN_REFUSED, getattr(error, "status", ""))
            raise

    async def _watch(self, gun: Gun) -> NoReturn:
        await self._ready.wait()
        while True:
            await gun.newly_plugged.wait()
            gun.newly_plugged.clear()
            try:
                session, _ = await self.start(gun.device, plugged=True)
            except ChargelinkError as error:
                log.info("not started by its VIN", gun=gun.device, why=str(error))
            else:
                log.info("started by its VIN", gun=gun.device, session=session)


def confirmed(told: Authorisation) -> Authorisation:
    """A person said yes, now."""
    return msgspec.structs.replace(told, confirmed="now")


def by_consent(told: Authorisation) -> Authorisation:
    """Nobody is asked: the owner agreed before. Raises NotAuthorisedError."""
    if told.confirmed != "consent":
        raise NotAuthorisedError("Invalid", NO_CONSENT)
    return told


NO_VIN = Text("the vehicle did not say a VIN that can be one", "车辆未提供有效VIN")
NO_CONSENT = Text(
    "the owner of this vehicle did not agree to starts by plugging in; start it on the screen, or with a card",
    "该车辆未授权即插即充；请在屏幕上确认或刷卡启动",
)
NOW_AT_A_GUN = Text("a start by VIN is at a gun, and now", "按VIN启动仅用于充电枪，且立即开始")
