"""The 1997 edition: identifiers of two bytes, a hexadecimal digit each for month, quantity, tariff or phase.

Quantities that both editions have carry the same name; `modern_identifier` says where the 2007 edition has them.
"""

from chargelink.dlt645.catalogue.axis import AXES
from chargelink.dlt645.catalogue.energy import energy
from chargelink.dlt645.catalogue.row import Access, Row
from chargelink.dlt645.forms import Digits, Moment, Number
from chargelink.dlt645.forms.unit import AMPERE, HERTZ, KVAR, KVARH, KW, KWH, PER_KVARH, PER_KWH, RATIO, VOLT

ENERGY_1997 = tuple(
    Row(pattern + "{rate}", f"{name}_energy{{rate}}{suffix}", f"{suffix}{chinese}{{rate}}电能", energy(unit))
    for pattern, suffix, name, chinese, unit in (
        ("9{month}1", "{month}", "forward_active", "正向有功", KWH),
        ("9{month}2", "{month}", "reverse_active", "反向有功", KWH),
        ("9{odd_month}1", "{odd_month}", "combined_reactive_1", "正向无功", KVARH),
        ("9{odd_month}2", "{odd_month}", "combined_reactive_2", "反向无功", KVARH),
        # The quadrants stand in the order 1, 4, 2, 3.
        ("9{odd_month}3", "{odd_month}", "quadrant_1_reactive", "第一象限无功", KVARH),
        ("9{odd_month}4", "{odd_month}", "quadrant_4_reactive", "第四象限无功", KVARH),
        ("9{odd_month}5", "{odd_month}", "quadrant_2_reactive", "第二象限无功", KVARH),
        ("9{odd_month}6", "{odd_month}", "quadrant_3_reactive", "第三象限无功", KVARH),
    )
)

DEMAND_1997 = (
    Row("A{month}1{rate}", "forward_active_max_demand{rate}{month}", "{month}正向有功{rate}最大需量", Number(3, 4, KW)),
    Row("A{month}2{rate}", "reverse_active_max_demand{rate}{month}", "{month}反向有功{rate}最大需量", Number(3, 4, KW)),
    Row(
        "B{month}1{rate}",
        "forward_active_max_demand_time{rate}{month}",
        "{month}正向有功{rate}最大需量发生时间",
        Moment("MMDDhhmm"),
    ),
    Row(
        "B{month}2{rate}",
        "reverse_active_max_demand_time{rate}{month}",
        "{month}反向有功{rate}最大需量发生时间",
        Moment("MMDDhhmm"),
    ),
)

INSTANTANEOUS_1997 = (
    Row("B61{wire}", "voltage{wire}", "{wire}电压", Number(2, 0, VOLT)),
    Row("B62{wire}", "current{wire}", "{wire}电流", Number(2, 2, AMPERE)),
    Row("B63{total_or_wire}", "active_power{total_or_wire}", "瞬时{total_or_wire}有功功率", Number(3, 4, KW)),
    Row("B64{total_or_wire}", "reactive_power{total_or_wire}", "瞬时{total_or_wire}无功功率", Number(2, 2, KVAR)),
    Row("B65{total_or_wire}", "power_factor{total_or_wire}", "{total_or_wire}功率因数", Number(2, 3, RATIO)),
    Row("B660", "frequency", "电网频率", Number(2, 2, HERTZ)),
)

PARAMETERS_1997 = (
    Row("C010", "date", "日期及星期", Moment("YYMMDDWW"), Access.READ_WRITE),
    Row("C011", "time", "时间", Moment("hhmmss"), Access.READ_WRITE),
    Row("C030", "active_constant", "电表有功常数", Number(3, 0, PER_KWH), Access.READ_WRITE),
    Row("C031", "reactive_constant", "电表无功常数", Number(3, 0, PER_KVARH), Access.READ_WRITE),
    Row("C032", "meter_number", "表号", Digits(6), Access.READ_WRITE),
    Row("C033", "user_number", "用户号", Digits(6), Access.READ_WRITE),
    Row("C034", "device_code", "设备码", Digits(6), Access.READ_WRITE),
)

EDITION_1997 = (*ENERGY_1997, *DEMAND_1997, *INSTANTANEOUS_1997, *PARAMETERS_1997)

MODERN = {  # what the 1997 edition has, and where that of 2007 has it
    "9{month}1{rate}": "0001{rate}{month}",
    "9{month}2{rate}": "0002{rate}{month}",
    "9{odd_month}1{rate}": "0003{rate}{odd_month}",
    "9{odd_month}2{rate}": "0004{rate}{odd_month}",
    "9{odd_month}3{rate}": "0005{rate}{odd_month}",
    "9{odd_month}4{rate}": "0008{rate}{odd_month}",
    "9{odd_month}5{rate}": "0006{rate}{odd_month}",
    "9{odd_month}6{rate}": "0007{rate}{odd_month}",
    "A{month}1{rate}": "0101{rate}{month}",
    "A{month}2{rate}": "0102{rate}{month}",
    "B61{wire}": "0201{wire}00",
    "B62{wire}": "0202{wire}00",
    "B63{total_or_wire}": "0203{total_or_wire}00",
    "B64{total_or_wire}": "0204{total_or_wire}00",
    "B65{total_or_wire}": "0206{total_or_wire}00",
    "B660": "02800002",
    "C010": "04000101",
    "C011": "04000102",
    "C030": "04000409",
    "C031": "0400040A",
    "C032": "04000402",
}
MONTHS = {"0": "00", "4": "01", "8": "02", "1": "00", "5": "01", "9": "02"}


def modern_identifier(identifier: str) -> str | None:
    """The 2007 identifier of what a 1997 one names: 9010 is 00010000, 901F is 0001FF00; None if there is none."""
    for row in EDITION_1997:
        codes = row.codes(identifier)
        modern = MODERN.get(row.pattern)
        if codes is not None and modern is not None:
            return modern.format(**{axis: _modern_code(axis, code) for axis, code in codes.items()})
    return None


def _modern_code(axis: str, code: str) -> str:
    if axis in ("month", "odd_month"):
        return MONTHS[code]
    return "FF" if code == AXES[axis].block else f"0{code}"
