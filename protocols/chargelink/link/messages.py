"""The actions of the link, one typed request and answer each; names are OCPP 2.0.1's where it has one.

    edge -> hub   BootNotification  StatusNotification  MeterValues  Records  Heartbeat
    hub -> edge   RequestStartTransaction  RequestStopTransaction  TriggerMessage

Live state and samples may be lost and are never repeated. Records are neither: they are kept by the edge until the
hub has stored them, and known by (edge, epoch, lane, seq).
"""

import hashlib
from enum import StrEnum
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from chargelink.link.quantities import (
    Count,
    Current,
    Digest,
    Energy,
    Name,
    Power,
    Sentence,
    SessionId,
    StateOfCharge,
    Time,
    Voltage,
    Word,
)
from chargelink.link.shape import Shape

MOST_RECORDS = 1000
RECORD_LANE = "record"


class DeviceKind(StrEnum):
    """What a device is. A newer edge may know more kinds: `Device.kind` keeps the word."""

    GUN = "gun"
    SOCKET = "socket"
    METER = "meter"
    IO = "io"


class Device(Shape, frozen=True):
    """A device of an edge as it is now: `state` in one word, `detail` for whatever its driver wants to be seen."""

    id: Name
    kind: Word
    state: Word
    at: Time
    detail: dict[str, Any] = msgspec.field(default_factory=dict)


class Sample(Shape, frozen=True):
    """One point of a session's curves."""

    device: Name
    session_id: SessionId
    at: Time
    voltage: Voltage  # mV
    current: Current  # mA
    power: Power  # mW
    energy: Energy  # mWh since the session's start
    soc: StateOfCharge | None = None  # 0.1 %
    outlet: Name | None = None


class Record(Shape, frozen=True):
    """One entry of the edge's journal: `body` are its bytes as first written, `hash` their SHA-256."""

    seq: Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
    kind: Word
    at: Time
    body: bytes
    hash: Digest

    @property
    def intact(self) -> bool:
        """The bytes are the ones that were hashed."""
        return record_hash(self.body) == self.hash


def record_hash(body: bytes) -> bytes:
    """The hash of a record: SHA-256 of the bytes of its body (FIPS 180-4)."""
    return hashlib.sha256(body).digest()


class BootNotification(Shape, frozen=True):
    """The first call after each connection: who we are, and the devices as they are.

    `epoch` names the life of the edge's journal: sequence numbers of one epoch never mean two things.
    """

    edge_id: Name
    epoch: Name
    software: Word
    devices: tuple[Device, ...] = ()


class BootNotificationResponse(Shape, frozen=True):
    """What the hub holds of the epoch: `have` is the last seq of each lane up to which nothing is missing, none = 0.

    `hashes` may give the hash of that very record, by lane. An edge that does not hold it was restored from a
    backup and opens a new epoch. `interval` is the seconds between heartbeats.
    """

    current_time: Time
    interval: Annotated[int, msgspec.Meta(ge=1, le=86_400)]
    have: dict[str, Count] = msgspec.field(default_factory=dict)
    hashes: dict[str, Digest] = msgspec.field(default_factory=dict)


class StatusNotification(Shape, frozen=True):
    """Devices whose state changed."""

    devices: tuple[Device, ...]


class MeterValues(Shape, frozen=True):
    """Live samples, oldest first."""

    samples: tuple[Sample, ...]


class Heartbeat(Shape, frozen=True):
    """Nothing but a sign of life."""


class HeartbeatResponse(Shape, frozen=True):
    """The hub's clock."""

    current_time: Time


class Records(Shape, frozen=True):
    """Consecutive records of one lane; `first` is the seq of the first of them."""

    epoch: Name
    first: Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
    records: Annotated[tuple[Record, ...], msgspec.Meta(max_length=MOST_RECORDS)]
    lane: Name = RECORD_LANE


class RecordsResponse(Shape, frozen=True):
    """Sent after the hub's commit: every record up to `have` is stored and need not be sent again."""

    have: Count


class Caps(Shape, frozen=True):
    """Limits of a session; None = no limit."""

    energy: Energy | None = None  # mWh
    minutes: Annotated[int, msgspec.Meta(ge=1, le=100_000)] | None = None
    power: Power | None = None  # mW


class RequestStartTransaction(Shape, frozen=True):
    """Start charging. Done at most once per `remote_start_id`, and not at all after `expiry`."""

    device: Name
    remote_start_id: Count
    expiry: Time
    outlet: Name | None = None
    caps: Caps = Caps()


class RequestStartTransactionResponse(Shape, frozen=True):
    """`transaction_id` is the id of the session, born at the edge."""

    status: Literal["Accepted", "Rejected"]
    transaction_id: SessionId | None = None
    reason: Sentence | None = None


class RequestStopTransaction(Shape, frozen=True):
    """Stop a session."""

    transaction_id: SessionId


class RequestStopTransactionResponse(Shape, frozen=True):
    """Whether the session will stop; its end comes as a record."""

    status: Literal["Accepted", "Rejected"]
    reason: Sentence | None = None


class TriggerMessage(Shape, frozen=True):
    """Send an action now that would be sent later: BootNotification, StatusNotification, MeterValues, Heartbeat."""

    requested_message: Word


class TriggerMessageResponse(Shape, frozen=True):
    """Whether it will be sent."""

    status: Literal["Accepted", "Rejected", "NotImplemented"]


class Nothing(Shape, frozen=True):
    """The answer that says nothing but "received"."""


class Action(NamedTuple):
    """A row of the table of actions: request and answer, and who may ask."""

    request: type[Shape]
    response: type[Shape]
    caller: Literal["edge", "hub"]

    @property
    def name(self) -> str:
        """The action's name on the wire: the name of its request."""
        return self.request.__name__


ACTIONS = {
    action.name: action
    for action in (
        Action(BootNotification, BootNotificationResponse, "edge"),
        Action(StatusNotification, Nothing, "edge"),
        Action(MeterValues, Nothing, "edge"),
        Action(Records, RecordsResponse, "edge"),
        Action(Heartbeat, HeartbeatResponse, "edge"),
        Action(RequestStartTransaction, RequestStartTransactionResponse, "hub"),
        Action(RequestStopTransaction, RequestStopTransactionResponse, "hub"),
        Action(TriggerMessage, TriggerMessageResponse, "hub"),
    )
}
