"""GB/T 34658-2017, charger: parameters (充电参数配置阶段)."""

from functools import partial

from chargelink.cli.language import Text
from chargelink.sim.conformance.bench import Fact
from chargelink.sim.conformance.case import Case, Step
from chargelink.sim.conformance.expectation import (
    Continues,
    Either,
    Expectation,
    Never,
    Observed,
    Quiet,
    Receives,
    Repeats,
    Says,
    Stops,
)
from chargelink.sim.conformance.figures import Side
from chargelink.sim.conformance.moment import first_said, last_sent
from chargelink.sim.conformance.script import (
    CONFIGURED,
    GRACE,
    NOT_READY,
    PRECHARGE,
    PREPARING,
    READY,
    RECOGNISED,
    error,
    lasting,
    one,
    until,
    utterances,
)

case = partial(Case, side=Side.CHARGER)
cem_bcp = partial(error, "3922", 5_000, first_said("CRM(AA)"))
cem_bro = partial(error, "3923", 5_000, first_said("CML"))
cem_bcl = partial(error, "3925", 1_000, first_said("CRO(AA)"))

SAYS_LIMITS = (Repeats("CML"), Repeats("CTS", 0))
TAKES_PARAMETERS = (Receives("BCP"), Stops("CRM(AA)", first_said("CML"), 250), *SAYS_LIMITS, Never("CEM"))
BECOMES_READY = (
    Stops("CML", first_said("CRO"), 250),
    Stops("CTS", first_said("CRO"), 500),
    Repeats("CRO(00)", 1),
    Repeats("CRO(AA)"),
    Never("CEM"),
)
STILL_ASKS = (Continues("CRM(AA)", "CEM"), Never("CML"))
STILL_OFFERS = (Continues("CML", "CEM"), Repeats("CTS", 0), Never("CRO"))
NOT_CHARGING = Never("CCS")
AMENDED = Text(
    "Amendment No. 1: a charger that becomes ready within the 5 s goes on to charge.",
    "第 1 号修改单：若充电机在 5 s 内准备就绪，则直接进入充电阶段。",
)
OFF = (Quiet(1_000), Observed(Fact.AUXILIARY_OFF), Observed(Fact.UNLOCKED))


def waits_for_bro(*words: str) -> Step:
    """The vehicle takes BRO(AA) away: CEM 5 s after the last, or ready before."""
    complains: Expectation = Says(name="CEM", after=last_sent("BRO(AA)"), wait=5_000, raises="3923")
    ready = Says(name="CRO(AA)", after=last_sent("BRO(AA)"), within=5_000)
    goes_on = Either(Continues("CRO(00)", "CEM"), Continues("CRO(00)", "CRO(AA)"))
    return Step(
        says=utterances(*words),
        until=("CEM", "CRO(AA)"),
        hold=500,
        limit=5_000 + GRACE,
        expects=(Either(complains, ready), goes_on, NOT_CHARGING),
    )


PARAMETERS = (
    case(
        id="DP.2001",
        title=Text("BCP by transport every 500 ms", "以传输协议、500 ms 周期发送 BCP"),
        trials=one(RECOGNISED, until("CML", "BCP", expects=TAKES_PARAMETERS)),
    ),
    case(
        id="DP.2002",
        title=Text("BRO(00) every 250 ms", "以 250 ms 周期发送 BRO(00)"),
        trials=one(CONFIGURED, lasting(3_000, "BRO(00)", expects=(*SAYS_LIMITS, Never("CRO"), Never("CEM")))),
    ),
    case(
        id="DP.2003",
        title=Text("BRO(AA) every 250 ms", "以 250 ms 周期发送 BRO(AA)"),
        trials=one(NOT_READY, until("CRO(AA)", "BRO(AA)", limit=PRECHARGE, hold=800, expects=BECOMES_READY)),
    ),
    case(
        id="DN.2001",
        title=Text("silence after CRM(AA)", "收到 CRM(AA) 后不发送任何报文"),
        trials=one(RECOGNISED, cem_bcp(expects=STILL_ASKS)),
    ),
    case(
        id="DN.2002",
        title=Text("BCP, but not by transport", "不以传输协议发送 BCP"),
        trials=one(RECOGNISED, cem_bcp("BCP single", expects=STILL_ASKS)),
    ),
    case(
        id="DN.2003",
        title=Text("silence after CML", "收到 CML 后不发送任何报文"),
        trials=one(CONFIGURED, cem_bro(expects=STILL_OFFERS)),
    ),
    case(
        id="DN.2004",
        title=Text("a message of another type instead of BRO", "发送错误类型报文代替 BRO"),
        trials=one(CONFIGURED, cem_bro("BHM", expects=STILL_OFFERS)),
    ),
    case(
        id="DN.2005",
        title=Text("BRO whose SPN2829 is not AA", "BRO 中 SPN2829 不为 0xAA"),
        trials=one(CONFIGURED, error("3923", 60_000, first_said("CML"), "BRO(00)", expects=STILL_OFFERS)),
    ),
    case(
        id="DN.2006",
        title=Text("BCP goes on after CML, no BRO", "收到 CML 后继续发送 BCP，不发送 BRO"),
        trials=one(
            CONFIGURED,
            cem_bro("BCP", expects=(Receives("BCP"), *STILL_OFFERS, Stops("CML", first_said("CEM"), 250))),
        ),
    ),
    case(
        id="DN.2007",
        title=Text("silence during CRO(00)", "充电机发送 CRO(00) 期间不再发送 BRO(AA)"),
        note=AMENDED,
        trials=one(PREPARING, waits_for_bro()),
    ),
    case(
        id="DN.2008",
        title=Text("a message of another type during CRO(00)", "充电机发送 CRO(00) 期间发送错误类型报文"),
        note=AMENDED,
        trials=one(PREPARING, waits_for_bro("BHM")),
    ),
    case(
        id="DN.2009",
        title=Text("BRO(00) during CRO(00)", "充电机发送 CRO(00) 期间发送 BRO(00)"),
        note=Text("Reworded by amendment No. 1.", "第 1 号修改单修改了本条。"),
        trials=one(PREPARING, lasting(5_000, "BRO(00)", expects=(*OFF, Never("CRO(AA)")))),
    ),
    case(
        id="DN.2010",
        title=Text("BRO(AA) goes on after CRO(AA), no BCL", "收到 CRO(AA) 后继续发送 BRO(AA)，不发送 BCL"),
        trials=one(READY, cem_bcl("BRO(AA)", expects=(Continues("CRO(AA)", "CEM"), NOT_CHARGING))),
    ),
)
