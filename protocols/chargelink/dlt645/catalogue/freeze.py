"""Class 05, freezes: registers as they stood at a moment, n freezes back (DL/T 645-2007, table A.6).

What daily, monthly and ladder freezes have at 06 and 07 differs among editions and supplements. The data of one
identifier holds the total and then as many tariffs as the meter has.
"""

from chargelink.dlt645.catalogue.energy import QUANTITIES, demand, energy
from chargelink.dlt645.catalogue.instantaneous import power
from chargelink.dlt645.catalogue.row import Row
from chargelink.dlt645.forms import Moment, Record
from chargelink.dlt645.forms.unit import KVAR, KW

KINDS = (
    (0x00, "定时冻结"),
    (0x01, "瞬时冻结"),
    (0x02, "两套时区表切换冻结"),
    (0x03, "两套日时段表切换冻结"),
    (0x06, "日冻结"),
    (0x07, "阶梯或月冻结"),
)
REGISTERS = QUANTITIES[1:9]  # forward active to the fourth quadrant, at 01..08
POWERS = Record(
    tuple(
        (f"{name}{phase}", power(unit))
        for name, unit in (("active_power", KW), ("reactive_power", KVAR))
        for phase in ("_total", "_a", "_b", "_c")
    )
)


def frozen(kind: int, chinese: str) -> tuple[Row, ...]:
    """The identifiers of one kind of freeze."""
    page = f"05{kind:02X}"
    return (
        Row(f"{page}00{{back}}", "freeze_time", f"{{back}}{chinese}时间", Moment("YYMMDDhhmm")),
        *(
            Row(
                f"{page}{code:02X}{{back}}",
                f"freeze_{name}_energy",
                f"{{back}}{chinese}{register}电能",
                energy(unit, signed),
                repeats="tariff",
            )
            for code, name, register, unit, _, signed in REGISTERS
        ),
        *(
            Row(
                f"{page}{code:02X}{{back}}",
                f"freeze_{name}_max_demand",
                f"{{back}}{chinese}{register}最大需量及发生时间",
                demand(KW),
                repeats="tariff",
            )
            for code, name, register in ((0x09, "forward_active", "正向有功"), (0x0A, "reverse_active", "反向有功"))
        ),
        Row(f"{page}10{{back}}", "freeze_powers", f"{{back}}{chinese}变量数据", POWERS),
    )


HOURLY = (
    Row("050400{back}", "freeze_time", "{back}整点冻结时间", Moment("YYMMDDhhmm")),
    Row("050401{back}", "freeze_forward_active_energy", "{back}整点冻结正向有功总电能", energy()),
    Row("050402{back}", "freeze_reverse_active_energy", "{back}整点冻结反向有功总电能", energy()),
    Row(
        "0504FF{back}",
        "freeze_block",
        "{back}整点冻结数据块",
        energy(),
        block=("050400{back}", "050401{back}", "050402{back}"),
    ),
)

FREEZE = (*(row for kind, chinese in KINDS for row in frozen(kind, chinese)), *HOURLY)
