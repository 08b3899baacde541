"""A traction battery as its terminals show it: open-circuit voltage over SOC, resistance, temperature. Time is given.

Small capacities make short charges: a battery of 400 Wh with the voltage and the resistance of a large one charges
like that, in seconds instead of hours.

Units: mV, mA (positive into the battery), uohm, mWh, ms, SOC 0.1 %, temperature 0.1 °C; inside mA x ms and mW x ms, so
that nothing is lost by rounding from step to step.
"""

from itertools import pairwise
from typing import NamedTuple

MILLIWATT_MILLISECONDS = 3_600_000  # in one mWh
WHOLE = 1_000_000  # SOC inside, in millionths


class Chemistry(NamedTuple):
    """A cell: its open-circuit voltage in mV at each SOC in 0.1 %, rising; nominal, and the most it may have, in mV."""

    curve: tuple[tuple[int, int], ...]
    nominal: int
    highest: int


TERNARY = Chemistry(
    (
        (0, 3000), (50, 3400), (100, 3480), (200, 3560), (300, 3610), (400, 3650), (500, 3700),
        (600, 3780), (700, 3870), (800, 3960), (900, 4060), (950, 4120), (1000, 4190),
    ),
    nominal=3700,
    highest=4200,
)  # fmt: skip


class Battery:
    """Cells in series. `capacity` mWh at nominal voltage, `soc` 0.1 %, `resistance` uohm of the whole pack."""

    HEAT_CAPACITY = 20_000  # J/K, or uJ/u°C: cells and coolant of a pack that can take these currents
    COOLING_TIME = 1_800_000  # ms until 63 % of what it is above its surroundings is gone

    def __init__(
        self,
        capacity: int,
        soc: int,
        *,
        cells: int = 96,
        resistance: int = 120_000,
        temperature: int = 250,
        chemistry: Chemistry = TERNARY,
    ) -> None:
        self.capacity = capacity
        self.cells = cells
        self.resistance = resistance
        self.chemistry = chemistry
        self.current = 0
        self.energy = 0  # mW x ms that went in at the terminals
        self.heat = 0  # of these, what became heat
        self._whole = capacity * MILLIWATT_MILLISECONDS * 1000 // (cells * chemistry.nominal)  # mA x ms
        self._charge = -(-self._whole * soc // 1000)
        self._surroundings = self._temperature = temperature * 100_000  # u°C

    @property
    def soc(self) -> int:
        """0.1 %, 0..1000."""
        return min(max(self._charge * 1000 // self._whole, 0), 1000)

    @property
    def temperature(self) -> int:
        """0.1 °C."""
        return self._temperature // 100_000

    @property
    def ocv(self) -> int:
        """Open-circuit voltage, mV."""
        return _interpolated(self.chemistry.curve, self._charge * WHOLE // self._whole, self.cells)

    @property
    def voltage(self) -> int:
        """At the terminals, with the current that flows, mV."""
        return self.ocv + self.current * self.resistance // 1_000_000

    @property
    def cell_voltage(self) -> int:
        """Of the highest cell, mV."""
        return self.voltage // self.cells

    @property
    def highest_voltage(self) -> int:
        """What the pack may have, mV."""
        return self.chemistry.highest * self.cells

    @property
    def headroom(self) -> int:
        """The current that brings the terminals to the highest voltage, mA: the taper at the end of a charge."""
        return max(self.highest_voltage - self.ocv, 0) * 1_000_000 // self.resistance

    @property
    def stored(self) -> int:
        """Energy that went in since the beginning, mWh."""
        return self.energy // MILLIWATT_MILLISECONDS

    def time_for(self, soc: int, current: int) -> int:
        """How long so much SOC (0.1 %) takes at a current, ms."""
        return self._whole * soc // 1000 // current

    def carry(self, current: int, milliseconds: int) -> None:
        """Let a current flow for a while: charge, heat, and cooling."""
        self.current = current
        lost = current * current * self.resistance // 1_000_000_000 * milliseconds  # mW x ms
        self.energy += self.voltage * current // 1000 * milliseconds
        self.heat += lost
        self._charge += current * milliseconds
        excess = self._temperature - self._surroundings
        self._temperature += lost // self.HEAT_CAPACITY - excess * milliseconds // self.COOLING_TIME


def _interpolated(curve: tuple[tuple[int, int], ...], soc: int, cells: int) -> int:
    """The voltage of so many cells at a SOC in millionths; beyond its ends the curve goes on as straight lines."""
    for (low, from_voltage), (high, to_voltage) in pairwise(curve):
        if soc <= high * 1000 or high == curve[-1][0]:
            return cells * from_voltage + cells * (to_voltage - from_voltage) * (soc - low * 1000) // (
                (high - low) * 1000
            )
    raise AssertionError("a curve has at least two points")
