"""The vehicle's side of a charge: what its messages mean to the sequence. Around `chargelink.gbt27930.charger`."""

from datetime import datetime

from chargelink.edge.charge.causes import Cause, Stop
from chargelink.edge.charge.situation import Asked, Situation, Vehicle
from chargelink.gbt27930.catalogue import Sender
from chargelink.gbt27930.causes import ChargerCause, VehicleCause
from chargelink.gbt27930.charger import (
    Asleep,
    Charger,
    ChargerLimits,
    Demand,
    Ended,
    Event,
    Failed,
    Parameters,
    Reconnecting,
    State,
    Status,
    Stopped,
    VehicleAnswered,
    VehicleIdentified,
    VehiclePermits,
    VehicleReady,
    VehicleStatistics,
    Wanted,
)
from chargelink.gbt27930.charging import BCS, BCS2011
from chargelink.gbt27930.contradictions import Conflict
from chargelink.gbt27930.faults import MOST_RECONNECTIONS, fault_class
from chargelink.gbt27930.parameters import BCP
from chargelink.gbt27930.transport import Frame

CHARGER_FAULTS = frozenset({ChargerCause.FAULT, ChargerCause.OTHER_FAULT, ChargerCause.CONNECTOR})
BEGINS_ANEW = frozenset({State.ERROR, State.FAILED, State.INTERRUPTED})
FLOWS = frozenset({State.CHARGING, State.PAUSED})  # before it both BCL and BCS have to come
STEP = 100  # mV: the resolution of the wire


