"""What each field of CST and BST means for the question whose fault it was (GB/T 27930-2015, table 5; annex C)."""

from typing import NamedTuple

from chargelink.cli.language import Text
from chargelink.trace.sessions.model import Side


class Meaning(NamedTuple):
    """Whose doing, in words, and what to do now."""

    whose: Side
    text: Text
    remedy: Text


NOTHING_TO_DO = Text("nothing to do", "无需处理")
CHARGER_SERVICE = Text("read the charger's own fault log of this minute", "查看充电机该时刻的故障记录")
VEHICLE_SERVICE = Text("have the vehicle's BMS read out", "用诊断仪读取车辆 BMS 故障")
CONNECTOR = Text(
    "look at the contacts of plug and inlet for dirt, burns and play; try another gun",
    "检查充电枪和插座触头是否脏污、烧蚀、松动；换枪再试",
)
COOLING = Text("check fans, filters and air paths of the charger", "检查充电机风扇、滤网和风道")

MATCH = Text(
    "compare what the battery takes (BCP) with what the charger gives (CML)",
    "对比电池允许值 (BCP) 与充电机输出能力 (CML)",
)

C, V, N = Side.CHARGER, Side.VEHICLE, Side.NOBODY

CST: dict[str, Meaning] = {
    "emergency_stop": Meaning(
        N,
        Text("somebody pressed the emergency stop of the charger", "充电机急停按钮被按下"),
        Text("find out why it was pressed, release it", "查明按下原因并复位急停按钮"),
    ),
    "charger_overtemp": Meaning(C, Text("the charger was too hot", "充电机过温"), COOLING),
    "charger_internal_overtemp": Meaning(C, Text("the charger was too hot inside", "充电机内部过温"), COOLING),
    "connector_fault": Meaning(
        C,
        Text(
            "the charger saw a fault of the connector",
            "充电机检测到充电连接器故障",
        ),
        CONNECTOR,
    ),
    "energy_not_deliverable": Meaning(
        C, Text("the charger could not deliver the energy", "充电机无法传送所需电量"), CHARGER_SERVICE
    ),
    "self_check_fault": Meaning(C, Text("the charger failed its self-check", "充电机自检故障"), CHARGER_SERVICE),
    "pre_charge_fault": Meaning(
        C,
        Text("the charger's pre-charge failed", "充电机预充故障"),
        Text(
            "compare the battery voltage of BCP with the first output voltages of CCS; check contactors and pre-charge",
            "对比 BCP 电池电压与 CCS 起始输出电压；检查接触器和预充回路",
        ),
    ),
    "charge_parameters_mismatch": Meaning(
        C, Text("the charger found that the parameters do not match", "充电机判定充电参数不匹配"), MATCH
    ),
    "current_mismatch": Meaning(
        C,
        Text("the charger's current did not match the demand", "充电机电流与需求不匹配"),
        Text(
            "compare the demand (BCL) with the output (CCS) in the curves; check the power modules",
            "对比曲线中的需求 (BCL) 与输出 (CCS)；检查功率模块",
        ),
    ),
    "voltage_abnormal": Meaning(
        C, Text("the charger found its voltage abnormal", "充电机检测到电压异常"), CHARGER_SERVICE
    ),
    "other_fault": Meaning(C, Text("the charger had a fault of its own", "充电机其他故障"), CHARGER_SERVICE),
    "fault_stop": Meaning(C, Text("the charger stopped for a fault of its own", "充电机故障中止"), CHARGER_SERVICE),
    "manual_stop": Meaning(N, Text("somebody ended the charge at the charger", "在充电机上人工中止"), NOTHING_TO_DO),
    "charger_condition_reached": Meaning(
        N,
        Text("what was set at the charger was reached (time, energy, money)", "达到充电机设定条件（时间、电量或金额）"),
        NOTHING_TO_DO,
    ),
    "bms_stopped": Meaning(
        V,
        Text(
            "the charger followed a stop of the vehicle that is not on the recording",
            "充电机响应车辆中止，但记录中没有 BST",
        ),
        VEHICLE_SERVICE,
    ),
}

