"""ChirpStack's messages: published examples, bytes put together by hand from `gw.proto`, and hostile ones."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.lora_radio import chirpstack, protobuf
from chargelink.lora_radio.chirpstack import ACK, CONNECTION, DOWNLINK, UPLINK, Marshaler, Publication, Server
from chargelink.lora_radio.gwmp import TransmitResult
from chargelink.lora_radio.radio import (
    GatewayLost,
    GatewayReachable,
    PacketDropped,
    PacketReceived,
    Refused,
    Transmission,
    Transmitted,
    TransmitUnanswered,
    UnreachableError,
)
from chargelink.wire import DecodeError

EUI = bytes.fromhex("0016c001f153a14c")
NAME = "gateway/0016c001f153a14c/"
DOWN = Transmission(b"\xe0down", 470_300_000, 8, 17)
# chirpstack.io, Gateway Bridge, payloads: events
UP_JSON = b"""{"phyPayload":"gKb+agGABQABOIc6cwQ=","txInfo":{"frequency":867300000,"modulation":{"lora":{
"bandwidth":125000,"spreadingFactor":7,"codeRate":"CR_4_5"}}},"rxInfo":{"gatewayId":"0016c001f153a14c","uplinkId":7895,
"time":"2022-08-03T14:37:43.383634108Z","rssi":-52,"snr":13.75,"context":"xwx0GQ=="}}"""
ACK_JSON = b'{"gatewayId":"0016c001f153a14c","downlinkId":894104280,"items":[{"status":"OK"},{}]}'
PAYLOAD = bytes.fromhex("80a6fe6a018005000138873a7304")
# The same uplink by the field numbers of gw.proto: phy_payload 1, tx_info 4, rx_info 5 with an unknown field 17 in it.
LORA = bytes.fromhex("08c8d007 1007 2801")
TX_INFO = bytes.fromhex("08a0e5c79d03 12") + bytes([len(LORA) + 2]) + b"\x1a" + bytes([len(LORA)]) + LORA
RX_INFO = b"\x0a\x100016c001f153a14c" + bytes.fromhex(
    "10d73d 30ccffffffffffffffff01 3d00005c41 6a04c70c7419 800102 8a0102 0801"
)
UP_PROTOBUF = b"".join(
    bytes([key, len(part)]) + part for key, part in ((0x0A, PAYLOAD), (0x22, TX_INFO), (0x2A, RX_INFO))
)


@pytest.fixture(params=[*Marshaler])
def server(request: pytest.FixtureRequest) -> Server:
    return Server([EUI], request.param)


def say(server: Server, what: str, message: protobuf.Message, values: dict[str, Any]) -> Publication:
    return Publication(NAME + what, server.marshaler.write(message, values))


def connect(server: Server) -> None:
    online = say(server, "state/conn", CONNECTION, {"gatewayId": EUI.hex(), "state": "ONLINE"})
    assert server.receive(online, 0.0) == [GatewayReachable(EUI)]
    assert server.reachable == {EUI}


@pytest.mark.parametrize(
    ("marshaler", "data", "crc"), [(Marshaler.JSON, UP_JSON, 0), (Marshaler.PROTOBUF, UP_PROTOBUF, 1)]
)
def test_an_uplink_of_the_documentation(marshaler: Marshaler, data: bytes, crc: int) -> None:
    found, event = Server([EUI], marshaler).receive(Publication(NAME + "event/up", data), 1.5)
    assert found == GatewayReachable(EUI)
    assert isinstance(event, PacketReceived)
    packet = event.packet
    assert (packet.payload, packet.frequency_hz, packet.data_rate) == (PAYLOAD, 867_300_000, "SF7BW125")
    assert (packet.rssi, packet.snr, packet.clock_us, packet.crc) == (-5_200, 1_375, 1_500_000, crc)


def test_an_acknowledgement_of_the_documentation() -> None:
    values = Marshaler.JSON.read(ACK, ACK_JSON)
    assert values == {"gatewayId": EUI.hex(), "downlinkId": 894104280, "items": [{"status": "OK"}, {}]}


def test_a_downlink_is_written_byte_by_byte() -> None:
    server = Server([EUI], Marshaler.PROTOBUF, prefix="cn470_10")
    server.receive(Publication("cn470_10/" + NAME + "state/conn", b"\x10\x01"), 0.0)
    server.transmit(EUI, DOWN, 0.0)
    (publication,) = server.data_to_send()
    lora = bytes.fromhex("08c8d007 1008 2801 2001 3008")
    modulation = bytes([0x1A, len(lora)]) + lora
    tx_info = bytes.fromhex("08e0eaa0e001 1011 1a") + bytes([len(modulation)]) + modulation + bytes.fromhex("3202 0a00")
    item = b"\x0a\x05\xe0down\x1a" + bytes([len(tx_info)]) + tx_info
    assert publication.topic == "cn470_10/" + NAME + "command/down"
    assert publication.payload == b"\x18\x01\x2a" + bytes([len(item)]) + item + b"\x3a\x100016c001f153a14c"


def test_an_answer_says_what_became_of_a_packet(server: Server) -> None:
    connect(server)
    for statuses, said in (
        (["OK"], "NONE"),
        (["TX_FREQ"], "TX_FREQ"),
        (["COLLISION_PACKET"], "COLLISION_PACKET"),
        (["TOO_LATE", "OK"], "NONE"),
        ([], "IGNORED"),
    ):
        token = server.transmit(EUI, DOWN, 0.0)
        answer = {"downlinkId": token, "items": [{"status": status} for status in statuses]}
        assert server.receive(say(server, "event/ack", ACK, answer), 0.1) == [
            Transmitted(EUI, token, TransmitResult(said))
        ]
        (again,) = server.receive(say(server, "event/ack", ACK, answer), 0.2)
        assert isinstance(again, Refused)
    assert server.deadline is None


def test_what_is_not_answered_is_told(server: Server) -> None:
    connect(server)
    token = server.transmit(EUI, DOWN, 5.0)
    assert server.deadline == 5.0 + chirpstack.ANSWER_WITHIN
    assert server.tick(6.9) == []
    assert server.tick(7.0) == [TransmitUnanswered(EUI, token)]
    token = server.transmit(EUI, DOWN, 8.0)
    assert server.disconnected() == [TransmitUnanswered(EUI, token), GatewayLost(EUI)]
    assert server.data_to_send() == []
    with pytest.raises(UnreachableError):
        server.transmit(EUI, DOWN, 9.0)


def test_a_gateway_that_leaves_is_lost_once(server: Server) -> None:
    connect(server)
    offline = say(server, "state/conn", CONNECTION, {"gatewayId": EUI.hex()})
    assert server.receive(offline, 1.0) == [GatewayLost(EUI)]
    assert server.receive(offline, 1.0) == []


@pytest.mark.parametrize(
    "values",
    [{"phyPayload": b"x", "rxInfo": {"crcStatus": "BAD_CRC"}}, {"rxInfo": {"crcStatus": "CRC_OK"}}],
    ids=["bad CRC", "no payload"],
)
def test_packets_not_to_be_used_are_dropped(server: Server, values: dict[str, Any]) -> None:
    connect(server)
    (event,) = server.receive(say(server, "event/up", UPLINK, values), 0.0)
    assert isinstance(event, PacketDropped)


def test_topics_of_others_are_refused(server: Server) -> None:
    (event,) = server.receive(Publication("gateway/0000000000000000/event/up", b""), 0.0)
    assert isinstance(event, Refused)


@given(st.sampled_from(["event/up", "event/ack", "state/conn"]), st.sampled_from([*Marshaler]), st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(what: str, marshaler: Marshaler, data: bytes) -> None:
    Server([EUI], marshaler).receive(Publication(NAME + what, data), 0.0)
    Server([EUI], Marshaler.PROTOBUF).receive(Publication(NAME + "event/up", UP_PROTOBUF[:30] + data), 0.0)


ODD_VALUES: list[object] = [
    None,
    True,
    -1,
    1.5,
    1e300,
    2**40,
    "",
    "=",
    "NaN",
    [],
    [[]],
    {},
    {"lora": 1},
    [{"status": 99}],
    ["OK"],
]


@pytest.mark.parametrize("value", ODD_VALUES, ids=repr)
@pytest.mark.parametrize(
    "path",
    ["phyPayload", "txInfo", "rxInfo", "rxInfo/snr", "txInfo/frequency", "txInfo/modulation/lora", "items", "state"],
)
def test_odd_json_is_read_or_refused(path: str, value: object) -> None:
    document = msgspec.json.decode(UP_JSON)
    *way, last = path.split("/")
    inner = document
    for name in way:
        inner = inner[name]
    inner[last] = value
    for what in ("event/up", "event/ack", "state/conn"):
        Server([EUI], Marshaler.JSON).receive(Publication(NAME + what, msgspec.json.encode(document)), 0.0)


@pytest.mark.parametrize(
    "data", ["0a05aa", "08ffffffffffffffffffff01", "0b", "0d0102", "0801", "2a0a0a"], ids=lambda data: data
)
def test_protobuf_that_is_none_is_refused(data: str) -> None:
    with pytest.raises(DecodeError):
        protobuf.decode(UPLINK, bytes.fromhex(data))


@given(st.integers(0, 2**32 - 1), st.lists(st.binary(max_size=40), max_size=3))
def test_what_is_written_is_read_again(number: int, payloads: list[bytes]) -> None:
    items = [{"phyPayload": payload} if payload else {} for payload in payloads]
    values = {key: value for key, value in (("downlinkId", number), ("items", items)) if value}
    for marshaler in Marshaler:
        assert marshaler.read(DOWNLINK, marshaler.write(DOWNLINK, values)) == values
