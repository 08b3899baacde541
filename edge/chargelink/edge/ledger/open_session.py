"""One session that has not ended: its readings, what it comes to, and the bill at its end. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from chargelink.link.messages import Caps
from chargelink.model import Alarm, Reading, SessionEnded, SessionStarted, StopReason, Tariff
from chargelink.tariff import Consumption, price, same_stretch
from chargelink.trust.personal import Sealed


@dataclass(frozen=True)
class OpenSession:
    """A session that has not ended. `key` is the device's own name for it, so that both find each other again."""

    started: SessionStarted
    tariff: Tariff
    caps: Caps
    key: str | None
    readings: tuple[Reading, ...] = ()
    vehicle: Sealed | None = None

    @property
    def id(self) -> str:
        """The session's id."""
        return self.started.session_id

    @property
    def energy(self) -> int:
        """mWh so far."""
        return self.readings[-1].register - self.readings[0].register if self.readings else 0


@dataclass(frozen=True)
class Ending:
    """How a session ends. `fault` says that it broke down, in the sense of the tariff's rules; `final` that the reading
    is the device's own account of the session: what was read before and lies above it is left out.
    """

    reason: StopReason
    by: str
    reading: Reading | None = None
    final: bool = False
    fault: bool = False
    soc_start: int | None = None  # 0.1 %
    soc_end: int | None = None
    trip: Mapping[str, Any] | None = None


def with_reading(session: OpenSession, reading: Reading) -> OpenSession | None:
    """The session with one more reading; None if the register ran backwards.

    Kept are the first and the last, and the two around each change of price.
    """
    readings = session.readings
    if not readings:
        return replace(session, readings=(reading,))
    last = readings[-1]
    if reading.register < last.register:
        return None
    reading = Reading(at=max(reading.at, last.at), register=reading.register)
    if len(readings) > 1 and same_stretch(session.tariff, readings[-2].at, reading.at):
        readings = readings[:-1]
    return replace(session, readings=(*readings, reading))


def up_to(session: OpenSession, register: int) -> OpenSession:
    """The session without its readings above a register, mWh."""
    return replace(session, readings=tuple(one for one in session.readings if one.register <= register))


def billed(session: OpenSession, now: int, ending: Ending) -> SessionEnded:
    """The record of a session that ends at `now` (UTC milliseconds), with its bill."""
    started = session.started
    consumption = Consumption(
        session_id=session.id,
        kind=started.kind,
        authorised_by=started.authorised_by,
        readings=session.readings,
        fault=ending.fault,
    )
    return SessionEnded(
        session_id=session.id,
        edge_id=started.edge_id,
        device=started.device,
        outlet=started.outlet,
        kind=started.kind,
        authorised_by=started.authorised_by,
        remote_start_id=started.remote_start_id,
        tariff_id=started.tariff_id,
        tariff_hash=started.tariff_hash,
        started_at=started.at,
        at=max(now, started.at),
        stop_reason=ending.reason,
        stopped_by=ending.by,
        readings=session.readings,
        soc_start=ending.soc_start,
        soc_end=ending.soc_end,
        trip=None if ending.trip is None else dict(ending.trip),
        vehicle=session.vehicle,
        bill=price(session.tariff, started.tariff_hash, consumption),
    )


def backwards(session: OpenSession, reading: Reading) -> Alarm:
    """What a person must know of a register that ran backwards."""
    last = session.readings[-1].register
    return Alarm(
        code="register-backwards",
        text=f"the register ran backwards, from {last} mWh to {reading.register} mWh; such readings are left out",
        at=reading.at,
        device=session.started.device,
        session_id=session.id,
    )
