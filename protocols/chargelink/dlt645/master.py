"""The end that asks. One exchange at a time; four verbs, time in seconds as an argument, no I/O.

    master.request(read("000000000161", "00010000"), now)
    port.write(master.data_to_send())
    for event in master.receive(port.read(), now): ...      # or master.tick(now) at master.deadline

A late answer is never taken for a new request: an answer must match in function, address, identifier and sequence, what
came before a request was handed out is dropped, and after an exchange that took several attempts the next one waits
until no attempt can be answered any more.
"""

from typing import NamedTuple

from chargelink.dlt645.catalogue import STANDARD, Catalogue
from chargelink.dlt645.control import AnyError, ErrorWord, ErrorWord1997, RelayError, SecurityError, Words
from chargelink.dlt645.frame import Frame
from chargelink.dlt645.reading import Readings, readings
from chargelink.dlt645.refusal import Refusal, error_words
from chargelink.dlt645.request import Request
from chargelink.dlt645.scanner import Defect, Noise, Received, ScanEvent, Scanner
from chargelink.dlt645.timing import USUAL, Timing

RETRIES = 2  # of what reads; what writes is never repeated unasked, lest a wrong password locks the meter
MOST_FOLLOW_UPS = 255  # the sequence number is one byte


class Reply(NamedTuple):
    """The meter answered. `data` without identifier and sequence numbers, joined of `frames` frames."""

    request: Request
    address: str
    data: bytes
    frames: int

    def readings(self, catalogue: Catalogue = STANDARD) -> Readings:
        """The data of a read as values."""
        return readings(self.request.identifier, self.data, catalogue)


class Refused(NamedTuple):
    """The meter answered that it will not; asking again does not help.

    `error` is of the edition and the function that was asked for, `raw` what the meter sent.
    """

    request: Request
    error: AnyError
    raw: bytes

    @property
    def words(self) -> list[Words]:
        """Why, lowest bit first."""
        return error_words(self.error)

    @property
    def has_none(self) -> bool:
        """The meter does not know the identifier, or has nothing under it."""
        if isinstance(self.error, ErrorWord1997):
            return ErrorWord1997.WRONG_IDENTIFIER in self.error
        return isinstance(self.error, ErrorWord) and ErrorWord.NO_REQUESTED_DATA in self.error

    @property
    def not_authorised(self) -> bool:
        """Wrong password, a level that may not, or a meter that is not in its programming state: asking again with
        another password can lock it."""
        match self.error:
            case ErrorWord():
                return ErrorWord.NOT_AUTHORISED in self.error
            case ErrorWord1997():
                return ErrorWord1997.WRONG_PASSWORD in self.error
            case SecurityError():
                return SecurityError.AUTHENTICATION_FAILED in self.error
            case RelayError():
                return RelayError.WRONG_PASSWORD in self.error


class Sent(NamedTuple):
    """What nobody answers has left."""

    request: Request


class TimedOut(NamedTuple):
    """No whole answer in any of the attempts, or one that never ends."""

    request: Request
    attempts: int


class Unsolicited(NamedTuple):
    """A frame that answers nothing asked: too late, from elsewhere, or another master's."""

    frame: Frame


MasterEvent = Reply | Refused | Sent | TimedOut | Unsolicited | Noise | Defect


