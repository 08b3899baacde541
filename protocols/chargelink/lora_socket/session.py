"""A conversation between a socket and its edge, from one join to the next. One class, either side.

Sans-I/O: `receive` gives events, `data_to_send` frames, `deadline` the moment to call `tick`. `now` is in seconds
of any clock that never runs backwards. What must be answered is repeated, each time as a new frame under a new
counter: reports until they are acknowledged, orders three times. Nothing is acknowledged by itself: `acknowledge` is
called once the matter is in durable storage.
"""

from collections import Counter
from enum import Enum
from itertools import chain, repeat
from typing import Any, NamedTuple

from chargelink.lora_socket.channel import Opened, Reason, Receiver, RefusedError, Sender
from chargelink.lora_socket.commands import Command
from chargelink.lora_socket.counters import EDGE_BLOCK, RENEW_AT, SOCKET_BLOCK, SendCounter
from chargelink.lora_socket.frame import EVERYONE, GROUPS, Control, Header
from chargelink.lora_socket.keys import GroupKey, SessionKeys
from chargelink.lora_socket.kinds import RULE_OF_BODY, Body
from chargelink.lora_socket.messages import Acknowledgement, CommandResult, Event, Settle, SettlementReceipt
from chargelink.wire import DecodeError, EncodeError

REPORT_WAITS = (0.3, 1.0, 3.0)  # s that a report of a socket waits for its answer, the first times
REPORT_WAITS_ON = 30.0  # s, every later time
ORDER_WAITS = (0.4, 0.4, 0.4)  # s that an order of an edge waits; after three times its owner decides


class Role(Enum):
    """Which side we are."""

    EDGE = "edge"
    SOCKET = "socket"


class Received(NamedTuple):
    """A frame of the other side. `sound` tells whether it may be obeyed: its body makes sense throughout."""

    opened: Opened
    by_group: bool = False

    @property
    def body(self) -> Any:
        """The message."""
        return self.opened.body

    @property
    def sound(self) -> bool:
        """Whether the body has no flaw."""
        return not self.opened.body.flaws


class Refused(NamedTuple):
    """A frame that is not obeyed, and why; counted in `Session.refused`."""

    reason: Reason
    detail: str
    frame: bytes


class Answered(NamedTuple):
    """The other side has what we sent: a report was acknowledged, an order acknowledged or, a CMD, answered."""

    body: Body


class Unanswered(NamedTuple):
    """An order that was sent three times without an answer. Whether it was done is unknown."""

    body: Body


SessionEvent = Received | Refused | Answered | Unanswered


