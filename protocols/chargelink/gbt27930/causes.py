"""Why a charge stops and what was waited for in vain, as names of the fields of CST, BST, CEM and BEM.

A set of names makes a message (`flagged`), a message gives the names that it raises (`raised`).
"""

from collections.abc import Collection
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

from chargelink.gbt27930.codes import NORMAL, REACHED
from chargelink.wire import Message
from chargelink.wire.layout import layout as layout_of

Flags = TypeVar("Flags", bound=Message)


class ChargerCause(StrEnum):
    """Why the charger stops: the fields of CST (GB/T 27930-2015, 10.3.8), three of them of 2023 (`OF_2023`)."""

    CONDITION_REACHED = "charger_condition_reached"
    MANUAL = "manual_stop"
    FAULT = "fault_stop"
    VEHICLE_STOPPED = "bms_stopped"
    OVER_TEMPERATURE = "charger_overtemp"
    CONNECTOR = "connector_fault"
    INTERNAL_OVER_TEMPERATURE = "charger_internal_overtemp"
    ENERGY_NOT_DELIVERABLE = "energy_not_deliverable"
    EMERGENCY_STOP = "emergency_stop"
    OTHER_FAULT = "other_fault"
    SELF_CHECK = "self_check_fault"
    PRE_CHARGE = "pre_charge_fault"
    CURRENT_MISMATCH = "current_mismatch"
    VOLTAGE_ABNORMAL = "voltage_abnormal"
    PARAMETERS_MISMATCH = "charge_parameters_mismatch"


ORDERLY_CAUSES = frozenset({ChargerCause.CONDITION_REACHED, ChargerCause.MANUAL, ChargerCause.VEHICLE_STOPPED})


class VehicleCause(StrEnum):
    """Why the BMS stops: the fields of BST (10.3.7), one of them of 2023 (`OF_2023`)."""

    SOC_REACHED = "soc_target_reached"
    TOTAL_VOLTAGE_REACHED = "total_voltage_reached"
    CELL_VOLTAGE_REACHED = "cell_voltage_reached"
    CHARGER_STOPPED = "charger_stopped"
    INSULATION = "insulation_fault"
    CONNECTOR_OVER_TEMPERATURE = "output_connector_overtemp"
    COMPONENT_OVER_TEMPERATURE = "bms_component_or_connector_overtemp"
    CONNECTOR = "charge_connector_fault"
    BATTERY_OVER_TEMPERATURE = "battery_overtemp"
    RELAY = "hv_relay_fault"
    CHECK_POINT_2 = "check_point2_voltage_fault"
    OTHER_FAULT = "other_fault"
    CURRENT_EXCESS = "current_excess"
    VOLTAGE_ABNORMAL = "voltage_abnormal"
    PARAMETERS_MISMATCH = "charge_parameters_mismatch"


OF_2023 = frozenset({ChargerCause.SELF_CHECK, ChargerCause.PRE_CHARGE, ChargerCause.PARAMETERS_MISMATCH})
"""Of both sides. A peer of 2015 takes these bits for filling: who raises one says with it what 2015 understands."""


class ChargerTimeout(StrEnum):
    """What the charger waited for in vain: the fields of CEM (10.5.2)."""

    BRM = "brm_timeout"
    BCP = "bcp_timeout"
    BRO = "bro_timeout"
    BCS = "bcs_timeout"
    BCL = "bcl_timeout"
    BST = "bst_timeout"
    BSD = "bsd_timeout"


class VehicleTimeout(StrEnum):
    """What the BMS waited for in vain: the fields of BEM (10.5.1)."""

    CRM_00 = "crm_00_timeout"
    CRM_AA = "crm_aa_timeout"
    CML = "cts_cml_timeout"
    CRO = "cro_timeout"
    CCS = "ccs_timeout"
    CST = "cst_timeout"
    CSD = "csd_timeout"


def fields(layout: type[Message]) -> tuple[str, ...]:
    """The names of the fields of a message."""
    return tuple(name for name in layout.__struct_fields__ if name != "flaws")


def flagged(layout: type[Flags], names: Collection[str]) -> Flags:
    """A message of two-bit fields in which `names` are raised; a name that its edition lacks cannot be said."""
    values: dict[str, Any] = {field: REACHED if field in names else quiet for field, quiet in _quiet(layout)}
    return layout(**values)


@cache
def _quiet(of: type[Message]) -> tuple[tuple[str, int | None], ...]:
    """The fields of a message with what says that nothing is raised: None where 2015 has no field."""
    return tuple((field.name, None if field.nullable else NORMAL) for field in layout_of(of).fields)


def raised(message: Message) -> tuple[str, ...]:
    """The names of the fields that are raised; "untrusted" raises nothing (annex C)."""
    return tuple(field for field in fields(type(message)) if getattr(message, field) == REACHED)
