"""Either end of the link. Sans-I/O: one websocket message in, events out, messages to send out, time as an argument.

    peer = Peer("edge", Codec.MSGPACK)
    peer.call(Heartbeat(), now)
    for message in peer.data_to_send(): await websocket.send(message)
    for event in peer.receive(message, now): ...            # or peer.tick(now) at peer.deadline

A peer lives as long as its connection; ids of calls are its own, and mean nothing on the next connection. A call that
comes twice is done once. What breaks the rules is answered with a CALLERROR where it can be, told as a `Defect`, and
never ends the connection.
"""

from typing import Any, Literal, NamedTuple

from chargelink.link.answered import Answered
from chargelink.link.frames import (
    COMPRESSIONS,
    LARGEST_DETAILS,
    LONGEST_TEXT,
    Call,
    CallError,
    CallResult,
    Code,
    Codec,
    Fault,
    Frame,
    Message,
    ViolationError,
)
from chargelink.link.messages import ACTIONS, Action, BootNotification, BootNotificationResponse
from chargelink.link.shape import Shape
from chargelink.wire import EncodeError

CALL_TIMEOUT = 30.0  # seconds
MOST_UNANSWERED = 64  # calls of the other end that may wait for our answer
LARGEST_UNANSWERED = 4 << 20  # bytes of them
UNREAD_ID = "-1"  # stands in a CALLERROR for an id that could not be read (OCPP-J 2.0.1 §4.2.3)

Role = Literal["edge", "hub"]
TIMED_OUT = "TimedOut"  # no code of the wire: nobody answered
UNREADABLE = "Unreadable"  # no code of the wire: the answer is none that we can read

DUPLICATE = "Duplicate"  # kinds of defects beside the codes
LATE_ANSWER = "LateAnswer"
STRAY_ANSWER = "StrayAnswer"


class CallReceived(NamedTuple):
    """The other end asks; `answer` or `refuse` it by its id."""

    id: str
    action: str
    payload: Any


class ResultReceived(NamedTuple):
    """The answer to the call `id`."""

    id: str
    request: Shape
    payload: Any


class CallFailed(NamedTuple):
    """The call `id` was refused, by the code given. Or nobody gave an answer (TIMED_OUT) that can be read (UNREADABLE),
    and it may have been done."""

    id: str
    request: Shape
    code: str
    text: str
    details: Any


class Defect(NamedTuple):
    """Something from the other end that is not as it should be.

    `kind` is the code that it was refused with, or UNREADABLE, DUPLICATE, LATE_ANSWER, STRAY_ANSWER.
    """

    kind: str
    text: str
    data: bytes


Event = CallReceived | ResultReceived | CallFailed | Defect


class _Waiting(NamedTuple):
    request: Shape
    action: Action
    until: float


class _Unanswered(NamedTuple):
    action: Action
    content: int  # the hash of its frame
    size: int  # bytes


