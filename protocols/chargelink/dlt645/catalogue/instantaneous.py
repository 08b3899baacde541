"""Class 02, what is measured now (DL/T 645-2007, table A.3). DC meters use the same identifiers with phase A."""

from chargelink.dlt645.catalogue.row import Row
from chargelink.dlt645.forms import Hexadecimal, Number
from chargelink.dlt645.forms.unit import (
    AMPERE,
    CELSIUS,
    DEGREE,
    HERTZ,
    KVA,
    KVAR,
    KW,
    MINUTE,
    PERCENT,
    RATIO,
    VOLT,
    Unit,
)

VOLTAGE = Number(2, 1, VOLT)
CURRENT = Number(3, 3, AMPERE, signed=True)
PERCENTAGE = Number(2, 2, PERCENT)


def power(unit: Unit) -> Number:
    """XX.XXXX with sign: at most 79.9999, which large chargers exceed."""
    return Number(3, 4, unit, signed=True)


INSTANTANEOUS = (
    Row("0201{phase}00", "voltage{phase}", "{phase}电压", VOLTAGE),
    Row("0202{phase}00", "current{phase}", "{phase}电流", CURRENT),
    Row("0203{total_or_phase}00", "active_power{total_or_phase}", "瞬时{total_or_phase}有功功率", power(KW)),
    Row("0204{total_or_phase}00", "reactive_power{total_or_phase}", "瞬时{total_or_phase}无功功率", power(KVAR)),
    Row("0205{total_or_phase}00", "apparent_power{total_or_phase}", "瞬时{total_or_phase}视在功率", power(KVA)),
    Row(
        "0206{total_or_phase}00",
        "power_factor{total_or_phase}",
        "{total_or_phase}功率因数",
        Number(2, 3, RATIO, signed=True),
    ),
    Row("0207{phase}00", "phase_angle{phase}", "{phase}相角", Number(2, 1, DEGREE)),
    Row("0208{phase}00", "voltage_distortion{phase}", "{phase}电压波形失真度", PERCENTAGE),
    Row("0209{phase}00", "current_distortion{phase}", "{phase}电流波形失真度", PERCENTAGE),
    Row("020A{phase}{harmonic}", "voltage_harmonic{phase}{harmonic}", "{phase}电压{harmonic}谐波含量", PERCENTAGE),
    Row("020B{phase}{harmonic}", "current_harmonic{phase}{harmonic}", "{phase}电流{harmonic}谐波含量", PERCENTAGE),
    Row("020C{line}00", "line_voltage{line}", "{line}线电压", VOLTAGE),
    Row("02800001", "neutral_current", "零线电流", CURRENT),
    Row("02800002", "frequency", "电网频率", Number(2, 2, HERTZ)),
    Row("02800003", "mean_active_power", "一分钟有功总平均功率", power(KW)),
    Row("02800004", "active_demand", "当前有功需量", power(KW)),
    Row("02800005", "reactive_demand", "当前无功需量", power(KVAR)),
    Row("02800006", "apparent_demand", "当前视在需量", power(KVA)),
    Row("02800007", "temperature", "表内温度", Number(2, 1, CELSIUS, signed=True)),
    Row("02800008", "clock_battery_voltage", "时钟电池电压", Number(2, 2, VOLT)),
    Row("02800009", "backup_battery_voltage", "停电抄表电池电压", Number(2, 2, VOLT)),
    Row("0280000A", "battery_working_time", "内部电池工作时间", Number(4, 0, MINUTE)),
    Row("02810001", "present_tariff_state", "当前费率、时段、日时段表、时区", Hexadecimal(4)),
)
