"""Listens to one bus, live or recorded, and says what was meant: messages, transfers, and what is odd about them.

    listener = Listener()
    for heard in listener.hear(0x181056F4, bytes.fromhex("A510D80E02"), time): ...

Messages are told apart by PGN and addresses, never by priority. Charger and BMS have fixed addresses, but a bus behind
a bridge may carry more pairs: a pair is learned from its handshake and keeps its own editions. Which edition a side
speaks follows from its handshake and its version, or, until these were seen, from the lengths of its messages.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from typing import Any, NamedTuple

import msgspec

from chargelink.gbt27930.catalogue import BY_PGN, TRANSPORTED_ABOVE, Edition, Entry, Sender
from chargelink.gbt27930.handshake import VERSION_2011
from chargelink.gbt27930.identifier import BMS, CHARGER, Identifier
from chargelink.gbt27930.plausibility import JUDGES, Implausible
from chargelink.gbt27930.transport import Event, Observer, Received
from chargelink.gbt27930.transport.frames import TP_CM, TP_DT
from chargelink.wire import DecodeError, Flaw, Message

HANDSHAKE = ("CHM", "BHM", "CRM")  # what makes two unknown addresses a pair
TELLS_EDITION = ("CHM", "BHM", "BRM")  # 2011 lacks the first two, the third holds a version
LENGTH_TELLS = ("CML", "CCS", "CSD")  # messages whose length differs between the editions
TRANSPORT_PRIORITY = 7  # of messages that travel by transport; alone in a frame they come with 6 or 7
MOST_FOREIGN = 4096  # identifiers remembered as not ours: a hostile recording must not fill the memory


class Odd(Enum):
    """What can be odd about a message as a whole."""

    LENGTH = "has {given} bytes, the standard says {expected}", "长度 {given} 字节，标准规定 {expected}"
    PRIORITY = "was sent with priority {given}, the standard says {expected}", "优先级 {given}，标准规定 {expected}"
    NOT_TRANSPORTED = "came as a single frame, not by the transport protocol", "以单帧发送，未使用传输协议"
    TRANSPORTED = "came by the transport protocol, not as a single frame", "使用了传输协议，应以单帧发送"
    BROADCAST = "came by broadcast (BAM)", "以广播方式 (BAM) 传输"
    RETRIED = "needed {given} more attempts", "重试了 {given} 次"


class Oddity(NamedTuple):
    """One odd thing: what it is, what was given and what is right."""

    odd: Odd
    given: int = 0
    expected: str = ""

    @property
    def text(self) -> str:
        return self.odd.value[0].format(given=self.given, expected=self.expected)

    @property
    def chinese(self) -> str:
        return self.odd.value[1].format(given=self.given, expected=self.expected)


class Heard(msgspec.Struct, frozen=True, gc=False):
    """A message of GB/T 27930. It conforms when nothing is odd about it."""

    entry: Entry
    edition: Edition
    message: Message
    payload: bytes
    identifier: int
    oddities: tuple[Flaw | Implausible | Oddity, ...] = ()


class Unread(msgspec.Struct, frozen=True, gc=False):
    """A message that lacks bytes it must have; `error` says which."""

    entry: Entry
    payload: bytes
    identifier: int
    error: DecodeError


class Control(msgspec.Struct, frozen=True, gc=False):
    """A control frame of the transport protocol, TP.CM."""

    identifier: int
    data: bytes


class Foreign(msgspec.Struct, frozen=True, gc=False):
    """A frame of somebody else on the same pins."""

    identifier: int
    data: bytes


Hearing = Heard | Unread | Control | Foreign | Event


class _Pair:
    """A charger and a vehicle, and the edition of each: a charger of 2015 serves vehicles of 2011."""

    def __init__(self, charger: int, bms: int, forced: Edition | None) -> None:
        self.charger = charger
        self.bms = bms
        self.known: dict[Sender, Edition] = dict.fromkeys(Sender, forced) if forced else {}
        self.certain = set(self.known)  # senders whose edition follows from more than lengths
        self.forced = forced is not None

    def sender(self, destination: int, source: int) -> Sender | None:
        if (destination, source) == (self.bms, self.charger):
            return Sender.CHARGER
        return Sender.BMS if (destination, source) == (self.charger, self.bms) else None

    def edition(self, sender: Sender) -> Edition:
        """The sender's own edition if it is known, else its peer's, else that of today."""
        return self.known.get(sender) or self.known.get(sender.opposite) or Edition.OF_2015


class _Route:
    """What to do with the frames of one identifier, worked out once."""

    __slots__ = ("always", "edition", "entry", "judge", "layout", "lengths", "pair", "tells", "transported")

    def __init__(self, entry: Entry, pair: _Pair, always: tuple[Oddity, ...], *, transported: bool) -> None:
        self.entry = entry
        self.pair = pair
        self.always = always  # odd about every frame with this identifier
        self.transported = transported
        self.edition = pair.edition(entry.sender)
        self.layout = entry.layout(self.edition)
        self.lengths = entry.lengths(self.edition)
        self.judge: Callable[[Any], Iterable[Implausible]] | None = JUDGES.get(self.layout)
        self.tells = entry.name in TELLS_EDITION and not pair.forced


class Listener:
    """Follows all pairs of one bus. `edition` forces the edition instead of finding it out."""

    def __init__(self, edition: Edition | None = None) -> None:
        self._edition = edition
        self._pairs = [_Pair(CHARGER, BMS, edition)]
        self._routes: dict[int, _Route] = {}  # by identifier
        self._foreign: set[int] = set()
        self._observer = Observer()

    def hear(self, identifier: int, data: bytes, time: float = 0.0) -> Sequence[Hearing]:
        """Take a frame with a 29-bit identifier at `time` in s; give what it completes, in order."""
        route = self._routes.get(identifier)
        if route is not None:
            return (self._read(route, identifier, data, ()),)
        if identifier >> 16 & 0x3FF in (TP_CM, TP_DT):
            return list(self._transported(identifier, data, time))
        if identifier not in self._foreign:
            route = self._routed(identifier, len(data))
            if route is not None:
                self._routes[identifier] = route
                return (self._read(route, identifier, data, ()),)
            if len(self._foreign) < MOST_FOREIGN:
                self._foreign.add(identifier)
        return (Foreign(identifier, data),)

    def close(self) -> Sequence[Hearing]:
        """The recording ends: tell what is under way."""
        return self._observer.close()

    def _read(self, route: _Route, identifier: int, data: bytes, more: tuple[Oddity, ...]) -> Heard | Unread:
        fits = not route.lengths or len(data) in route.lengths
        if route.tells or not fits:
            route = self._told(route, data)
            fits = not route.lengths or len(data) in route.lengths
        try:
            message = route.layout.decode(data)
        except DecodeError as error:
            return Unread(route.entry, data, identifier, error)
        odd: tuple[Flaw | Implausible | Oddity, ...] = route.always + more + message.flaws
        if not fits:
            odd += (Oddity(Odd.LENGTH, len(data), " / ".join(map(str, route.lengths))),)
        if route.judge is not None:
            odd += tuple(route.judge(message))
        return Heard(route.entry, route.edition, message, data, identifier, odd)

    def _transported(self, identifier: int, data: bytes, time: float) -> Iterator[Hearing]:
        if identifier >> 16 & 0x3FF == TP_CM:
            yield Control(identifier, data)
        for event in self._observer.receive(identifier, data, time):
            if isinstance(event, Received):
                yield self._received(event, identifier)
            else:
                yield event

    def _received(self, event: Received, identifier: int) -> Hearing:
        carried = Identifier(identifier >> 26, event.pgn, event.destination, event.source).encode()
        pair = self._pair(event.destination, event.source)
        entry = BY_PGN.get(event.pgn)
        if pair is None or entry is None or pair.sender(event.destination, event.source) is not entry.sender:
            return Foreign(carried, event.payload)
        odd = [Oddity(Odd.RETRIED, event.retries)] if event.retries else []
        if event.broadcast:
            odd.append(Oddity(Odd.BROADCAST))
        route = _Route(entry, pair, self._always(entry, carried >> 26, transported=True), transported=True)
        return self._read(route, carried, event.payload, tuple(odd))

    def _routed(self, identifier: int, size: int) -> _Route | None:
        priority, pgn, destination, source = Identifier.decode(identifier)
        entry = BY_PGN.get(pgn)
        if entry is None:
            return None
        pair = self._pair(destination, source) or self._learned(entry, destination, source, size)
        if pair is None or pair.sender(destination, source) is not entry.sender:
            return None
        return _Route(entry, pair, self._always(entry, priority, transported=False), transported=False)

    def _always(self, entry: Entry, priority: int, *, transported: bool) -> tuple[Oddity, ...]:
        odd = []
        if priority != entry.priority and not transported and entry.priority != TRANSPORT_PRIORITY:
            odd.append(Oddity(Odd.PRIORITY, priority, str(entry.priority)))
        if entry.lengths_2015 and (entry.lengths_2015[0] > TRANSPORTED_ABOVE) is not transported:
            odd.append(Oddity(Odd.TRANSPORTED if transported else Odd.NOT_TRANSPORTED))
        return tuple(odd)

    def _pair(self, destination: int, source: int) -> _Pair | None:
        return next((pair for pair in self._pairs if pair.sender(destination, source)), None)

    def _learned(self, entry: Entry, destination: int, source: int, size: int) -> _Pair | None:
        """A new pair: two addresses that nobody has yet, between which a handshake of the right length goes."""
        if entry.name not in HANDSHAKE or size not in entry.lengths_2015:
            return None
        charger, bms = (source, destination) if entry.sender is Sender.CHARGER else (destination, source)
        if any({charger, bms} & {pair.charger, pair.bms} for pair in self._pairs):
            return None
        pair = _Pair(charger, bms, self._edition)
        self._pairs.append(pair)
        self._foreign.clear()  # frames of the pair that came before were
        return pair

    def _told(self, route: _Route, data: bytes) -> _Route:
        """Learn the edition of the sender from a message that tells it; the route, anew if it changed."""
        pair, entry = route.pair, route.entry
        if entry.name in TELLS_EDITION:
            old = entry.name == "BRM" and data[:3] == VERSION_2011
            pair.certain.add(entry.sender)
        elif entry.name in LENGTH_TELLS and entry.sender not in pair.certain:
            old = len(data) in entry.lengths_2011
        else:
            return route
        edition = Edition.OF_2011 if old else Edition.OF_2015
        if pair.forced or pair.known.get(entry.sender) is edition:
            return route
        pair.known[entry.sender] = edition
        self._routes.clear()
        return _Route(entry, pair, route.always, transported=route.transported)


__all__ = ["Control", "Foreign", "Heard", "Hearing", "Listener", "Odd", "Oddity", "Unread"]
