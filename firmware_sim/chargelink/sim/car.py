"""A car at a charger: battery, BMS, contactors K5K6 and its end of GB/T 27930, with time as an argument.

    car = Car(now, bms, faults)
    for event in car.hear(frame, now): ...      a CAN frame
    car.feel(charger_side, now)                 what the inlet sees: auxiliary supply, voltage, current
    for event in car.tick(now): ...             every few milliseconds, and at `car.deadline`
    car.frames(), car.side                      what it says and shows

The BMS sleeps until the auxiliary supply wakes it. When the dialogue breaks it opens its contactors and waits for the
charger to begin anew. Times are s, other units those of `chargelink.sim.battery`.
"""

from collections.abc import Iterable

from chargelink.gbt27930.catalogue import Edition
from chargelink.gbt27930.causes import VehicleCause
from chargelink.gbt27930.transport import Frame
from chargelink.gbt27930.vehicle import (
    ChargerAnswered,
    ChargingBegan,
    Ended,
    Event,
    Failed,
    Reconnecting,
    State,
    Stopped,
    Vehicle,
)
from chargelink.sim.bms import Bms
from chargelink.sim.cable import ChargerSide, VehicleSide
from chargelink.sim.vehicle_faults import FAULTS, Declared, Fault

CLOSING_TIME = 0.5  # s: the contactors, their feedback and the BMS's own checks
FAREWELL = 0.3  # s with a demand of 0 A before BST: one BCS says it, so that the charger ramps down gently
OPEN_AT = 5_000  # mA: contactors open below this (GB/T 27930-2015, figure A.6)
OPEN_AFTER = 1.0  # s after a stop: or at the latest then
WAKES_AFTER = 10.0  # s without auxiliary supply, then a BMS that does not react wakes when it comes back
STEP = 1000  # of a second


