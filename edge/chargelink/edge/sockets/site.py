"""All sockets of a site behind one transmitter: who is polled when, and what goes before.

Sans-I/O: `receive` takes what the radio heard, `data_to_send` gives what it shall send, `deadline` is when to call
`tick`. `now` is in seconds of a clock that never runs backwards. One exchange at a time: a gateway that talks hears
nothing. In this order: joins, repetitions, acknowledgements, the time for who lacks it, commands, group keys, the
beacon, polls.

Storage: before counters and nonces are used they must be durable. Whenever `to_store` gives a document, its owner
writes it and then calls `stored`; what depends on it waits until then, everything else goes on.
"""

from collections.abc import Sequence

import msgspec

from chargelink.edge.sockets import events
from chargelink.edge.sockets.admission import Admission, JoinAnswer
from chargelink.edge.sockets.beacons import Beacons
from chargelink.edge.sockets.events import SiteEvent
from chargelink.edge.sockets.keys import SiteKeys
from chargelink.edge.sockets.memory import Memory, SocketMemory
from chargelink.edge.sockets.orders import Order, within
from chargelink.edge.sockets.plan import TURNAROUND, RadioPlan
from chargelink.edge.sockets.remote import MISSED, SILENT, RemoteSocket, Talk
from chargelink.edge.sockets.turns import Downlink, Turns
from chargelink.edge.sockets.watch import ForgeryWatch
from chargelink.lora_socket.channel import Reason
from chargelink.lora_socket.codes import Place, Result, StatusFlags
from chargelink.lora_socket.commands import Command
from chargelink.lora_socket.counters import EDGE_BLOCK, SendCounter
from chargelink.lora_socket.frame import JOINING, Header
from chargelink.lora_socket.kinds import Kind
from chargelink.lora_socket.messages import CommandResult, KeyUpdate, Status, StatusShort
from chargelink.lora_socket.session import Answered, Received, Refused, SessionEvent, Unanswered
from chargelink.wire import ChargelinkError, DecodeError, Message

LISTEN = 0.3  # s left free for a socket that says that a report waits
BUSY_CYCLE = 1.0  # s between two polls of a socket that charges, if the air has room
MISSED_AGAIN = 0.4  # s until a socket that missed a poll is polled again
SPARSE = 2  # times less often, while sockets are missing, those at rest are polled: joining needs free air
LOST_CYCLES = 3  # a lost socket is polled this many times less often
WAITING = StatusFlags.SETTLE_WAITING | StatusFlags.EVENT_WAITING


