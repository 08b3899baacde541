"""The site of a history: an edge that sells at two guns and two sockets, and dies at any moment.

The edge's own code decides: `Places`, `Sessions`, `Charges`, `Authoriser` on the real ledger. What stands here is the
world around them.
"""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import msgspec
from tests.money import documents
from tests.money.customers import Watched
from tests.money.ends import EdgeEnd, HubEnd, Line
from tests.money.plant import HOUR, Clock, Gun, Socket

from chargelink.edge.charge.events import RefusedError
from chargelink.edge.drivers.gun import Gun as GunDriver
from chargelink.edge.drivers.socket_site import SocketSite
from chargelink.edge.drivers.surroundings import Surroundings
from chargelink.edge.ledger import Ending
from chargelink.edge.ledger.tariffs import Priced
from chargelink.edge.occupancy import Occupancy
from chargelink.edge.places import Places
from chargelink.edge.sockets.events import OrderAnswered, OrderExpired, Told
from chargelink.edge.sockets.orders import Order
from chargelink.lora_socket.channel import Opened
from chargelink.lora_socket.codes import OutletState, Place, Result, StatusFlags
from chargelink.lora_socket.codes import StopReason as SocketReason
from chargelink.lora_socket.commands import Start
from chargelink.lora_socket.frame import Control, Header
from chargelink.lora_socket.messages import CommandResult, Meter, StatusShort
from chargelink.lora_socket.session import Received
from chargelink.model import Measured, Reading, SessionKind, SessionStarted, StopReason, Tariff
from chargelink.tariff import tariff_hash

Outcome = TypeVar("Outcome")

PLACES = {"A": Place.A, "B": Place.B}
HEADER = Header(Control(0), 0, 0, 0, 0)  # the frame has been opened: nobody looks at it any more
MEASURED: tuple[Measured | None, ...] = ("verified", "overdue", None)
POLL = 20_000  # ms between two readings of a gun's meter
CLOSELY = 60_000  # ms between two that are played where money may end; within them one each second is looked at
REACTION = (200, 1_000, 2_500)  # ms from the reading to contactors that are open


class Killed(Exception):  # noqa: N818 - says what happened
    """The edge is dead."""


class GunPlace:
    """A gun as `Places` starts it."""

    def __init__(self, site: "Site", gun: Gun) -> None:
        self._site, self._gun = site, gun

    async def start(self, tariff: Tariff, **agreed: Any) -> SessionStarted:
        """Begin. Raises RefusedError while it charges."""
        site, gun = self._site, self._gun
        if gun.session is not None:
            raise RefusedError("the gun charges")
        reading = Reading(at=site.clock.utc, register=gun.register)
        measured = site.random.choice(MEASURED)
        begun = await site.do(
            lambda: site.edge.sessions.begin(
                gun.name, SessionKind.DC, tariff, site.clock.utc, start=reading, measured=measured, **agreed
            )
        )
        if not begun.again:
            gun.close(begun.started.session_id)
            gun.power = site.random.choice((0, 7_000_000, 60_000_000, 120_000_000, 480_000_000))
            site.watched[begun.started.session_id] = Watched([reading], gun.power)
        return begun.started


class SocketPlace:
    """A socket as `Places` starts it."""

    def __init__(self, site: "Site", socket: Socket) -> None:
        self._site, self._socket = site, socket

    async def start(self, _: str, outlet: str, tariff: Tariff, **agreed: Any) -> SessionStarted:
        """Begin, and send the START. Raises StartRefused."""
        site, socket, place = self._site, self._socket, PLACES[outlet]
        started, start = await site.do(
            lambda: site.edge.charges.begin(socket.eui, place, tariff, site.clock.utc, **agreed)
        )
        if start is not None:
            await self._order(place, start)
        return started

    async def _order(self, place: Place, start: Start) -> None:
        """A START on the air: done and told, done and not told, or never heard."""
        site, socket = self._site, self._socket
        order = Order(place, start, until=0)
        fate = site.random.randrange(8)
        if fate == 0:
            site.edge.charges.expired(OrderExpired(socket.eui, order))
            return
        power = site.random.choice((40_000, 150_000, 320_000, 900_000))
        plugged = site.random.randrange(6) > 0
        done = plugged and socket.start(place, start, min(power, start.most_power), site.clock.utc)
        if fate == 1:
            site.edge.charges.expired(OrderExpired(socket.eui, order))
            return
        result = Result.OK if done else Result.NOT_PLUGGED
        state = OutletState.CHARGING if done else OutletState.IDLE
        answer = CommandResult(id=1, result=result, place=place, state=state, session=start.session)
        event = OrderAnswered(socket.eui, order, answer)
        await site.do(lambda: site.edge.charges.answered(event, site.clock.utc))


