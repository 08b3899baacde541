"""One direction of a conversation: frames sealed under one key, with a counter that only grows.

A session is two of them; the frames of a group are one more. The receiver says of every frame that it refuses why.
"""

from enum import Enum
from typing import Any, NamedTuple

from chargelink.lora_socket.counters import MOST_MISSED, ROTATE_AT, SendCounter, following
from chargelink.lora_socket.frame import LONG_TAG, Control, Header, SealError, seal, unseal
from chargelink.lora_socket.kinds import RULE, RULE_OF_BODY, Body, Kind, Seal
from chargelink.wire import DecodeError, EncodeError


class Reason(Enum):
    """Why a frame was refused."""

    MALFORMED = "no LS1 frame"
    OTHER_SITE = "another site"
    OTHER_ADDRESS = "another socket"
    WRONG_DIRECTION = "sent by our own side"
    UNKNOWN_TYPE = "unknown type"
    WRONG_KEY = "this type does not travel under this key"
    NO_KEY = "no key for it"
    SHORT_TAG = "the tag is too short for its type"
    FORGED = "the tag is wrong"
    REPLAYED = "its counter was used before"
    GAP = "its counter is too far ahead"
    BODY = "its body cannot be read"


class RefusedError(DecodeError):
    """A frame that is not obeyed."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason


class Opened(NamedTuple):
    """A frame that was authenticated: its header, whole counter, what it acknowledges, and its body."""

    header: Header
    counter: int
    acknowledges: int | None  # low half of the counter of a frame of ours
    body: Any

    @property
    def kind(self) -> Kind:
        """The type of the message."""
        return Kind(self.header.kind)


class Sender:
    """Seals bodies towards one address. `key` 16 bytes, not shown; `join_nonce` 0 for a group."""

    def __init__(
        self,
        key: bytes,
        net: int,
        address: int,
        join_nonce: int,
        counter: SendCounter,
        *,
        down: bool,
        group: bool = False,
    ) -> None:
        self._key = key
        self._net = net
        self._address = address
        self._join_nonce = join_nonce
        self.counter = counter
        self._control = (Control.DOWN if down else Control(0)) | (Control.GROUP if group else Control(0))
        self._allowed = (Seal.GROUP, Seal.EITHER) if group else (Seal.SESSION, Seal.EITHER)

    def seal(
        self,
        body: Body,
        *,
        acknowledge: int | None = None,
        ack_wanted: bool = False,
        more: bool = False,
        checked: bool = True,
    ) -> bytes:
        """The frame of a body, under the next counter, with the tag that its type must have.

        `acknowledge` is the low half of the counter of a frame received; not `checked`, values out of their range
        travel too. Raises EncodeError when the body does not travel in this direction or under this key, cannot be
        written, or no counter is reserved.
        """
        rule = RULE_OF_BODY.get(type(body))
        if rule is None or rule.seal not in self._allowed or rule.down != (Control.DOWN in self._control):
            raise EncodeError(f"{type(body).__name__} does not travel here")
        content = body.encode(None, checked)
        control = self._control
        control |= Control.ACK_WANTED if ack_wanted or rule.answered else Control(0)
        control |= Control.MORE if more else Control(0)
        if acknowledge is not None:
            control |= Control.ACKNOWLEDGES
            content = acknowledge.to_bytes(2, "little") + content
        if rule.tag_length(acknowledge is not None) == LONG_TAG:
            control |= Control.LONG_TAG
        counter = self.counter.take()
        header = Header(control, self._net, self._address, counter & 0xFFFF, rule.kind)
        return seal(self._key, header, counter, self._join_nonce, content)


class Receiver:
    """Opens frames from one sender. `last` is the counter of the last frame accepted, -1 for none; keep it durably."""

    def __init__(
        self,
        key: bytes,
        net: int,
        addresses: frozenset[int],
        join_nonce: int,
        last: int = -1,
        *,
        down: bool,
        group: bool = False,
    ) -> None:
        self._key = key
        self._net = net
        self._addresses = addresses
        self._join_nonce = join_nonce
        self._down = down
        self._allowed = (Seal.GROUP, Seal.EITHER) if group else (Seal.SESSION, Seal.EITHER)
        self.last = last

    def open(self, frame: bytes) -> Opened:
        """A frame whose every rule was checked. Raises RefusedError with the reason; then nothing has changed,
        except that the counter of an authentic frame with an unreadable body is used up."""
        try:
            header = Header.decode(frame)
        except DecodeError as error:
            raise RefusedError(Reason.MALFORMED, str(error)) from error
        self._check(header)
        counter, content = self._authenticated(header, frame)
        self.last = counter
        return self._read(header, counter, content)

    def _check(self, header: Header) -> None:
        """What the clear header already tells. Raises RefusedError."""
        if header.net != self._net:
            raise RefusedError(Reason.OTHER_SITE, f"{header.net:04X}")
        if header.address not in self._addresses:
            raise RefusedError(Reason.OTHER_ADDRESS, f"{header.address:04X}")
        if header.down != self._down:
            raise RefusedError(Reason.WRONG_DIRECTION)
        rule = RULE.get(header.kind)
        if rule is None:
            raise RefusedError(Reason.UNKNOWN_TYPE, f"{header.kind:02X}")
        if rule.down != header.down:
            raise RefusedError(Reason.WRONG_DIRECTION, rule.kind.name)
        # Every socket of a site has the group key: with it one could silence another's reports.
        acknowledged_by_all = Control.ACKNOWLEDGES in header.control and Control.GROUP in header.control
        if rule.seal not in self._allowed or acknowledged_by_all:
            raise RefusedError(Reason.WRONG_KEY, rule.kind.name)
        if header.tag_length < rule.tag_length(Control.ACKNOWLEDGES in header.control):
            raise RefusedError(Reason.SHORT_TAG, rule.kind.name)

    def _authenticated(self, header: Header, frame: bytes) -> tuple[int, bytes]:
        """Counter and content. A frame that cannot be next is tried once more, to tell a replay from a forgery."""
        counter = following(header.counter_low, self.last)
        ahead = counter - self.last <= MOST_MISSED and counter < ROTATE_AT
        if ahead:
            content = self._unsealed(header, counter, frame)
            if content is not None:
                return counter, content
        if counter >= 0x10000 and self._unsealed(header, counter - 0x10000, frame) is not None:
            raise RefusedError(Reason.REPLAYED, f"counter {counter - 0x10000}, last {self.last}")
        if not ahead and counter < ROTATE_AT and self._unsealed(header, counter, frame) is not None:
            raise RefusedError(Reason.GAP, f"counter {counter}, last {self.last}")
        raise RefusedError(Reason.FORGED)

    def _unsealed(self, header: Header, counter: int, frame: bytes) -> bytes | None:
        try:
            return unseal(self._key, header, counter, self._join_nonce, frame)
        except SealError:
            return None

    def _read(self, header: Header, counter: int, content: bytes) -> Opened:
        acknowledges = None
        if Control.ACKNOWLEDGES in header.control:
            if len(content) < 2:
                raise RefusedError(Reason.BODY, "it acknowledges, and does not say what")
            acknowledges = int.from_bytes(content[:2], "little")
            content = content[2:]
        try:
            return Opened(header, counter, acknowledges, RULE[header.kind].body.decode(content))
        except DecodeError as error:
            raise RefusedError(Reason.BODY, str(error)) from error
