"""The rectifiers of a DC charger as one source: a voltage and a current limit, both approached at a finite rate."""

VOLTAGE_RATE = 2_000.0  # V/s
CURRENT_RATE = 200.0  # A/s; GB/T 18487.1 wants at least 20 up and 100 down
SHUT_DOWN_RATE = 12_500.0  # A/s: what 250 A need to be gone in 20 ms when the enable line drops
AMBIENT = 25.0  # °C
WARMING = 0.12  # °C per A
WARMS_IN = 120.0  # s, time constant


class PowerModules:
    """Voltage in V, current in A, time in s. No current flows back into it: there is a diode at its output."""

    def __init__(self) -> None:
        self.voltage_set = 0.0
        self.current_limit = 0.0
        self.temperature = AMBIENT
        self.voltage = 0.0  # what the regulator aims at now
        self.current = 0.0  # what leaves the modules now
        self._allowed = 0.0  # the current limit as far as it has been approached

    def step(self, enabled: bool, output: float, resistance: float, loaded: bool, seconds: float) -> float:
        """Let a short time pass and return the current.

        `output` and `resistance` are what the modules see: a source behind a resistance; or, not `loaded`, a capacitor
        and the resistance at which it takes the charge of this step. It takes none from modules that are going down:
        their regulator stops at its voltage.
        """
        if enabled:
            self.voltage = approach(self.voltage, self.voltage_set, VOLTAGE_RATE * seconds)
            allowed = min(self._allowed, self.current + 1.0)
            self._allowed = approach(allowed, self.current_limit, CURRENT_RATE * seconds)
            self.current = max(0.0, min((self.voltage - output) / resistance, self._allowed))
        else:
            self.voltage = output
            self.current = approach(self.current, 0.0, SHUT_DOWN_RATE * seconds) if loaded else 0.0
            self._allowed = self.current
        target = AMBIENT + WARMING * self.current
        self.temperature += (target - self.temperature) * seconds / WARMS_IN
        return self.current


def approach(value: float, target: float, step: float) -> float:
    """`value` moved towards `target` by at most `step`."""
    return min(value + step, target) if value < target else max(value - step, target)
