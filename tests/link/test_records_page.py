"""The page about the bodies of records: its example is one to the byte, its tables name what there is."""

import hashlib
import json
import re
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chargelink.link.tables import inner
from chargelink.model import KINDS, VEHICLE, SessionEnded, Tariff, body_of, content_of
from chargelink.model.meanings import MEANINGS
from chargelink.tariff import reprice
from chargelink.trust.personal import seal

PAGE = (Path(__file__).parents[2] / "docs" / "protocols" / "records.md").read_text("utf-8")
EXAMPLES = re.findall(r"^SHA-256 ([0-9a-f]{64})\n\n```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
CONTENTS = [
    content_of(kind, msgspec.msgpack.encode(json.loads(text)))
    for kind, (_, text) in zip(("tariff", "session.started", "session.ended"), EXAMPLES, strict=True)
]


@pytest.mark.parametrize(("digest", "text"), EXAMPLES)
def test_the_bodies_of_the_example_have_the_hashes_that_the_page_says(digest: str, text: str) -> None:
    assert hashlib.sha256(msgspec.msgpack.encode(json.loads(text))).hexdigest() == digest


def test_they_are_what_an_edge_of_ours_would_write() -> None:
    """The same fields with the same values; MessagePack leaves the length of a map's head open."""
    assert [msgspec.msgpack.decode(body_of(content)) for content in CONTENTS] == [
        json.loads(text) for _, text in EXAMPLES
    ]


def test_its_bill_is_what_is_due() -> None:
    tariff, _, ended = CONTENTS
    assert isinstance(tariff, Tariff)
    assert isinstance(ended, SessionEnded)
    assert reprice(ended, tariff) == ended.bill
    assert ended.tariff_hash == EXAMPLES[0][0]
    assert f"`rulesVersion` {ended.bill.rules_version}" in PAGE


def test_every_kind_stands_there_and_every_field_has_a_meaning_and_nothing_else_has() -> None:
    headings = re.findall(r"^### (.+)$", PAGE, re.MULTILINE)
    shapes = inner(KINDS.values())
    assert headings == [*KINDS, *(shape.__name__ for shape in shapes)]
    assert {*MEANINGS} == {*KINDS.values(), *shapes}
    for shape, meanings in MEANINGS.items():
        assert [*meanings] == [field.encode_name for field in msgspec.structs.fields(shape)], shape


def test_a_personal_field_is_sealed_as_the_page_says() -> None:
    person, key, nonce = "0123456789abcdef" * 2, bytes(range(32)), bytes(12)
    [bound] = re.findall(r"`(chargelink\.personal\.1\S+)`", PAGE)
    box = seal("LSVAU2180N2183294", VEHICLE, person, key, nonce).box
    plain = AESGCM(key).decrypt(box[:12], box[12:], bound.replace("PERSON", person).encode())
    assert plain == b"LSVAU2180N2183294"
