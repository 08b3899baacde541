"""Why a charge stops: a catalogue. Nothing derives a cause from what a protocol can say of it.

Rows that name a cut-off carry its id. Sources of the actions: GB/T 18487.1-2015 B.3.7 and GB/T 34657.1 as public test
programmes check them.
"""

from enum import Enum, IntEnum
from typing import NamedTuple

from chargelink.gbt27930.causes import ChargerCause
from chargelink.model import StopReason


class Action(IntEnum):
    """How fast the current goes; a stronger action overtakes a weaker one that is under way."""

    RAMP = 1  # current down at 100 A/s or faster, contactors open at 5 A
    CUT = 2  # modules off, contactors open at 5 A or when a second is over
    OPEN = 3  # modules off and contactors open at once


class Latch(IntEnum):
    """What must happen before the gun charges again."""

    NONE = 0
    REPLUG = 1  # the plug has to be pulled
    SERVICE = 2  # a person has to look at it


class Meaning(NamedTuple):
    """One row. `said` is what the vehicle is told in CST, `reason` what hub and bill are told."""

    words: str
    chinese: str
    action: Action
    latch: Latch
    reason: StopReason
    said: ChargerCause
    cutoff: str = ""

    @property
    def is_fault(self) -> bool:
        """The session broke down, in the sense of the tariff's rules."""
        return self.latch is not Latch.NONE


RAMP, CUT, OPEN = Action
NONE, REPLUG, SERVICE = Latch
R, S = StopReason, ChargerCause


