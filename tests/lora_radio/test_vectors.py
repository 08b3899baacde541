"""Real and documented datagrams, each checked both ways."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chargelink.lora_radio.airtime import airtime_us
from chargelink.lora_radio.gwmp import Datagram, presented, read_content, read_document, write_content

ROWS = [
    json.loads(line)
    for line in (Path(__file__).parent.parent / "vectors" / "lora_radio.jsonl").read_text().splitlines()
]


def rows(kind: str) -> list[Any]:
    return [pytest.param(row["raw"], row["expected"], id=row["source"][:40]) for row in ROWS if row["kind"] == kind]


@pytest.mark.parametrize(("raw", "expected"), rows("gwmp"))
def test_json(raw: str, expected: dict[str, Any]) -> None:
    content = read_content(read_document(raw.encode()))
    assert content.presented() == expected
    assert not content.flaws
    again = read_content(read_document(write_content(content)))
    packet = {"payload_error", "payload_hex", "size_ok", "lorawan", "size"}
    assert strip(again.presented(), packet) == strip(expected, packet)


def strip(document: Any, names: set[str]) -> Any:
    """A payload that was not standard base64 is written as standard base64: it presents itself otherwise."""
    if isinstance(document, dict):
        return {name: strip(value, names) for name, value in document.items() if name not in names}
    return [strip(item, names) for item in document] if isinstance(document, list) else document


@pytest.mark.parametrize(("raw", "expected"), rows("gwmp_udp"))
def test_datagram(raw: str, expected: dict[str, Any]) -> None:
    datagram = Datagram.decode(bytes.fromhex(raw))
    assert presented(datagram) == expected
    assert datagram.encode().hex() == raw


@pytest.mark.parametrize(("raw", "expected"), rows("airtime"))
def test_airtime(raw: str, expected: dict[str, int]) -> None:
    match = re.fullmatch(r"SF(\d+) BW(\d+) CR4/(\d) preamble (\d+) explicit, (\d+) bytes(?:, DE (\d))?", raw)
    assert match
    factor, bandwidth, rate, preamble, payload = map(int, match.groups()[:5])
    optimised = None if match[6] is None else match[6] == "1"
    time = airtime_us(payload, factor, bandwidth * 1000, coding_rate=rate, preamble=preamble, low_data_rate=optimised)
    assert time == expected["us"]


def test_what_we_write_is_what_msgspec_reads() -> None:
    for row in ROWS:
        if row["kind"] == "gwmp":
            written = write_content(read_content(read_document(row["raw"].encode())))
            assert msgspec.json.decode(written).keys() == json.loads(row["raw"]).keys()
