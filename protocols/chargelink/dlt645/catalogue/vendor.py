"""What vendors do differently, as profiles on top of the standard's rows: choose one for a meter that needs it.

Power stops at 79.9999 kW and voltage at 999.9 V in the standard's forms, too little for DC charging.
"""

from chargelink.dlt645.catalogue.row import Row
from chargelink.dlt645.forms import Binary, Number
from chargelink.dlt645.forms.unit import AMPERE, KVA, KVAR, KW, KWH, VOLT

FINE_AMPERE = AMPERE._replace(inner="0.1 mA", parts=10_000)

YADA_DC = (
    # DC meters DCM3366Q and DJS3366 as in charging controllers.
    Row("02000100", "current_a", "直流电流", Number(4, 4, FINE_AMPERE, signed=True)),
    Row("02000200", "voltage_a", "直流电压", Number(4, 3, VOLT)),
    Row("B691", "voltage_a", "直流电压", Number(3, 3, VOLT)),  # the same vendor's meters of the 1997 edition
    Row("B6A1", "current_a", "直流电流", Number(4, 4, FINE_AMPERE, signed=True)),
    Row("00D10000", "precise_forward_active_energy", "正向有功总电能（三位小数）", Binary(4, 3, KWH)),
)

WIDE = (
    # Metering cores of IoT units answer standard identifiers with one byte more.
    Row("0202{phase}00", "current{phase}", "{phase}电流", Number(4, 3, AMPERE, signed=True)),
    *(
        Row(
            f"02{code}{{total_or_phase}}00",
            f"{name}_power{{total_or_phase}}",
            f"瞬时{{total_or_phase}}{chinese}功率",
            Number(4, 4, unit, signed=True),
        )
        for code, name, chinese, unit in (
            ("03", "active", "有功", KW),
            ("04", "reactive", "无功", KVAR),
            ("05", "apparent", "视在", KVA),
        )
    ),
)

PROFILES = {"yada_dc": YADA_DC, "wide": WIDE}
