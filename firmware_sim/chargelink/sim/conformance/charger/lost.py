"""GB/T 34658-2017, charger: charging (充电阶段), when the vehicle falls silent or says something else."""

from functools import partial

from chargelink.cli.language import Text
from chargelink.sim.conformance.case import Case
from chargelink.sim.conformance.expectation import Continues, Never
from chargelink.sim.conformance.figures import Side
from chargelink.sim.conformance.moment import first_said, last_sent
from chargelink.sim.conformance.script import CHARGING, READY, STOPPED_BY_CHARGER, error, one

case = partial(Case, side=Side.CHARGER)
cem_bcs_first = partial(error, "3924", 5_000, first_said("CRO(AA)"))
cem_bcl_first = partial(error, "3925", 1_000, first_said("CRO(AA)"))
cem_bcs = partial(error, "3924", 5_000, last_sent("BCS"))
cem_bcl = partial(error, "3925", 1_000, last_sent("BCL"))
cem_bst = partial(error, "3926", 5_000, first_said("CST"))

NOT_YET = (Continues("CRO(AA)", "CEM"), Never("CCS"))
STILL = (Continues("CCS", "CEM"),)
STOPPING = (Continues("CST", "CEM"),)

LOST = (
    case(
        id="DN.3001",
        title=Text("BCL only, no BCS, after CRO(AA)", "收到 CRO(AA) 后仅发送 BCL，不发送 BCS"),
        trials=one(READY, cem_bcs_first("BCL", expects=NOT_YET)),
    ),
    case(
        id="DN.3002",
        title=Text("BCS only, no BCL, after CRO(AA)", "收到 CRO(AA) 后仅发送 BCS，不发送 BCL"),
        trials=one(READY, cem_bcl_first("BCS", expects=NOT_YET)),
    ),
    case(
        id="DN.3003",
        title=Text("BCS not by transport after CRO(AA)", "收到 CRO(AA) 后不以传输协议发送 BCS"),
        trials=one(READY, cem_bcs_first("BCL", "BCS single", expects=NOT_YET)),
    ),
    case(
        id="DN.3004",
        title=Text("another type instead of BCL after CRO(AA)", "收到 CRO(AA) 后发送错误类型报文代替 BCL"),
        trials=one(READY, cem_bcl_first("BCS", "BHM", expects=NOT_YET)),
    ),
    case(
        id="DN.3005",
        title=Text("charging: no BCS any more", "充电中停止发送 BCS"),
        trials=one(CHARGING, cem_bcs("BCL", "BSM", expects=STILL)),
    ),
    case(
        id="DN.3006",
        title=Text("charging: no BCL any more", "充电中停止发送 BCL"),
        trials=one(CHARGING, cem_bcl("BCS", "BSM", expects=STILL)),
    ),
    case(
        id="DN.3007",
        title=Text("charging: BCS not by transport", "充电中不以传输协议发送 BCS"),
        trials=one(CHARGING, cem_bcs("BCL", "BSM", "BCS single", expects=STILL)),
    ),
    case(
        id="DN.3008",
        title=Text("charging: another type instead of BCL", "充电中发送错误类型报文代替 BCL"),
        trials=one(CHARGING, cem_bcl("BCS", "BSM", "BHM", expects=STILL)),
    ),
    case(
        id="DN.3009",
        title=Text("the charger stops: no BST", "充电机停止后不发送 BST"),
        trials=one(STOPPED_BY_CHARGER, cem_bst(expects=STOPPING)),
    ),
    case(
        id="DN.3010",
        title=Text("the charger stops: another type instead of BST", "充电机停止后发送错误类型报文代替 BST"),
        trials=one(STOPPED_BY_CHARGER, cem_bst("BHM", expects=STOPPING)),
    ),
)
