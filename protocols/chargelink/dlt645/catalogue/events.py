"""Class 03, events, with State Grid's trip and close records (DL/T 645-2007, table A.4).

A count stands at 00, the last records at 01..0A. Times are those of the meter, energies as in class 00.
"""

from chargelink.dlt645.catalogue.energy import demand, energy
from chargelink.dlt645.catalogue.row import Row
from chargelink.dlt645.forms import Form, Hexadecimal, Moment, Number, Opaque, Record
from chargelink.dlt645.forms.unit import AMPERE, KVAR, KVARH, KW, MINUTE, TIMES

TIME = Moment("YYMMDDhhmmss")
COUNT = Number(3, 0, TIMES)
OPERATOR = Hexadecimal(4)
SPAN = Record((("start", TIME), ("end", TIME)))
COUNT_AND_MINUTES = Record((("value", COUNT), ("duration", Number(3, 0, MINUTE))))
IDENTIFIER = Hexadecimal(4)
IDENTIFIER_LIST = tuple((f"identifier_{number}", IDENTIFIER) for number in range(1, 11))

SIX_ENERGIES = (
    ("forward_active", energy()),
    ("reverse_active", energy()),
    *((f"quadrant_{quadrant}_reactive", energy(KVARH)) for quadrant in range(1, 5)),
)
BEFORE_AND_AFTER = tuple((f"{name}_{when}", form) for when in ("before", "after") for name, form in SIX_ENERGIES)
TWENTY_FOUR_ENERGIES = tuple(
    (f"{name}{phase}", form) for phase in ("", "_a", "_b", "_c") for name, form in SIX_ENERGIES
)
TWENTY_FOUR_DEMANDS = tuple(
    (f"{name}{phase}", demand(KVAR if "reactive" in name else KW))
    for phase in ("", "_a", "_b", "_c")
    for name, _ in SIX_ENERGIES
)


def counted(pattern: str, name: str, chinese: str, record: Form, count: Form = COUNT) -> tuple[Row, Row]:
    """An event's count at 00 and its last ten records; `pattern` lacks the last two digits."""
    return (
        Row(f"{pattern}00", f"{name}_count", f"{chinese}总次数", count),
        Row(f"{pattern}{{record}}", f"{name}_record{{record}}", f"{{record}}{chinese}记录", record),
    )


PER_PHASE = Record(
    tuple(
        (f"{what}_{phase}", form)
        for phase in "abc"
        for what, form in (("count", COUNT), ("duration", Number(3, 0, MINUTE)))
    )
)


def phased(code: str, name: str, chinese: str) -> tuple[Row, Row]:
    """An event that each phase has for itself; the layout of its long record differs among meters."""
    return (
        Row(f"03{code}0000", f"{name}_counts", f"A、B、C相{chinese}总次数及总累计时间", PER_PHASE),
        Row(
            f"03{code}{{phase}}{{record}}",
            f"{name}_record{{phase}}{{record}}",
            f"{{record}}{{phase}}{chinese}记录",
            Opaque(),
        ),
    )


EVENTS = (
    *phased("01", "voltage_loss", "失压"),
    *phased("02", "under_voltage", "欠压"),
    *phased("03", "over_voltage", "过压"),
    *phased("04", "phase_break", "断相"),
    *counted(
        "030500",
        "total_voltage_loss",
        "全失压",
        Record((("start", TIME), ("current", Number(3, 3, AMPERE)), ("end", TIME))),
        COUNT_AND_MINUTES,
    ),
    *counted("030600", "auxiliary_supply_loss", "辅助电源失电", SPAN, COUNT_AND_MINUTES),
    *phased("0B", "current_loss", "失流"),
    *phased("0C", "over_current", "过流"),
    *phased("0D", "current_break", "断流"),
    *counted("031100", "power_down", "掉电", SPAN),
    *counted("033000", "programming", "编程", Record((("time", TIME), ("operator", OPERATOR), *IDENTIFIER_LIST))),
    *counted(
        "033001", "meter_clear", "电表清零", Record((("time", TIME), ("operator", OPERATOR), *TWENTY_FOUR_ENERGIES))
    ),
    *counted(
        "033002", "demand_clear", "需量清零", Record((("time", TIME), ("operator", OPERATOR), *TWENTY_FOUR_DEMANDS))
    ),
    *counted(
        "033003",
        "event_clear",
        "事件清零",
        Record((("time", TIME), ("operator", OPERATOR), ("identifier", IDENTIFIER))),
    ),
    *counted("033004", "time_set", "校时", Record((("operator", OPERATOR), ("before", TIME), ("after", TIME)))),
    *counted("033005", "day_table_programming", "时段表编程", Opaque()),
    *counted("033006", "zone_table_programming", "时区表编程", Opaque()),
    *counted("033007", "weekend_programming", "周休日编程", Opaque()),
    *counted("033008", "holiday_programming", "节假日编程", Opaque()),
    *counted("033009", "active_combination_programming", "有功组合方式编程", Opaque()),
    *counted("03300A", "reactive_combination_1_programming", "无功组合方式1编程", Opaque()),
    *counted("03300B", "reactive_combination_2_programming", "无功组合方式2编程", Opaque()),
    *counted("03300C", "settlement_day_programming", "结算日编程", Opaque()),
    *counted("03300D", "cover_open", "开表盖", Record((("start", TIME), ("end", TIME), *BEFORE_AND_AFTER))),
    *counted("03300E", "terminal_cover_open", "开端钮盒", Record((("start", TIME), ("end", TIME), *BEFORE_AND_AFTER))),
)

SWITCHING = tuple(
    row
    for code, name, chinese in (("1D", "trip", "跳闸"), ("1E", "close", "合闸"))
    for row in (
        Row(f"{code}000001", f"{name}_count", f"{chinese}次数", COUNT),
        Row(
            f"{code}0001{{record}}",
            f"{name}_record{{record}}",
            f"{{record}}{chinese}记录",
            Record((("time", TIME), ("operator", OPERATOR), *SIX_ENERGIES)),
        ),
    )
)
