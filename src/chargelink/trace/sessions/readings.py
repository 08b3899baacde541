"""What the messages of a session say about car, charger and energy: the last word, extremes, curves, sums."""

from collections.abc import Callable
from typing import Any

from chargelink.cli.language import Text
from chargelink.gbt27930.charging import BCL, BCS, BCS2011, BSM, CCS
from chargelink.gbt27930.codes import BatteryType
from chargelink.gbt27930.ending import BSD, CSD, CSD2011
from chargelink.gbt27930.handshake import BHM, BRM
from chargelink.gbt27930.parameters import BCP, CML
from chargelink.gbt27930.plausibility import ZERO_RAW_CURRENT
from chargelink.trace.gbt27930.fields import version
from chargelink.trace.sessions.curves import Curves
from chargelink.trace.sessions.model import EnergySource, Limits, Vehicle

LONGEST_GAP = 1.0  # s that a measurement stands for; CCS comes every 50 ms, BCS every 250 ms
MILLIWATT_HOUR = 3_600_000_000  # mV x mA x ms
SOC_APART = 50  # 0.1 %: BCP and the first BCS of one charge differ by less
FEWEST_TO_DOUBT = 200_000  # mWh: a charger that says nothing was given although this was seen is not believed


class Meter:
    """Energy from voltage and current: what was said holds until the next, at most for a second."""

    __slots__ = ("_at", "_power", "_sum", "samples")

    def __init__(self) -> None:
        self.samples = 0
        self._power = 0  # mV x mA
        self._at = 0.0
        self._sum = 0.0

    def measured(self, now: float, voltage: int, current: int) -> None:
        if self.samples and self._power > 0:
            self._sum += self._power * min(now - self._at, LONGEST_GAP)
        self.samples += 1
        self._power, self._at = voltage * current, now

    @property
    def energy(self) -> int:
        """mWh."""
        return round(self._sum * 1000 / MILLIWATT_HOUR)


