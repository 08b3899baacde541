"""A third party with the keys: opens what it overhears on both sides, for recordings and for people.

It obeys nothing, so it judges more mildly than a receiver: a frame that a receiver would refuse is opened where that
can be done, and told with the reason. It finds its way into a conversation that has long begun, and follows joins and
key updates.
"""

from typing import Any, NamedTuple

from chargelink.lora_socket.channel import Reason
from chargelink.lora_socket.counters import MOST_MISSED, following
from chargelink.lora_socket.frame import HEADER, Control, Header, SealError, unseal
from chargelink.lora_socket.join import claimed_identity, open_accept, open_request
from chargelink.lora_socket.keys import SessionKeys, session_keys
from chargelink.lora_socket.kinds import RULE, Kind, Rule, Seal
from chargelink.lora_socket.messages import JoinAccept, KeyUpdate
from chargelink.wire import DecodeError

HALVES_TRIED = 256  # upper halves of a first counter: 16 million frames, two years of polling every four seconds
JOINS_REMEMBERED = 64  # requests that an answer may still come to


class Overheard(NamedTuple):
    """One frame. `body` is None where it could not be opened or read; `reasons` are what a receiver would object to."""

    header: Header
    counter: int | None = None
    acknowledges: int | None = None
    body: Any = None
    claimed: dict[str, Any] | None = None  # what joining says in clear
    reasons: tuple[Reason, ...] = ()
    detail: str = ""

    @property
    def kind(self) -> Kind | None:
        """The type, None for one that LS1 does not know."""
        return Kind(self.header.kind) if self.header.kind in RULE else None

    @property
    def opened(self) -> bool:
        """Whether a key has proven where the frame comes from."""
        return self.counter is not None


class _Conversation:
    """One direction under one key."""

    def __init__(self, key: bytes, join_nonce: int) -> None:
        self.key = key
        self.join_nonce = join_nonce
        self.last: int | None = None

    def opened(self, header: Header, frame: bytes) -> tuple[int, bytes] | None:
        """Counter and content, None when the tag fits no counter that could be meant."""
        for counter in self._candidates(header.counter_low):
            try:
                return counter, unseal(self.key, header, counter, self.join_nonce, frame)
            except SealError:
                continue
        return None

    def _candidates(self, low: int) -> list[int]:
        if self.last is None:
            return [low + (half << 16) for half in range(HALVES_TRIED)]
        ahead = following(low, self.last)
        return [ahead, ahead - 0x10000] if ahead >= 0x10000 else [ahead]

    def judged(self, counter: int) -> tuple[Reason, ...]:
        """What a receiver that heard all before would object to; then the counter is taken note of."""
        last, self.last = self.last, max(counter, self.last or 0)
        if last is None:
            return ()
        if counter <= last:
            return (Reason.REPLAYED,)
        return (Reason.GAP,) if counter - last > MOST_MISSED else ()


