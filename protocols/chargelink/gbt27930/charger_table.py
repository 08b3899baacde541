"""The states of a charger: what it says, what it waits for, what moves it, what it wants of its device.

GB/T 27930-2015, 10.1 to 10.5 and annexes A and C; the waits as GB/T 34658-2017 tests them. Triggers in lower case are
commands of the device or follow from what messages hold, see `chargelink.gbt27930.charger`.
"""

from collections.abc import Mapping
from enum import StrEnum

from chargelink.gbt27930.causes import ChargerTimeout
from chargelink.gbt27930.dialogue import END, Row, Wait


class State(StrEnum):
    """The states of a charger."""

    IDLE = "idle"
    HANDSHAKE = "handshake"
    INSULATION = "insulation"
    RECOGNITION = "recognition"
    RECOGNISED = "recognised"
    PARAMETERS = "parameters"
    PREPARING = "preparing"
    READY = "ready"
    CHARGING = "charging"
    PAUSED = "paused"
    STOPPING = "stopping"
    STOPPED = "stopped"
    STATISTICS = "statistics"
    ERROR = "error"  # the vehicle did not say what it must: it is told so for a second at least
    FAILED = "failed"  # and until the output is safe
    INTERRUPTED = "interrupted"  # the vehicle says that the charger did not
    WAKING = "waking"
    UNANSWERED = "unanswered"  # the charge is over, its end was not said
    ENDED = "ended"


class Want(StrEnum):
    """What a state wants of the device; see `chargelink.gbt27930.charger_events.Wanted`."""

    LOCK = "lock the plug"
    AUXILIARY = "close K3K4"
    INSULATION_TEST = "test the insulation"
    PRECHARGE = "check the battery's voltage, pre-charge, close K1K2"
    CONTACTORS = "hold K1K2 closed"
    OUTPUT = "follow the demand"


S, T = State, ChargerTimeout

BHM_WAIT = Wait("BHM", 10.0, "no BHM")  # the standard names no limit; a vehicle of 2011 never answers CHM
BRO_WAIT = Wait("BRO", 5.0, T.BRO, ("BRO", "BRO(00)", "BRO(AA)"))
BRO_AA_WAIT = Wait("BRO", 5.0, T.BRO, ("BRO(AA)",))
BCL_WAIT = Wait("BCL", 1.0, T.BCL, ("BCL",))  # 2011 has 100 ms, which no vehicle of that time keeps
BCS_WAIT = Wait("BCS", 5.0, T.BCS, ("BCS",))
BSD_WAIT = Wait("BSD", 10.0, T.BSD)
CHARGE_WAITS = (BCL_WAIT, BCS_WAIT)
UNSAFE_WAIT = Wait("safe", 10.0, "unsafe")  # the output empties within a second, or something is broken
TOLD_WAIT = Wait("told", 1.0, "told")  # four CEM at least, for a vehicle that misses some

OFF: frozenset[StrEnum] = frozenset()
HELD: frozenset[StrEnum] = frozenset({Want.LOCK})
ALIVE = HELD | {Want.AUXILIARY}
CLOSED = ALIVE | {Want.CONTACTORS}

FAILS: dict[str, StrEnum] = {
    "BEM": S.INTERRUPTED,
    END: S.ENDED,
}  # a BEM before BRM may be one of the last charge, so it fails only later
OVER: dict[str, StrEnum] = {"BEM": S.ENDED, END: S.ENDED}  # of a charge that is over
CHARGE_STOPS: dict[str, StrEnum] = {
    "stop": S.STOPPING,
    "BST": S.STOPPED,
    "BSM fault": S.STOPPING,
    T.BCL: S.ERROR,
    T.BCS: S.ERROR,
} | FAILS
BEGINS: dict[str, StrEnum] = {"BCL and BCS": S.CHARGING, "BCL and BCS, BSM forbids": S.PAUSED}
BEGINS_ANEW: dict[str, StrEnum] = {
    "reconnect": S.RECOGNITION,
    "wake": S.WAKING,
    "give up": S.ENDED,
    "unsafe": S.ENDED,
    END: S.ENDED,
}

