"""What the record lane carries: a table of kinds, and their bodies as MessagePack.

The bytes of a body are written once, at the edge, and kept as they are everywhere; nobody encodes them again.
"""

from typing import Annotated, Any

import msgspec

from chargelink.link.authorisation import Authorisation
from chargelink.link.quantities import (
    END,
    Count,
    Digest,
    HexDigest,
    Money,
    Name,
    Person,
    PublicKey,
    Sentence,
    SessionId,
    Signature,
    Time,
    Word,
)
from chargelink.link.shape import Document, Shape
from chargelink.model.bill import Bill, Duration
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


class StartRefused(Document, frozen=True):
    """An order that has not begun and never will: what was frozen for it is free. `reason` in one word, `text` to read.

    Either a remote start of this number, which is refused from now on; or what was, or may have been, frozen for the
    Authorize of the id `request`: nothing begins with its answer any more, whether or not that was heard.
    """

    edge_id: Name
    device: Name
    reason: Word
    text: Sentence
    at: Time
    remote_start_id: Count | None = None
    request: Name | None = None
    outlet: Name | None = None
    order: Name | None = None


class OccupancyEnded(Document, frozen=True):
    """A place was left, after its charge had ended at `started_at`: `duration` ms by a clock that nobody sets.

    `bill` has the lines of the occupancy fee (占位费), 0 within the grace.
    """

    session_id: SessionId
    edge_id: Name
    device: Name
    tariff_id: Name
    tariff_hash: HexDigest
    started_at: Time
    at: Time
    duration: Duration
    bill: Bill
    outlet: Name | None = None
    authorisation: Authorisation | None = None


class TariffAdopted(Document, frozen=True):
    """A tariff holds at this edge from now on, signed by `signer`: the hub, or the edge itself for a price set on site.

    `source`: hub, screen, file. `devices` are those at which it holds; none = all.
    """

    tariff_id: Name
    tariff_hash: HexDigest
    version: Count
    source: Word
    at: Time
    signer: PublicKey | None = None
    signature: Signature | None = None
    devices: tuple[Name, ...] = ()


class LeaseClosed(Document, frozen=True):
    """An allowance is over: `spent` fen of it are in bills of this edge, the rest is free.

    `reason`: expired, withdrawn, spent; or epoch, when this edge came from a backup and may have spent more than it
    knows: then a person decides. `unbilled` counts sessions on it that had not ended.
    """

    lease: Name
    edge_id: Name
    account: Name
    amount: Money
    spent: Money
    reason: Word
    at: Time
    unbilled: Count = 0


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


Content = (
    SessionStarted
    | SessionEnded
    | StartRefused
    | OccupancyEnded
    | Tariff
    | TariffAdopted
    | LeaseClosed
    | Trip
    | Alarm
    | JournalEpoch
    | PersonErased
    | MeteringSealed
)

KINDS: dict[str, type[Content]] = {
    "session.started": SessionStarted,
    "session.ended": SessionEnded,
    "start.refused": StartRefused,
    "occupancy.ended": OccupancyEnded,
    "tariff": Tariff,  # recorded before the first session under it, so that the hub can price from the record alone
    "tariff.adopted": TariffAdopted,
    "lease.closed": LeaseClosed,
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
