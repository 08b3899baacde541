"""Reads the transfers of others: on a live bus or in a recording, both directions at once, without sending.

    observer = Observer()                  # one for each bus
    for event in observer.receive(identifier, data, time): ...
    for event in observer.close(): ...     # at the end of the recording

It believes what it sees rather than what should be: a recording may hold one direction only, lack the answers, or give
every frame the same time. No timer ends a session here; the next RTS of the same pair does.
"""

from collections.abc import Sequence
from struct import Struct

from chargelink.gbt27930.identifier import GLOBAL
from chargelink.gbt27930.transport.events import Aborted, Event, Incomplete, Received, Trouble, Unexpected
from chargelink.gbt27930.transport.frames import (
    LARGEST,
    SMALLEST,
    TP_CM,
    TP_DT,
    Control,
    joined,
    packet_holds,
    packets_needed,
)

_FORMAT = 0x03FF_0000  # of an identifier: what is neither priority nor addresses
_CONNECTION = TP_CM << 16
_TRANSFER = TP_DT << 16
_RTS = int(Control.RTS)
_CTS = int(Control.CTS)
_END_OF_MESSAGE = int(Control.END_OF_MESSAGE)
_BAM = int(Control.BAM)
_ABORT = int(Control.ABORT)

# The layout common to all TP.CM messages, read at once because recordings are long: control byte; size, or for CTS
# the packets allowed and the next one; packets; byte 5; PGN.
_unpack = Struct("<BHBBHB").unpack_from

_NOTHING: tuple[Event, ...] = ()
MOST_SESSIONS = 256  # at a time: a hostile recording must not fill the memory with transfers that never end


class _Session:
    """A transfer under way, or done and waiting for its acknowledgement."""

    __slots__ = ("asked", "done", "packets", "pair", "parts", "pgn", "retries", "size", "started")

    def __init__(self, pair: int, pgn: int, size: int, packets: int, started: float) -> None:
        self.pair = pair
        self.pgn = pgn
        self.size = size
        self.packets = packets
        self.started = started
        self.parts: dict[int, bytes] = {}  # TP.DT by sequence number
        self.asked = 0  # the highest packet that a CTS allowed
        self.retries = 0
        self.done = False

    def allowed(self, count: int, first: int) -> None:
        """A CTS: `count` packets from `first` on, or 0 for "hold"."""
        if count:
            self.retries += first <= self.asked
            self.asked = max(self.asked, first + count - 1)

    def incomplete(self, why: Trouble) -> Incomplete:
        destination, source = divmod(self.pair, 256)
        return Incomplete(self.pgn, source, destination, len(self.parts), self.packets, why, self.retries)


