"""One signature stands for every record before it."""

import hashlib
import struct

import pytest

from chargelink.link.chain import chain_next, chain_start, record_hash
from chargelink.trust.checkpoints import JournalKey, is_signed

KEY = JournalKey(bytes(range(32)))
RECORDS = [(1, 1_000, "alarm", b"\x80"), (2, 2_000, "tariff", b"\x81"), (3, 2_000, "alarm", b"\x82")]
Row = tuple[int, int, str, bytes]


def chained(records: list[Row], edge: str = "edge-1", epoch: str = "e1", lane: str = "record") -> bytes:
    value = chain_start(edge, epoch, lane)
    for seq, at, kind, body in records:
        value = chain_next(value, seq, at, kind, record_hash(body))
    return value


def test_the_chain_is_what_its_page_says() -> None:
    """Reckoned here from the words alone."""
    value = hashlib.sha256(b"chargelink.chain.1" + b"\x06edge-1" + b"\x02e1" + b"\x06record").digest()
    for seq, at, kind, body in RECORDS:
        name = kind.encode()
        counted = struct.pack("B", len(name)) + name
        value = hashlib.sha256(value + struct.pack(">QQ", seq, at) + counted + hashlib.sha256(body).digest()).digest()
    assert chained(RECORDS) == value


CHANGED: dict[str, list[Row]] = {
    "a body": [RECORDS[0], (2, 2_000, "tariff", b"\x83"), RECORDS[2]],
    "a time": [(1, 1_001, "alarm", b"\x80"), *RECORDS[1:]],
    "a kind": [(1, 1_000, "trip", b"\x80"), *RECORDS[1:]],
    "a number": [(0, 1_000, "alarm", b"\x80"), *RECORDS[1:]],
    "the order": [RECORDS[0], RECORDS[2], RECORDS[1]],
    "one left out": [RECORDS[0], RECORDS[2]],
    "one too many": [*RECORDS, (4, 3_000, "alarm", b"\x82")],
}


@pytest.mark.parametrize("records", CHANGED.values(), ids=CHANGED)
def test_nothing_can_be_changed(records: list[Row]) -> None:
    checkpoint = KEY.checkpoint(3, chained(RECORDS), at=5_000)
    assert is_signed(checkpoint, chained(RECORDS), KEY.public)
    assert not is_signed(checkpoint, chained(records), KEY.public)


@pytest.mark.parametrize("place", [{"edge": "edge-2"}, {"epoch": "e2"}, {"lane": "metering"}])
def test_nothing_can_be_moved_to_another_lane(place: dict[str, str]) -> None:
    assert chained(RECORDS, **place) != chained(RECORDS)
    assert chain_start("ab", "c", "d") != chain_start("a", "bc", "d")


def test_another_key_or_another_time_is_no_signature() -> None:
    chain = chained(RECORDS)
    checkpoint = KEY.checkpoint(3, chain, at=5_000)
    assert not is_signed(checkpoint, chain, JournalKey(bytes(32)).public)
    assert not is_signed(checkpoint, chain, bytes(32))
    assert not is_signed(type(checkpoint)(seq=3, at=5_001, signature=checkpoint.signature), chain, KEY.public)
    assert not is_signed(type(checkpoint)(seq=4, at=5_000, signature=checkpoint.signature), chain, KEY.public)
