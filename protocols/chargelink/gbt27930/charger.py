"""The charger's end of GB/T 27930 (10.1 to 10.5, annexes A and C) for vehicles of 2015 and of 2011: no I/O, no clock.

    charger = Charger(now, limits)
    charger.start(now)                                   plugged, locked, auxiliary on
    VehicleAnswered   -> test the insulation, then       charger.insulation_done(now)
    VehicleIdentified, Parameters, VehicleReady          -> pre-charge, close, then charger.ready(now)
    Demand, VehiclePermits, Status                       -> follow them; charger.report(...) what comes out
    charger.stop(now, cause) or Stopped                  -> ramp down, open; charger.statistics(...) for the vehicle
    Failed                                               -> output off, open; below 60 V outside: charger.safe(now)
    Reconnecting, Asleep                                 -> as it was after insulation_done, or before start
    Ended                                                -> auxiliary off, unlock

What the device is to hold at any moment stands in `charger.wants`; the events say what changed. Voltages mV, currents
mA and positive into the battery (on the wire charging is negative), energy mWh, times s. Each command gives events like
the four verbs, which are those of `chargelink.gbt27930.dialogue`; the table of states is
`chargelink.gbt27930.charger_table`.

A dialogue that failed tells the vehicle why (CEM) and, when the output is safe, begins anew with CRM(00), three times
at most; a vehicle of which nothing at all was heard is woken first, once, by its auxiliary supply. After the third
failure, or a fault of the vehicle, the charge has ended with a class of fault (annex C), and `start` is refused until
`replugged`.
"""

from collections import Counter
from datetime import datetime
from typing import ClassVar

from chargelink.gbt27930 import charger_messages as messages
from chargelink.gbt27930.catalogue import Edition, Sender
from chargelink.gbt27930.causes import ORDERLY_CAUSES, ChargerCause, ChargerTimeout, flagged, raised
from chargelink.gbt27930.charger_events import (
    Asleep,
    ChargerLimits,
    Demand,
    Parameters,
    Refused,
    Status,
    VehicleAnswered,
    VehicleIdentified,
    VehiclePermits,
    VehicleReady,
    VehicleStatistics,
    Wanted,
)
from chargelink.gbt27930.charger_table import TABLE, State, Want
from chargelink.gbt27930.charging import BCL, BCS, BCS2011, BMT, BMV, BSM
from chargelink.gbt27930.codes import ChargePermission, Permission, Ready, Recognition
from chargelink.gbt27930.contradictions import NEVER_OBEYED, Conflict, Session
from chargelink.gbt27930.dialogue import (
    Dialogue,
    Ended,
    Event,
    Failed,
    Reconnecting,
    Stopped,
    Unreadable,
)
from chargelink.gbt27930.ending import BEM, BSD, BST, BST2011, CEM, CST, CST2011
from chargelink.gbt27930.faults import (
    MOST_RECONNECTIONS,
    READINESS_WITHDRAWN,
    BatteryFault,
    FaultClass,
    battery_faults,
    fault_class,
)
from chargelink.gbt27930.handshake import BHM, BRM, CHM, VERSION_2011, VERSION_2015
from chargelink.gbt27930.identifier import BMS, CHARGER
from chargelink.gbt27930.parameters import BCP, BRO, CRO
from chargelink.gbt27930.transport import Endpoint
from chargelink.wire import Message

__all__ = [
    "Asleep",
    "Charger",
    "ChargerLimits",
    "Demand",
    "Ended",
    "Event",
    "Failed",
    "Parameters",
    "Reconnecting",
    "Refused",
    "State",
    "Status",
    "Stopped",
    "Unreadable",
    "VehicleAnswered",
    "VehicleIdentified",
    "VehiclePermits",
    "VehicleReady",
    "VehicleStatistics",
    "Wanted",
]

VERDICTS: dict[int, str] = {ChargePermission.FORBIDDEN: "BSM forbids", ChargePermission.PERMITTED: "BSM permits"}
PERMITS = {"BSM forbids": False, "BSM fault": False, "BSM permits": True}
BRO_TRIGGERS: dict[int, str] = {Ready.READY: "BRO(AA)", Ready.NOT_READY: "BRO(00)"}
SAID_BY_CHARGE = ("BCL", "BCS")  # what must come, both, before the charge begins


