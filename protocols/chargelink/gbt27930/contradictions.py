"""What the messages of one session say against each other, though each of them alone could be true.

    session = Session()
    for message in messages:                       of both sides, in order, one session
        for contradiction in session.judge(message): ...
        session.take(message, now)                 what counts from now on; not what is not obeyed

Voltages mV, currents mA and positive into the battery, energy mWh, SOC 0.1 %, temperatures 0.1 °C. `judge` changes
nothing. What nobody has told yet, or told with a flaw, contradicts nothing. A demand in `NEVER_OBEYED` asks for more
than the battery itself said it may take (GB/T 27930-2015, 10.2.1 and 10.3.1); what is in `ADVISORY` the standard allows
and is still worth a look: its margins are ours.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple

from chargelink.gbt27930.charging import BCL, BCS, BCS2011, BSM, CCS
from chargelink.gbt27930.codes import Permission
from chargelink.gbt27930.ending import BSD, CSD, CSD2011
from chargelink.gbt27930.handshake import BRM, CRM, CRM2011
from chargelink.gbt27930.parameters import BCP, CML
from chargelink.units import SHOWN
from chargelink.wire import Message

UNTOLD = 1 << 40  # above every value of the wire: a limit that nobody has told
NO_OLD_NUMBER = 0xFF  # what 2011 says for a charger number that it does not have
WHOLE, FULL = 10, 1000  # 0.1 % in a percent, and in all of it
SURE_SOC = 20  # 0.1 %: below that a SOC in whole percents and one in tenths cannot be told apart
SOC_AT_START, SOC_AT_END, SOC_FALL = 100, 20, 50  # 0.1 %: differences that no rounding explains
DELIVERING = 5_000  # mA: that much flows only through closed contactors
VOLTAGE_APART, CURRENT_PART = 20_000, 10  # mV, and one part in so many: no cable drops that much
MEASURED = 100  # one part in so many: what measuring and regulation may overshoot
ENERGY_APART, ENERGY_PART = 200_000, 10  # mWh, and one part in so many: meters on different sides of the losses
RATED_APART = 2  # times
LONGEST_GAP = 5.0  # s between two CCS; over a longer one nothing is known of what flowed
UJ_PER_MWH = 3_600_000  # mV * mA * s are µJ


class Conflict(Enum):
    """The contradictions between messages, with the unit of their two numbers."""

    DEMAND_ABOVE_BATTERY_VOLTAGE = (
        "voltage demand {} (BCL), the battery may take {} at most (BCP)",
        "BCL 需求电压 {}，超过 BCP 最高允许充电总电压 {}",
        "mV",
    )
    DEMAND_ABOVE_BATTERY_CURRENT = (
        "current demand {} (BCL), the battery may take {} at most (BCP)",
        "BCL 需求电流 {}，超过 BCP 最高允许充电电流 {}",
        "mA",
    )
    DEMAND_ABOVE_CHARGER_VOLTAGE = (
        "voltage demand {} (BCL), the charger gives {} at most (CML)",
        "BCL 需求电压 {}，超过 CML 最高输出电压 {}",
        "mV",
    )
    DEMAND_ABOVE_CHARGER_CURRENT = (
        "current demand {} (BCL), the charger gives {} at most (CML)",
        "BCL 需求电流 {}，超过 CML 最大输出电流 {}",
        "mA",
    )
    WHOLE_PERCENTS = (
        "BCP says SOC {}, BCS says {}: BCP counts whole percents instead of 0.1 %",
        "BCP 的 SOC 为 {}，BCS 为 {}：BCP 误用 1 % 分辨率（应为 0.1 %）",
        "0.1 %",
    )
    SOC_APART = "BCP says SOC {}, BCS says {}", "BCP 的 SOC 为 {}，BCS 为 {}", "0.1 %"
    SOC_FELL = "SOC falls to {} from {} while charging (BCS)", "充电中 SOC 降至 {}，此前为 {}（BCS）", "0.1 %"
    END_SOC_APART = "BSD says SOC {}, the last BCS said {}", "BSD 的 SOC 为 {}，最后的 BCS 为 {}", "0.1 %"
    MEASURED_ABOVE_BATTERY = (
        "BCS measures {}, the battery may take {} at most (BCP)",
        "BCS 测量电压 {}，超过 BCP 最高允许充电总电压 {}",
        "mV",
    )
    OUTPUT_ABOVE_BATTERY = (
        "CCS says {} come out, the battery may take {} at most (BCP)",
        "CCS 输出电压 {}，超过 BCP 最高允许充电总电压 {}",
        "mV",
    )
    VOLTAGES_APART = (
        "BCS measures {} while CCS says {} come out",
        "BCS 测量电压 {}，与 CCS 输出电压 {} 相差过大",
        "mV",
    )
    CELL_ABOVE_BATTERY = (
        "the highest cell has {}, BCP allows {} at most",
        "最高单体电压 {}，超过 BCP 最高允许单体电压 {}",
        "mV",
    )
    TOO_HOT = (
        "the highest temperature is {}, BCP allows {} at most",
        "最高温度 {}，超过 BCP 最高允许温度 {}",
        "0.1 °C",
    )
    BATTERY_ABOVE_CHARGER = (
        "the battery has {} (BCP), the charger gives {} at most (CML)",
        "BCP 当前电池电压 {}，高于 CML 最高输出电压 {}",
        "mV",
    )
    BATTERY_BELOW_CHARGER = (
        "the battery has {} (BCP), the charger gives {} at least (CML)",
        "BCP 当前电池电压 {}，低于 CML 最低输出电压 {}",
        "mV",
    )
    RATED_ABOVE_MAXIMUM = (
        "rated total voltage {} (BRM), at most {} allowed (BCP)",
        "BRM 额定总电压 {}，高于 BCP 最高允许充电总电压 {}",
        "mV",
    )
    ENERGY_NOT_RATED = (
        "nominal energy {} (BCP), rated capacity times rated voltage is {} (BRM)",
        "BCP 标称总能量 {}，与 BRM 额定容量×额定总电压 {} 不符",
        "mWh",
    )
    ENERGY_APART = (
        "CSD says {} went out, voltage times current of CCS over time is {}",
        "CSD 输出能量 {}，与 CCS 电压电流积分 {} 不符",
        "mWh",
    )
    OTHER_CHARGER = "CSD is of charger {}, CRM was of {}", "CSD 充电机编号 {}，与 CRM 编号 {} 不同", ""

    def __init__(self, text: str, chinese: str, unit: str) -> None:
        self.text = text
        self.chinese = chinese
        self.unit = unit


NEVER_OBEYED = frozenset({Conflict.DEMAND_ABOVE_BATTERY_VOLTAGE, Conflict.DEMAND_ABOVE_BATTERY_CURRENT})
ADVISORY = frozenset(Conflict) - NEVER_OBEYED - {Conflict.WHOLE_PERCENTS}  # that one is miscoded, by BCP not by BCS


class Contradiction(NamedTuple):
    """What a message says against what was said before it, in the unit of the conflict."""

    conflict: Conflict
    said: int
    against: int

    @property
    def text(self) -> str:
        return self._filled(self.conflict.text)

    @property
    def chinese(self) -> str:
        return self._filled(self.conflict.chinese)

    def _filled(self, words: str) -> str:
        unit = SHOWN[self.conflict.unit]
        if unit.divisor == 1:
            return words.format(self.said, self.against)
        return words.format(*(f"{value / unit.divisor} {unit.symbol}" for value in (self.said, self.against)))


NONE: tuple[Contradiction, ...] = ()


class Session:
    """What was said so far. One for each session; a handshake anew in it replaces what it says anew."""

    def __init__(self) -> None:
        self._battery: BCP | None = None
        self._vehicle: BRM | None = None
        self._charger: CML | None = None
        self._status: BCS | BCS2011 | None = None
        self._number: int | None = None  # of the charger, as CRM said it
        self._battery_voltage = self._battery_current = self._cell_voltage = self._temperature = UNTOLD
        self._most_measured = UNTOLD  # mV: the battery's, and what measuring may overshoot
        self._charger_voltage = self._charger_current = UNTOLD
        self._start_soc: int | None = None  # of BCP, until a BCS was held against it
        self._lowest_soc = -UNTOLD  # below that SOC fell
        self._delivered: int | None = None  # mV: comes out through closed contactors
        self._power = 0  # µW, by the last CCS
        self._reported: float | None = None  # s: when that was
        self._energy: float | None = None  # µJ since CML; None: not heard all

    def judge(self, message: Message) -> tuple[Contradiction, ...]:
        """What a message says against those that were taken; mostly nothing."""
        judge = JUDGES.get(type(message))
        return judge(self, message) if judge is not None else NONE

    def take(self, message: Message, now: float | None = None) -> None:
        """Remember a message. `now` in s of any clock is for the energy alone, which nobody knows without it."""
        take = TAKEN.get(type(message))
        if take is not None:
            take(self, message, now)

    def _judge_demand(self, demand: BCL) -> tuple[Contradiction, ...]:
        found = NONE
        voltage, current = demand.voltage_demand, -demand.current_demand
        if voltage > self._battery_voltage:
            found += (Contradiction(Conflict.DEMAND_ABOVE_BATTERY_VOLTAGE, voltage, self._battery_voltage),)
        if current > self._battery_current:
            found += (Contradiction(Conflict.DEMAND_ABOVE_BATTERY_CURRENT, current, self._battery_current),)
        if voltage > self._charger_voltage:
            found += (Contradiction(Conflict.DEMAND_ABOVE_CHARGER_VOLTAGE, voltage, self._charger_voltage),)
        if current > self._charger_current:
            found += (Contradiction(Conflict.DEMAND_ABOVE_CHARGER_CURRENT, current, self._charger_current),)
        return found

    def _judge_status(self, status: BCS | BCS2011) -> tuple[Contradiction, ...]:
        found = NONE
        voltage, soc, delivered = status.measured_voltage, status.soc, self._delivered
        if voltage > self._most_measured:
            found += (Contradiction(Conflict.MEASURED_ABOVE_BATTERY, voltage, self._battery_voltage),)
        if status.max_cell_voltage > self._cell_voltage:
            found += (Contradiction(Conflict.CELL_ABOVE_BATTERY, status.max_cell_voltage, self._cell_voltage),)
        if delivered is not None and abs(voltage - delivered) > max(VOLTAGE_APART, delivered // CURRENT_PART):
            found += (Contradiction(Conflict.VOLTAGES_APART, voltage, delivered),)
        if soc < self._lowest_soc:
            found += (Contradiction(Conflict.SOC_FELL, soc, self._lowest_soc + SOC_FALL),)
        if self._start_soc is not None:
            found += _judge_soc(self._start_soc, soc)
        return found

    def _judge_output(self, output: CCS) -> tuple[Contradiction, ...]:
        if output.output_voltage > self._most_measured:
            return (Contradiction(Conflict.OUTPUT_ABOVE_BATTERY, output.output_voltage, self._battery_voltage),)
        return NONE

    def _judge_state(self, state: BSM) -> tuple[Contradiction, ...]:
        if state.max_temperature > self._temperature:
            return (Contradiction(Conflict.TOO_HOT, state.max_temperature, self._temperature),)
        return NONE

    def _judge_battery(self, battery: BCP) -> tuple[Contradiction, ...]:
        found = NONE if self._charger is None else _judge_range(battery, self._charger)
        vehicle = self._vehicle
        if vehicle is None:
            return found
        if vehicle.rated_voltage > battery.max_total_voltage:
            found += (Contradiction(Conflict.RATED_ABOVE_MAXIMUM, vehicle.rated_voltage, battery.max_total_voltage),)
        rated = vehicle.rated_voltage * vehicle.rated_capacity // SHOWN["mV"].divisor
        told = battery.nominal_energy
        if rated and told and not told <= rated * RATED_APART <= told * RATED_APART**2:
            found += (Contradiction(Conflict.ENERGY_NOT_RATED, told, rated),)
        return found

    def _judge_limits(self, limits: CML) -> tuple[Contradiction, ...]:
        return NONE if self._battery is None else _judge_range(self._battery, limits)

    def _judge_end(self, end: BSD) -> tuple[Contradiction, ...]:
        found = NONE
        if self._status is not None and abs(end.final_soc - self._status.soc) > SOC_AT_END:
            found += (Contradiction(Conflict.END_SOC_APART, end.final_soc, self._status.soc),)
        if end.max_cell_voltage > self._cell_voltage:
            found += (Contradiction(Conflict.CELL_ABOVE_BATTERY, end.max_cell_voltage, self._cell_voltage),)
        return found

    def _judge_result(self, result: CSD | CSD2011) -> tuple[Contradiction, ...]:
        found = NONE
        number, told = result.charger_number, result.output_energy
        if number is not None and self._number is not None and abs(number - self._number) > 1:  # an offset forgotten
            found += (Contradiction(Conflict.OTHER_CHARGER, number, self._number),)
        if self._energy is not None:
            energy = int(self._energy / UJ_PER_MWH)
            if abs(told - energy) > max(ENERGY_APART, energy // ENERGY_PART):
                found += (Contradiction(Conflict.ENERGY_APART, told, energy),)
        return found

    def _take_battery(self, battery: BCP, now: float | None) -> None:
        self._battery = None if battery.flaws else battery
        flawed = {flaw.field for flaw in battery.flaws}
        self._battery_voltage = UNTOLD if "max_total_voltage_V" in flawed else battery.max_total_voltage
        self._most_measured = self._battery_voltage + self._battery_voltage // MEASURED
        self._battery_current = UNTOLD if "max_charge_current_A" in flawed else -battery.max_charge_current
        self._cell_voltage = UNTOLD if "max_cell_voltage_V" in flawed else battery.max_cell_voltage or UNTOLD
        self._temperature = UNTOLD if "max_temperature_C" in flawed else battery.max_temperature
        self._start_soc = None if "soc_percent" in flawed else battery.soc

    def _take_vehicle(self, vehicle: BRM, now: float | None) -> None:
        self._vehicle = vehicle

    def _take_limits(self, limits: CML, now: float | None) -> None:
        told = limits.max_output_voltage and not limits.flaws  # simulators send zeros
        self._charger = limits if told else None
        self._charger_voltage = limits.max_output_voltage if told else UNTOLD
        self._charger_current = -limits.max_output_current if told else UNTOLD
        self._energy = 0.0 if self._reported is None else None  # after a reconnection nobody knows what CSD counts

    def _take_status(self, status: BCS | BCS2011, now: float | None) -> None:
        if status.soc <= FULL:
            self._status = status
            self._lowest_soc = status.soc - SOC_FALL
            self._start_soc = None

    def _take_output(self, output: CCS, now: float | None) -> None:
        voltage, current = output.output_voltage, -output.output_current
        sound = not output.flaws
        flows = sound and current >= DELIVERING and output.charging_permitted != Permission.PAUSED
        self._delivered = voltage if flows else None
        if now is None or not sound:
            self._energy = None
        elif self._energy is not None:
            if self._reported is not None:
                passed = now - self._reported
                self._energy = self._energy + self._power * passed if 0 <= passed <= LONGEST_GAP else None
            self._reported, self._power = now, voltage * current

    def _take_number(self, message: CRM | CRM2011, now: float | None) -> None:
        number = message.charger_number
        self._number = None if isinstance(message, CRM2011) and number == NO_OLD_NUMBER else number


def _judge_soc(battery: int, status: int) -> tuple[Contradiction, ...]:
    if abs(battery - status) > SURE_SOC and abs(battery * WHOLE - status) <= WHOLE:
        return (Contradiction(Conflict.WHOLE_PERCENTS, battery, status),)
    if abs(battery - status) > SOC_AT_START:
        return (Contradiction(Conflict.SOC_APART, battery, status),)
    return NONE


def _judge_range(battery: BCP, limits: CML) -> tuple[Contradiction, ...]:
    voltage, highest, lowest = battery.battery_voltage, limits.max_output_voltage, limits.min_output_voltage
    if highest and voltage > highest:
        return (Contradiction(Conflict.BATTERY_ABOVE_CHARGER, voltage, highest),)
    if highest and voltage < lowest <= highest:
        return (Contradiction(Conflict.BATTERY_BELOW_CHARGER, voltage, lowest),)
    return NONE


JUDGES: dict[type[Message], Callable[[Session, Any], tuple[Contradiction, ...]]] = {
    BCP: Session._judge_battery,
    CML: Session._judge_limits,
    BCL: Session._judge_demand,
    BCS: Session._judge_status,
    BCS2011: Session._judge_status,
    CCS: Session._judge_output,
    BSM: Session._judge_state,
    BSD: Session._judge_end,
    CSD: Session._judge_result,
    CSD2011: Session._judge_result,
}

TAKEN: dict[type[Message], Callable[[Session, Any, float | None], None]] = {
    CRM: Session._take_number,
    CRM2011: Session._take_number,
    BRM: Session._take_vehicle,
    BCP: Session._take_battery,
    CML: Session._take_limits,
    BCS: Session._take_status,
    BCS2011: Session._take_status,
    CCS: Session._take_output,
}