class Cause(Enum):
    """The catalogue."""

    LOCAL = Meaning("stopped at the charger", "现场停止", RAMP, NONE, R.LOCAL, S.MANUAL)
    REMOTE = Meaning("stopped from afar", "远程停止", RAMP, NONE, R.REMOTE, S.MANUAL)
    ENERGY_REACHED = Meaning(
        "the agreed energy is reached",
        "达到设定电量",
        RAMP,
        NONE,
        R.ENERGY_LIMIT_REACHED,
        S.CONDITION_REACHED,
        "DC-X06",
    )
    TIME_REACHED = Meaning(
        "the agreed time is over", "达到设定时间", RAMP, NONE, R.TIME_LIMIT_REACHED, S.CONDITION_REACHED, "DC-X06"
    )
    SOC_REACHED = Meaning(
        "the agreed state of charge is reached", "达到设定SOC", RAMP, NONE, R.SOC_LIMIT_REACHED, S.CONDITION_REACHED,
        "DC-X06",
    )  # fmt: skip
    MONEY_REACHED = Meaning(
        "the agreed amount is used up", "金额已用完", RAMP, NONE, R.LOCAL_OUT_OF_CREDIT, S.CONDITION_REACHED, "DC-X06"
    )
    NO_ENERGY = Meaning(
        "no energy flowed within two minutes", "两分钟内无电量", RAMP, NONE, R.TIMEOUT, S.CONDITION_REACHED
    )
    SHUTDOWN = Meaning("the edge ends", "控制程序退出", RAMP, NONE, R.IMMEDIATE_RESET, S.MANUAL)
    UNRECORDED = Meaning("what happens cannot be stored", "充电记录无法保存", RAMP, NONE, R.OTHER, S.OTHER_FAULT)
    NOT_AUTHORISED = Meaning("nobody authorised a charge", "未授权", RAMP, NONE, R.TIMEOUT, S.MANUAL, "DC-R11")
    NO_VIN = Meaning(
        "the vehicle did not say its VIN", "车辆未提供VIN", RAMP, NONE, R.DE_AUTHORIZED, S.MANUAL, "DC-R11"
    )
    VIN_REFUSED = Meaning(
        "this vehicle may not charge here", "该车辆未获授权", RAMP, NONE, R.DE_AUTHORIZED, S.MANUAL, "DC-R11"
    )
    OTHER_VEHICLE = Meaning(
        "it is not the vehicle that was authorised", "车辆与授权不符", RAMP, REPLUG, R.DE_AUTHORIZED, S.MANUAL, "DC-R11"
    )

    BATTERY_FULL = Meaning(
        "the vehicle reached its target",
        "车辆达到目标电量",
        RAMP,
        NONE,
        R.SOC_LIMIT_REACHED,
        S.VEHICLE_STOPPED,
        "DC-B02",
    )
    VEHICLE_STOPPED = Meaning(
        "the vehicle stopped", "车辆中止充电", RAMP, NONE, R.STOPPED_BY_EV, S.VEHICLE_STOPPED, "DC-B02"
    )
    PAUSE_OVER = Meaning(
        "the vehicle paused for too long", "车辆暂停超时", RAMP, REPLUG, R.TIMEOUT, S.CONDITION_REACHED
    )
    VEHICLE_FAULT = Meaning(
        "the vehicle reports a fault", "车辆报告故障", CUT, REPLUG, R.STOPPED_BY_EV, S.OTHER_FAULT, "DC-B25"
    )
    COMMUNICATION = Meaning(
        "the vehicle does not answer as it should", "车辆通信中断", CUT, REPLUG, R.TIMEOUT, S.OTHER_FAULT, "DC-B01"
    )

    EMERGENCY_STOP = Meaning(
        "the emergency stop was pressed", "急停", OPEN, SERVICE, R.EMERGENCY_STOP, S.EMERGENCY_STOP, "DC-E01"
    )
    DOOR_OPEN = Meaning("the cabinet was opened", "柜门打开", OPEN, REPLUG, R.EMERGENCY_STOP, S.OTHER_FAULT, "DC-E03")
    CONNECTION_LOST = Meaning(
        "the plug lost its connection", "充电接口断开", OPEN, REPLUG, R.EV_DISCONNECTED, S.CONNECTOR, "DC-C01"
    )
    BUTTON_PRESSED = Meaning(
        "the button of the plug was pressed", "枪头按钮按下", CUT, REPLUG, R.EV_DISCONNECTED, S.CONNECTOR, "DC-C02"
    )
    LOCK_FAILED = Meaning("the lock did not close", "电子锁未锁止", RAMP, REPLUG, R.OTHER, S.CONNECTOR, "DC-C05")
    LOCK_LOST = Meaning("the lock opened", "电子锁脱开", CUT, REPLUG, R.OTHER, S.CONNECTOR, "DC-C05")
    LOCK_STUCK = Meaning("the lock did not open", "电子锁未解锁", RAMP, SERVICE, R.OTHER, S.CONNECTOR)
    MAINS_LOST = Meaning(
        "the mains are gone", "交流输入中断", OPEN, REPLUG, R.POWER_LOSS, S.ENERGY_NOT_DELIVERABLE, "DC-I03"
    )
    SUPPLY_FAILED = Meaning(
        "AC contactor or auxiliary supply did not close", "交流接触器或辅助电源未闭合", RAMP, REPLUG, R.OTHER,
        S.ENERGY_NOT_DELIVERABLE,
    )  # fmt: skip
    BOARD_SILENT = Meaning("the charger's board does not answer", "控制板无应答", OPEN, REPLUG, R.OTHER, S.OTHER_FAULT)
    BOARD_FAULT = Meaning(
        "the charger's board did not do what it was told", "控制板未执行命令", OPEN, REPLUG, R.OTHER, S.OTHER_FAULT
    )
    METER_SILENT = Meaning("the meter does not answer", "电能表无应答", RAMP, REPLUG, R.OTHER, S.OTHER_FAULT, "DC-X05")
    METER_STALLED = Meaning(
        "energy flows that the meter does not count", "电能表示数停滞", RAMP, REPLUG, R.OTHER, S.OTHER_FAULT, "DC-X05"
    )
    METER_DOUBTFUL = Meaning(
        "what the meter shows cannot be believed", "电能表示数异常", RAMP, REPLUG, R.OTHER, S.OTHER_FAULT, "DC-X05"
    )
    MODULES_FAILED = Meaning(
        "the power modules report a fault", "功率模块故障", CUT, REPLUG, R.OTHER, S.ENERGY_NOT_DELIVERABLE
    )
    NO_PERMIT = Meaning("the guard gives no permit", "安全许可未给出", RAMP, REPLUG, R.OTHER, S.OTHER_FAULT)
    PERMIT_LOST = Meaning("the guard cut off", "安全切断", CUT, REPLUG, R.OTHER, S.OTHER_FAULT, "DC-X01")
    OVER_VOLTAGE = Meaning(
        "the output was above the vehicle's limit",
        "输出过压",
        CUT,
        REPLUG,
        R.POWER_QUALITY,
        S.VOLTAGE_ABNORMAL,
        "DC-V01",
    )

    FOREIGN_VOLTAGE = Meaning(
        "there is voltage on the plug", "枪头带电", OPEN, REPLUG, R.OTHER, S.VOLTAGE_ABNORMAL, "DC-R01"
    )
    NO_HANDSHAKE = Meaning("the vehicle did not answer", "车辆握手超时", RAMP, REPLUG, R.TIMEOUT, S.OTHER_FAULT)
    TEST_VOLTAGE = Meaning(
        "no stable voltage for the insulation test",
        "绝缘检测电压不稳",
        CUT,
        REPLUG,
        R.OTHER,
        S.VOLTAGE_ABNORMAL,
        "DC-R08",
    )
    INSULATION = Meaning("the insulation is bad", "绝缘故障", CUT, REPLUG, R.GROUND_FAULT, S.OTHER_FAULT, "DC-R06")
    BLEED_FAILED = Meaning(
        "the output did not discharge in time", "泄放超时", OPEN, REPLUG, R.OTHER, S.VOLTAGE_ABNORMAL, "DC-R09"
    )
    NOT_CONFIGURED = Meaning("the vehicle did not become ready", "参数配置超时", RAMP, REPLUG, R.TIMEOUT, S.OTHER_FAULT)
    VOLTAGE_RANGE = Meaning(
        "charger and battery have no voltage in common", "电池电压超出输出范围", RAMP, REPLUG, R.OTHER,
        S.VOLTAGE_ABNORMAL, "DC-R05",
    )  # fmt: skip
    POLARITY = Meaning(
        "the battery is connected the wrong way round", "电池反接", OPEN, SERVICE, R.OTHER, S.CONNECTOR, "DC-R03"
    )
    BATTERY_VOLTAGE = Meaning(
        "the battery's voltage is not what the vehicle said", "电池电压与报文不符", CUT, REPLUG, R.OTHER,
        S.VOLTAGE_ABNORMAL, "DC-R04",
    )  # fmt: skip
    PRECHARGE = Meaning(
        "the pre-charge did not succeed", "预充失败", CUT, REPLUG, R.OTHER, S.VOLTAGE_ABNORMAL, "DC-P01"
    )
    CONTACTOR_REFUSED = Meaning(
        "the contactors did not close, or opened", "直流接触器拒动", CUT, REPLUG, R.OTHER, S.OTHER_FAULT, "DC-K02"
    )
    CONTACTOR_WELDED = Meaning(
        "the contactors did not open", "直流接触器粘连", OPEN, SERVICE, R.OTHER, S.OTHER_FAULT, "DC-K01"
    )
    NO_DEMAND = Meaning("the vehicle demands nothing", "车辆无充电需求", CUT, REPLUG, R.TIMEOUT, S.OTHER_FAULT)
    RAMP_SLOW = Meaning("the current did not come down in time", "电流下降超时", CUT, REPLUG, R.OTHER, S.OTHER_FAULT)
    NO_STATISTICS = Meaning("the vehicle gave no statistics", "无统计报文", RAMP, NONE, R.OTHER, S.OTHER_FAULT)
    VEHICLE_CONTACTOR = Meaning(
        "the vehicle's contactors did not open", "车辆接触器粘连", OPEN, REPLUG, R.OTHER, S.OTHER_FAULT, "DC-K04"
    )

    @property
    def words(self) -> str:
        return self.value.words

    @property
    def action(self) -> Action:
        return self.value.action

    @property
    def latch(self) -> Latch:
        return self.value.latch

    @property
    def key(self) -> str:
        """The cause in one word, as devices and records show it."""
        return self.name.lower().replace("_", "-")


GUARD_RULES = {"estop": Cause.EMERGENCY_STOP, "over-voltage": Cause.OVER_VOLTAGE}
"""Cut-offs of the guard, by the name of its rule, that have a row of their own; the others are PERMIT_LOST."""


class Stop(NamedTuple):
    """A cause that happened, and what exactly: a timeout, a rule of the guard, a value."""

    cause: Cause
    detail: str = ""


def by_guard(rule: str) -> Stop:
    """What a cut-off of the guard means."""
    return Stop(GUARD_RULES.get(rule, Cause.PERMIT_LOST), rule)
