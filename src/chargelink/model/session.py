"""A session from authorised to ended, as the journal keeps it and the hub stores it."""

from enum import StrEnum
from typing import Any

from chargelink.link.quantities import Count, Energy, HexDigest, Name, SessionId, StateOfCharge, Time, Word
from chargelink.link.shape import Shape
from chargelink.model.bill import Bill
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


class Reading(Shape, frozen=True):
    """A meter's register at a time. Registers never run backwards within a session."""

    at: Time
    register: Energy  # mWh


class SessionStarted(Shape, frozen=True):
    """Charging was authorised. `tariff_hash` holds to the end of the session."""

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


class SessionEnded(Shape, frozen=True):
    """A session is over: why, what was read, what is due.

    `stop_reason` is a `StopReason` word (a newer edge may send another), `stopped_by` names who or what did it, `trip`
    holds what the guard said if it was the guard. `vehicle` is the VIN that the car told (GB/T 27930 BRM), sealed.
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
