"""What the two ends of a charge share: a table of states, messages that repeat themselves, waits, and the transport.

A state is a `Row`: which messages it `says` again and again, each at its period of the catalogue; what it `waits` for
and how long; where a trigger `moves` it; and what it `wants` of the device meanwhile. A trigger is a message ("BRM", or
"BRO(AA)" where the value decides), a command of the device ("ready"), or the end of a wait. What a row does not name
changes nothing.

    for event in dialogue.receive(identifier, data, now): ...
    for frame in dialogue.data_to_send(): ...
    ... dialogue.tick(now) when `dialogue.deadline` is reached

Times are seconds of any clock that never goes backwards. A wait that two states have in common goes on when one leads
to the other; a message of the wrong type never feeds one (GB/T 34658, DN.2004). Messages are told apart by PGN and
addresses, never by priority, for old devices use others.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import ClassVar, NamedTuple

import msgspec

from chargelink.gbt27930.catalogue import BY_NAME, BY_PGN, MESSAGES, TRANSPORTED_ABOVE, Edition, Entry, Sender
from chargelink.gbt27930.faults import FaultClass
from chargelink.gbt27930.identifier import BMS, CHARGER
from chargelink.gbt27930.transport import Endpoint, Frame, Received
from chargelink.gbt27930.transport.frames import ADDRESSED
from chargelink.wire import DecodeError, Message

FULL_FRAME = 8  # bytes: a message of the transport that is short enough travels padded (J1939-21, 5.10.5.2)
ADDRESSES = {Sender.CHARGER: CHARGER, Sender.BMS: BMS}
END = "end"  # the command that ends a dialogue from any state


class Wait(NamedTuple):
    """`then` is the trigger when no trigger of `fed_by` came for `seconds`, counted from the entry of the state."""

    name: str
    seconds: float
    then: str
    fed_by: tuple[str, ...] = ()


class Row(NamedTuple):
    """One state of a table; `wants` is what the device is to hold while it lasts, everything else is off."""

    says: tuple[str, ...]
    waits: tuple[Wait, ...]
    moves: Mapping[str, StrEnum]
    wants: frozenset[StrEnum] = frozenset()


class Event(msgspec.Struct, frozen=True):
    """Something that the device has to know."""


class Stopped(Event, frozen=True):
    """The charge stops: who decided it, and the raised fields of its CST or BST."""

    by: Sender
    causes: tuple[str, ...]


class Failed(Event, frozen=True):
    """The dialogue broke: who says so, and the raised fields of its CEM or BEM, or what else it was."""

    by: Sender
    missing: tuple[str, ...]


class Unreadable(Event, frozen=True):
    """A message of the peer that lacks bytes, or whose values cannot be; it was not obeyed and fed no wait."""

    message: str
    payload: bytes
    why: str


class Reconnecting(Event, frozen=True):
    """After a failure both ends begin anew with CRM(00), for the `attempt`-th time (1..3; annex C, note 2)."""

    attempt: int


class Ended(Event, frozen=True):
    """The dialogue is over, well or not: nothing is sent any more. `fault` says what must happen before the next."""

    fault: FaultClass | None = None


class Dialogue(ABC):
    """One end of a charge; `Charger` and `Vehicle` say what their messages mean."""

    table: ClassVar[Mapping[StrEnum, Row]]
    side: ClassVar[Sender]
    over: ClassVar[StrEnum]  # the state in which it has ended
    # Messages that the device acts upon have to make sense, but for these fields (by their shown names).
    obeyed: ClassVar[Mapping[str, frozenset[str]]]

    def __init__(self, now: float, state: StrEnum, endpoint: Endpoint) -> None:
        self.state = state
        self.edition = Edition.OF_2015  # in which the peer is spoken to
        self.attempts = 0  # reconnections so far
        self.fault: FaultClass | None = None  # what a failure asks for before the next charge
        self.unread: Counter[str] = Counter()  # messages of the peer that were not obeyed, by name
        self._endpoint = endpoint
        self._short = SHORT[self.side.opposite]
        self._beats: dict[str, float] = {}  # when a message is due again
        self._told: dict[str, Message | None] = {}  # how a message was last said
        self._timers: dict[str, float] = {}  # when a wait is over
        self._outgoing: list[Frame] = []
        self._enter(state, now)

    @property
    def deadline(self) -> float | None:
        """When `tick` wants to be called; None while there is nothing to wait for."""
        due = [*self._timers.values(), *self._beats.values()]
        if self._endpoint.deadline is not None:
            due.append(self._endpoint.deadline)
        return min(due, default=None)

    def data_to_send(self) -> list[Frame]:
        """Take the frames that are to be sent, in order: the answer to a long message before what follows from it."""
        frames, self._outgoing = self._outgoing, []
        return self._endpoint.data_to_send() + frames

    def receive(self, identifier: int, data: bytes, now: float) -> list[Event]:
        """Take any frame of the bus, with its 29-bit identifier; what is not for this end is ignored.

        So is everything before the beginning and after the end, or the transport would answer.
        """
        if not self._row.says and not self._row.waits:
            return []
        entry = self._short.get(identifier & ADDRESSED)
        if entry is not None:
            return self._read(entry, data, now)
        events: list[Event] = []
        for carried in self._endpoint.receive(identifier, data, now):
            if isinstance(carried, Received) and carried.pgn in BY_PGN:
                events += self._read(BY_PGN[carried.pgn], carried.payload, now)
        return events

    def tick(self, now: float) -> list[Event]:
        """Let time pass: end waits, repeat messages."""
        events: list[Event] = []
        self._endpoint.tick(now)
        while self._timers and min(self._timers.values()) <= now:
            name = min(self._timers, key=self._timers.__getitem__)
            del self._timers[name]
            events += self._trigger(next(wait.then for wait in self._row.waits if wait.name == name), now)
        self._repeat(now)
        return events

    def end(self, now: float) -> list[Event]:
        """End at once, from any state: the plug is out, or the device goes off."""
        return self._trigger(END, now)

    @property
    def _row(self) -> Row:
        return self.table[self.state]

    def _objection(self, name: str, message: Message) -> str:
        """Why a message must not be obeyed; empty if it may."""
        if name not in self.obeyed:
            return ""
        tolerated = self.obeyed[name]
        return ", ".join(f"{flaw.field} is {flaw.why.value}" for flaw in message.flaws if flaw.field not in tolerated)

    @abstractmethod
    def _heard(self, name: str, message: Message, now: float) -> list[Event]:
        """A message of the peer has come."""

    @abstractmethod
    def _words(self, name: str, now: float) -> Message | None:
        """What is said now under the name of a message; None: there is nothing to say yet."""

    @abstractmethod
    def _triggered(self, trigger: str, now: float) -> list[Event]:
        """What a trigger means that is about to move the state."""

    def _trigger(self, trigger: str, now: float) -> list[Event]:
        """Feed the waits and move; a trigger that is not in the row of the state does nothing."""
        for wait in self._row.waits:
            if trigger in wait.fed_by:
                self._timers[wait.name] = now + wait.seconds
        target = self._row.moves.get(trigger)
        if target is None:
            return []
        events = self._triggered(trigger, now)
        self._enter(target, now)
        if target is self.over:
            self._endpoint.abort()
            events.append(Ended(self.fault))
        return events

    def _reconnected(self) -> list[Event]:
        """Begin anew with the handshake; nothing that was said before holds any more."""
        self.attempts += 1
        return [Reconnecting(self.attempts)]

    def _enter(self, state: StrEnum, now: float) -> None:
        self.state = state
        self._timers = {wait.name: self._timers.get(wait.name, now + wait.seconds) for wait in self._row.waits}
        said = self._row.says
        self._beats = {name: self._beats.get(name, now) if self._goes_on(name, now) else now for name in said}
        self._endpoint.keep([BY_NAME[name].pgn for name in said], now)
        self._repeat(now)

    def _goes_on(self, name: str, now: float) -> bool:
        """Whether a message says in the next state what it said before: then it keeps its period."""
        return self._told.get(name) == self._words(name, now)

    def _read(self, entry: Entry, payload: bytes, now: float) -> list[Event]:
        if entry.sender is self.side:
            return []
        try:
            message = entry.layout(self.edition).decode(payload)
        except DecodeError as error:
            return self._refused(entry, payload, str(error))
        if objection := self._objection(entry.name, message):
            return self._refused(entry, payload, objection)
        return self._heard(entry.name, message, now)

    def _refused(self, entry: Entry, payload: bytes, why: str) -> list[Event]:
        self.unread[entry.name] += 1
        return [Unreadable(entry.name, payload, why)]

    def _repeat(self, now: float) -> None:
        for name, due in self._beats.items():
            if due <= now:
                period = BY_NAME[name].period / 1000
                self._beats[name] = max(due, now - period / 2) + period  # late is late: beats do not catch up
                message = self._told[name] = self._words(name, now)
                if message is not None:
                    self._say(BY_NAME[name], message, now)

    def _say(self, entry: Entry, message: Message, now: float) -> None:
        lengths = entry.lengths(self.edition) or entry.lengths_2015
        payload = message.encode(lengths[0] if lengths else None)
        if len(payload) > TRANSPORTED_ABOVE:
            self._endpoint.send(entry.pgn, payload, now)
        else:
            full = payload if lengths else payload.ljust(FULL_FRAME, b"\xff")
            self._outgoing.append(Frame(entry.identifier, full))


def _long(entry: Entry) -> bool:
    """Whether a message counts only when it came by the transport protocol (GB/T 34658, DN.1002)."""
    return bool(entry.lengths_2015) and entry.lengths_2015[0] > TRANSPORTED_ABOVE


# The messages of each side that count when they come as one frame, by identifier without priority.
SHORT = {
    side: {entry.identifier & ADDRESSED: entry for entry in MESSAGES if entry.sender is side and not _long(entry)}
    for side in Sender
}


def triggers(table: Mapping[StrEnum, Row]) -> list[str]:
    """Every trigger that a table knows, each once."""
    return [*dict.fromkeys(trigger for row in table.values() for trigger in _named(row))]


def _named(row: Row) -> Iterable[str]:
    yield from row.moves
    for wait in row.waits:
        yield from (*wait.fed_by, wait.then)
