"""Why a socket stopped, in OCPP's words, and whether its session broke down in the sense of the tariff's rules."""

from typing import NamedTuple

from chargelink.lora_socket import codes
from chargelink.model import StopReason


class Why(NamedTuple):
    """A reason for the record."""

    reason: StopReason
    fault: bool


REASONS = {
    codes.StopReason.LEAKAGE: Why(StopReason.GROUND_FAULT, True),
    codes.StopReason.SHORT_CIRCUIT: Why(StopReason.OVERCURRENT_FAULT, True),
    codes.StopReason.OVERLOAD: Why(StopReason.OVERCURRENT_FAULT, True),
    codes.StopReason.TOTAL_OVERLOAD: Why(StopReason.OVERCURRENT_FAULT, True),
    codes.StopReason.BOARD_HOT: Why(StopReason.OTHER, True),
    codes.StopReason.CONTACT_HOT: Why(StopReason.OTHER, True),
    codes.StopReason.SMOKE: Why(StopReason.OTHER, True),
    codes.StopReason.WATER: Why(StopReason.OTHER, True),
    codes.StopReason.RELAY_WELDED: Why(StopReason.OTHER, True),
    codes.StopReason.RELAY_OPEN: Why(StopReason.OTHER, True),
    codes.StopReason.OVERVOLTAGE: Why(StopReason.POWER_QUALITY, True),
    codes.StopReason.UNDERVOLTAGE: Why(StopReason.POWER_QUALITY, True),
    codes.StopReason.MAINS_LOST: Why(StopReason.POWER_LOSS, True),
    codes.StopReason.UNPLUGGED: Why(StopReason.EV_DISCONNECTED, False),
    codes.StopReason.POWER_STEP: Why(StopReason.OTHER, True),
    codes.StopReason.LATE_RISE: Why(StopReason.OTHER, True),
    codes.StopReason.REPLUG: Why(StopReason.EV_DISCONNECTED, False),
    codes.StopReason.METER_FAULT: Why(StopReason.OTHER, True),
    codes.StopReason.MEMORY_FAULT: Why(StopReason.OTHER, True),
    codes.StopReason.TAMPER: Why(StopReason.OTHER, True),
    codes.StopReason.SENSOR_FAULT: Why(StopReason.OTHER, True),
    codes.StopReason.COMMAND: Why(StopReason.LOCAL, False),
    codes.StopReason.FULL: Why(StopReason.STOPPED_BY_EV, False),  # the battery stopped drawing
    codes.StopReason.ENERGY: Why(StopReason.ENERGY_LIMIT_REACHED, False),
    codes.StopReason.TIME: Why(StopReason.TIME_LIMIT_REACHED, False),
    codes.StopReason.NO_LOAD: Why(StopReason.TIMEOUT, False),
    codes.StopReason.BUTTON: Why(StopReason.LOCAL, False),
    codes.StopReason.EMERGENCY_OFF: Why(StopReason.EMERGENCY_STOP, True),
}
UNKNOWN = Why(StopReason.OTHER, True)


def why(reason: codes.StopReason | int) -> Why:
    """The reason of a settlement; one that we do not know counts as a fault, which costs the rider least."""
    return REASONS[reason] if isinstance(reason, codes.StopReason) else UNKNOWN


def word(reason: codes.StopReason | int) -> str:
    """The socket's own word for it."""
    return reason.text if isinstance(reason, codes.StopReason) else f"reason {reason:02X}"
