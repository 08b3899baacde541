"""The sequence as a table: what a phase wants, what ends it, how long it may take and what it means if it does not end.

GB/T 18487.1-2015, annex B; numbers that public test programmes of GB/T 34657.1-2017 and -2025 check.
"""

from collections.abc import Callable, Mapping
from enum import Enum, Flag, StrEnum, auto
from typing import NamedTuple

from chargelink.edge.charge import conditions as so
from chargelink.edge.charge.causes import Cause
from chargelink.edge.charge.situation import Situation

Condition = Callable[[Situation], bool]


class Phase(StrEnum):
    """Where a gun is."""

    STARTING = "starting"
    AVAILABLE = "available"
    LOCKING = "locking"
    LOCKED = "locked"
    WAKING = "waking"
    GREETING = "greeting"
    IDENTIFYING = "identifying"
    RESTING = "resting"
    ENERGISING = "energising"
    HANDSHAKE = "handshake"
    TEST_PERMIT = "test-permit"
    TEST_VOLTAGE = "test-voltage"
    INSULATION_TEST = "insulation-test"
    TEST_DISCHARGE = "test-discharge"
    TEST_OPENING = "test-opening"
    CONFIGURATION = "configuration"
    BATTERY_CHECK = "battery-check"
    CHARGE_PERMIT = "charge-permit"
    PRECHARGE = "pre-charge"
    CLOSING = "closing"
    READY = "ready"
    CHARGING = "charging"
    BREAKING = "breaking"
    REOPENING = "reopening"
    EMPTYING = "emptying"
    RECONNECTING = "reconnecting"
    REWAKING = "rewaking"
    RAMPING = "ramping"
    CUTTING = "cutting"
    OPENING = "opening"
    DISCHARGE = "discharge"
    STATISTICS = "statistics"
    SAFE_VOLTAGE = "safe-voltage"
    HELD = "held"
    UNLOCKING = "unlocking"
    RELEASED = "released"
    OUT_OF_SERVICE = "out-of-service"


class Status(Enum):
    """What people are shown of a phase."""

    UNAVAILABLE = "unavailable", "暂停服务"
    AVAILABLE = "available", "空闲"
    PLUGGED = "plugged", "已插枪"
    PREPARING = "preparing", "准备中"
    CHARGING = "charging", "充电中"
    FINISHING = "finishing", "结束中"
    FINISHED = "finished", "请拔枪"


class Output(Flag):
    """What a phase wants to be on. PERMIT asks the guard for its pulses: without them K1K2 and modules stay off."""

    NONE = 0
    LOCK = auto()
    AC = auto()
    AUXILIARY = auto()  # K3K4
    PERMIT = auto()
    MODULES = auto()
    K1K2 = auto()
    BLEED = auto()


class Move(NamedTuple):
    """The phase that follows when a condition has held for so many seconds."""

    when: Condition
    to: Phase
    held: float = 0.0


class Wait(NamedTuple):
    """Seconds until it is taken for a failure. `to` is where that leads; None: the charge stops as the cause says."""

    seconds: float
    cause: Cause
    to: Phase | None = None


class Row(NamedTuple):
    """One phase. Without a wait it is a place to rest."""

    shows: Status
    outputs: Output
    moves: tuple[Move, ...]
    wait: Wait | None = None


NOTHING = Output.NONE
LOCK, PERMIT, MODULES, K1K2, BLEED = Output.LOCK, Output.PERMIT, Output.MODULES, Output.K1K2, Output.BLEED
WAKE = LOCK | Output.AUXILIARY
ON = WAKE | Output.AC
P, C = Phase, Cause
BREAKS = Move(so.broken_off, P.BREAKING)
BREAKS_OPEN = Move(so.broken_off, P.REOPENING)  # with K1K2 open there is no current to wait for

