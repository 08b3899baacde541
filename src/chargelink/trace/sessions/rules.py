"""Whose fault it was: a table of rules, the first that fits decides.

The words of a rule may name anything of `Case.values`. `whose` is a side, or what the side is in the case: the one
that reported, or its peer.
"""

from collections.abc import Callable
from typing import NamedTuple

from chargelink.cli.language import Text
from chargelink.trace.sessions.case import Case
from chargelink.trace.sessions.ending import ENOUGH
from chargelink.trace.sessions.model import Phase, Side
from chargelink.trace.sessions.stop_causes import NOTHING_TO_DO

CHARGER_LINK = Text(
    "look at the charger's CAN controller and its log: why did it not send?",
    "检查充电机 CAN 通信和日志：为何未发送？",
)
LINK = Text(
    "check S+ and S- (wires, plug contacts, 120 ohm at both ends), and whether {peer} had power",
    "检查 S+、S- 接线、触头和两端 120 Ω 终端电阻，并确认{peer}供电正常",
)
WIRES = Text(
    "check S+ and S-: wires, plug contacts, shield, 120 ohm at both ends, 250 kbit/s; record at both ends",
    "检查 S+、S-：接线、触头、屏蔽、两端 120 Ω、250 kbit/s；在两端同时抓包",
)
WAKE = Text(
    "check S+ and S-, the auxiliary supply (A+, A-: 12 V) that wakes the BMS, and 250 kbit/s",
    "检查 S+、S-，唤醒 BMS 的辅助电源 (A+、A-，12 V)，以及 250 kbit/s",
)
OVERSHOOT = 5000  # mA, mV: an output is above the demand from here on


class Rule(NamedTuple):
    """One rule."""

    code: str
    fits: Callable[[Case], bool]
    whose: Side | Callable[[Case], Side]
    text: Text
    remedy: Text


def reporter(case: Case) -> Side:
    return case.reporter


def peer(case: Case) -> Side:
    return case.peer


def peer_or_reporter(case: Case) -> Side:
    """The peer if it had fallen silent, whatever it was reported for."""
    return case.peer if case.peer_stopped else case.reporter


def _awaits(case: Case, *words: str) -> bool:
    return case.is_error and case.awaited is not None and (not words or case.awaited.word in words)


def reached(case: Case) -> bool:
    """The vehicle stopped because it had what it wanted."""
    return any(cause.endswith("_reached") for cause in case.causes)


def _ccs_lost(case: Case) -> bool:
    age = case.age_of("CCS")
    return case.message == "BST" and case.charging and not reached(case) and age is not None and age >= ENOUGH


def _bcl_lost(case: Case) -> bool:
    age = case.age_of("BCL")
    return case.message == "CST" and case.charging and not case.orderly and age is not None and age >= ENOUGH


def _over_demand(case: Case) -> bool:
    readings = case.draft.readings
    raised = set(case.causes)
    return case.message == "BST" and (
        ("current_excess" in raised and readings.over_current >= OVERSHOOT)
        or ("voltage_abnormal" in raised and readings.over_voltage >= OVERSHOOT)
    )


