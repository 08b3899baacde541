"""The originator: asks, sends what it is allowed to, waits when told to, repeats, and keeps a queue.

    sender = Sender(own=BMS, peer=CHARGER)
    sender.send(pgn, payload, now)
    for frame in sender.data_to_send(): ...            # RTS, TP.DT, Conn_Abort
    for event in sender.receive(identifier, data, now): ...
    ... sender.tick(now) when `sender.deadline` is reached, also for the spacing of packets

One session at a time (J1939-21, 5.10.5.1); messages wait for their turn in the order in which they were given.
"""

from collections.abc import Collection
from dataclasses import dataclass

from chargelink.gbt27930.transport.events import Aborted, Event, Sent, TimedOut, Trouble, Unexpected
from chargelink.gbt27930.transport.frames import (
    ADDRESSED,
    LARGEST,
    PACKET,
    SMALLEST,
    TP_CM,
    TP_DT,
    UNLIMITED,
    Abort,
    AbortReason,
    ClearToSend,
    Control,
    DataPacket,
    EndOfMessage,
    Frame,
    RequestToSend,
    addressed,
    decode_connection,
    frame,
    packets_needed,
)
from chargelink.gbt27930.transport.timing import LONGEST_SPACING, REQUESTS, T3, T4, TYPICAL_SPACING
from chargelink.wire import DecodeError, EncodeError, Message


@dataclass(slots=True)
class _Session:
    """A transfer under way."""

    pgn: int
    payload: bytes
    packets: int
    started: float
    deadline: float
    timer: str | None = "T3"  # None while packets are being sent
    next: int = 1  # packet to send
    last: int = 0  # packet of the window
    free: float = 0.0  # when the spacing after the last packet is over
    sent: int = 0  # the highest packet ever sent
    asked: int = 0  # first packet of the last CTS
    asks: int = 0  # how often it was asked for
    requests: int = 0  # RTS sent
    retries: int = 0  # requests repeated, by either side

    def packet(self, sequence: int) -> DataPacket:
        part = self.payload[(sequence - 1) * PACKET : sequence * PACKET]
        return DataPacket(sequence, part.ljust(PACKET, b"\xff"))


