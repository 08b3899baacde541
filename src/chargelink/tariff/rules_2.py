"""The rules, version 2, as `docs/tariffs.md` writes them. They never change; what changes is version 3."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from chargelink.cli.language import Text
from chargelink.model import AuthorisedBy, Bill, Measured, Reading, SessionKind, Tariff
from chargelink.tariff import agreed, words
from chargelink.tariff.amounts import MINUTE, fen, fen_by_time, in_steps, possible
from chargelink.tariff.calendar import LONGEST, calendar_of
from chargelink.tariff.consumption import Consumption, TariffError
from chargelink.tariff.deductions import change, limit
from chargelink.tariff.energy import Flow, flow
from chargelink.tariff.tally import BOTH, Line, Tally

VERSION = 2
NOTHING = Flow([], [])


@dataclass(frozen=True, slots=True)
class Reckoned:
    """A bill before it is written: its lines with their reasons in both languages."""

    lines: tuple[Line, ...]
    total: int
    flow: Flow
    given_away: int = 0  # mWh
    given_away_amount: int = 0  # fen
    times: Literal["read", "corrected"] = "read"

    @property
    def reasons(self) -> tuple[Text, ...]:
        """Why each line is what it is, in the order of the lines."""
        return tuple(line.why for line in self.lines)


def price(tariff: Tariff, tariff_hash: str, consumption: Consumption) -> Bill:
    """The bill of a session. Raises TariffError for what cannot be true or cannot be priced."""
    return written(tariff, tariff_hash, consumption, reckon(tariff, consumption))


def reckon(tariff: Tariff, consumption: Consumption) -> Reckoned:
    """Price a session by the times that were read and, where there are others, by those; the lower counts.

    Raises TariffError.
    """
    readings = consumption.readings
    as_read = [one.at for one in readings]
    if why := _impossible(readings, as_read):
        raise TariffError(why)
    by_reading = _reckon(tariff, consumption, as_read, "read")
    corrected = [one.at if one.corrected is None else one.corrected for one in readings]
    if corrected == as_read or _impossible(readings, corrected):
        return by_reading
    return min(by_reading, _reckon(tariff, consumption, corrected, "corrected"), key=lambda one: one.total)


def written(tariff: Tariff, tariff_hash: str, consumption: Consumption, reckoned: Reckoned) -> Bill:
    """The bill of what was reckoned."""
    readings, terms = consumption.readings, consumption.authorisation
    measured = measured_by(consumption)
    fees = Tally([*reckoned.lines])
    return Bill(
        session_id=consumption.session_id,
        tariff_id=tariff.id,
        tariff_hash=tariff_hash,
        rules_version=VERSION,
        lines=tuple(line.written() for line in reckoned.lines),
        total=reckoned.total,
        energy=energy_of(readings),
        verified_meter=measured == "verified",
        fault=consumption.fault,
        started_at=readings[0].at if readings else None,
        ended_at=readings[-1].at if readings else None,
        energy_fee=fees.fee("energy"),
        service_fee=fees.fee("service"),
        occupancy_fee=0,
        measured=measured,
        duration=None if consumption.usage is None else consumption.usage.duration,
        given_away=reckoned.given_away,
        given_away_amount=reckoned.given_away_amount,
        boundaries=tuple(reckoned.flow.boundaries),
        times=reckoned.times,
        pass_id=None if terms is None else terms.pass_id,
    )


def price_occupancy(tariff: Tariff, tariff_hash: str, session_id: str, duration: int, fault: bool = False) -> Bill:
    """The bill for staying plugged in for `duration` ms after the end of a charge (占位费); empty within the grace.

    Raises TariffError for a time that cannot be true.
    """
    lines = occupancy_lines(tariff, duration, fault)
    total = sum(line.amount for line in lines)
    return Bill(
        session_id=session_id,
        tariff_id=tariff.id,
        tariff_hash=tariff_hash,
        rules_version=VERSION,
        lines=tuple(line.written() for line in lines),
        total=total,
        energy=0,
        verified_meter=False,
        fault=fault,
        energy_fee=0,
        service_fee=0,
        occupancy_fee=total,
        duration=duration,
    )


def occupancy_lines(tariff: Tariff, duration: int, fault: bool) -> tuple[Line, ...]:
    """The line for staying plugged in, if anything is due. Raises TariffError."""
    terms = tariff.occupancy
    if terms is None or fault or duration <= terms.grace * MINUTE:
        return ()
    beyond = duration - terms.grace * MINUTE
    steps = in_steps(beyond, terms.step)
    charged = steps * terms.step * MINUTE
    amount = fen_by_time(charged, terms.price)
    capped = terms.most if terms.most is not None and amount > terms.most else None
    time = words.hourly(beyond, steps, terms.step, terms.price)
    why = words.occupied(duration, terms.grace, time, capped)
    amount = amount if capped is None else capped
    return (Line("occupancy", amount, "occupancy", why, price=terms.price, duration=charged),)


def energy_of(readings: Sequence[Reading]) -> int:
    """Last register less first, mWh."""
    return readings[-1].register - readings[0].register if readings else 0


def measured_by(consumption: Consumption) -> Measured:
    """What the energy is worth. A socket calculates it from current and voltage; so does who only watches a car."""
    if consumption.measured is not None:
        return consumption.measured
    if consumption.kind is SessionKind.SOCKET or consumption.authorised_by is AuthorisedBy.MONITOR:
        return "calculated"
    return "unverified"


def _impossible(readings: Sequence[Reading], times: Sequence[int]) -> str | None:
    """Why readings cannot be true, if they were taken at these times."""
    for earlier, later in pairwise(times):
        if later < earlier:
            return f"a reading at {later} ms after one at {earlier} ms"
    for before, after in pairwise(readings):
        if after.register < before.register:
            return f"the register ran backwards: {before.register} mWh, then {after.register} mWh"
    if times and times[-1] - times[0] > LONGEST:
        return f"a session of more than 400 days, from {times[0]} ms to {times[-1]} ms"
    return None


def _reckon(
    tariff: Tariff, consumption: Consumption, times: Sequence[int], which: Literal["read", "corrected"]
) -> Reckoned:
    """The lines of a session, if its readings were taken at these times."""
    readings = consumption.readings
    energy = energy_of(readings)
    if not energy or consumption.authorised_by is AuthorisedBy.MONITOR:
        return Reckoned((), 0, NOTHING, times=which)
    if tariff.periods:
        flowed = flow(calendar_of(tariff), readings, times)
        tally = Tally(_by_rate(flowed))
    else:
        flowed = NOTHING
        parts = agreed.agreed(tariff, consumption.usage)
        tally = Tally(agreed.lines(parts, energy, tariff.inside, consumption.fault))
    possible(tally.total)
    plain = len(tally.lines)
    change(tally, tariff, consumption.authorisation, consumption.fault)
    changed = len(tally.lines) > plain
    given = limit(tally, consumption.most)
    total = possible(tally.total)
    given_away = 0
    if given and tariff.periods and not changed:
        given_away = energy - flowed.paid(total)
    elif given:
        given_away = energy * given // (total + given)
    return Reckoned(tuple(tally.lines), total, flowed, given_away, given, which)


def _by_rate(flowed: Flow) -> list[Line]:
    """Two lines for each rate at which energy flowed, in the order in which it first did."""
    lines: list[Line] = []
    for rate, pieces in flowed.by_rate().items():
        energy = sum(piece.energy for piece in pieces)
        for what, each in zip(BOTH, rate[1:], strict=True):
            why = words.by_rate(rate, what, energy, pieces)
            lines.append(Line(what, fen(energy, each), "period", why, energy, rate.name, each))
    return lines