RULES: tuple[Rule, ...] = (
    Rule(
        "bus-disturbed",
        lambda case: case.bus_disturbed and (case.decisive is None or case.is_error),
        Side.BUS,
        Text(
            "the bus is disturbed: {bus_errors} error frames, about {lost_charger} frames of the charger and "
            "{lost_vehicle} of the vehicle are missing",
            "总线受干扰：错误帧 {bus_errors} 个，充电机约丢失 {lost_charger} 帧，车辆约丢失 {lost_vehicle} 帧",
        ),
        WIRES,
    ),
    Rule(
        "not-transported",
        lambda case: _awaits(case) and case.transfer.single > 0 and not case.transfer.done,
        Side.VEHICLE,
        Text(
            "the vehicle sent {asked} in a single frame, not by the transport protocol, so it does not count "
            "({message}: {cause})",
            "车辆以单帧发送 {asked}，未使用传输协议，视为无效（{message}：{cause}）",
        ),
        Text("the vehicle's software needs the transport protocol of J1939-21", "车辆软件须实现 J1939-21 传输协议"),
    ),
    Rule(
        "no-transport",
        lambda case: (
            _awaits(case)
            and case.both_heard
            and case.transfer.asked > 0
            and not case.transfer.allowed
            and not case.transfer.done
        ),
        Side.CHARGER,
        Text(
            "the charger has no transport protocol: {rts} requests to send {asked} (RTS) were never answered (CTS), "
            "then {message}: {cause}",
            "充电机没有传输协议：{asked} 的 {rts} 次发送请求 (RTS) 均无应答 (CTS)，随后 {message}：{cause}",
        ),
        Text(
            "the charger's software has to answer RTS with CTS within 0.2 s and acknowledge (J1939-21, 5.10)",
            "充电机软件须在 0.2 s 内以 CTS 应答 RTS，并确认接收完成 (J1939-21, 5.10)",
        ),
    ),
    Rule(
        "makes-no-sense",
        lambda case: _awaits(case) and case.senseless,
        peer,
        Text(
            "{peer} sent {awaited} with values that cannot be followed, so {reporter} reported {message}: {cause}",
            "{peer}发送的 {awaited} 数值无法采用，{reporter}因此报 {message}：{cause}",
        ),
        Text(
            "see the violations for the values; check how {peer} codes them (resolution, offset, byte order)",
            "数值见违规项；检查{peer}的报文编码（分辨率、偏移量、字节序）",
        ),
    ),
    Rule(
        "error-unfounded",
        lambda case: _awaits(case) and case.unfounded,
        peer_or_reporter,
        Text(
            "{reporter} reported {message}: {cause}, but nothing in this charge made it wait for {awaited}",
            "{reporter}报 {message}：{cause}，但本次充电尚未进入等待 {awaited} 的阶段",
        ),
        Text(
            "see in the curves what {peer} stopped sending just before, and how {reporter} packs {message}",
            "从曲线查看{peer}在此之前停发了什么，并检查{reporter}的 {message} 位定义",
        ),
    ),
    Rule(
        "came-all-the-same",
        lambda case: _awaits(case) and case.came_in_time,
        reporter,
        Text(
            "{reporter} reports {message}: {cause}, but {awaited} had come {age} before on this recording: "
            "{reporter} did not take it, or it was lost on the way",
            "{reporter}报 {message}：{cause}，但记录中 {awaited} 在 {age} 前已出现：{reporter}未处理，或途中丢失",
        ),
        Text(
            "record at the connector of {reporter}: if {awaited} is there, its software is at fault, else the wires",
            "在{reporter}侧接口抓包：若有 {awaited}，则为其软件问题，否则检查线路",
        ),
    ),
    Rule(
        "transfer-broken",
        lambda case: _awaits(case) and case.transfer.asked > 0 and not case.transfer.done,
        Side.BUS,
        Text(
            "{asked} never came whole: {rts} transfers began, none was completed ({message}: {cause})",
            "{asked} 从未完整传输：发起 {rts} 次，均未完成（{message}：{cause}）",
        ),
        WIRES,
    ),
    Rule(
        "one-side-recorded",
        lambda case: (
            not case.both_heard
            and (case.is_error or not case.causes)
            and not (case.said("CHM") or case.said("CRM(00)"))
        ),
        Side.UNKNOWN,
        Text(
            "the recording has frames of one side only: who was silent cannot be told",
            "记录中只有一方的报文，无法判断哪一方未发送",
        ),
        Text(
            "record both directions; if the recorder hears both, the missing side is the one that is silent",
            "请同时记录双向报文；若记录仪双向均可接收，则缺失的一方即为未发送方",
        ),
    ),
    Rule(
        "gave-up-early",
        lambda case: _awaits(case) and case.gave_up_early,
        reporter,
        Text(
            "{reporter} reported {message}: {cause} after {waited}, it has to wait {limit} s",
            "{reporter}仅等待 {waited} 就报 {message}：{cause}，应等待 {limit} s",
        ),
        Text("the timeout of {reporter} is set too short", "{reporter}的超时时间设置过短"),
    ),
    Rule(
        "peer-never-heard",
        lambda case: _awaits(case) and case.peer_age is None,
        peer,
        Text(
            "{peer} never said anything; {reporter} waited for {awaited} and reported {message}: {cause}",
            "{peer}始终没有任何报文；{reporter}等待 {awaited} 后报 {message}：{cause}",
        ),
        WAKE,
    ),
    Rule(
        "peer-silent",
        lambda case: _awaits(case) and case.peer_silent,
        peer,
        Text(
            "{peer} fell silent: nothing from it for {peer_age} when {reporter} reported {message}: {cause}",
            "{peer}停止通信：{reporter}报 {message}（{cause}）时，已 {peer_age} 没有任何报文",
        ),
        LINK,
    ),
    Rule(
        "vehicle-not-ready",
        lambda case: _awaits(case, "BRO(AA)") and case.said("BRO(00)"),
        Side.VEHICLE,
        Text(
            "the vehicle never got ready: it kept saying BRO(00) until the charger gave up ({cause})",
            "车辆始终未准备好：持续发送 BRO(00)，直到充电机报 {cause}",
        ),
        Text(
            "contactors of the vehicle (K5, K6) did not close: have its BMS read out",
            "车辆接触器 (K5、K6) 未闭合：读取 BMS 故障",
        ),
    ),
    Rule(
        "charger-not-ready",
        lambda case: _awaits(case, "CRO(AA)") and case.said("CRO(00)"),
        Side.CHARGER,
        Text(
            "the charger never got ready: it kept saying CRO(00) until the vehicle gave up ({cause})",
            "充电机始终未准备好：持续发送 CRO(00)，直到车辆报 {cause}",
        ),
        Text(
            "pre-charge or the voltage check failed: compare the battery voltage of BCP with what the charger measures",
            "预充或电压校验未通过：对比 BCP 的电池电压与充电机测量值",
        ),
    ),
    Rule(
        "not-recognised",
        lambda case: _awaits(case, "CRM(AA)") and case.transfer.done > 0,
        Side.CHARGER,
        Text(
            "the charger had the whole BRM and did not recognise the vehicle: no CRM(AA) ({cause})",
            "充电机已完整收到 BRM，但未辨识车辆：未发送 CRM(AA)（{cause}）",
        ),
        Text(
            "see whether the charger waits for a back office (VIN), or refuses the length or version of this BRM",
            "检查充电机是否在等待平台鉴权 (VIN)，或不接受该 BRM 的长度或版本",
        ),
    ),
    Rule(
        "no-parameters",
        lambda case: _awaits(case, "CML") and case.transfer.done > 0,
        Side.CHARGER,
        Text(
            "the charger had the whole BCP and never said what it can give: no CML ({cause})",
            "充电机已完整收到 BCP，但未发送 CML（{cause}）",
        ),
        Text("see whether it refuses the voltages of this BCP", "检查充电机是否不接受该 BCP 的电压范围"),
    ),
    Rule(
        "message-stopped",
        lambda case: _awaits(case) and case.age is not None,
        peer,
        Text(
            "{peer} stopped sending {awaited}: the last one was {age} old when {reporter} reported {message}: {cause}",
            "{peer}停发 {awaited}：{reporter}报 {message}（{cause}）时，距最后一帧已 {age}",
        ),
        Text("see in the log of {peer} why it stopped sending {awaited}", "查看{peer}日志：为何停发 {awaited}"),
    ),
    Rule(
        "message-missing",
        _awaits,
        peer,
        Text(
            "{peer} never sent {awaited}; {reporter} waited {limit} s and reported {message}: {cause}",
            "{peer}一直未发送 {awaited}；{reporter}等待 {limit} s 后报 {message}：{cause}",
        ),
        Text(
            "see in the log of {peer} what it waits for in the phase {phase}", "查看{peer}日志：在{phase}阶段等待什么"
        ),
    ),
    Rule(
        "error-unnamed",
        lambda case: case.is_error,
        reporter,
        Text(
            "{reporter} reports an error ({message}) and does not say which",
            "{reporter}报错误 ({message})，但未说明内容",
        ),
        Text("read the fault log of {reporter}", "读取{reporter}的故障记录"),
    ),
    Rule(
        "ccs-lost",
        _ccs_lost,
        Side.CHARGER,
        Text(
            "the charger stopped sending CCS while it charged, and the vehicle stopped (BST: {causes})",
            "充电机在充电中停发 CCS，车辆因此中止（BST：{causes}）",
        ),
        CHARGER_LINK,
    ),
    Rule(
        "bcl-lost",
        _bcl_lost,
        Side.VEHICLE,
        Text(
            "the vehicle stopped sending BCL while it charged, and the charger stopped (CST: {causes})",
            "车辆在充电中停发 BCL，充电机因此中止（CST：{causes}）",
        ),
        Text("see in the log of the BMS why it stopped sending", "查看 BMS 日志：为何停发"),
    ),
    Rule(
        "battery-full",
        lambda case: case.message in ("CST", "BST") and case.battery_full,
        Side.NOBODY,
        Text(
            "the battery is full: BSM says that its SOC is too high, and {reporter} stopped ({message})",
            "电池已充满：BSM 报 SOC 过高，{reporter}随后中止 ({message})",
        ),
        NOTHING_TO_DO,
    ),
    Rule(
        "battery-fault",
        lambda case: case.message in ("CST", "BST") and not case.orderly and bool(case.battery_faults),
        Side.VEHICLE,
        Text(
            "the battery reported a fault in BSM ({faults}), and {reporter} stopped ({message})",
            "电池在 BSM 中报故障（{faults}），{reporter}随后中止 ({message})",
        ),
        Text("have the battery looked at: {faults}", "检查电池：{faults}"),
    ),
    Rule(
        "pause-too-long",
        lambda case: case.message == "CST" and case.phase is Phase.PAUSED and (not case.causes or case.paused_long),
        Side.VEHICLE,
        Text(
            "the vehicle forbade charging (BSM) for so long that the charger stopped",
            "车辆长时间禁止充电 (BSM)，充电机中止",
        ),
        Text("have the vehicle's BMS read out: why did it forbid charging?", "读取 BMS：为何禁止充电？"),
    ),
    Rule(
        "over-demand",
        _over_demand,
        Side.CHARGER,
        Text(
            "the charger gave more than was asked for: up to {over_current} A and {over_voltage} V above the demand",
            "充电机输出超过需求：电流最多超 {over_current} A，电压最多超 {over_voltage} V",
        ),
        Text("check regulation and calibration of the power modules", "检查功率模块的调节与校准"),
    ),
)
