"""Either end of the link. Sans-I/O: one websocket message in, events out, messages to send out, time as an argument.

    peer = Peer("edge", Codec.MSGPACK)
    peer.call(Heartbeat(), now)
    for message in peer.data_to_send(): await websocket.send(message)
    for event in peer.receive(message, now): ...            # or peer.tick(now) at peer.deadline

A peer lives as long as its connection; ids of calls are its own. What breaks the rules is answered with a CALLERROR
where it can be, told as a `Defect`, and never ends the connection.
"""

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from chargelink.link.frames import Call, CallError, CallResult, Code, Codec, Frame
from chargelink.link.messages import ACTIONS, Action
from chargelink.link.shape import Shape
from chargelink.wire import DecodeError, EncodeError

CALL_TIMEOUT = 30.0  # seconds
MOST_UNANSWERED = 64  # calls of the other end that may wait for our answer

Role = Literal["edge", "hub"]
TIMED_OUT = "TimedOut"  # no code of the wire: nobody answered


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
    """The call `id` was refused, by the code given; or nobody answered (TIMED_OUT), and it may have been done."""

    id: str
    request: Shape
    code: str
    text: str
    details: Any


class Defect(NamedTuple):
    """Something from the other end that is not as it should be."""

    text: str
    data: bytes


Event = CallReceived | ResultReceived | CallFailed | Defect


class _Waiting(NamedTuple):
    request: Shape
    action: Action
    until: float


class Peer:
    """One end of one connection, as "edge" or as "hub"."""

    def __init__(self, role: Role, codec: Codec = Codec.MSGPACK) -> None:
        self.role = role
        self.codec = codec
        self._calls = 0
        self._waiting: dict[str, _Waiting] = {}
        self._unanswered: dict[str, Action] = {}
        self._outgoing: list[bytes] = []

    @property
    def waiting(self) -> int:
        """How many of our calls have no answer yet."""
        return len(self._waiting)

    def call(self, request: Shape, now: float, timeout: float = CALL_TIMEOUT) -> str:
        """Ask; exactly one of ResultReceived and CallFailed follows with the returned id.

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

    def answer(self, identifier: str, response: Shape) -> None:
        """Answer a call received. Raises EncodeError for a call that does not wait, or the wrong shape of answer."""
        action = self._unanswered.get(identifier)
        if action is None or action.response is not type(response):
            raise EncodeError(f"no call {identifier!r} waits for a {type(response).__name__}")
        self._send(CallResult(identifier, self.codec.raw(response)))
        del self._unanswered[identifier]

    def refuse(self, identifier: str, code: Code, text: str = "", details: Any = None) -> None:
        """Refuse a call received. Raises EncodeError for a call that does not wait."""
        if self._unanswered.pop(identifier, None) is None:
            raise EncodeError(f"no call {identifier!r} waits")
        self._send(CallError(identifier, code, text, {} if details is None else details))

    def data_to_send(self) -> list[bytes]:
        """The messages to send now, in order."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    @property
    def deadline(self) -> float | None:
        """When `tick` is due; None while nothing is awaited."""
        return min((waiting.until for waiting in self._waiting.values()), default=None)

    def tick(self, now: float) -> list[Event]:
        """Let time pass: give up calls that nobody answered."""
        late = [identifier for identifier, waiting in self._waiting.items() if waiting.until <= now]
        return [self._failed(identifier, TIMED_OUT, "no answer in time", None) for identifier in late]

    def close(self) -> list[Event]:
        """The connection is gone: every call that still waits has failed."""
        return [self._failed(identifier, TIMED_OUT, "the connection was lost", None) for identifier in [*self._waiting]]

    def receive(self, data: bytes | str, now: float) -> list[Event]:
        """Take one websocket message that came in at `now`."""
        return [*self._take(data.encode(errors="surrogatepass") if isinstance(data, str) else data), *self.tick(now)]

    def _take(self, data: bytes) -> Iterable[Event]:
        try:
            frame = self.codec.decode(data)
        except DecodeError as error:
            return [Defect(f"no frame: {error}", data)]
        match frame:
            case Call():
                return self._take_call(frame, data)
            case CallResult():
                return self._take_result(frame, data)
            case CallError() if frame.id in self._waiting:
                return [self._failed(frame.id, frame.code, frame.text, frame.details)]
            case CallError():
                return [Defect(f"refuses {frame.id!r}, which does not wait: {frame.code} {frame.text}", data)]

    def _take_call(self, call: Call, data: bytes) -> Iterable[Event]:
        action = ACTIONS.get(call.action)
        if action is None:
            return self._reject(call, Code.NOT_IMPLEMENTED, f"unknown action {call.action}", data)
        if action.caller == self.role:
            return self._reject(call, Code.NOT_SUPPORTED, f"{call.action} is for the {self.role} to call", data)
        if call.id in self._unanswered:
            return self._reject(call, Code.RPC_FRAMEWORK_ERROR, f"{call.id} already waits", data)
        if len(self._unanswered) >= MOST_UNANSWERED:
            return self._reject(call, Code.RPC_FRAMEWORK_ERROR, f"{MOST_UNANSWERED} calls already wait", data)
        try:
            payload = self.codec.unpack(call.payload, action.request)
        except DecodeError as error:
            return self._reject(call, Code.TYPE_CONSTRAINT_VIOLATION, str(error), data)
        self._unanswered[call.id] = action
        return [CallReceived(call.id, call.action, payload)]

    def _take_result(self, result: CallResult, data: bytes) -> Iterable[Event]:
        waiting = self._waiting.get(result.id)
        if waiting is None:
            return [Defect(f"answers {result.id!r}, which does not wait", data)]
        try:
            payload = self.codec.unpack(result.payload, waiting.action.response)
        except DecodeError as error:
            text = f"its answer is no {waiting.action.response.__name__}: {error}"
            return [Defect(text, data), self._failed(result.id, Code.TYPE_CONSTRAINT_VIOLATION, text, None)]
        del self._waiting[result.id]
        return [ResultReceived(result.id, waiting.request, payload)]

    def _reject(self, call: Call, code: Code, text: str, data: bytes) -> Iterable[Event]:
        self._send(CallError(call.id, code, text[:4096], {}))
        return [Defect(text, data)]

    def _failed(self, identifier: str, code: str, text: str, details: Any) -> CallFailed:
        return CallFailed(identifier, self._waiting.pop(identifier).request, code, text, details)

    def _send(self, frame: Frame) -> None:
        self._outgoing.append(self.codec.encode(frame))
