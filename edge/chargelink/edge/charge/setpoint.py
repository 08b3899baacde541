"""What the modules shall give: the vehicle's demand, clamped by everything that limits it, and by what."""

from collections.abc import Iterator
from typing import NamedTuple

from chargelink.edge.charge.situation import NO_CAPS, Situation


class Setpoint(NamedTuple):
    """mV and mA, and in a word what holds the current where it is."""

    voltage: int = 0
    current: int = 0
    because: str = ""


class Bound(NamedTuple):
    """A limit of the current, mA, and whose it is."""

    current: int
    because: str


def clamped(situation: Situation) -> Setpoint:
    """The setpoint of a charge, never above any limit. No demand, a pause and a voltage that cannot be made give 0 mA.

    The least bound wins; of equal ones the first.
    """
    asked, limits = situation.vehicle.asked, situation.limits
    if asked is None:
        return Setpoint(because="no demand")
    ceiling = min(limit for limit in (limits.max_voltage, situation.vehicle.limit) if limit is not None)
    voltage = max(min(asked.voltage, ceiling), 0)
    if not situation.vehicle.permits:
        return Setpoint(voltage, 0, "vehicle pauses")
    if voltage < limits.min_voltage:
        return Setpoint(voltage, 0, "voltage below the charger's")
    least = min(_bounds(situation, asked.current), key=lambda bound: bound.current)
    return Setpoint(voltage, max(least.current, 0), least.because)


def _bounds(situation: Situation, asked: int) -> Iterator[Bound]:
    limits, battery = situation.limits, situation.vehicle.battery
    yield Bound(asked, "demand")
    if battery is not None:
        yield Bound(-battery.max_charge_current, "battery")
    yield Bound(limits.max_current, "gun")
    # Power is held at the voltage that is there now, which the demand may be far above.
    voltage = max(situation.board.outside_voltage, limits.min_voltage, 1)
    yield Bound(limits.max_power * 1000 // voltage, "charger")
    caps = situation.charge.caps if situation.charge else NO_CAPS
    if caps.power is not None:
        yield Bound(caps.power * 1000 // voltage, "session")
