"""A charger's inside with a vehicle and a guard around it, in time that jumps."""

from chargelink.sim.cable import EVERY, VehicleSide
from chargelink.sim.dc_circuit import DcCircuit, Facts

OCV = 378_500  # mV
RESISTANCE = 60_000  # µohm
CAR = VehicleSide(plugged=True, k5k6=True, ocv=OCV, resistance=RESISTANCE)
IDLE_CAR = VehicleSide(plugged=True, k5k6=False, ocv=OCV, resistance=RESISTANCE)


class Cabinet:
    """The vehicle speaks and the guard pulses every 20 ms, unless told otherwise."""

    def __init__(self, vehicle: VehicleSide | None = CAR) -> None:
        self.now = 0.0
        self.circuit = DcCircuit(self.now)
        self.vehicle = vehicle
        self.pulses = True

    def run(self, seconds: float, every: float = EVERY) -> Facts:
        """Let time pass; what is so at its end."""
        for _ in range(round(seconds / every)):
            self.now += every
            if self.vehicle is not None:
                self.circuit.connect(self.vehicle, self.now)
            if self.pulses:
                self.circuit.one_shot.hear(b"P", self.now)
            self.circuit.step(self.now)
        return self.facts

    @property
    def facts(self) -> Facts:
        return self.circuit.facts

    def command(self, **commands: int) -> None:
        for name, value in commands.items():
            assert hasattr(self.circuit.commands, name)
            setattr(self.circuit.commands, name, value)

    def charge(self, voltage: int = 420_000, current: int = 100_000) -> Facts:
        """Contactors closed after a pre-charge, then up to `voltage` mV and `current` mA."""
        self.command(ac_contactor=1, k3k4=1, lock=1)
        self.run(0.4)
        self.command(modules=1, voltage_set=OCV - 5_000, current_limit=5_000)
        self.run(0.4)
        self.command(k1k2=1)
        self.run(0.1)
        self.command(voltage_set=voltage, current_limit=current)
        return self.run(1.0)
