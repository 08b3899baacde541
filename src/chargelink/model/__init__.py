"""What edge and hub both mean: devices, samples, sessions, tariffs, bills, and the records that carry them.

Everything is an integer with its unit: mV, mA, mW, mWh, fen, 0.1 %, UTC milliseconds.

    tariff   the price document
    bill     the priced result
    session  start, end, readings
    records  the kinds of the record lane and their bodies
"""

from chargelink.link.messages import Caps, Device, DeviceKind, Record, Sample
from chargelink.model.bill import Bill, BillLine
from chargelink.model.records import KINDS, Alarm, Content, JournalEpoch, LaneEnd, Trip, body_of, content_of, kind_of
from chargelink.model.session import AuthorisedBy, Reading, SessionEnded, SessionKind, SessionStarted, StopReason
from chargelink.model.tariff import Period, Tariff

__all__ = [
    "KINDS",
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
    "Period",
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
