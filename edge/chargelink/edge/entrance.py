"""Where people say who they are: a start with a card, an account or a voucher, and what an edge holds to decide by."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, NoReturn

import msgspec
import structlog

from chargelink.cli.language import Text
from chargelink.edge.clock import Clock
from chargelink.edge.control import Answer, Request
from chargelink.edge.ledger import Journal, LedgerError, local_list, pins
from chargelink.edge.ledger.allowances import Allowances
from chargelink.edge.ledger.authoriser import Authoriser, Claim, tighter
from chargelink.edge.ledger.database import Database
from chargelink.edge.ledger.local_list import LocalList
from chargelink.edge.ledger.refusal import NotAuthorisedError
from chargelink.edge.ledger.tariffs import NoTariffError, Priced
from chargelink.edge.places import CannotError, Places
from chargelink.edge.uplink import Uplink
from chargelink.link.authorisation import (
    Authorisation,
    GetLocalListVersion,
    GrantAllowance,
    SendLocalList,
    StartMode,
    TokenKind,
    WithdrawAllowance,
)
from chargelink.link.messages import Caps
from chargelink.link.quantities import HexDigest, Name, Time

TIDY_EVERY = 30.0  # s
HELD_AT_GUN = 30_000  # fen of an allowance that one charge may hold, where neither price nor customer says how many
HELD_AT_SOCKET = 2_000

LATER = Text(
    "whoever shows a card begins now; to begin later, order it from the hub",
    "刷卡、账户或充电券启动立即开始；定时启动请在平台下单",
)

log = structlog.get_logger("entrance")


class Shown(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A start by somebody who says who they are: what a control socket may ask for."""

    device: Name
    kind: TokenKind
    token: Annotated[str, msgspec.Meta(max_length=128)]
    outlet: Name | None = None
    pin: Annotated[str, msgspec.Meta(max_length=128)] | None = None
    mode: StartMode | None = None
    caps: Caps = Caps()
    tariff_hash: HexDigest | None = None
    at: Time | None = None
    cheap_until: Time | None = None


class Named(msgspec.Struct, frozen=True):
    """A card or account whose PIN may be tried again."""

    kind: TokenKind
    token: Annotated[str, msgspec.Meta(max_length=128)]


