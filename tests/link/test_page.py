"""The page about the link: its frames are what both ends say and understand, its tables name what there is."""

import json
import re
from pathlib import Path

import pytest

from chargelink.link.chain import record_hash
from chargelink.link.frames import Codec
from chargelink.link.messages import ACTIONS, Record
from chargelink.link.peer import CallReceived, Peer, ResultReceived
from chargelink.model import KINDS, content_of

PAGE = (Path(__file__).parents[2] / "docs" / "protocols" / "link.md").read_text()
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
    assert re.findall(r"^\| `([a-z.]+)` \|", PAGE, re.MULTILINE) == list(KINDS)
