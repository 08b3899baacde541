"""A simulated e-bike socket: two outlets, a clock, a flash memory, and LS1 towards its edge.

Sans-I/O: `receive` takes frames, `data_to_send` gives them with the manner in which the radio sends them, `deadline`
is the moment to call `tick`. `now` is in seconds of any clock that never runs backwards. Not simulated are parameters,
moving to another channel and USB ports: such orders are not answered, or refused.
"""

from random import Random
from typing import Any, NamedTuple

from chargelink.lora_socket.clock import NetworkClock
from chargelink.lora_socket.codes import (
    Answer,
    BeaconFlags,
    EventCode,
    Place,
    Severity,
    StopReason,
)
from chargelink.lora_socket.commands import RATED_OUTLET, Command
from chargelink.lora_socket.counters import KEYS_LAST
from chargelink.lora_socket.join import JoiningSocket
from chargelink.lora_socket.keys import GroupKey
from chargelink.lora_socket.messages import Beacon, Event, KeyUpdate, NetworkTime, Poll, Settle
from chargelink.lora_socket.session import Answered, Received, Role, Session
from chargelink.sim.sockets import reports
from chargelink.sim.sockets.ebike import Ebike
from chargelink.sim.sockets.flash import Conversation, Flash, Identity
from chargelink.sim.sockets.obedience import Obedience
from chargelink.sim.sockets.outlet import Ended, Outlet
from chargelink.sim.sockets.update import Update
from chargelink.wire import DecodeError

OUTLETS = (Place.A, Place.B)
LOOK = 1.0  # s between two looks at the loads
SILENT_AFTER = 60.0  # s without a frame of the edge: join again
JOIN_WAITS = (2.0, 3.0, 5.0, 8.0, 12.0, 15.0)  # s, each spread by half, so that a street does not join at once
MOST_EVENTS = 32
CONTACT_SENSOR = 1  # value of "sensor fault"
TOP_UP = 45 * 60_000  # ms that a full battery is left on


class Outgoing(NamedTuple):
    """A frame for the radio.

    `quick`: the edge waits for it, so it goes before reports that wait for a free channel. Those are dropped, as their
    counters are older; the session repeats them.
    """

    frame: bytes
    quick: bool
    frequency_hz: int


