"""What the meter's register says of a charge: that it has come far enough, that it stands still, that nothing flowed.

Energy that flows is judged by the board's instruments; what is sold is the register's alone.
"""

from chargelink.edge.charge.causes import Cause, Stop
from chargelink.edge.charge.situation import NO_CURRENT, Charge, Vehicle
from chargelink.edge.drivers.board_state import BoardFacts

SILENT = 5.0  # s without a register
NO_ENERGY = 120.0  # s of charging without energy, and the session does not exist
STALLED = 60.0  # s in which energy flows and the register does not move ...
UNCOUNTED = 30_000  # mWh ... and at least so much: three steps of a register of 0.01 kWh
LONGEST_LOOK = 0.5  # s that one look at the board stands for
MICROSECONDS = 1_000_000
MILLIWATT_HOUR = 3_600_000_000_000  # mV x mA x us


class Register:
    """The register of one gun's meter, whether a charge is under way or not. Times in s of one clock."""

    def __init__(self, now: float) -> None:
        self.read_at = now
        self._value = 0  # mWh
        self._looked: tuple[float, int] | None = None  # when the board was looked at, mV x mA
        self._uncounted = 0  # mV x mA x us since the register moved
        self._flowed = 0  # us in which it flowed

    def read(self, value: int, now: float) -> None:
        """The register is at `value` mWh."""
        self.read_at = now
        if value != self._value:
            self._value = value
            self.begin()

    def begin(self) -> None:
        """Nothing has flowed yet that the meter did not count."""
        self._uncounted = self._flowed = 0

    def see(self, board: BoardFacts, now: float) -> None:
        """The board shows what flows: what it showed before has flowed until now."""
        if self._looked is not None and self._looked[1] > 0:
            passed = round(min(now - self._looked[0], LONGEST_LOOK) * MICROSECONDS)
            self._uncounted += self._looked[1] * passed
            self._flowed += passed
        self._looked = now, board.outside_voltage * board.current if board.current > NO_CURRENT else 0

    def silent(self, now: float) -> bool:
        """The meter gave no register for too long."""
        return now >= self.read_at + SILENT

    @property
    def stalled(self) -> Stop | None:
        """Energy flows, and the register does not move."""
        uncounted = self._uncounted // MILLIWATT_HOUR
        if self._flowed < STALLED * MICROSECONDS or uncounted < UNCOUNTED:
            return None
        return Stop(Cause.METER_STALLED, f"{uncounted} mWh since it moved")


def reached(charge: Charge, vehicle: Vehicle, now: float) -> Stop | None:
    """Which of its caps a charge has reached, or that nothing came of it."""
    caps, energy = charge.caps, charge.energy
    if caps.energy is not None and energy >= caps.energy:
        return Stop(Cause.ENERGY_REACHED, f"{energy} mWh")
    if caps.soc is not None and vehicle.soc is not None and vehicle.soc >= caps.soc:
        return Stop(Cause.SOC_REACHED, f"{vehicle.soc} of 1000")
    if charge.began is None:
        return None
    if caps.minutes is not None and now >= charge.began + caps.minutes * 60:
        return Stop(Cause.TIME_REACHED)
    if energy == 0 and now >= charge.began + NO_ENERGY:
        return Stop(Cause.NO_ENERGY)
    return None


def due(charge: Charge) -> list[float]:
    """When `reached` may find something without anybody telling anything."""
    if charge.began is None:
        return []
    caps = [] if charge.caps.minutes is None else [charge.began + charge.caps.minutes * 60]
    return caps if charge.energy else [*caps, charge.began + NO_ENERGY]
