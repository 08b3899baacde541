"""What the page says beside what the sessions say themselves."""

from chargelink.cli.language import Text
from chargelink.trace.sessions.model import EnergySource, Severity, Side

FAULT_OF = {
    Side.CHARGER: Text("The charger's fault", "责任方：充电机"),
    Side.VEHICLE: Text("The vehicle's fault", "责任方：车辆"),
    Side.BUS: Text("The bus or the plug", "责任方：总线或插头"),
    Side.NOBODY: Text("Nobody's fault", "无责任方"),
    Side.UNKNOWN: Text("Not to be told", "无法判断责任方"),
}
DEVICES = {
    Side.CHARGER: Text("charger", "充电机"),
    Side.BUS: Text("bus", "总线"),
    Side.VEHICLE: Text("vehicle", "车辆"),
}
WHAT_NOW = Text("What to do now", "现在怎么办")
STOPPED = Text("Who stopped", "中止方")
CAUSES = Text("All causes reported", "全部上报原因")
TITLE = Text("Charging sessions", "充电过程分析")
SESSION = Text("Session {number}", "第 {number} 次充电")
ONE_SESSION = Text("1 charging session", "1 次充电过程")
SESSIONS = Text("{count} charging sessions", "{count} 次充电过程")
NO_SESSIONS = Text(
    "No charging session to show",
    "没有可显示的充电过程",
)
NO_SESSIONS_WHY = Text(
    "Should there be one? Are both wires of the bus connected, is the recorder set to 250 kbit/s and to 29-bit "
    "identifiers? chargelink decode gbt27930 lists what there is.",
    "请检查总线两根线是否接好，记录仪是否设为 250 kbit/s 和 29 位标识符。chargelink decode gbt27930 可列出记录内容。",
)
NOT_SHOWN = Text(
    "{count} more sessions are not on this page, to keep its size bounded; those without a fault were left out "
    "first; --json has all",
    "另有 {count} 次充电过程未列入本页（限制页面大小，优先略去无故障的）；--json 包含全部",
)
UNREADABLE = Text("{count:,} unreadable lines", "{count:,} 行无法读取")
FRAMES = Text("{count:,} frames", "{count:,} 帧")
BROKEN_OFF = Text("the recording could not be read to its end", "记录未能读取到末尾")
NOT_TIMED = Text(
    "This recording has no time stamps, or they are all the same: no period and no timeout could be judged, "
    "and nothing is drawn over time.",
    "该记录没有时间戳或时间戳全部相同：无法判断周期和超时，也不绘制时间曲线。",
)
NOT_WHOLE = Text("The recording begins in the middle of the session.", "记录从充电过程中间开始。")

START = Text("started", "开始")
LASTED = Text("lasted", "时长")
SOC = Text("SOC", "SOC")
ENERGY = Text("energy", "电量")
EDITION = Text("edition", "标准版本")
VIN = Text("VIN", "VIN")
BATTERY = Text("battery", "电池")
CHINA_TIME = Text("UTC+8", "北京时间")
RECORDERS_CLOCK = Text("of the recorder's clock", "记录仪时钟")
ENERGY_FROM = {
    EnergySource.CSD: Text("said by the charger (CSD)", "充电机统计 (CSD)"),
    EnergySource.CCS: Text("integrated from CCS", "由 CCS 积分"),
    EnergySource.BCS: Text("integrated from BCS", "由 BCS 积分"),
}
TIMES = Text(" ×{count}", " ×{count}")

TIMELINE = Text("Phases", "阶段")
MEASURED = Text("Curves", "曲线")
VIOLATIONS = Text("Violations", "违规项")
NO_VIOLATIONS = Text("Nothing against the standard was seen.", "未发现违反标准之处。")
LIMITS = Text("Limits and counts", "限值与计数")