BST: dict[str, Meaning] = {
    "insulation_fault": Meaning(
        V,
        Text("the vehicle measured an insulation fault", "车辆检测到绝缘故障"),
        Text(
            "measure the insulation of vehicle and charger apart; try the vehicle at another charger",
            "分别测量车辆和充电机的绝缘电阻；换桩再试",
        ),
    ),
    "output_connector_overtemp": Meaning(V, Text("the connector was too hot", "输出连接器过温"), CONNECTOR),
    "bms_component_or_connector_overtemp": Meaning(
        V, Text("a component of the BMS or the connector was too hot", "BMS 元件或输出连接器过温"), CONNECTOR
    ),
    "charge_connector_fault": Meaning(
        V,
        Text(
            "the vehicle saw a fault of the connector",
            "车辆检测到充电连接器故障",
        ),
        CONNECTOR,
    ),
    "battery_overtemp": Meaning(
        V,
        Text("the battery was too hot", "电池组温度过高"),
        Text("let it cool down; check the cooling of the battery", "待电池降温；检查电池热管理"),
    ),
    "hv_relay_fault": Meaning(
        V,
        Text(
            "a high voltage relay of the vehicle failed",
            "车辆高压继电器故障",
        ),
        VEHICLE_SERVICE,
    ),
    "check_point2_voltage_fault": Meaning(
        V,
        Text("the voltage at check point 2 (CC2) was wrong", "检测点 2 (CC2) 电压异常"),
        Text(
            "check whether the plug is fully in and locked; measure CC2 on both sides",
            "检查枪头是否插到位、锁止；测量两侧 CC2",
        ),
    ),
    "other_fault": Meaning(V, Text("the vehicle had a fault that it does not name", "车辆其他故障"), VEHICLE_SERVICE),
    "charge_parameters_mismatch": Meaning(
        V, Text("the vehicle found that the parameters do not match", "车辆判定充电参数不匹配"), MATCH
    ),
    "current_excess": Meaning(
        V,
        Text(
            "the vehicle says the current was above its demand, but CCS never was",
            "车辆报电流超过需求，但 CCS 从未超过",
        ),
        Text(
            "compare the battery's current (BCS) with the output (CCS) in the curves: one of the two measures wrong",
            "对比曲线中的电池电流 (BCS) 与输出 (CCS)：其中一方测量有误",
        ),
    ),
    "voltage_abnormal": Meaning(
        V,
        Text(
            "the vehicle says the voltage was abnormal, but CCS kept to the demand",
            "车辆报电压异常，但 CCS 未超过需求",
        ),
        Text(
            "compare the battery's voltage (BCS) with the output (CCS) in the curves",
            "对比曲线中的电池电压 (BCS) 与输出 (CCS)",
        ),
    ),
    "soc_target_reached": Meaning(N, Text("the battery reached its SOC target", "电池达到目标 SOC"), NOTHING_TO_DO),
    "total_voltage_reached": Meaning(
        N,
        Text(
            "the battery reached its total voltage",
            "电池达到总电压设定值",
        ),
        NOTHING_TO_DO,
    ),
    "cell_voltage_reached": Meaning(
        N,
        Text("a cell reached its voltage limit", "单体电压达到设定值"),
        Text(
            "if that was long before the SOC target, have the cells balanced",
            "若远未到目标 SOC，请检查单体一致性并均衡",
        ),
    ),
    "charger_stopped": Meaning(
        C,
        Text(
            "the vehicle followed a stop of the charger that is not on the recording",
            "车辆响应充电机中止，但记录中没有 CST",
        ),
        CHARGER_SERVICE,
    ),
}

MEANINGS = {"CST": CST, "BST": BST}


def decisive_cause(message: str, causes: tuple[str, ...]) -> str:
    """Of the causes that a stop raised, the one that says most: faults stand before what is orderly."""
    return next((cause for cause in MEANINGS.get(message, {}) if cause in causes), "")