class VehicleDialogue:
    """One dialogue after the other, a new one for each charge. It fills in `situation.vehicle`.

    What ends a charge is given back as a `Stop`; the rest the conditions find in the situation. A dialogue that breaks
    begins anew when the output is safe, if a charge is under way and it may (annex C).
    """

    def __init__(self, now: float, situation: Situation, number: int | None) -> None:
        limits = situation.limits
        self._limits = ChargerLimits(
            max_voltage=limits.max_voltage // STEP * STEP,
            min_voltage=-(-limits.min_voltage // STEP) * STEP,
            max_current=limits.max_current // STEP * STEP,
            number=number,
        )
        self._situation = situation
        self._charger = Charger(now, self._limits)
        self.local_time: datetime | None = None  # of the authorisation

    @property
    def _vehicle(self) -> Vehicle:
        return self._situation.vehicle

    @property
    def deadline(self) -> float | None:
        return self._charger.deadline

    @property
    def wants(self) -> Wanted:
        """The most that GB/T 27930 lets the charger hold now."""
        return self._charger.wants

    def data_to_send(self) -> list[Frame]:
        return self._charger.data_to_send()

    def receive(self, identifier: int, data: bytes, now: float) -> list[Stop]:
        return self._meant(self._charger.receive(identifier, data, now))

    def tick(self, now: float) -> list[Stop]:
        return self._meant(self._charger.tick(now))

    def start(self, now: float) -> None:
        """Plugged, locked, auxiliary on: say CHM. A dialogue that had the vehicle woken goes on by itself."""
        if self._charger.state not in (State.IDLE, State.ENDED):
            return
        self._charger = Charger(now, self._limits)
        self._vehicle.gone = False
        self._meant(self._charger.start(now, self.local_time))

    def go_on(self, now: float) -> None:
        """The output is off, and safe: after the insulation test, or after the dialogue broke."""
        self._meant(self._charger.insulation_done(now) + self._charger.safe(now))

    def ready(self, now: float) -> None:
        self._meant(self._charger.ready(now))

    def report(self, voltage: int, current: int, minutes: int) -> None:
        self._charger.report(voltage, current, minutes)

    def statistics(self, minutes: int, energy: int) -> None:
        self._charger.statistics(minutes, energy)

    def stop(self, now: float, cause: ChargerCause) -> None:
        """Tell the vehicle to stop, if it is still there to be told."""
        self._meant(self._charger.stop(now, cause))

    def end(self, now: float) -> None:
        """Say nothing more."""
        self._meant(self._charger.end(now))

    def _meant(self, events: list[Event]) -> list[Stop]:
        return [stop for event in events if (stop := self._means(event)) is not None]

    def _means(self, event: Event) -> Stop | None:
        vehicle = self._vehicle
        if isinstance(event, VehicleIdentified) and vehicle.vin not in (None, event.message.vin):
            return Stop(Cause.OTHER_VEHICLE, "came back as another")
        if isinstance(event, VehicleIdentified | Parameters | Status | VehicleStatistics):
            vehicle.told.take(event.message)
        match event:
            case VehicleAnswered(max_voltage=limit):
                vehicle.answered, vehicle.handshake_limit = True, limit
                if limit is not None:  # it may come in the middle of a test that began without it
                    self._situation.test_voltage = min(self._situation.test_voltage, limit)
                    if limit < self._limits.min_voltage:
                        return Stop(Cause.VOLTAGE_RANGE, f"BHM {limit} mV")
            case VehicleIdentified(message=identity):
                return self._identified(identity.vin)
            case Parameters(message=battery):
                vehicle.battery = battery
                vehicle.soc = state_of_charge(battery.soc)
                vehicle.soc_start = vehicle.soc if vehicle.soc_start is None else vehicle.soc_start
                return self._unfit(battery)
            case VehicleReady():
                vehicle.ready = True
            case Demand(voltage=voltage, current=current) if self._charger.state in FLOWS:
                vehicle.asked = Asked(voltage, current)
            case VehiclePermits(permitted=permitted):
                vehicle.permits = permitted
            case Status(message=BCS(soc=soc) | BCS2011(soc=soc)) if state_of_charge(soc) is not None:
                vehicle.soc = soc
                miscoded = Conflict.WHOLE_PERCENTS in self._charger.doubts
                if miscoded and vehicle.battery and vehicle.soc_start == vehicle.battery.soc:
                    vehicle.soc_start = soc
            case Stopped(by=Sender.BMS, causes=causes):
                return stopped_by_vehicle(causes)
            case Stopped(causes=causes):
                faulty = not CHARGER_FAULTS.isdisjoint(causes)
                return Stop(Cause.VEHICLE_FAULT if faulty else Cause.PAUSE_OVER, " ".join(causes))
            case Failed(missing=missing):
                return self._broke(" ".join(missing))
            case Asleep():
                vehicle.sleeps = True
            case Reconnecting(attempt=attempt) if self._situation.charge:
                self._situation.charge.reconnections = attempt
            case Ended():
                vehicle.gone = True
                return Stop(Cause.COMMUNICATION, "ended")
        return None

    def _identified(self, vin: str | None) -> Stop | None:
        vehicle, charge = self._vehicle, self._situation.charge
        vehicle.identified, vehicle.vin = True, vin
        return Stop(Cause.OTHER_VEHICLE) if charge is not None and charge.vin not in (None, vin) else None

    def _broke(self, missing: str) -> Stop | None:
        """A dialogue for the VIN alone is not tried again, nor is the end of a charge."""
        charger = self._charger
        if self._situation.charge and charger.state in BEGINS_ANEW and charger.attempts < MOST_RECONNECTIONS:
            self._vehicle.broken_off = missing
            return None
        return Stop(Cause.COMMUNICATION, missing)

    def _unfit(self, battery: BCP) -> Stop | None:
        """Can this charger serve this battery at all?"""
        lowest, highest = self._limits.min_voltage, self._limits.max_voltage
        if battery.max_total_voltage < lowest or not lowest <= battery.battery_voltage <= highest:
            return Stop(
                Cause.VOLTAGE_RANGE, f"BCP {battery.battery_voltage} mV, at most {battery.max_total_voltage} mV"
            )
        return None


def stopped_by_vehicle(causes: tuple[str, ...]) -> Stop:
    """What a BST means."""
    if fault_class(Sender.BMS, causes) is not None:
        return Stop(Cause.VEHICLE_FAULT, " ".join(causes))
    reached = set(causes) - {VehicleCause.CHARGER_STOPPED}
    return Stop(Cause.BATTERY_FULL if reached else Cause.VEHICLE_STOPPED, " ".join(causes))


def state_of_charge(soc: int) -> int | None:
    """0.1 %, where it can be one."""
    return soc if 0 <= soc <= 1000 else None
