"""The inside of a DC charger: modules, contactors, lock, control pilot, and what the cable connects to.

      modules --|>|--+--/ K1K2 /--+---- cable ----/ K5K6 /-- resistance -- battery
                     |            |
                capacitor      outside
                and bleed      voltage
                  inside
                  voltage

Pure: nothing happens but in `step(now)`, in steps of a millisecond. Physics in V, A, s; what is told outside are
integers in mV, mA, 0.1 °C and kohm. Names as in GB/T 18487.1-2015, annex B.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

from chargelink.sim.cable import SILENT, VehicleSide
from chargelink.sim.contactor import Contactor
from chargelink.sim.one_shot import OneShot
from chargelink.sim.power_modules import PowerModules

STEP = 0.001  # s
CAPACITY = 400e-6  # F between modules and K1K2
BLEED = 700.0  # ohm; from 1000 V to 60 V in 0.8 s, the standard wants 1 s
PRELOAD = 100_000.0  # ohm, always there: nothing holds its voltage for ever
CABLE_FALLS_IN = 0.020  # s, time constant of a cable that nothing feeds
LOCK_TRAVELS = 0.300  # s, the motor of the electronic lock

SUPPLY = 12_000  # mV, U1 through R1; R1 = R2 = R4 = 1 kohm (annex B)
CC1_BY_STATE = {  # (plugged, button pressed): the voltage at detection point 1
    (False, False): SUPPLY // 2,  # R2 alone
    (False, True): SUPPLY,  # nothing: S opens with the button
    (True, True): SUPPLY // 2,  # R4 alone
    (True, False): SUPPLY // 3,  # R2 beside R4
}


UNPLUGGED = VehicleSide(False, False, 0, 1)


@dataclass
class Commands:
    """What the coils and settings of the board say, by the names of its map."""

    ac_contactor: int = 0
    k1k2: int = 0
    k3k4: int = 0
    lock: int = 0
    bleed: int = 0
    modules: int = 0
    voltage_set: int = 0  # mV
    current_limit: int = 0  # mA


@dataclass
class Surroundings:
    """What people and mishaps do to the charger."""

    e_stop: bool = False
    door_open: bool = False
    button: bool = False  # of the plug; pressed, it opens S
    module_fault: bool = False
    insulation: int = 20_000  # kohm


class Facts(NamedTuple):
    """What the board sees, by the names of its map: mV, mA, 0.1 °C, kohm."""

    ac_feedback: bool
    k1k2_feedback: bool
    k3k4_feedback: bool
    lock_feedback: bool
    e_stop: bool
    door_open: bool
    permit: bool
    module_fault: bool
    cc1: int
    inside_voltage: int
    outside_voltage: int
    current: int
    module_temperature: int
    insulation: int


class DcCircuit:
    """`now` in s, any clock that only goes forward. `commands` and `surroundings` may be changed between steps."""

    def __init__(self, now: float) -> None:
        self.commands = Commands()
        self.surroundings = Surroundings()
        self.one_shot = OneShot()
        self.modules = PowerModules()
        self.ac_contactor = Contactor()
        self.k1k2 = Contactor()
        self.k3k4 = Contactor()
        self._vehicle = UNPLUGGED
        self._vehicle_at = now
        self._begun = now
        self._steps = 0
        self._lock = 0.0  # 0 open .. 1 locked
        self._inside = 0.0
        self._outside = 0.0
        self._current = 0.0

    def connect(self, vehicle: VehicleSide, now: float) -> None:
        """The vehicle says what its inlet shows; it has to repeat that, or is unplugged."""
        self._vehicle = vehicle
        self._vehicle_at = now

    def step(self, now: float) -> None:
        """Let the time pass up to `now`."""
        end = int((now - self._begun) / STEP + 1e-6)
        while self._steps < end:
            self._steps += 1
            self._step(self._now)

    @property
    def _now(self) -> float:
        """The end of the last step. Counted in steps, not added up: how often one looks never matters."""
        return self._begun + self._steps * STEP

    @property
    def facts(self) -> Facts:
        """What is so at the end of the last step."""
        around = self.surroundings
        return Facts(
            ac_feedback=self.ac_contactor.closed(self._now),
            k1k2_feedback=self.k1k2.closed(self._now),
            k3k4_feedback=self.k3k4.closed(self._now),
            lock_feedback=self._lock >= 1.0,
            e_stop=around.e_stop,
            door_open=around.door_open,
            permit=self.one_shot.present(self._now),
            module_fault=around.module_fault,
            cc1=CC1_BY_STATE[self._vehicle.plugged, around.button],
            inside_voltage=round(self._inside * 1000),
            outside_voltage=round(self._outside * 1000),
            current=round(self._current * 1000),
            module_temperature=round(self.modules.temperature * 10),
            insulation=around.insulation,
        )

    def _step(self, now: float) -> None:
        if now - self._vehicle_at > SILENT:
            self._vehicle = UNPLUGGED
        self._drive(now)
        self._move_lock()
        battery = self._vehicle.plugged and self._vehicle.k5k6
        through = self.k1k2.closed(now)
        self._feed(through and battery, now)
        if through:
            self._outside = self._inside
        elif battery:
            self._outside = self._vehicle.ocv / 1000
        else:
            self._outside *= math.exp(-STEP / CABLE_FALLS_IN)

    def _drive(self, now: float) -> None:
        """Coils, as they are wired: e-stop and door break that of the AC contactor, the one-shot that of K1K2."""
        commands, around = self.commands, self.surroundings
        self.ac_contactor.drive(bool(commands.ac_contactor) and not around.e_stop and not around.door_open, now)
        self.k1k2.drive(bool(commands.k1k2) and self.one_shot.present(now), now)
        self.k3k4.drive(bool(commands.k3k4), now)

    def _move_lock(self) -> None:
        """The bolt finds its place only in a plug; without one it stays open."""
        locks = bool(self.commands.lock) and self._vehicle.plugged
        travel = STEP / LOCK_TRAVELS if locks else -STEP / LOCK_TRAVELS
        self._lock = min(max(self._lock + travel, 0.0), 1.0)

    def _feed(self, loaded: bool, now: float) -> None:
        """Modules, capacitor and bleed; `loaded` with the battery beside them."""
        commands, modules = self.commands, self.modules
        modules.voltage_set = commands.voltage_set / 1000
        modules.current_limit = commands.current_limit / 1000
        enabled = (
            bool(commands.modules)
            and self.ac_contactor.closed(now)
            and self.one_shot.modules_allowed(now)
            and not self.surroundings.module_fault
        )
        leak = 1 / PRELOAD + (1 / BLEED if commands.bleed else 0)  # siemens
        if loaded:
            ocv, resistance = self._vehicle.ocv / 1000, self._vehicle.resistance / 1e6
            current = modules.step(enabled, ocv, resistance, True, STEP)
            self._inside = (ocv + current * resistance) / (1 + leak * resistance)
            self._current = current - leak * self._inside
        else:
            self._inside *= math.exp(-STEP * leak / CAPACITY)
            current = modules.step(enabled, self._inside, STEP / CAPACITY, False, STEP)
            self._inside += current * STEP / CAPACITY
            self._current = 0.0
