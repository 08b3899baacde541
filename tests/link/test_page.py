"""The page about the link: its frames are what both ends say and understand, its tables name what there is."""

import base64
import gzip
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chargelink.link import enrolment
from chargelink.link.chain import record_hash
from chargelink.link.frames import Code, Codec
from chargelink.link.meanings import MEANINGS
from chargelink.link.messages import ACTIONS, Record
from chargelink.link.peer import (
    DUPLICATE,
    LATE_ANSWER,
    STRAY_ANSWER,
    UNREADABLE,
    CallReceived,
    Peer,
    ResultReceived,
)
from chargelink.link.tables import inner
from chargelink.model import KINDS, content_of

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "protocols" / "link.md").read_text("utf-8")
ASYNCAPI = json.loads((ROOT / "docs" / "protocols" / "link.asyncapi.json").read_text("utf-8"))
BLOCKS = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_the_frames_of_the_page_are_understood(block: str) -> None:
    lines = [line for line in block.splitlines() if line]
    for asked, answered in zip(lines[::2], lines[1::2], strict=True):
        call, result = json.loads(asked), json.loads(answered)
        action = ACTIONS[call[2]]
        caller = Peer(action.caller, Codec.JSON)
        (received,) = Peer("hub" if action.caller == "edge" else "edge", Codec.JSON).receive(asked, 0.0)
        assert isinstance(received, CallReceived)
        for record in getattr(received.payload, "records", ()):
            assert isinstance(record, Record)
            assert record_hash(record.body) == record.hash
            assert content_of(record.kind, record.body)
        result[1] = caller.call(received.payload, 0.0)
        (heard,) = caller.receive(json.dumps(result), 0.0)
        assert isinstance(heard, ResultReceived)


def test_every_action_and_every_kind_stands_there() -> None:
    assert re.findall(r"^\| ([A-Z]\w+) \| (edge|hub)", PAGE, re.MULTILINE) == [
        (action.name, action.caller) for action in ACTIONS.values()
    ]
    kinds = PAGE[PAGE.index("| kind | body |") : PAGE.index("### The chain")]
    assert re.findall(r"^\| `([a-z.]+)` \|", kinds, re.MULTILINE) == list(KINDS)


def test_every_code_of_ours_stands_there() -> None:
    codes = PAGE[PAGE.index("### Codes") : PAGE.index("## Enrolment")]
    assert set(re.findall(r"^\| ([A-Z]\w+) \|", codes, re.MULTILINE)) == {*Code}
    assert {DUPLICATE, LATE_ANSWER, STRAY_ANSWER, UNREADABLE} <= set(re.findall(r"`(\w+)`", codes))


def test_every_field_has_a_meaning_and_nothing_else_has() -> None:
    tops = {shape for action in ACTIONS.values() for shape in (action.request, action.response)}
    known = tops | {*inner(tops)}
    assert {shape for shape in MEANINGS if shape.__module__ != enrolment.__name__} == known
    for shape, meanings in MEANINGS.items():
        assert [*meanings] == [field.encode_name for field in msgspec.structs.fields(shape)], shape


def test_links_within_the_page_lead_somewhere() -> None:
    headings = re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= anchors


def test_the_values_of_the_chain_on_the_page() -> None:
    """By hashlib and cryptography alone, as the page says it."""
    told = PAGE[PAGE.index("    edge, epoch, lane") : PAGE.index("## Telemetry\n")]
    start, digest, value, secret, *signature = re.findall(r"\b[0-9a-f]{64}\b", told)
    sha = hashlib.sha256
    counted = b"".join(bytes([len(name)]) + name for name in (b"site-0001", b"3f0c9a17d2e84b55", b"record"))
    assert sha(b"chargelink.chain.1" + counted).hexdigest() == start
    record = (1).to_bytes(8, "big") + (1771689600500).to_bytes(8, "big") + b"\x05alarm" + bytes.fromhex(digest)
    assert sha(bytes.fromhex(start) + record).hexdigest() == value
    signed = b"chargelink.checkpoint.1" + (1).to_bytes(8, "big") + (1771689601000).to_bytes(8, "big")
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
    assert key.sign(signed + bytes.fromhex(value)).hex() == "".join(signature)
    assert f'"hash": "{base64.b64encode(bytes.fromhex(digest)).decode()}"' in PAGE


def test_the_asyncapi_document_is_one() -> None:
    """By the schema of AsyncAPI 3.0.0, as npm's @asyncapi/specs 6.11.1 has it (Apache-2.0)."""
    packed = (ROOT / "tests" / "vectors" / "asyncapi-3.0.0.schema.json.gz").read_bytes()
    jsonschema.Draft7Validator(json.loads(gzip.decompress(packed))).validate(ASYNCAPI)
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(ASYNCAPI)):
        place: Any = ASYNCAPI
        for part in reference.split("/"):
            place = place[part]


def test_the_asyncapi_document_has_every_operation_with_its_reply() -> None:
    for name, action in ACTIONS.items():
        operation = ASYNCAPI["operations"][name]
        assert operation["action"] == ("send" if action.caller == "edge" else "receive")
        replies = [reply["$ref"].rpartition("/")[2] for reply in operation["reply"]["messages"]]
        assert replies == [f"{name}Response", "CallError"]
    assert [*ASYNCAPI["operations"]] == [*ACTIONS]


@pytest.mark.parametrize("block", BLOCKS)
def test_the_frames_of_the_page_are_those_of_the_asyncapi_document(block: str) -> None:
    lines = [json.loads(line) for line in block.splitlines() if line]
    for call, result in zip(lines[::2], lines[1::2], strict=True):
        for name, frame in ((call[2], call), (f"{call[2]}Response", result)):
            conforming(name).validate(frame)


@pytest.mark.parametrize(
    "frame",
    [
        [3, "1", "Heartbeat", {}],
        [2, "", "Heartbeat", {}],
        [2, "1", "Heartbeat"],
        [2, "1", "RequestStopTransaction", {}],
        [2, "1", "RequestStopTransaction", {"transactionId": "1"}],
        [2, "1", "WatchLive", {"interval": 0, "seconds": 1}],
        [2, "1", "WatchLive", {"interval": "1", "seconds": 1}],
        [2, "1", "PersonKeys", {"keys": [{"person": "0" * 32, "key": "AA=="}]}],
    ],
)
def test_the_asyncapi_document_refuses_what_the_link_refuses(frame: list[Any]) -> None:
    name = str(frame[2])
    assert not conforming(name).is_valid(frame)
    peer = Peer("hub" if name not in ACTIONS or ACTIONS[name].caller == "edge" else "edge", Codec.JSON)
    assert not any(isinstance(event, CallReceived) for event in peer.receive(json.dumps(frame), 0.0))


def conforming(message: str) -> Any:
    """What checks a frame by the payload of a message of the document."""
    payload = ASYNCAPI["components"]["messages"][message]["payload"]
    return jsonschema.Draft7Validator({**payload, "components": ASYNCAPI["components"]})
