"""E-bikes as an outlet sees them: the power that their charger draws, over a whole charge.

A charger first gives a constant current while the battery's voltage rises, then a constant voltage while the current
decays. With P proportional to what is missing, P falls exponentially in time: the taper. What is left at the end is
the charger's own consumption or, for lead-acid, a float current that never ends; that is why sockets judge by power
whether a battery is full.
"""

from typing import NamedTuple

MILLIWATT_MILLISECONDS = 3_600_000  # in one mWh
START_PERMILLE = 880  # of the bulk power at the beginning, when the battery's voltage is low


class Curve(NamedTuple):
    """A kind of e-bike. Powers at the mains, in mW; `capacity` in mWh drawn from the mains for a whole charge."""

    name: str
    chinese: str
    capacity: int
    bulk: int
    taper_permille: int  # of the capacity: charged so far, the taper begins
    rest: int  # what the charger goes on drawing


CURVES = {
    curve.name: curve
    for curve in (
        Curve("lithium", "锂电池", 1_100_000, 240_000, 850, 3_500),  # 48 V 20 Ah, charger of 54.6 V, 4 A
        Curve("lead-acid", "铅酸电池", 1_250_000, 165_000, 720, 14_000),  # 48 V 20 Ah, charger of 2.5 A that floats
        Curve("tricycle", "三轮车", 2_600_000, 520_000, 720, 22_000),  # 60 V 38 Ah
    )
}


class Ebike:
    """One battery with its charger. `charged` and `capacity` in mWh: a small one charges as a large one, faster."""

    def __init__(self, curve: Curve, capacity: int | None = None, charged: int = 0) -> None:
        self.curve = curve
        self.capacity = curve.capacity if capacity is None else capacity
        self._drawn = charged * MILLIWATT_MILLISECONDS

    @property
    def power(self) -> int:
        """What it draws now if the outlet is on, in mW."""
        whole = self.capacity * MILLIWATT_MILLISECONDS
        knee = whole * self.curve.taper_permille // 1000
        if self._drawn < knee:
            rising = (1000 - START_PERMILLE) * self._drawn // knee
            return self.curve.bulk * (START_PERMILLE + rising) // 1000
        missing = max(whole - self._drawn, 0)
        return max(self.curve.bulk * missing // (whole - knee), self.curve.rest)

    def draw(self, milliseconds: int) -> int:
        """Let it draw for so long at its power of now; mW x ms."""
        energy = self.power * milliseconds
        self._drawn += energy
        return energy
