"""What a charger's end of a charge is told at its making, what it tells its device, and what it wants of it.

Voltages mV, currents mA and positive into the battery.
"""

from typing import NamedTuple

import msgspec

from chargelink.gbt27930.charging import BCS, BCS2011, BMT, BMV, BSM
from chargelink.gbt27930.codes import ChargeMode
from chargelink.gbt27930.dialogue import Event
from chargelink.gbt27930.ending import BSD
from chargelink.gbt27930.faults import FaultClass
from chargelink.gbt27930.handshake import BRM
from chargelink.gbt27930.parameters import BCP


class ChargerLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a charger can give, mV and mA (0..400 000), and who it is. It goes into CML and CRM in steps of 0.1."""

    max_voltage: int
    min_voltage: int
    max_current: int
    min_current: int = 0
    number: int | None = None
    region: str | None = None


class Wanted(NamedTuple):
    """What the device is to hold now; everything else is off. A device may do less, for its own reasons, never more.

    `insulation_test`: test at no more than `voltage`, discharge, open. `precharge`: with the battery at about `voltage`
    on the plug, pre-charge and close K1K2. `contactors`: K1K2 stay closed. `voltage` and `current` are the most the
    output may have; None for a voltage that the vehicle did not name.
    """

    lock: bool = False
    auxiliary: bool = False
    insulation_test: bool = False
    precharge: bool = False
    contactors: bool = False
    voltage: int | None = 0
    current: int = 0


class VehicleAnswered(Event, frozen=True):
    """Test the insulation now, at no more than `max_voltage` mV. None: no BHM in 10 s, so a vehicle of 2011 at most."""

    max_voltage: int | None


class VehicleIdentified(Event, frozen=True):
    """The vehicle said who it is."""

    message: BRM


class Parameters(Event, frozen=True):
    """The battery said what it can take."""

    message: BCP


class VehicleReady(Event, frozen=True):
    """The vehicle closed its contactors: check its voltage, pre-charge, close, then `Charger.ready`."""


class Demand(Event, frozen=True):
    """What the vehicle asks for, not yet clamped by anything: mV, mA."""

    voltage: int
    current: int
    mode: ChargeMode | int


class VehiclePermits(Event, frozen=True):
    """The BMS forbids charging for a while (no current now), or permits it again (annex C, at most 10 minutes)."""

    permitted: bool


class Status(Event, frozen=True):
    """What the battery measures, as it came: currents in it are negative while charging."""

    message: BCS | BCS2011 | BSM | BMV | BMT


class VehicleStatistics(Event, frozen=True):
    """The end as the vehicle saw it."""

    message: BSD


class Asleep(Event, frozen=True):
    """Nothing was heard of the vehicle: open K3K4 for the 10 s of this state, then the handshake begins anew."""


class Refused(Event, frozen=True):
    """No charge may begin: the last one ended with a fault, and its class was not done justice to."""

    fault: FaultClass
