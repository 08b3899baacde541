"""The charger's end of GB/T 27930 (10.1 to 10.5, annexes A and C) for vehicles of 2015 and of 2011: no I/O, no clock.

    charger = Charger(now, limits)
    charger.start(now)                                   plugged, locked, auxiliary on
    VehicleAnswered   -> test the insulation, then       charger.insulation_done(now)
    VehicleIdentified, Parameters, VehicleReady          -> pre-charge, close, then charger.ready(now)
    Demand, VehiclePermits, Status                       -> follow them; charger.report(...) what comes out
    charger.stop(now, cause) or Stopped                  -> ramp down, open; charger.statistics(...) for the vehicle
    Failed                                               -> output off, open
    Ended                                                -> auxiliary off, unlock

Voltages mV, currents mA and positive into the battery (on the wire charging is negative), energy mWh, times s. Each
command gives events like the four verbs, which are those of `chargelink.gbt27930.dialogue`; the table of states is
`chargelink.gbt27930.charger_table`. A dialogue that failed tells the vehicle why (CEM) and ends; to try again make a
new `Charger` when the voltage outside is below 60 V.
"""

from datetime import datetime, timedelta
from typing import ClassVar

import msgspec

from chargelink.gbt27930.catalogue import Edition, Sender
from chargelink.gbt27930.causes import ORDERLY_CAUSES, ChargerCause, ChargerTimeout, flagged, raised
from chargelink.gbt27930.charger_table import TABLE, State
from chargelink.gbt27930.charging import BCL, BCS, BCS2011, BMT, BMV, BSM, CCS
from chargelink.gbt27930.codes import REACHED, ChargeMode, ChargePermission, Level, Permission, Ready, Recognition
from chargelink.gbt27930.dialogue import Dialogue, Ended, Event, Failed, Stopped, Unreadable
from chargelink.gbt27930.ending import BEM, BSD, BST, BST2011, CEM, CSD, CSD2011, CST, CST2011
from chargelink.gbt27930.handshake import BHM, BRM, CHM, CRM, CRM2011, VERSION_2011, VERSION_2015
from chargelink.gbt27930.identifier import BMS, CHARGER
from chargelink.gbt27930.parameters import BCP, BRO, CML, CRO, CTS
from chargelink.gbt27930.plausibility import ZERO_RAW_CURRENT, Implausible
from chargelink.gbt27930.transport import Endpoint
from chargelink.wire import Message

__all__ = [
    "Charger",
    "ChargerLimits",
    "Demand",
    "Ended",
    "Event",
    "Failed",
    "Parameters",
    "State",
    "Status",
    "Stopped",
    "Unreadable",
    "VehicleAnswered",
    "VehicleIdentified",
    "VehiclePermits",
    "VehicleReady",
    "VehicleStatistics",
]

WITHDRAWN = "bro_withdrawn"  # in `Failed.missing`: the vehicle took its readiness back (GB/T 34658, DN.2009)
STEP = 100  # mV and mA: the resolution of the wire
MOST_VOLTAGE = 1_500_000  # mV
MOST_CURRENT = 400_000  # mA: what the coding of a charging current can say
MOST_MINUTES = 600
ENERGY_STEP, MOST_ENERGY = 100_000, 1_000_000_000  # mWh
OLDEST_NUMBERS = range(1, 101)  # charger numbers that 2011 can say
MOST_DISCHARGE = 100_000  # mA
NO_OLD_NUMBER = 0xFF
OUT_OF_LEVEL = (Level.TOO_HIGH, Level.TOO_LOW)
VERDICTS: dict[int, str] = {ChargePermission.FORBIDDEN: "BSM forbids", ChargePermission.PERMITTED: "BSM permits"}
BRO_TRIGGERS: dict[int, str] = {Ready.READY: "BRO(AA)", Ready.NOT_READY: "BRO(00)"}
SAID_BY_CHARGE = ("BCL", "BCS")  # what must come, both, before the charge begins


class ChargerLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a charger can give, mV and mA (0..400 000), and who it is. It goes into CML and CRM in steps of 0.1."""

    max_voltage: int
    min_voltage: int
    max_current: int
    min_current: int = 0
    number: int | None = None
    region: str | None = None


class VehicleAnswered(Event, frozen=True):
    """Test the insulation now, at no more than `max_voltage` mV. None: no BHM in 10 s, so a vehicle of 2011 at most."""

    max_voltage: int | None


class VehicleIdentified(Event, frozen=True):
    """The vehicle said who it is."""

    message: BRM


class Parameters(Event, frozen=True):
    """The battery said what it can take."""

    message: BCP


class VehicleReady(Event, frozen=True):
    """The vehicle closed its contactors: check its voltage, pre-charge, close, then `Charger.ready`."""


class Demand(Event, frozen=True):
    """What the vehicle asks for, not yet clamped by anything: mV, mA."""

    voltage: int
    current: int
    mode: ChargeMode | int


class VehiclePermits(Event, frozen=True):
    """The BMS forbids charging for a while (no current now), or permits it again (annex C, at most 10 minutes)."""

    permitted: bool


class Status(Event, frozen=True):
    """What the battery measures, as it came: currents in it are negative while charging."""

    message: BCS | BCS2011 | BSM | BMV | BMT


class VehicleStatistics(Event, frozen=True):
    """The end as the vehicle saw it."""

    message: BSD


class Charger(Dialogue):
    """One charge. A command outside its states does nothing: the vehicle may have ended it a moment before."""

    table = TABLE
    side = Sender.CHARGER
    obeyed: ClassVar = {
        "BHM": frozenset(),
        "BCP": frozenset({"soc_percent", "nominal_energy_kWh", "max_cell_voltage_V", "max_temperature_C"}),
        "BCL": frozenset({"charge_mode"}),  # with either mode neither voltage nor current may exceed the demand
    }

    def __init__(self, now: float, limits: ChargerLimits) -> None:
        """Raises EncodeError when the limits cannot be said."""
        self.limits = limits
        self.vehicle: BRM | None = None
        self.battery: BCP | None = None
        self._insulation_limit: int | None = None  # mV
        self._clock: tuple[float, datetime] | None = None  # a moment and the local time it was
        self._output = (0, 0, 0)  # mV, mA, min
        self._permits = [True, True]  # the charger, the vehicle
        self._began: set[str] = set()  # of SAID_BY_CHARGE, since CRO(AA)
        self._wanted: tuple[ChargerCause, ...] = ()  # causes of a stop that is tried
        self._causes: frozenset[str] = frozenset()  # raised in CST
        self._missing: tuple[str, ...] = ()  # raised in CEM
        self._reasons: tuple[str, ...] = ()  # raised in the last BST or BEM
        self._statistics: tuple[int, int] | None = None  # min, mWh
        super().__init__(now, State.IDLE, Endpoint(CHARGER, BMS))
        self._limits().encode()
        self._recognition(Recognition.NOT_RECOGNISED).encode()

    def start(self, now: float, local_time: datetime | None = None) -> list[Event]:
        """Begin the handshake. With the local time of `now` the vehicle is told the time (CTS, optional)."""
        self._clock = None if local_time is None else (now, local_time)
        return self._trigger("start", now)

    def insulation_done(self, now: float) -> list[Event]:
        """The insulation is good, the voltage outside is down: go on."""
        return self._trigger("insulation done", now)

    def ready(self, now: float) -> list[Event]:
        """The output is at the battery's voltage and the contactors are closed: say CRO(AA)."""
        return self._trigger("ready", now)

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

    def _objection(self, name: str, message: Message) -> str:
        if (
            isinstance(message, BCL)
            and message.current_demand == ZERO_RAW_CURRENT
            and self._most_current < MOST_CURRENT
        ):
            return Implausible.RAW_ZERO_CURRENT.text
        return super()._objection(name, message)

    @property
    def _most_current(self) -> int:
        """What the battery may take, mA."""
        return -self.battery.max_charge_current if self.battery else 0

    def _heard(self, name: str, message: Message, now: float) -> list[Event]:
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
                return [Status(message), *self._trigger(self._verdict(message), now)]
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
        return [Demand(message.voltage_demand, -message.current_demand, message.charge_mode)]

    def _begun(self, name: str, now: float) -> list[Event]:
        """BCL and BCS feed their waits; when both came, the charge begins."""
        events = self._trigger(name, now)
        self._began.add(name)
        return events + (self._trigger("BCL and BCS", now) if self._began.issuperset(SAID_BY_CHARGE) else [])

    def _verdict(self, state: BSM) -> str:
        """What the vehicle's state asks for (10.3.4, annex C): "untrusted" says nothing."""
        if state.output_connector == REACHED:
            self._wanted = (ChargerCause.CONNECTOR,)
            return "BSM fault"
        levels = (state.cell_voltage_state, state.soc_state)
        excesses = (state.over_current, state.over_temperature, state.insulation)
        if any(level in OUT_OF_LEVEL for level in levels) or REACHED in excesses:
            self._wanted = (ChargerCause.OTHER_FAULT,)
            return "BSM fault"
        return VERDICTS.get(state.charge_permission, "BSM")

    def _triggered(self, trigger: str, now: float) -> list[Event]:
        match trigger:
            case "BHM" | "no BHM":
                self.edition = Edition.OF_2015 if trigger == "BHM" else Edition.OF_2011
                return [VehicleAnswered(self._insulation_limit)]
            case "BRM" if self.vehicle:
                return [VehicleIdentified(self.vehicle)]
            case "BCP" if self.battery:
                return [Parameters(self.battery)]
            case "BRO(AA)":
                return [VehicleReady()]
            case "BRO(00)":
                return [Failed(Sender.CHARGER, (WITHDRAWN,))]
            case "ready":
                self._began.clear()
            case "BSM permits" | "BSM forbids":
                self._permits[1] = trigger == "BSM permits"
                return [VehiclePermits(self._permits[1])]
            case "stop" | "BSM fault":
                return self._stopped(*self._wanted)
            case "pause over":
                return self._stopped(ChargerCause.CONDITION_REACHED)
            case "BST" if self.state is not State.STOPPING:
                self._causes = frozenset({ChargerCause.VEHICLE_STOPPED})
                return [Stopped(Sender.BMS, self._reasons)]
            case "BEM":
                return [Failed(Sender.BMS, self._reasons)]
            case ChargerTimeout():
                self._missing = (trigger,)
                return [Failed(Sender.CHARGER, self._missing)]
        return []

    def _stopped(self, *causes: ChargerCause) -> list[Event]:
        orderly = ORDERLY_CAUSES.issuperset(causes)
        self._causes = frozenset(causes if orderly else {*causes, ChargerCause.FAULT})
        return [Stopped(Sender.CHARGER, tuple(cause for cause in ChargerCause if cause in self._causes))]

    def _words(self, name: str, now: float) -> Message | None:
        match name:
            case "CHM":
                return CHM(VERSION_2015)
            case "CRM":
                recognised = self.state is State.RECOGNISED
                return self._recognition(Recognition.RECOGNISED if recognised else Recognition.NOT_RECOGNISED)
            case "CTS":
                return self._time(now)
            case "CML":
                return self._limits()
            case "CRO":
                return CRO(Ready.READY if self.state is State.READY else Ready.NOT_READY)
            case "CCS":
                return self._status()
            case "CST":
                return flagged(CST2011 if self._old else CST, self._causes)
            case "CSD":
                return self._result()
            case "CEM":
                return flagged(CEM, self._missing)
        raise AssertionError(f"a charger does not say {name}")

    @property
    def _old(self) -> bool:
        return self.edition is Edition.OF_2011

    def _recognition(self, result: Recognition) -> CRM | CRM2011:
        number, region = self.limits.number, self.limits.region
        if self._old:
            short = old_number(number)
            return CRM2011(
                result, NO_OLD_NUMBER if short is None else short, None if region is None else region.ljust(6)
            )
        return CRM(result, number, region)

    def _limits(self) -> CML:
        limits = self.limits
        lowest = None if self._old else -limits.min_current
        return CML(limits.max_voltage, limits.min_voltage, -limits.max_current, lowest)

    def _time(self, now: float) -> CTS | None:
        if self._clock is None:
            return None
        then, local = self._clock
        time = local + timedelta(seconds=now - then)
        return CTS(time.second, time.minute, time.hour, time.day, time.month, time.year)

    def _status(self) -> CCS:
        voltage, current, minutes = self._output
        permission = Permission.PERMITTED if all(self._permits) else Permission.PAUSED
        return CCS(
            min(max(stepped(voltage), 0), MOST_VOLTAGE),
            min(max(stepped(-current), -MOST_CURRENT), MOST_DISCHARGE),
            min(minutes, MOST_MINUTES),
            None if self._old else permission,
        )

    def _result(self) -> CSD | CSD2011 | None:
        if self._statistics is None:
            return None
        minutes, energy = self._statistics
        minutes, energy = min(minutes, MOST_MINUTES), min(energy // ENERGY_STEP * ENERGY_STEP, MOST_ENERGY)
        if self._old:
            return CSD2011(minutes, energy, old_number(self.limits.number))
        return CSD(minutes, energy, self.limits.number)


def old_number(number: int | None) -> int | None:
    """A charger number as 2011 says it: 1 to 100, from 0 on the wire; others cannot be said."""
    return None if number is None or number not in OLDEST_NUMBERS else number - 1


def stepped(value: int) -> int:
    """The nearest value, mV or mA, that the wire can say."""
    return (value + STEP // 2) // STEP * STEP
