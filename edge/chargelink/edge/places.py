"""Where people charge: every gun and every outlet of an edge, started and stopped by whoever may ask."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from chargelink.cli.language import Text
from chargelink.edge.charge.events import RefusedError
from chargelink.edge.drivers.gun import Gun
from chargelink.edge.drivers.socket_site import SocketSite
from chargelink.edge.ledger import LedgerError, OrderRefused, Sessions
from chargelink.edge.ledger.journal import utc_ms
from chargelink.edge.ledger.refusal import NotAuthorisedError
from chargelink.edge.ledger.tariffs import NoTariffError, Priced
from chargelink.edge.sockets.terms import StartRefused
from chargelink.edge.uplink.connection import Command
from chargelink.link.authorisation import Authorisation
from chargelink.link.messages import (
    Caps,
    RequestStartTransaction,
    RequestStartTransactionResponse,
    RequestStopTransactionResponse,
)
from chargelink.link.shape import Shape
from chargelink.model import AuthorisedBy, SessionStarted, StopReason, Tariff
from chargelink.model import StartRefused as Refusal
from chargelink.wire import ChargelinkError

PriceNow = Callable[[str, str | None], Awaitable[Priced]]
"""What holds at a device for customers of a group (None: of none). Raises NoTariffError."""


class CannotError(ChargelinkError):
    """What was asked cannot be done; the message says why, `reason` in one word for a record."""

    def __init__(self, text: str, reason: str = "refused", words: Text | None = None) -> None:
        """`words` says it in both languages."""
        super().__init__(text)
        self.reason = reason
        self.text = words


class Stoppable(Protocol):
    async def stop(self, session_id: str, reason: StopReason = ..., by: str = ...) -> None: ...


class Places:
    """Guns, and socket sites by the device ids of their sockets; `price` says what holds at a device now.

    Nothing starts before `settled` is set. `clock` gives UTC milliseconds.
    """

    def __init__(
        self,
        guns: Mapping[str, Gun],
        sites: Mapping[str, SocketSite],
        price: PriceNow,
        sessions: Sessions,
        clock: Callable[[], int] = utc_ms,
    ) -> None:
        self.guns = dict(guns)
        self._sites = dict(sites)
        self._price = price
        self._sessions = sessions
        self._clock = clock
        self._starting = asyncio.Lock()
        self.settled = asyncio.Event()

    @property
    def sockets(self) -> frozenset[str]:
        """The device ids of all sockets."""
        return frozenset(self._sites)

    async def start(
        self,
        device: str,
        outlet: str | None,
        caps: Caps,
        by: AuthorisedBy = AuthorisedBy.LOCAL,
        remote_start_id: int | None = None,
        until: float = math.inf,
        tariff_hash: str | None = None,
        authorisation: Authorisation | None = None,
    ) -> str:
        """Begin a session and give its id, unless its turn comes after the loop's second `until`.

        A remote start that is told again gets the session that it has, open or ended: whether one could begin now is
        not asked. With `tariff_hash` only that price will do. Raises CannotError, LedgerError.
        """
        async with self._starting:  # or one told twice at once would be refused the second time
            if remote_start_id is not None:
                before = await self.begun(remote_start_id, device, outlet)
                if before is not None:
                    return before
            if asyncio.get_running_loop().time() >= until:
                raise CannotError("expired", "expired")
            if not self.settled.is_set():
                raise CannotError("sessions of before the restart are being closed; try again in a few seconds")
            return (await self._begin(device, outlet, caps, by, remote_start_id, tariff_hash, authorisation)).session_id

    async def begun(self, remote_start_id: int, device: str, outlet: str | None) -> str | None:
        """The session, open or ended, that a remote start has got; None before.

        Raises CannotError if it was refused, or was for another place.
        """
        try:
            before = await self._sessions.started_by(remote_start_id)
        except OrderRefused as refused:
            raise CannotError(str(refused), refused.refused.reason) from None
        if before is None:
            return None
        if before.device != device or before.outlet not in (None, outlet):
            place = f"{before.device} {before.outlet or ''}".rstrip()
            raise CannotError(f"remote start {remote_start_id} was for {place}")
        return before.session_id

    async def _begin(
        self,
        device: str,
        outlet: str | None,
        caps: Caps,
        by: AuthorisedBy,
        remote_start_id: int | None,
        tariff_hash: str | None,
        authorisation: Authorisation | None,
    ) -> SessionStarted:
        self.require(device)
        if caps.soc is not None and device not in self.guns:
            raise CannotError(NO_SOC.english, words=NO_SOC)
        group = authorisation.group if authorisation else None
        try:
            tariff = await self._agreed(device, tariff_hash, group)
            if gun := self.guns.get(device):
                return await gun.start(
                    tariff, authorised_by=by, remote_start_id=remote_start_id, caps=caps, authorisation=authorisation
                )
            return await self._sites[device].start(
                device,
                outlet or "",
                tariff,
                authorised_by=by,
                remote_start_id=remote_start_id,
                caps=caps,
                authorisation=authorisation,
            )
        except NotAuthorisedError as error:
            raise CannotError(str(error), error.status, error.text) from error
        except (RefusedError, StartRefused, OrderRefused, NoTariffError, LedgerError) as error:
            raise CannotError(str(error)) from error

    def require(self, device: str) -> None:
        """Raises CannotError for what is no gun and no socket of this edge."""
        if device not in self.guns and device not in self._sites:
            known = ", ".join([*self.guns, *self._sites])
            raise CannotError(f"nothing to charge at is called {device}; there is {known or 'nothing'}")

    async def _agreed(self, device: str, tariff_hash: str | None, group: str | None) -> Tariff:
        """The price now, if it is the one that was shown. Raises CannotError, NoTariffError."""
        priced = await self._price(device, group)
        if tariff_hash not in (None, priced.hash):
            name = named(priced.tariff)
            words = Text(
                f"the price changed; it is now that of {name}; look at it and start again",
                f"价格已变动，现为 {name}；请查看后重新启动",
            )
            raise CannotError(f"{words.english} / {words.chinese}", "price", words)
        return priced.tariff

    async def stop(self, session: str, reason: StopReason, by: str) -> None:
        """Have a session stopped in order; its end comes later. Raises CannotError."""
        running = self._sessions.get(session)
        place: Stoppable | None = None
        if running is not None:
            device = running.started.device
            place = self.guns.get(device) or self._sites.get(device)
        if place is None:
            raise CannotError(f"no session {session} runs here")
        try:
            await place.stop(session, reason, by)
        except KeyError:
            raise CannotError(f"session {session} is ending") from None

    async def give_up(self, session: str, by: str) -> None:
        """A person ends a session whose socket does not answer any more, with what was read of it.

        Raises CannotError; a gun ends its sessions by itself.
        """
        running = self._sessions.get(session)
        site = self._sites.get(running.started.device) if running is not None else None
        if site is None:
            raise CannotError(f"no session {session} of a socket runs here; only such a one can be given up")
        try:
            await site.give_up(session, by)
        except KeyError:
            raise CannotError(f"session {session} is ending") from None

    async def obey(self, command: Command, until: float = math.inf) -> Shape:
        """A command of the hub and its answer; it is not begun after the loop's second `until`."""
        if isinstance(command, RequestStartTransaction):
            return await self._order(command, until)
        try:
            await self.stop(command.transaction_id, StopReason.REMOTE, "hub")
        except (CannotError, LedgerError) as error:
            return RequestStopTransactionResponse(status="Rejected", reason=str(error))
        return RequestStopTransactionResponse(status="Accepted")

    async def _order(self, command: RequestStartTransaction, until: float) -> RequestStartTransactionResponse:
        """Begin what the hub wants begun; or refuse it for ever, if money is frozen for it.

        So one that comes while sessions of before a restart are being closed waits for that.
        """
        try:
            async with asyncio.timeout_at(until if until < math.inf else None):
                await self.settled.wait()
        except TimeoutError:
            until = -math.inf  # a timer may ring a tick before its time
        try:
            session = await self.start(
                command.device,
                command.outlet,
                command.caps,
                AuthorisedBy.REMOTE,
                command.remote_start_id,
                until,
                command.tariff_hash,
                command.authorisation,
            )
        except CannotError as error:
            return await self.refuse(command, error)
        except LedgerError as error:  # nothing can be recorded: the order stands as it stood
            return RequestStartTransactionResponse(status="Rejected", reason=str(error))
        return RequestStartTransactionResponse(status="Accepted", transaction_id=session)

    async def refuse(
        self, command: RequestStartTransaction, error: CannotError, *, accepted: bool = False
    ) -> RequestStartTransactionResponse:
        """What was frozen for an order is free only by our record, so a refusal of one leaves it, and is for ever.

        So does one that was `accepted` before: its sender hears of it by the record alone.
        """
        text = str(error)
        order = command.authorisation.order if command.authorisation else None
        if order is None and not accepted:
            return RequestStartTransactionResponse(status="Rejected", reason=text)
        try:
            stands = await self._sessions.refuse(
                command.remote_start_id,
                command.device,
                command.outlet,
                error.reason,
                text,
                order,
                self._clock(),
            )
        except LedgerError as trouble:
            return RequestStartTransactionResponse(status="Rejected", reason=str(trouble))
        if isinstance(stands, Refusal):
            return RequestStartTransactionResponse(status="Rejected", reason=stands.text)
        if (stands.device, stands.outlet) != (command.device, command.outlet):
            return RequestStartTransactionResponse(status="Rejected", reason=text)
        return RequestStartTransactionResponse(status="Accepted", transaction_id=stands.session_id)


NO_SOC = Text("only a car tells its state of charge; a socket cannot stop at one", "插座无法获知SOC，不能按SOC停止")


def named(tariff: Tariff) -> str:
    """A tariff for people."""
    return f"{tariff.name or tariff.id} (version {tariff.version})"


def by_socket(sites: Sequence[tuple[SocketSite, Sequence[str]]]) -> dict[str, SocketSite]:
    """Each site by every socket of it."""
    return {name: site for site, names in sites for name in names}
