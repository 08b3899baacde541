"""The responder: allows packets, collects them, asks again for what is missing, confirms or gives up.

    receiver = Receiver(own=CHARGER, peer=BMS)
    for event in receiver.receive(identifier, data, now): ...
    for frame in receiver.data_to_send(): ...          # CTS, EndOfMsgACK, Conn_Abort
    ... receiver.tick(now) when `receiver.deadline` is reached

One session at a time, for TP.DT does not say which message it belongs to (J1939-21, 5.10.5.1).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from chargelink.gbt27930.transport.events import (
    Aborted,
    Event,
    Received,
    Refused,
    TimedOut,
    Trouble,
    Unexpected,
)
from chargelink.gbt27930.transport.frames import (
    ADDRESSED,
    TP_CM,
    TP_DT,
    UNLIMITED,
    Abort,
    AbortReason,
    Broadcast,
    ClearToSend,
    Control,
    EndOfMessage,
    Frame,
    RequestToSend,
    addressed,
    conforms,
    decode_connection,
    frame,
    joined,
    packet_holds,
)
from chargelink.gbt27930.transport.timing import REQUESTS, T1, T2
from chargelink.wire import DecodeError, Message


def everything(pgn: int) -> bool:
    """Accept every message."""
    return True


@dataclass(slots=True)
class _Session:
    """A transfer under way."""

    pgn: int
    size: int  # bytes
    packets: int
    window: int  # packets we may allow at once
    started: float
    deadline: float
    timer: str = "T2"
    parts: dict[int, bytes] = field(default_factory=dict)  # TP.DT by sequence number
    first: int = 0  # of the packets in the last request
    last: int = 0
    asked: int = 0  # the highest packet ever asked for
    requests: int = 0  # how often `first` was asked for
    retries: int = 0  # requests repeated, in all

    def missing(self) -> tuple[int, ...]:
        return tuple(sequence for sequence in range(1, self.packets + 1) if sequence not in self.parts)


class Receiver:
    """Receives the multi-packet messages that the node `peer` sends to the node `own`.

    `accepts(pgn)` says which messages are wanted: a charger may refuse BMV, BMT and BSP (GB/T 34658, DP.3002). `window`
    (1..255) is how many packets a CTS allows at most; the originator's own limit and what is left bound it further.
    """

    def __init__(
        self, own: int, peer: int, *, accepts: Callable[[int], bool] = everything, window: int = UNLIMITED
    ) -> None:
        self._own = own
        self._peer = peer
        self._accepts = accepts
        self._window = window
        self._connection = addressed(TP_CM, own, peer)
        self._transfer = addressed(TP_DT, own, peer)
        self._session: _Session | None = None
        self._outgoing: list[Frame] = []

    @property
    def deadline(self) -> float | None:
        """When `tick` wants to be called; None while there is nothing to wait for."""
        return self._session.deadline if self._session else None

    def data_to_send(self) -> list[Frame]:
        """Take the frames that are to be sent, in order."""
        frames, self._outgoing = self._outgoing, []
        return frames

    def receive(self, identifier: int, data: bytes, now: float) -> list[Event]:
        """Take any frame of the bus, with its 29-bit identifier; what is not for a responder is ignored."""
        address = identifier & ADDRESSED
        if address == self._transfer:
            return self._collect(identifier, data, now)
        if address != self._connection:
            return []
        try:
            message = decode_connection(data)
        except DecodeError:
            return [Unexpected(identifier, data, Trouble.MALFORMED)]
        match message:
            case RequestToSend():
                return self._open(message, now)
            case Abort():
                return self._aborted(message)
            case Broadcast():
                return [Unexpected(identifier, data, Trouble.BROADCAST)]
        return []

    def tick(self, now: float) -> list[Event]:
        """Let time pass: ask again after T1 or T2 without a packet, give up when asked three times in vain."""
        session = self._session
        if session is None or now < session.deadline:
            return []
        if session.requests < REQUESTS:
            self._request(session, now)
            return []
        self._close(session, AbortReason.TIMEOUT)
        return [TimedOut(session.pgn, session.timer, session.missing())]

    def abort(self, reason: AbortReason = AbortReason.RESOURCES) -> None:
        """Give up the session under way, if any, and tell the originator."""
        if self._session:
            self._close(self._session, reason)

    def _open(self, rts: RequestToSend, now: float) -> list[Event]:
        running = self._session
        if running and running.pgn != rts.pgn:
            # 5.10.5: no second session for another PGN; the first one goes on
            return self._refuse(rts, AbortReason.BUSY, Trouble.OTHER_SESSION)
        # 5.10.3.1: an RTS for the same PGN replaces the session without a word
        self._session = None
        if not conforms(rts):
            return self._refuse(rts, AbortReason.RESOURCES, Trouble.BAD_SIZE)
        if not self._accepts(rts.pgn):
            return self._refuse(rts, AbortReason.RESOURCES, Trouble.NOT_ACCEPTED)
        # a limit of 0 packets makes no sense: one at a time is the least that gets anywhere
        window = min(self._window, rts.max_packets or 1)
        self._session = session = _Session(rts.pgn, rts.total_size, rts.packets, window, now, now)
        self._request(session, now)
        return []

    def _refuse(self, rts: RequestToSend, reason: AbortReason, why: Trouble) -> list[Event]:
        self._send(Abort(Control.ABORT, reason, rts.pgn))
        return [Refused(rts.pgn, why)]

    def _request(self, session: _Session, now: float) -> None:
        """Ask for the first packets that are missing in a row: the next window, or a gap in the last one."""
        first = last = next(n for n in range(1, session.packets + 1) if n not in session.parts)
        while last < session.packets and last + 1 not in session.parts and last - first + 1 < session.window:
            last += 1
        if first == session.first:
            session.requests += 1
        else:
            session.requests = 1
        session.retries += first <= session.asked
        session.first, session.last, session.asked = first, last, max(session.asked, last)
        session.deadline, session.timer = now + T2, "T2"
        self._send(ClearToSend(Control.CTS, last - first + 1, first, session.pgn))

    def _collect(self, identifier: int, data: bytes, now: float) -> list[Event]:
        session = self._session
        if session is None:
            return [Unexpected(identifier, data, Trouble.NO_SESSION)]
        sequence = data[0] if data else 0
        if not 1 <= sequence <= session.packets or not packet_holds(data, sequence, session.size):
            return [Unexpected(identifier, data, Trouble.BAD_PACKET)]
        if sequence in session.parts:
            return []  # a duplicate is no progress: it does not feed the timer
        session.parts[sequence] = data
        session.deadline, session.timer = now + T1, "T1"
        if len(session.parts) == session.packets:
            return [self._complete(session, now)]
        if sequence == session.last:
            self._request(session, now)
        return []

    def _complete(self, session: _Session, now: float) -> Received:
        self._session = None
        self._send(EndOfMessage(Control.END_OF_MESSAGE, session.size, session.packets, session.pgn))
        return Received(
            session.pgn,
            joined(session.parts, session.size),
            self._peer,
            self._own,
            now - session.started,
            session.retries,
        )

    def _aborted(self, message: Abort) -> list[Event]:
        session = self._session
        if session is None or session.pgn != message.pgn:
            return []
        self._session = None
        return [Aborted(message.pgn, message.abort_reason, self._peer, self._peer, self._own)]

    def _close(self, session: _Session, reason: AbortReason) -> None:
        self._session = None
        self._send(Abort(Control.ABORT, reason, session.pgn))

    def _send(self, message: Message) -> None:
        self._outgoing.append(frame(TP_CM, self._peer, self._own, message))
