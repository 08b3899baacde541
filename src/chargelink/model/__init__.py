"""What edge and hub both mean: devices, samples, sessions, tariffs, bills, and the records that carry them.

Everything is an integer with its unit: mV, mA, mW, mWh, fen, 0.1 %, UTC milliseconds.

    tariff   the price document
    bill     the priced result
    session  start, end, readings
    metering what the supervisor of metering is told of a session
    records  the kinds of records and their bodies
"""

from chargelink.link.messages import Caps, Device, DeviceKind, Record, Sample
from chargelink.model.bill import Bill, BillLine
from chargelink.model.metering import Metering
from chargelink.model.records import (
    KINDS,
    Alarm,
    Content,
    JournalEpoch,
    LaneEnd,
    MeteringSealed,
    PersonErased,
    Trip,
    body_of,
    content_of,
    kind_of,
)
from chargelink.model.session import (
    VEHICLE,
    AuthorisedBy,
    Reading,
    SessionEnded,
    SessionKind,
    SessionStarted,
    StopReason,
)
from chargelink.model.tariff import Period, Tariff

__all__ = [
    "KINDS",
    "VEHICLE",
    "Alarm",
    "AuthorisedBy",
    "Bill",
    "BillLine",
    "Caps",
    "Content",
    "Device",
    "DeviceKind",
    "JournalEpoch",
    "LaneEnd",
    "Metering",
    "MeteringSealed",
    "Period",
    "PersonErased",
    "Reading",
    "Record",
    "Sample",
    "SessionEnded",
    "SessionKind",
    "SessionStarted",
    "StopReason",
    "Tariff",
    "Trip",
    "body_of",
    "content_of",
    "kind_of",
]