TABLE: Mapping[StrEnum, Row] = {
    S.IDLE: Row((), (), {"start": S.HANDSHAKE, END: S.ENDED}, OFF),
    S.HANDSHAKE: Row(
        ("CHM",), (BHM_WAIT,), {"BHM": S.INSULATION, "no BHM": S.INSULATION, "stop": S.ENDED, END: S.ENDED}, ALIVE
    ),
    S.INSULATION: Row(
        ("CHM",),
        (),
        {"insulation done": S.RECOGNITION, "stop": S.ENDED, END: S.ENDED},
        ALIVE | {Want.INSULATION_TEST},
    ),
    S.RECOGNITION: Row(
        ("CRM",),
        (Wait("BRM", 5.0, T.BRM),),
        {"BRM": S.RECOGNISED, T.BRM: S.ERROR, "stop": S.ENDED, END: S.ENDED},
        ALIVE,
    ),
    S.RECOGNISED: Row(
        ("CRM",),
        (Wait("BCP", 5.0, T.BCP),),
        {"BCP": S.PARAMETERS, T.BCP: S.ERROR, "stop": S.ENDED} | FAILS,
        ALIVE,
    ),
    S.PARAMETERS: Row(
        ("CTS", "CML"),
        (BRO_WAIT, Wait("readiness", 60.0, T.BRO)),
        {"BRO(AA)": S.PREPARING, T.BRO: S.ERROR, "stop": S.ENDED} | FAILS,
        ALIVE,
    ),
    S.PREPARING: Row(
        ("CRO",),
        (BRO_AA_WAIT,),
        {"ready": S.READY, "BRO(00)": S.ENDED, T.BRO: S.ERROR, "stop": S.ENDED} | FAILS,
        ALIVE | {Want.PRECHARGE},
    ),
    S.READY: Row(("CRO",), CHARGE_WAITS, CHARGE_STOPS | BEGINS, CLOSED),
    S.CHARGING: Row(("CCS",), CHARGE_WAITS, CHARGE_STOPS | {"BSM forbids": S.PAUSED}, CLOSED | {Want.OUTPUT}),
    S.PAUSED: Row(
        ("CCS",),
        (*CHARGE_WAITS, Wait("pause", 600.0, "pause over")),
        CHARGE_STOPS | {"BSM permits": S.CHARGING, "pause over": S.STOPPING},
        CLOSED,
    ),
    S.STOPPING: Row(
        ("CST",),
        (Wait("BST", 5.0, T.BST), BSD_WAIT),
        {"BST": S.STOPPED, "BSD": S.STATISTICS, T.BST: S.UNANSWERED, T.BSD: S.UNANSWERED} | OVER,
        ALIVE,
    ),
    S.STOPPED: Row(("CST",), (BSD_WAIT,), {"BSD": S.STATISTICS, T.BSD: S.UNANSWERED} | OVER, ALIVE),
    S.STATISTICS: Row(  # a vehicle that has its CSD stops sending BSD; one that goes on has had time enough
        ("CSD",),
        (Wait("quiet", 0.75, "satisfied", ("BSD",)), Wait("statistics", 5.0, "satisfied")),
        {"satisfied": S.ENDED} | OVER,
        ALIVE,
    ),
    S.ERROR: Row(("CEM",), (TOLD_WAIT,), {"told": S.FAILED, "stop": S.UNANSWERED, END: S.ENDED}, ALIVE),
    S.FAILED: Row(("CEM",), (UNSAFE_WAIT,), BEGINS_ANEW | {"stop": S.UNANSWERED}, ALIVE),
    S.INTERRUPTED: Row((), (UNSAFE_WAIT,), BEGINS_ANEW | {"stop": S.ENDED}, ALIVE),
    S.WAKING: Row(  # a sleeping vehicle wakes when its auxiliary supply was off for 10 s; relays take their time
        (), (Wait("auxiliary", 10.5, "woken"),), {"woken": S.HANDSHAKE, "stop": S.ENDED, END: S.ENDED}, HELD
    ),
    S.UNANSWERED: Row(("CEM",), (Wait("unanswered", 5.0, "told"),), {"told": S.ENDED, END: S.ENDED}, ALIVE),
    S.ENDED: Row((), (), {"restart": S.HANDSHAKE, "replugged": S.IDLE}, OFF),
}
