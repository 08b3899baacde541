"""Listens to one bus, live or recorded, and says what was meant: messages, transfers, and what is odd about them.

    listener = Listener()
    for heard in listener.hear(0x181056F4, bytes.fromhex("A510D80E02"), time): ...

Messages are told apart by PGN and addresses, never by priority. Charger and BMS have fixed addresses, but a bus behind
a bridge may carry more pairs: a pair is learned from its handshake and keeps its own editions. Which edition a side
speaks follows from its handshake and its version, or, until these were seen, from the lengths of its messages.
"""

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Any, NamedTuple

import msgspec

from chargelink.gbt27930.catalogue import BY_PGN, TRANSPORTED_ABOVE, Edition, Entry, Sender
from chargelink.gbt27930.handshake import VERSION_2011
from chargelink.gbt27930.identifier import BMS, CHARGER, GLOBAL, PGN_BITS, Identifier
from chargelink.gbt27930.plausibility import ADVISORY, JUDGES, Implausible
from chargelink.gbt27930.transport import Event, Observer, Received
from chargelink.gbt27930.transport.frames import TP_CM, TP_DT
from chargelink.wire import DecodeError, Flaw, Message

HANDSHAKE = ("CHM", "BHM", "CRM")  # what makes two unknown addresses a pair
TELLS_EDITION = ("CHM", "BHM", "BRM")  # 2011 lacks the first two, the third holds a version
LENGTH_TELLS = ("CML", "CCS", "CSD")  # messages whose length differs between the editions
TRANSPORT_PRIORITY = 7  # of messages that travel by transport; alone in a frame they come with 6 or 7
CARRIED = 1 << 29  # marks the identifier of a message that came by transport; identifiers have 29 bits
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
    """A message of GB/T 27930, and what is odd about it."""

    entry: Entry
    edition: Edition
    message: Message
    payload: bytes
    identifier: int
    oddities: tuple[Flaw | Implausible | Oddity, ...] = ()

    @property
    def conforming(self) -> bool:
        """The standard allows it as it came."""
        return all(odd in ADVISORY or (isinstance(odd, Oddity) and odd.odd is Odd.RETRIED) for odd in self.oddities)


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

    def __init__(self, forced: Edition | None) -> None:
        self.known: dict[Sender, Edition] = dict.fromkeys(Sender, forced) if forced else {}
        self.certain = set(self.known)  # senders whose edition follows from more than lengths
        self.forced = forced is not None

    def edition(self, sender: Sender) -> Edition:
        """The sender's own edition if it is known, else its peer's, else that of today."""
        return self.known.get(sender) or self.known.get(sender.opposite) or Edition.OF_2015


class _Route:
    """What to do with the frames of one identifier, worked out once."""

    __slots__ = ("always", "edition", "entry", "judge", "layout", "lengths", "pair", "tells")

    def __init__(self, entry: Entry, pair: _Pair, always: tuple[Oddity, ...]) -> None:
        self.entry = entry
        self.pair = pair
        self.always = always  # odd about every frame with this identifier
        self.edition = pair.edition(entry.sender)
        self.layout = entry.layout(self.edition)
        self.lengths = entry.lengths(self.edition)
        self.judge: Callable[[Any], Iterable[Implausible]] | None = JUDGES.get(self.layout)
        self.tells = entry.name in TELLS_EDITION and not pair.forced


