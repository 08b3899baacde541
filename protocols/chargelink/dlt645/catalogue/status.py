"""The seven status words of a meter, 04000501..507 (DL/T 645-2007, appendix C)."""

from chargelink.dlt645.forms import Bits, Field

STATUS_1 = Bits(
    2,
    (
        Field(0, "external_switch_mode", "外置开关控制方式"),
        Field(1, "demand_mode_sliding", "需量积算方式"),
        Field(2, "clock_battery_low", "时钟电池欠压"),
        Field(3, "backup_battery_low", "停电抄表电池欠压"),
        Field(4, "active_reverse", "有功功率反向"),
        Field(5, "reactive_reverse", "无功功率反向"),
    ),
)
STATUS_2 = Bits(
    2,
    (
        Field(0, "active_reverse_a", "A相有功反向"),
        Field(1, "active_reverse_b", "B相有功反向"),
        Field(2, "active_reverse_c", "C相有功反向"),
        Field(4, "reactive_reverse_a", "A相无功反向"),
        Field(5, "reactive_reverse_b", "B相无功反向"),
        Field(6, "reactive_reverse_c", "C相无功反向"),
    ),
)
STATUS_3 = Bits(
    2,
    (
        Field(0, "second_slot_set", "当前运行时段为第二套"),
        Field(1, "power_supply", "供电方式", 2, ("main", "auxiliary", "battery")),
        Field(3, "programming_allowed", "编程允许"),
        Field(4, "relay_open", "继电器断开"),
        Field(5, "second_zone_set", "当前运行时区为第二套"),
        Field(6, "relay_command_trip", "继电器命令为跳闸"),
        Field(7, "pre_trip_alarm", "预跳闸报警"),
        Field(8, "meter_type", "电能表类型", 2, ("plain", "prepaid_energy", "prepaid_money")),
        Field(10, "second_price_set", "当前运行费率电价为第二套"),
        Field(11, "second_step_set", "当前阶梯为第二套"),
    ),
)
STATUS_PHASE = Bits(
    2,
    (
        Field(0, "voltage_loss", "失压"),
        Field(1, "under_voltage", "欠压"),
        Field(2, "over_voltage", "过压"),
        Field(3, "current_loss", "失流"),
        Field(4, "over_current", "过流"),
        Field(5, "overload", "过载"),
        Field(6, "reverse_flow", "潮流反向"),
        Field(7, "phase_break", "断相"),
        Field(8, "current_break", "断流"),
    ),
)
STATUS_7 = Bits(
    2,
    (
        Field(0, "voltage_reverse_sequence", "电压逆相序"),
        Field(1, "current_reverse_sequence", "电流逆相序"),
        Field(2, "voltage_unbalance", "电压不平衡"),
        Field(3, "current_unbalance", "电流不平衡"),
        Field(4, "auxiliary_supply_lost", "辅助电源失电"),
        Field(5, "power_down", "掉电"),
        Field(6, "demand_over_limit", "需量超限"),
        Field(7, "power_factor_low", "总功率因数超下限"),
        Field(8, "current_unbalance_severe", "电流严重不平衡"),
    ),
)
