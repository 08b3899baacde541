"""One session that has not ended: its readings, what it comes to, and the bill at its end. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from chargelink.edge.ledger.elapsed import Moment
from chargelink.link.messages import Caps
from chargelink.model import (
    Alarm,
    AuthorisedBy,
    Battery,
    Bill,
    Measured,
    Reading,
    SessionEnded,
    SessionKind,
    SessionStarted,
    StopReason,
    Tariff,
    Usage,
)
from chargelink.tariff import RULES_VERSION, Consumption, TariffError, price, same_stretch
from chargelink.tariff.calendar import LONGEST
from chargelink.trust.personal import Sealed

REGISTER_STEPS = 20_000  # mWh: two steps of a register of 0.01 kWh
UNSEEN = 60_000  # ms before a restart of which no reading need have been kept
TOLD_WITHIN = 60_000  # ms that a device may take to begin after our first reading
CORRECTED_FROM = 1_000  # ms by which a time must be off, to be told with the right one


class Stopping(msgspec.Struct, frozen=True, array_like=True):
    """Why a session was asked to stop, and by whom: the first who asked."""

    reason: StopReason
    by: str


class Course(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the ledger keeps of an open session beside its readings.

    `moments` are those of the readings, None where nobody knows. `duration` is the time of charging in ms, by a clock
    that nobody sets; time without power, and while the edge did not run, is not in it. `peak_power` is in mW.
    `doubt` is a reading that leapt: from there on the register is not believed.
    """

    measured: Measured | None = None
    moments: tuple[Moment | None, ...] = ()
    duration: int = 0
    peak_power: int | None = None
    doubt: Reading | None = None
    stopping: Stopping | None = None


@dataclass(frozen=True)
class OpenSession:
    """A session that has not ended. `key` is the device's own name for it, so that both find each other again.

    `since` is when this edge read it last; None after a restart, for what passed before is not counted.
    """

    started: SessionStarted
    tariff: Tariff
    caps: Caps
    key: str | None
    readings: tuple[Reading, ...] = ()
    vehicle: Sealed | None = None
    course: Course = Course()  # noqa: RUF009 - frozen
    since: Moment | None = field(default=None, compare=False)

    @property
    def id(self) -> str:
        """The session's id."""
        return self.started.session_id

    @property
    def energy(self) -> int:
        """mWh so far."""
        return self.readings[-1].register - self.readings[0].register if self.readings else 0

    @property
    def usage(self) -> Usage:
        """Time and power so far, as the edge itself measured them."""
        return Usage(duration=self.course.duration, peak_power=self.course.peak_power)

    @property
    def measured(self) -> Measured:
        """What its energy is worth: a socket, or who only watches, calculates it."""
        if self.started.kind is SessionKind.SOCKET or self.started.authorised_by is AuthorisedBy.MONITOR:
            return "calculated"
        return self.course.measured or "unverified"

    @property
    def most(self) -> int | None:
        """What the bill must not exceed, fen: the prepaid amount, or a cap that the customer set."""
        authorisation = self.started.authorisation
        prepaid = None if authorisation is None else authorisation.prepaid
        return min((one for one in (prepaid, self.caps.money) if one is not None), default=None)

    def consumption(self, *, usage: Usage | None = None, fault: bool = False) -> Consumption:
        """What it is priced by, now; `usage` is the device's own account of time and power."""
        return Consumption(
            session_id=self.id,
            kind=self.started.kind,
            authorised_by=self.started.authorised_by,
            readings=self.readings,
            usage=usage or self.usage,
            measured=self.measured,
            authorisation=self.started.authorisation,
            most=self.most,
            fault=fault,
        )


@dataclass(frozen=True)
class Ending:
    """How a session ends. `fault` says that it broke down, in the sense of the tariff's rules; `final` that the reading
    is the device's own account of the session: what was read before and lies above it is left out. `usage` is the
    device's own account of time and power; without it that of the edge counts. `battery` is what the vehicle told.
    """

    reason: StopReason
    by: str
    reading: Reading | None = None
    final: bool = False
    fault: bool = False
    soc_start: int | None = None  # 0.1 %
    soc_end: int | None = None
    trip: Mapping[str, Any] | None = None
    usage: Usage | None = None
    battery: Battery | None = None


def with_reading(
    session: OpenSession, reading: Reading, moment: Moment | None = None, power: int | None = None
) -> OpenSession | None:
    """The session with one more reading, taken at `moment` with so much `power` (mW); None if the register ran
    backwards, or is not believed any more.

    Kept are the first and the last, and the two around each change of price.
    """
    readings, course = session.readings, session.course
    moments = _moments(session)
    if not readings:
        return replace(session, readings=(reading,), course=_course(course, (moment,)), since=moment)
    last = readings[-1]
    if reading.register < last.register or (course.doubt and reading.register >= course.doubt.register):
        return None
    at = min(max(reading.at, last.at), readings[0].at + LONGEST)  # no charge takes longer, but a clock leaps by years
    reading = Reading(at=at, register=reading.register)
    duration = course.duration
    if moment is not None and reading.register > readings[0].register:
        duration += moment.since(session.since) or 0
    if len(readings) > 1 and same_stretch(session.tariff, readings[-2].at, reading.at):
        readings, moments = readings[:-1], moments[:-1]
    peak = max((one for one in (course.peak_power, power) if one is not None), default=None)
    course = _course(course, (*moments, moment), duration, peak)
    return replace(session, readings=(*readings, reading), course=course, since=moment)


