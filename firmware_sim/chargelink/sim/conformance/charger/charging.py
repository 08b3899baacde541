"""GB/T 34658-2017, charger: charging (充电阶段), what a vehicle may say."""

from functools import partial

from chargelink.cli.language import Text
from chargelink.sim.conformance.bench import Fact, Prompt
from chargelink.sim.conformance.case import Case, Step, Trial
from chargelink.sim.conformance.expectation import Continues, Never, Observed, Receives, Repeats, Says, Stops
from chargelink.sim.conformance.figures import Side
from chargelink.sim.conformance.moment import first_said
from chargelink.sim.conformance.script import CHARGE, REACTION, START, lasting, one, until
from chargelink.sim.conformance.script import CHARGING as CHARGING_STEPS
from chargelink.sim.conformance.script import READY as READY_STEPS
from chargelink.sim.conformance.words import BSM_ABNORMAL, BSM_UNTRUSTED, BST_REASONS

case = partial(Case, side=Side.CHARGER)

STOP_WATCHED = 500  # ms of CST
LONGEST_PAUSE = 600_000  # ms
SUPPLYING = (Repeats("CCS"), Never("CST"), Never("CEM"))
UNMOVED = (*SUPPLYING, Never("CCS", (("3929", 0),)))
STOPS = (Continues("CCS", "CST"), Stops("CCS", first_said("CST"), 100), Repeats("CST"), Observed(Fact.OUTPUT_OFF))
STOPS_SOON = (Says(name="CST", within=REACTION), *STOPS)
PAUSED = Says(name="CCS", within=REACTION, holds=(("3929", 0),))
RESUMED = Says(name="CCS", within=REACTION, holds=(("3929", 1),))


def stopped_by(*words: str) -> Step:
    """The vehicle says why it has to stop."""
    return until("CST", *words, hold=STOP_WATCHED, expects=STOPS_SOON)


def each(kind: str, choices: tuple[str, ...], *others: str) -> tuple[Trial, ...]:
    """A trial for each kind of a message."""
    return tuple(
        Trial(CHARGING_STEPS, (stopped_by(*others, f"{kind} {choice}"),), Text(f"{kind} {choice}", f"{kind} {choice}"))
        for choice in choices
    )


CHARGING = (
    case(
        id="DP.3001",
        title=Text("BCS by transport every 250 ms, BCL every 50 ms", "以 250 ms 周期发送 BCS、50 ms 周期发送 BCL"),
        trials=one(
            READY_STEPS,
            until("CCS", *CHARGE, expects=(Receives("BCS"), Stops("CRO", first_said("CCS"), 250), *SUPPLYING)),
        ),
    ),
    case(
        id="DP.3002",
        title=Text("BMV, BMT and BSP by transport", "以传输协议发送 BMV、BMT、BSP"),
        trials=one(
            CHARGING_STEPS,
            lasting(
                5_000,
                *CHARGE,
                "BMV",
                "BMT",
                "BSP",
                expects=(*(Receives(name, or_refuses=True) for name in ("BMV", "BMT", "BSP")), *SUPPLYING),
            ),
        ),
    ),
    case(
        id="DP.3003",
        title=Text("BSM says that something is abnormal", "BSM 报告异常"),
        trials=each("BSM", BSM_ABNORMAL, "BCL", "BCS"),
    ),
    case(
        id="DP.3004",
        title=Text("BSM says that something is untrusted", "BSM 报告不可信状态"),
        trials=one(
            CHARGING_STEPS,
            *(lasting(1_500, "BCL", "BCS", f"BSM {choice}", expects=UNMOVED) for choice in BSM_UNTRUSTED),
        ),
    ),
    case(
        id="DP.3005",
        title=Text("BSM all normal, but SPN3096 = 00", "BSM 各项正常，但 SPN3096 = 00"),
        trials=(
            Trial(
                CHARGING_STEPS,
                (
                    lasting(
                        5_000,
                        "BCL",
                        "BCS",
                        "BSM 3096=00",
                        expects=(PAUSED, *SUPPLYING, Observed(Fact.OUTPUT_OFF)),
                    ),
                    lasting(3_000, *CHARGE, expects=(RESUMED, *SUPPLYING, Observed(Fact.OUTPUT_ON))),
                ),
                Text("permitted again after 5 s", "5 s 后恢复允许"),
            ),
            Trial(
                CHARGING_STEPS,
                (
                    Step(
                        says=lasting(0, "BCL", "BCS", "BSM 3096=00").says,
                        until=("CST",),
                        hold=STOP_WATCHED,
                        limit=LONGEST_PAUSE + 10_000,
                        expects=(PAUSED, Says(name="CST", wait=LONGEST_PAUSE), *STOPS),
                    ),
                ),
                Text("never permitted again", "始终不恢复允许"),
            ),
        ),
    ),
    case(
        id="DP.3006",
        title=Text("BST: enough, or a fault", "BST：达到设定值或故障"),
        trials=each("BST", tuple(f"{byte}.{bit}" for byte, bit in BST_REASONS)),
    ),
    case(
        id="DP.3007",
        title=Text("the charger is made to stop", "使充电机主动停止充电"),
        trials=one(
            CHARGING_STEPS, until("CST", *CHARGE, prompt=Prompt.STOP, limit=START, hold=STOP_WATCHED, expects=STOPS)
        ),
    ),
)
