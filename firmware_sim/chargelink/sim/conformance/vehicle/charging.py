"""GB/T 34658-2017, vehicle: charging (充电阶段)."""

from functools import partial

from chargelink.cli.language import Text
from chargelink.sim.conformance.bench import Fact, Prompt
from chargelink.sim.conformance.case import Case, Trial
from chargelink.sim.conformance.expectation import Continues, Never, Observed, Repeats, Says, Stops
from chargelink.sim.conformance.figures import Side
from chargelink.sim.conformance.moment import first_said, last_sent
from chargelink.sim.conformance.script import (
    DEMANDING,
    REACTION,
    START,
    STOPPED_ITSELF,
    SUPPLIED,
    error,
    lasting,
    one,
    until,
)

case = partial(Case, side=Side.VEHICLE, inferred=True)
bem_ccs_first = partial(error, "3905", 1_000, first_said("BCL"))
bem_ccs = partial(error, "3905", 1_000, last_sent("CCS"))
bem_cst = partial(error, "3906", 5_000, first_said("BST"))

ANSWER_WATCHED = 300  # ms: vehicles answer CST with about ten BST
BATTERY_WATCHED = 25_000  # ms: BMV and BMT come every 10 s
DEMANDS = (Repeats("BCL"), Repeats("BCS"), Never("BST"), Never("BEM"))
TELLS = (
    Repeats("BSM"),
    Repeats("BMV", 0),
    Repeats("BMT", 0),
    Repeats("BSP", 0),
    Never("BST"),
    Never("BEM"),
)
STOPS = (
    Stops("BCL", first_said("BST"), 50),
    Repeats("BST"),
    Never("BEM"),
    Observed(Fact.CONTACTORS_OPEN),
)
ANSWERS = (Says(name="BST", within=REACTION), *STOPS)
STILL = (Continues("BCL", "BEM"),)
STOPPING = (Continues("BST", "BEM"), Never("BSD"))

CHARGING = (
    case(
        id="BP.3001",
        title=Text("CCS every 50 ms: demand and status", "以 50 ms 周期发送 CCS：充电需求与总状态"),
        trials=one(DEMANDING, lasting(3_000, "CCS", expects=DEMANDS)),
    ),
    case(
        id="BP.3002",
        title=Text("CCS every 50 ms: state of the battery", "以 50 ms 周期发送 CCS：电池状态信息"),
        trials=one(DEMANDING, lasting(BATTERY_WATCHED, "CCS", expects=TELLS)),
    ),
    case(
        id="BP.3003",
        title=Text("CCS says that the charger pauses (SPN3929 = 00)", "CCS 表示充电机暂停 (SPN3929 = 00)"),
        trials=one(SUPPLIED, lasting(5_000, "CCS 3929=00", expects=DEMANDS), lasting(3_000, "CCS", expects=DEMANDS)),
    ),
    case(
        id="BP.3004",
        title=Text("the vehicle is made to stop", "使车辆主动停止充电"),
        trials=one(SUPPLIED, until("BST", "CCS", prompt=Prompt.STOP, limit=START, hold=500, expects=STOPS)),
    ),
    case(
        id="BP.3005",
        title=Text("CST", "发送 CST"),
        trials=tuple(
            Trial(SUPPLIED, (until("BST", f"CST {reason}", hold=ANSWER_WATCHED, expects=ANSWERS),), name)
            for reason, name in {"manual": Text("manual", "人工停止"), "fault": Text("fault", "故障停止")}.items()
        ),
    ),
    case(
        id="BN.3001",
        title=Text("silence after CRO(AA)", "发送 CRO(AA) 后不再发送任何报文"),
        trials=one(DEMANDING, bem_ccs_first(expects=STILL)),
    ),
    case(
        id="BN.3002",
        title=Text("another type instead of CCS after CRO(AA)", "发送 CRO(AA) 后发送错误类型报文代替 CCS"),
        trials=one(DEMANDING, bem_ccs_first("CSD", expects=STILL)),
    ),
    case(
        id="BN.3003",
        title=Text("CRO(AA) goes on, no CCS", "持续发送 CRO(AA)，不发送 CCS"),
        trials=one(DEMANDING, bem_ccs_first("CRO(AA)", expects=STILL)),
    ),
    case(
        id="BN.3004",
        title=Text("charging: no CCS any more", "充电中停止发送 CCS"),
        trials=one(SUPPLIED, bem_ccs(expects=STILL)),
    ),
    case(
        id="BN.3005",
        title=Text("charging: another type instead of CCS", "充电中发送错误类型报文代替 CCS"),
        trials=one(SUPPLIED, bem_ccs("CSD", expects=STILL)),
    ),
    case(
        id="BN.3006",
        title=Text("the vehicle stops: CCS goes on, no CST", "车辆停止后持续发送 CCS，不发送 CST"),
        trials=one(STOPPED_ITSELF, bem_cst("CCS", expects=STOPPING)),
    ),
    case(
        id="BN.3007",
        title=Text("the vehicle stops: silence", "车辆停止后不再发送任何报文"),
        trials=one(STOPPED_ITSELF, bem_cst(expects=STOPPING)),
    ),
    case(
        id="BN.3008",
        title=Text("the vehicle stops: another type instead of CST", "车辆停止后发送错误类型报文代替 CST"),
        trials=one(STOPPED_ITSELF, bem_cst("CTS", expects=STOPPING)),
    ),
)