class Sender:
    """Sends multi-packet messages from the node `own` to the node `peer`.

    `spacing` (0..0.2 s) lies between two TP.DT; `max_packets` (1..255) is what RTS allows the responder to ask for at
    once. Raises EncodeError when one of them is out of its range.
    """

    def __init__(self, own: int, peer: int, *, spacing: float = TYPICAL_SPACING, max_packets: int = UNLIMITED) -> None:
        if not 0 <= spacing <= LONGEST_SPACING:
            raise EncodeError(f"spacing of {spacing} s is not in 0..{LONGEST_SPACING} s")
        if not 1 <= max_packets <= UNLIMITED:
            raise EncodeError(f"{max_packets} packets per CTS are not in 1..{UNLIMITED}")
        self._own = own
        self._peer = peer
        self._spacing = spacing
        self._max_packets = max_packets
        self._answers = addressed(TP_CM, own, peer)
        self._session: _Session | None = None
        self._waiting: dict[int, bytes] = {}  # payload by PGN, in order
        self._outgoing: list[Frame] = []

    @property
    def deadline(self) -> float | None:
        """When `tick` wants to be called; None while there is nothing to wait for."""
        return self._session.deadline if self._session else None

    def data_to_send(self) -> list[Frame]:
        """Take the frames that are to be sent, in order."""
        frames, self._outgoing = self._outgoing, []
        return frames

    def send(self, pgn: int, payload: bytes, now: float) -> None:
        """Send a message of 9..1785 bytes as soon as those before it are done.

        These are status messages: one that still waits is replaced by a newer one with its PGN. Raises EncodeError when
        the payload travels as one frame or is too long.
        """
        if not SMALLEST <= len(payload) <= LARGEST:
            raise EncodeError(f"{len(payload)} bytes for PGN {pgn:#08x} are not in {SMALLEST}..{LARGEST}")
        if not 0 <= pgn <= 0xFFFFFF:
            raise EncodeError(f"PGN {pgn:#x} does not fit 24 bits")
        self._waiting[pgn] = bytes(payload)
        self._start_next(now)

    def abort(self, reason: AbortReason = AbortReason.RESOURCES) -> None:
        """Give up the session under way, if any, tell the responder, and forget what waits."""
        self._waiting.clear()
        if self._session:
            self._close(self._session, reason)

    def keep(self, pgns: Collection[int], now: float) -> None:
        """Give up every message but these: forget those that wait, abort the one under way.

        One of which all was sent only waits for its acknowledgement, and is not repeated.
        """
        self._waiting = {pgn: payload for pgn, payload in self._waiting.items() if pgn in pgns}
        session = self._session
        if session and session.pgn not in pgns:
            session.requests = REQUESTS
            if session.sent < session.packets:
                self._close(session, AbortReason.RESOURCES)
                self._start_next(now)

    def receive(self, identifier: int, data: bytes, now: float) -> list[Event]:
        """Take any frame of the bus, with its 29-bit identifier; what is not for an originator is ignored."""
        if identifier & ADDRESSED != self._answers:
            return []
        try:
            message = decode_connection(data)
        except DecodeError:
            return []  # whose control byte is unknown may mean the responder of this node, who reports it
        session = self._session
        if not isinstance(message, ClearToSend | EndOfMessage | Abort):
            return []
        if session is None or message.pgn != session.pgn:
            return [] if isinstance(message, Abort) else [_wrong(identifier, data)]
        match message:
            case ClearToSend():
                return self._cleared(session, message, identifier, data, now)
            case EndOfMessage() if session.sent == session.packets:
                self._session = None
                self._start_next(now)
                return [Sent(session.pgn, now - session.started, session.retries)]
            case Abort():
                self._session = None
                self._start_next(now)
                return [Aborted(message.pgn, message.abort_reason, self._peer, self._own, self._peer)]
        return [_wrong(identifier, data)]

    def tick(self, now: float) -> list[Event]:
        """Let time pass: send the next packet, ask again after T3 or T4, give up when asked three times in vain."""
        session = self._session
        if session is None or now < session.deadline:
            return []
        if session.timer is None:
            self._transfer(session, now)
            return []
        if session.requests < REQUESTS:
            self._request(session, now)
            return []
        self._close(session, AbortReason.TIMEOUT)
        self._start_next(now)
        return [TimedOut(session.pgn, session.timer, tuple(range(session.last + 1, session.packets + 1)))]

    def _start_next(self, now: float) -> None:
        if self._session or not self._waiting:
            return
        pgn = next(iter(self._waiting))
        payload = self._waiting.pop(pgn)
        self._session = session = _Session(pgn, payload, packets_needed(len(payload)), now, now)
        self._request(session, now)

    def _request(self, session: _Session, now: float) -> None:
        """Ask to send. To repeat it begins the transfer anew: the responder replaces a session of the same PGN."""
        session.retries += session.requests > 0
        session.requests += 1
        session.next, session.last, session.sent, session.asked = 1, 0, 0, 0
        session.deadline, session.timer = now + T3, "T3"
        size = len(session.payload)
        self._send(RequestToSend(Control.RTS, size, session.packets, self._max_packets, session.pgn))

    def _cleared(self, session: _Session, cts: ClearToSend, identifier: int, data: bytes, now: float) -> list[Event]:
        if cts.packets_allowed == 0:
            session.deadline, session.timer = now + T4, "T4"
            return []
        if not 1 <= cts.next_packet <= min(session.sent + 1, session.packets):
            # not in the message, or behind a gap: such a CTS answers an RTS of the past
            return [_wrong(identifier, data)]
        session.retries += cts.next_packet <= session.sent
        session.asks = session.asks + 1 if cts.next_packet == session.asked else 1
        session.asked = cts.next_packet
        if session.asks > REQUESTS:
            # a responder that never gets enough must not keep the other messages from their turn
            self._close(session, AbortReason.RESOURCES)
            self._start_next(now)
            return [Aborted(session.pgn, AbortReason.RESOURCES, self._own, self._own, self._peer)]
        allowed = min(cts.packets_allowed, self._max_packets)
        session.next = cts.next_packet
        session.last = min(cts.next_packet + allowed - 1, session.packets)
        session.deadline, session.timer = session.free, None
        if session.free <= now:
            self._transfer(session, now)
        return []

    def _transfer(self, session: _Session, now: float) -> None:
        """Send the next packet, or without spacing all packets of the window."""
        count = 1 if self._spacing else session.last - session.next + 1
        for sequence in range(session.next, session.next + count):
            self._outgoing.append(frame(TP_DT, self._peer, self._own, session.packet(sequence)))
        session.next += count
        session.sent = max(session.sent, session.next - 1)
        session.free = now + self._spacing
        if session.next <= session.last:
            session.deadline = session.free
        else:
            session.deadline, session.timer = now + T3, "T3"

    def _close(self, session: _Session, reason: AbortReason) -> None:
        self._session = None
        self._send(Abort(Control.ABORT, reason, session.pgn))

    def _send(self, message: Message) -> None:
        self._outgoing.append(frame(TP_CM, self._peer, self._own, message))


def _wrong(identifier: int, data: bytes) -> Unexpected:
    return Unexpected(identifier, data, Trouble.WRONG_ANSWER)
