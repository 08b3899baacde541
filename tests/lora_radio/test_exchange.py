"""The two sides of GWMP against each other, with a clock that the test holds."""

import pytest

from chargelink.lora_radio import gateway as gateway_side
from chargelink.lora_radio import radio
from chargelink.lora_radio import server as server_side
from chargelink.lora_radio.gateway import Gateway
from chargelink.lora_radio.gwmp import Datagram, Kind, TransmitResult
from chargelink.lora_radio.packets import ReceivedPacket, Statistics, TransmitPacket
from chargelink.lora_radio.radio import GatewayReported, PacketDropped, PacketReceived
from chargelink.lora_radio.server import Server, immediately
from chargelink.wire import EncodeError

EUI = bytes.fromhex("0016c001f153a14c")
SOURCE = ("127.0.0.1", 40_000)
DOWNLINK = immediately(470_300_000, 8, b"\xe0down", 17)


class Exchange:
    """A gateway and a server with a wire between them that can be cut."""

    def __init__(self) -> None:
        self.gateway = Gateway(EUI, now=0.0)
        self.server = Server({EUI: ["127.0.0.1"]})
        self.gateway_events: list[gateway_side.GatewayEvent] = []
        self.server_events: list[radio.RadioEvent] = []

    def run(self, now: float) -> None:
        """Carry datagrams until there are none."""
        while up := self.gateway.data_to_send():
            for data in up:
                self.server_events += self.server.receive(data, SOURCE, now)
            for data, address in self.server.data_to_send():
                assert address == SOURCE
                self.gateway_events += self.gateway.receive(data, now)
        for data, _ in self.server.data_to_send():
            self.gateway_events += self.gateway.receive(data, now)


@pytest.fixture
def exchange() -> Exchange:
    exchange = Exchange()
    exchange.run(0.0)
    assert exchange.server_events == [radio.GatewayReachable(EUI)]
    assert exchange.gateway_events == [gateway_side.ServerReachable()]
    exchange.server_events.clear()
    exchange.gateway_events.clear()
    return exchange


def test_an_uplink_is_pushed_and_acknowledged(exchange: Exchange) -> None:
    packet = ReceivedPacket(clock_us=1, frequency_hz=470_300_000, crc=1, rssi=-8000, snr=95, size=2, payload=b"\xe0\0")
    token = exchange.gateway.push((packet,), now=1.0, statistics=Statistics(received=1))
    exchange.run(1.0)
    assert exchange.gateway_events == [gateway_side.PushAcknowledged(token)]
    assert exchange.server_events == [PacketReceived(EUI, packet), GatewayReported(EUI, Statistics(received=1))]


def test_a_packet_with_a_wrong_crc_is_dropped(exchange: Exchange) -> None:
    exchange.gateway.push((ReceivedPacket(crc=-1, payload=b"x"), ReceivedPacket()), now=1.0)
    exchange.run(1.0)
    assert exchange.server_events == [
        PacketDropped(EUI, "the packet's CRC is wrong"),
        PacketDropped(EUI, "a packet without payload"),
    ]


def test_a_downlink_is_sent_and_answered_by_its_token(exchange: Exchange) -> None:
    token = exchange.server.transmit(EUI, DOWNLINK, now=2.0)
    assert exchange.server.deadline == 2.0 + server_side.ANSWER_WITHIN
    exchange.run(2.0)
    (asked,) = exchange.gateway_events
    assert isinstance(asked, gateway_side.TransmitRequested)
    assert asked.packet.payload == b"\xe0down"
    assert asked.packet.immediate
    assert asked.packet.inverted
    exchange.gateway.acknowledge(asked.token, TransmitResult("TX_FREQ"))
    exchange.run(2.1)
    assert exchange.server_events == [radio.Transmitted(EUI, token, TransmitResult("TX_FREQ"))]


def test_an_answer_that_comes_late_or_twice_is_refused(exchange: Exchange) -> None:
    token = exchange.server.transmit(EUI, DOWNLINK, now=2.0)
    assert exchange.server.tick(2.9) == []
    assert exchange.server.tick(3.0) == [radio.TransmitUnanswered(EUI, token)]
    assert exchange.server.tick(3.0) == []
    exchange.gateway.acknowledge(token, TransmitResult())
    exchange.run(3.1)
    (refused,) = exchange.server_events
    assert isinstance(refused, radio.Refused)
    assert refused.reason == "TX_ACK that nothing waits for"


