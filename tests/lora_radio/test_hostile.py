"""Whatever arrives is read or refused with the documented error; one bad object costs only itself."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.lora_radio import lorawan
from chargelink.lora_radio.gwmp import (
    Content,
    Datagram,
    Kind,
    TransmitResult,
    presented,
    read_content,
    read_document,
    read_result,
    write_content,
    write_result,
)
from chargelink.lora_radio.packets import (
    RECEIVED,
    STATISTICS,
    TRANSMIT,
    Key,
    ReceivedPacket,
    Statistics,
    TransmitPacket,
    read_base64,
)
from chargelink.wire import DecodeError, EncodeError

EUI = bytes(range(8))
JSON: st.SearchStrategy[object] = st.sampled_from(
    [None, True, -1, 7, 1.5, 1e300, 10**30, "", "SF8BW125", "é", [], [[]], {}, {"tmst": 1}]
)
KEYS = sorted({key.key for key in (*RECEIVED, *TRANSMIT, *STATISTICS)} | {"data"})
OBJECTS = st.dictionaries(st.sampled_from(KEYS), JSON, max_size=6)


@given(st.binary(max_size=64) | st.binary(max_size=40).map(lambda tail: b"\x02\x00\x00" + tail))
def test_any_datagram_is_read_or_refused(data: bytes) -> None:
    try:
        datagram = Datagram.decode(data)
        shown = presented(datagram)
    except DecodeError:
        return
    assert shown["type"] == datagram.kind.name
    json.dumps(shown)


@given(st.sampled_from(Kind), st.integers(0, 0xFFFF), st.binary(max_size=40))
def test_datagram_round_trip(kind: Kind, token: int, body: bytes) -> None:
    from_gateway = kind in (Kind.PUSH_DATA, Kind.PULL_DATA, Kind.TX_ACK)
    with_body = kind in (Kind.PUSH_DATA, Kind.PULL_RESP, Kind.TX_ACK)
    datagram = Datagram(kind, token, EUI if from_gateway else None, body if with_body else b"")
    assert Datagram.decode(datagram.encode()) == datagram


@given(st.fixed_dictionaries({}, optional={"rxpk": st.lists(OBJECTS | JSON), "txpk": OBJECTS | JSON, "stat": OBJECTS}))
def test_any_json_is_read_and_written_again(document: dict[str, object]) -> None:
    content = read_content(document)
    json.dumps(content.presented())
    again = read_content(read_document(write_content(content)))
    for one, other in zip(content.received, again.received, strict=True):
        assert one.payload == other.payload
        assert one.frequency_hz == other.frequency_hz
    assert content.statistics is None or again.statistics is not None


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("", "at least 4 bytes"),
        ("027b00", "at least 4 bytes"),
        ("017b0003", "version 1"),
        ("027b0006", "kind 6"),
        ("027b000001020304050607", "needs 12 bytes"),
        ("027b00050102030405", "needs 12 bytes"),
    ],
)
def test_refused_datagrams(data: str, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        Datagram.decode(bytes.fromhex(data))


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"1", b"{", b"\xff\xfe", b'{"rxpk": 1e999}', b"[" * 100_000, b'{"a": NaN}']
)
def test_what_is_no_json_object(text: bytes) -> None:
    with pytest.raises(DecodeError):
        read_document(text)


@pytest.mark.parametrize(
    "datagram",
    [
        Datagram(Kind.PUSH_ACK, 0x10000),
        Datagram(Kind.PUSH_DATA, 1),
        Datagram(Kind.PULL_RESP, 1, EUI, b"{}"),
        Datagram(Kind.PULL_ACK, 1, None, b"{}"),
        Datagram(Kind.PULL_RESP, 1, None, bytes(70_000)),
    ],
)
def test_what_cannot_be_written(datagram: Datagram) -> None:
    with pytest.raises(EncodeError):
        datagram.encode()


@pytest.mark.parametrize(
    ("text", "data", "standard"),
    [
        ("aGVsbG8gd29ybGQ=", b"hello world", True),
        ("aGVsbG8gd29ybGQ", b"hello world", False),
        ("-_+/", b"\xfb\xff\xbf"[:1] + bytes.fromhex("ffbf"), False),
        ("", b"", True),
        ("A", None, False),
        ("ab cd", None, False),
        ("é", None, False),
    ],
)
def test_base64_as_it_is_met(text: str, data: bytes | None, standard: bool) -> None:
    payload = read_base64(text)
    assert payload.data == data
    assert (payload.flaw is None) == standard


def test_mixed_alphabet_of_the_published_example() -> None:
    """PROTOCOL.TXT itself shows '-' and '+' in one payload, and no padding."""
    payload = read_base64("-DS4CGaDCdG+48eJNM3Vai-zDpsR71Pn9CPA9uCON84")
    assert payload.data is not None
    assert len(payload.data) == 32
    assert payload.flaw is not None


def test_one_bad_object_costs_only_itself() -> None:
    content = read_content(
        {"rxpk": [7, {"freq": "470", "rssi": -60, "data": 5}, {"data": "AA==", "stat": 1}], "stat": 1}
    )
    assert [packet.rssi for packet in content.received] == [-6000, None]
    assert content.received[0].flaws == ("freq: '470'", "data: '5'")
    assert content.received[1].intact
    assert not content.received[0].intact
    assert len(content.flaws) == 2


def test_fsk_data_rate_is_a_number() -> None:
    assert ReceivedPacket.from_json({"modu": "FSK", "datr": 50000}).data_rate == 50_000


def test_transmit_result() -> None:
    assert read_result({}) == TransmitResult("NONE")
    lowered = TransmitResult("NONE", "TX_POWER", 20)
    assert read_result(read_document(write_result(lowered))) == lowered
    shown = presented(Datagram(Kind.TX_ACK, 1, EUI, write_result(lowered)))
    assert (shown["error"], shown["warn"], shown["value"]) == ("NONE", "TX_POWER", 20)
    wrongs: list[dict[str, object]] = [{"txpk_ack": 1}, {"txpk_ack": {"error": 1}}, {"txpk_ack": {"warn": []}}]
    for wrong in wrongs:
        with pytest.raises(DecodeError):
            read_result(wrong)


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        ("", None),
        ("e0", "proprietary"),
        ("e1", None),
        ("68656c6c6f", None),
        ("400300b2a1000400bde8754c"[:22], None),
        ("400300b2a10f0400bde8754c", None),
        ("00" + "01" * 22, "join_request"),
        ("00" + "01" * 21, None),
        ("20" + "01" * 16, "join_accept"),
        ("20" + "01" * 15, None),
    ],
)
def test_lorawan_headers(frame: str, kind: str | None) -> None:
    read = lorawan.read(bytes.fromhex(frame))
    assert (None if read is None else read.fields()["mtype"]) == kind


@given(st.binary(max_size=40))
def test_any_payload_has_a_lorawan_header_or_none(frame: bytes) -> None:
    lorawan.read(frame)


@pytest.mark.parametrize(
    ("keys", "document"),
    [(RECEIVED, ReceivedPacket), (TRANSMIT, TransmitPacket), (STATISTICS, Statistics)],
    ids=["rxpk", "txpk", "stat"],
)
def test_tables_fill_fields(
    keys: tuple[Key, ...], document: type[ReceivedPacket | TransmitPacket | Statistics]
) -> None:
    assert len({key.key for key in keys}) == len({key.field for key in keys}) == len(keys)
    assert {key.field for key in keys} <= set(document.__struct_fields__)
    others = set(document.__struct_fields__) - {key.field for key in keys}
    assert others <= {"flaws", "payload", "payload_flaw", "others"}


def test_written_in_the_precision_of_the_forwarder() -> None:
    packet = ReceivedPacket(frequency_hz=480_300_000, rssi=-6550, snr=-175, payload=b"\xe0")
    assert b'"freq":480.3,' in write_content(Content((packet,)))
    assert b'"rssi":-65.5,"lsnr":-1.75' in write_content(Content((packet,)))


def test_gateways_describe_themselves_in_their_statistics() -> None:
    told = {"rxnb": 2, "alti": 145.5, "ackr": 66.7, "desc": "roof", "pfrm": {"model": 1}}
    assert Statistics.from_json(told).presented() == told