class Peer:
    """One end of one connection, as "edge" or as "hub". `compress`: the word of the compression it reads, or None."""

    __slots__ = (
        "_answered",
        "_calls",
        "_outgoing",
        "_unanswered",
        "_unanswered_bytes",
        "_waiting",
        "codec",
        "compress",
        "role",
    )

    def __init__(self, role: Role, codec: Codec = Codec.MSGPACK) -> None:
        self.role = role
        self.codec = codec
        self.compress: str | None = None
        self._calls = 0
        self._waiting: dict[str, _Waiting] = {}
        self._unanswered: dict[str, _Unanswered] = {}
        self._unanswered_bytes = 0
        self._answered = Answered()
        self._outgoing: list[Message] = []

    @property
    def waiting(self) -> int:
        """How many of our calls have no answer yet."""
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """So many calls of the other end wait for our answer that the next will be refused."""
        return len(self._unanswered) >= MOST_UNANSWERED or self._unanswered_bytes >= LARGEST_UNANSWERED

    @property
    def outgoing(self) -> int:
        """How many messages wait for `data_to_send`."""
        return len(self._outgoing)

    def call(self, request: Shape, now: float, timeout: float = CALL_TIMEOUT) -> str:
        """Ask; exactly one of ResultReceived and CallFailed follows with the returned id, unless it is forgotten.

        Raises EncodeError for a request that this end may not make, or that does not fit a frame.
        """
        action = ACTIONS.get(type(request).__name__)
        if action is None or action.request is not type(request) or action.caller != self.role:
            raise EncodeError(f"the {self.role} does not call {type(request).__name__}")
        identifier = str(self._calls + 1)
        self._send(Call(identifier, action.name, self.codec.raw(request)))
        self._calls += 1
        self._waiting[identifier] = _Waiting(request, action, now + timeout)
        return identifier

    def forget(self, identifier: str) -> None:
        """Nobody waits for this call of ours any more: its answer will be late."""
        self._waiting.pop(identifier, None)

    def answer(self, identifier: str, response: Shape) -> None:
        """Answer a call received. Raises EncodeError for a call that does not wait, or the wrong shape of answer."""
        call = self._unanswered.get(identifier)
        if call is None or call.action.response is not type(response):
            raise EncodeError(f"no call {identifier!r} waits for a {type(response).__name__}")
        self._settle(identifier, call, CallResult(identifier, self.codec.raw(response)))

    def refuse(self, identifier: str, code: Code, text: str = "", details: Any = None) -> None:
        """Refuse a call received. Raises EncodeError for a call that does not wait."""
        call = self._unanswered.get(identifier)
        if call is None:
            raise EncodeError(f"no call {identifier!r} waits")
        self._settle(identifier, call, self._refusal(identifier, code, text, details))

    def data_to_send(self) -> list[Message]:
        """The messages to send now, in order: text as str, binary as bytes."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    @property
    def deadline(self) -> float | None:
        """When `tick` is due; None while nothing is awaited."""
        return min((waiting.until for waiting in self._waiting.values()), default=None)

    def tick(self, now: float) -> list[Event]:
        """Let time pass: give up calls that nobody answered."""
        late = [identifier for identifier, waiting in self._waiting.items() if waiting.until <= now]
        return [self._failed(identifier, TIMED_OUT, "no answer in time") for identifier in late]

    def close(self) -> list[Event]:
        """The connection is gone: every call that still waits has failed."""
        return [self._failed(identifier, TIMED_OUT, "the connection was lost") for identifier in [*self._waiting]]

    def receive(self, message: Message, now: float) -> list[Event]:
        """Take one websocket message that came in at `now`."""
        events = self._take(message)
        return events + self.tick(now) if self._waiting else events

    def _take(self, message: Message) -> list[Event]:
        try:
            plain = self.codec.plain(message)
        except ViolationError as error:
            data = message.encode(errors="replace") if isinstance(message, str) else message
            return self._reject(UNREAD_ID, error.code, str(error), data)
        try:
            frame = self.codec.decode(plain)
        except ViolationError:
            return self._malformed(self.codec.diagnose(plain), plain)
        if isinstance(frame, Call):
            return self._take_call(frame, plain)
        if frame.id not in self._waiting:
            return [self._unexpected(frame, plain)]
        if isinstance(frame, CallResult):
            return self._take_result(frame, plain)
        return [self._failed(frame.id, frame.code[:64], frame.text[:4096], self._details(frame))]

    def _take_call(self, call: Call, plain: bytes) -> list[Event]:
        content = hash(plain)
        if call.id in self._unanswered or call.id in self._answered:
            return self._again(call, content, plain)
        action = ACTIONS.get(call.action)
        if action is None:
            return self._reject(call.id, Code.NOT_IMPLEMENTED, f"unknown action {call.action}", plain)
        if action.caller == self.role:
            return self._reject(call.id, Code.NOT_SUPPORTED, f"{call.action} is for the {self.role} to call", plain)
        if self.is_full:
            return self._reject(call.id, Code.GENERIC_ERROR, f"{len(self._unanswered)} calls already wait", plain)
        try:
            payload = self.codec.unpack(call.payload, action.request)
        except ViolationError as error:
            return self._reject(call.id, error.code, str(error), plain)
        if type(payload) is BootNotification:
            self.compress = _understood(payload.compression)
        self._unanswered[call.id] = _Unanswered(action, content, len(plain))
        self._unanswered_bytes += len(plain)
        return [CallReceived(call.id, call.action, payload)]

    def _again(self, call: Call, content: int, plain: bytes) -> list[Event]:
        """A call whose id was there before. The same call is done once and has one answer, said twice if need be."""
        unanswered = self._unanswered.get(call.id)
        known = self._answered.content(call.id) if unanswered is None else unanswered.content
        if known != content:
            return self._reject(call.id, Code.RPC_FRAMEWORK_ERROR, f"{call.id} is the id of another call", plain)
        if unanswered is None:
            self._outgoing.append(self._answered.message(call.id))
        return [Defect(DUPLICATE, f"{call.action} {call.id} comes again", plain)]

    def _take_result(self, result: CallResult, plain: bytes) -> list[Event]:
        waiting = self._waiting[result.id]
        try:
            payload = self.codec.unpack(result.payload, waiting.action.response)
        except ViolationError as error:
            return self._unreadable(result.id, f"its answer is no {waiting.action.response.__name__}: {error}", plain)
        if type(payload) is BootNotificationResponse:
            self.compress = _understood(payload.compression)
        del self._waiting[result.id]
        return [ResultReceived(result.id, waiting.request, payload)]

    def _malformed(self, fault: Fault, plain: bytes) -> list[Event]:
        """No answer to an answer: two peers that do not understand each other would never stop."""
        if fault.type not in (3, 4):
            return self._reject(fault.id or UNREAD_ID, fault.code, fault.text, plain)
        if fault.id in self._waiting:
            return self._unreadable(fault.id, fault.text, plain)
        return [Defect(UNREADABLE, fault.text, plain)]

    def _unreadable(self, identifier: str, text: str, plain: bytes) -> list[Event]:
        return [Defect(UNREADABLE, text, plain), self._failed(identifier, UNREADABLE, text)]

    def _unexpected(self, frame: CallResult | CallError, plain: bytes) -> Defect:
        """An answer to a call that does not wait, or no longer."""
        text = f"{frame.id!r} does not wait for an answer"
        if isinstance(frame, CallError):
            text += f": {frame.code[:64]} {frame.text[:LONGEST_TEXT]}"
        number = int(frame.id) if frame.id.isascii() and frame.id.isdigit() else 0
        return Defect(LATE_ANSWER if 1 <= number <= self._calls else STRAY_ANSWER, text, plain)

    def _details(self, error: CallError) -> Any:
        if not 0 < len(bytes(error.details)) <= LARGEST_DETAILS:
            return None
        try:
            return self.codec.unpack(error.details, Any)
        except ViolationError:
            return None

    def _refusal(self, identifier: str, code: Code, text: str, details: Any = None) -> CallError:
        return CallError(identifier, code, text[:LONGEST_TEXT], self.codec.raw({} if details is None else details))

    def _reject(self, identifier: str, code: Code, text: str, plain: bytes) -> list[Event]:
        self._send(self._refusal(identifier, code, text))
        return [Defect(code.value, text, plain)]

    def _failed(self, identifier: str, code: str, text: str, details: Any = None) -> CallFailed:
        return CallFailed(identifier, self._waiting.pop(identifier).request, code, text, details)

    def _settle(self, identifier: str, call: _Unanswered, answer: CallResult | CallError) -> None:
        message = self._send(answer)
        del self._unanswered[identifier]
        self._unanswered_bytes -= call.size
        self._answered.remember(identifier, call.content, message)

    def _send(self, frame: Frame) -> Message:
        message = self.codec.encode(frame, self.compress)
        self._outgoing.append(message)
        return message


def _understood(word: str | None) -> str | None:
    return word if word in COMPRESSIONS else None
