"""GB/T 34658-2017, vehicle: the end of a charge (充电结束阶段)."""

from functools import partial

from chargelink.cli.language import Text
from chargelink.sim.conformance.bench import Fact, Prompt
from chargelink.sim.conformance.case import Case, Need, Step
from chargelink.sim.conformance.expectation import Continues, Never, Observed, Quiet, Repeats, Stops
from chargelink.sim.conformance.figures import Side
from chargelink.sim.conformance.moment import NOW, first_said
from chargelink.sim.conformance.script import ANSWERED, CONCLUDING, STOPPED_ITSELF, error, lasting, one, until

case = partial(Case, side=Side.VEHICLE, inferred=True)
bem_csd = partial(error, "3907", 10_000, first_said("BST"))

TAKES_LEAVE = 2_000  # ms: the standard gives no number; ours
STATISTICS = (Stops("BST", first_said("BSD"), 100), Repeats("BSD"), Never("BEM"))
ENDS = (Stops("BSD", NOW, TAKES_LEAVE), Never("BEM"), Observed(Fact.CONTACTORS_OPEN))
CONCLUDES = (Continues("BSD", "BEM"),)
AMENDED = Text(
    "Amendment No. 1: only for vehicles that use the auxiliary supply.",
    "第 1 号修改单：仅适用于使用低压辅助电源的车辆。",
)

ENDING = (
    case(
        id="BP.4001",
        title=Text("CST goes on after BST", "收到 BST 后继续发送 CST"),
        trials=one(ANSWERED, until("BSD", "CST manual", expects=STATISTICS)),
    ),
    case(
        id="BP.4002",
        title=Text("CSD every 250 ms", "以 250 ms 周期发送 CSD"),
        trials=one(CONCLUDING, lasting(6_000, "CSD", expects=ENDS)),
    ),
    case(
        id="BP.4003",
        title=Text("the auxiliary supply goes off", "断开低压辅助电源"),
        note=AMENDED,
        needs=Need.AUXILIARY,
        trials=one(CONCLUDING, Step(prompt=Prompt.AUXILIARY_OFF, limit=5_000, expects=(Quiet(1_000),))),
    ),
    case(
        id="BN.4001",
        title=Text("the charger stops: silence after BST", "充电机停止：收到 BST 后不再发送任何报文"),
        trials=one(ANSWERED, bem_csd(expects=CONCLUDES)),
    ),
    case(
        id="BN.4002",
        title=Text("the charger stops: another type instead of CSD", "充电机停止：发送错误类型报文代替 CSD"),
        trials=one(ANSWERED, bem_csd("CCS", expects=CONCLUDES)),
    ),
    case(
        id="BN.4003",
        title=Text("the vehicle stops: CST goes on, no CSD", "车辆停止：持续发送 CST，不发送 CSD"),
        trials=one(STOPPED_ITSELF, bem_csd("CST stopped", expects=CONCLUDES)),
    ),
)