class Observer:
    """Follows every transfer on one bus, apart for each pair of destination and source."""

    def __init__(self) -> None:
        self._sessions: dict[int, _Session] = {}  # by destination << 8 | source, as in the identifier
        self._set_aside: dict[int, _Session] = {}  # while it is open whether a new RTS is refused

    def receive(self, identifier: int, data: bytes, time: float) -> Sequence[Event]:
        """Take any frame of the bus, with its 29-bit identifier and its time in s; what is no TP frame is ignored."""
        pdu_format = identifier & _FORMAT
        if pdu_format == _TRANSFER:
            session = self._sessions.get(identifier & 0xFFFF)
            if session is None:
                return (Unexpected(identifier, data, Trouble.NO_SESSION),)
            sequence = data[0] if data else 0
            parts = session.parts
            if session.done:
                if parts.get(sequence) == data:
                    return _NOTHING  # repeated though we saw it: the responder had lost it
                return (Unexpected(identifier, data, Trouble.NO_SESSION),)
            if not 0 < sequence <= session.packets or (
                len(data) < 8 and not packet_holds(data, sequence, session.size)
            ):
                return (Unexpected(identifier, data, Trouble.BAD_PACKET),)
            parts[sequence] = data
            return self._complete(session, time) if len(parts) == session.packets else _NOTHING
        if pdu_format == _CONNECTION:
            return self._connection(identifier, data, time)
        return _NOTHING

    def close(self) -> list[Event]:
        """The recording ends: tell what is under way, and forget it."""
        sessions = [*self._set_aside.values(), *self._sessions.values()]
        self._set_aside.clear()
        self._sessions.clear()
        return [session.incomplete(Trouble.ENDED) for session in sessions if not session.done]

    def _connection(self, identifier: int, data: bytes, time: float) -> Sequence[Event]:
        if len(data) < 8:
            return (Unexpected(identifier, data, Trouble.MALFORMED),)
        control, size, packets, _, low, high = _unpack(data)
        pgn = high << 16 | low
        if control in (_RTS, _BAM):
            return self._announced(identifier, data, size, packets, pgn, time)
        answered = (identifier & 0xFF) << 8 | identifier >> 8 & 0xFF
        session = self._sessions.get(answered)
        if control == _CTS:
            if session is not None and session.pgn == pgn:
                session.allowed(data[1], data[2])
            return _NOTHING
        if control == _END_OF_MESSAGE:
            if session is None or session.pgn != pgn:
                return _NOTHING  # the recording begins here
            del self._sessions[answered]
            return _NOTHING if session.done else (session.incomplete(Trouble.NOT_RECORDED),)
        if control == _ABORT:
            return self._aborted(identifier & 0xFFFF, answered, pgn, data[1])
        return (Unexpected(identifier, data, Trouble.MALFORMED),)

    def _announced(
        self, identifier: int, data: bytes, size: int, packets: int, pgn: int, time: float
    ) -> Sequence[Event]:
        pair = identifier & 0xFFFF
        events: tuple[Event, ...] = _NOTHING
        needed = packets_needed(size)
        if packets != needed or not SMALLEST <= size <= LARGEST:
            events = (Unexpected(identifier, data, Trouble.BAD_SIZE),)
            if not 0 < size <= LARGEST:
                return events
        session = _Session(pair, pgn, size, needed, time)
        running = self._sessions.get(pair)
        self._sessions[pair] = session
        if running is None:
            return (*events, *self._forget_oldest()) if len(self._sessions) > MOST_SESSIONS else events
        if running.done:
            return events
        if running.pgn == pgn and not running.parts:
            session.retries = running.retries + 1
            return events
        if running.pgn != pgn and running.asked:
            # the responder may refuse this one while the first goes on: what comes next will tell
            before = self._set_aside.get(pair)
            self._set_aside[pair] = running
            return (*events, before.incomplete(Trouble.SUPERSEDED)) if before else events
        return (*events, running.incomplete(Trouble.SUPERSEDED))

    def _forget_oldest(self) -> list[Event]:
        pair = next(iter(self._sessions))
        sessions = [self._set_aside.pop(pair, None), self._sessions.pop(pair)]
        return [session.incomplete(Trouble.SUPERSEDED) for session in sessions if session and not session.done]

    def _complete(self, session: _Session, time: float) -> Sequence[Event]:
        session.done = True
        pair = session.pair
        received = Received(
            session.pgn,
            joined(session.parts, session.size),
            pair & 0xFF,
            pair >> 8,
            time - session.started,
            session.retries,
            pair >> 8 == GLOBAL,
        )
        if self._set_aside and (before := self._set_aside.pop(pair, None)):
            return (before.incomplete(Trouble.SUPERSEDED), received)
        return (received,)

    def _aborted(self, own: int, answered: int, pgn: int, reason: int) -> Sequence[Event]:
        """By the originator of the pair `own`, or by the responder of the pair `answered`."""
        pair = next((pair for pair in (own, answered) if self._forget(pair, pgn)), own)
        return (Aborted(pgn, reason, own & 0xFF, pair & 0xFF, pair >> 8),)

    def _forget(self, pair: int, pgn: int) -> bool:
        """Forget the session of a PGN, if there is one; another that was set aside for it goes on."""
        for sessions in (self._sessions, self._set_aside):
            session = sessions.get(pair)
            if session is not None and session.pgn == pgn:
                del sessions[pair]
                if before := self._set_aside.pop(pair, None):
                    self._sessions[pair] = before
                return True
        return False
