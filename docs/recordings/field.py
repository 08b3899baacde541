"""A charge that ends badly: a simulated car on our charger's end of GB/T 27930, whose CCS stops for a while."""

import math

from chargelink.gbt27930.catalogue import BY_NAME
from chargelink.gbt27930.charger import (
    Charger,
    ChargerLimits,
    Demand,
    Event,
    Failed,
    Stopped,
    VehicleAnswered,
    VehicleReady,
)
from chargelink.sim.battery import Battery
from chargelink.sim.bms import Bms
from chargelink.sim.cable import EVERY, ChargerSide
from chargelink.sim.car import Car

START = 1_780_003_600.0  # s
LIMITS = ChargerLimits(max_voltage=750_000, min_voltage=200_000, max_current=250_000, number=3)
SLEW = 40_000  # mA/s of the power modules
SILENT = 14.0, 15.6  # s, when the charger sends no CCS
END = 19.0  # s
CCS = BY_NAME["CCS"].identifier
INSULATION = 0.8  # s that the test takes


class Charge:
    """Both ends in jumping time; what is on the wire is written as candump does."""

    def __init__(self) -> None:
        self.battery = Battery(2_000_000, 618)
        self.car = Car(0.0, Bms(self.battery, most_current=100_000, target=950), [])
        self.charger = Charger(0.0, LIMITS)
        self.lines: list[str] = []
        self.now = 0.0
        self.wanted = self.current = 0  # mA
        self.closed = False
        self.insulated: float | None = None  # when the test is over

    def run(self) -> str:
        looks = 0.0
        self.charger.start(self.now)
        while self.now < END:
            self._talk()
            deadlines = [one.deadline for one in (self.charger, self.car) if one.deadline is not None]
            self.now = max(self.now, min(*deadlines, looks, END))
            if self.now >= looks:
                self._look()
                looks = self.now + EVERY
            self._follow(self.charger.tick(self.now))
            self.car.tick(self.now)
        return "".join(self.lines)

    def _talk(self) -> None:
        for frame in self.charger.data_to_send():
            if frame.identifier == CCS and SILENT[0] <= self.now < SILENT[1]:
                continue
            self._write(frame.identifier, frame.data)
            self.car.hear(frame, self.now)
        for frame in self.car.frames(self.now):
            self._write(frame.identifier, frame.data)
            self._follow(self.charger.receive(frame.identifier, frame.data, self.now))

    def _write(self, identifier: int, data: bytes) -> None:
        self.lines.append(f"({START + self.now:.6f}) can0 {identifier:08X}#{data.hex().upper()}\n")

    def _look(self) -> None:
        """The cable every so often, and how long the insulation test has taken."""
        if self.insulated is not None and self.now >= self.insulated:
            self.charger.insulation_done(self.now)
            self.insulated = None
        step = round(SLEW * EVERY)
        self.current += max(min(self.wanted - self.current, step), -step)
        if not (self.closed and self.car.contactors):
            self.current = 0
        self.car.feel(ChargerSide(True, self.battery.voltage, self.current, True), self.now)
        self.charger.report(self.battery.voltage, self.current, math.floor(self.now / 60))

    def _follow(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case VehicleAnswered():
                    self.insulated = self.now + INSULATION
                case VehicleReady():
                    self.closed = True
                    self.charger.ready(self.now)
                case Demand():
                    self.wanted = event.current
                case Stopped() | Failed():
                    self.wanted = 0
                    self.charger.statistics(1, 100_000)


def lost_ccs() -> str:
    """Some 20 s; the vehicle gives up, and what follows is as the two ends do it."""
    return Charge().run()