def test_an_unreadable_answer_leaves_the_question_open(exchange: Exchange) -> None:
    token = exchange.server.transmit(EUI, DOWNLINK, now=2.0)
    torn = Datagram(Kind.TX_ACK, token, EUI, b'{"txpk_ack":').encode()
    (event,) = exchange.server.receive(torn, SOURCE, 2.1)
    assert isinstance(event, radio.Refused)
    assert exchange.server.tick(3.0) == [radio.TransmitUnanswered(EUI, token)]


def test_keepalives_and_silence() -> None:
    gateway = Gateway(EUI, now=0.0)
    sent, events = 0, []
    for _ in range(8):
        sent += len(gateway.data_to_send())
        events += gateway.tick(gateway.deadline)
    assert sent == 4  # at 0, 10, 20, 30 s; each followed by a deadline for its answer
    assert events == [gateway_side.ServerSilent()]
    assert not gateway.reachable


def test_a_push_that_nobody_acknowledges_is_told() -> None:
    gateway = Gateway(EUI, now=0.0)
    token = gateway.push((ReceivedPacket(payload=b"x"),), now=0.5)
    assert gateway_side.PushLost(token) in gateway.tick(1.5)
    late = Datagram(Kind.PUSH_ACK, token).encode()
    assert isinstance(gateway.receive(late, 1.6)[0], gateway_side.Refused)


def test_a_gateway_that_goes_away_is_no_way_back(exchange: Exchange) -> None:
    assert exchange.server.reachable == {EUI}
    assert exchange.server.tick(server_side.FORGOTTEN_AFTER) == [radio.GatewayLost(EUI)]
    assert exchange.server.deadline is None
    with pytest.raises(radio.UnreachableError):
        exchange.server.transmit(EUI, DOWNLINK, now=61.0)


@pytest.mark.parametrize(
    ("data", "source", "reason"),
    [
        (Datagram(Kind.PULL_DATA, 1, bytes(8)), SOURCE, "no gateway of ours"),
        (Datagram(Kind.PULL_DATA, 1, EUI), ("10.0.0.9", 1), "does not send from 10.0.0.9"),
        (Datagram(Kind.PUSH_ACK, 1), SOURCE, "comes from servers"),
        (Datagram(Kind.PUSH_DATA, 1, EUI, b"nonsense"), SOURCE, "no JSON"),
    ],
)
def test_a_server_hears_only_its_gateways(data: Datagram, source: server_side.Address, reason: str) -> None:
    server = Server({EUI: ["127.0.0.1"]})
    (event,) = server.receive(data.encode(), source, 0.0)
    assert isinstance(event, radio.Refused)
    assert reason in event.reason
    assert server.data_to_send() == []
    assert server.reachable == frozenset()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        Datagram(Kind.PULL_RESP, 1, None, b"{}").encode(),
        Datagram(Kind.PULL_RESP, 1, None, b'{"txpk":1}').encode(),
        Datagram(Kind.PULL_DATA, 1, EUI).encode(),
        Datagram(Kind.PUSH_ACK, 77).encode(),
    ],
)
def test_what_a_gateway_refuses(data: bytes) -> None:
    (event,) = Gateway(EUI, now=0.0).receive(data, 0.0)
    assert isinstance(event, gateway_side.Refused)


@pytest.mark.parametrize(
    "packet",
    [
        TransmitPacket(),
        TransmitPacket(immediate=True, frequency_hz=1, radio=0, modulation="LORA", data_rate="SF8BW125", payload=b""),
        TransmitPacket(frequency_hz=1, radio=0, modulation="FSK", data_rate=50_000, payload=b"x"),
    ],
)
def test_a_packet_that_lacks_something_is_our_mistake(exchange: Exchange, packet: TransmitPacket) -> None:
    with pytest.raises(EncodeError, match="lacks"):
        exchange.server.transmit(EUI, packet, now=1.0)


def test_an_impossible_gateway_is_our_mistake() -> None:
    with pytest.raises(EncodeError):
        Gateway(b"short", now=0.0)
    with pytest.raises(EncodeError):
        Gateway(EUI, now=0.0, keepalive=0.0)
