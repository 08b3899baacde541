"""GB/T 34658-2017, vehicle: parameters (充电参数配置阶段)."""

from functools import partial

from chargelink.cli.language import Text
from chargelink.sim.conformance.case import Case
from chargelink.sim.conformance.expectation import Continues, Never, Repeats, Says, Stops
from chargelink.sim.conformance.figures import Side
from chargelink.sim.conformance.moment import first_said
from chargelink.sim.conformance.script import (
    CHARGER_READY,
    CONTACTORS,
    PARAMETERS_KNOWN,
    REACTION,
    VEHICLE_READY,
    error,
    lasting,
    one,
    until,
)

case = partial(Case, side=Side.VEHICLE, inferred=True)
bem_cml = partial(error, "3903", 5_000, first_said("RTS BCP"))
bem_cro = partial(error, "3904", 5_000, first_said("BRO(AA)"))

BECOMES_READY = (
    Says(name="BRO", within=REACTION),
    Stops("RTS BCP", first_said("BRO"), 250),
    Repeats("BRO(AA)"),
    Never("BEM"),
)
STAYS_READY = (Repeats("BRO(AA)"), Never("BCL"), Never("BEM"))
DEMANDS = (
    Stops("BRO", first_said("BCL"), 250),
    Repeats("BCL"),
    Says(name="BCS", within=REACTION),
    Says(name="BSM", within=REACTION),
    Never("BEM"),
)
WAITS_FOR_CML = (Continues("RTS BCP", "BEM"), Never("BRO"))
WAITS_FOR_CRO = (Continues("BRO(AA)", "BEM"), Never("BCL"))

PARAMETERS = (
    case(
        id="BP.2001",
        title=Text("CML every 250 ms, CTS every 500 ms", "以 250 ms 周期发送 CML、500 ms 周期发送 CTS"),
        trials=one(PARAMETERS_KNOWN, until("BRO(AA)", "CML", "CTS", limit=CONTACTORS, expects=BECOMES_READY)),
    ),
    case(
        id="BP.2002",
        title=Text("CRO(00) every 250 ms", "以 250 ms 周期发送 CRO(00)"),
        trials=one(VEHICLE_READY, lasting(3_000, "CRO(00)", expects=STAYS_READY)),
    ),
    case(
        id="BP.2003",
        title=Text("CRO(AA) every 250 ms", "以 250 ms 周期发送 CRO(AA)"),
        trials=one(CHARGER_READY, until("BCL", "CRO(AA)", hold=800, expects=DEMANDS)),
    ),
    case(
        id="BN.2001",
        title=Text("CRM(AA) goes on, no CML", "持续发送 CRM(AA)，不发送 CML"),
        trials=one(PARAMETERS_KNOWN, bem_cml("CRM(AA)", expects=WAITS_FOR_CML)),
    ),
    case(
        id="BN.2002",
        title=Text("silence after BCP", "收到 BCP 后不再发送任何报文"),
        trials=one(PARAMETERS_KNOWN, bem_cml(expects=WAITS_FOR_CML)),
    ),
    case(
        id="BN.2003",
        title=Text("a message of another type instead of CML", "发送错误类型报文代替 CML"),
        trials=one(PARAMETERS_KNOWN, bem_cml("CCS", expects=WAITS_FOR_CML)),
    ),
    case(
        id="BN.2004",
        title=Text("silence after BRO(AA)", "收到 BRO(AA) 后不再发送任何报文"),
        trials=one(VEHICLE_READY, bem_cro(expects=WAITS_FOR_CRO)),
    ),
    case(
        id="BN.2005",
        title=Text("a message of another type instead of CRO", "发送错误类型报文代替 CRO"),
        trials=one(VEHICLE_READY, bem_cro("CSD", expects=WAITS_FOR_CRO)),
    ),
    case(
        id="BN.2006",
        title=Text("CML goes on, no CRO", "持续发送 CML，不发送 CRO"),
        trials=one(VEHICLE_READY, bem_cro("CML", expects=WAITS_FOR_CRO)),
    ),
    case(
        id="BN.2007",
        title=Text("CRO(00) for 60 s", "持续 60 s 发送 CRO(00)"),
        trials=one(VEHICLE_READY, error("3904", 60_000, first_said("BRO(AA)"), "CRO(00)", expects=WAITS_FOR_CRO)),
    ),
)
