"""Whose turn it is on the one transmitter. An exchange ends with its answer, or when that cannot come any more."""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from chargelink.edge.sockets.admission import JoinAnswer
from chargelink.edge.sockets.beacons import Beacons, clock
from chargelink.edge.sockets.plan import ANSWER_SLACK, TURNAROUND, RadioPlan
from chargelink.edge.sockets.remote import RemoteSocket, Talk
from chargelink.lora_socket.codes import Answer
from chargelink.lora_socket.counters import SendCounter
from chargelink.lora_socket.frame import EVERYONE, JOINING
from chargelink.lora_socket.kinds import Kind
from chargelink.lora_socket.messages import NetworkTime, Poll
from chargelink.lora_socket.session import ORDER_WAITS

IDLE = 0.25  # s at most until somebody looks again, with nothing due
RESTING = 0.005  # s at least between two looks
ROOM_EVERY = 4.0  # s: so often, while sockets are missing, the air is left free
ROOM = 0.5  # s for a JOIN_REQ and a bit of chance
LENGTHS = {Answer.STATUS: 35, Answer.SHORT: 18, Answer.METER_A: 27, Answer.METER_B: 27, Answer.INFO: 35}
RESULT_LENGTH = 24  # bytes of CMD_RES; what answers another order is not longer
REPORTS = (Kind.EVENT, Kind.SETTLE)


class Downlink(NamedTuple):
    """A packet for the gateway to send at once; `address` is whom it is for."""

    address: int
    frequency_hz: int
    spreading_factor: int
    power_dbm: int
    frame: bytes