TABLE: Mapping[Phase, Row] = {
    # A daemon that starts knows nothing of what was: it opens, discharges and unlocks, and resumes nothing (B.4.3).
    P.STARTING: Row(Status.UNAVAILABLE, NOTHING, (Move(so.heard, P.OPENING),)),
    P.AVAILABLE: Row(Status.AVAILABLE, NOTHING, (Move(so.plugged, P.LOCKING, 0.5),)),
    P.LOCKING: Row(Status.PLUGGED, LOCK, (Move(so.locked, P.LOCKED),), Wait(3.0, C.LOCK_FAILED, P.UNLOCKING)),
    P.LOCKED: Row(
        Status.PLUGGED,
        LOCK,
        (Move(so.unplugged, P.UNLOCKING, 0.5), Move(so.authorised, P.ENERGISING), Move(so.asked, P.WAKING)),
        Wait(600.0, C.NOT_AUTHORISED, P.UNLOCKING),
    ),
    # A dialogue for the VIN alone (BRM), on the auxiliary supply alone: after CRM(00) a vehicle waits 5 s for the next
    # step, so it can be held neither for a person's answer nor for the insulation test, which comes before. It is let
    # go to sleep, and a charge begins anew with its own dialogue.
    P.WAKING: Row(Status.PREPARING, WAKE, (Move(so.awake, P.GREETING),), Wait(3.0, C.SUPPLY_FAILED, P.UNLOCKING)),
    P.GREETING: Row(Status.PREPARING, WAKE, (Move(so.answered, P.IDENTIFYING),), Wait(12.0, C.NO_VIN, P.UNLOCKING)),
    P.IDENTIFYING: Row(Status.PREPARING, WAKE, (Move(so.identified, P.RESTING),), Wait(6.0, C.NO_VIN, P.UNLOCKING)),
    P.RESTING: Row(  # long enough that a BMS forgets; the time is ours
        Status.PREPARING, LOCK, (Move(so.asleep, P.LOCKED, 2.0),), Wait(5.0, C.SUPPLY_FAILED, P.UNLOCKING)
    ),
    P.ENERGISING: Row(Status.PREPARING, ON, (Move(so.energised, P.HANDSHAKE),), Wait(3.0, C.SUPPLY_FAILED)),
    P.HANDSHAKE: Row(Status.PREPARING, ON, (Move(so.answered, P.TEST_PERMIT),), Wait(12.0, C.NO_HANDSHAKE)),
    # The voltage of the insulation test stands inside before the contactors close (B.3.3).
    P.TEST_PERMIT: Row(Status.PREPARING, ON | PERMIT, (Move(so.permitted, P.TEST_VOLTAGE),), Wait(5.0, C.NO_PERMIT)),
    P.TEST_VOLTAGE: Row(
        Status.PREPARING,
        ON | PERMIT | MODULES,
        (Move(so.at_test_voltage, P.INSULATION_TEST, 0.2),),
        Wait(5.0, C.TEST_VOLTAGE),
    ),
    P.INSULATION_TEST: Row(
        Status.PREPARING,
        ON | PERMIT | MODULES | K1K2,
        (Move(so.insulated, P.TEST_DISCHARGE, 0.5),),
        Wait(5.0, C.INSULATION),
    ),
    P.TEST_DISCHARGE: Row(  # the cable too, so the contactors stay closed
        Status.PREPARING,
        ON | PERMIT | K1K2 | BLEED,
        (Move(so.safe, P.TEST_OPENING),),
        Wait(1.0, C.BLEED_FAILED),
    ),
    P.TEST_OPENING: Row(
        Status.PREPARING, ON, (Move(so.contactors_open, P.CONFIGURATION),), Wait(1.0, C.CONTACTOR_WELDED)
    ),
    P.CONFIGURATION: Row(  # the dialogue's own waits are 5 s, 5 s and 60 s
        Status.PREPARING,
        ON,
        (BREAKS_OPEN, Move(so.sleeps, P.REWAKING), Move(so.vehicle_ready, P.BATTERY_CHECK)),
        Wait(75.0, C.NOT_CONFIGURED),
    ),
    P.BATTERY_CHECK: Row(  # also the 500 ms that must pass after the vehicle's contactors closed
        Status.PREPARING,
        ON,
        (BREAKS_OPEN, Move(so.battery_matches, P.CHARGE_PERMIT, 0.5)),
        Wait(3.0, C.BATTERY_VOLTAGE),
    ),
    P.CHARGE_PERMIT: Row(
        Status.PREPARING, ON | PERMIT, (BREAKS_OPEN, Move(so.permitted, P.PRECHARGE)), Wait(5.0, C.NO_PERMIT)
    ),
    P.PRECHARGE: Row(  # the vehicle gives up 60 s after its BRO(AA)
        Status.PREPARING,
        ON | PERMIT | MODULES,
        (BREAKS_OPEN, Move(so.precharged, P.CLOSING, 0.5)),
        Wait(30.0, C.PRECHARGE),
    ),
    P.CLOSING: Row(
        Status.PREPARING,
        ON | PERMIT | MODULES | K1K2,
        (BREAKS, Move(so.contactors_closed, P.READY)),
        Wait(0.5, C.CONTACTOR_REFUSED),
    ),
    P.READY: Row(
        Status.PREPARING,
        ON | PERMIT | MODULES | K1K2,
        (BREAKS, Move(so.demanded, P.CHARGING)),
        Wait(6.0, C.NO_DEMAND),
    ),
    P.CHARGING: Row(Status.CHARGING, ON | PERMIT | MODULES | K1K2, (BREAKS,)),
    # The dialogue broke and begins anew: three times at most, each with the whole way to a closed contactor (GB/T
    # 27930-2015, figure A.9). It ends by itself when the output is not safe within 10 s.
    P.BREAKING: Row(
        Status.PREPARING, ON | PERMIT | K1K2, (Move(so.current_gone, P.REOPENING),), Wait(0.9, C.RAMP_SLOW)
    ),
    P.REOPENING: Row(Status.PREPARING, ON, (Move(so.contactors_open, P.EMPTYING),), Wait(1.0, C.CONTACTOR_WELDED)),
    P.EMPTYING: Row(  # an inside that does not empty hangs on the battery
        Status.PREPARING, ON | BLEED, (Move(so.inside_safe, P.RECONNECTING),), Wait(1.0, C.CONTACTOR_WELDED)
    ),
    P.RECONNECTING: Row(  # the vehicle opens its contactors, too
        Status.PREPARING, ON, (Move(so.safe, P.CONFIGURATION, 0.2),), Wait(7.0, C.VEHICLE_CONTACTOR)
    ),
    P.REWAKING: Row(  # nothing at all was heard of the vehicle: its supply goes off for 10 s and comes back
        Status.PREPARING,
        LOCK | Output.AC,
        (Move(so.asleep, P.ENERGISING, 10.0),),
        Wait(13.0, C.SUPPLY_FAILED),
    ),
    P.RAMPING: Row(  # 250 A at 100 A/s
        Status.FINISHING,
        ON | PERMIT | MODULES | K1K2,
        (Move(so.current_gone, P.OPENING),),
        Wait(3.0, C.RAMP_SLOW),
    ),
    P.CUTTING: Row(
        Status.FINISHING,
        ON | PERMIT | K1K2,
        (Move(so.current_gone, P.OPENING),),
        Wait(0.9, C.RAMP_SLOW, P.OPENING),
    ),
    P.OPENING: Row(
        Status.FINISHING, ON, (Move(so.contactors_open, P.DISCHARGE),), Wait(1.0, C.CONTACTOR_WELDED, P.DISCHARGE)
    ),
    P.DISCHARGE: Row(  # an inside that does not empty hangs on the battery
        Status.FINISHING, ON | BLEED, (Move(so.inside_safe, P.STATISTICS),), Wait(1.0, C.CONTACTOR_WELDED, P.STATISTICS)
    ),
    P.STATISTICS: Row(  # K3K4 open only after CSD and BSD; the dialogue's own waits are 10 s and 5 s
        Status.FINISHING,
        ON,
        (Move(so.dialogue_over, P.SAFE_VOLTAGE),),
        Wait(20.0, C.NO_STATISTICS, P.SAFE_VOLTAGE),
    ),
    P.SAFE_VOLTAGE: Row(
        Status.FINISHING, LOCK, (Move(so.safe, P.UNLOCKING, 2.0),), Wait(7.0, C.VEHICLE_CONTACTOR, P.HELD)
    ),
    P.HELD: Row(Status.UNAVAILABLE, LOCK, (Move(so.safe, P.UNLOCKING, 2.0),)),
    P.UNLOCKING: Row(Status.FINISHING, NOTHING, (Move(so.unlocked, P.RELEASED),), Wait(3.0, C.LOCK_STUCK, P.RELEASED)),
    P.RELEASED: Row(
        Status.FINISHED,
        NOTHING,
        (Move(so.unplugged, P.AVAILABLE, 0.5), Move(so.authorised, P.LOCKING), Move(so.asked, P.LOCKING)),
    ),
    P.OUT_OF_SERVICE: Row(Status.UNAVAILABLE, NOTHING, ()),
}

