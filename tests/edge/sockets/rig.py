"""The yard's edge with a ledger."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec
from tests.edge.ledger.opened import open_journal
from tests.edge.sockets.test_site import QUICK
from tests.edge.sockets.yard import A, Yard, eui

from chargelink.edge.ledger import Sessions
from chargelink.edge.ledger.elapsed import Moment
from chargelink.edge.sockets import events
from chargelink.edge.sockets.charges import Charges
from chargelink.edge.sockets.memory import Memory
from chargelink.link.messages import RECORD_LANE, Caps, Sample
from chargelink.lora_socket.messages import Settle
from chargelink.model import (
    Alarm,
    Authorisation,
    AuthorisedBy,
    Period,
    SessionEnded,
    SessionStarted,
    Tariff,
)

TARIFF = Tariff("flat", 1, periods=(Period("00:00", "24:00", "flat", 60_000, 40_000),))
NO_CAPS = Caps()


class Edge:
    """The yard's edge with a ledger; `crash` and `restart` as a power cut would."""

    def __init__(self, yard: Yard, path: Path) -> None:
        self.yard = yard
        self.path = path
        self.samples: list[Sample] = []
        self.alarms: list[Alarm] = []
        self.ended: list[SessionEnded] = []
        yard.acknowledging = False
        self.settled: dict[int, int] = {}  # mWh by the number of the session
        self.drawn = 0

    async def wake(self) -> None:
        self.journal = open_journal(self.path)
        self.sessions = Sessions(self.journal, "edge-1", self.entropy, elapsed=self.elapsed)
        await self.sessions.load()
        names = {key: f"socket-{socket.address}" for key, socket in self.yard.site.sockets.items()}
        self.charges = Charges(names, self.sessions, self.alarm, self.samples.append, self.entropy, QUICK)
        self.charges.resume()

    def entropy(self, length: int) -> bytes:
        self.drawn += 1
        return hashlib.sha256(self.drawn.to_bytes(8, "big")).digest()[:length]

    def elapsed(self) -> Moment:
        return Moment("yard", int(self.yard.now * 1000))

    async def alarm(self, alarm: Alarm) -> None:
        self.alarms.append(alarm)
        await self.journal.append(alarm, alarm.at)

    async def crash(self) -> None:
        await self.journal.close()
        self.yard.awake(msgspec.json.decode(self.yard.saved, type=Memory))
        await self.wake()

    async def join_anew(self) -> None:
        """The hub is ahead: a new epoch, without the conversations of the life before, as the driver does it."""
        old = await self.journal.position()
        new = await self.journal.reconcile(RECORD_LANE, old.last + 1, bytes(32))
        memory = msgspec.json.decode(self.yard.saved, type=Memory)
        memory.life = old.epoch
        self.yard.awake(memory.in_life(new.epoch))
        for socket, place, stop in self.charges.orders_lost():
            self.yard.site.order(socket, place, stop, self.yard.now)

    async def start(
        self,
        number: int = 1,
        remote: int | None = None,
        caps: Caps = NO_CAPS,
        tariff: Tariff = TARIFF,
        authorisation: Authorisation | None = None,
    ) -> SessionStarted:
        started, start = await self.charges.begin(
            eui(number),
            A,
            tariff,
            self.yard.utc_ms,
            authorised_by=AuthorisedBy.REMOTE,
            remote_start_id=remote,
            caps=caps,
            authorisation=authorisation,
        )
        if start is not None:
            self.yard.site.order(eui(number), A, start, self.yard.now)
        return started

    async def run(self, until: Callable[[], bool], limit: float = 600.0) -> None:
        end = self.yard.now + limit
        while not until():
            assert self.yard.now < end, "it did not come to that"
            for event in self.yard.step():
                await self.take(event)

    async def after(self, seconds: float) -> None:
        end = self.yard.now + seconds
        await self.run(lambda: self.yard.now >= end, seconds + 1)

    async def take(self, event: events.SiteEvent) -> None:
        now = self.yard.utc_ms
        match event:
            case events.Told(eui=who, received=received):
                if isinstance(received.body, Settle):
                    self.settled[received.body.session] = received.body.energy
                wanted, ended = await self.charges.told(event, now)
                self.ended += ended
                if wanted:
                    self.yard.site.acknowledge(who, received)
            case events.OrderAnswered():
                refused = await self.charges.answered(event, now)
                self.ended += [] if refused is None else [refused]
            case events.OrderExpired():
                self.charges.expired(event)
        for socket, place, stop in self.charges.stops():
            self.yard.site.order(socket, place, stop, self.yard.now)
