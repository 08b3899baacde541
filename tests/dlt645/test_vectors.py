"""Published frames, both ways: what they say, and the same bytes from what they say."""

from typing import Any

import pytest
from tests.dlt645.vectors import MALFORMED, STREAMS, VALID, frame_bytes, named, raw

from chargelink.dlt645 import Frame, Frame698, Received, Scanner, explain
from chargelink.dlt645.frame import defect
from chargelink.dlt645.scanner import DLT645, DLT698
from chargelink.wire import DecodeError


def received(data: bytes) -> list[Received]:
    scanner = Scanner((DLT645, DLT698))
    return [event for event in scanner.receive(data, 0.0) + scanner.flush() if isinstance(event, Received)]


def said(frame: Frame | Frame698) -> dict[str, Any]:
    if isinstance(frame, Frame698):
        meaning: dict[str, Any] = {"di": None, "values": {"apdu": frame.apdu.hex(" ").upper()}, "edition": "698.45"}
    else:
        message = explain(frame)
        meaning = {"di": message.identifier, "values": message.values, "edition": message.edition}
    direction = "response" if frame.from_meter else "request"
    return {"address": frame.address, "control": f"0x{frame.control:02X}", "direction": direction, **meaning}


@pytest.mark.parametrize("row", VALID, ids=named)
def test_a_frame_says_what_its_source_says(row: dict[str, Any]) -> None:
    (found,) = received(raw(row))
    meaning = said(found.frame)
    assert meaning == {key: row[key] for key in meaning}
    assert found.raw == frame_bytes(row)
    if "preamble" in row:
        assert found.preamble == row["preamble"]


@pytest.mark.parametrize("row", [row for row in VALID if row["edition"] != "698.45"], ids=named)
def test_the_same_bytes_come_from_what_was_read(row: dict[str, Any]) -> None:
    assert Frame.decode(frame_bytes(row)).encode(preamble=0) == frame_bytes(row)


@pytest.mark.parametrize("row", MALFORMED, ids=named)
def test_a_malformed_frame_is_refused_in_words(row: dict[str, Any]) -> None:
    assert not received(raw(row))
    with pytest.raises(DecodeError) as refused:
        Frame.decode(raw(row))
    assert str(refused.value) == defect(raw(row)).english
    if "computed_cs" in row and "checksum" in str(refused.value):
        assert f"computed {row['computed_cs']}" in str(refused.value)


@pytest.mark.parametrize("row", STREAMS, ids=named)
def test_a_stream_holds_its_frames(row: dict[str, Any]) -> None:
    frames = row["values"]["frames"]
    for found, wanted in zip(received(raw(row)), frames, strict=True):
        assert found.raw == bytes.fromhex(wanted["hex"])
        meaning = said(found.frame)
        assert {key: meaning[key] for key in ("address", "control", "di", "values")} == {
            key: wanted[key] for key in ("address", "control", "di", "values")
        }
