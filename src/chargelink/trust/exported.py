"""A lane of an edge in a file, for somebody who trusts neither hub nor file: one JSON object a line, bytes in base64.

    {"line": "lane", "edge": "site-0001", "lane": "metering", "signingKeys": ["5f0c..."]}
    {"line": "epoch", "epoch": "3f0c9a17d2e84b55"}
    {"line": "record", "seq": 1, "kind": "metering.sealed", "at": 1771689600500, "body": "...", "hash": "..."}
    {"line": "checkpoint", "seq": 1, "at": 1771689601000, "chain": "...", "signature": "..."}

Epochs stand in the order in which they began, records in that of their numbers, a checkpoint somewhere behind its
record. Every line is the word of whoever wrote the file until `audit` has found the edge's signature over it.
"""

from typing import Annotated

import msgspec

from chargelink.link.quantities import Digest, HexDigest, Name, Signature, Time, Word
from chargelink.link.shape import Shape
from chargelink.wire import DecodeError

LONGEST_LINE = 1 << 20  # bytes
MOST_SIGNING_KEYS = 64

Seq = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]


class Lane(Shape, frozen=True, tag_field="line", tag="lane"):
    """The first line: whose lane it is, and the public keys (Ed25519, hexadecimal) that the edge signed with."""

    edge: Name
    lane: Name
    signing_keys: Annotated[tuple[HexDigest, ...], msgspec.Meta(max_length=MOST_SIGNING_KEYS)]


class Epoch(Shape, frozen=True, tag_field="line", tag="epoch"):
    """What follows is of this life of the journal."""

    epoch: Name


class Entry(Shape, frozen=True, tag_field="line", tag="record"):
    """A record as the hub stored it."""

    seq: Seq
    kind: Word
    at: Time
    body: bytes
    hash: Digest


class Signed(Shape, frozen=True, tag_field="line", tag="checkpoint"):
    """The edge's signature under the value of the chain at a record."""

    seq: Seq
    at: Time
    chain: Digest
    signature: Signature


Line = Lane | Epoch | Entry | Signed

_decoder: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)


def line_of(line: Line) -> bytes:
    """The line as it stands in the file, with its end."""
    return msgspec.json.encode(line) + b"\n"


def read_line(data: bytes) -> Line:
    """A line of the file. Raises DecodeError."""
    if len(data) > LONGEST_LINE:
        raise DecodeError(f"a line of {len(data)} bytes")
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(str(error)) from None