ORDER = tuple(Phase)


def between(first: Phase, last: Phase) -> frozenset[Phase]:
    """The phases from one to another, in the order of the sequence."""
    return frozenset(ORDER[ORDER.index(first) : ORDER.index(last) + 1])


LIVE = between(P.ENERGISING, P.CUTTING)
"""A charge is under way: everything is watched."""

ASKING = between(P.WAKING, P.RESTING)
"""A vehicle says who it is; nothing is energised but its auxiliary supply, and no session exists."""

WATCHED = ASKING | LIVE

ENDING = between(P.OPENING, P.UNLOCKING)
"""Nothing stops the ending; what goes wrong in it is noted."""

STOPPING = frozenset({P.RAMPING, P.CUTTING})
"""A stop is under way; only a stronger one changes anything."""

RECONNECTION = between(P.BREAKING, P.REWAKING)
"""The dialogue with the vehicle broke, and begins anew."""

WITH_MODULES = frozenset(phase for phase in LIVE if MODULES in TABLE[phase].outputs)
WITH_K1K2 = frozenset(phase for phase in LIVE if K1K2 in TABLE[phase].outputs)


class Watch(NamedTuple):
    """What stops the charge when it is so for longer than `held` s, and in which phases."""

    when: Condition
    cause: Cause
    phases: frozenset[Phase]
    held: float = 0.0