class Master:
    """A master on one line. `retries` is how often a request that reads is sent again, `preamble` the FE before it."""

    def __init__(self, timing: Timing = USUAL, retries: int = RETRIES, preamble: int = 4) -> None:
        self.timing = timing
        self.echoes = 0
        self._retries = retries
        self._preamble = preamble
        self._scanner = Scanner(gap=timing.gap)
        self._outgoing = b""
        self._before: list[MasterEvent] = []  # what was held when a request went out
        self._request: Request | None = None
        self._parts: list[bytes] = []
        self._attempts = 0
        self._asked: Frame | None = None
        self._not_before = 0.0  # the next frame may not leave earlier
        self._window = 0.0  # until when the last frame sent may be answered
        self._heard = 0.0

    @property
    def busy(self) -> bool:
        """An exchange is under way."""
        return self._request is not None

    @property
    def noise_bytes(self) -> int:
        """Bytes so far that belonged to no frame."""
        return self._scanner.noise_bytes

    def request(self, request: Request, now: float) -> None:
        """Begin an exchange; exactly one of Reply, Refused, Sent, TimedOut will end it.

        Raises EncodeError for what cannot be sent, RuntimeError if an exchange is under way.
        """
        if self._request is not None:
            raise RuntimeError("an exchange is under way")
        request.frame().encode()
        self._request = request
        self._parts = []
        self._attempts = 0
        self._send_when_free(now)

    def data_to_send(self) -> bytes:
        """What is to be written to the line now; b"" if nothing."""
        outgoing, self._outgoing = self._outgoing, b""
        return outgoing

    @property
    def deadline(self) -> float | None:
        """When `tick` is due; None while nothing is awaited."""
        due = [self._scanner.deadline]
        if self._request is not None:
            due.append(self._not_before if self._asked is None else self._given_up)
        return min((time for time in due if time is not None), default=None)

    def receive(self, data: bytes, now: float) -> list[MasterEvent]:
        """Take bytes that came in at `now`; they count even if the deadline passed while nobody looked."""
        events, self._before = self._before, []
        if data and self._asked is not None:
            self._heard = now
        self._take(events, self._scanner.receive(data, now), now)
        return events + self.tick(now)

    def tick(self, now: float) -> list[MasterEvent]:
        """Let time pass: send what had to wait, give up what has waited too long."""
        events, self._before = self._before, []
        self._take(events, self._scanner.tick(now), now)
        if self._request is None:
            return events
        if self._asked is None:
            self._send_when_free(now)
        elif now >= self._given_up:
            self._give_up(self._request, events, now)
        return events

    @property
    def _given_up(self) -> float:
        """When an answer is no longer expected: none began in time, or it stopped, or it takes longer than any can."""
        if self._request is not None and not self._request.answered:
            return self._window - self.timing.response
        ends = max(self._window, self._heard + self.timing.gap)
        return min(ends, self._window + self.timing.longest_reply + self.timing.gap)

    def _send_when_free(self, now: float) -> None:
        if self._request is None or now < self._not_before:
            self._asked = None
            return
        # Whatever is still held came before this request: it cannot be its answer.
        for event in self._scanner.flush():
            if isinstance(event, Received):
                self._before += self._unsolicited(event)
            else:
                self._before.append(event)
        self._asked = self._request.frame(len(self._parts))
        self._outgoing = self._asked.encode(self._preamble)
        self._attempts += 1
        self._window = now + self.timing.duration(len(self._outgoing)) + self.timing.response
        self._heard = now

    def _give_up(self, request: Request, events: list[MasterEvent], now: float) -> None:
        if not request.answered:
            self._finish(events, Sent(request), now)
        elif request.repeatable and self._attempts <= self._retries:
            if not request.numbered:
                # Whether the meter has gone on without us cannot be told: read from the start.
                self._parts = []
            self._send_when_free(now)
        else:
            self._finish(events, TimedOut(request, self._attempts), now)

    def _take(self, events: list[MasterEvent], scanned: list[ScanEvent], now: float) -> None:
        for event in scanned:
            if not isinstance(event, Received):
                events.append(event)
            elif (
                self._request is None
                or self._outgoing
                or not isinstance(event.frame, Frame)
                or self._asked is None
                or not self._request.answered
                or not self._request.is_answered_by(event.frame, len(self._parts))
            ):
                events += self._unsolicited(event)
            else:
                self._answered(self._request, event.frame, events, now)

    def _unsolicited(self, event: Received) -> list[MasterEvent]:
        """Two-wire adapters return what was sent: that is no event."""
        if event.frame == self._asked:
            self.echoes += 1
            return []
        return [Unsolicited(event.frame)] if isinstance(event.frame, Frame) else []

    def _answered(self, request: Request, frame: Frame, events: list[MasterEvent], now: float) -> None:
        if frame.refused:
            refusal = Refusal.decode(frame.data, request.function, request.edition)
            self._finish(events, Refused(request, refusal.error, refusal.raw), now)
            return
        self._parts.append(request.value_of(frame, len(self._parts)))
        if frame.more_follows and request.reads:
            if len(self._parts) > MOST_FOLLOW_UPS:
                self._finish(events, TimedOut(request, self._attempts), now)
                return
            self._settle(now)
            if request.numbered:
                self._attempts = 0
            self._asked = None
            self._send_when_free(now)
        else:
            reply = Reply(request, frame.address, b"".join(self._parts), len(self._parts))
            self._finish(events, reply, now)

    def _finish(self, events: list[MasterEvent], event: MasterEvent, now: float) -> None:
        self._settle(now)
        self._request = None
        self._asked = None
        events.append(event)

    def _settle(self, now: float) -> None:
        """Give the line time to turn; and after several attempts, the meter time to answer all of them."""
        self._not_before = now + self.timing.pause
        if self._attempts > 1:
            self._not_before = max(self._not_before, self._window)