class Car:
    """One car, plugged in from `now` on. `edition` is that of its BMS."""

    def __init__(
        self, now: float, bms: Bms, faults: Iterable[Declared] = (), edition: Edition = Edition.OF_2015
    ) -> None:
        self.bms = bms
        self.plugged = True
        self.contactors = False  # K5K6
        self.outcome: Stopped | Failed | None = None  # the first that ended the charge
        self.ended = False
        self.reconnections = 0
        self._faults = tuple(faults)
        self._edition = edition
        self._vehicle: Vehicle | None = None  # asleep
        self._cable = ChargerSide(aux=False, bus=0, current=0, locked=False)
        self._time = now
        self._closes: float | None = None  # when the contactors close
        self._opens: float | None = None  # when they open at the latest
        self._began: float | None = None  # charging, the first time
        self._failure: Failed | None = None  # from which the charger may begin anew
        self._unsupplied: float | None = None  # when the auxiliary supply went off
        self._roused = False  # by an auxiliary supply that was off for long enough
        self._farewell: float | None = None  # when the demand became 0

    @property
    def asleep(self) -> bool:
        return self._vehicle is None

    @property
    def state(self) -> State | None:
        """Of its dialogue with the charger; None while it sleeps."""
        return State(self._vehicle.state) if self._vehicle else None

    @property
    def deadline(self) -> float | None:
        """When `tick` wants to be called at the latest."""
        return self._vehicle.deadline if self._vehicle else None

    @property
    def side(self) -> VehicleSide:
        """What the inlet shows."""
        battery = self.bms.battery
        return VehicleSide(self.plugged, self.contactors, battery.ocv, battery.resistance)

    @property
    def locked(self) -> bool:
        """The charger holds the plug."""
        return self._cable.locked

    def feel(self, cable: ChargerSide, now: float) -> list[Event]:
        """What the inlet sees. The auxiliary supply wakes the BMS; without it the BMS is gone at once.

        A charger that only asked who the car is, or that wakes it, lets it sleep and wakes it again: nothing has ended.
        A dialogue that failed has ended when the supply is off and the plug released.
        """
        before, self._cable = self._cable, cable
        if cable.aux:
            self._supplied(now)
        elif before.aux:
            self._unsupplied = now
        if not cable.aux and self._vehicle is not None:
            if self.outcome or self.contactors:
                return self._obey(self._vehicle.end(now), now)
            self._vehicle = self._closes = None
        if self._failure and not cable.aux and not cable.locked:
            self.outcome, self.ended = self.outcome or self._failure, True
        return []

    def _supplied(self, now: float) -> None:
        if self._unsupplied is not None and now >= self._unsupplied + WAKES_AFTER:
            self._roused = True
        self._unsupplied = None
        if self._vehicle is None and not self.ended:
            self.wake(now)

    def wake(self, now: float) -> None:
        """The BMS begins to wait for a charger; it knows nothing of what was before."""
        self._failure = None
        self._vehicle = Vehicle(now, self.bms.identity, self.bms.parameters, self._insulation_limit, self._edition)

    def hear(self, frame: Frame, now: float) -> list[Event]:
        """A frame of the bus."""
        heard: Frame | None = frame
        for fault in self._active(now):
            if heard is not None and fault.hears is not None:
                heard = fault.hears(heard)
        if heard is None or self._vehicle is None:
            return []
        return self._obey(self._vehicle.receive(heard.identifier, heard.data, now), now)

    def frames(self, now: float) -> list[Frame]:
        """Take what it sends, as its faults let it through."""
        sent: list[Frame | None] = [*self._vehicle.data_to_send()] if self._vehicle else []
        for fault in self._active(now):
            if fault.sends is not None:
                sent = [frame and fault.sends(frame) for frame in sent]
        return [frame for frame in sent if frame is not None]

    def stop(self, now: float, *causes: VehicleCause) -> list[Event]:
        """Stop charging: somebody in the car, or a fault."""
        return self._obey(self._vehicle.stop(now, *causes), now) if self._vehicle else []

    def unplug(self, now: float) -> list[Event]:
        """The plug is pulled, locked or not."""
        self.plugged = self.contactors = False
        return self._obey(self._vehicle.end(now), now) if self._vehicle else []

    def tick(self, now: float) -> list[Event]:
        """Let time pass: the battery charges, contactors move, the BMS demands and stops."""
        self._charge(now)
        if self._vehicle is None:
            return []
        events: list[Event] = []
        if self._closes is not None and now >= self._closes:
            self._closes, self.contactors = None, True
            self._vehicle.measure(*self.bms.charging(self.bms.demand))  # said as soon as the charger is ready
            events += self._vehicle.ready(now)
        if self._opens is not None and (now >= self._opens or abs(self._cable.current) <= OPEN_AT):
            self._opens, self.contactors = None, False
        if self._vehicle.state is State.CHARGING:
            events += self._demand(self._vehicle, now)
        events += self._vehicle.tick(now)
        return self._obey(events, now)

    @property
    def _insulation_limit(self) -> int:
        return self.bms.battery.highest_voltage

    def _charge(self, now: float) -> None:
        passed = round((now - self._time) * STEP)
        if passed > 0:
            self._time += passed / STEP
            self.bms.battery.carry(self._cable.current if self.contactors else 0, passed)

    def _demand(self, vehicle: Vehicle, now: float) -> list[Event]:
        """Say what is wanted; when there is enough, ask for nothing a while, then stop."""
        if self.bms.satisfied and self._farewell is None:
            self._farewell = now
        demand = self.bms.demand if self._farewell is None else 0
        vehicle.measure(*self.bms.charging(demand))
        if self._farewell is None or now < self._farewell + FAREWELL:
            return []
        reached = self.bms.battery.soc >= self.bms.target
        return vehicle.stop(now, VehicleCause.SOC_REACHED if reached else VehicleCause.TOTAL_VOLTAGE_REACHED)

    def _obey(self, events: list[Event], now: float) -> list[Event]:
        for event in events:
            match event:
                case ChargerAnswered():
                    self._closes = now + CLOSING_TIME
                case ChargingBegan():
                    self._began = now if self._began is None else self._began
                case Stopped():
                    self.outcome = self.outcome or event
                    self._part(now)
                case Failed():
                    self._failure = event
                    self._part(now)
                case Reconnecting(attempt=attempt):
                    self.reconnections = attempt
                    self.contactors, self._opens, self._farewell = False, None, None
                    if self._vehicle:
                        self._vehicle.battery = self.bms.parameters  # as it is by now
                case Ended():
                    self.outcome, self.ended = self.outcome or self._failure, True
                    self._part(now)
        return events

    def _part(self, now: float) -> None:
        """Charging is over: statistics, and the contactors open."""
        if self._vehicle:
            self._vehicle.conclude(self.bms.statistics)
        self._closes = None
        if self.contactors and self._opens is None:
            self._opens = now + OPEN_AFTER

    def _active(self, now: float) -> list[Fault]:
        charging_for = None if self._began is None else now - self._began
        active = [FAULTS[declared.name] for declared in self._faults if declared.active(charging_for)]
        return [fault for fault in active if not (fault.sleeps and self._roused)]
