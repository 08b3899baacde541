"""Real messages from many vehicles and chargers, through the listener to JSON, and back to their bytes."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from tests.gbt27930.bus import VECTORS, frame
from tests.gbt27930.database import judged_by, undefined

from chargelink.gbt27930.catalogue import BY_NAME, Edition
from chargelink.gbt27930.listener import Heard, Hearing, Listener
from chargelink.trace.gbt27930.reports import reported

MESSAGES = [row for row in VECTORS if row["message"] in BY_NAME]
ONLY_THE_SESSION_TELLS = {"gbt27930-209": "SOC 8.4 % is a legal value; that 84 % is meant, the session's BCS says"}

# What comes before a message in its session and tells the edition of the sender.
HANDSHAKES = {
    Edition.OF_2011: next(row["raw"] for row in MESSAGES if row["message"] == "BRM" and row["edition"] == "2011"),
    Edition.OF_2015: ["1826F456#010100", "182756F4#A510"],
}


def named(row: dict[str, Any]) -> str:
    return f"{row['id']}-{row['message']}"


def heard(listener: Listener, raw: Iterable[str]) -> Iterator[Hearing]:
    for identifier, data in map(frame, raw):
        yield from listener.hear(identifier, data, 0.0)


def said(listener: Listener, row: dict[str, Any]) -> dict[str, Any]:
    """What JSON has about the message of a row."""
    reports = (reported(0.0, "", hearing, listener, True) for hearing in heard(listener, row["raw"]))
    objects = [json.loads(report.json()) for report in reports if report is not None]
    (found,) = [decoded for decoded in objects if decoded["message"] == row["message"]]
    assert isinstance(found, dict)
    return found


def check(decoded: dict[str, Any], row: dict[str, Any]) -> None:
    assert decoded["direction"] == row["direction"]
    assert {name: decoded["fields"].get(name, "missing") for name in row["fields"]} == row["fields"]
    if row["id"] in ONLY_THE_SESSION_TELLS:
        assert decoded["conforming"]
    else:
        assert decoded["conforming"] is row["conforming"], decoded["notes"]
    assert decoded["conforming"] or decoded["notes"]  # a defect is always explained


@pytest.mark.parametrize("row", VECTORS, ids=named)
def test_said_as_recorded(row: dict[str, Any]) -> None:
    check(said(Listener(Edition(row["edition"])), row), row)


@pytest.mark.parametrize("row", VECTORS, ids=named)
def test_the_edition_follows_from_the_handshake(row: dict[str, Any]) -> None:
    listener = Listener()
    assert list(heard(listener, HANDSHAKES[Edition(row["edition"])]))
    check(said(listener, row), row)


@pytest.mark.parametrize("row", MESSAGES, ids=named)
def test_the_payload_is_put_together_again(row: dict[str, Any]) -> None:
    listener = Listener(Edition(row["edition"]))
    (found,) = [hearing for hearing in heard(listener, row["raw"]) if isinstance(hearing, Heard)]
    assert found.payload.hex().upper() == row["payload"]
    assert type(found.message) is BY_NAME[row["message"]].layout(Edition(row["edition"]))


@pytest.mark.parametrize("row", [row for row in MESSAGES if row["conforming"]], ids=named)
def test_written_back_it_is_the_same(row: dict[str, Any]) -> None:
    """Bits without a meaning are sent as ones by us and as they like by others."""
    payload = bytes.fromhex(row["payload"])
    message = BY_NAME[row["message"]].layout(Edition(row["edition"])).decode(payload)
    written = message.encode().ljust(len(payload), b"\xff")  # CCS has 7 bytes, some send 8
    assert not written[len(payload) :].strip(b"\xff")  # nothing is lost by the length of an older edition
    ones = undefined(judged_by(row), len(payload))
    assert written[: len(payload)] == bytes(a | b for a, b in zip(payload, ones, strict=True))
