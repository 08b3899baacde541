"""What the battery's state (BSM) asks of the charger: go on, pause, or stop. GB/T 27930-2015, 10.3.4 and annex C."""

from chargelink.gbt27930.causes import ChargerCause
from chargelink.gbt27930.charging import BSM
from chargelink.gbt27930.codes import REACHED, ChargePermission, Level

OUT_OF_LEVEL = (Level.TOO_HIGH, Level.TOO_LOW)
PERMISSIONS: dict[int, bool] = {ChargePermission.FORBIDDEN: False, ChargePermission.PERMITTED: True}


def fault(state: BSM) -> ChargerCause | None:
    """Why the charger has to stop; "untrusted" says nothing (C.3)."""
    if state.output_connector == REACHED:
        return ChargerCause.CONNECTOR
    levels = (state.cell_voltage_state, state.soc_state)
    excesses = (state.over_current, state.over_temperature, state.insulation)
    if any(level in OUT_OF_LEVEL for level in levels) or REACHED in excesses:
        return ChargerCause.OTHER_FAULT
    return None


def permission(state: BSM) -> bool | None:
    """Whether current may flow; None for a value that is neither."""
    return PERMISSIONS.get(state.charge_permission)