class Site:
    """The plant, the edge, and the prices that hold. Everything comes from `random`."""

    def __init__(self, seed: int, name: str, folder: Path, hub: HubEnd) -> None:
        self.seed, self.name, self.hub = seed, name, hub
        self.random = Random(seed)
        self.clock = Clock(documents.moment(self.random))
        self.guns = [Gun(f"gun-{number}", self.random.choice((0, 10**12 + seed))) for number in (1, 2)]
        self.sockets = [Socket(bytes(7) + bytes([number]), f"socket-{number}") for number in (1, 2)]
        self.watched: dict[str, Watched] = {}
        self.parked: set[str] = set()  # guns at which somebody stays who has charged
        self.counts: Counter[str] = Counter()
        self.peace = False
        names = {socket.eui: socket.name for socket in self.sockets}
        self.edge = EdgeEnd(name, folder, self.random, names, self.clock)
        self.line = Line(self.edge, hub, self.random)
        self.new_tariffs()

    # Prices

    def new_tariffs(self) -> None:
        """From now on; what runs keeps its price."""
        self.by_energy = self._tariff(self.random.choice(("periods", "periods", "periods", "perUse", "perTime")))
        self.for_sockets = self._tariff(self.random.choice(documents.SOLD))

    def _tariff(self, sold: str) -> Tariff:
        return msgspec.convert(documents.tariff(self.random, sold), Tariff)

    async def price(self, device: str, _: str | None) -> Priced:
        """What holds at a device now."""
        tariff = self.by_energy if device.startswith("gun") else self.for_sockets
        return Priced(tariff, tariff_hash(tariff))

    # The edge lives and dies

    async def do(self, work: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """Let the edge do something; now and then it dies before it is done, or before anybody hears of it."""
        fate = 2 if self.peace else self.random.randrange(150)
        if fate == 0:
            raise Killed
        outcome = await work()
        if fate == 1:
            raise Killed
        return outcome

    async def start(self) -> None:
        """The edge is there."""
        await self.edge.start()
        self.awake()

    def awake(self) -> None:
        """Its places are, too."""
        guns = {gun.name: cast(GunDriver, GunPlace(self, gun)) for gun in self.guns}
        sites = {socket.name: cast(SocketSite, SocketPlace(self, socket)) for socket in self.sockets}
        self.places = Places(guns, sites, self.price, self.edge.sessions, lambda: self.clock.utc)
        self.places.settled.set()
        around = cast(Surroundings, SimpleNamespace(journal=self.edge.journal, clock=lambda: self.clock.utc))
        self.stays = {gun.name: Occupancy(gun.name, around, longest=math.inf) for gun in self.guns}

    async def restart(self) -> None:
        """The guard opens the contactors of the guns; sockets go on. Then the edge is back, and reads the meters."""
        self.line.down()
        power_cut = self.random.randrange(3) == 0
        self._flow(self.random.choice((0, 300, 2_000)))
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
            self._flow(self.random.choice((0, 5_000, HOUR)))
        await self.edge.kill(torn=power_cut)
        self.counts["cuts of the power" if power_cut else "kills of the edge"] += 1
        registers = {gun.name: gun.register for gun in self.guns}
        names = {socket.name for socket in self.sockets}
        await self.edge.sessions.close_interrupted(self.clock.utc, registers, names)
        self.awake()

    # Energy

    async def pass_time(self, duration: int) -> None:
        """Energy flows, and a gun whose money is used up stops a little later. Without an edge nobody looks."""
        while duration > 0:
            limited = [gun for gun in self.guns if self._limited(gun)]
            step = min(duration, CLOSELY) if limited else duration
            for gun in limited:
                step = min(step, self._money_ends(gun, step) if gun.opens is None else gun.opens - self.clock.now)
            self._flow(step)
            duration -= step
            for gun in limited:
                if gun.opens is None and self._used_up(gun, 0):
                    gun.opens = self.clock.now + self.random.choice(REACTION)
                if gun.opens is not None and gun.opens <= self.clock.now:
                    await self.end(gun, StopReason.LOCAL_OUT_OF_CREDIT, fault=False)
                else:
                    await self.read(gun)
        for gun in self.guns:
            await self.look(gun)

    async def look(self, gun: Gun) -> None:
        """Is the car that has charged still there? Sees it, or that it has left."""
        stay = self.stays[gun.name]
        if gun.session is not None or gun.name not in self.parked:
            stay.leave()
        else:
            stay.look(True, self.clock.now / 1_000)
        await self.do(stay.write)

    def _limited(self, gun: Gun) -> bool:
        session = self.edge.sessions.get(gun.session or "")
        return gun.power > 0 and session is not None and session.most is not None

    def _money_ends(self, gun: Gun, within: int) -> int:
        """ms until a reading, one each second, says that the money is used up; at most `within`."""
        if not self._used_up(gun, within):
            return within
        seconds = range(1, -(-within // 1_000) + 1)
        return seconds[bisect_left(seconds, True, key=lambda second: self._used_up(gun, second * 1_000))] * 1_000

    def _used_up(self, gun: Gun, later: int) -> bool:
        self.clock.now += later
        reading = Reading(at=self.clock.utc, register=gun.register + gun.power * later // HOUR)
        used_up = self.edge.sessions.used_up(gun.session or "", reading)
        self.clock.now -= later
        return used_up

    def _flow(self, duration: int) -> None:
        self.clock.now += duration
        for gun in self.guns:
            gun.pass_time(duration)
        for socket in self.sockets:
            socket.pass_time(duration)

    async def read(self, gun: Gun) -> None:
        """The meter of a gun that charges is read."""
        session = gun.session or ""
        reading = Reading(at=self.clock.utc, register=gun.register)
        if await self.do(lambda: self.edge.sessions.read(session, reading, gun.power)):
            self.watched[session].readings.append(reading)

    async def end(self, gun: Gun, reason: StopReason, *, fault: bool) -> None:
        """A gun that charges stops; sometimes it is told twice."""
        session = gun.session or ""
        reading = Reading(at=self.clock.utc, register=gun.register)
        seen = self.watched[session]
        seen.readings.append(reading)
        whole, seen.whole = seen.whole, False  # if the edge dies over it, this reading is lost
        gun.open()
        ending = Ending(reason, "history", reading, fault=fault)
        running = self.edge.sessions.get(session)
        ended = await self.do(lambda: self.edge.sessions.end(session, self.clock.utc, ending))
        seen.whole = whole
        if running is not None:
            self.parked.add(gun.name)
            self.stays[gun.name].begin(ended, running.tariff)
            await self.look(gun)
        if self.random.randrange(3) == 0:
            later = Ending(StopReason.OTHER, "again", Reading(at=self.clock.utc + 1, register=gun.register + 1))
            assert await self.do(lambda: self.edge.sessions.end(session, self.clock.utc, later)) == ended

    # What sockets say

    async def report(self, socket: Socket) -> None:
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
        await self.show(socket)
        for settle in [*socket.waiting]:
            if self.random.randrange(4):
                await self.settle(socket, settle)

    async def show(self, socket: Socket) -> None:
        """What its outlets do."""
        states = [OutletState.CHARGING if place in socket.charges else OutletState.IDLE for place in PLACES.values()]
        flags = int(StatusFlags.MAINS | (StatusFlags.SETTLE_WAITING if socket.waiting else 0))
        await self._hear(socket, StatusShort(flags=flags, state_a=states[0], state_b=states[1], temperature=20))

    async def settle(self, socket: Socket, settle: Any) -> None:
        """A settlement is heard, and told again where the acknowledgement is lost."""
        while await self._hear(socket, settle) and settle in socket.waiting:
            if self.random.randrange(4):
                socket.waiting.remove(settle)

    async def _hear(self, socket: Socket, body: Any) -> bool:
        received = Received(Opened(HEADER, 0, None, body))
        wanted, _ = await self.do(lambda: self.edge.charges.told(Told(socket.eui, received), self.clock.utc))
        for _, place, stop in self.edge.charges.stops():
            if place in socket.charges and socket.charges[place].start.session == stop.session:
                socket.end(place, SocketReason.COMMAND)
        return wanted