class Listener:
    """Overhears sockets and edges. Keys are added, or learned from the joins and key updates of known sockets."""

    def __init__(self) -> None:
        self._sessions: dict[tuple[int, int], tuple[_Conversation, _Conversation]] = {}  # (NET, ADDR): up, down
        self._groups: dict[int, _Conversation] = {}
        self._devices: dict[bytes, bytes] = {}
        self._requests: list[tuple[bytes, int]] = []  # (EUI, DevNonce), the latest last

    def add_session(self, net: int, address: int, keys: SessionKeys) -> None:
        """Know the session keys of a socket."""
        up, down = _Conversation(keys.up, keys.join_nonce), _Conversation(keys.down, keys.join_nonce)
        self._sessions[net, address] = (up, down)

    def add_device(self, eui: bytes, device_key: bytes) -> None:
        """Know a socket's device key: its joins can be followed."""
        self._devices[eui] = device_key

    def add_group(self, net: int, key: bytes) -> None:
        """Know the group key of a site."""
        self._groups[net] = _Conversation(key, 0)

    def hear(self, frame: bytes) -> Overheard:
        """One frame. Raises DecodeError when it is no LS1 frame."""
        header = Header.decode(frame)
        rule = RULE.get(header.kind)
        if rule is None:
            return Overheard(header, reasons=(Reason.UNKNOWN_TYPE,), detail=f"{header.kind:02X}")
        if len(frame) < HEADER + rule.clear + header.tag_length:
            raise DecodeError(f"{rule.kind.name} of {len(frame)} bytes")
        objections = _objections(header, rule)
        if rule.kind is Kind.JOIN_REQ:
            return self._join_request(header, frame, objections)
        if rule.kind is Kind.JOIN_ACC:
            return self._join_accept(header, frame, objections)
        return self._opened(header, rule, frame, objections)

    def _opened(self, header: Header, rule: Rule, frame: bytes, objections: tuple[Reason, ...]) -> Overheard:
        conversation = self._conversation(header)
        if conversation is None:
            return Overheard(header, reasons=(*objections, Reason.NO_KEY))
        found = conversation.opened(header, frame)
        if found is None:
            return Overheard(header, reasons=(*objections, Reason.FORGED))
        counter, content = found
        heard = Overheard(header, counter, reasons=(*objections, *conversation.judged(counter)))
        if Control.ACKNOWLEDGES in header.control:
            if len(content) < 2:
                detail = "it acknowledges, and does not say what"
                return heard._replace(reasons=(*heard.reasons, Reason.BODY), detail=detail)
            heard = heard._replace(acknowledges=int.from_bytes(content[:2], "little"))
            content = content[2:]
        try:
            body = rule.body.decode(content)
        except DecodeError as error:
            return heard._replace(reasons=(*heard.reasons, Reason.BODY), detail=str(error))
        self._learn(header, body)
        return heard._replace(body=body)

    def _conversation(self, header: Header) -> _Conversation | None:
        if Control.GROUP in header.control:
            return self._groups.get(header.net)
        session = self._sessions.get((header.net, header.address))
        return None if session is None else session[header.down]

    def _learn(self, header: Header, body: Any) -> None:
        if isinstance(body, KeyUpdate) and not body.of_device:
            known = self._groups.get(header.net)
            if known is None or known.key != body.key:
                self.add_group(header.net, body.key)

    def _join_request(self, header: Header, frame: bytes, objections: tuple[Reason, ...]) -> Overheard:
        eui, dev_nonce = frame[9:17], int.from_bytes(frame[17:20], "little")
        heard = Overheard(header, claimed={"eui": eui.hex(), "dev_nonce": dev_nonce}, reasons=objections)
        device_key = self._devices.get(eui)
        if device_key is None:
            return heard._replace(reasons=(*objections, Reason.NO_KEY))
        try:
            claimed_identity(frame)
            body = open_request(device_key, frame)
        except DecodeError as error:
            return heard._replace(reasons=(*objections, Reason.FORGED), detail=str(error))
        self._requests = [*self._requests[1 - JOINS_REMEMBERED :], (eui, dev_nonce)]
        return heard._replace(counter=dev_nonce, body=body)

    def _join_accept(self, header: Header, frame: bytes, objections: tuple[Reason, ...]) -> Overheard:
        join_nonce = int.from_bytes(frame[9:12], "little")
        heard = Overheard(header, claimed={"join_nonce": join_nonce}, reasons=objections)
        asked = [request for request in reversed(self._requests) if request[1] & 0xFFFF == header.counter_low]
        for eui, dev_nonce in asked:
            try:
                body = open_accept(self._devices[eui], eui, dev_nonce, frame)
            except DecodeError:
                continue
            self._joined(header.net, eui, dev_nonce, body)
            return heard._replace(counter=dev_nonce, body=body)
        return heard._replace(reasons=(*objections, Reason.FORGED if asked else Reason.NO_KEY))

    def _joined(self, net: int, eui: bytes, dev_nonce: int, accept: JoinAccept) -> None:
        """The answer may be one that was repeated: then the conversation goes on with the counters it has."""
        keys = session_keys(self._devices[eui], eui, net, accept.join_nonce, dev_nonce)
        known = self._sessions.get((net, accept.address))
        if known is None or known[0].key != keys.up:
            self.add_session(net, accept.address, keys)


def _objections(header: Header, rule: Rule) -> tuple[Reason, ...]:
    """What the clear header alone has against the rules."""
    group = Control.GROUP in header.control
    objections = []
    if header.down != rule.down:
        objections.append(Reason.WRONG_DIRECTION)
    if rule.seal not in ((Seal.GROUP, Seal.EITHER) if group else (Seal.SESSION, Seal.EITHER, Seal.JOIN)):
        objections.append(Reason.WRONG_KEY)
    if header.tag_length < rule.tag_length(Control.ACKNOWLEDGES in header.control):
        objections.append(Reason.SHORT_TAG)
    return tuple(objections)
