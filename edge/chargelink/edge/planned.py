"""Starts that are planned: at a time, or into the cheapest hours before one. Each begins once, in time or never.

A plan is durable before anybody is told of it. When it is due it begins like any other start, if the plug is still in
and the price is still the one that was shown. What cannot begin is refused, an order of the hub by record.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, NoReturn

import msgspec
import structlog

from chargelink.cli.language import Text
from chargelink.edge.arguments import local
from chargelink.edge.board import Board
from chargelink.edge.clock import shown
from chargelink.edge.ledger import Journal, LedgerError, plans
from chargelink.edge.ledger.plans import Plan
from chargelink.edge.ledger.tariffs import NoTariffError, Priced
from chargelink.edge.places import CannotError, Places, named
from chargelink.edge.uplink.connection import Command
from chargelink.link.authorisation import Authorisation, StartMode
from chargelink.link.messages import Caps, RequestStartTransaction, RequestStartTransactionResponse
from chargelink.link.shape import Shape
from chargelink.model import AuthorisedBy
from chargelink.tariff import cheapest_start

LATE = 600_000  # ms after its time that a start may still begin: the edge was off, or could not store it
AHEAD = 7 * 86_400_000  # ms that may be planned
LOOK_EVERY = 5.0  # s: whether a plug was pulled, whether the clock was set
MOST_MISSED = 16  # refusals that `status` still shows
PLAN = "plan-"  # before the number of a plan, where people name it
UNPLUGGED = ("available", "idle")
TAKEN = ("preparing", "charging", "finishing", "topping up", "paused")
UNUSABLE = ("unavailable", "fault", "offline", "locked")

PriceAt = Callable[[str, int, str | None], Awaitable[Priced]]
"""What holds at a device at a time (UTC ms) for customers of a group. Raises NoTariffError."""

HOW_LONG = Text(
    "say for how many minutes (--minutes): the cheapest hours are chosen for them",
    "请指明充电分钟数（--minutes），以便选择最便宜的时段",
)
TOO_SHORT = Text("until {0} there are less than {1} minutes", "距 {0} 不足 {1} 分钟")
TAKEN_ALREADY = Text(
    "a start is planned there already, for {0}: plan-{1}; `chargelink edge stop plan-{1}` cancels it",
    "该处已有预约，{0} 开始：plan-{1}；可用 chargelink edge stop plan-{1} 取消",
)

log = structlog.get_logger("planned")


class Wish(NamedTuple):
    """A start that somebody wants later: `at` a time, or in the cheapest hours that end `cheap_until`; UTC ms."""

    device: str
    outlet: str | None
    caps: Caps
    at: int | None = None
    cheap_until: int | None = None
    by: AuthorisedBy = AuthorisedBy.LOCAL
    remote_start_id: int | None = None
    authorisation: Authorisation | None = None
    tariff_hash: str | None = None


class Missed(NamedTuple):
    """A plan that came to nothing, and why."""

    plan: Plan
    why: str


class Planned:
    """The plans of one edge. Every method raises LedgerError if what it says cannot be stored."""

    def __init__(
        self, ledger: Journal, places: Places, board: Board, price_at: PriceAt, clock: Callable[[], int]
    ) -> None:
        self._ledger = ledger
        self._places = places
        self._board = board
        self._price_at = price_at
        self._clock = clock
        self._plans: dict[int, Plan] = {}
        self._interrupted: frozenset[int] = frozenset()  # were being begun when the edge last stopped
        self._one = asyncio.Lock()
        self._changed = asyncio.Event()
        self.missed: deque[Missed] = deque(maxlen=MOST_MISSED)
        """Those that came to nothing since the edge was started, the newest last."""

    @property
    def plans(self) -> Sequence[Plan]:
        """Those that wait, the next first."""
        return sorted(self._plans.values(), key=lambda plan: (plan.due, plan.number))

    def shown(self) -> dict[str, list[dict[str, Any]]]:
        """What waits and what was missed, for people."""
        return {
            "plans": [
                {"id": f"{PLAN}{one.number}", "device": one.device, "outlet": one.outlet, "due": one.due}
                for one in self.plans
            ],
            "missedPlans": [
                {"device": one.plan.device, "outlet": one.plan.outlet, "due": one.plan.due, "why": one.why}
                for one in self.missed
            ],
        }

    async def load(self) -> None:
        """Find the plans of before the restart."""
        self._plans = {plan.number: plan for plan in await self._ledger.writer.run(plans.every)}
        self._interrupted = frozenset(plan.number for plan in self._plans.values() if plan.taken)

    async def plan(self, wish: Wish) -> Plan:
        """Plan a start; it is durable when this returns. Raises CannotError."""
        async with self._one:
            self._require_free(wish.device, wish.outlet)
            now = self._clock()
            due = await self._due(wish, now)
            await self._require_price(wish, due)
            plan = Plan(
                number=0,
                device=wish.device,
                outlet=wish.outlet,
                due=due,
                made=now,
                by=wish.by,
                caps=wish.caps,
                remote_start_id=wish.remote_start_id,
                authorisation=_agreed(wish, due),
                tariff_hash=wish.tariff_hash,
                cheap=wish.cheap_until is not None,
            )
            plan = await self._ledger.writer.run(lambda database: plans.add(database, plan))
            self._plans[plan.number] = plan
        log.info("planned", plan=plan.number, device=plan.device, outlet=plan.outlet, due=shown(plan.due))
        self._changed.set()
        return plan

    async def cancel(self, number: int) -> None:
        """Somebody does not want it any more. Raises CannotError for a plan that does not wait."""
        async with self._one:
            plan = self._plans.get(number)
            if plan is None:
                raise CannotError(f"no plan {number} waits here")
            await self._give_up(plan, "it was cancelled on site", "cancelled")

    async def obey(self, command: Command, until: float) -> Shape:
        """A command of the hub: what is to begin later is planned, all else is for the places."""
        if not isinstance(command, RequestStartTransaction) or (command.at, command.cheap_until) == (None, None):
            return await self._places.obey(command, until)
        known = self._known(command)
        if known is not None:
            return known
        try:
            session = await self._places.begun(command.remote_start_id, command.device, command.outlet)
            if session is not None:
                return RequestStartTransactionResponse(status="Accepted", transaction_id=session)
            if asyncio.get_running_loop().time() >= until:
                raise CannotError("expired", "expired")
            await self.plan(_wish(command))
        except CannotError as error:
            return await self._places.refuse(command, error)
        except LedgerError as error:
            return RequestStartTransactionResponse(status="Rejected", reason=str(error))
        return RequestStartTransactionResponse(status="Accepted")

    async def run(self) -> NoReturn:
        """Begin what is due, drop what has become pointless; until cancelled."""
        await self._places.settled.wait()
        while True:
            self._changed.clear()
            await self.look()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause()):
                    await self._changed.wait()

    async def look(self) -> None:
        """Take up what is due now; what the ledger cannot store is left for the next look."""
        for plan in self.plans:
            try:
                async with self._one:
                    if plan.number in self._plans:
                        await self._look(plan)
            except LedgerError as error:
                log.error("plan not taken up", plan=plan.number, why=str(error))

    def _pause(self) -> float:
        """Seconds until the next look."""
        left = min((plan.due - self._clock() for plan in self._plans.values()), default=None)
        if left is None:
            return LOOK_EVERY
        return LOOK_EVERY if left <= 0 else min(left / 1000, LOOK_EVERY)

    async def _look(self, plan: Plan) -> None:
        now = self._clock()
        if plan.number in self._interrupted:
            await self._resume(plan)
        elif now >= plan.due + LATE:
            await self._give_up(plan, f"its time, {shown(plan.due)}, has passed while this edge was off", "missed")
        elif self._state(plan.device, plan.outlet) in UNPLUGGED:
            await self._give_up(plan, "the plug was pulled before its time", "unplugged")
        elif now >= plan.due:
            await self._begin(plan)

    async def _begin(self, plan: Plan) -> None:
        """Begin it now. It is marked before: an edge that dies meanwhile begins nothing a second time."""
        plan = await self._ledger.writer.run(lambda database: plans.take(database, plan))
        self._plans[plan.number] = plan
        try:
            session = await self._places.start(
                plan.device,
                plan.outlet,
                plan.caps,
                plan.by,
                plan.remote_start_id,
                tariff_hash=plan.tariff_hash,
                authorisation=plan.authorisation,
            )
        except CannotError as error:
            await self._give_up(plan, str(error), error.reason)
            return
        log.info("planned start begun", plan=plan.number, session=session)
        await self._remove(plan)

    async def _resume(self, plan: Plan) -> None:
        """The edge died while it began this: an order has its session, or is refused; nothing begins now."""
        session = None
        if plan.remote_start_id is not None:
            with suppress(CannotError):  # refused already, and recorded: what is left is to forget it
                session = await self._places.begun(plan.remote_start_id, plan.device, plan.outlet)
        if session is not None:
            await self._remove(plan)
        else:
            await self._give_up(plan, "this edge stopped while it was beginning", "missed")

    async def _give_up(self, plan: Plan, why: str, reason: str) -> None:
        """It will never begin. An order is refused by record first, so that its money is free."""
        log.warning("planned start given up", plan=plan.number, device=plan.device, why=why)
        text = f"the start planned for {shown(plan.due)} was not begun: {why}"
        if plan.remote_start_id is not None:
            await self._places.refuse(_command(plan, plan.remote_start_id), CannotError(text, reason), accepted=True)
        await self._remove(plan)
        self.missed.append(Missed(plan, why))

    async def _remove(self, plan: Plan) -> None:
        await self._ledger.writer.run(lambda database: plans.remove(database, plan.number))
        self._plans.pop(plan.number, None)

    def _known(self, command: RequestStartTransaction) -> RequestStartTransactionResponse | None:
        """The answer to an order that is planned already."""
        for plan in self._plans.values():
            if plan.remote_start_id == command.remote_start_id:
                if plan.place == (command.device, command.outlet):
                    return RequestStartTransactionResponse(status="Accepted")
                reason = f"remote start {command.remote_start_id} is planned for {plan.device} {plan.outlet or ''}"
                return RequestStartTransactionResponse(status="Rejected", reason=reason.rstrip())
        return None

    async def _due(self, wish: Wish, now: int) -> int:
        """When it is to begin. Raises CannotError."""
        if wish.at is not None and wish.cheap_until is not None:
            raise CannotError("plan it either at a time or into the cheapest hours before one")
        wanted = wish.at if wish.cheap_until is None else wish.cheap_until
        assert wanted is not None
        if wanted > now + AHEAD:
            raise _cannot(Text("no more than 7 days ahead can be planned", "最多可预约 7 天以内"))
        if wish.at is not None:
            if wish.at <= now - LATE:
                raise _cannot(Text("{0} has passed", "{0} 已过"), local(wish.at))
            return wish.at
        if wish.caps.minutes is None:
            raise _cannot(HOW_LONG)
        if wanted - wish.caps.minutes * 60_000 < now:
            raise _cannot(TOO_SHORT, local(wanted), wish.caps.minutes)
        group = wish.authorisation.group if wish.authorisation else None
        priced = await self._priced(wish.device, now, group)
        return cheapest_start(priced.tariff, now, wanted, wish.caps.minutes)

    async def _require_price(self, wish: Wish, due: int) -> None:
        """There will be a price then, and it is the one that was shown. Raises CannotError."""
        priced = await self._priced(wish.device, due, wish.authorisation.group if wish.authorisation else None)
        if wish.tariff_hash not in (None, priced.hash):
            raise CannotError(f"another price will hold at {shown(due)}: that of {named(priced.tariff)}", "price")

    async def _priced(self, device: str, at: int, group: str | None) -> Priced:
        try:
            return await self._price_at(device, at, group)
        except NoTariffError as error:
            raise CannotError(str(error)) from None

    def _require_free(self, device: str, outlet: str | None) -> None:
        """Something is plugged in there that waits, and nothing else is planned. Raises CannotError."""
        if len(self._plans) >= plans.MOST:
            raise CannotError(f"{plans.MOST} starts are planned already")
        for plan in self._plans.values():
            if plan.place == (device, outlet):
                raise _cannot(TAKEN_ALREADY, local(plan.due), plan.number)
        state = self._state(device, outlet)
        if state is None:
            raise CannotError(f"nothing to charge at is called {' '.join(filter(None, (device, outlet)))}")
        if state in UNPLUGGED:
            raise _cannot(Text("nothing is plugged in", "未插枪（插头）"))
        if state in TAKEN:
            raise _cannot(Text("a charge is under way there", "正在充电"))
        if state in UNUSABLE:
            raise CannotError(f"it cannot be used now: {state}")

    def _state(self, device: str, outlet: str | None) -> str | None:
        """What the place shows; None for one that is not there, or not yet."""
        for one in self._board.devices:
            if one.id == device:
                outlets = one.detail.get("outlets")
                if outlets is None:
                    return one.state if outlet is None else None
                return "offline" if one.state == "offline" else outlets.get(outlet or "", {}).get("state")
        return None


def _cannot(words: Text, *values: object) -> CannotError:
    """The error that says this in both languages; times of UTC+8, as they are typed."""
    english, chinese = (text.format(*values) for text in (words.english, words.chinese))
    return CannotError(english, words=Text(english, chinese))


def _agreed(wish: Wish, due: int) -> Authorisation:
    """How it was asked for, as the session will say it."""
    mode = StartMode.TIMED if wish.cheap_until is None else StartMode.CHEAP_HOURS
    return msgspec.structs.replace(wish.authorisation or Authorisation(), mode=mode, planned=due)


def _wish(command: RequestStartTransaction) -> Wish:
    return Wish(
        command.device,
        command.outlet,
        command.caps,
        command.at,
        command.cheap_until,
        AuthorisedBy.REMOTE,
        command.remote_start_id,
        command.authorisation,
        command.tariff_hash,
    )


def _command(plan: Plan, remote_start_id: int) -> RequestStartTransaction:
    """The order that it came from, as far as a refusal tells of it."""
    return RequestStartTransaction(
        device=plan.device,
        outlet=plan.outlet,
        remote_start_id=remote_start_id,
        expiry=plan.due,
        authorisation=plan.authorisation,
    )
