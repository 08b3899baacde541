"""GB/T 34658-2017, vehicle: handshake (充电握手阶段)."""

from functools import partial

from chargelink.cli.language import Text
from chargelink.sim.conformance.bench import Prompt
from chargelink.sim.conformance.case import Case, Hearing, Need, Trial
from chargelink.sim.conformance.expectation import Continues, Never, Repeats, Stops
from chargelink.sim.conformance.figures import Side
from chargelink.sim.conformance.moment import NOW, first_said
from chargelink.sim.conformance.script import AUXILIARY_ON, GREETED, IDENTIFIED, START, error, one, until

case = partial(Case, side=Side.VEHICLE, inferred=True)
PLUG_SLACK = 10_000  # ms: nobody knows better when the plug was in; the edition of 2025 waits 70 s
bem_asleep = partial(error, "3901", 60_000, NOW, slack=PLUG_SLACK)
bem_crm = partial(error, "3901", 30_000, first_said("BHM"))
bem_aa = partial(error, "3902", 5_000, first_said("RTS BRM"))

AMENDED = Text(
    "Amendment No. 1: only for vehicles that use the auxiliary supply. The edition of 2025 waits 70 s.",
    "第 1 号修改单：仅适用于使用低压辅助电源的车辆。2025 版等待 70 s。",
)
WAITS_FOR_CRM = (Continues("BHM", "BEM"), Never("RTS BRM"))
PARAMETERS_SAID = (Stops("RTS BRM", first_said("RTS BCP"), 250), Repeats("BCP"), Never("BRO"), Never("BEM"))
NO_BCP = (Never("RTS BCP"),)
WAITS_FOR_AA = (Continues("RTS BRM", "BEM"), *NO_BCP)

HANDSHAKE = (
    case(
        id="BP.1001",
        title=Text("CHM every 250 ms", "以 250 ms 周期发送 CHM"),
        trials=one(
            (),
            until("BHM", "CHM", prompt=Prompt.CONNECT, limit=START, expects=(Repeats("BHM"), Never("BEM"))),
        ),
    ),
    case(
        id="BP.1002",
        title=Text("CRM(00) every 250 ms", "以 250 ms 周期发送 CRM(00)"),
        trials=one(
            GREETED,
            until("BRM", "CRM(00)", expects=(Stops("BHM", first_said("RTS BRM"), 250), Repeats("BRM"), Never("BEM"))),
        ),
    ),
    case(
        id="BP.1003",
        title=Text("CRM(AA) every 250 ms", "以 250 ms 周期发送 CRM(AA)"),
        trials=one(
            IDENTIFIED,
            until(
                "BCP",
                "CRM(AA)",
                expects=PARAMETERS_SAID,
            ),
        ),
    ),
    case(
        id="BN.1001",
        title=Text("silence, no CHM", "不发送任何报文，无 CHM"),
        note=AMENDED,
        needs=Need.AUXILIARY,
        trials=one((AUXILIARY_ON,), bem_asleep(expects=(Never("BHM"),))),
    ),
    case(
        id="BN.1002",
        title=Text("a message of another type instead of CHM", "发送错误类型报文代替 CHM"),
        note=AMENDED,
        needs=Need.AUXILIARY,
        trials=one((AUXILIARY_ON,), bem_asleep("CTS", expects=(Never("BHM"),))),
    ),
    case(
        id="BN.1003",
        title=Text("silence after CHM", "发送 CHM 后不再发送任何报文"),
        trials=one(GREETED, bem_crm(expects=WAITS_FOR_CRM)),
    ),
    case(
        id="BN.1004",
        title=Text("a message of another type instead of CRM", "发送错误类型报文代替 CRM"),
        trials=one(GREETED, bem_crm("CTS", expects=WAITS_FOR_CRM)),
    ),
    case(
        id="BN.1005",
        title=Text("CHM goes on, no CRM", "持续发送 CHM，不发送 CRM"),
        trials=one(GREETED, bem_crm("CHM", expects=WAITS_FOR_CRM)),
    ),
    case(
        id="BN.1006",
        title=Text("CRM(00) goes on, no CRM(AA)", "持续发送 CRM(00)，不发送 CRM(AA)"),
        trials=one(IDENTIFIED, bem_aa("CRM(00)", expects=WAITS_FOR_AA)),
    ),
    case(
        id="BN.1007",
        title=Text("no answer to the request to send BRM", "不响应 BRM 的传输请求"),
        trials=(
            Trial(GREETED, (bem_aa("CRM(00)", hears=Hearing.DEAF, expects=NO_BCP),), Text("no CTS", "不发送 CTS")),
            Trial(
                GREETED,
                (bem_aa("CRM(00)", hears=Hearing.STALLING, expects=NO_BCP),),
                Text("CTS, but no acknowledgement", "发送 CTS 但不确认"),
            ),
        ),
    ),
    case(
        id="BN.1008",
        title=Text("BRM is refused", "放弃 BRM 传输连接"),
        trials=one(GREETED, bem_aa("CRM(00)", hears=Hearing.ABORTING, expects=NO_BCP)),
    ),
    case(
        id="BN.1009",
        title=Text("silence after BRM", "收到 BRM 后不再发送任何报文"),
        trials=one(IDENTIFIED, bem_aa(hears=Hearing.DEAF, expects=NO_BCP)),
    ),
    case(
        id="BN.1010",
        title=Text("a message of another type instead of CRM(AA)", "发送错误类型报文代替 CRM(AA)"),
        trials=one(IDENTIFIED, bem_aa("CTS", expects=WAITS_FOR_AA)),
    ),
)
