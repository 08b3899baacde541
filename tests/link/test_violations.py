"""What breaks the rules, and the code that says how: every call and unreadable frame is answered, no answer is."""

import json
from typing import Any

import msgpack
import pytest

from chargelink.link.frames import LARGEST_FRAME, Codec
from chargelink.link.messages import Heartbeat, Records, RequestStartTransaction
from chargelink.link.peer import STRAY_ANSWER, UNREADABLE, CallFailed, CallReceived, Defect, Peer

SEEN = {"id": "gun-1", "kind": "gun", "state": "idle", "at": 1}
BATCH = {"epoch": "a", "first": 1, "records": []}

NO_FRAME = [
    (b"", "-1", "FormatViolation"),
    (b"\xc1", "-1", "FormatViolation"),
    (b"\x94\x02", "-1", "FormatViolation"),
    (b"\xdd\xff\xff\xff\xff", "-1", "FormatViolation"),
    (b"\x91" * 100_000, "-1", "FormatViolation"),
    (msgpack.packb([2, "x", "Heartbeat", {}]) + b"\x00", "-1", "FormatViolation"),
    (bytes(LARGEST_FRAME + 1), "-1", "FormatViolation"),
    ('[2, "x", "Heartbeat", {}]', "-1", "RpcFrameworkError"),
]
NO_JSON = [
    ("", "-1", "FormatViolation"),
    ("[", "-1", "FormatViolation"),
    ("[" * 100_000, "-1", "FormatViolation"),
    ('[2, "x", "Heartbeat", {}] and more', "-1", "FormatViolation"),
    ('[2, "\ud800", "Heartbeat", {}]', "-1", "RpcFrameworkError"),
    (b"\x94\x02\xa1x\xa9Heartbeat\x80", "-1", "FormatViolation"),
    ('[2, "x", "Heartbeat", {"a": "\\ud800"}]', "-1", "FormatViolation"),
]
FRAMES: list[tuple[Any, str, str]] = [
    ({}, "-1", "RpcFrameworkError"),
    (5, "-1", "RpcFrameworkError"),
    (None, "-1", "RpcFrameworkError"),
    ([], "-1", "RpcFrameworkError"),
    (["2", "x", "Heartbeat", {}], "x", "RpcFrameworkError"),
    ([True, "x", "Heartbeat", {}], "x", "RpcFrameworkError"),
    ([2], "-1", "RpcFrameworkError"),
    ([2, 5, "Heartbeat", {}], "-1", "RpcFrameworkError"),
    ([2, "", "Heartbeat", {}], "-1", "RpcFrameworkError"),
    ([2, "x" * 37, "Heartbeat", {}], "-1", "RpcFrameworkError"),
    ([2, "x"], "x", "RpcFrameworkError"),
    ([2, "x", "Heartbeat"], "x", "RpcFrameworkError"),
    ([2, "x", 7, {}], "x", "RpcFrameworkError"),
    ([2, "x", "H" * 65, {}], "x", "RpcFrameworkError"),
    ([0, "x"], "x", "MessageTypeNotSupported"),
    ([5, "x", "Heartbeat", {}], "x", "MessageTypeNotSupported"),
    ([6], "-1", "MessageTypeNotSupported"),
    ([2, "x", "Teleport", {}], "x", "NotImplemented"),
    ([2, "x", "heartbeat", {}], "x", "NotImplemented"),
    ([2, "x", "RequestStopTransaction", {"transactionId": "1"}], "x", "NotSupported"),
    ([2, "x", "Heartbeat", []], "x", "ProtocolError"),
    ([2, "x", "Heartbeat", None], "x", "ProtocolError"),
    ([2, "x", "Records", {}], "x", "OccurrenceConstraintViolation"),
    ([2, "x", "Records", {"epoch": "a", "records": []}], "x", "OccurrenceConstraintViolation"),
    ([2, "x", "StatusNotification", {"devices": [{"id": "a"}]}], "x", "OccurrenceConstraintViolation"),
    ([2, "x", "StatusNotification", {"devices": [SEEN | {"id": "gun-1\n"}]}], "x", "PropertyConstraintViolation"),
    ([2, "x", "PersonKeys", {"keys": [{"person": "0" * 32, "key": 5}]}], "x", "TypeConstraintViolation"),
    ([2, "x", "Records", BATCH | {"records": [SEEN] * 1001}], "x", "OccurrenceConstraintViolation"),
    ([2, "x", "Records", BATCH | {"first": "1"}], "x", "TypeConstraintViolation"),
    ([2, "x", "Records", BATCH | {"first": 1.5}], "x", "TypeConstraintViolation"),
    ([2, "x", "Records", BATCH | {"first": None}], "x", "TypeConstraintViolation"),
    ([2, "x", "Records", BATCH | {"first": True}], "x", "TypeConstraintViolation"),
    ([2, "x", "Records", BATCH | {"records": {}}], "x", "TypeConstraintViolation"),
    ([2, "x", "Records", BATCH | {"records": [[]]}], "x", "TypeConstraintViolation"),
    ([2, "x", "StatusNotification", {"devices": [SEEN | {"detail": 5}]}], "x", "TypeConstraintViolation"),
    ([2, "x", "Records", BATCH | {"first": 0}], "x", "PropertyConstraintViolation"),
    ([2, "x", "Records", BATCH | {"first": 2**53}], "x", "PropertyConstraintViolation"),
    ([2, "x", "Records", BATCH | {"lane": "../etc"}], "x", "PropertyConstraintViolation"),
    ([2, "x", "Records", BATCH | {"lane": ""}], "x", "PropertyConstraintViolation"),
    ([2, "x", "StatusNotification", {"devices": [SEEN | {"kind": "k" * 65}]}], "x", "PropertyConstraintViolation"),
]
ANSWERS: list[Any] = [
    [3],
    [3, 5, {}],
    [3, "x"],
    [4, "x"],
    [4, "x", 5],
    [4, "", "GenericError", "", {}],
]


