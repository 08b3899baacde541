"""The link's two ends: the story of a call, the table of actions, and whatever bytes a peer may send."""

import json
from typing import Any

import msgpack
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.link.chain import record_hash
from chargelink.link.frames import LARGEST_FRAME, Code, Codec
from chargelink.link.messages import (
    ACTIONS,
    BootNotification,
    BootNotificationResponse,
    Caps,
    Device,
    Heartbeat,
    Nothing,
    Record,
    Records,
    RequestStartTransaction,
    StatusNotification,
)
from chargelink.link.peer import (
    LATE_ANSWER,
    TIMED_OUT,
    CallFailed,
    CallReceived,
    Defect,
    Peer,
    ResultReceived,
)
from chargelink.link.shape import Shape
from chargelink.wire import EncodeError

DEVICE = Device(id="gun-1", kind="gun", state="idle", at=1_700_000_000_000, detail={"locked": False})
RECORD = Record(seq=1, kind="alarm", at=5, body=b"\x80", hash=record_hash(b"\x80"))


def unpacked(data: bytes | str) -> Any:
    assert isinstance(data, bytes)
    return msgpack.unpackb(data, strict_map_key=True)


def call(peer: Peer, *frame: Any) -> list[Any]:
    return peer.receive(msgpack.packb(list(frame)), 0.0)


@pytest.mark.parametrize("codec", Codec)
def test_a_call_and_its_answer(codec: Codec) -> None:
    edge, hub = Peer("edge", codec), Peer("hub", codec)
    request = BootNotification(edge_id="e1", epoch="a", software="0.1", devices=(DEVICE,))
    identifier = edge.call(request, 0.0)
    (sent,) = edge.data_to_send()
    assert hub.receive(sent, 0.0) == [CallReceived(identifier, "BootNotification", request)]
    response = BootNotificationResponse(current_time=7, interval=30, have={"record": 4})
    hub.answer(identifier, response)
    (answer,) = hub.data_to_send()
    assert edge.receive(answer, 1.0) == [ResultReceived(identifier, request, response)]
    assert (edge.waiting, edge.deadline, edge.data_to_send(), hub.data_to_send()) == (0, None, [], [])


def test_what_the_wire_holds() -> None:
    edge = Peer("edge")
    edge.call(Records(epoch="a", first=1, records=(RECORD,)), 0.0)
    record = {"seq": 1, "kind": "alarm", "at": 5, "body": b"\x80", "hash": RECORD.hash}
    chain = {"previous": None, "checkpoint": None}
    body = {"epoch": "a", "first": 1, "records": [record], "lane": "record", **chain}
    assert unpacked(edge.data_to_send()[0]) == [2, "1", "Records", body]


def test_json_is_for_eyes() -> None:
    edge = Peer("edge", Codec.JSON)
    edge.call(StatusNotification(devices=(DEVICE,)), 0.0)
    _, _, action, payload = json.loads(edge.data_to_send()[0])
    assert (action, payload["devices"][0]["detail"]) == ("StatusNotification", {"locked": False})


def test_a_foreign_hub_starts_and_gets_an_answer() -> None:
    edge = Peer("edge")
    payload = {"device": "gun-1", "remoteStartId": 9, "expiry": 10, "caps": {"minutes": 5}, "colour": "newer than us"}
    assert call(edge, 2, "x", "RequestStartTransaction", payload) == [
        CallReceived(
            "x",
            "RequestStartTransaction",
            RequestStartTransaction(device="gun-1", remote_start_id=9, expiry=10, caps=Caps(minutes=5)),
        )
    ]
    edge.refuse("x", Code.INTERNAL_ERROR, "no", {"why": 1})
    assert unpacked(edge.data_to_send()[0]) == [4, "x", "InternalError", "no", {"why": 1}]


