"""GB/T 34658-2017, charger: the end of a charge (充电结束阶段)."""

from functools import partial

from chargelink.cli.language import Text
from chargelink.sim.conformance.bench import Fact, Prompt
from chargelink.sim.conformance.case import Case, Step
from chargelink.sim.conformance.expectation import Continues, Never, Observed, Repeats, Says, Stops
from chargelink.sim.conformance.figures import Side
from chargelink.sim.conformance.moment import NOW, first_said
from chargelink.sim.conformance.script import (
    PREPARING,
    START,
    STOPPED_BY_CHARGER,
    STOPPED_BY_VEHICLE,
    error,
    lasting,
    one,
    until,
)

case = partial(Case, side=Side.CHARGER)
cem_bsd = partial(error, "3927", 10_000, first_said("CST"))

FAREWELL = 15_000  # ms: the standard gives no number; ours
BST_SAID = 200  # ms: vehicles say it about ten times
WITHDRAWN = lasting(3_000, "BRO(00)")  # DN.2009: a fault of class b
STOPPING = (Continues("CST", "CEM"),)
REFUSED = Step(prompt=Prompt.RESTART, limit=10_000, expects=(Never("CHM"), Never("CRM"), Never("CCS")))
STARTED = (Says(name="CHM", within=START),)
AMENDED = Text("Amendment No. 1: 10 s, not 5 s.", "第 1 号修改单：10 s，而非 5 s。")

ENDING = (
    case(
        id="DP.4001",
        title=Text("BSD every 250 ms after BST and CST", "BST、CST 之后以 250 ms 周期发送 BSD"),
        trials=one(
            STOPPED_BY_VEHICLE,
            until(
                "CSD", "BSD", hold=1_500, expects=(Repeats("CSD"), Stops("CST", first_said("CSD"), 100), Never("CEM"))
            ),
            lasting(
                FAREWELL,
                expects=(
                    Stops("CSD", NOW, 10_000),
                    Observed(Fact.AUXILIARY_OFF),
                    Observed(Fact.UNLOCKED),
                    Never("CEM"),
                ),
            ),
        ),
    ),
    case(
        id="DP.4002",
        title=Text("restarted by card or app after a fault of class b or c", "b 类或 c 类故障后刷卡或 App 再次启动"),
        trials=one(PREPARING, WITHDRAWN, REFUSED, until("CHM", prompt=Prompt.CONNECT, limit=START, expects=STARTED)),
    ),
    case(
        id="DN.4001",
        title=Text("the vehicle stops: silence after CST", "车辆停止：收到 CST 后不发送任何报文"),
        trials=one(STOPPED_BY_VEHICLE, cem_bsd(expects=STOPPING)),
    ),
    case(
        id="DN.4002",
        title=Text("the vehicle stops: another type instead of BSD", "车辆停止：发送错误类型报文代替 BSD"),
        note=AMENDED,
        trials=one(STOPPED_BY_VEHICLE, cem_bsd("BHM", expects=STOPPING)),
    ),
    case(
        id="DN.4003",
        title=Text("the charger stops: silence after BST", "充电机停止：发送 BST 后不再发送任何报文"),
        trials=one(STOPPED_BY_CHARGER, lasting(BST_SAID, "BST 1.1"), cem_bsd(expects=STOPPING)),
    ),
    case(
        id="DN.4004",
        title=Text("the charger stops: another type instead of BSD", "充电机停止：发送错误类型报文代替 BSD"),
        trials=one(STOPPED_BY_CHARGER, lasting(BST_SAID, "BST 1.1"), cem_bsd("BHM", expects=STOPPING)),
    ),
)