class Charger(Dialogue):
    """One charge, and after `replugged` the next. A command outside its states does nothing: the vehicle may have ended
    it a moment before.
    """

    table = TABLE
    side = Sender.CHARGER
    over = State.ENDED
    obeyed: ClassVar = {
        "BHM": frozenset(),
        "BCP": frozenset({"soc_percent", "nominal_energy_kWh", "max_cell_voltage_V", "max_temperature_C"}),
        "BCL": frozenset({"charge_mode"}),  # with either mode neither voltage nor current may exceed the demand
    }

    def __init__(self, now: float, limits: ChargerLimits) -> None:
        """Raises EncodeError when the limits cannot be said."""
        self.limits = limits
        self._clock: tuple[float, datetime] | None = None  # a moment and the local time it was
        self._output = (0, 0, 0)  # mV, mA, min
        self._statistics: tuple[int, int] | None = None  # min, mWh
        self.doubts: Counter[Conflict] = Counter()  # what the vehicle said against what it had said
        self._forget()
        super().__init__(now, State.IDLE, Endpoint(CHARGER, BMS))
        messages.greatest_output(limits, Edition.OF_2015).encode()
        messages.recognition(limits, Recognition.NOT_RECOGNISED, Edition.OF_2015).encode()

    def _forget(self) -> None:
        """Of the vehicle at the plug nothing is known."""
        self._insulation_limit: int | None = None  # mV
        self._heard_of = False  # the vehicle said anything
        self._woken = False
        self._forget_charge()

    def _forget_charge(self) -> None:
        self.vehicle: BRM | None = None
        self.battery: BCP | None = None
        self.demand: Demand | None = None
        self._permits = [True, True]  # the charger, the vehicle
        self._began: set[str] = set()  # of SAID_BY_CHARGE, since CRO(AA)
        self._wanted: tuple[ChargerCause, ...] = ()  # causes of a stop that is tried
        self._causes: frozenset[str] = frozenset()  # raised in CST
        self._missing: tuple[str, ...] = ()  # raised in CEM
        self._reasons: tuple[str, ...] = ()  # raised in the last BST or BEM
        self._safe = False  # since the last failure
        self._battery_fault: FaultClass | None = None  # of the last BSM that reported one
        self._session = Session()

    @property
    def wants(self) -> Wanted:
        """What the device is to hold now."""
        wants = self._row.wants
        voltage, current = self._wanted_output()
        return Wanted(
            Want.LOCK in wants,
            Want.AUXILIARY in wants,
            Want.INSULATION_TEST in wants,
            Want.PRECHARGE in wants,
            Want.CONTACTORS in wants,
            voltage,
            current,
        )

    def _wanted_output(self) -> tuple[int | None, int]:
        """The demand within what battery and charger can take, mV and mA."""
        highest = self.limits.max_voltage
        match self.state:
            case State.INSULATION:
                limit = self._insulation_limit
                return None if limit is None else min(limit, highest), 0
            case State.PREPARING | State.READY if self.battery:
                return min(self.battery.battery_voltage, self.battery.max_total_voltage, highest), 0
            case State.CHARGING | State.PAUSED if self.battery and self.demand:
                voltage = min(self.demand.voltage, highest, self.battery.max_total_voltage)
                flows = self.state is State.CHARGING and self._permits[0]
                return voltage, min(self.demand.current, self.limits.max_current, self._most_current) if flows else 0
        return 0, 0

    def start(self, now: float, local_time: datetime | None = None) -> list[Event]:
        """Begin the handshake. With the local time of `now` the vehicle is told the time (CTS, optional).

        After a charge that ended with a fault the answer is `Refused` (GB/T 34658-2017, DP.4002).
        """
        if self.state is State.ENDED and self.fault is not None and self.fault is not FaultClass.A:
            return [Refused(self.fault)]
        if self.state in (State.IDLE, State.ENDED):
            self._clock = None if local_time is None else (now, local_time)
        return self._trigger("start", now) or self._trigger("restart", now)

    def insulation_done(self, now: float) -> list[Event]:
        """The insulation is good, the voltage outside is down: go on."""
        return self._trigger("insulation done", now)

    def ready(self, now: float) -> list[Event]:
        """The output is at the battery's voltage and the contactors are closed: say CRO(AA)."""
        return self._trigger("ready", now)

    def safe(self, now: float) -> list[Event]:
        """After `Failed`: the output is off, K1K2 are open and outside there are less than 60 V."""
        self._safe = self.state in (State.ERROR, State.FAILED, State.INTERRUPTED)
        return self._begin_anew(now)

    def replugged(self, now: float) -> list[Event]:
        """The plug was pulled and is in again, or a person saw to the fault: the next `start` is for a new vehicle."""
        return self._trigger("replugged", now)

    def report(self, voltage: int, current: int, minutes: int, permitted: bool = True) -> None:
        """What comes out, mV and mA, and for how long; said every 50 ms while charging, clipped to what can be said.

        `permitted` False tells the vehicle that the charger pauses; vehicles of 2011 do not learn it.
        """
        self._output, self._permits[0] = (voltage, current, minutes), permitted

    def stop(self, now: float, *causes: ChargerCause) -> list[Event]:
        """Stop because of `causes`. Before CRO(AA) there is nothing to say to the vehicle: the dialogue just ends."""
        self._wanted = causes
        return self._trigger("stop", now)

    def statistics(self, minutes: int, energy: int) -> None:
        """How many minutes it took and the mWh that went out; said when the vehicle has said its own."""
        self._statistics = minutes, energy

    def tick(self, now: float) -> list[Event]:
        """Let time pass: end waits, repeat messages."""
        events = super().tick(now)
        return events + self._begin_anew(now)

    def _begin_anew(self, now: float) -> list[Event]:
        if not self._safe or self.state not in (State.FAILED, State.INTERRUPTED):
            return []
        if self.attempts >= MOST_RECONNECTIONS:
            return self._trigger("give up", now)
        asleep = not self._heard_of and not self._woken
        return self._trigger("wake" if asleep else "reconnect", now)

    def _objection(self, name: str, message: Message) -> str:
        found = self._session.judge(message)
        if not found:  # as nearly always
            return super()._objection(name, message)
        self.doubts.update(contradiction.conflict for contradiction in found)
        never = [contradiction.text for contradiction in found if contradiction.conflict in NEVER_OBEYED]
        return super()._objection(name, message) or ", ".join(never)

    @property
    def _most_current(self) -> int:
        """What the battery may take, mA."""
        return -self.battery.max_charge_current if self.battery else 0

    def _heard(self, name: str, message: Message, now: float) -> list[Event]:
        self._heard_of = True
        self._session.take(message)
        match message:
            case BHM():
                return self._answered(message, now)
            case BRM() if self.state in (State.RECOGNITION, State.RECOGNISED):
                self.vehicle = message
                old = message.protocol_version == VERSION_2011
                self.edition = Edition.OF_2011 if old else Edition.OF_2015
            case BCP() if self.state is State.RECOGNISED:
                self.battery = message
            case BRO():
                name = BRO_TRIGGERS.get(message.ready, "BRO")
            case BCL():
                return self._demanded(message) + self._begun(name, now)
            case BCS() | BCS2011():
                return [Status(message), *self._begun(name, now)]
            case BSM():
                verdict = self._verdict(message)
                self._permits[1] = PERMITS.get(verdict, self._permits[1])
                return [Status(message), *self._trigger(verdict, now)]
            case BMV() | BMT():
                return [Status(message)]
            case BST() | BST2011() | BEM():
                self._reasons = raised(message)
                if isinstance(message, BEM) and not self._reasons:
                    return []
            case BSD():
                return [VehicleStatistics(message), *self._trigger(name, now)]
        return self._trigger(name, now)

    def _answered(self, message: BHM, now: float) -> list[Event]:
        self._insulation_limit = message.max_allowed_charge_voltage
        if self.state is State.INSULATION and self.edition is Edition.OF_2011:
            self.edition = Edition.OF_2015  # it woke up late
            return [VehicleAnswered(self._insulation_limit)]
        return self._trigger("BHM", now)

    def _demanded(self, message: BCL) -> list[Event]:
        if self.state not in (State.READY, State.CHARGING, State.PAUSED):
            return []
        self.demand = Demand(message.voltage_demand, -message.current_demand, message.charge_mode)
        return [self.demand]

    def _begun(self, name: str, now: float) -> list[Event]:
        """BCL and BCS feed their waits; when both came, the charge begins."""
        events = self._trigger(name, now)
        self._began.add(name)
        begins = "BCL and BCS" if self._permits[1] else "BCL and BCS, BSM forbids"
        return events + (self._trigger(begins, now) if self._began.issuperset(SAID_BY_CHARGE) else [])

    def _verdict(self, state: BSM) -> str:
        """What the battery's state asks for (10.3.4, annex C)."""
        if faults := battery_faults(state):
            self._wanted = (ChargerCause.CONNECTOR if BatteryFault.CONNECTOR in faults else ChargerCause.OTHER_FAULT,)
            self._battery_fault = fault_class(Sender.BMS, faults)
            return "BSM fault"
        return VERDICTS.get(state.charge_permission, "BSM")

    def _triggered(self, trigger: str, now: float) -> list[Event]:
        match trigger:
            case "start" | "restart" | "replugged":
                self.attempts, self.fault = 0, None
                if trigger != "start":
                    self._statistics = None
                self._forget()
            case "BHM" | "no BHM":
                self.edition = Edition.OF_2015 if trigger == "BHM" else Edition.OF_2011
                return [VehicleAnswered(self._insulation_limit)]
            case "BRM" if self.vehicle:
                return [VehicleIdentified(self.vehicle)]
            case "BCP" if self.battery:
                self._session.take(messages.greatest_output(self.limits, self.edition))
                return [Parameters(self.battery)]
            case "BRO(AA)":
                return [VehicleReady()]
            case "ready":
                self._began.clear()
            case "BSM permits" | "BSM forbids" | "BCL and BCS, BSM forbids":
                return [VehiclePermits(self._permits[1])]
            case "stop" | "BSM fault":
                self.fault = self._battery_fault if trigger == "BSM fault" else None
                return self._stopped(*self._wanted)
            case "pause over":
                self.fault = FaultClass.B
                return self._stopped(ChargerCause.CONDITION_REACHED)
            case "BST" if self.state is not State.STOPPING:
                self._causes = frozenset({ChargerCause.VEHICLE_STOPPED})
                self.fault = fault_class(Sender.BMS, self._reasons)
                return [Stopped(Sender.BMS, self._reasons)]
            case "reconnect" | "wake":
                return self._begun_anew(trigger)
        return self._broken(trigger)

    def _broken(self, trigger: str) -> list[Event]:
        """What a trigger means that breaks the dialogue."""
        match trigger:
            case "BRO(00)":
                self.fault = FaultClass.B
                return [Failed(Sender.CHARGER, (READINESS_WITHDRAWN,))]
            case "give up" | "unsafe":
                self.fault = FaultClass.B
            case "BEM":
                self._safe = False
                return [Failed(Sender.BMS, self._reasons)]
            case ChargerTimeout():
                self._missing, self._safe = (trigger,), False
                if self.state in (State.STOPPING, State.STOPPED):
                    self.fault = FaultClass.B
                return [Failed(Sender.CHARGER, self._missing)]
        return []

    def _begun_anew(self, trigger: str) -> list[Event]:
        self._forget_charge()
        self._endpoint.abort()
        if trigger == "wake":
            self._woken = True
            return [Asleep()]
        return self._reconnected()

    def _stopped(self, *causes: ChargerCause) -> list[Event]:
        orderly = ORDERLY_CAUSES.issuperset(causes)
        self.fault = max(filter(None, (self.fault, fault_class(Sender.CHARGER, causes))), default=None)
        self._causes = frozenset(causes if orderly else {*causes, ChargerCause.FAULT})
        return [Stopped(Sender.CHARGER, tuple(cause for cause in ChargerCause if cause in self._causes))]

    def _words(self, name: str, now: float) -> Message | None:
        match name:
            case "CHM":
                return CHM(VERSION_2015)
            case "CRM":
                recognised = self.state is State.RECOGNISED
                result = Recognition.RECOGNISED if recognised else Recognition.NOT_RECOGNISED
                return messages.recognition(self.limits, result, self.edition)
            case "CTS":
                return None if self._clock is None else messages.local_time(*self._clock, now)
            case "CML":
                return messages.greatest_output(self.limits, self.edition)
            case "CRO":
                return CRO(Ready.READY if self.state is State.READY else Ready.NOT_READY)
            case "CCS":
                permission = Permission.PERMITTED if all(self._permits) else Permission.PAUSED
                return messages.output(*self._output, permission, self.edition)
            case "CST":
                return flagged(CST2011 if self.edition is Edition.OF_2011 else CST, self._causes)
            case "CSD":
                known = self._statistics
                return None if known is None else messages.statistics(self.limits, *known, self.edition)
            case "CEM":
                return flagged(CEM, self._missing)
        raise AssertionError(f"a charger does not say {name}")
