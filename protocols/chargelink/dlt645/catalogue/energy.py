"""Class 00, energy, and class 01, maximum demand (DL/T 645-2007, tables A.1 and A.2).

The second byte says which quantity, the same in both classes; the third the tariff, the last the settlement day.
"""

from chargelink.dlt645.catalogue.row import Row
from chargelink.dlt645.forms import Moment, Number, Record
from chargelink.dlt645.forms.unit import KVA, KVAH, KVAR, KVARH, KW, KWH, YUAN, Unit

QUANTITIES = (
    # DI2, name, Chinese, unit of energy, unit of demand, signed
    (0x00, "combined_active", "组合有功", KWH, None, True),
    (0x01, "forward_active", "正向有功", KWH, KW, False),
    (0x02, "reverse_active", "反向有功", KWH, KW, False),
    (0x03, "combined_reactive_1", "组合无功1", KVARH, KVAR, True),
    (0x04, "combined_reactive_2", "组合无功2", KVARH, KVAR, True),
    (0x05, "quadrant_1_reactive", "第一象限无功", KVARH, KVAR, False),
    (0x06, "quadrant_2_reactive", "第二象限无功", KVARH, KVAR, False),
    (0x07, "quadrant_3_reactive", "第三象限无功", KVARH, KVAR, False),
    (0x08, "quadrant_4_reactive", "第四象限无功", KVARH, KVAR, False),
    (0x09, "forward_apparent", "正向视在", KVAH, KVA, False),
    (0x0A, "reverse_apparent", "反向视在", KVAH, KVA, False),
)
LOSSES = (
    (0x80, "associated", "关联"),
    (0x81, "forward_active_fundamental", "正向有功基波"),
    (0x82, "reverse_active_fundamental", "反向有功基波"),
    (0x83, "forward_active_harmonic", "正向有功谐波"),
    (0x84, "reverse_active_harmonic", "反向有功谐波"),
    (0x85, "copper_loss", "铜损有功补偿"),
    (0x86, "iron_loss", "铁损有功补偿"),
)
PHASE_OFFSETS = ((0x14, "_a", "A相"), (0x28, "_b", "B相"), (0x3C, "_c", "C相"))  # added to DI2


def energy(unit: Unit = KWH, signed: bool = False) -> Number:
    """XXXXXX.XX, 4 bytes."""
    return Number(4, 2, unit, signed)


def demand(unit: Unit, signed: bool = False) -> Record:
    """XX.XXXX and the time of its occurrence, 3 + 5 bytes."""
    return Record((("value", Number(3, 4, unit, signed)), ("time", Moment("YYMMDDhhmm"))))


PRECISE_ENERGY = Number(5, 4, KWH)

ENERGY = (
    *(
        Row(
            f"00{code:02X}{{tariff}}{{settlement}}",
            f"{name}_energy{{tariff}}{{settlement}}",
            f"{{settlement}}{chinese}{{tariff}}电能",
            energy(unit, signed),
        )
        for code, name, chinese, unit, _, signed in QUANTITIES
    ),
    *(
        Row(
            f"00{code + offset:02X}00{{settlement}}",
            f"{name}_energy{suffix}{{settlement}}",
            f"{{settlement}}{phase}{chinese}电能",
            energy(unit, signed),
        )
        for offset, suffix, phase in PHASE_OFFSETS
        for code, name, chinese, unit, _, signed in QUANTITIES[1:]
    ),
    *(
        Row(
            f"00{code + offset:02X}00{{settlement}}",
            f"{name}_energy{suffix}{{settlement}}",
            f"{{settlement}}{phase}{chinese}电能",
            energy(),
        )
        for offset, suffix, phase in ((0, "", ""), *PHASE_OFFSETS)
        for code, name, chinese in LOSSES
    ),
    Row("000B0000", "energy_this_period", "当前结算周期组合有功总累计用电量", energy()),
    Row("000B0001", "energy_last_period", "上1结算周期组合有功总累计用电量", energy()),
)

PRECISE = (
    # State Grid's supplement no. 4 (2014): four decimals, what a charging bill needs.
    Row("0060{tariff}00", "precise_forward_active_energy{tariff}", "高精度正向有功{tariff}电能", PRECISE_ENERGY),
    Row("0061{tariff}00", "precise_reverse_active_energy{tariff}", "高精度反向有功{tariff}电能", PRECISE_ENERGY),
    Row(
        "006000FF",
        "precise_forward_active_energy",
        "高精度正向有功电能",
        PRECISE_ENERGY,
        repeats="tariff",
    ),
    Row(
        "006100FF",
        "precise_reverse_active_energy",
        "高精度反向有功电能",
        PRECISE_ENERGY,
        repeats="tariff",
    ),
)

PREPAID = (
    Row("00900100", "remaining_energy", "剩余电量", energy()),
    Row("00900101", "overdraft_energy", "透支电量", energy()),
    Row("00900200", "remaining_money", "剩余金额", energy(YUAN)),
    Row("00900201", "overdraft_money", "透支金额", energy(YUAN)),
)

DEMAND = (
    *(
        Row(
            f"01{code:02X}{{tariff}}{{settlement}}",
            f"{name}_max_demand{{tariff}}{{settlement}}",
            f"{{settlement}}{chinese}{{tariff}}最大需量及发生时间",
            demand(unit, signed),
        )
        for code, name, chinese, _, unit, signed in QUANTITIES
        if unit is not None
    ),
    *(
        Row(
            f"01{code + offset:02X}00{{settlement}}",
            f"{name}_max_demand{suffix}{{settlement}}",
            f"{{settlement}}{phase}{chinese}最大需量及发生时间",
            demand(unit, signed),
        )
        for offset, suffix, phase in PHASE_OFFSETS
        for code, name, chinese, _, unit, signed in QUANTITIES
        if unit is not None
    ),
)
