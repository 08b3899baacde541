"""The codes of LS1, in words. Numbers of events are those of the device; see `docs/protocols/ls1.md`."""

from enum import IntFlag

from chargelink.wire import Coded


class Place(Coded):
    """Where on a socket."""

    SOCKET = 0, "socket", "插座"
    A = 1, "outlet A", "插座口 A"
    B = 2, "outlet B", "插座口 B"
    USB1 = 3, "USB 1", "USB 1"
    USB2 = 4, "USB 2", "USB 2"


class OutletState(Coded):
    """What an outlet is doing."""

    IDLE = 0, "idle", "空闲"
    PLUGGED = 1, "plugged", "已插入"
    CHARGING = 2, "charging", "充电中"
    TOP_UP = 3, "topping up", "浮充"
    FULL = 4, "full", "已充满"
    PAUSED = 5, "paused", "暂停"
    FAULT = 6, "fault", "故障"
    LOCKED = 7, "locked", "已锁定"


class Severity(Coded):
    """How bad an event is."""

    INFO = 0, "information", "信息"
    WARNING = 1, "warning", "警告"
    TRIP = 2, "trip", "跳闸"
    DANGER = 3, "danger", "危险"


class EventCode(Coded):
    """What happened at a socket."""

    LEAKAGE = 0x01, "leakage current", "漏电"
    SHORT_CIRCUIT = 0x02, "short circuit", "短路"
    OVERLOAD = 0x03, "overload", "过载"
    TOTAL_OVERLOAD = 0x04, "overload of the whole socket", "总功率过载"
    BOARD_HOT = 0x05, "board over-temperature", "主板过温"
    CONTACT_HOT = 0x06, "contact over-temperature", "触点过温"
    SMOKE = 0x07, "smoke", "烟雾"
    WATER = 0x08, "water", "浸水"
    RELAY_WELDED = 0x09, "relay welded", "继电器粘连"
    RELAY_OPEN = 0x0A, "relay open or fuse blown", "继电器开路或熔丝断"
    OVERVOLTAGE = 0x0B, "over-voltage", "过压"
    UNDERVOLTAGE = 0x0C, "under-voltage", "欠压"
    MAINS_LOST = 0x0D, "mains lost", "市电断电"
    MAINS_BACK = 0x0E, "mains back", "市电恢复"
    PLUGGED = 0x0F, "plugged in", "插头插入"
    UNPLUGGED = 0x10, "unplugged", "插头拔出"
    POWER_STEP = 0x11, "power step", "功率突变"
    LATE_RISE = 0x12, "late rise of power", "充电后期功率上升"
    REPLUG = 0x13, "another load plugged in", "更换负载"
    METER_FAULT = 0x14, "meter fault", "计量故障"
    MEMORY_FAULT = 0x15, "memory fault", "存储故障"
    CLOCK_LOST = 0x16, "clock lost", "时钟丢失"
    TAMPER = 0x17, "cover opened", "外壳打开"
    BAD_TAGS = 0x18, "many frames with wrong tags", "大量校验错误的报文"
    USB_OVERCURRENT = 0x19, "USB over-current", "USB 过流"
    BUTTON = 0x1A, "button pressed", "按键"
    BOOT = 0x1B, "started", "设备启动"
    SELF_TEST = 0x1C, "self-test finished", "自检完成"
    BATTERY_LOW = 0x1D, "battery low", "电池电量低"
    SENSOR_FAULT = 0x1E, "sensor fault", "传感器故障"


def _event(code: EventCode) -> tuple[int, str, str]:
    return code.value, code.text, code.chinese