WATCHES = (
    Watch(so.emergency_stop, C.EMERGENCY_STOP, WATCHED),
    Watch(so.door_open, C.DOOR_OPEN, WATCHED),
    Watch(so.connection_lost, C.CONNECTION_LOST, WATCHED),
    Watch(so.mains_lost, C.MAINS_LOST, LIVE - {P.ENERGISING}),
    Watch(so.button_pressed, C.BUTTON_PRESSED, WATCHED),
    Watch(so.unlocked, C.LOCK_LOST, WATCHED, 0.2),
    Watch(so.modules_failed, C.MODULES_FAILED, WITH_MODULES),
    Watch(so.permit_lost, C.PERMIT_LOST, WITH_MODULES | WITH_K1K2),
    Watch(so.contactors_open, C.CONTACTOR_REFUSED, WITH_K1K2 - {P.INSULATION_TEST, P.CLOSING, P.CUTTING}, 0.2),
    Watch(so.contactors_closed, C.CONTACTOR_WELDED, WATCHED - WITH_K1K2 - {P.TEST_OPENING, P.REOPENING}, 0.2),
    Watch(so.foreign_voltage, C.FOREIGN_VOLTAGE, between(P.WAKING, P.TEST_VOLTAGE), 0.2),
    Watch(so.reversed_polarity, C.POLARITY, between(P.BATTERY_CHECK, P.CLOSING), 0.1),
    Watch(so.battery_differs, C.BATTERY_VOLTAGE, between(P.CHARGE_PERMIT, P.CLOSING), 0.2),
)
"""In the order of precedence: of several that are ripe at once the first is the cause."""
