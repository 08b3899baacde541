"""What a charger says, as messages of the vehicle's edition. Voltages mV, currents mA into the battery, energy mWh."""

from datetime import datetime, timedelta

from chargelink.gbt27930.catalogue import Edition
from chargelink.gbt27930.charger_events import ChargerLimits
from chargelink.gbt27930.charging import CCS
from chargelink.gbt27930.codes import Permission, Recognition
from chargelink.gbt27930.ending import CSD, CSD2011
from chargelink.gbt27930.handshake import CRM, CRM2011
from chargelink.gbt27930.parameters import CML, CTS

STEP = 100  # mV and mA: the resolution of the wire
MOST_VOLTAGE = 1_500_000  # mV
MOST_CURRENT = 400_000  # mA: what the coding of a charging current can say
MOST_DISCHARGE = 100_000  # mA
MOST_MINUTES = 600
ENERGY_STEP, MOST_ENERGY = 100_000, 1_000_000_000  # mWh
OLDEST_NUMBERS = range(1, 101)  # charger numbers that 2011 can say
NO_OLD_NUMBER = 0xFF


def recognition(limits: ChargerLimits, result: Recognition, edition: Edition) -> CRM | CRM2011:
    """CRM: who the charger is, and whether it knows the vehicle."""
    if edition is Edition.OF_2015:
        return CRM(result, limits.number, limits.region)
    short = old_number(limits.number)
    region = None if limits.region is None else limits.region.ljust(6)
    return CRM2011(result, NO_OLD_NUMBER if short is None else short, region)


def greatest_output(limits: ChargerLimits, edition: Edition) -> CML:
    """CML: what the charger can give."""
    lowest = None if edition is Edition.OF_2011 else -limits.min_current
    return CML(limits.max_voltage, limits.min_voltage, -limits.max_current, lowest)


def local_time(then: float, local: datetime, now: float) -> CTS:
    """CTS: the time on the charger's wall, which was `local` at `then`."""
    time = local + timedelta(seconds=now - then)
    return CTS(time.second, time.minute, time.hour, time.day, time.month, time.year)


def output(voltage: int, current: int, minutes: int, permission: Permission, edition: Edition) -> CCS:
    """CCS: what comes out, clipped to what can be said."""
    return CCS(
        min(max(stepped(voltage), 0), MOST_VOLTAGE),
        min(max(stepped(-current), -MOST_CURRENT), MOST_DISCHARGE),
        min(minutes, MOST_MINUTES),
        None if edition is Edition.OF_2011 else permission,
    )


def statistics(limits: ChargerLimits, minutes: int, energy: int, edition: Edition) -> CSD | CSD2011:
    """CSD: how long it took and what went out, clipped to what can be said."""
    minutes = min(max(minutes, 0), MOST_MINUTES)
    energy = min(max(energy, 0) // ENERGY_STEP * ENERGY_STEP, MOST_ENERGY)
    if edition is Edition.OF_2011:
        return CSD2011(minutes, energy, old_number(limits.number))
    return CSD(minutes, energy, limits.number)


def old_number(number: int | None) -> int | None:
    """A charger number as 2011 says it: 1 to 100, from 0 on the wire; others cannot be said."""
    return None if number is None or number not in OLDEST_NUMBERS else number - 1


def stepped(value: int) -> int:
    """The nearest value, mV or mA, that the wire can say."""
    return (value + STEP // 2) // STEP * STEP
