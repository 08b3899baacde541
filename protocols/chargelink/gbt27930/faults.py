"""How bad a fault is, and what it takes to charge again. GB/T 27930-2015, annex C.

What the charger says stands in CST and CEM, what the vehicle says in BST, BEM and BSM. Annex C knows three classes.
That a communication timeout reconnects and that the fourth in a row needs the plug pulled is its note 2 and figure A.9;
that readiness taken back ends the charge is GB/T 34658-2017, DN.2009. Which other fault is of which class, and the
words of the first and the last class, are ours.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import NamedTuple

from chargelink.gbt27930.catalogue import Sender
from chargelink.gbt27930.causes import ChargerCause, ChargerTimeout, VehicleCause, VehicleTimeout
from chargelink.gbt27930.charging import BSM
from chargelink.gbt27930.codes import Excess, Health, Level
from chargelink.wire import Coded

MOST_RECONNECTIONS = 3  # annex C, note 2: then a timeout is of class B
READINESS_WITHDRAWN = "bro_withdrawn"  # no field: BRO(00) while the charger prepares


class FaultClass(Coded):
    """The classes, the worst last. Service is due on the side that has the fault; the other lets the plug be pulled."""

    A = 1, "stops, recovers by itself when the fault clears (new handshake)", "停止充电，故障消除后自动恢复（重新握手）"
    B = 2, "this charge ends, the plug has to be pulled", "结束本次充电，需重新插拔充电枪"
    C = 3, "stops at once, service is needed", "立即停止充电，需专业人员检修"


class Source(StrEnum):
    """Where a row comes from."""

    ANNEX_C = "GB/T 27930-2015, annex C, note 2"
    DN_2009 = "GB/T 34658-2017, DN.2009"
    OURS = "own assignment"


class BatteryFault(StrEnum):
    """What BSM reports: its fields (10.3.4)."""

    CELL_VOLTAGE = "cell_voltage_state"
    SOC = "soc_state"
    OVER_CURRENT = "over_current"
    OVER_TEMPERATURE = "over_temperature"
    INSULATION = "insulation"
    CONNECTOR = "output_connector"


ABNORMAL: dict[BatteryFault, frozenset[int]] = {
    BatteryFault.CELL_VOLTAGE: frozenset({Level.TOO_HIGH, Level.TOO_LOW}),
    BatteryFault.SOC: frozenset({Level.TOO_HIGH, Level.TOO_LOW}),
    BatteryFault.OVER_CURRENT: frozenset({Excess.OVER}),
    BatteryFault.OVER_TEMPERATURE: frozenset({Excess.OVER}),
    BatteryFault.INSULATION: frozenset({Health.ABNORMAL}),
    BatteryFault.CONNECTOR: frozenset({Health.ABNORMAL}),
}


class Fault(NamedTuple):
    """One row: the class, and who says so."""

    severity: FaultClass
    source: Source = Source.OURS


A, B, C = FaultClass
RECONNECTS = Fault(A, Source.ANNEX_C)

FAULTS: Mapping[Sender, Mapping[str, Fault]] = {
    Sender.CHARGER: {
        ChargerCause.FAULT: Fault(B),  # alone: the field beside it says more
        ChargerCause.OVER_TEMPERATURE: Fault(A),
        ChargerCause.CONNECTOR: Fault(B),
        ChargerCause.INTERNAL_OVER_TEMPERATURE: Fault(A),
        ChargerCause.ENERGY_NOT_DELIVERABLE: Fault(B),
        ChargerCause.EMERGENCY_STOP: Fault(C),
        ChargerCause.OTHER_FAULT: Fault(B),
        ChargerCause.SELF_CHECK: Fault(C),
        ChargerCause.PRE_CHARGE: Fault(B),
        ChargerCause.CURRENT_MISMATCH: Fault(B),
        ChargerCause.VOLTAGE_ABNORMAL: Fault(B),
        ChargerCause.PARAMETERS_MISMATCH: Fault(B),
        **dict.fromkeys(ChargerTimeout, RECONNECTS),
        READINESS_WITHDRAWN: Fault(B, Source.DN_2009),
    },
    Sender.BMS: {
        VehicleCause.INSULATION: Fault(C),
        VehicleCause.CONNECTOR_OVER_TEMPERATURE: Fault(B),
        VehicleCause.COMPONENT_OVER_TEMPERATURE: Fault(B),
        VehicleCause.CONNECTOR: Fault(B),
        VehicleCause.BATTERY_OVER_TEMPERATURE: Fault(B),
        VehicleCause.RELAY: Fault(C),
        VehicleCause.CHECK_POINT_2: Fault(B),
        VehicleCause.OTHER_FAULT: Fault(B),
        VehicleCause.CURRENT_EXCESS: Fault(B),
        VehicleCause.VOLTAGE_ABNORMAL: Fault(B),
        VehicleCause.PARAMETERS_MISMATCH: Fault(B),
        **dict.fromkeys(VehicleTimeout, RECONNECTS),
        BatteryFault.CELL_VOLTAGE: Fault(B),
        BatteryFault.SOC: Fault(B),
        BatteryFault.OVER_CURRENT: Fault(B),
        BatteryFault.OVER_TEMPERATURE: Fault(B),
        BatteryFault.INSULATION: Fault(C),
        BatteryFault.CONNECTOR: Fault(B),
    },
}
"""Faults by who reports them and the name of the field; what is not here is no fault: a target reached, a stop."""


def fault_class(by: Sender, names: Collection[str]) -> FaultClass | None:
    """The worst class of what a side raised, by the names of its fields; None where it is no fault."""
    faults = FAULTS[by]
    told = faults.keys() & set(names)
    return max((faults[name].severity for name in told - {ChargerCause.FAULT} or told), default=None)


def battery_faults(state: BSM) -> tuple[BatteryFault, ...]:
    """What a BSM reports; "untrusted" is no report (C.3)."""
    return tuple(fault for fault, codes in ABNORMAL.items() if getattr(state, fault) in codes)