class Turns:
    """The order of exchanges, and the one that is under way."""

    def __init__(
        self,
        plan: RadioPlan,
        beacons: Beacons,
        command_ids: SendCounter,
        sockets: Sequence[RemoteSocket],
        now: float,
    ) -> None:
        self.joins: deque[JoinAnswer] = deque()
        self._plan = plan
        self._beacons = beacons
        self._command_ids = command_ids
        self._sockets = sockets
        self._repeated: deque[tuple[RemoteSocket, bytes]] = deque()
        self._outbox: list[Downlink] = []
        self._free_at = now
        self._awaited: RemoteSocket | None = None
        self._looked_at = now - IDLE
        self._room_at = now + ROOM_EVERY

    @property
    def deadline(self) -> float:
        """When something can be sent, or an answer is overdue."""
        return max(self._free_at, self._wanted(), self._looked_at + RESTING)

    def data_to_send(self) -> list[Downlink]:
        """What is to be sent now."""
        outbox, self._outbox = self._outbox, []
        return outbox

    def free(self, now: float) -> bool:
        """Whether no exchange is under way."""
        return now >= self._free_at

    def missed(self, now: float) -> RemoteSocket | None:
        """The socket whose answer is overdue; told once."""
        if self._awaited is None or now < self._free_at:
            return None
        missed, self._awaited = self._awaited, None
        return missed

    def heard(self, socket: RemoteSocket, kind: Kind, free_at: float) -> None:
        """A socket said something: if that was its answer, the air is free from `free_at` on."""
        if socket is self._awaited and kind not in REPORTS:
            self._awaited = None
            self._free_at = free_at

    def repeat(self, socket: RemoteSocket, talk: Talk) -> None:
        """Send what a session wants repeated."""
        self._repeated.extend((socket, frame) for frame in talk.session.data_to_send())

    def take(self, now: float, network_time: float) -> None:
        """Begin the next exchange, if there is one to begin."""
        self._looked_at = now
        _ = (
            self._join(now)
            or self._repeat(now)  # first, as its counter is the older one
            or self._acknowledge(now)
            or self._time(now, network_time)
            or self._order(now, network_time)
            or self._key(now)
            or self._beacon(now, network_time)
            or self._room(now)
            or self._poll(now)
        )

    def _wanted(self) -> float:
        """When there is something to do, not asking whether the air is free."""
        if self._awaited is not None:
            return self._free_at
        urgent = self.joins or self._repeated or any(map(_urgent, self._sockets))
        if urgent:
            return self._free_at
        sessions = [
            talk.session.deadline
            for socket in self._sockets
            for talk in (socket.current, socket.offered)
            if talk is not None and talk.session.deadline is not None
        ]
        polls = [socket.poll_at for socket in self._sockets if socket.talk is not None]
        return min([*sessions, *polls, self._beacons.deadline, self._looked_at + IDLE])

    def _join(self, now: float) -> bool:
        while self.joins:
            answer = self.joins.popleft()
            if answer.until > now:
                self._send(JOINING, answer.frequency_hz, answer.frame, now)
                return True
        return False

    def _acknowledge(self, now: float) -> bool:
        for socket in self._sockets:
            if socket.to_acknowledge and socket.current is not None and socket.current.session.counter.ready:
                socket.current.session.acknowledge(socket.to_acknowledge.popleft(), now)
                self._flush(socket, socket.current, now, None)
                return True
        return False

    def _time(self, now: float, network_time: float) -> bool:
        """Tell the time to a socket that has just shown that it does not know it."""
        for socket in self._sockets:
            if socket.unsure is not None and socket.current is not None and socket.current.session.counter.ready:
                body = NetworkTime(*clock(network_time))
                socket.current.session.send(body, now, acknowledge=socket.unsure)
                socket.unsure = None
                self._flush(socket, socket.current, now, None)
                return True
        return False

    def _repeat(self, now: float) -> bool:
        if not self._repeated:
            return False
        socket, frame = self._repeated.popleft()
        self._send(socket.address, self._plan.frequencies[socket.channel], frame, now, socket, RESULT_LENGTH)
        return True

    def _order(self, now: float, network_time: float) -> bool:
        for socket in self._sockets:
            talk = socket.talk
            if talk is None or socket.held or not socket.orders or not talk.session.counter.ready:
                continue
            first = socket.orders[0]
            if not first.sent and (first.id is not None or self._command_ids.ready):
                first.id = self._command_ids.take() & 0xFFFF if first.id is None else first.id
                first.sent = True
                talk.session.send(first.command(int(network_time)), now)
                self._flush(socket, talk, now, RESULT_LENGTH)
                return True
        return False

    def _key(self, now: float) -> bool:
        """Tell a socket the group key, once it is known to hear us."""
        for socket in self._sockets:
            talk = socket.current
            wanted = socket.key_update is not None and not socket.key_sent and not socket.held and socket.online
            if wanted and talk is not None and talk.session.counter.ready:
                socket.key_sent = True
                socket.key_update = self._beacons.key_update()
                talk.session.send(socket.key_update, now)
                self._flush(socket, talk, now, RESULT_LENGTH)
                return True
        return False

    def _beacon(self, now: float, network_time: float) -> bool:
        beacon = self._beacons.next(now, network_time, self._plan.cycle)
        if beacon is not None:
            self._send(EVERYONE, *beacon, now)
        return beacon is not None

    def _room(self, now: float) -> bool:
        """Leave the air free now and then for sockets that want to join."""
        if now < self._room_at or all(socket.online for socket in self._sockets):
            return False
        self._room_at = now + ROOM_EVERY
        self._free_at = now + ROOM
        return True

    def _poll(self, now: float) -> bool:
        due = [socket for socket in self._sockets if socket.poll_at <= now and socket.talk is not None]
        for socket in sorted(due, key=_longest_due):
            talk = socket.talk
            if talk is not None and talk.session.counter.ready:
                question = socket.question()
                talk.session.send(Poll(question), now)
                self._flush(socket, talk, now, LENGTHS[question])
                return True
        return False

    def _flush(self, socket: RemoteSocket, talk: Talk, now: float, answer: int | None) -> None:
        """Send the frame that a session has just sealed; `answer`: bytes of what comes back, None for nothing."""
        for frame in talk.session.data_to_send():
            frequency_hz = self._plan.frequencies[socket.channel]
            self._send(socket.address, frequency_hz, frame, now, None if answer is None else socket, answer or 0)

    def _send(
        self,
        address: int,
        frequency_hz: int,
        frame: bytes,
        now: float,
        awaited: RemoteSocket | None = None,
        answer: int = 0,
    ) -> None:
        plan = self._plan
        self._outbox.append(Downlink(address, frequency_hz, plan.spreading_factor, plan.power_dbm, frame))
        self._awaited = awaited
        self._free_at = now + plan.lasts(len(frame)) + TURNAROUND
        if awaited is not None:
            self._free_at += plan.lasts(answer) + ANSWER_SLACK
        if answer == RESULT_LENGTH:
            self._free_at = max(self._free_at, now + ORDER_WAITS[0])  # its repetition follows without a poll between


def _longest_due(socket: RemoteSocket) -> tuple[bool, float]:
    """First those whom a command waits for."""
    return not socket.orders, socket.poll_at


def _urgent(socket: RemoteSocket) -> bool:
    """Whether a socket is to be told something before anybody is polled."""
    if socket.to_acknowledge or (socket.unsure is not None and socket.current is not None):
        return True
    return bool(socket.orders) and not socket.orders[0].sent and not socket.held and socket.talk is not None