class StopReason(Coded):
    """Why a charge ended: below 40 the event that cut it off, from 40 on an ordinary end."""

    LEAKAGE = _event(EventCode.LEAKAGE)
    SHORT_CIRCUIT = _event(EventCode.SHORT_CIRCUIT)
    OVERLOAD = _event(EventCode.OVERLOAD)
    TOTAL_OVERLOAD = _event(EventCode.TOTAL_OVERLOAD)
    BOARD_HOT = _event(EventCode.BOARD_HOT)
    CONTACT_HOT = _event(EventCode.CONTACT_HOT)
    SMOKE = _event(EventCode.SMOKE)
    WATER = _event(EventCode.WATER)
    RELAY_WELDED = _event(EventCode.RELAY_WELDED)
    RELAY_OPEN = _event(EventCode.RELAY_OPEN)
    OVERVOLTAGE = _event(EventCode.OVERVOLTAGE)
    UNDERVOLTAGE = _event(EventCode.UNDERVOLTAGE)
    MAINS_LOST = _event(EventCode.MAINS_LOST)
    UNPLUGGED = _event(EventCode.UNPLUGGED)
    POWER_STEP = _event(EventCode.POWER_STEP)
    LATE_RISE = _event(EventCode.LATE_RISE)
    REPLUG = _event(EventCode.REPLUG)
    METER_FAULT = _event(EventCode.METER_FAULT)
    MEMORY_FAULT = _event(EventCode.MEMORY_FAULT)
    TAMPER = _event(EventCode.TAMPER)
    SENSOR_FAULT = _event(EventCode.SENSOR_FAULT)
    COMMAND = 0x40, "stopped by command", "远程停止"
    FULL = 0x41, "full", "充满自停"
    ENERGY = 0x42, "energy limit reached", "达到电量上限"
    TIME = 0x43, "time limit reached", "达到时间上限"
    NO_LOAD = 0x44, "no load", "空载"
    BUTTON = 0x45, "stopped at the button", "按键停止"
    EMERGENCY_OFF = 0x46, "emergency off", "紧急断电"


class Result(Coded):
    """What became of a command."""

    OK = 0, "done", "成功"
    EXPIRED = 1, "expired", "已过期"
    DUPLICATE = 2, "done before", "重复命令, 已执行"
    BUSY = 3, "busy", "忙"
    NOT_PLUGGED = 4, "not plugged", "未插入"
    FAULT = 5, "fault", "故障"
    LIMIT = 6, "above a limit", "超出限值"
    LOCKED = 7, "locked", "已锁定"
    NO_SESSION = 8, "no such session", "无此充电"
    TOTAL_POWER = 9, "total power used up", "总功率不足"
    BAD_PARAMETER = 10, "bad parameter", "参数错误"
    NOT_SYNCED = 11, "clock not synchronised", "时钟未同步"


class Answer(Coded):
    """What a POLL asks for."""

    STATUS = 0, "STATUS", "STATUS"
    SHORT = 1, "STATUS_SHORT", "STATUS_SHORT"
    METER_A = 2, "METER of outlet A", "插座口 A 的 METER"
    METER_B = 3, "METER of outlet B", "插座口 B 的 METER"
    INFO = 4, "INFO", "INFO"


class ParameterResult(Coded):
    """What became of a list of parameters: all of them are taken, or none."""

    OK = 0, "taken", "已接受"
    OUT_OF_RANGE = 1, "out of range", "超出范围"
    UNKNOWN_TAG = 2, "unknown tag", "未知标签"
    BAD_LENGTH = 3, "wrong length", "长度错误"


class FirmwareState(Coded):
    """How far a firmware update has come."""

    NONE = 0, "no update", "无升级"
    RECEIVING = 1, "receiving", "接收中"
    COMPLETE = 2, "complete, verified", "接收完成并校验"
    REFUSED = 3, "signature or version refused", "签名或版本被拒绝"
    APPLYING = 4, "waiting to be applied", "等待生效"
    FELL_BACK = 5, "fell back to the old version", "已回退到旧版本"


class StatusFlags(IntFlag):
    """Flags of STATUS and STATUS_SHORT."""

    MAINS = 0x01
    TIME_SYNCED = 0x02
    LATCHED_FAULT = 0x04
    USB1_ON = 0x08
    USB2_ON = 0x10
    RESET = 0x20
    SETTLE_WAITING = 0x40
    EVENT_WAITING = 0x80


class BeaconFlags(IntFlag):
    """Flags of BEACON. Emergency off switches everything off; nothing in a BEACON ever switches on."""

    EMERGENCY_OFF = 0x01
    NO_NEW_STARTS = 0x02
    FIRMWARE = 0x04
    JOIN_OPEN = 0x08


class StartFlags(IntFlag):
    """Flags of START."""

    STOP_WHEN_FULL = 0x01
    RESUME_AFTER_MAINS_LOSS = 0x02
    USB = 0x04


class SettleFlags(IntFlag):
    """Flags of SETTLE."""

    CLOCK_UNSURE = 0x01
    MAINS_WAS_LOST = 0x02
    ENERGY_ESTIMATED = 0x04