class _Waiting:
    """Something to be sent until it is answered."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.counts: set[int] = set()  # of the frames that carried it
        ordered = RULE_OF_BODY[type(body)].down
        self.waits = iter(ORDER_WAITS) if ordered else chain(REPORT_WAITS, repeat(REPORT_WAITS_ON))
        self.due = 0.0

    def wait(self, now: float) -> bool:
        """Wait for an answer from now on; False when there was waiting enough."""
        pause = next(self.waits, None)
        self.due = now + (pause or 0.0)
        return pause is not None


class Session:
    """One side of one conversation.

    `reserved` and `heard` come from durable storage: the counters reserved for us, the last counter accepted.
    `counter` is ours; see `SendCounter` for what its owner must do before the first frame and from time to time.
    """

    def __init__(
        self, role: Role, net: int, address: int, keys: SessionKeys, *, reserved: int = 0, heard: int = -1
    ) -> None:
        self.role = role
        self.net = net
        edge = role is Role.EDGE
        self.counter = SendCounter(reserved, EDGE_BLOCK if edge else SOCKET_BLOCK)
        ours, theirs = (keys.down, keys.up) if edge else (keys.up, keys.down)
        self._sender = Sender(ours, net, address, keys.join_nonce, self.counter, down=edge)
        self._receiver = Receiver(theirs, net, frozenset({address}), keys.join_nonce, heard, down=not edge)
        self._group: Receiver | None = None
        self.refused: Counter[Reason] = Counter()
        self._outbox: list[bytes] = []
        self._waiting: list[_Waiting] = []

    @property
    def heard(self) -> int:
        """Counter of the last frame accepted, -1 for none."""
        return self._receiver.last

    @property
    def worn(self) -> bool:
        """Whether either direction has come so far that new keys are due: the socket joins anew."""
        return max(self.counter.next, self.heard) >= RENEW_AT

    @property
    def deadline(self) -> float | None:
        """When `tick` has something to do, None when nothing waits for an answer."""
        return min((waiting.due for waiting in self._waiting), default=None)

    def follow_group(self, key: GroupKey, counter_floor: int, groups: frozenset[int] = frozenset(GROUPS)) -> None:
        """Socket: hear group frames under a key from KEY_UPDATE, counted from `counter_floor`.

        Raises EncodeError for an edge, which sends them.
        """
        if self.role is Role.EDGE:
            raise EncodeError("an edge sends group frames")
        addresses = groups | {EVERYONE}
        self._group = Receiver(key.key, self.net, addresses, 0, counter_floor - 1, down=True, group=True)

    def send(self, body: Body, now: float, *, acknowledge: int | None = None, more: bool = False) -> None:
        """Queue a message, to be repeated if its type is. `acknowledge`: the counter of a frame received.

        Raises EncodeError for what does not travel this way, or when no counter is reserved.
        """
        self._send(body, now, acknowledge, more, checked=True)

    def _send(self, body: Body, now: float, acknowledge: int | None, more: bool, *, checked: bool) -> None:
        count = None if acknowledge is None else acknowledge & 0xFFFF
        frame = self._sender.seal(body, acknowledge=count, more=more, checked=checked)
        self._outbox.append(frame)
        if RULE_OF_BODY[type(body)].answered:
            waiting = _Waiting(body)
            waiting.counts.add(Header.decode(frame).counter_low)
            waiting.wait(now)
            self._waiting.append(waiting)

    def acknowledge(self, received: Received, now: float, *, more: bool = False) -> None:
        """Edge: an EVENT or SETTLE received is in durable storage. Raises EncodeError for anything else."""
        body = received.body
        if isinstance(body, Settle):
            answer = Acknowledgement((SettlementReceipt.of(body),))
        elif isinstance(body, Event):
            answer = Acknowledgement()
        else:
            raise EncodeError(f"{type(body).__name__} is not acknowledged by ACK")
        # A receipt repeats what the socket wrote: one that makes no sense to us must not be sent again for ever.
        self._send(answer, now, received.opened.counter, more, checked=False)

    def data_to_send(self) -> list[bytes]:
        """Frames for the radio, in order."""
        outbox, self._outbox = self._outbox, []
        return outbox

    def receive(self, frame: bytes, now: float) -> list[SessionEvent]:
        """Take a frame. One that is refused changes nothing but the count of its reason."""
        by_group = _is_group(frame)
        try:
            if by_group and self._group is None:
                raise RefusedError(Reason.NO_KEY)
            receiver = self._group if by_group and self._group is not None else self._receiver
            opened = receiver.open(frame)
        except RefusedError as error:
            self.refused[error.reason] += 1
            return [Refused(error.reason, str(error), frame)]
        return [Received(opened, by_group), *map(Answered, self._answered_by(opened))]

    def tick(self, now: float) -> list[SessionEvent]:
        """Let time pass: what is due is sent again, under a new counter."""
        events: list[SessionEvent] = []
        for waiting in [waiting for waiting in self._waiting if waiting.due <= now]:
            if not waiting.wait(now):
                self._waiting.remove(waiting)
                events.append(Unanswered(waiting.body))
            elif self.counter.ready:
                frame = self._sender.seal(waiting.body)
                waiting.counts.add(Header.decode(frame).counter_low)
                self._outbox.append(frame)
        return events

    def _answered_by(self, opened: Opened) -> list[Body]:
        answered = [waiting for waiting in self._waiting if _answers(opened, waiting)]
        self._waiting = [waiting for waiting in self._waiting if waiting not in answered]
        return [waiting.body for waiting in answered]


def _is_group(frame: bytes) -> bool:
    try:
        return Control.GROUP in Header.decode(frame).control
    except DecodeError:
        return False


def _answers(opened: Opened, waiting: _Waiting) -> bool:
    """Whether a frame settles something sent before."""
    body = waiting.body
    if isinstance(body, Command):
        return isinstance(opened.body, CommandResult) and opened.body.id == body.id
    if isinstance(body, Settle):
        return isinstance(opened.body, Acknowledgement) and SettlementReceipt.of(body) in opened.body.receipts
    return opened.acknowledges in waiting.counts