class Listener:
    """Follows all pairs of one bus. `edition` forces the edition instead of finding it out."""

    def __init__(self, edition: Edition | None = None) -> None:
        self._edition = edition
        self._links: dict[int, tuple[_Pair, Sender]] = {}  # by destination << 8 | source
        self._routes: dict[int, _Route] = {}  # by identifier, with CARRIED for what transport brought
        self._foreign: set[int] = set()
        self._observer = Observer()
        self._join(CHARGER, BMS)

    def hear(self, identifier: int, data: bytes, time: float = 0.0) -> Sequence[Hearing]:
        """Take a frame with a 29-bit identifier at `time` in s; give what it completes, in order."""
        route = self._routes.get(identifier)
        if route is not None:
            return (self._read(route, identifier, data, ()),)
        if identifier >> 16 & 0x3FF in (TP_CM, TP_DT):
            return self._transported(identifier, data, time)
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

    def sender(self, destination: int, source: int) -> Sender | None:
        """Who speaks from one address to another, where the two are a pair."""
        link = self._links.get(destination << 8 | source)
        return link[1] if link else None

    def _read(self, route: _Route, identifier: int, data: bytes, more: tuple[Oddity, ...]) -> Heard | Unread:
        fits = not route.lengths or len(data) in route.lengths
        if route.tells or not fits:
            route = self._told(route, data)
            fits = not route.lengths or len(data) in route.lengths
        try:
            message = route.layout.decode(data)
        except DecodeError as error:
            # Kept without its way here: frames of functions would keep each other and all else, out of reach of gc.
            error.__cause__ = error.__context__ = None
            return Unread(route.entry, data, identifier, error.with_traceback(None))
        odd: tuple[Flaw | Implausible | Oddity, ...] = route.always + more + message.flaws
        if not fits:
            odd += (Oddity(Odd.LENGTH, len(data), " / ".join(map(str, route.lengths))),)
        if route.judge is not None:
            odd += tuple(route.judge(message))
        return Heard(route.entry, route.edition, message, data, identifier, odd)

    def _transported(self, identifier: int, data: bytes, time: float) -> list[Hearing]:
        heard: list[Hearing] = [Control(identifier, data)] if identifier >> 16 & 0x3FF == TP_CM else []
        events = self._observer.receive(identifier, data, time)
        heard += [self._received(event) if isinstance(event, Received) else event for event in events]
        return heard

    def _received(self, event: Received) -> Hearing:
        odd: tuple[Oddity, ...] = (Oddity(Odd.RETRIED, event.retries),) if event.retries else ()
        destination = event.destination
        if event.broadcast:
            odd += (Oddity(Odd.BROADCAST),)
            destination = next((link >> 8 for link in self._links if link & 0xFF == event.source), destination)
        carried = Identifier(TRANSPORT_PRIORITY, event.pgn & PGN_BITS, destination, event.source).encode()
        route = self._routes.get(carried | CARRIED) or self._routed(carried, len(event.payload), carried=True)
        if route is None:
            return Foreign(carried, event.payload)
        self._routes[carried | CARRIED] = route
        return self._read(route, carried, event.payload, odd)

    def _routed(self, identifier: int, size: int, *, carried: bool = False) -> _Route | None:
        """The route of an identifier: what carries a known message between a pair, from the side that sends it."""
        priority, pgn, destination, source = Identifier.decode(identifier)
        entry = BY_PGN.get(pgn)
        if entry is None:
            return None
        link = self._links.get(destination << 8 | source) or self._learned(entry, destination, source, size)
        if link is None or link[1] is not entry.sender:
            return None
        odd = []
        if not carried and priority != entry.priority and entry.priority != TRANSPORT_PRIORITY:
            odd.append(Oddity(Odd.PRIORITY, priority, str(entry.priority)))
        if entry.lengths_2015 and (entry.lengths_2015[0] > TRANSPORTED_ABOVE) is not carried:
            odd.append(Oddity(Odd.TRANSPORTED if carried else Odd.NOT_TRANSPORTED))
        return _Route(entry, link[0], tuple(odd))

    def _learned(self, entry: Entry, destination: int, source: int, size: int) -> tuple[_Pair, Sender] | None:
        """A new pair: two addresses that nobody has yet, between which a handshake of the right length goes."""
        if entry.name not in HANDSHAKE or size not in entry.lengths_2015:
            return None
        taken = {link & 0xFF for link in self._links}
        if destination in taken or source in taken or GLOBAL in (destination, source):
            return None
        self._join(*((source, destination) if entry.sender is Sender.CHARGER else (destination, source)))
        self._foreign.clear()  # frames of the pair that came before were
        return self._links[destination << 8 | source]

    def _join(self, charger: int, bms: int) -> None:
        pair = _Pair(self._edition)
        self._links[bms << 8 | charger] = pair, Sender.CHARGER
        self._links[charger << 8 | bms] = pair, Sender.BMS

    def _told(self, route: _Route, data: bytes) -> _Route:
        """Learn the edition of the sender from a message that tells it; the route, anew if it changed."""
        pair, entry = route.pair, route.entry
        if entry.name in TELLS_EDITION:
            old = entry.name == "BRM" and data[:3] == VERSION_2011
            pair.certain.add(entry.sender)
        elif entry.name in LENGTH_TELLS and (
            entry.sender not in pair.certain or pair.known.get(entry.sender.opposite) is Edition.OF_2011
        ):  # a charger of 2015 may speak that of 2011 to a vehicle of that time
            old = len(data) in entry.lengths_2011
        else:
            return route
        edition = Edition.OF_2011 if old else Edition.OF_2015
        if pair.forced or pair.known.get(entry.sender) is edition:
            return route
        pair.known[entry.sender] = edition
        self._routes.clear()
        return _Route(entry, pair, route.always)


__all__ = ["Control", "Foreign", "Heard", "Hearing", "Listener", "Odd", "Oddity", "Unread"]