def refusal(codec: Codec, message: bytes | str) -> list[Any]:
    """The CALLERROR for a message, after which the hub still answers a call."""
    hub = Peer("hub", codec)
    [defect] = hub.receive(message, 0.0)
    assert isinstance(defect, Defect)
    [sent] = hub.data_to_send()
    frame: list[Any] = json.loads(sent) if codec.text else msgpack.unpackb(sent)
    assert (frame[0], len(frame), frame[4]) == (4, 5, {})
    assert (defect.kind, defect.text[:255]) == (frame[2], frame[3])
    assert 0 < len(frame[3]) <= 255
    good = [2, "good", "Heartbeat", {}]
    assert isinstance(hub.receive(json.dumps(good) if codec.text else msgpack.packb(good), 0.0)[0], CallReceived)
    return frame[1:3]


@pytest.mark.parametrize(("message", "identifier", "code"), NO_FRAME)
def test_what_is_no_messagepack(message: bytes | str, identifier: str, code: str) -> None:
    assert refusal(Codec.MSGPACK, message) == [identifier, code]


@pytest.mark.parametrize(("message", "identifier", "code"), NO_JSON)
def test_what_is_no_json(message: bytes | str, identifier: str, code: str) -> None:
    assert refusal(Codec.JSON, message) == [identifier, code]


@pytest.mark.parametrize("codec", Codec)
@pytest.mark.parametrize(("frame", "identifier", "code"), FRAMES)
def test_what_is_wrong_with_a_frame(codec: Codec, frame: Any, identifier: str, code: str) -> None:
    assert refusal(codec, json.dumps(frame) if codec.text else msgpack.packb(frame)) == [identifier, code]


def test_bytes_in_json_are_base64() -> None:
    keys = {"keys": [{"person": "0" * 32, "key": "no base64!"}]}
    assert refusal(Codec.JSON, json.dumps([2, "x", "PersonKeys", keys])) == ["x", "PropertyConstraintViolation"]


def test_what_a_peer_wrote_is_not_repeated_at_length() -> None:
    code = {"device": "g", "status": "x" * 100_000}
    edge = Peer("edge")
    edge.receive(msgpack.packb([2, "x", "T" * 64, code]), 0.0)
    assert len(edge.data_to_send()[0]) < 400


@pytest.mark.parametrize("codec", Codec)
@pytest.mark.parametrize("frame", ANSWERS)
def test_no_answer_is_answered(codec: Codec, frame: Any) -> None:
    hub = Peer("hub", codec)
    assert [type(event) for event in hub.receive(json.dumps(frame) if codec.text else msgpack.packb(frame), 0)] == [
        Defect
    ]
    assert hub.data_to_send() == []


@pytest.mark.parametrize("frame", [[3, "7", {}], [4, "-1", "FormatViolation", "", {}], [4, "7", "X", "y" * 999, {}]])
def test_an_answer_to_nothing_is_counted(frame: list[Any]) -> None:
    hub = Peer("hub")
    [defect] = hub.receive(msgpack.packb(frame), 0.0)
    assert isinstance(defect, Defect)
    assert (defect.kind, hub.data_to_send()) == (STRAY_ANSWER, [])
    assert len(defect.text) < 400


@pytest.mark.parametrize(
    "frame", [[3, "1"], [3, "1", {}], [3, "1", {"currentTime": "noon"}], [3, "1", None], [4, "1"], [4, "1", 5, "", {}]]
)
def test_an_answer_that_cannot_be_read_ends_its_call_at_once(frame: list[Any]) -> None:
    edge = Peer("edge")
    edge.call(Heartbeat(), 0.0)
    edge.data_to_send()
    defect, failed = edge.receive(msgpack.packb(frame), 0.0)
    assert isinstance(defect, Defect)
    assert isinstance(failed, CallFailed)
    assert (defect.kind, failed.code, failed.request, edge.waiting) == (UNREADABLE, UNREADABLE, Heartbeat(), 0)
    assert edge.data_to_send() == []


@pytest.mark.parametrize(
    ("details", "kept"),
    [({"why": [1]}, {"why": [1]}), (None, None), ("x" * 5000, None), (msgpack.ExtType(1, b""), ...)],
)
def test_details_of_a_refusal_are_bounded(details: Any, kept: Any) -> None:
    edge = Peer("edge")
    edge.call(Heartbeat(), 0.0)
    [failed] = edge.receive(msgpack.packb([4, "1", "X", "no", details]), 0.0)
    assert isinstance(failed, CallFailed)
    assert kept is ... or failed.details == kept


def test_the_shapes_named_here_are_those_of_the_link() -> None:
    """Else a row of the table would be refused for another reason than it says."""
    hub, edge = Peer("hub"), Peer("edge")
    assert isinstance(hub.receive(msgpack.packb([2, "x", "Records", BATCH]), 0.0)[0], CallReceived)
    assert isinstance(
        hub.receive(msgpack.packb([2, "y", "StatusNotification", {"devices": [SEEN]}]), 0)[0], CallReceived
    )
    assert edge.call(Records(epoch="a", first=1, records=()), 0.0)
    assert hub.call(RequestStartTransaction(device="g", remote_start_id=1, expiry=1), 0.0)
