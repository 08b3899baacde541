"""One history: an edge with two guns and two sockets, its customers, its hub, and everything that goes wrong."""

from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import msgspec
from tests.money import documents
from tests.money.customers import Watched, Wish, agreement, caps
from tests.money.ends import EdgeEnd, HubEnd, Line
from tests.money.plant import HOUR, Clock, Gun, Socket

from chargelink.edge.ledger import Ending
from chargelink.edge.sockets.events import OrderAnswered, OrderExpired, Told
from chargelink.edge.sockets.orders import Order
from chargelink.edge.sockets.terms import StartRefused
from chargelink.lora_socket.channel import Opened
from chargelink.lora_socket.codes import OutletState, Place, Result, StatusFlags
from chargelink.lora_socket.codes import StopReason as SocketReason
from chargelink.lora_socket.commands import Start
from chargelink.lora_socket.frame import Control, Header
from chargelink.lora_socket.messages import CommandResult, Meter, StatusShort
from chargelink.lora_socket.session import Received
from chargelink.model import AuthorisedBy, Reading, SessionKind, StopReason, Tariff

Result_ = TypeVar("Result_")

PLACES = (Place.A, Place.B)
OUTLETS = {Place.A: "A", Place.B: "B"}
HEADER = Header(Control(0), 0, 0, 0, 0)  # the frame has been opened: nobody looks at it any more
POLL = 20_000  # ms between two readings of a gun's meter; near the end of the money each second


class Killed(Exception):  # noqa: N818 - says what happened
    """The edge is dead."""


