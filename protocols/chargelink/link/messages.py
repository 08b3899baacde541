"""The actions of the link, one typed request and answer each; names are OCPP 2.0.1's where it has one.

    edge -> hub   BootNotification  StatusNotification  MeterValues  Records  Telemetry  Heartbeat
                  PersonKeys  SignCertificate  Authorize
    hub -> edge   RequestStartTransaction  RequestStopTransaction  TriggerMessage  WatchLive  ErasePerson
                  TariffUpdate  SendLocalList  GetLocalListVersion  GrantAllowance  WithdrawAllowance

Live state and samples may be lost and are never repeated; what was measured follows as telemetry, with every gap
counted. Records are kept by the edge until the hub has stored them, and known by (edge, epoch, lane, seq).
"""

from enum import StrEnum
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from chargelink.link.authorisation import (
    AllowanceResponse,
    Authorisation,
    Authorize,
    AuthorizeResponse,
    GetLocalListVersion,
    GetLocalListVersionResponse,
    GrantAllowance,
    SendLocalList,
    SendLocalListResponse,
    WithdrawAllowance,
)
from chargelink.link.pricing import TariffUpdate, TariffUpdateResponse
from chargelink.link.quantities import (
    Count,
    Current,
    Digest,
    Energy,
    HexDigest,
    Money,
    Name,
    Person,
    Power,
    PublicKey,
    Sentence,
    SessionId,
    Signature,
    StateOfCharge,
    Time,
    Voltage,
    Word,
)
from chargelink.link.shape import Shape

MOST_RECORDS = 1000
MOST_BLOCKS = 1000
MOST_SAMPLES = 10_000  # in a block
MOST_KEYS = 1000
LARGEST_CSR = 8192  # bytes
LARGEST_DETAIL = 16_384  # bytes of what a device tells beside its state, as JSON
RECORD_LANE = "record"
METERING_LANE = "metering"  # what only the supervisor of metering can read
TELEMETRY_LANE = "telemetry"

LiveInterval = Annotated[int, msgspec.Meta(ge=1, le=3600, description="s")]


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
    """One entry of the edge's journal: `body` are its bytes as first written, `hash` is their SHA-256."""

    seq: Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
    kind: Word
    at: Time
    body: bytes
    hash: Digest


class Checkpoint(Shape, frozen=True):
    """The edge stands by its records up to `seq`: an Ed25519 signature over the chain's value there."""

    seq: Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
    at: Time
    signature: Signature


class TelemetryBlock(Shape, frozen=True):
    """`count` consecutive samples of one session, from `begin` to `end`, densely written."""

    seq: Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
    device: Name
    session_id: SessionId
    begin: Time
    end: Time
    count: Annotated[int, msgspec.Meta(ge=1, le=MOST_SAMPLES)]
    body: bytes
    outlet: Name | None = None


class TelemetryGap(Shape, frozen=True):
    """Blocks `first` to `last` will never come, and `samples` with them: `reason` in one word."""

    first: Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
    last: Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
    samples: Count
    begin: Time
    end: Time
    reason: Word


class BootNotification(Shape, frozen=True):
    """The first call after each connection: who we are, and the devices as they are.

    `epoch` names the life of the edge's journal: sequence numbers of one epoch never mean two things. That of the
    telemetry is another. With `signing_key` the edge signs its checkpoints: Ed25519, 32 bytes. `compression` says that
    the edge reads compressed frames: "zlib", or "zlib.1" if it has the dictionary, too. `local_list` is the version of
    the list that it holds, `tariffs` are those that were sent to it; null from an edge that takes neither.
    """

    edge_id: Name
    epoch: Name
    software: Word
    devices: tuple[Device, ...] = ()
    telemetry_epoch: Name | None = None
    signing_key: PublicKey | None = None
    compression: Word | None = None
    local_list: Count | None = None
    tariffs: tuple[HexDigest, ...] | None = None


class BootNotificationResponse(Shape, frozen=True):
    """What the hub holds of the epoch: `have` is the last seq of each lane up to which nothing is missing, none = 0.

    `hashes` may give the hash of that very record, by lane, and `chains` the value of the chain there. An edge that
    does not hold it was restored from a backup and opens a new epoch. `interval` is the seconds between heartbeats,
    `live_interval` those between states and samples while nobody looks. `compression`: what the hub reads, as above.
    """

    current_time: Time
    interval: Annotated[int, msgspec.Meta(ge=1, le=86_400)]
    have: dict[str, Count] = msgspec.field(default_factory=dict)
    hashes: dict[str, Digest] = msgspec.field(default_factory=dict)
    chains: dict[str, Digest] = msgspec.field(default_factory=dict)
    live_interval: LiveInterval = 5
    compression: Word | None = None


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
    """Consecutive records of one lane; `first` is the seq of the first of them.

    `previous` is the value of the chain before it; `checkpoint` is for a record of this batch.
    """

    epoch: Name
    first: Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
    records: Annotated[tuple[Record, ...], msgspec.Meta(max_length=MOST_RECORDS)]
    lane: Name = RECORD_LANE
    previous: Digest | None = None
    checkpoint: Checkpoint | None = None


class RecordsResponse(Shape, frozen=True):
    """Sent after the hub's commit: every record up to `have` is stored and need not be sent again."""

    have: Count


