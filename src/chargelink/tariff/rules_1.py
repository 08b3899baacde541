"""The rules, version 1, kept for the sessions that were priced by them. They never change.

- Energy between two readings belongs to the period in which it flowed. Where a boundary lies between them it is split
  by time, each part in whole mWh rounded down; the remainder goes to the last.
- Energy between two readings that are more than a day apart takes the cheapest period: a clock that was corrected, or a
  long silence, never raises a bill.
- Each period has one line of electricity fee and one of service fee; each is rounded once, half up, to the fen.
- A price per use is due when energy was delivered and nothing broke down; its energy is told for information only.
- A session that broke down pays for the energy that it got and nothing else; one without energy pays nothing.
- A session that is only watched has an empty bill: somebody else sells it.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from chargelink.model import AuthorisedBy, Bill, BillLine, Period, Reading, SessionKind, Tariff
from chargelink.model.bill import What
from chargelink.tariff.amounts import MINUTE, fen
from chargelink.tariff.calendar import CHINA, DAY
from chargelink.tariff.consumption import Consumption, TariffError
from chargelink.tariff.words import kilowatt_hours


def price(tariff: Tariff, tariff_hash: str, consumption: Consumption) -> Bill:
    """The bill of a session. None or one reading means no energy. Raises TariffError for what cannot be true."""
    readings, kind, authorised_by = consumption.readings, consumption.kind, consumption.authorised_by
    check(readings)
    energy = readings[-1].register - readings[0].register if readings else 0
    if authorised_by is AuthorisedBy.MONITOR:
        lines: tuple[BillLine, ...] = ()
    elif tariff.per_use is not None:
        lines = (_per_use(tariff.per_use, energy, consumption.fault),)
    elif tariff.periods:
        lines = tuple(_by_period(tariff, readings))
    else:
        raise TariffError("rules 1 know prices by period and by use only")
    return Bill(
        session_id=consumption.session_id,
        tariff_id=tariff.id,
        tariff_hash=tariff_hash,
        rules_version=1,
        lines=lines,
        total=sum(line.amount for line in lines),
        energy=energy,
        # A socket calculates its energy from current and voltage; so does who only watches a car.
        verified_meter=kind is SessionKind.DC and authorised_by is not AuthorisedBy.MONITOR,
        fault=consumption.fault,
        started_at=readings[0].at if readings else None,
        ended_at=readings[-1].at if readings else None,
    )


def check(readings: Sequence[Reading]) -> None:
    """Raises TariffError for readings that cannot be true."""
    for earlier, later in pairwise(readings):
        if later.at < earlier.at:
            raise TariffError(f"a reading at {later.at} ms after one at {earlier.at} ms")
        if later.register < earlier.register:
            raise TariffError(f"the register ran backwards: {earlier.register} mWh, then {later.register} mWh")


def _per_use(amount: int, energy: int, fault: bool) -> BillLine:
    if fault:
        amount, because = 0, "not charged: the session broke down"
    elif not energy:
        amount, because = 0, "not charged: no energy was delivered"
    else:
        because = f"price per use; {kilowatt_hours(energy)} kWh for information"
    return BillLine(what="use", energy=energy, amount=amount, because=because)


def _by_period(tariff: Tariff, readings: Sequence[Reading]) -> Iterator[BillLine]:
    """Two lines for each period in which energy flowed, in the order of the tariff."""
    energies = split(tariff, readings)
    for period, energy in zip(tariff.periods, energies, strict=True):
        if not energy:
            continue
        yield _fee("energy", period, energy, period.energy_price)
        yield _fee("service", period, energy, period.service_price)


def _fee(what: What, period: Period, energy: int, rate: int) -> BillLine:
    because = f"{kilowatt_hours(energy)} kWh x {yuan(rate)} yuan/kWh, {period.start}-{period.end}"
    amount = fen(energy, rate)
    return BillLine(what=what, period=period.name, energy=energy, price=rate, amount=amount, because=because)


def split(tariff: Tariff, readings: Sequence[Reading]) -> list[int]:
    """The energy of each period of a tariff, in mWh, in the tariff's order."""
    energies = [0] * len(tariff.periods)
    by_minute = _calendar(tariff.periods)
    cheapest = min(range(len(energies)), key=lambda index: _price_of(tariff.periods[index]))
    for earlier, later in pairwise(readings):
        left = energy = later.register - earlier.register
        if later.at - earlier.at > DAY:
            energies[cheapest] += energy
            continue
        index = by_minute[minute_at(earlier.at)]
        for start, end, index in stretches(by_minute, earlier.at, later.at):
            part = energy * (end - start) // (later.at - earlier.at)
            energies[index] += part
            left -= part
        energies[index] += left
    return energies


def stretches(by_minute: Sequence[int], start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The time from `start` to `end` cut where the period changes: start, end and period of each piece."""
    while start < end:
        minute = minute_at(start)
        index = by_minute[minute]
        stop = start - (start + CHINA) % MINUTE
        while stop < end and by_minute[minute] == index:
            minute = (minute + 1) % len(by_minute)
            stop += MINUTE
        yield start, min(stop, end), index
        start = stop


def _price_of(period: Period) -> int:
    return period.energy_price + period.service_price


def minute_at(time: int) -> int:
    """The minute of the day in China at a time of UTC milliseconds."""
    return (time + CHINA) % DAY // MINUTE


@lru_cache(maxsize=16)
def _calendar(periods: tuple[Period, ...]) -> tuple[int, ...]:
    """Which period each minute of the day belongs to."""
    minutes = [0] * (DAY // MINUTE)
    for index, period in enumerate(periods):
        for part in period.minutes():
            for minute in part:
                minutes[minute] = index
    return tuple(minutes)


def yuan(rate: int) -> str:
    """1/100 000 yuan as yuan with every digit."""
    return f"{rate // 100_000}.{rate % 100_000:05d}"