class History:
    """`step` does the next thing, `finish` ends it in peace. Everything comes from the seed."""

    def __init__(self, seed: int, name: str, folder: Path, hub: HubEnd) -> None:
        self.seed, self.name, self._hub = seed, name, hub
        self.random = Random(seed)
        self.clock = Clock(documents.moment(self.random))
        self.guns = [Gun(f"gun-{number}", self.random.choice((0, 10**12 + seed))) for number in (1, 2)]
        self.sockets = [Socket(bytes(7) + bytes([number]), f"socket-{number}") for number in (1, 2)]
        self.tariffs: dict[str, documents.Map] = {}  # by hash, of every version that was ever sold by
        self.watched: dict[str, Watched] = {}
        self.wishes: list[Wish] = []
        self.numbers = 0
        self.peace = False
        self.counts: Counter[str] = Counter()
        names = {socket.eui: socket.name for socket in self.sockets}
        self.edge = EdgeEnd(name, folder, self.random, names, lambda: self.clock.utc, self.clock.elapsed)
        self.line = Line(self.edge, hub, self.random)

    async def start(self) -> None:
        """Before anything happens."""
        await self.edge.start()
        self._new_tariffs()

    async def step(self) -> None:
        """The next thing that happens."""
        try:
            await self.random.choices([thing for thing, _ in THINGS], [weight for _, weight in THINGS])[0](self)
        except Killed:
            await self._restart()

    async def finish(self) -> None:
        """Everybody goes home, the hub hears of everything."""
        self.peace = True
        for gun in self.guns:
            if gun.session is not None:
                await self._end_gun(gun, StopReason.LOCAL, fault=False)
        for socket in self.sockets:
            for place in [*socket.charges]:
                socket.end(place, SocketReason.FULL)
        for _ in range(3):
            for socket in self.sockets:
                for settle in [*socket.waiting]:
                    await self._told(socket, settle)
                await self._show(socket)
            self.clock.now += 130_000
        await self.line.drain()
        await self.edge.stop()

    # Time

    async def time_passes(self) -> None:
        """A while, in which meters are read and sockets report."""
        for _ in range(self.random.choice((1, 2, 3, 8))):
            await self._pass(self.random.choice((1_000, POLL, 60_000, 299_000, 600_000)))
            await self._read_guns()
        for socket in self.sockets:
            if self.random.randrange(3):
                await self._report(socket)

    async def _pass(self, duration: int) -> None:
        self.clock.now += duration
        for gun in self.guns:
            gun.pass_time(duration)
        for socket in self.sockets:
            socket.pass_time(duration)

    async def clock_steps(self) -> None:
        """Somebody sets the edge's clock."""
        step = self.random.choice((-86_400_000, -3_600_000, -7_000, 7_000, 1_800_000, 7_200_000))
        self.clock.skew = 0 if self.clock.skew else step
        for seen in self.watched.values():
            seen.whole = False

    # Guns

    async def _read_guns(self) -> None:
        for gun in self.guns:
            if gun.session is not None and self.random.randrange(20):
                await self._read(gun)

    async def _read(self, gun: Gun) -> None:
        assert gun.session is not None
        reading = Reading(at=self.clock.utc, register=gun.register)
        taken = await self._edge(lambda: self.edge.sessions.read(gun.session or "", reading, gun.power))
        if taken:
            self.watched[gun.session].readings.append(reading)

    async def a_gun_stops(self) -> None:
        """The driver, the car, a fault or the hub ends it; sometimes told twice."""
        gun = self.random.choice(self.guns)
        if gun.session is not None:
            reason = self.random.choice((StopReason.LOCAL, StopReason.REMOTE, StopReason.STOPPED_BY_EV))
            await self._end_gun(gun, reason, fault=self.random.randrange(5) == 0)

    async def _end_gun(self, gun: Gun, reason: StopReason, *, fault: bool) -> None:
        session = gun.session
        assert session is not None
        reading = Reading(at=self.clock.utc, register=gun.register)
        seen = self.watched[session]
        seen.readings.append(reading)
        gun.open()
        ending = Ending(reason, "history", reading, fault=fault)
        ended = await self._edge(lambda: self.edge.sessions.end(session, self.clock.utc, ending))
        if self.random.randrange(3) == 0:
            later = Ending(StopReason.OTHER, "again", Reading(at=self.clock.utc + 1, register=gun.register + 1))
            assert await self._edge(lambda: self.edge.sessions.end(session, self.clock.utc, later)) == ended

    async def a_meter_is_exchanged(self) -> None:
        """It shows less than before: of what flows now no session that runs can be billed."""
        gun = self.random.choice(self.guns)
        gun.register //= 2
        if gun.session is not None:
            gun.exchanged = True
            self.watched[gun.session].whole = False

    # Wishes

    def _new_tariffs(self) -> None:
        self.by_energy = self._tariff("periods")
        self.for_sockets = self._tariff(self.random.choice(documents.SOLD))

    def _tariff(self, sold: str) -> Tariff:
        document = documents.tariff(self.random, sold)
        return msgspec.convert(document, Tariff)

    async def tariffs_change(self) -> None:
        """From now on; what runs keeps its price."""
        self._new_tariffs()

    async def somebody_comes(self) -> None:
        """With a card, or from the hub, which asks again until it hears."""
        self.numbers += 1
        remote = self.numbers if self.random.randrange(2) else None
        by_gun = self.random.randrange(2)
        wish = Wish(
            gun=self.random.choice(self.guns) if by_gun else None,
            socket=None if by_gun else self.random.choice(self.sockets),
            place=self.random.choice(PLACES),
            tariff=self.by_energy if by_gun or self.random.randrange(4) == 0 else self.for_sockets,
            number=remote,
            authorisation=agreement(self.random),
            caps=caps(self.random),
        )
        if remote is not None:
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
        if wish.gun is not None:
            await self._begin_gun(wish, wish.gun)
        elif wish.socket is not None:
            await self._begin_socket(wish, wish.socket)

    async def _begin_gun(self, wish: Wish, gun: Gun) -> None:
        if gun.session is not None:
            return
        reading = Reading(at=self.clock.utc, register=gun.register)
        begun = await self._edge(
            lambda: self.edge.sessions.begin(
                gun.name,
                SessionKind.DC,
                wish.tariff,
                self.clock.utc,
                authorised_by=AuthorisedBy.LOCAL if wish.number is None else AuthorisedBy.REMOTE,
                remote_start_id=wish.number,
                caps=wish.caps,
                start=reading,
                authorisation=wish.authorisation,
                measured=self.random.choice(("verified", "overdue", None)),
            )
        )
        if begun.again:
            return
        session = begun.started.session_id
        gun.close(session)
        gun.power = self.random.choice((0, 7_000_000, 60_000_000, 120_000_000, 480_000_000))
        self.watched[session] = Watched([reading])

    async def _begin_socket(self, wish: Wish, socket: Socket) -> None:
        try:
            _, start = await self._edge(
                lambda: self.edge.charges.begin(
                    socket.eui,
                    wish.place,
                    wish.tariff,
                    self.clock.utc,
                    authorised_by=AuthorisedBy.LOCAL if wish.number is None else AuthorisedBy.REMOTE,
                    remote_start_id=wish.number,
                    caps=wish.caps,
                    authorisation=wish.authorisation,
                )
            )
        except StartRefused:
            return
        if start is not None:
            await self._order(socket, wish.place, start)

    async def _order(self, socket: Socket, place: Place, start: Start) -> None:
        """A START on the air: done and told, done and not told, or never heard."""
        order = Order(place, start, until=0)
        fate = self.random.randrange(8)
        if fate == 0:
            self.edge.charges.expired(OrderExpired(socket.eui, order))
            return
        power = self.random.choice((40_000, 150_000, 320_000, 900_000))
        plugged = self.random.randrange(6) > 0
        done = plugged and socket.start(place, start, min(power, start.most_power), self.clock.utc)
        if fate == 1:
            self.edge.charges.expired(OrderExpired(socket.eui, order))
            return
        result = Result.OK if done else Result.NOT_PLUGGED
        state = OutletState.CHARGING if done else OutletState.IDLE
        answer = CommandResult(id=1, result=result, place=place, state=state, session=start.session)
        event = OrderAnswered(socket.eui, order, answer)
        await self._edge(lambda: self.edge.charges.answered(event, self.clock.utc))

    # Sockets

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

    async def _report(self, socket: Socket) -> None:
        """What a socket says, as far as it is heard; settlements until they are acknowledged."""
        for place, charge in [*socket.charges.items()]:
            body = Meter(
                place=place,
                voltage=220_000,
                current=1_000,
                power=charge.power,
                power_factor=99,
                contact_temperature=30,
                energy=charge.energy,
            )
            await self._hear(socket, body)
        await self._show(socket)
        for settle in [*socket.waiting]:
            if self.random.randrange(4):
                await self._told(socket, settle)

    async def _show(self, socket: Socket) -> None:
        states = [OutletState.CHARGING if place in socket.charges else OutletState.IDLE for place in PLACES]
        flags = int(StatusFlags.MAINS | (StatusFlags.SETTLE_WAITING if socket.waiting else 0))
        await self._hear(socket, StatusShort(flags=flags, state_a=states[0], state_b=states[1], temperature=20))

    async def _told(self, socket: Socket, settle: Any) -> None:
        """A settlement is heard, and told again where the acknowledgement is lost."""
        while await self._hear(socket, settle) and settle in socket.waiting:
            if self.random.randrange(4):
                socket.waiting.remove(settle)

    async def _hear(self, socket: Socket, body: Any) -> bool:
        received = Received(Opened(HEADER, 0, None, body))
        wanted, _ = await self._edge(lambda: self.edge.charges.told(Told(socket.eui, received), self.clock.utc))
        return wanted

    # The edge dies

    async def _edge(self, work: Callable[[], Awaitable[Result_]]) -> Result_:
        """Let the edge do something; now and then it dies before it is done, or before anybody hears of it."""
        fate = 2 if self.peace else self.random.randrange(150)
        if fate == 0:
            raise Killed
        outcome = await work()
        if fate == 1:
            raise Killed
        return outcome

    async def the_edge_dies(self) -> None:
        """For no reason."""
        raise Killed

    async def _restart(self) -> None:
        """The guard opens the contactors of the guns; sockets go on. Then the edge is back, and reads the meters."""
        self.line.down()
        power_cut = self.random.randrange(3) == 0
        await self._pass(self.random.choice((0, 300, 2_000)))
        for gun in self.guns:
            if gun.session is not None:
                self.watched[gun.session].whole = False
            gun.open()
        if power_cut:
            self.clock.boot()
            for socket in self.sockets:
                socket.lose_mains(self.random)
            self.clock.now += self.random.choice((1_000, HOUR, 30 * HOUR))
        else:
            await self._pass(self.random.choice((0, 5_000, HOUR)))
        await self.edge.kill(torn=power_cut)
        self.counts["cuts of the power" if power_cut else "kills of the edge"] += 1
        registers = {gun.name: gun.register for gun in self.guns}
        await self.edge.sessions.close_interrupted(self.clock.utc, registers, {socket.name for socket in self.sockets})

    async def the_line_works(self) -> None:
        """Records go up, or are to."""
        for _ in range(self.random.choice((1, 2, 4))):
            await self.line.say()
        if self.random.randrange(4) == 0:
            await self.line.straggle()

    async def the_hub_reads(self) -> None:
        """A little of what it has stored."""
        await self._hub.read(1)


THINGS: tuple[tuple[Callable[[History], Awaitable[None]], int], ...] = (
    (History.time_passes, 10),
    (History.somebody_comes, 8),
    (History.a_start_is_told_again, 4),
    (History.a_gun_stops, 3),
    (History.a_socket_stops, 3),
    (History.the_line_works, 6),
    (History.tariffs_change, 2),
    (History.clock_steps, 1),
    (History.a_meter_is_exchanged, 1),
    (History.the_edge_dies, 1),
    (History.the_hub_reads, 1),
)
