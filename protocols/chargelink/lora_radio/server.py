"""The server's side of GWMP: acknowledges gateways, remembers the way back to each, has packets sent.

Sans-I/O, as `gateway`. One server speaks with many gateways, so datagrams come with the address of their sender and go
out with the address of their receiver. GWMP proves nobody's identity: only the gateways named at the start are heard,
each only from its own hosts, and what must not be forged is sealed inside the payload.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from chargelink.lora_radio.gwmp import (
    Content,
    Datagram,
    Kind,
    read_content,
    read_result,
    write_content,
)
from chargelink.lora_radio.packets import ReceivedPacket, TransmitPacket
from chargelink.lora_radio.radio import (
    GatewayLost,
    GatewayReachable,
    GatewayReported,
    PacketDropped,
    PacketReceived,
    RadioEvent,
    Refused,
    Transmission,
    Transmitted,
    TransmitUnanswered,
    UnreachableError,
)
from chargelink.wire import DecodeError, EncodeError

ANSWER_WITHIN = 1.0  # s from PULL_RESP to TX_ACK; a forwarder answers before it transmits
FORGOTTEN_AFTER = 60.0  # s without PULL_DATA: the way back through address translation has closed

Address = tuple[str, int]  # host, UDP port


class _Way(NamedTuple):
    """Where a gateway's last PULL_DATA came from, and until when that is good."""

    address: Address
    until: float


class Server:
    """One server for the gateways in `gateways`: EUI (8 bytes) to the hosts it may send from, none for any host."""

    def __init__(self, gateways: Mapping[bytes, Collection[str]]) -> None:
        self.gateways = {eui: frozenset(hosts) for eui, hosts in gateways.items()}
        self._outbox: list[tuple[bytes, Address]] = []
        self._ways: dict[bytes, _Way] = {}
        self._asked: dict[tuple[bytes, int], float] = {}  # (gateway, token): until when the answer counts
        self._token = 0

    @property
    def deadline(self) -> float | None:
        """When `tick` has something to do, None when nothing is awaited."""
        return min([*self._asked.values(), *(way.until for way in self._ways.values())], default=None)

    @property
    def reachable(self) -> frozenset[bytes]:
        """Gateways through which a packet can be sent."""
        return frozenset(self._ways)

    def data_to_send(self) -> list[tuple[bytes, Address]]:
        """Datagrams and where each goes."""
        outbox, self._outbox = self._outbox, []
        return outbox

    def transmit(self, gateway: bytes, packet: TransmitPacket, now: float) -> int:
        """Have a packet sent; the token names it in a later event.

        Raises UnreachableError when the gateway has opened no way back, EncodeError when the packet lacks what a
        gateway needs.
        """
        if gateway not in self._ways:
            raise UnreachableError(f"gateway {gateway.hex()} has not asked for packets")
        _check(packet)
        self._token = self._token % 0xFFFF + 1
        self._answer(Kind.PULL_RESP, self._token, self._ways[gateway].address, packet)
        self._asked[gateway, self._token] = now + ANSWER_WITHIN
        return self._token

    def receive(self, data: bytes, source: Address, now: float) -> list[RadioEvent]:
        """Take a datagram that came from `source`."""
        try:
            datagram = Datagram.decode(data)
            return self._received(datagram, source, now)
        except DecodeError as error:
            return [Refused(str(error), data, source[0])]

    def tick(self, now: float) -> list[RadioEvent]:
        """Let time pass: unanswered requests and gateways that went away."""
        events: list[RadioEvent] = []
        for gateway, token in [asked for asked, until in self._asked.items() if until <= now]:
            del self._asked[gateway, token]
            events.append(TransmitUnanswered(gateway, token))
        for gateway in [gateway for gateway, way in self._ways.items() if way.until <= now]:
            del self._ways[gateway]
            events.append(GatewayLost(gateway))
        return events

    def _received(self, datagram: Datagram, source: Address, now: float) -> list[RadioEvent]:
        gateway = datagram.gateway
        if gateway is None:
            raise DecodeError(f"{datagram.kind.name} comes from servers")
        hosts = self.gateways.get(gateway)
        if hosts is None:
            raise DecodeError(f"no gateway of ours: {gateway.hex()}")
        if hosts and source[0] not in hosts:
            raise DecodeError(f"gateway {gateway.hex()} does not send from {source[0]}")
        if datagram.kind is Kind.PUSH_DATA:
            return self._pushed(gateway, datagram, source)
        if datagram.kind is Kind.PULL_DATA:
            return self._pulled(gateway, datagram.token, source, now)
        return self._transmitted(gateway, datagram, now)

    def _pushed(self, gateway: bytes, datagram: Datagram, source: Address) -> list[RadioEvent]:
        content = read_content(datagram.document())
        self._answer(Kind.PUSH_ACK, datagram.token, source)
        events: list[RadioEvent] = [
            PacketReceived(gateway, packet) if packet.intact else PacketDropped(gateway, _why(packet))
            for packet in content.received
        ]
        events += [PacketDropped(gateway, flaw) for flaw in content.flaws]
        if content.statistics is not None:
            events.append(GatewayReported(gateway, content.statistics))
        return events

    def _pulled(self, gateway: bytes, token: int, source: Address, now: float) -> list[RadioEvent]:
        known = gateway in self._ways
        self._ways[gateway] = _Way(source, now + FORGOTTEN_AFTER)
        self._answer(Kind.PULL_ACK, token, source)
        return [] if known else [GatewayReachable(gateway)]

    def _transmitted(self, gateway: bytes, datagram: Datagram, now: float) -> list[RadioEvent]:
        if self._asked.get((gateway, datagram.token), now) <= now:
            raise DecodeError("TX_ACK that nothing waits for")
        result = read_result(datagram.document())
        del self._asked[gateway, datagram.token]
        return [Transmitted(gateway, datagram.token, result)]

    def _answer(self, kind: Kind, token: int, address: Address, packet: TransmitPacket | None = None) -> None:
        body = b"" if packet is None else write_content(Content(transmit=packet))
        self._outbox.append((Datagram(kind, token, None, body).encode(), address))


