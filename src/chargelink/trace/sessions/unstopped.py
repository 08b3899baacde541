"""Whose fault it was where nobody said that it stops and no error was reported: a table of rules, as in `rules`."""

from chargelink.cli.language import Text
from chargelink.gbt27930.catalogue import Sender
from chargelink.trace.sessions.case import Case
from chargelink.trace.sessions.model import Phase, Side
from chargelink.trace.sessions.rules import WAKE, WIRES, Rule

LONGEST_TEST = 60.0  # s of CHM: an insulation test is done in less


def silent(case: Case) -> Side:
    return case.silent_side or Side.UNKNOWN


def who_broke_off(case: Case) -> Side:
    return case.broken_off_by or Side.UNKNOWN


UNSTOPPED: tuple[Rule, ...] = (
    Rule(
        "never-answered",
        lambda case: not case.heard(Sender.BMS) and case.asked_in_vain,
        Side.VEHICLE,
        Text(
            "the vehicle never said anything: {seconds} of CHM or CRM without an answer",
            "车辆始终没有应答：CHM/CRM 持续 {seconds} 无响应",
        ),
        WAKE,
    ),
    Rule(
        "fell-silent",
        lambda case: case.silent_side is not None,
        silent,
        Text(
            "{silent} fell silent in the phase {phase}: nothing from it for {silence}, and nobody reported it",
            "{silent}在{phase}阶段停止通信：{silence}没有任何报文，对方也未报错",
        ),
        WIRES,
    ),
    Rule(
        "insulation-endless",
        lambda case: case.phase is Phase.INSULATION and case.draft.last - case.draft.start > LONGEST_TEST,
        Side.CHARGER,
        Text(
            "the charger never came out of the insulation test: {seconds} of CHM, then no CRM",
            "充电机未完成绝缘检测：CHM 持续 {seconds}，始终没有 CRM",
        ),
        Text("read the charger's log of the insulation test", "查看充电机绝缘检测记录"),
    ),
    Rule(
        "began-anew",
        lambda case: case.broken_off_by is not None and case.phase is not Phase.STATISTICS,
        who_broke_off,
        Text(
            "{silent} broke off in the phase {phase} without a word and began a new handshake",
            "{silent}在{phase}阶段未发送中止报文，直接重新开始握手",
        ),
        Text("see in the log of {silent} whether it restarted", "查看{silent}日志，确认是否重启"),
    ),
    Rule(
        "ended-unseen",
        lambda case: case.phase is Phase.STATISTICS,
        Side.NOBODY,
        Text("the recording begins after the charge was stopped", "记录开始时充电已经中止"),
        Text("look for an earlier recording", "请查找更早的记录"),
    ),
    Rule(
        "both-silent",
        lambda case: case.over and case.both_heard and case.timed,
        Side.BUS,
        Text(
            "both sides fell silent at once in the phase {phase}: the plug was pulled, or the power went",
            "双方在{phase}阶段同时停止通信：枪被拔出或断电",
        ),
        Text(
            "ask whether somebody pulled the plug; check the lock and the supply of the charger",
            "确认是否有人拔枪；检查电子锁和充电机供电",
        ),
    ),
    Rule(
        "recording-ends-charging",
        lambda case: case.charging,
        Side.NOBODY,
        Text("no fault: the recording ends while the vehicle charges", "无故障：记录在充电过程中结束"),
        Text("for the end of the charge, record longer", "如需充电结束过程，请延长记录"),
    ),
    Rule(
        "recording-ends",
        lambda case: True,
        Side.UNKNOWN,
        Text(
            "the recording ends in the phase {phase}, before anything went wrong or well",
            "记录在{phase}阶段结束，尚无结果",
        ),
        Text("record longer, from before the plug goes in", "请从插枪前开始，记录更长时间"),
    ),
)
