"""What the record lane carries: a table of kinds, and their bodies as MessagePack.

The bytes of a body are written once, at the edge, and kept as they are everywhere; nobody encodes them again.
"""

from typing import Annotated, Any

import msgspec

from chargelink.link.quantities import END, Count, Digest, Name, Person, Sentence, SessionId, Time, Word
from chargelink.link.shape import Shape
from chargelink.model.session import SessionEnded, SessionStarted
from chargelink.model.tariff import Tariff
from chargelink.wire import DecodeError


class Trip(Shape, frozen=True):
    """The guard cut off: the rule that fired and the values it saw."""

    device: Name
    rule: Word
    at: Time
    session_id: SessionId | None = None
    values: dict[str, Any] = msgspec.field(default_factory=dict)


class Alarm(Shape, frozen=True):
    """Something that a person must look at: `code` for machines, `text` to read."""

    code: Word
    text: Sentence
    at: Time
    device: Name | None = None
    session_id: SessionId | None = None


class LaneEnd(Shape, frozen=True):
    """Where a lane ended: its last record that the ledger held, 0 for none, and the value of the chain there."""

    seq: Count
    chain: Digest


class JournalEpoch(Shape, frozen=True):
    """The first record of a new life of the edge's journal: which one it follows, where that ended, and why it ended.

    What the hub had not acknowledged comes again after it, under new numbers. Reasons: hub-ahead, hub-behind,
    other-record, restored, damaged, renamed.
    """

    previous: Name | None
    reason: Word
    at: Time
    lanes: dict[Name, LaneEnd] = msgspec.field(default_factory=dict)


class PersonErased(Shape, frozen=True):
    """The key of a person is gone: what was sealed under it says nothing any more."""

    person: Person
    at: Time


class MeteringSealed(Shape, frozen=True):
    """A `Metering` that only the supervisor can read; `recipient` names the key.

    `box` is as `trust.metering` seals it.
    """

    recipient: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16}" + END)]
    box: Annotated[bytes, msgspec.Meta(max_length=65_536)]


Content = SessionStarted | SessionEnded | Tariff | Trip | Alarm | JournalEpoch | PersonErased | MeteringSealed

KINDS: dict[str, type[Content]] = {
    "session.started": SessionStarted,
    "session.ended": SessionEnded,
    "tariff": Tariff,  # recorded before the first session under it, so that the hub can price from the record alone
    "trip": Trip,
    "alarm": Alarm,
    "journal.epoch": JournalEpoch,
    "person.erased": PersonErased,
    "metering.sealed": MeteringSealed,  # in a lane of its own
}
_KIND_OF = {shape: kind for kind, shape in KINDS.items()}


def kind_of(content: Content) -> str:
    """The record kind of what is to be recorded."""
    return _KIND_OF[type(content)]


def body_of(content: Content) -> bytes:
    """The bytes to record."""
    return msgspec.msgpack.encode(content)


def content_of(kind: str, body: bytes) -> Content:
    """What a record says.

    Raises DecodeError for a kind that is not known here and for a body that does not hold what its kind should.
    """
    shape = KINDS.get(kind)
    if shape is None:
        raise DecodeError(f"unknown kind of record: {kind}")
    try:
        return msgspec.msgpack.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(f"{kind}: {error}") from None
