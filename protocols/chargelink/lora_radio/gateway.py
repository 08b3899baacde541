"""The gateway's side of GWMP: keeps the way back open, hands up what it heard, answers what it is asked to send.

Sans-I/O: `receive` gives events, `data_to_send` datagrams for the server, `deadline` the moment to call `tick`.
`now` is in seconds of any clock that never runs backwards.
"""

from typing import NamedTuple

from chargelink.lora_radio.gwmp import (
    EUI,
    Content,
    Datagram,
    Kind,
    TransmitResult,
    read_content,
    write_content,
    write_result,
)
from chargelink.lora_radio.packets import ReceivedPacket, Statistics, TransmitPacket
from chargelink.wire import DecodeError, EncodeError

KEEPALIVE = 10.0  # s between PULL_DATA, as in the sample configuration of the packet forwarder
ACKNOWLEDGED_WITHIN = 1.0  # s; a later acknowledgement no longer counts
SILENT_AFTER = 3  # PULL_DATA without an answer, one after the other


class TransmitRequested(NamedTuple):
    """The server wants a packet sent; answer with `acknowledge(token, result)`."""

    token: int
    packet: TransmitPacket


class PushAcknowledged(NamedTuple):
    """The server has the packets pushed under this token."""

    token: int


class PushLost(NamedTuple):
    """No acknowledgement came in time. GWMP repeats nothing."""

    token: int


class ServerReachable(NamedTuple):
    """The server answers: the way back is open."""


class ServerSilent(NamedTuple):
    """SILENT_AFTER keepalives went unanswered."""


class Refused(NamedTuple):
    """A datagram that is not for us or cannot be read."""

    reason: str
    data: bytes


GatewayEvent = TransmitRequested | PushAcknowledged | PushLost | ServerReachable | ServerSilent | Refused


class Gateway:
    """One gateway towards one server.

    `eui` 8 bytes. Sends PULL_DATA at once and every `keepalive` seconds, since the server can only answer on the way
    that this keeps open through address translation.
    """

    def __init__(self, eui: bytes, now: float, keepalive: float = KEEPALIVE) -> None:
        if len(eui) != EUI or keepalive <= 0:
            raise EncodeError(f"gateway EUI {eui.hex()}, keepalive {keepalive} s")
        self.eui = eui
        self.keepalive = keepalive
        self.reachable = False
        self._outbox: list[bytes] = []
        self._token = 0
        self._pushed: dict[int, float] = {}  # token: until when its acknowledgement counts
        self._pulled: dict[int, float] = {}
        self._unanswered = 0
        self._next_pull = now
        self.tick(now)

    @property
    def deadline(self) -> float:
        """When `tick` has something to do."""
        return min([self._next_pull, *self._pushed.values(), *self._pulled.values()])

    def data_to_send(self) -> list[bytes]:
        """Datagrams for the server, each to be sent as one."""
        outbox, self._outbox = self._outbox, []
        return outbox

    def push(self, packets: tuple[ReceivedPacket, ...], now: float, statistics: Statistics | None = None) -> int:
        """Hand packets and statistics to the server; the token names them in a later event."""
        body = write_content(Content(packets, statistics=statistics))
        token = self._send(Kind.PUSH_DATA, body)
        self._pushed[token] = now + ACKNOWLEDGED_WITHIN
        return token

    def acknowledge(self, token: int, result: TransmitResult) -> None:
        """Answer a TransmitRequested: will be sent, or why not."""
        self._outbox.append(Datagram(Kind.TX_ACK, token, self.eui, write_result(result)).encode())

    def receive(self, data: bytes, now: float) -> list[GatewayEvent]:
        """Take a datagram from the server."""
        try:
            datagram = Datagram.decode(data)
            return self._received(datagram, data, now)
        except DecodeError as error:
            return [Refused(str(error), data)]

    def tick(self, now: float) -> list[GatewayEvent]:
        """Let time pass: keepalives go out, unanswered ones count."""
        events: list[GatewayEvent] = []
        for token in [token for token, until in self._pushed.items() if until <= now]:
            del self._pushed[token]
            events.append(PushLost(token))
        for token in [token for token, until in self._pulled.items() if until <= now]:
            del self._pulled[token]
            self._unanswered += 1
            if self._unanswered == SILENT_AFTER:
                self.reachable = False
                events.append(ServerSilent())
        if self._next_pull <= now:
            self._pulled[self._send(Kind.PULL_DATA)] = now + min(ACKNOWLEDGED_WITHIN, self.keepalive)
            self._next_pull = now + self.keepalive
        return events

    def _received(self, datagram: Datagram, data: bytes, now: float) -> list[GatewayEvent]:
        token = datagram.token
        if datagram.kind is Kind.PULL_RESP:
            content = read_content(datagram.document())
            if content.transmit is None:
                raise DecodeError(f"PULL_RESP without a packet to send: {'; '.join(content.flaws)}")
            return [TransmitRequested(token, content.transmit)]
        if datagram.kind is Kind.PUSH_ACK and self._pushed.pop(token, now) > now:
            return [PushAcknowledged(token)]
        if datagram.kind is Kind.PULL_ACK and self._pulled.pop(token, now) > now:
            self._unanswered = 0
            was, self.reachable = self.reachable, True
            return [] if was else [ServerReachable()]
        return [Refused(f"{datagram.kind.name} that nothing waits for", data)]

    def _send(self, kind: Kind, body: bytes = b"") -> int:
        self._token = self._token % 0xFFFF + 1
        self._outbox.append(Datagram(kind, self._token, self.eui, body).encode())
        return self._token