class Entrance:
    """Who may charge at the places of this edge. `price` says what holds at a device for customers of a group."""

    def __init__(
        self, journal: Journal, places: Places, price: Callable[[str, str | None], Awaitable[Priced]], clock: Clock
    ) -> None:
        self._run = journal.writer.run
        self._places = places
        self._price = price
        self._clock = clock
        self._leases = Allowances(journal, clock.now)
        self._list = LocalList(journal)
        self.authoriser = Authoriser(journal, price, self._hold, clock.now, lambda: clock.trusted, os.urandom)

    def connect(self, uplink: Uplink) -> None:
        """Ask this hub from now on, and do what it asks."""
        self.authoriser.hub = uplink
        uplink.errands[SendLocalList] = self._list.send
        uplink.errands[GetLocalListVersion] = self._list.version
        uplink.errands[GrantAllowance] = self._leases.grant
        uplink.errands[WithdrawAllowance] = self._leases.withdraw
        uplink.holdings["local_list"] = self._version

    @property
    def actions(self) -> dict[str, Callable[[Request], Awaitable[Answer]]]:
        """What the control socket may ask for."""
        return {"lists": self.lists, "unlock": self.unlock}

    async def run(self) -> NoReturn:
        """Close and release what is over, until cancelled."""
        while True:
            try:
                for lease in await self._leases.sweep():
                    log.info("allowance closed", lease=lease)
                await self.authoriser.tidy()
                await self._list.tidy()
            except LedgerError as error:
                log.error("allowances not looked after", why=str(error))
            await asyncio.sleep(TIDY_EVERY)

    async def start(self, request: Request) -> Answer:
        """Begin a session, if whoever asks may. Raises CannotError, NotAuthorisedError, NoTariffError, LedgerError."""
        shown = _converted(request, Shown)
        if (shown.at, shown.cheap_until) != (None, None):
            raise CannotError(LATER.english, words=LATER)
        claim = Claim(
            kind=shown.kind,
            token=shown.token,
            device=shown.device,
            outlet=shown.outlet,
            pin=shown.pin,
            mode=shown.mode,
            money=shown.caps.money,
            tariff_hash=shown.tariff_hash,
        )
        session, agreed = await self.enter(claim, shown.caps)
        return {"session": session, "mode": agreed.mode, "prepaid": agreed.prepaid, "offline": agreed.order is None}

    async def enter(
        self, claim: Claim, caps: Caps, agree: Callable[[Authorisation], Authorisation] = lambda told: told
    ) -> tuple[str, Authorisation]:
        """Begin a session for whoever claims it: its id, and what was agreed, on which `agree` has the last word.

        What the hub froze is free again if none begins. Raises CannotError, NotAuthorisedError, NoTariffError,
        LedgerError.
        """
        self._places.require(claim.device)
        told = await self.authoriser.authorise(claim)
        try:
            agreed = agree(told.authorisation)
            session = await self._places.start(
                claim.device,
                claim.outlet,
                tighter(caps, told.caps),
                tariff_hash=claim.tariff_hash if agreed.group is None else await self._own(claim, agreed.group),
                authorisation=agreed,
            )
        except (CannotError, NotAuthorisedError, NoTariffError) as error:
            await self.authoriser.release(told, getattr(error, "reason", "refused"), str(error))
            raise
        return session, agreed

    async def _own(self, claim: Claim, group: str) -> str | None:
        """The price of the customer's group, where what was shown is still the price for everybody: theirs was agreed
        with them before.
        """
        if claim.tariff_hash is None:
            return None
        public = await self._price(claim.device, None)
        return (await self._price(claim.device, group)).hash if public.hash == claim.tariff_hash else claim.tariff_hash

    async def lists(self, _: Request) -> Answer:
        """What this edge holds to decide by."""
        counts = await self._list.counts()
        held = await self._leases.held()
        locked = await self._run(pins.locked)
        return {
            "list": {
                "version": counts.version,
                "whole": counts.whole,
                "entries": counts.kinds,
                "blocked": counts.blocked,
                "coming": counts.coming,
            },
            "leases": [
                {
                    "id": one.lease.id,
                    "account": one.lease.account,
                    "amount": one.lease.amount,
                    "spent": one.spent,
                    "reserved": one.reserved,
                    "until": one.lease.until,
                    "withdrawn": one.withdrawn,
                }
                for one in held
            ],
            "locked": [{"token": one.token, "since": one.at} for one in locked],
            "clockTrusted": self._clock.trusted,
        }

    async def shown(self) -> Mapping[str, Any]:
        """The same in brief, for the status."""
        local = await self._run(local_list.head)
        held = await self._leases.held()
        return {
            "list": {"version": local.version, "entries": local.entries, "whole": local.whole},
            "leases": {"open": len(held), "left": sum(one.left for one in held)},
        }

    async def unlock(self, request: Request) -> Answer:
        """Let the PIN of a card or account be tried again. Raises CannotError for one that is not known here."""
        named = _converted(request, Named)
        now = self._clock.now()

        def work(database: Database) -> bool | None:
            found = local_list.find(database, named.kind, named.token)
            return None if found is None else pins.unlock(database, found.entry, now)

        try:
            unlocked = await self._run(work)
        except ValueError as error:
            raise CannotError(str(error)) from None
        if unlocked is None:
            raise CannotError(f"this edge holds no such {named.kind}")
        return {"unlocked": unlocked}

    async def _version(self) -> int:
        return (await self._list.version()).version

    def _hold(self, device: str) -> int:
        return HELD_AT_GUN if device in self._places.guns else HELD_AT_SOCKET


def _converted(request: Request, shape: type[Any]) -> Any:
    """A request as it should be; what is wrong with it is told without what it says."""
    try:
        return msgspec.convert(request, shape)
    except msgspec.ValidationError as error:
        raise CannotError(str(error)) from None
