"""A session from authorised to ended, as the journal keeps it and the hub stores it."""

from enum import StrEnum
from typing import Annotated, Any

import msgspec

from chargelink.link.authorisation import Authorisation
from chargelink.link.messages import Caps
from chargelink.link.quantities import Count, HexDigest, Name, Power, SessionId, StateOfCharge, Time, Word
from chargelink.link.shape import Document
from chargelink.model.battery import Battery
from chargelink.model.bill import Bill, Duration, Measured
from chargelink.model.reading import Reading
from chargelink.trust.personal import Sealed


class SessionKind(StrEnum):
    """What is charged through: a car's direct current, or an outlet of a socket."""

    DC = "dc"
    SOCKET = "socket"


VEHICLE = "vehicle"  # the field of a session that holds a VIN, as it is bound to its ciphertext


class AuthorisedBy(StrEnum):
    """Who let the session begin. One on a monitored gun is sold by somebody else: its bill is empty."""

    LOCAL = "local"
    REMOTE = "remote"
    MONITOR = "monitor"


class StopReason(StrEnum):
    """Why a session ended, in OCPP 2.0.1's words (ReasonEnumType)."""

    DE_AUTHORIZED = "DeAuthorized"
    EMERGENCY_STOP = "EmergencyStop"
    ENERGY_LIMIT_REACHED = "EnergyLimitReached"
    EV_DISCONNECTED = "EVDisconnected"
    GROUND_FAULT = "GroundFault"
    IMMEDIATE_RESET = "ImmediateReset"
    LOCAL = "Local"
    LOCAL_OUT_OF_CREDIT = "LocalOutOfCredit"
    MASTER_PASS = "MasterPass"  # noqa: S105 - OCPP's word
    OTHER = "Other"
    OVERCURRENT_FAULT = "OvercurrentFault"
    POWER_LOSS = "PowerLoss"
    POWER_QUALITY = "PowerQuality"
    REBOOT = "Reboot"
    REMOTE = "Remote"
    SOC_LIMIT_REACHED = "SOCLimitReached"
    STOPPED_BY_EV = "StoppedByEV"
    TIME_LIMIT_REACHED = "TimeLimitReached"
    TIMEOUT = "Timeout"


class Usage(Document, frozen=True):
    """What a price by time or power is reckoned from. Time without power does not count.

    `duration` is by a clock that nobody sets. `tier_minutes` has the minutes at up to each of `tier_bounds` (mW), and
    one more for those above the last.
    """

    duration: Duration
    peak_power: Power | None = None
    tier_bounds: Annotated[tuple[Power, ...], msgspec.Meta(max_length=16)] = ()
    tier_minutes: Annotated[tuple[Count, ...], msgspec.Meta(max_length=17)] = ()


class SessionStarted(Document, frozen=True):
    """Charging was authorised. `tariff_hash` holds to the end of the session, and so does `authorisation`."""

    session_id: SessionId
    edge_id: Name
    device: Name
    kind: SessionKind
    authorised_by: AuthorisedBy
    tariff_id: Name
    tariff_hash: HexDigest
    at: Time
    outlet: Name | None = None
    remote_start_id: Count | None = None
    start: Reading | None = None
    authorisation: Authorisation | None = None
    caps: Caps | None = None


class SessionEnded(Document, frozen=True):
    """A session is over: why, what was read, what is due.

    `stop_reason` is a `StopReason` word (a newer edge may send another), `stopped_by` names who or what did it, `trip`
    holds what the guard said if it was the guard. `vehicle` is the VIN that the car told (GB/T 27930 BRM), sealed.
    With `authorisation`, `caps`, `usage` and `measured` the bill can be reckoned again from this record and the tariff.
    """

    session_id: SessionId
    edge_id: Name
    device: Name
    kind: SessionKind
    authorised_by: AuthorisedBy
    tariff_id: Name
    tariff_hash: HexDigest
    started_at: Time
    at: Time
    stop_reason: Word
    stopped_by: Word
    readings: tuple[Reading, ...]
    bill: Bill
    outlet: Name | None = None
    remote_start_id: Count | None = None
    soc_start: StateOfCharge | None = None
    soc_end: StateOfCharge | None = None
    trip: dict[str, Any] | None = None
    vehicle: Sealed | None = None
    authorisation: Authorisation | None = None
    caps: Caps | None = None
    usage: Usage | None = None
    measured: Measured | None = None
    battery: Battery | None = None

    @property
    def most(self) -> int | None:
        """What the bill must not exceed, fen: the prepaid amount, or a cap that the customer set."""
        prepaid = None if self.authorisation is None else self.authorisation.prepaid
        cap = None if self.caps is None else self.caps.money
        return min((one for one in (prepaid, cap) if one is not None), default=None)
