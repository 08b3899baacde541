"""The states of a charger: what it says, what it waits for, what moves it.

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
    ERROR = "error"
    ENDED = "ended"


S, T = State, ChargerTimeout

BHM_WAIT = Wait("BHM", 10.0, "no BHM")  # the standard names no limit; a vehicle of 2011 never answers CHM
BRO_WAIT = Wait("BRO", 5.0, T.BRO, ("BRO", "BRO(00)", "BRO(AA)"))
BRO_AA_WAIT = Wait("BRO", 5.0, T.BRO, ("BRO(AA)",))
BCL_WAIT = Wait("BCL", 1.0, T.BCL, ("BCL",))  # 2011 has 100 ms, which no vehicle of that time keeps
BCS_WAIT = Wait("BCS", 5.0, T.BCS, ("BCS",))
BSD_WAIT = Wait("BSD", 10.0, T.BSD)
CHARGE_WAITS = (BCL_WAIT, BCS_WAIT)
FAILS: dict[str, StrEnum] = {
    "BEM": S.ENDED,
    END: S.ENDED,
}  # a BEM before BRM may be one of the last charge, so it fails only later
CHARGE_STOPS: dict[str, StrEnum] = {
    "stop": S.STOPPING,
    "BST": S.STOPPED,
    "BSM fault": S.STOPPING,
    T.BCL: S.ERROR,
    T.BCS: S.ERROR,
} | FAILS

TABLE: Mapping[StrEnum, Row] = {
    S.IDLE: Row((), (), {"start": S.HANDSHAKE, END: S.ENDED}),
    S.HANDSHAKE: Row(
        ("CHM",), (BHM_WAIT,), {"BHM": S.INSULATION, "no BHM": S.INSULATION, "stop": S.ENDED, END: S.ENDED}
    ),
    S.INSULATION: Row(("CHM",), (), {"insulation done": S.RECOGNITION, "stop": S.ENDED, END: S.ENDED}),
    S.RECOGNITION: Row(
        ("CRM",),
        (Wait("BRM", 5.0, T.BRM),),
        {"BRM": S.RECOGNISED, T.BRM: S.ERROR, "stop": S.ENDED, END: S.ENDED},
    ),
    S.RECOGNISED: Row(
        ("CRM",),
        (Wait("BCP", 5.0, T.BCP),),
        {"BCP": S.PARAMETERS, T.BCP: S.ERROR, "stop": S.ENDED} | FAILS,
    ),
    S.PARAMETERS: Row(
        ("CTS", "CML"),
        (BRO_WAIT, Wait("readiness", 60.0, T.BRO)),
        {"BRO(AA)": S.PREPARING, T.BRO: S.ERROR, "stop": S.ENDED} | FAILS,
    ),
    S.PREPARING: Row(
        ("CRO",),
        (BRO_AA_WAIT,),
        {"ready": S.READY, "BRO(00)": S.ENDED, T.BRO: S.ERROR, "stop": S.ENDED} | FAILS,
    ),
    S.READY: Row(("CRO",), CHARGE_WAITS, CHARGE_STOPS | {"BCL and BCS": S.CHARGING}),
    S.CHARGING: Row(("CCS",), CHARGE_WAITS, CHARGE_STOPS | {"BSM forbids": S.PAUSED}),
    S.PAUSED: Row(
        ("CCS",),
        (*CHARGE_WAITS, Wait("pause", 600.0, "pause over")),
        CHARGE_STOPS | {"BSM permits": S.CHARGING, "pause over": S.STOPPING},
    ),
    S.STOPPING: Row(
        ("CST",),
        (Wait("BST", 5.0, T.BST), BSD_WAIT),
        {"BST": S.STOPPED, "BSD": S.STATISTICS, T.BST: S.ERROR, T.BSD: S.ERROR} | FAILS,
    ),
    S.STOPPED: Row(("CST",), (BSD_WAIT,), {"BSD": S.STATISTICS, T.BSD: S.ERROR} | FAILS),
    S.STATISTICS: Row(  # a vehicle that has its CSD stops sending BSD; one that goes on has had time enough
        ("CSD",),
        (Wait("quiet", 0.75, "satisfied", ("BSD",)), Wait("statistics", 5.0, "satisfied")),
        {"satisfied": S.ENDED} | FAILS,
    ),
    S.ERROR: Row(("CEM",), (Wait("error", 5.0, "told"),), {"told": S.ENDED, END: S.ENDED}),
    S.ENDED: Row((), (), {}),
}
