"""What the supervisor of metering (计量监督部门) is told of a session: registers, times, and how they were measured."""

from typing import Literal

import msgspec

from chargelink.link.quantities import Energy, HexDigest, Money, Name, SessionId, Time, Word
from chargelink.link.shape import Shape
from chargelink.model.reading import Reading
from chargelink.model.session import AuthorisedBy, SessionEnded, SessionKind
from chargelink.wire import DecodeError

MeasuredBy = Literal["meter", "socket", "calculated"]


class Metering(Shape, frozen=True):
    """The metering data of one ended session; nothing in it is personal.

    `begin` and `end` are the registers (mWh) and their times, None without any reading; `energy` is what was billed,
    `total` for how much (fen). `meter` is the DL/T 645 address of the meter, None where a socket measures by itself or
    the energy is calculated from voltage and current. `meter_verified` says whether the meter was within its period of
    verification when the session began: "verified", "overdue" or "unverified"; "unknown" where no meter measured.
    """

    session_id: SessionId
    edge_id: Name
    device: Name
    started_at: Time
    ended_at: Time
    begin: Reading | None
    end: Reading | None
    energy: Energy
    total: Money
    tariff_id: Name
    tariff_hash: HexDigest
    measured_by: MeasuredBy
    meter: Word | None = None
    meter_verified: Word = "unknown"
    outlet: Name | None = None


def plain_of(metering: Metering) -> bytes:
    """The bytes to be sealed."""
    return msgspec.msgpack.encode(metering)


def metering_in(plain: bytes) -> Metering:
    """What was sealed. Raises DecodeError."""
    try:
        return msgspec.msgpack.decode(plain, type=Metering)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(f"no metering data: {error}") from None


def metering_of(ended: SessionEnded, meter: str | None) -> Metering:
    """The metering data of a session, measured by the meter of that address if by a meter at all."""
    measured_by: MeasuredBy = "socket" if ended.kind is SessionKind.SOCKET else "meter"
    if ended.authorised_by is AuthorisedBy.MONITOR:
        measured_by = "calculated"
    return Metering(
        session_id=ended.session_id,
        edge_id=ended.edge_id,
        device=ended.device,
        outlet=ended.outlet,
        started_at=ended.started_at,
        ended_at=ended.at,
        begin=ended.readings[0] if ended.readings else None,
        end=ended.readings[-1] if ended.readings else None,
        energy=ended.bill.energy,
        total=ended.bill.total,
        tariff_id=ended.tariff_id,
        tariff_hash=ended.tariff_hash,
        measured_by=measured_by,
        meter=meter if measured_by == "meter" else None,
        meter_verified=ended.measured or "unknown" if measured_by == "meter" else "unknown",
    )
