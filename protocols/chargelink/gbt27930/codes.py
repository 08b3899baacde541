"""The codes of GB/T 27930-2015 in words, English and Chinese."""

from typing import Annotated

from chargelink.wire import Coded, bits, u8, u16


class Recognition(Coded):
    """SPN 2560: has the charger recognised the BMS?"""

    NOT_RECOGNISED = 0x00, "0x00", "不能识别"
    RECOGNISED = 0xAA, "0xAA", "能识别"


class Ready(Coded):
    """SPN 2829, SPN 2830: is the BMS, is the charger ready to charge?"""

    NOT_READY = 0x00, "0x00 not ready", "未准备好"
    READY = 0xAA, "0xAA ready", "准备就绪"
    INVALID = 0xFF, "0xFF invalid", "无效"


class BatteryType(Coded):
    """SPN 2566."""

    LEAD_ACID = 0x01, "lead-acid", "铅酸电池"
    NIMH = 0x02, "NiMH", "镍氢电池"
    LIFEPO4 = 0x03, "LiFePO4", "磷酸铁锂电池"
    LIMN2O4 = 0x04, "LiMn2O4", "锰酸锂电池"
    LICOO2 = 0x05, "LiCoO2", "钴酸锂电池"
    TERNARY = 0x06, "ternary lithium", "三元材料电池"
    POLYMER = 0x07, "polymer lithium-ion", "聚合物锂离子电池"
    LTO = 0x08, "LTO", "钛酸锂电池"
    OTHER = 0xFF, "other", "其他电池"


class Ownership(Coded):
    """SPN 2573: who owns the battery?"""

    LEASED = 0, "leased", "租赁"
    OWNED = 1, "owned", "车自有"


class ChargeMode(Coded):
    """SPN 3074."""

    CONSTANT_VOLTAGE = 1, "CV", "恒压充电"
    CONSTANT_CURRENT = 2, "CC", "恒流充电"


class Permission(Coded):
    """SPN 3929: does the charger permit charging?"""

    PAUSED = 0, "00 paused", "暂停"
    PERMITTED = 1, "01 permitted", "允许"


class ChargePermission(Coded):
    """SPN 3096: does the BMS permit charging?"""

    FORBIDDEN = 0, "00 forbidden", "禁止"
    PERMITTED = 1, "01 permitted", "允许"


class Level(Coded):
    """SPN 3090, SPN 3091: these two know no "untrusted"; 10 means too low."""

    NORMAL = 0, "normal", "正常"
    TOO_HIGH = 1, "too high", "过高"
    TOO_LOW = 2, "too low", "过低"


class Excess(Coded):
    """SPN 3092, SPN 3093."""

    NORMAL = 0, "normal", "正常"
    OVER = 1, "over", "超限"
    UNTRUSTED = 2, "untrusted", "不可信"


class Health(Coded):
    """SPN 3094, SPN 3095."""

    NORMAL = 0, "normal", "正常"
    ABNORMAL = 1, "abnormal", "不正常"
    UNTRUSTED = 2, "untrusted", "不可信"


NORMAL, REACHED, UNTRUSTED = 0, 1, 2  # the values of `Cause` and of `Timeout`

# Quantities that several messages share.
Voltage = Annotated[int, u16(100, unit="mV", high=1_500_000)]
Current = Annotated[int, u16(100, offset=-400_000, unit="mA", high=100_000)]
ChargeCurrent = Annotated[int, u16(100, offset=-400_000, unit="mA", high=0)]
CellVoltage = Annotated[int, u16(10, unit="mV", high=24_000)]
Temperature = Annotated[int, u8(10, offset=-500, unit="0.1 °C", low=-500, high=2000)]
Minutes = Annotated[int, u16(unit="min", high=600)]
Percent = Annotated[int, u8(10, unit="0.1 %", high=1000)]
State = Annotated[int, bits(2, high=2)]  # 00 normal, 01 reached or faulty, 10 untrusted
LaterState = Annotated[int | None, bits(2, high=2)]  # the same; undefined, so ones, before the edition of 2023
