"""One history: customers with and without accounts, a line and a hub that fail, and everything that goes wrong."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

from tests.money.customers import Wish, agreement, caps
from tests.money.desk import Desk, Known
from tests.money.ends import HubEnd
from tests.money.site import PLACES, POLL, Killed, Site

from chargelink.edge.places import CannotError
from chargelink.hub.services.commands import NoAnswerError
from chargelink.link.messages import RequestStartTransaction, RequestStartTransactionResponse
from chargelink.link.shape import Shape
from chargelink.lora_socket.codes import StopReason as SocketReason
from chargelink.model import AuthorisedBy, StopReason

QUARTER = 16 * 60_000  # ms: a little more than an answer of the hub may be used


class History(Site):
    """`step` does the next thing, `finish` ends it in peace. Every third one has an account."""

    def __init__(self, seed: int, name: str, folder: Path, hub: HubEnd) -> None:
        super().__init__(seed, name, folder, hub)
        self.wishes: list[Wish] = []
        self.numbers = 0
        self.desk: Desk | None = None

    async def start(self) -> None:
        """Before anything happens."""
        await super().start()
        if self.seed % 3 == 0:
            known = Known(self.price, lambda: self.clock.utc, self.edge.clock_trusted)
            self.desk = Desk(self.hub, self.edge, self.random, known, self._obey)
            await self.desk.open(self.clock.now)
            self.counts["accounts"] += 1

    async def step(self) -> None:
        """The next thing that happens."""
        try:
            await self.random.choices([thing for thing, _ in THINGS], [weight for _, weight in THINGS])[0](self)
        except Killed:
            await self.restart()

    async def restart(self) -> None:
        """What was asked of the hub before is over."""
        await super().restart()
        if self.desk is not None:
            self.desk.awake()
            await self.desk.authoriser.recover()

    async def finish(self) -> None:
        """Everybody goes home, the hub hears of everything."""
        self.peace = True
        for gun in self.guns:
            if gun.session is not None:
                await self.end(gun, StopReason.LOCAL, fault=False)
        for socket in self.sockets:
            for place in [*socket.charges]:
                socket.end(place, SocketReason.FULL)
        for _ in range(3):
            for socket in self.sockets:
                for settle in [*socket.waiting]:
                    await self.settle(socket, settle)
                await self.show(socket)
            self.clock.now += 130_000
        self.parked.clear()
        for gun in self.guns:
            await self.look(gun)
        if self.desk is not None:
            await self.desk.close(self.clock.now)
        await self.line.drain()
        await self.edge.stop()

    # Time

    async def time_passes(self) -> None:
        """A while, in which meters are read and sockets report."""
        for _ in range(self.random.choice((1, 2, 3, 8))):
            await self.pass_time(self.random.choice((1_000, POLL, 60_000, 299_000, 600_000)))
            for gun in self.guns:
                if gun.session is not None and self.random.randrange(20):
                    await self.read(gun)
        for socket in self.sockets:
            if self.random.randrange(3):
                await self.report(socket)

    async def clock_steps(self) -> None:
        """Somebody sets the edge's clock."""
        step = self.random.choice((-86_400_000, -3_600_000, -7_000, 7_000, 1_800_000, 7_200_000))
        self.clock.skew = 0 if self.clock.skew else step
        for seen in self.watched.values():
            seen.whole = False

    # What ends

    async def a_gun_stops(self) -> None:
        """The driver, the car, a fault or the hub ends it."""
        gun = self.random.choice(self.guns)
        if gun.session is not None:
            reason = self.random.choice((StopReason.LOCAL, StopReason.REMOTE, StopReason.STOPPED_BY_EV))
            await self.end(gun, reason, fault=self.random.randrange(5) == 0)

    async def a_car_leaves(self) -> None:
        """It stood there after its charge."""
        if self.parked:
            self.parked.discard(self.random.choice(sorted(self.parked)))
            for gun in self.guns:
                await self.look(gun)

    async def a_socket_stops(self) -> None:
        """The rider, the hub by an order that may get lost, or a fault."""
        socket = self.random.choice(self.sockets)
        if not socket.charges:
            return
        place = self.random.choice([*socket.charges])
        running = self.edge.charges.running.get((socket.eui, place))
        if running is not None and running.id and self.random.randrange(2):
            await self.edge.charges.stop(running.id, StopReason.REMOTE, "hub")
            if self.random.randrange(3) == 0:
                return  # the order was lost; somebody will ask again
            if socket.charges[place].start.session == running.number:
                socket.end(place, SocketReason.COMMAND)
            return
        socket.end(place, self.random.choice((SocketReason.BUTTON, SocketReason.FULL, SocketReason.OVERLOAD)))

    async def a_meter_is_exchanged(self) -> None:
        """It shows less than before: of what flows now no session that runs can be billed."""
        gun = self.random.choice(self.guns)
        gun.register //= 2
        if gun.session is not None:
            gun.exchanged = True
            self.watched[gun.session].whole = False

    async def tariffs_change(self) -> None:
        """From now on."""
        self.new_tariffs()

    async def the_edge_dies(self) -> None:
        """For no reason."""
        raise Killed

    # Customers

    def _wish(self) -> Wish:
        device, outlet = self.random.choice(
            [*((gun.name, None) for gun in self.guns), *((one.name, place) for one in self.sockets for place in PLACES)]
        )
        return Wish(device, outlet, agreement(self.random), caps(self.random))

    async def somebody_comes(self) -> None:
        """Without an account: on site, or from the hub, which asks again until it hears."""
        wish = self._wish()
        if self.random.randrange(2):
            self.numbers += 1
            wish.number = self.numbers
            self.wishes.append(wish)
        await self._try(wish)

    async def a_start_is_told_again(self) -> None:
        """The hub has not heard whether it was done."""
        if self.wishes:
            wish = self.random.choice(self.wishes)
            wish.tries -= 1
            if wish.tries == 0:
                self.wishes.remove(wish)
            await self._try(wish)

    async def _try(self, wish: Wish) -> None:
        by = AuthorisedBy.LOCAL if wish.number is None else AuthorisedBy.REMOTE
        try:
            await self.places.start(
                wish.device, wish.outlet, wish.caps, by, wish.number, authorisation=wish.authorisation
            )
        except CannotError:
            self.counts["refused"] += 1

    async def an_account_is_used(self) -> None:
        """By a code that is scanned, or by its card."""
        if self.desk is None:
            await self.somebody_comes()
            return
        wish = self._wish()
        if self.random.randrange(2):
            price = (await self.price(wish.device, None)).hash if self.random.randrange(4) == 0 else None
            await self.desk.order(wish.device, wish.outlet, wish.caps, price)
            return
        desk, outlet = self.desk, wish.outlet
        authorised = await self.do(lambda: desk.card_shown(wish.device, outlet))
        if authorised is None:
            return
        wish.authorisation = authorised.authorisation
        refused = self.counts["refused"]
        await self._try(wish)
        if self.counts["refused"] > refused:
            await self.do(lambda: desk.authoriser.release(authorised, "refused", "it could not begin"))

    async def _obey(self, request: RequestStartTransaction, late: bool) -> Shape:
        """The edge is asked to start; if it dies over it, nobody hears."""
        until = asyncio.get_running_loop().time() - 1 if late else math.inf
        try:
            return cast(RequestStartTransactionResponse, await self.do(lambda: self.places.obey(request, until)))
        except Killed:
            await self.restart()
            raise NoAnswerError("it died") from None

    async def an_allowance_moves(self) -> None:
        """The hub lends the edge money of the account, or wants it back; some run out."""
        if self.desk is not None:
            await self.desk.lease(self.clock.now)
            await self.do(self.edge.allowances.sweep)

    # The line

    async def the_line_works(self) -> None:
        """Records go up, or are to; the hub asks what it must know."""
        for _ in range(self.random.choice((1, 2, 4))):
            await self.line.say()
        if self.random.randrange(4) == 0:
            await self.line.straggle()
        if self.desk is not None and self.random.randrange(2):
            await self.desk.late()
            await self.desk.visit()

    async def the_hub_reads(self) -> None:
        """A little of what it has stored."""
        await self.hub.read(1)


THINGS: tuple[tuple[Callable[[History], Awaitable[None]], int], ...] = (
    (History.time_passes, 14),
    (History.somebody_comes, 5),
    (History.an_account_is_used, 6),
    (History.a_start_is_told_again, 3),
    (History.a_gun_stops, 3),
    (History.a_car_leaves, 1),
    (History.a_socket_stops, 3),
    (History.the_line_works, 6),
    (History.an_allowance_moves, 2),
    (History.tariffs_change, 2),
    (History.clock_steps, 1),
    (History.a_meter_is_exchanged, 1),
    (History.the_edge_dies, 1),
    (History.the_hub_reads, 1),
)
