"""What a recording holds: charging sessions, their phases, how each ended and whose doing that was.

Times are seconds of the recording's own clock (since 1970, or since the recorder started), None where the recording
has no time. Quantities are integers: mV, mA (positive into the battery), mWh, mAh, 0.1 %, 0.1 °C.
"""

from enum import StrEnum

import msgspec

from chargelink.cli.language import Text
from chargelink.gbt27930.faults import FaultClass


class Phase(StrEnum):
    """The phases of a session, in the order in which a good one has them."""

    UNKNOWN = "unknown"  # the recording begins in the middle and nothing has told the phase yet
    HANDSHAKE = "handshake"  # CHM, not answered yet
    INSULATION = "insulation"  # BHM has come: the charger tests the insulation
    RECOGNITION = "recognition"  # CRM, BRM
    PARAMETERS = "parameters"  # BCP, CML
    PREPARING = "preparing"  # BRO, CRO: contactors, pre-charge
    CHARGING = "charging"
    PAUSED = "paused"  # CCS says that charging is not permitted, or BSM forbids it
    STOPPING = "stopping"  # CST, BST
    ERROR = "error"  # CEM, BEM
    STATISTICS = "statistics"  # CSD, BSD


class Side(StrEnum):
    """Whose doing something is."""

    CHARGER = "charger"
    VEHICLE = "vehicle"
    BUS = "bus"  # the wires, the plug, disturbance: both sides did what they could
    NOBODY = "nobody"  # as it should be
    UNKNOWN = "unknown"  # the recording does not tell


class Severity(StrEnum):
    """How much a violation matters, the worst first."""

    FAULT = "fault"  # ends charges, or could have
    VIOLATION = "violation"  # against the standard
    REMARK = "remark"  # the standard says otherwise and devices in the field live with it


class EnergySource(StrEnum):
    """Where an energy is from."""

    CSD = "CSD"  # the charger's statistics said so
    CCS = "CCS"  # the charger's output, integrated
    BCS = "BCS"  # what the battery measured, integrated


class Span(msgspec.Struct, frozen=True):
    """A phase as it was: `start`, and its `seconds`; None without time."""

    phase: Phase
    start: float | None
    seconds: float | None


class Example(msgspec.Struct, frozen=True):
    """A frame that shows what is meant, `frame` as in `1812F456#A510D80E0000FD`; a transported message in full."""

    time: float | None
    frame: str


class Violation(msgspec.Struct, frozen=True):
    """One kind of violation, however often it happened.

    `code` names the kind, `message` the message that it is about ("" for none); `text` says it, `clause` where it is
    written; `first` and `last` are when it happened. At most three `examples`.
    """

    code: str
    message: str
    whose: Side
    severity: Severity
    clause: Text | None
    text: Text
    count: int
    first: float | None
    last: float | None
    examples: tuple[Example, ...]


class Stop(msgspec.Struct, frozen=True):
    """What ended the charge, the first that did.

    `by` is the side that stopped (its CST, BST, CEM or BEM came first), NOBODY where none did. `message` is that
    message ("" for a side that fell silent and for the end of the recording), `causes` the fields that it raised.
    """

    by: Side
    message: str
    time: float | None
    causes: tuple[str, ...]
    text: Text
    fault_class: FaultClass | None = None  # of annex C; None: no fault


class Verdict(msgspec.Struct, frozen=True):
    """Whose fault it was: the rule that decided (`code`), in words, and what to do now."""

    whose: Side
    code: str
    text: Text
    remedy: Text


class Vehicle(msgspec.Struct, frozen=True):
    """Who charged, as BRM and BCP said; None where they did not."""

    vin: str | None = None
    battery_type: Text | None = None
    rated_capacity: int | None = None  # mAh
    rated_voltage: int | None = None  # mV
    nominal_energy: int | None = None  # mWh
    protocol_version: str | None = None


class Limits(msgspec.Struct, frozen=True):
    """What each side said it can take (BHM, BCP) and give (CML); mV, mA, 0.1 °C."""

    insulation_voltage: int | None = None  # BHM
    battery_voltage: int | None = None  # BCP, before charging
    max_battery_voltage: int | None = None
    max_battery_current: int | None = None
    max_cell_voltage: int | None = None
    max_temperature: int | None = None
    max_charger_voltage: int | None = None  # CML
    min_charger_voltage: int | None = None
    max_charger_current: int | None = None
    min_charger_current: int | None = None


class Counts(msgspec.Struct, frozen=True):
    """Numbers of the session. `messages` by name; `foreign` and `not_standard` frames are those of the same bus."""

    frames: int = 0
    messages: dict[str, int] = {}
    transfers: int = 0  # messages that came by transport, complete
    retries: int = 0  # requests of the transport that were repeated
    aborts: int = 0  # transfers given up
    incomplete: int = 0  # transfers without all packets
    lost_charger: int = 0  # frames that the charger's beat lacks
    lost_vehicle: int = 0  # frames that the vehicle's beat and its transfers lack
    reconnections: int = 0  # CRM(00) again, after an error
    unreadable: int = 0  # messages that lack bytes
    omitted: int = 0  # violations of more kinds than are kept
    foreign: int = 0  # frames of somebody else
    not_standard: int = 0  # frames with 11 bits, remote and FD frames
    bus_errors: int = 0  # error frames

    @property
    def lost(self) -> int:
        return self.lost_charger + self.lost_vehicle


class Point(msgspec.Struct, frozen=True, array_like=True):
    """A stretch of a curve from `time` to the next point: its extremes, so that no peak is lost."""

    time: float
    low: int
    high: int


class Curve(msgspec.Struct, frozen=True):
    """A quantity over time, at most `curves.MOST` points. `time` counts frames of the bus if `Session.timed` is false.

    `name` is one of `curves.NAMES`, `unit` one of "mV", "mA", "0.1 %", "0.1 °C".
    """

    name: str
    unit: str
    points: tuple[Point, ...]

    @property
    def low(self) -> int:
        return min(point.low for point in self.points)

    @property
    def high(self) -> int:
        return max(point.high for point in self.points)


class Session(msgspec.Struct, frozen=True):
    """One session of one pair on one bus, from its handshake (or the begin of the recording) to its end.

    `timed` is false where time stamps are missing or all the same: then no period or timeout is judged, and phases
    have no seconds. `whole` is false where the recording begins in the middle of the session. `edition` is the one the
    two sides had in common, "2011" if one of them is of 2011; `energies` has what each source came to.
    """

    number: int  # in the recording, from 1
    channel: str
    addresses: tuple[int, int]  # charger, BMS
    edition: str
    editions: dict[Side, str]  # of each side that was heard
    start: float | None
    seconds: float | None
    timed: bool
    whole: bool
    phases: tuple[Span, ...]
    energy: int | None
    energy_from: EnergySource | None
    energies: dict[EnergySource, int]
    first_soc: int | None
    last_soc: int | None
    stop: Stop
    stop_causes: tuple[str, ...]  # everything that CST, BST, CEM and BEM raised in the session, in order
    verdict: Verdict
    violations: tuple[Violation, ...]  # the worst first
    counts: Counts
    vehicle: Vehicle
    limits: Limits
    curves: tuple[Curve, ...]

    @property
    def orderly(self) -> bool:
        """Nobody did anything wrong that ended it."""
        return self.verdict.whose is Side.NOBODY