class Readings:
    """Takes messages without flaws; the others are shown, never believed."""

    def __init__(self) -> None:
        self.curves = curves = Curves()
        self._add_battery_current = curves["battery_current"].add
        self._add_battery_voltage = curves["battery_voltage"].add
        self._add_demand_current = curves["demand_current"].add
        self._add_demand_voltage = curves["demand_voltage"].add
        self._add_highest_cell = curves["highest_cell"].add
        self._add_highest_temperature = curves["highest_temperature"].add
        self._add_lowest_temperature = curves["lowest_temperature"].add
        self._add_output_current = curves["output_current"].add
        self._add_output_voltage = curves["output_voltage"].add
        self._add_soc = curves["soc"].add
        self.said: dict[str, Any] = {}  # the last BHM, BRM, BCP, CML, CSD, BSD by name
        self.first_soc: int | None = None  # of BCS
        self.last_soc: int | None = None
        self.most_demanded = 0  # mA
        self.demanded_voltage = 0  # mV
        self.over_current = self.over_voltage = 0  # mA, mV: the most that CCS had above what BCL asked for
        self._meters = {EnergySource.CCS: Meter(), EnergySource.BCS: Meter()}

    def keep(self, message: Any, now: float) -> None:
        self.said[type(message).__name__.removesuffix("2011")] = message

    def demands(self, message: BCL, now: float) -> None:
        self.demanded_voltage, demand = message.voltage_demand, -message.current_demand
        if demand > self.most_demanded:
            self.most_demanded = demand
        self._add_demand_voltage(now, self.demanded_voltage)
        self._add_demand_current(now, demand)

    def gives(self, message: CCS, now: float) -> None:
        if message.output_current == ZERO_RAW_CURRENT:
            return  # "nothing yet"
        voltage, current = message.output_voltage, -message.output_current
        self._add_output_voltage(now, voltage)
        self._add_output_current(now, current)
        self._meters[EnergySource.CCS].measured(now, voltage, current)
        if self.demanded_voltage:
            # the largest demand, for the output follows a smaller one only after a while
            self.over_current = max(self.over_current, current - self.most_demanded)
            self.over_voltage = max(self.over_voltage, voltage - self.demanded_voltage)

    def measures(self, message: BCS | BCS2011, now: float) -> None:
        self.last_soc = message.soc
        if self.first_soc is None:
            self.first_soc = message.soc
        self._add_soc(now, message.soc)
        self._add_highest_cell(now, message.max_cell_voltage)
        if message.measured_current == ZERO_RAW_CURRENT:
            return
        voltage, current = message.measured_voltage, -message.measured_current
        self._add_battery_voltage(now, voltage)
        self._add_battery_current(now, current)
        self._meters[EnergySource.BCS].measured(now, voltage, current)

    def warms(self, message: BSM, now: float) -> None:
        self._add_highest_temperature(now, message.max_temperature)
        self._add_lowest_temperature(now, message.min_temperature)

    def energies(self, timed: bool) -> dict[EnergySource, int]:
        """mWh by source, the best one first; without time nothing can be integrated."""
        found = {source: meter.energy for source, meter in self._meters.items() if timed and meter.samples > 1}
        statistics = self.said.get("CSD")
        if statistics is None:
            return found
        said: int = statistics.output_energy
        if not said and max(found.values(), default=0) >= FEWEST_TO_DOUBT:
            return found | {EnergySource.CSD: said}
        return {EnergySource.CSD: said} | found

    def socs(self) -> tuple[int | None, int | None]:
        """First and last, in 0.1 %. BCP is finer than BCS, but some send whole percents in it."""
        parameters, statistics = self.said.get("BCP"), self.said.get("BSD")
        first, last = self.first_soc, self.last_soc
        if parameters is not None and (first is None or abs(parameters.soc - first) <= SOC_APART):
            first = parameters.soc
        if statistics is not None and (last is None or abs(statistics.final_soc - last) <= SOC_APART):
            last = statistics.final_soc
        return first, first if last is None else last

    def vehicle(self) -> Vehicle:
        brm: BRM | None = self.said.get("BRM")
        bcp: BCP | None = self.said.get("BCP")
        nominal = bcp.nominal_energy if bcp else None
        if brm is None:
            return Vehicle(nominal_energy=nominal)
        kind = brm.battery_type
        words = Text(kind.text, kind.chinese) if isinstance(kind, BatteryType) else Text(*[f"0x{kind:02X}"] * 2)
        vin = brm.vin.strip("\0 ") if brm.vin else ""
        return Vehicle(
            vin or None, words, brm.rated_capacity, brm.rated_voltage, nominal, version(brm.protocol_version)
        )

    def limits(self) -> Limits:
        bhm: BHM | None = self.said.get("BHM")
        bcp: BCP | None = self.said.get("BCP")
        cml: CML | None = self.said.get("CML")
        lowest = cml.min_output_current if cml else None
        return Limits(
            insulation_voltage=bhm.max_allowed_charge_voltage if bhm else None,
            battery_voltage=bcp.battery_voltage if bcp else None,
            max_battery_voltage=bcp.max_total_voltage if bcp else None,
            max_battery_current=-bcp.max_charge_current if bcp else None,
            max_cell_voltage=bcp.max_cell_voltage if bcp else None,
            max_temperature=bcp.max_temperature if bcp else None,
            max_charger_voltage=cml.max_output_voltage if cml else None,
            min_charger_voltage=cml.min_output_voltage if cml else None,
            max_charger_current=-cml.max_output_current if cml else None,
            min_charger_current=None if lowest is None else -lowest,
        )


TAKE: dict[type, Callable[[Readings, Any, float], None]] = {
    **dict.fromkeys((BHM, BRM, BCP, CML, CSD, CSD2011, BSD), Readings.keep),
    BCL: Readings.demands,
    CCS: Readings.gives,
    BCS: Readings.measures,
    BCS2011: Readings.measures,
    BSM: Readings.warms,
}