def test_nobody_answers() -> None:
    edge = Peer("edge")
    identifier = edge.call(Heartbeat(), 10.0, timeout=5.0)
    edge.data_to_send()
    assert edge.deadline == 15.0
    assert edge.tick(14.999) == []
    assert edge.tick(15.0) == [CallFailed(identifier, Heartbeat(), TIMED_OUT, "no answer in time", None)]
    late = msgpack.packb([3, identifier, {"currentTime": 1}])
    [defect] = edge.receive(late, 16.0)
    assert isinstance(defect, Defect)
    assert defect.kind == LATE_ANSWER


def test_nobody_waits_any_more() -> None:
    edge = Peer("edge")
    identifier = edge.call(Heartbeat(), 10.0)
    edge.forget(identifier)
    assert (edge.waiting, edge.deadline, edge.tick(1_000.0)) == (0, None, [])
    assert [event.kind for event in call(edge, 3, identifier, {"currentTime": 1})] == [LATE_ANSWER]


def test_the_connection_is_lost() -> None:
    edge = Peer("edge")
    edge.call(Heartbeat(), 0.0)
    assert [event.code for event in edge.close() if isinstance(event, CallFailed)] == [TIMED_OUT]


def test_a_refusal_comes_back_as_it_is() -> None:
    edge = Peer("edge")
    edge.call(Heartbeat(), 0.0)
    assert call(edge, 4, "1", "SomethingNew", "why", {"a": [1]}) == [
        CallFailed("1", Heartbeat(), "SomethingNew", "why", {"a": [1]})
    ]


def test_our_own_mistakes_are_ours() -> None:
    edge = Peer("edge")
    with pytest.raises(EncodeError):
        edge.call(RequestStartTransaction(device="g", remote_start_id=1, expiry=1), 0.0)
    with pytest.raises(EncodeError):
        edge.answer("1", Nothing())
    with pytest.raises(EncodeError):
        edge.refuse("1", Code.GENERIC_ERROR)
    huge = Record(seq=1, kind="alarm", at=1, body=bytes(LARGEST_FRAME), hash=RECORD.hash)
    with pytest.raises(EncodeError):
        edge.call(Records(epoch="a", first=1, records=(huge,)), 0.0)
    assert (edge.waiting, edge.data_to_send()) == (0, [])


def test_a_frame_too_large_is_not_read() -> None:
    assert isinstance(Peer("hub").receive(bytes(LARGEST_FRAME + 1), 0.0)[0], Defect)


@pytest.mark.parametrize("action", ACTIONS.values(), ids=lambda action: action.name)
def test_the_table_of_actions(action: Any) -> None:
    assert issubclass(action.request, Shape)
    assert issubclass(action.response, Shape)
    for shape in (action.request, action.response):
        names = [field.encode_name for field in msgspec.structs.fields(shape)]
        assert all(name.isalnum() and name[0].islower() for name in names)
    assert action.request.__doc__


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
frames = st.tuples(
    st.integers(1, 5), st.sampled_from(["1", "2", ""]), st.sampled_from([*ACTIONS, "X"]), anything, anything
)


@pytest.mark.parametrize("codec", Codec)
@given(data=st.binary(max_size=64) | frames.map(msgpack.packb))
def test_any_bytes_are_events(codec: Codec, data: bytes) -> None:
    for role in ("edge", "hub"):
        peer = Peer(role, codec)
        if role == "edge":
            peer.call(Heartbeat(), 0.0)
        for event in peer.receive(data, 0.0):
            assert isinstance(event, CallReceived | ResultReceived | CallFailed | Defect)
        peer.data_to_send()


@pytest.mark.parametrize(
    "hostile", [b"\xdd\xff\xff\xff\xff", b"\x91" * 100_000, b"[" * 100_000, b"\x95\x02\xa1\xff\xa1A\x80"]
)
def test_known_attacks_on_decoders(hostile: bytes) -> None:
    for codec in Codec:
        assert [type(event) for event in Peer("hub", codec).receive(hostile, 0.0)] == [Defect]
    assert isinstance(Peer("hub", Codec.JSON).receive("\ud800", 0.0)[0], Defect)
