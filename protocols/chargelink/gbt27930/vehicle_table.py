"""The states of a vehicle's BMS: what it says, what it waits for, what moves it, whether K5K6 may be closed.

GB/T 27930-2015, 10.1 to 10.5 and annex A. Triggers in lower case are commands of the device or follow from what
messages hold, see `chargelink.gbt27930.vehicle`.
"""

from collections.abc import Mapping
from enum import StrEnum

from chargelink.gbt27930.causes import VehicleTimeout
from chargelink.gbt27930.dialogue import END, Row, Wait


class State(StrEnum):
    """The states of a BMS."""

    WAITING = "waiting"
    HANDSHAKE = "handshake"
    RECOGNITION = "recognition"
    PARAMETERS = "parameters"
    PREPARING = "preparing"
    READY = "ready"
    CHARGING = "charging"
    STOPPING = "stopping"
    ANSWERING = "answering"
    STATISTICS = "statistics"
    ERROR = "error"  # the charger did not say what it must
    INTERRUPTED = "interrupted"  # the charger says that the vehicle did not
    UNANSWERED = "unanswered"  # the charge is over, its end was not said
    ENDED = "ended"


class Want(StrEnum):
    """What a state wants of the device."""

    CONTACTORS = "hold K5K6 closed"


S, T = State, VehicleTimeout

CRM_WAIT = Wait("CRM", 60.0, T.CRM_00)  # from the plug on, whether or not a CHM came
CSD_WAIT = Wait("CSD", 10.0, T.CSD)  # from the first BST on
BEFORE: dict[str, StrEnum] = {"stop": S.ENDED, END: S.ENDED}  # nobody has to be told
FAILS: dict[str, StrEnum] = {"CEM": S.INTERRUPTED, END: S.ENDED}
OVER: dict[str, StrEnum] = {"CEM": S.ENDED, END: S.ENDED}  # of a charge that is over
GIVEN_UP = Wait("anew", 30.0, "given up")  # figures A.11 and A.12
BEGINS_ANEW: dict[str, StrEnum] = {
    "CHM": S.HANDSHAKE,
    "reconnect": S.RECOGNITION,
    "exhausted": S.ENDED,
    "given up": S.ENDED,
    END: S.ENDED,
}
OPEN: frozenset[StrEnum] = frozenset()
CLOSED: frozenset[StrEnum] = frozenset({Want.CONTACTORS})

TABLE: Mapping[StrEnum, Row] = {
    S.WAITING: Row((), (CRM_WAIT,), {"CHM": S.HANDSHAKE, "CRM(00)": S.RECOGNITION, T.CRM_00: S.ERROR} | BEFORE),
    S.HANDSHAKE: Row(
        ("BHM",),
        (CRM_WAIT, Wait("recognition", 30.0, T.CRM_00)),
        {"CRM(00)": S.RECOGNITION, T.CRM_00: S.ERROR} | BEFORE,
    ),
    S.RECOGNITION: Row(
        ("BRM",), (Wait("CRM(AA)", 5.0, T.CRM_AA),), {"CRM(AA)": S.PARAMETERS, T.CRM_AA: S.ERROR} | BEFORE | FAILS
    ),
    S.PARAMETERS: Row(("BCP",), (Wait("CML", 5.0, T.CML),), {"CML": S.PREPARING, T.CML: S.ERROR} | BEFORE | FAILS),
    S.PREPARING: Row(("BRO",), (), {"ready": S.READY} | BEFORE | FAILS, CLOSED),
    S.READY: Row(
        ("BRO",),
        (Wait("CRO", 5.0, T.CRO, ("CRO(00)",)), Wait("readiness", 60.0, T.CRO)),
        # a charger that stops at once said CRO(AA), which was lost
        {"CRO(AA)": S.CHARGING, "CST": S.ANSWERING, T.CRO: S.ERROR} | BEFORE | FAILS,
        CLOSED,
    ),
    S.CHARGING: Row(
        ("BCL", "BSM", "BCS", "BMV", "BMT"),
        (Wait("CCS", 1.0, T.CCS, ("CCS",)),),  # 2011 has 100 ms, which no charger of that time keeps
        {"stop": S.STOPPING, "CST": S.ANSWERING, T.CCS: S.ERROR} | FAILS,
        CLOSED,
    ),
    S.STOPPING: Row(
        ("BST",),
        (Wait("CST", 5.0, T.CST), CSD_WAIT),
        {"CST": S.STATISTICS, T.CST: S.UNANSWERED, T.CSD: S.UNANSWERED} | OVER,
    ),
    S.ANSWERING: Row(  # ten BST, as vehicles in the field do, then the statistics
        ("BST",), (Wait("answer", 0.1, "answered"), CSD_WAIT), {"answered": S.STATISTICS, T.CSD: S.UNANSWERED} | OVER
    ),
    S.STATISTICS: Row(("BSD",), (CSD_WAIT,), {"CSD": S.ENDED, T.CSD: S.UNANSWERED} | OVER),
    S.ERROR: Row(("BEM",), (GIVEN_UP,), BEGINS_ANEW | {"stop": S.UNANSWERED}),
    S.INTERRUPTED: Row((), (GIVEN_UP,), BEGINS_ANEW | BEFORE),
    S.UNANSWERED: Row(
        ("BEM",), (Wait("end", 30.0, "given up"),), {"given up": S.ENDED, "CRM(00)": S.ENDED, END: S.ENDED}
    ),
    S.ENDED: Row((), (), {}),
}