class Site:
    """The sockets in `roster` (EUIs) of the key file. `utc` is UTC minus `now`, in s; it may be set anew."""

    def __init__(
        self, keys: SiteKeys, roster: Sequence[bytes], plan: RadioPlan, memory: Memory, now: float, utc: float
    ) -> None:
        self.plan = plan
        self.memory = memory
        self.utc = utc
        chosen = {key.eui: key for key in keys.sockets if key.eui in roster}
        for eui in chosen:
            memory.sockets.setdefault(eui.hex(), SocketMemory())
        self.sockets = {
            eui: RemoteSocket(keys.net, key, plan.channel(index), memory.sockets[eui.hex()], now)
            for index, (eui, key) in enumerate(chosen.items())
        }
        self._by_address = {socket.address: socket for socket in self.sockets.values()}
        self._admission = Admission(keys.net, chosen, plan, memory)
        self._command_ids = SendCounter(memory.commands, EDGE_BLOCK)
        channels = sorted({plan.frequencies[socket.channel] for socket in self.sockets.values()})
        self._beacons = Beacons(keys, SendCounter(memory.group, EDGE_BLOCK), channels, now)
        self._turns = Turns(plan, self._beacons, self._command_ids, [*self.sockets.values()], now)
        self._watch = ForgeryWatch()
        self._joins: list[JoinAnswer] = []  # whose nonces are not on the disk yet
        self._changed = False
        self._promised: list[tuple[SendCounter, int]] = []
        self._stored_joins: list[JoinAnswer] = []

    @property
    def deadline(self) -> float:
        """When `tick` has something to do."""
        return self._turns.deadline

    def network_time(self, now: float) -> float:
        """Seconds since 1970, as sockets are told."""
        return now + self.utc

    def data_to_send(self) -> list[Downlink]:
        """What the gateway shall send at once, at most one packet."""
        return self._turns.data_to_send()

    def order(self, eui: bytes, place: Place, operation: Message, now: float) -> Order:
        """Have a command done, at once if the air is free.

        Raises KeyError for a socket that is not on the roster.
        """
        order = Order(place, operation, int(self.network_time(now)) + within(operation))
        self.sockets[eui].orders.append(order)
        return order

    def acknowledge(self, eui: bytes, received: Received) -> None:
        """An event or settlement is stored; its socket may forget it."""
        self.sockets[eui].to_acknowledge.append(received)

    def emergency_off(self, on: bool, now: float) -> None:
        """Switch everything off, and keep it off until an operator takes that back."""
        self._beacons.emergency_off(on, now)

    def to_store(self) -> bytes | None:
        """What must be on the disk before more is sent; None when everything is."""
        counters = [(talk.session.counter, talk.memory) for talk in self._talks()]
        self._promised = []
        for counter, conversation in counters:
            if (due := counter.due) is not None:
                conversation.reserved = due
                self._promised.append((counter, due))
        if (due := self._command_ids.due) is not None:
            self.memory.commands = due
            self._promised.append((self._command_ids, due))
        if (due := self._beacons.counter.due) is not None:
            self.memory.group = due
            self._promised.append((self._beacons.counter, due))
        if not self._changed and not self._promised:
            return None
        self._changed = False
        self._stored_joins, self._joins = self._joins, []
        return msgspec.json.encode(self.memory)

    def stored(self) -> None:
        """What `to_store` gave last is on the disk."""
        for counter, reserved in self._promised:
            counter.reserve(reserved)
        self._promised = []
        self._turns.joins.extend(self._stored_joins)
        self._stored_joins = []

    def receive(self, frame: bytes, frequency_hz: int, now: float) -> list[SiteEvent]:
        """Take a packet that a gateway heard. One that is refused is told, and changes nothing."""
        try:
            header = Header.decode(frame)
        except DecodeError as error:
            return [events.FrameRefused(0, None, str(error))]
        if header.kind == Kind.JOIN_REQ:
            return self._asked_to_join(frame, frequency_hz, now)
        socket = self._by_address.get(header.address)
        if socket is None or (socket.current is None and socket.offered is None):
            return [events.FrameRefused(header.address, Reason.NO_KEY, "no socket with a conversation")]
        heard = socket.hear(frame, now)
        return [told for event in heard for told in self._take(socket, event, now)]

    def tick(self, now: float) -> list[SiteEvent]:
        """Let time pass."""
        told: list[SiteEvent] = []
        if (missed := self._turns.missed(now)) is not None:
            told += self._not_answered(missed, now)
        if not self._turns.free(now):
            return told
        for socket in self.sockets.values():
            told += self._expire(socket, now)
            for talk in (socket.current, socket.offered):
                if talk is not None:
                    for event in talk.session.tick(now):
                        told += self._take(socket, event, now)
                    self._turns.repeat(socket, talk)
        self._turns.take(now, self.network_time(now))
        return told

    @property
    def _complete(self) -> bool:
        return all(socket.online for socket in self.sockets.values())

    def _talks(self) -> list[Talk]:
        both = [talk for socket in self.sockets.values() for talk in (socket.current, socket.offered)]
        return [talk for talk in both if talk is not None]

    def _asked_to_join(self, frame: bytes, frequency_hz: int, now: float) -> list[SiteEvent]:
        channels = {eui: socket.channel for eui, socket in self.sockets.items()}
        try:
            answer = self._admission.request(frame, frequency_hz, channels, int(self.network_time(now)), now)
        except ChargelinkError as error:  # theirs, or ours when all JoinNonces are used
            return [events.FrameRefused(JOINING, None, str(error))]
        socket = self.sockets[answer.eui]
        socket.offer(answer.conversation)
        socket.key_update = self._beacons.key_update()
        socket.poll_at = now
        self._joins.append(answer)
        self._changed = True
        return [events.SocketJoined(answer.eui)]

    def _take(self, socket: RemoteSocket, event: SessionEvent, now: float) -> list[SiteEvent]:
        match event:
            case Received():
                return self._received(socket, event, now)
            case Refused(reason=reason, detail=detail):
                refused = events.FrameRefused(socket.address, reason, detail)
                forged = self._watch.forged(socket.address, now) if reason is Reason.FORGED else None
                return [refused] if forged is None else [refused, events.UnderAttack(socket.address, forged)]
            case Answered(body=KeyUpdate()):
                socket.key_update = None
            case Unanswered(body=Command(id=number)):
                for order in socket.orders:
                    order.sent = order.sent and order.id != number
                socket.held = True
                socket.poll_at = now
            case Unanswered(body=KeyUpdate()):
                socket.key_sent, socket.held = False, True
        return []

    def _received(self, socket: RemoteSocket, received: Received, now: float) -> list[SiteEvent]:
        told: list[SiteEvent] = []
        socket.held = False
        if not socket.online:
            socket.online = True
            self._changed = True
            told.append(events.SocketOnline(socket.key.eui))
        body = received.body
        report_waits = False
        if isinstance(body, Status | StatusShort):
            report_waits = bool(body.flags & WAITING)
            if received.sound:
                socket.learn(body)
            socket.unsure = None if body.flags & StatusFlags.TIME_SYNCED else received.opened.counter
        self._turns.heard(socket, received.opened.kind, now + (LISTEN if report_waits else TURNAROUND))
        if received.opened.kind in (Kind.STATUS, Kind.STATUS_SHORT, Kind.METER):
            unknown = isinstance(body, StatusShort) and not socket.at_rest
            busy = 0.0 if unknown else min(BUSY_CYCLE, self.plan.cycle)
            calm = self.plan.cycle * (1 if self._complete else SPARSE)
            socket.poll_at = now + (calm if socket.at_rest else busy)
        if isinstance(body, CommandResult):
            return [*told, *self._answered(socket, body, received.opened.counter, now)]
        return [*told, events.Told(socket.key.eui, received)]

    def _answered(self, socket: RemoteSocket, answer: CommandResult, counter: int, now: float) -> list[SiteEvent]:
        order = next((order for order in socket.orders if order.id == answer.id), None)
        if order is None:
            return []
        socket.poll_at = now
        socket.outlets.pop(order.place, None)
        if answer.result == Result.NOT_SYNCED:
            order.id, order.sent, socket.held = None, False, True  # with its old id it would get its old answer
            socket.unsure = counter
            return []
        socket.orders.remove(order)
        return [events.OrderAnswered(socket.key.eui, order, answer)]

    def _not_answered(self, socket: RemoteSocket, now: float) -> list[SiteEvent]:
        """Nothing came back in time."""
        socket.missed += 1
        if socket.talk is not None:
            socket.talk.tries += 1
        soon = socket.missed < MISSED or socket.orders
        socket.poll_at = now + (MISSED_AGAIN if soon else self.plan.cycle)
        silent = now - socket.heard_at
        if not socket.online:
            invited = socket.talk is not None and socket.talk is socket.offered
            socket.poll_at = now + (MISSED_AGAIN if invited else LOST_CYCLES * self.plan.cycle)
        elif socket.missed >= MISSED and silent >= SILENT:
            socket.online = False
            socket.outlets.clear()
            return [events.SocketLost(socket.key.eui, silent)]
        return []

    def _expire(self, socket: RemoteSocket, now: float) -> list[SiteEvent]:
        late = [order for order in socket.orders if order.expired(int(self.network_time(now)))]
        for order in late:
            socket.orders.remove(order)
        return [events.OrderExpired(socket.key.eui, order) for order in late]