def _why(packet: ReceivedPacket) -> str:
    if packet.crc == -1:
        return "the packet's CRC is wrong"
    return packet.payload_flaw or "a packet without payload"


def _check(packet: TransmitPacket) -> None:
    """Refuse what a forwarder would refuse without a word (PROTOCOL.TXT, chapter 6)."""
    needed = ("frequency_hz", "radio", "modulation", "data_rate", "payload")
    missing = [name for name in needed if getattr(packet, name) is None]
    if packet.modulation == "LORA" and packet.coding_rate is None:
        missing.append("coding_rate")
    if not packet.immediate and packet.clock_us is None and packet.gps_ms is None:
        missing.append("immediate, clock_us or gps_ms")
    if missing:
        raise EncodeError(f"a packet to send lacks {', '.join(missing)}")


def as_packet(transmission: Transmission) -> TransmitPacket:
    """A transmission as a forwarder takes it."""
    return TransmitPacket(
        immediate=transmission.clock_us is None,
        clock_us=transmission.clock_us,
        frequency_hz=transmission.frequency_hz,
        radio=0,
        power_dbm=transmission.power_dbm,
        modulation="LORA",
        data_rate=f"SF{transmission.spreading_factor}BW125",
        coding_rate="4/5",
        inverted=transmission.inverted,
        preamble=8,
        without_crc=False,
        payload=transmission.frame,
    )


def immediately(frequency_hz: int, spreading_factor: int, payload: bytes, power_dbm: int) -> TransmitPacket:
    """A downlink of the private star, at once. `power_dbm` is what the gateway feeds its antenna."""
    return as_packet(Transmission(payload, frequency_hz, spreading_factor, power_dbm))
