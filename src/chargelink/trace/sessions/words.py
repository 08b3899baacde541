"""Sessions in words, in both languages: phases, sides, causes."""

from collections.abc import Sequence

from chargelink.cli.language import Text
from chargelink.trace.gbt27930.names import CHINESE, ENGLISH
from chargelink.trace.sessions.model import Phase, Side

PHASES = {
    Phase.UNKNOWN: Text("unknown", "未知"),
    Phase.HANDSHAKE: Text("handshake", "握手"),
    Phase.INSULATION: Text("insulation test", "绝缘检测"),
    Phase.RECOGNITION: Text("recognition", "辨识"),
    Phase.PARAMETERS: Text("parameters", "参数配置"),
    Phase.PREPARING: Text("preparing", "充电准备"),
    Phase.CHARGING: Text("charging", "充电"),
    Phase.PAUSED: Text("paused", "暂停"),
    Phase.STOPPING: Text("stopping", "中止"),
    Phase.ERROR: Text("error", "错误"),
    Phase.STATISTICS: Text("statistics", "统计"),
}
SIDES = {
    Side.CHARGER: Text("the charger", "充电机"),
    Side.VEHICLE: Text("the vehicle", "车辆"),
    Side.BUS: Text("the bus or the plug", "总线或插头"),
    Side.NOBODY: Text("nobody", "无责任方"),
    Side.UNKNOWN: Text("not to be told", "无法判断"),
}
CURVES = {
    "soc": Text("SOC", "SOC"),
    "demand_voltage": Text("voltage demanded", "需求电压"),
    "demand_current": Text("current demanded", "需求电流"),
    "output_voltage": Text("voltage given", "输出电压"),
    "output_current": Text("current given", "输出电流"),
    "battery_voltage": Text("voltage at the battery", "电池侧电压"),
    "battery_current": Text("current at the battery", "电池侧电流"),
    "highest_cell": Text("highest cell", "最高单体电压"),
    "highest_temperature": Text("highest temperature", "最高温度"),
    "lowest_temperature": Text("lowest temperature", "最低温度"),
}
OWN_ENGLISH = {"pause over": "paused for 10 minutes", "": "an old stop"}
OWN_CHINESE = {"pause over": "暂停满 10 分钟", "": "残留的中止"}


def cause_names(causes: Sequence[str]) -> Text:
    """Fields of CST, BST, CEM, BEM or BSM as people call them."""
    english = [OWN_ENGLISH.get(cause) or ENGLISH.get(cause) or cause.replace("_", " ") for cause in causes]
    chinese = [OWN_CHINESE.get(cause) or CHINESE.get(cause, cause) for cause in causes]
    return Text(", ".join(english), "、".join(chinese))