class Socket:
    """One socket, from its power-up on. `flash` is what a power cut leaves of it; `top_up` is in ms."""

    def __init__(
        self, identity: Identity, flash: Flash, join_frequency_hz: int, now: float, top_up: int = TOP_UP
    ) -> None:
        self.identity = identity
        self.flash = flash
        self.started_at = now
        self.bad_tags = 0
        self.no_new_starts = False
        self.outlets = {place: Outlet(place, round(now * 1000), RATED_OUTLET, top_up) for place in OUTLETS}
        self.events: list[Event] = []
        self._obedience = Obedience(self)
        self._update = Update(self, now)
        self._join_frequency = join_frequency_hz
        self._random = Random(identity.eui)  # noqa: S311 - spreads sockets in time
        self._outbox: list[Outgoing] = []
        self.clock = NetworkClock()
        self._event_ids = self._random.randrange(0x10000)
        self._session: Session | None = None
        self._joining: JoiningSocket | None = None
        self._join_tries = 0
        self._renewing = False  # joins for new keys, and goes on with the old ones meanwhile
        self._heard_at = now
        self._owed: int | None = None  # counter of an order that our next frame acknowledges
        self._join_at = now + self._random.uniform(0.0, JOIN_WAITS[0])
        self._look_at = now + LOOK
        if flash.conversation is not None:
            self._resume(flash.conversation, now)
        self.tell(EventCode.BOOT, Place.SOCKET, Severity.INFO, now, reports.POWER_ON)

    @property
    def joined(self) -> bool:
        """Whether it has keys for a conversation."""
        return self._session is not None

    @property
    def firmware(self) -> int:
        """The version that runs."""
        return self.identity.firmware if self.flash.firmware is None else self.flash.firmware

    @property
    def frequency_hz(self) -> int:
        """Where it listens."""
        conversation = self.flash.conversation
        if self._session is None or conversation is None or self._joining is not None:
            return self._join_frequency
        accept = conversation.accept
        return (accept.frequency_1, accept.frequency_2, accept.frequency_3)[accept.channel]

    @property
    def deadline(self) -> float:
        """When `tick` has something to do."""
        waits = [self._join_at, self._look_at]
        if self._session is not None and self._session.deadline is not None:
            waits.append(self._session.deadline)
        return min(waits)

    def network_time(self, now: float) -> int | None:
        """Seconds since 1970, None while the clock was not set."""
        known = self.clock.time(now)
        return None if known is None else int(known)

    def data_to_send(self) -> list[Outgoing]:
        """Frames for the radio, in order."""
        outbox, self._outbox = self._outbox, []
        return outbox

    def plug(self, place: Place, load: Ebike, now: float) -> None:
        """Somebody plugs a charger in."""
        self._advance(now)
        self.outlets[place].plug(load)
        self.tell(EventCode.PLUGGED, place, Severity.INFO, now)

    def unplug(self, place: Place, now: float) -> None:
        """Somebody pulls it out."""
        self._advance(now)
        self.outlets[place].unplug()
        self.tell(EventCode.UNPLUGGED, place, Severity.INFO, now)

    def battery_low(self, millivolts: int, now: float) -> None:
        """The battery that keeps the clock is nearly empty: somebody should bring another, all else goes on."""
        self.tell(EventCode.BATTERY_LOW, Place.SOCKET, Severity.WARNING, now, millivolts)

    def sensor_failed(self, place: Place, now: float) -> None:
        """The temperature of a contact is not known any more: its outlet is off until somebody clears the fault."""
        self._advance(now)
        outlet = self.outlets[place]
        outlet.fault = True
        ended = outlet.end(StopReason.SENSOR_FAULT)
        self.tell(EventCode.SENSOR_FAULT, place, Severity.TRIP, now, CONTACT_SENSOR)
        self._settle(place, ended, now)

    def tick(self, now: float) -> None:
        """Let time pass."""
        if self._look_at <= now:
            self._look_at = now + LOOK
            self._advance(now)
            self._update.tick(now)
            self._renew(now)
        if self._session is not None:
            self._session.tick(now)
            self._reserve()
            self._flush(quick=False)
        if self._join_at <= now:
            self._join(now)

    def receive(self, frame: bytes, now: float) -> None:
        """Take a frame from the air; most are somebody else's."""
        if self._joining is not None and self._accepted(frame, now):
            return
        if self._session is None:
            return
        for event in self._session.receive(frame, now):
            if isinstance(event, Answered):
                self._has(event.body)
            elif isinstance(event, Received):
                self._heard_at = now
                if not event.by_group:
                    self._update.heard()
                if not self._renewing:
                    self._joining = None
                    self._join_at = now + SILENT_AFTER
                self._hear(event, now)
        self.bad_tags = reports.bad_tags(self._session)
        if self.flash.conversation is not None:
            self.flash.conversation.heard = self._session.heard

    def tell(self, code: EventCode, place: Place, severity: Severity, now: float, value: int = 0) -> None:
        """Report something, now and until it is acknowledged."""
        self._event_ids = (self._event_ids + 1) % 0x10000
        event = Event(self._event_ids, code, place, severity, value, 0)
        self.events = [*self.events, event][-MOST_EVENTS:]
        self._report(event, now)

    def finish(self, place: Place, ended: Ended | None, now: float) -> None:
        """A charge is over: report what cut it off, then its settlement."""
        if ended is not None and ended.reason < StopReason.COMMAND and ended.reason is not StopReason.UNPLUGGED:
            self.tell(EventCode[ended.reason.name], place, Severity.TRIP, now)
        self._settle(place, ended, now)

    def _settle(self, place: Place, ended: Ended | None, now: float) -> None:
        """Write the settlement to flash, then report it."""
        if ended is None:
            return
        settle = reports.settle(place, ended, self.outlets[place].now, self.network_time(now))
        self.flash.settlements.append(settle)
        self._report(settle, now)

    def _advance(self, now: float) -> None:
        for place, outlet in self.outlets.items():
            self.finish(place, outlet.advance(round(now * 1000)), now)

    def _hear(self, received: Received, now: float) -> None:
        """Do what the edge asks; not if it makes no sense."""
        self._advance(now)
        body = received.body
        if isinstance(body, Beacon):
            self._heed(body, now)
        elif isinstance(body, NetworkTime):
            self.clock.told(body.network_time + body.fraction / 256, received.opened.acknowledges, now)
        elif isinstance(body, Command):
            self._answer(self._obedience.obey(body, received.sound, now), now)
        elif isinstance(body, Poll):
            self._polled(body, now)
        elif isinstance(body, KeyUpdate) and not body.of_device:
            self._owed = received.opened.counter
            self._follow(GroupKey(body.key, body.epoch), body.counter_floor)
            self._answer(reports.status_short(self), now)
        elif received.sound and (answer := self._update.take(body, now)) is not None:
            self._owed = received.opened.counter
            self._answer(answer, now)

    def _polled(self, poll: Poll, now: float) -> None:
        """Answer; then, as the edge listens a while to who said that reports wait, send the one that waits longest."""
        answers: dict[Any, Any] = {
            Answer.SHORT: lambda: reports.status_short(self),
            Answer.METER_A: lambda: reports.meter(self, Place.A),
            Answer.METER_B: lambda: reports.meter(self, Place.B),
            Answer.INFO: lambda: reports.info(self, now),
        }
        body = answers.get(poll.answer, lambda: reports.status(self))()
        self._answer(body, now)
        if self._session is not None and self._session.deadline is not None:
            self._session.tick(max(now, self._session.deadline))
            self._flush(quick=True)

    def _heed(self, beacon: Beacon, now: float) -> None:
        self.clock.beacon(beacon.network_time + beacon.fraction / 256, now)
        self.no_new_starts = beacon.has(BeaconFlags.NO_NEW_STARTS)
        if beacon.has(BeaconFlags.EMERGENCY_OFF):
            for place, outlet in self.outlets.items():
                self.finish(place, outlet.end(StopReason.EMERGENCY_OFF), now)

    def _has(self, body: object) -> None:
        """The edge has a report."""
        if isinstance(body, Settle) and body in self.flash.settlements:
            self.flash.settlements.remove(body)
        elif isinstance(body, Event) and body in self.events:
            self.events.remove(body)

    def _answer(self, body: Any, now: float) -> None:
        if self._session is not None:
            self.clock.answered(self._session.counter.next, now)
            self._session.send(body, now, acknowledge=self._owed)
            self._owed = None
            self._reserve()
            self._flush(quick=True)

    def _report(self, body: Event | Settle, now: float) -> None:
        if self._session is not None:
            self._session.send(body, now)
            self._reserve()
            self._flush(quick=False)

    def _flush(self, *, quick: bool) -> None:
        if self._session is not None:
            frames = self._session.data_to_send()
            self._outbox += [Outgoing(frame, quick, self.frequency_hz) for frame in frames]

    def _reserve(self) -> None:
        """Write the counters that may be used next to flash."""
        if self._session is not None and (due := self._session.counter.due) is not None:
            assert self.flash.conversation is not None
            self.flash.conversation.reserved = due
            self._session.counter.reserve(due)

    def _follow(self, key: GroupKey, floor: int) -> None:
        self.flash.group = (key, floor)
        if self._session is not None:
            self._session.follow_group(key, floor)

    def _renew(self, now: float) -> None:
        """Join anew once the keys are old or worn; not all sockets of a site in one moment."""
        conversation, network_time = self.flash.conversation, self.network_time(now)
        if self._session is None or conversation is None or self._renewing:
            return
        old = network_time is not None and network_time - conversation.accept.network_time >= KEYS_LAST
        if old or self._session.worn:
            self._renewing = True
            self._join_at = min(self._join_at, now + self._random.uniform(0.0, SILENT_AFTER))

    def _join(self, now: float) -> None:
        """Ask to be let in; the DevNonce is in flash before it is used."""
        tries = JOIN_WAITS[min(self._join_tries, len(JOIN_WAITS) - 1)]
        self._join_tries += 1
        self._join_at = now + tries * self._random.uniform(0.75, 1.25)
        identity = self.identity
        self._joining = JoiningSocket(identity.device_key, identity.eui, identity.net, self.flash.dev_nonce)
        frame = self._joining.request(identity.model, self.firmware, identity.capabilities, reports.POWER_ON)
        self.flash.dev_nonce = self._joining.dev_nonce
        self._outbox.append(Outgoing(frame, False, self._join_frequency))

    def _accepted(self, frame: bytes, now: float) -> bool:
        assert self._joining is not None
        try:
            joined = self._joining.receive(frame)
        except DecodeError:
            return False
        net = int.from_bytes(frame[2:4], "little")
        self.flash.conversation = Conversation(net, joined.keys, joined.accept)
        self.flash.group = None
        self._joining = None
        self.clock.joined(float(joined.accept.network_time), now)
        self._resume(self.flash.conversation, now)
        return True

    def _resume(self, conversation: Conversation, now: float) -> None:
        """Talk under these keys, and tell everything again that was not acknowledged."""
        self._session = Session(
            Role.SOCKET,
            conversation.net,
            conversation.accept.address,
            conversation.keys,
            reserved=conversation.reserved,
            heard=conversation.heard,
        )
        self._reserve()
        if self.flash.group is not None:
            self._session.follow_group(*self.flash.group)
        self._join_tries = 0
        self._renewing = False
        self._join_at = now + SILENT_AFTER
        for settle in self.flash.settlements:
            self._report(settle, now)
        for event in self.events:
            self._report(event, now)
