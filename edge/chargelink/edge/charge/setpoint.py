"""What the modules shall give: the vehicle's demand, clamped by everything that limits it, and by what."""

from collections.abc import Iterator
from typing import NamedTuple

from chargelink.edge.charge import conditions
from chargelink.edge.charge.events import Wants
from chargelink.edge.charge.phases import TABLE, Output, Phase
from chargelink.edge.charge.situation import NO_CAPS, Situation
from chargelink.edge.drivers.board_state import Wanted

LOW_CURRENT = 2_000  # mA: for test and pre-charge


class Setpoint(NamedTuple):
    """mV and mA, and in a word what holds the current where it is."""

    voltage: int = 0
    current: int = 0
    because: str = ""


class Bound(NamedTuple):
    """A limit of the current, mA, and whose it is."""

    current: int
    because: str


def setpoint(phase: Phase, situation: Situation, precharge: int) -> Setpoint:
    """What a phase asks of the modules; `precharge` is the voltage to pre-charge to, mV."""
    if Output.MODULES not in TABLE[phase].outputs:
        return Setpoint()
    match phase:
        case Phase.CHARGING:
            return clamped(situation)
        case Phase.RAMPING:
            return Setpoint(_possible(situation, situation.board.outside_voltage), 0, "stop")
        case Phase.TEST_VOLTAGE | Phase.INSULATION_TEST:
            return Setpoint(situation.test_voltage, LOW_CURRENT, "insulation test")
    return Setpoint(_possible(situation, precharge), LOW_CURRENT, "pre-charge")


def guarded(situation: Situation) -> tuple[int, int]:
    """mV and mA to which the guard holds the output.

    Before the battery said what it bears the insulation is tested, and nothing else is on the cable.
    """
    vehicle = situation.vehicle
    if vehicle.battery is None or vehicle.limit is None:
        return situation.test_voltage + conditions.TEST_TOLERANCE, LOW_CURRENT
    return vehicle.limit, -vehicle.battery.max_charge_current


def wanted(phase: Phase, situation: Situation, precharge: int) -> Wants:
    """What board and guard shall do in a phase; `precharge` is the voltage to pre-charge to, mV."""
    outputs, given = TABLE[phase].outputs, setpoint(phase, situation, precharge)
    board = Wanted(
        ac_contactor=Output.AC in outputs,
        k1k2=Output.K1K2 in outputs,
        k3k4=Output.AUXILIARY in outputs,
        lock=Output.LOCK in outputs,
        bleed=Output.BLEED in outputs,
        modules=Output.MODULES in outputs,
        voltage_set=given.voltage,
        current_limit=given.current,
    )
    permit = Output.PERMIT in outputs
    return Wants(board, permit, guarded(situation) if permit else None, given.because)


def _possible(situation: Situation, measured: int) -> int:
    """A voltage that was measured, mV, as one that can be asked of the modules: noise around 0 cannot."""
    return max(0, min(measured, situation.limits.max_voltage))


def clamped(situation: Situation) -> Setpoint:
    """The setpoint of a charge, never above any limit. No demand, a pause and a voltage that cannot be made give 0 mA.

    The least bound wins; of equal ones the first.
    """
    asked, limits = situation.vehicle.asked, situation.limits
    if asked is None:
        return Setpoint(because="no demand")
    ceiling = min(limit for limit in (limits.max_voltage, situation.vehicle.limit) if limit is not None)
    voltage = max(min(asked.voltage, ceiling), 0)
    if conditions.broken_off(situation):
        return Setpoint(voltage, 0, "vehicle does not answer")
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
