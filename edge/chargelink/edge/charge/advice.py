"""For the driver: why it stopped, whose doing that was, and what to do now; and what it waits for meanwhile."""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from chargelink.cli.language import Text
from chargelink.edge.charge.causes import Cause
from chargelink.edge.charge.phases import LIVE, RECONNECTION, STOPPING, Phase
from chargelink.edge.charge.situation import Vehicle


class Whose(Enum):
    """Who or what ended the charge, as it is shown."""

    AGREED = Text("as it was agreed", "按约定结束")
    PERSON = Text("a person stopped it", "人为停止")
    NOBODY = Text("nobody said yes", "未获确认")
    VEHICLE = Text("the vehicle", "车辆侧")
    PLUG = Text("plug and vehicle did not hold together", "车枪连接")
    CHARGER = Text("the charger", "充电桩侧")
    SUPPLY = Text("the electricity supply", "供电侧")


class Advice(NamedTuple):
    """One row."""

    whose: Whose
    now: Text


PULL = Text("pull the plug", "请拔枪")
AGAIN = Text("start again, or pull the plug", "可再次启动，或拔枪")
REPLUG = Text("pull the plug, plug it in again, and start", "请拔枪，重新插枪后启动")
CAR = Text(
    "pull the plug, plug it in again, and start; if it stops again have the car looked at",
    "请拔枪，重新插枪后启动；若再次停止请检查车辆",
)
NO_CAR = Text("this charger cannot charge this car; use another one", "本桩不适合该车辆，请使用其他充电桩")
ELSEWHERE = Text("use another gun; this one has to be looked at", "请使用其他充电枪；本枪需要检查")
LEAVE = Text("do not pull by force; ask the site's staff", "请勿强行拔枪，请联系工作人员")
PAY = Text("pull the plug, or pay and start again", "请拔枪，或付款后再次启动")
LATER = Text("pull the plug and plug it in again when the power is back", "请在恢复供电后拔枪并重新插枪")
IDENTIFY = Text("start with a card, a PIN or by scanning, or pull the plug", "请刷卡、输入密码或扫码启动，或拔枪")
RECONNECTS = Text("the vehicle did not answer; connecting again", "车辆通信中断，正在重新连接")
WAKES = Text("the vehicle does not answer; waking it, 10 seconds", "车辆无应答，正在唤醒 (10 秒)")
W, C = Whose, Cause

ADVICE: Mapping[Cause, Advice] = {
    C.LOCAL: Advice(W.PERSON, AGAIN),
    C.REMOTE: Advice(W.PERSON, AGAIN),
    C.ENERGY_REACHED: Advice(W.AGREED, PULL),
    C.TIME_REACHED: Advice(W.AGREED, PULL),
    C.SOC_REACHED: Advice(W.AGREED, PULL),
    C.MONEY_REACHED: Advice(W.AGREED, PAY),
    C.NO_ENERGY: Advice(W.VEHICLE, CAR),
    C.SHUTDOWN: Advice(W.CHARGER, AGAIN),
    C.UNRECORDED: Advice(W.CHARGER, ELSEWHERE),
    C.NOT_AUTHORISED: Advice(W.NOBODY, REPLUG),
    C.NO_VIN: Advice(W.VEHICLE, IDENTIFY),
    C.VIN_REFUSED: Advice(W.NOBODY, IDENTIFY),
    C.OTHER_VEHICLE: Advice(W.VEHICLE, REPLUG),
    C.BATTERY_FULL: Advice(W.AGREED, PULL),
    C.VEHICLE_STOPPED: Advice(W.VEHICLE, AGAIN),
    C.PAUSE_OVER: Advice(W.VEHICLE, CAR),
    C.VEHICLE_FAULT: Advice(W.VEHICLE, CAR),
    C.COMMUNICATION: Advice(W.VEHICLE, CAR),
    C.EMERGENCY_STOP: Advice(W.PERSON, ELSEWHERE),
    C.DOOR_OPEN: Advice(W.PERSON, ELSEWHERE),
    C.CONNECTION_LOST: Advice(W.PLUG, REPLUG),
    C.BUTTON_PRESSED: Advice(W.PLUG, REPLUG),
    C.LOCK_FAILED: Advice(W.PLUG, REPLUG),
    C.LOCK_LOST: Advice(W.PLUG, REPLUG),
    C.LOCK_STUCK: Advice(W.CHARGER, LEAVE),
    C.MAINS_LOST: Advice(W.SUPPLY, LATER),
    C.SUPPLY_FAILED: Advice(W.CHARGER, ELSEWHERE),
    C.BOARD_SILENT: Advice(W.CHARGER, ELSEWHERE),
    C.BOARD_FAULT: Advice(W.CHARGER, ELSEWHERE),
    C.METER_SILENT: Advice(W.CHARGER, ELSEWHERE),
    C.METER_STALLED: Advice(W.CHARGER, ELSEWHERE),
    C.METER_DOUBTFUL: Advice(W.CHARGER, ELSEWHERE),
    C.MODULES_FAILED: Advice(W.CHARGER, ELSEWHERE),
    C.NO_PERMIT: Advice(W.CHARGER, ELSEWHERE),
    C.PERMIT_LOST: Advice(W.CHARGER, REPLUG),
    C.OVER_VOLTAGE: Advice(W.CHARGER, REPLUG),
    C.FOREIGN_VOLTAGE: Advice(W.VEHICLE, CAR),
    C.NO_HANDSHAKE: Advice(W.VEHICLE, CAR),
    C.TEST_VOLTAGE: Advice(W.CHARGER, ELSEWHERE),
    C.INSULATION: Advice(W.PLUG, CAR),
    C.BLEED_FAILED: Advice(W.CHARGER, ELSEWHERE),
    C.NOT_CONFIGURED: Advice(W.VEHICLE, CAR),
    C.VOLTAGE_RANGE: Advice(W.VEHICLE, NO_CAR),
    C.POLARITY: Advice(W.VEHICLE, LEAVE),
    C.BATTERY_VOLTAGE: Advice(W.VEHICLE, CAR),
    C.PRECHARGE: Advice(W.CHARGER, REPLUG),
    C.CONTACTOR_REFUSED: Advice(W.CHARGER, ELSEWHERE),
    C.CONTACTOR_WELDED: Advice(W.CHARGER, ELSEWHERE),
    C.NO_DEMAND: Advice(W.VEHICLE, CAR),
    C.RAMP_SLOW: Advice(W.CHARGER, ELSEWHERE),
    C.NO_STATISTICS: Advice(W.VEHICLE, PULL),
    C.VEHICLE_CONTACTOR: Advice(W.VEHICLE, LEAVE),
}


def notice(phase: Phase, vehicle: Vehicle) -> Text | None:
    """Why a charge that is under way does not charge, where that is no stop."""
    if phase is Phase.REWAKING:
        return WAKES
    again = phase in RECONNECTION or (vehicle.again and phase in LIVE - STOPPING - {Phase.CHARGING})
    return RECONNECTS if again else None