PLOTS = {
    "soc": Text("State of charge", "荷电状态"),
    "voltage": Text("Voltage", "电压"),
    "current": Text("Current", "电流"),
    "cell": Text("Cell voltage", "单体电压"),
    "temperature": Text("Battery temperature", "电池温度"),
}
CURVES = {
    "soc": Text("SOC (BCS)", "SOC (BCS)"),
    "demand_voltage": Text("demand (BCL)", "需求 (BCL)"),
    "demand_current": Text("demand (BCL)", "需求 (BCL)"),
    "output_voltage": Text("output (CCS)", "输出 (CCS)"),
    "output_current": Text("output (CCS)", "输出 (CCS)"),
    "battery_voltage": Text("battery (BCS)", "电池 (BCS)"),
    "battery_current": Text("battery (BCS)", "电池 (BCS)"),
    "highest_cell": Text("highest cell (BCS)", "最高单体 (BCS)"),
    "highest_temperature": Text("highest (BSM)", "最高 (BSM)"),
    "lowest_temperature": Text("lowest (BSM)", "最低 (BSM)"),
    "max_battery_voltage": Text("the battery's limit", "电池限值"),
    "max_battery_current": Text("the battery's limit", "电池限值"),
    "max_charger_voltage": Text("the charger's limit", "充电机限值"),
    "max_charger_current": Text("the charger's limit", "充电机限值"),
    "max_cell_voltage": Text("limit (BCP)", "限值 (BCP)"),
    "max_temperature": Text("limit (BCP)", "限值 (BCP)"),
}
SEVERITIES = {
    Severity.FAULT: Text("fault", "故障"),
    Severity.VIOLATION: Text("violation", "违规"),
    Severity.REMARK: Text("remark", "提示"),
}
WHOSE = {
    Side.CHARGER: Text("charger", "充电机"),
    Side.VEHICLE: Text("vehicle", "车辆"),
    Side.BUS: Text("bus", "总线"),
    Side.NOBODY: Text("–", "–"),
    Side.UNKNOWN: Text("?", "?"),
}
HEADINGS = (
    Text("what", "内容"),
    Text("whose", "责任方"),
    Text("how often", "次数"),
    Text("when", "时间"),
    Text("clause", "条款"),
)

LIMIT_ROWS = (
    (Text("voltage during the insulation test, at most", "绝缘检测最高电压"), "BHM", "insulation_voltage", "mV"),
    (Text("battery voltage before", "充电前电池电压"), "BCP", "battery_voltage", "mV"),
    (Text("battery takes at most", "电池最高允许电压"), "BCP", "max_battery_voltage", "mV"),
    (Text("battery takes at most", "电池最高允许电流"), "BCP", "max_battery_current", "mA"),
    (Text("cell takes at most", "单体最高允许电压"), "BCP", "max_cell_voltage", "mV"),
    (Text("battery takes at most", "电池最高允许温度"), "BCP", "max_temperature", "0.1 °C"),
    (Text("charger gives at most", "充电机最高输出电压"), "CML", "max_charger_voltage", "mV"),
    (Text("charger gives at least", "充电机最低输出电压"), "CML", "min_charger_voltage", "mV"),
    (Text("charger gives at most", "充电机最大输出电流"), "CML", "max_charger_current", "mA"),
    (Text("charger gives at least", "充电机最小输出电流"), "CML", "min_charger_current", "mA"),
)
COUNTS = {
    "frames": Text("frames of the pair", "双方帧数"),
    "transfers": Text("transfers of long messages", "长报文传输"),
    "retries": Text("transfers asked for again", "传输重试"),
    "aborts": Text("transfers given up", "传输放弃"),
    "incomplete": Text("transfers incomplete", "传输不完整"),
    "lost_charger": Text("frames missing of the charger", "充电机丢帧"),
    "lost_vehicle": Text("frames missing of the vehicle", "车辆丢帧"),
    "reconnections": Text("reconnections", "重新握手"),
    "unreadable": Text("messages too short", "长度不足的报文"),
    "foreign": Text("frames of somebody else", "其他设备的帧"),
    "not_standard": Text("frames that are no 29-bit data frames", "非 29 位数据帧"),
    "bus_errors": Text("error frames", "错误帧"),
}
MESSAGES = Text("messages", "报文")
SAID_LIMITS = Text("what each side said it can", "双方声明的能力")
COUNTED = Text("counted", "计数")
OTHER_LANGUAGE = Text("中文", "English")
MADE_BY = Text(
    "Made by chargelink trace. Times are seconds since the session began; move over a curve, or touch it, to read "
    "values. The page is a file of its own and loads nothing.",
    "由 chargelink trace 生成。时间为充电过程开始后的秒数；在曲线上移动或触摸可读取数值。"
    "本页为独立文件，不加载任何外部内容。",
)