def used_up(session: OpenSession, due: int) -> bool:
    """Whether a session that comes to `due` fen must end, since what goes on would be given away.

    A fixed price that is paid in full goes on: no more is due for it. So does one that has come to the most that a
    session costs, and one on a pass.
    """
    most, tariff, authorisation = session.most, session.tariff, session.started.authorisation
    if most is None or (authorisation is not None and authorisation.pass_id is not None):
        return False
    if tariff.most is not None and tariff.most <= most:
        return False
    return due >= most if tariff.periods else due > most


def leaps(session: OpenSession, reading: Reading, moment: Moment, most_power: int) -> bool:
    """Whether the register rose by more than `most_power` (mW) can have given since the last reading: another meter.

    After a restart time is measured by the clock on the wall, as nothing else is left.
    """
    if not session.readings:
        return False
    last = session.readings[-1]
    passed = moment.since(session.since or _moments(session)[-1])
    if passed is None:
        passed = max(0, reading.at - last.at)
    return reading.register - last.register > most_energy(most_power, passed + UNSEEN) + REGISTER_STEPS


def most_energy(power: int, duration: int) -> int:
    """mWh that so much power (mW) gives in so many ms; 2 % are a meter's own."""
    return power * duration * 102 // (3_600_000 * 100)


def told_at(session: OpenSession, reading: Reading, duration: int, clock: int, now: Moment) -> Moment:
    """When the last reading was of a device that kept its own account of a session, told now, at `clock` (UTC ms).

    It began at our first reading and took so long; its own time says it more exactly where both are near. Never before
    what was read since.
    """
    moments, last = _moments(session), session.since
    first = moments[0] if moments else None
    at = now
    if first is not None and first.boot == now.boot:
        by_its_clock, by_duration = now.ms - max(0, clock - reading.at), min(first.ms + duration, now.ms)
        at = Moment(now.boot, by_its_clock if abs(by_its_clock - by_duration) <= TOLD_WITHIN else by_duration)
    return last if last is not None and last.boot == at.boot and last.ms > at.ms else at


def corrected(session: OpenSession, right: int | None, now: Moment) -> tuple[Reading, ...]:
    """The readings, with the time at which each was by a clock that was put right since, where that is another.

    `right` is UTC less what has passed in this life of the machine, ms, which is that of `now`; None: nobody knows.
    """
    if right is None:
        return session.readings
    times = [
        right + moment.ms if moment is not None and moment.boot == now.boot else None for moment in _moments(session)
    ]
    return tuple(
        msgspec.structs.replace(reading, corrected=time)
        if time is not None and time >= 0 and abs(time - reading.at) > CORRECTED_FROM
        else reading
        for reading, time in zip(session.readings, times, strict=True)
    )


def up_to(session: OpenSession, register: int) -> OpenSession:
    """The session without its readings above a register, mWh."""
    kept = [pair for pair in zip(session.readings, _moments(session), strict=True) if pair[0].register <= register]
    course = _course(session.course, tuple(moment for _, moment in kept))
    return replace(session, readings=tuple(reading for reading, _ in kept), course=course)


def billed(session: OpenSession, now: int, ending: Ending) -> SessionEnded:
    """The record of a session that ends at `now` (UTC milliseconds), with its bill."""
    started = session.started
    consumption = session.consumption(usage=ending.usage, fault=ending.fault)
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
        authorisation=started.authorisation,
        caps=started.caps,
        usage=consumption.usage,
        measured=consumption.measured,
        battery=ending.battery,
        bill=_bill(session, consumption),
    )


def _bill(session: OpenSession, consumption: Consumption) -> Bill:
    """The bill; one with nothing due where the rules know no price, so that a session always ends."""
    started = session.started
    try:
        return price(session.tariff, started.tariff_hash, consumption)
    except TariffError:
        return Bill(
            session_id=session.id,
            tariff_id=started.tariff_id,
            tariff_hash=started.tariff_hash,
            rules_version=RULES_VERSION,
            lines=(),
            total=0,
            energy=session.energy,
            verified_meter=False,
            fault=consumption.fault,
            measured=consumption.measured,
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


def leapt(session: OpenSession, reading: Reading) -> Alarm:
    """What a person must know of a register that rose by more than can have flowed: both readings."""
    last = session.readings[-1]
    return Alarm(
        code="register-leap",
        text=f"the register was {last.register} mWh at {last.at} ms and {reading.register} mWh at {reading.at} ms; "
        "so much cannot have flowed: billed is what was read before",
        at=reading.at,
        device=session.started.device,
        session_id=session.id,
    )


def not_priced(ended: SessionEnded, tariff: Tariff) -> Alarm | None:
    """What a person must know of a bill that no rule could reckon; None for one that was."""
    if ended.bill.lines or not ended.bill.energy or ended.authorised_by is AuthorisedBy.MONITOR:
        return None
    try:
        price(tariff, ended.tariff_hash, Consumption.of(ended), ended.bill.rules_version)
    except TariffError as error:
        text = f"{ended.bill.energy} mWh could not be priced, and nothing is due: {error}"
        return Alarm(code="not-priced", text=text[:512], at=ended.at, device=ended.device, session_id=ended.session_id)
    return None


def _moments(session: OpenSession) -> tuple[Moment | None, ...]:
    """A moment for each reading: an older edge kept none."""
    moments = session.course.moments[: len(session.readings)]
    return moments + (None,) * (len(session.readings) - len(moments))


def _course(
    course: Course, moments: tuple[Moment | None, ...], duration: int | None = None, peak: int | None = None
) -> Course:
    known = moments if any(moments) else ()
    return msgspec.structs.replace(
        course,
        moments=known,
        duration=course.duration if duration is None else duration,
        peak_power=course.peak_power if peak is None else peak,
    )
