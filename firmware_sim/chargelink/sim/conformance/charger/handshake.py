"""GB/T 34658-2017, charger: handshake (充电握手阶段)."""

from functools import partial

from chargelink.cli.language import Text
from chargelink.sim.conformance.bench import Fact, Prompt
from chargelink.sim.conformance.case import Case
from chargelink.sim.conformance.expectation import Continues, Never, Observed, Receives, Repeats, Stops
from chargelink.sim.conformance.figures import Side
from chargelink.sim.conformance.moment import first_said
from chargelink.sim.conformance.script import (
    HANDSHAKEN,
    INSULATION,
    RECOGNISED,
    RECOGNISING,
    START,
    error,
    one,
    until,
)

case = partial(Case, side=Side.CHARGER)
cem_brm = partial(error, "3921", 5_000, first_said("CRM(00)"))
cem_bcp = partial(error, "3922", 5_000, first_said("CRM(AA)"))

STARTED = (Repeats("CHM"), Observed(Fact.LOCKED), Observed(Fact.AUXILIARY_ON))
ASKS = (Continues("CHM", "CRM(00)"), Stops("CHM", first_said("CRM(00)"), 250), Repeats("CRM(00)"))
RECOGNISES = (Receives("BRM"), Stops("CRM(00)", first_said("CRM(AA)"), 250), Repeats("CRM(AA)"), Never("CEM"))
GOES_ON = (Continues("CRM(00)", "CEM"), Never("CRM(AA)"))

HANDSHAKE = (
    case(
        id="DP.1001",
        title=Text("plugged in, locked, auxiliary on, started", "插枪、锁止、辅助电源接通后启动充电"),
        trials=one((), until("CHM", prompt=Prompt.CONNECT, limit=START, expects=STARTED)),
    ),
    case(
        id="DP.1002",
        title=Text("BHM every 250 ms", "以 250 ms 周期发送 BHM"),
        trials=one(HANDSHAKEN, until("CRM(00)", "BHM", limit=INSULATION, expects=ASKS)),
    ),
    case(
        id="DP.1003",
        title=Text("BRM by transport every 250 ms", "以传输协议、250 ms 周期发送 BRM"),
        trials=one(RECOGNISING, until("CRM(AA)", "BRM", expects=RECOGNISES)),
    ),
    case(
        id="DN.1001",
        title=Text("silence after CRM(00)", "收到 CRM(00) 后不发送任何报文"),
        trials=one(RECOGNISING, cem_brm(expects=GOES_ON)),
    ),
    case(
        id="DN.1002",
        title=Text("BRM, but not by transport", "不以传输协议发送 BRM"),
        trials=one(RECOGNISING, cem_brm("BRM single", expects=GOES_ON)),
    ),
    case(
        id="DN.1003",
        title=Text("only BHM goes on after CRM(00)", "收到 CRM(00) 后仅继续发送 BHM"),
        trials=one(RECOGNISING, cem_brm("BHM", expects=GOES_ON)),
    ),
    case(
        id="DN.1004",
        title=Text("BRM goes on after CRM(AA), no BCP", "收到 CRM(AA) 后继续发送 BRM，不发送 BCP"),
        trials=one(RECOGNISED, cem_bcp("BRM", expects=(Receives("BRM"), Continues("CRM(AA)", "CEM"), Never("CML")))),
    ),
)
