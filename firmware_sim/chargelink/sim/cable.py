"""What the simulators tell each other instead of voltages on a copper cable: JSON datagrams, every 20 ms.

vehicle -> charger   VehicleSide, to the charger's cable port
charger -> vehicle   ChargerSide, in answer to each
charger -> meter     Probe, to the meter's probe port
"""

from typing import Annotated, TypeVar

import msgspec

EVERY = 0.020  # s
SILENT = 1.0  # s without a word of the vehicle: it is unplugged; a busy machine is silent for a fifth of that

Millivolts = Annotated[int, msgspec.Meta(ge=-1_500_000, le=1_500_000)]
Milliamperes = Annotated[int, msgspec.Meta(ge=-1_000_000, le=1_000_000)]


class VehicleSide(msgspec.Struct, frozen=True):
    """What the inlet shows: plugged in, K5K6 closed, and the battery behind them as a source with a resistance."""

    plugged: bool
    k5k6: bool
    ocv: Millivolts = msgspec.field(name="ocv_mV")  # open-circuit voltage
    resistance: Annotated[int, msgspec.Meta(ge=1, le=10_000_000)] = msgspec.field(name="resistance_uohm")


class ChargerSide(msgspec.Struct, frozen=True):
    """What the inlet sees: the 12 V auxiliary supply, the voltage of the cable, the current into the battery."""

    aux: bool
    bus: Millivolts = msgspec.field(name="bus_mV")
    current: Milliamperes = msgspec.field(name="current_mA")
    locked: bool


class Probe(msgspec.Struct, frozen=True):
    """What a meter measures at the outlet."""

    voltage: Millivolts = msgspec.field(name="voltage_mV")
    current: Milliamperes = msgspec.field(name="current_mA")


Side = TypeVar("Side", VehicleSide, ChargerSide, Probe)


def decode(datagram: bytes, side: type[Side]) -> Side | None:
    """None for what is none: it is ignored, as noise on a wire is."""
    try:
        return msgspec.json.decode(datagram, type=side)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


encode = msgspec.json.encode
