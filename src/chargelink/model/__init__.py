"""What edge and hub both mean: devices, samples, sessions, tariffs, bills, and the records that carry them.

Everything is an integer with its unit: mV, mA, mW, mWh, fen, 0.1 %, UTC milliseconds.

    tariff   the price document
    reading  a meter's register at a time
    battery  what a vehicle told of its battery
    bill     the priced result
    session  start, end, usage
    metering what the supervisor of metering is told of a session
    records  the kinds of records and their bodies
"""

from chargelink.link.authorisation import Authorisation, StartMode, TokenKind
from chargelink.link.messages import Caps, Device, DeviceKind, Record, Sample
from chargelink.model.battery import Battery
from chargelink.model.bill import Bill, BillLine, Boundary, Measured
from chargelink.model.metering import Metering
from chargelink.model.reading import Reading
from chargelink.model.records import (
    KINDS,
    Alarm,
    Content,
    JournalEpoch,
    LaneEnd,
    LeaseClosed,
    MeteringSealed,
    OccupancyEnded,
    PersonErased,
    StartRefused,
    TariffAdopted,
    Trip,
    body_of,
    content_of,
    kind_of,
)
from chargelink.model.session import (
    VEHICLE,
    AuthorisedBy,
    SessionEnded,
    SessionKind,
    SessionStarted,
    StopReason,
    Usage,
)
from chargelink.model.tariff import (
    DayPlan,
    Discount,
    Occupancy,
    PassTerms,
    Period,
    PerTime,
    PowerTiers,
    Tariff,
    Tier,
)

__all__ = [
    "KINDS",
    "VEHICLE",
    "Alarm",
    "Authorisation",
    "AuthorisedBy",
    "Battery",
    "Bill",
    "BillLine",
    "Boundary",
    "Caps",
    "Content",
    "DayPlan",
    "Device",
    "DeviceKind",
    "Discount",
    "JournalEpoch",
    "LaneEnd",
    "LeaseClosed",
    "Measured",
    "Metering",
    "MeteringSealed",
    "Occupancy",
    "OccupancyEnded",
    "PassTerms",
    "PerTime",
    "Period",
    "PersonErased",
    "PowerTiers",
    "Reading",
    "Record",
    "Sample",
    "SessionEnded",
    "SessionKind",
    "SessionStarted",
    "StartMode",
    "StartRefused",
    "StopReason",
    "Tariff",
    "TariffAdopted",
    "Tier",
    "TokenKind",
    "Trip",
    "Usage",
    "body_of",
    "content_of",
    "kind_of",
]
