"""Charging that is paid for in advance: the money is frozen first, then the edge is asked to begin.

Order, freeze and command are written in one transaction before anything is sent. Whatever happens then, the hub knows
that something may have begun: an order whose answer was lost is asked about again, under the same number and past its
expiry, so that nothing begins late and the edge says in a record what came of it.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field, replace

import msgspec
import structlog
from tortoise.transactions import in_transaction

from chargelink.hub.bus import Bus
from chargelink.hub.clock import now_ms
from chargelink.hub.services import orders, views
from chargelink.hub.services.commands import EXPIRY, Answer, Commands, EdgeRefusedError, Outcome
from chargelink.hub.services.deliveries import Visit
from chargelink.hub.services.order_states import IN_DOUBT, Event
from chargelink.hub.services.orders import USUAL, Place
from chargelink.hub.services.refused import RefusedError
from chargelink.hub.services.sessions import known_tariff
from chargelink.hub.store.models import Command
from chargelink.hub.store.money import Order
from chargelink.hub.store.trouble import unless_crossed
from chargelink.link.messages import Caps, RequestStartTransaction, RequestStartTransactionResponse

EVENTS = {Outcome.REJECTED: Event.REJECTED, Outcome.UNKNOWN: Event.SILENT, Outcome.AWAY: Event.AWAY}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants to charge: whose money, where, how much of it (None: the usual), and when (None: now)."""

    account: str
    place: Place
    caps: Caps = field(default_factory=Caps)
    prepaid: int | None = None
    at: int | None = None
    cheap_until: int | None = None


class Starts:
    """Starts that accounts pay for. `usual` fen are frozen where nobody says how much."""

    def __init__(self, commands: Commands, bus: Bus, usual: int = USUAL) -> None:
        self.commands = commands
        self.usual = usual
        self._bus = bus
        self._asking: set[asyncio.Task[Answer]] = set()

    async def start(self, wish: Wish) -> tuple[Order, Answer]:
        """Freeze, ask the edge, and say what came of both. Raises RefusedError: then nothing was done.

        If it is cancelled the edge is asked all the same, and what it says is written down.
        """
        place = await _at_its_price(wish.place)
        draft = await self.commands.draft(place.edge, now_ms() + EXPIRY)
        async with in_transaction():
            order = await orders.freeze(
                wish.account, place, now_ms(), prepaid=wish.prepaid, usual=self.usual, remote_start_id=draft.id
            )
            request = RequestStartTransaction(
                device=place.device,
                outlet=place.outlet,
                remote_start_id=draft.id,
                caps=wish.caps,
                expiry=draft.expiry,
                authorisation=orders.authorisation(order, planned=wish.at),
                tariff_hash=place.tariff_hash,
                at=wish.at,
                cheap_until=wish.cheap_until,
            )
            await self.commands.keep(draft, request)
        asking = asyncio.create_task(self._ask(order.id, draft, request), name=f"start of order {order.id}")
        self._asking.add(asking)
        asking.add_done_callback(self._asking.discard)
        answer = await asyncio.shield(asking)
        return await Order.get(id=order.id), answer

    async def _ask(self, order: str, draft: Command, request: RequestStartTransaction) -> Answer:
        answer = await self.commands.send(draft, request)
        await self.heard(order, event_of(answer), answer.reason or "")
        return answer

    @unless_crossed
    async def heard(self, order: str, event: Event, reason: str) -> None:
        """Write down what an edge answered about an order."""
        async with in_transaction():
            row = await orders.locked(order)
            alarms = await orders.hear(row, event, now_ms(), reason=reason)
        for change in views.alarms(*alarms):
            self._bus.publish(change)


async def _at_its_price(place: Place) -> Place:
    """With the least that is due by the price that was shown. Raises RefusedError for one that is not known here."""
    if place.tariff_hash is None:
        return place
    shown = await known_tariff(place.tariff_hash)
    if shown is None:
        name = place.tariff_hash[:12]
        raise RefusedError(
            f"this hub has no tariff {name}; `chargelink hub tariff list` shows them",
            f"平台没有资费 {name}；可用 chargelink hub tariff list 查看",
        )
    return replace(place, minimum=shown.minimum)


def event_of(answer: Answer) -> Event:
    """What an answer says of its order."""
    if answer.outcome is Outcome.ACCEPTED:
        return Event.ACCEPTED if answer.session else Event.DEFERRED
    return EVENTS[answer.outcome]


class OrderErrands:
    """The duty of orders in doubt: each is asked about again when its edge is there, until the edge's record tells."""

    name = "orders in doubt"

    def __init__(self, starts: Starts) -> None:
        self._starts = starts
        self._known: frozenset[tuple[str, str]] = frozenset()  # order and state, when we looked last

    async def news(self, connected: Collection[str]) -> Collection[str]:
        """The edges of orders that have come into doubt since."""
        rows = await Order.filter(state__in=IN_DOUBT, remote_start_id__not_isnull=True).only("id", "edge", "state")
        before, self._known = self._known, frozenset((row.id, row.state) for row in rows)
        return {row.edge for row in rows if (row.id, row.state) not in before} & {*connected}

    async def visit(self, visit: Visit) -> None:
        """Ask about each. Raises what asking raises: then it is asked again later."""
        rows = Order.filter(edge=visit.edge, state__in=IN_DOUBT, remote_start_id__not_isnull=True)
        for row in await rows.order_by("created", "id"):
            command = await Command.get_or_none(id=row.remote_start_id)
            if command is not None:
                await self._ask(visit, row.id, command)

    async def _ask(self, visit: Visit, order: str, command: Command) -> None:
        request = msgspec.json.decode(command.payload, type=RequestStartTransaction)
        try:
            response = await visit.ask(request)
        except EdgeRefusedError as refusal:  # it will say the same again: at its next boot
            await self._starts.heard(order, Event.REJECTED, str(refusal))
            return
        assert isinstance(response, RequestStartTransactionResponse)
        outcome = Outcome.ACCEPTED if response.status == "Accepted" else Outcome.REJECTED
        answer = Answer(outcome, response.transaction_id, response.reason)
        log.info("an order in doubt was asked about", order=order, edge=visit.edge, outcome=str(outcome))
        await self._starts.heard(order, event_of(answer), answer.reason or "")