class Telemetry(Shape, frozen=True):
    """Blocks in the order of their seq, and what is missing among or before them."""

    epoch: Name
    blocks: Annotated[tuple[TelemetryBlock, ...], msgspec.Meta(max_length=MOST_BLOCKS)]
    gaps: Annotated[tuple[TelemetryGap, ...], msgspec.Meta(max_length=MOST_BLOCKS)] = ()


class TelemetryResponse(Shape, frozen=True):
    """Sent after the hub's commit: every block and gap up to `have` is stored and need not be sent again."""

    have: Count


class PersonKey(Shape, frozen=True):
    """The key under which an edge wrote the personal fields of one person: AES-256-GCM."""

    person: Person
    key: Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]


class PersonKeys(Shape, frozen=True):
    """Keys for personal fields of records. Answered after the hub has stored them; they never stand in a record."""

    keys: Annotated[tuple[PersonKey, ...], msgspec.Meta(max_length=MOST_KEYS)]


class SignCertificate(Shape, frozen=True):
    """Ask for a new certificate before the old one ends: PKCS #10 in DER, for a new key. Names in it are ignored."""

    csr: Annotated[bytes, msgspec.Meta(max_length=LARGEST_CSR)]


class SignCertificateResponse(Shape, frozen=True):
    """The certificate and what it is signed by, in PEM."""

    status: Literal["Accepted", "Rejected"]
    certificate_chain: Annotated[str, msgspec.Meta(max_length=65_536)] | None = None
    reason: Sentence | None = None


class Caps(Shape, frozen=True):
    """Limits of a session; null = no limit. Each of them ends it, `power` limits it."""

    energy: Energy | None = None  # mWh
    minutes: Annotated[int, msgspec.Meta(ge=1, le=100_000)] | None = None
    power: Power | None = None  # mW
    money: Money | None = None  # fen
    soc: StateOfCharge | None = None  # 0.1 %


class RequestStartTransaction(Shape, frozen=True):
    """Start charging. Done at most once per `remote_start_id`, and not at all after `expiry`.

    With `tariff_hash`, only at the price that was shown: another that holds meanwhile refuses the start. With `at` or
    `cheap_until` it is planned: begun at that time, or in the cheapest hours that end by then, if still plugged in. An
    order that will not begin any more gets the record `start.refused`.
    """

    device: Name
    remote_start_id: Count
    expiry: Time
    outlet: Name | None = None
    caps: Caps = Caps()
    authorisation: Authorisation | None = None
    tariff_hash: HexDigest | None = None
    at: Time | None = None
    cheap_until: Time | None = None


class RequestStartTransactionResponse(Shape, frozen=True):
    """`transaction_id` is the id of the session, born at the edge; null for one that is planned and not yet begun."""

    status: Literal["Accepted", "Rejected"]
    transaction_id: SessionId | None = None
    reason: Sentence | None = None


class RequestStopTransaction(Shape, frozen=True):
    """Stop a session; not after `expiry`, if there is one."""

    transaction_id: SessionId
    expiry: Time | None = None


class RequestStopTransactionResponse(Shape, frozen=True):
    """Whether the session will stop; its end comes as a record."""

    status: Literal["Accepted", "Rejected"]
    reason: Sentence | None = None


class TriggerMessage(Shape, frozen=True):
    """Send an action now that would be sent later: BootNotification, StatusNotification, Heartbeat, PersonKeys."""

    requested_message: Word


class TriggerMessageResponse(Shape, frozen=True):
    """Whether it will be sent."""

    status: Literal["Accepted", "Rejected", "NotImplemented"]


class WatchLive(Shape, frozen=True):
    """Somebody looks: for so many seconds send states and samples every `interval` seconds."""

    interval: LiveInterval
    seconds: Annotated[int, msgspec.Meta(ge=1, le=3600)]


class WatchLiveResponse(Shape, frozen=True):
    """Whether it will be done."""

    status: Literal["Accepted", "Rejected"]


class ErasePerson(Shape, frozen=True):
    """Erase the key of a person: what was written under it can never be read again."""

    person: Person


class ErasePersonResponse(Shape, frozen=True):
    """Accepted also for a person that the edge does not know, or no longer."""

    status: Literal["Accepted", "Rejected"]
    reason: Sentence | None = None


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
        Action(Telemetry, TelemetryResponse, "edge"),
        Action(Heartbeat, HeartbeatResponse, "edge"),
        Action(PersonKeys, Nothing, "edge"),
        Action(SignCertificate, SignCertificateResponse, "edge"),
        Action(Authorize, AuthorizeResponse, "edge"),
        Action(RequestStartTransaction, RequestStartTransactionResponse, "hub"),
        Action(RequestStopTransaction, RequestStopTransactionResponse, "hub"),
        Action(TriggerMessage, TriggerMessageResponse, "hub"),
        Action(WatchLive, WatchLiveResponse, "hub"),
        Action(ErasePerson, ErasePersonResponse, "hub"),
        Action(TariffUpdate, TariffUpdateResponse, "hub"),
        Action(SendLocalList, SendLocalListResponse, "hub"),
        Action(GetLocalListVersion, GetLocalListVersionResponse, "hub"),
        Action(GrantAllowance, AllowanceResponse, "hub"),
        Action(WithdrawAllowance, AllowanceResponse, "hub"),
    )
}
