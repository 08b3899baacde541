"""What a battery's management says of it in GB/T 27930: who it is, what it wants, how it is.

The demand is a constant current until the battery's terminals reach their highest voltage, then a constant voltage
while the current tapers.
"""

from chargelink.gbt27930.charging import BCL, BCS, BMT, BMV, BSM, Cell
from chargelink.gbt27930.codes import BatteryType, ChargeMode, ChargePermission, Excess, Health, Level, Ownership
from chargelink.gbt27930.ending import BSD
from chargelink.gbt27930.handshake import BRM, VERSION_2015
from chargelink.gbt27930.parameters import BCP
from chargelink.sim.battery import Battery

STEP = 100  # mV, mA
CELL_STEP = 10  # mV
ENERGY_STEP = 100_000  # mWh
LEAST_DEMAND = 2_000  # mA: a charge that tapers below this is over
HOTTEST = 550  # 0.1 °C
SENSORS = 16
MOST_CAPACITY = 1_000_000  # mAh
LONGEST = 600  # min
MINUTE = 60_000  # ms
NOBODY = "LSIMULATED0000001"  # a VIN that belongs to no car


class Bms:
    """Speaks for a battery. `most_current` mA; `target` SOC in 0.1 % at which it has enough."""

    def __init__(self, battery: Battery, *, most_current: int, target: int, vin: str = NOBODY) -> None:
        self.battery = battery
        self.most_current = most_current
        self.target = target
        self.vin = vin

    @property
    def demand(self) -> int:
        """The current it wants now, mA; 0 when it has enough."""
        wanted = min(self.most_current, self.battery.headroom) // STEP * STEP
        return 0 if self.satisfied or wanted < LEAST_DEMAND else wanted

    @property
    def satisfied(self) -> bool:
        """The target is reached, or the battery takes next to nothing any more."""
        return self.battery.soc >= self.target or self.battery.headroom < LEAST_DEMAND

    @property
    def identity(self) -> BRM:
        battery = self.battery
        nominal = battery.cells * battery.chemistry.nominal
        capacity = battery.capacity * 1000 // nominal  # mAh
        return BRM(
            VERSION_2015,
            BatteryType.TERNARY,
            min(_down(capacity), MOST_CAPACITY),
            _down(nominal),
            "SIMU",
            bytes(4),
            2025,
            1,
            1,
            0,
            Ownership.OWNED,
            None,
            self.vin,
            None,
        )

    @property
    def parameters(self) -> BCP:
        battery = self.battery
        return BCP(
            battery.chemistry.highest,
            -self.most_current,
            max(battery.capacity // ENERGY_STEP, 1) * ENERGY_STEP,
            battery.highest_voltage,
            HOTTEST,
            battery.soc,
            _down(battery.ocv),
        )

    def charging(self, demand: int) -> tuple[BCL, BCS, BSM, BMV, BMT]:
        """What is said while a current is wanted, mA."""
        battery = self.battery
        tapering = demand < self.most_current
        mode = ChargeMode.CONSTANT_VOLTAGE if tapering else ChargeMode.CONSTANT_CURRENT
        temperature = battery.temperature // 10 * 10
        sound = (Level.NORMAL, Level.NORMAL, Excess.NORMAL, Excess.NORMAL, Health.NORMAL, Health.NORMAL)
        cell = battery.cell_voltage // CELL_STEP * CELL_STEP
        return (
            BCL(battery.highest_voltage, -demand, mode),
            BCS(
                _down(battery.voltage), _down(-battery.current), cell, 0, battery.soc // 10 * 10, self._minutes(demand)
            ),
            BSM(1, temperature, 1, temperature, SENSORS, *sound, ChargePermission.PERMITTED),
            BMV((Cell(cell, 0),) * battery.cells),
            BMT((temperature,) * SENSORS),
        )

    @property
    def statistics(self) -> BSD:
        battery = self.battery
        cell, temperature = battery.cell_voltage // CELL_STEP * CELL_STEP, battery.temperature // 10 * 10
        return BSD(battery.soc // 10 * 10, cell, cell, temperature, temperature)

    def _minutes(self, demand: int) -> int:
        """Until the target at this current."""
        missing = max(self.target - self.battery.soc, 0)
        if not demand:
            return 0
        return min(-(-self.battery.time_for(missing, demand) // MINUTE), LONGEST)


def _down(value: int) -> int:
    return value // STEP * STEP
