"""Charger and vehicle against each other: whole charges in jumping time, on good and on bad buses."""

from collections import deque
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.gbt27930.opposite import BATTERY, DEMAND, IDENTITY, SOUND, STATUS

from chargelink.gbt27930.catalogue import Edition, Sender
from chargelink.gbt27930.causes import ChargerCause, VehicleCause
from chargelink.gbt27930.charger import Charger, ChargerLimits, Demand, VehicleAnswered, VehicleReady
from chargelink.gbt27930.dialogue import Dialogue, Ended, Event, Failed, Reconnecting, Stopped
from chargelink.gbt27930.ending import BSD
from chargelink.gbt27930.transport import Frame
from chargelink.gbt27930.vehicle import ChargerAnswered, ChargerStatistics, Vehicle

LIMITS = ChargerLimits(max_voltage=750_000, min_voltage=200_000, max_current=250_000, number=7)
LATENCY = 0.001  # s


class Charge:
    """Both ends, each with a device that does at once what its end asks for; `loss` of the frames are lost."""

    def __init__(self, edition: Edition = Edition.OF_2015, loss: float = 0.0, seed: int = 0) -> None:
        self.now = 0.0
        self.charger = Charger(0.0, LIMITS)
        self.vehicle = Vehicle(0.0, IDENTITY, BATTERY, 420_000, edition)
        self.vehicle.measure(DEMAND, STATUS, SOUND)
        self.vehicle.conclude(BSD(800, 3_310, 3_420, 280, 310))
        self.charger.statistics(1, 400_000)
        self.events: dict[Sender, list[Event]] = {Sender.CHARGER: [], Sender.BMS: []}
        self.dice = Random(seed)
        self.loss = loss
        self.recorded: list[tuple[float, Frame]] = []  # what both said, and when
        self.under_way: deque[tuple[float, Frame, Dialogue]] = deque()
        self.charger.start(0.0)

    def run(self, until: float) -> None:
        """Until both have ended, or the time."""
        while self.now < until:
            pairs: tuple[tuple[Dialogue, Dialogue], ...] = (
                (self.charger, self.vehicle),
                (self.vehicle, self.charger),
            )
            for sender, receiver in pairs:
                for frame in sender.data_to_send():
                    self.recorded.append((self.now, frame))
                    self.transmit(frame, receiver)
            moments = [one.deadline for one in (self.charger, self.vehicle) if one.deadline is not None]
            moments += [self.under_way[0][0]] if self.under_way else []
            if not moments:
                return
            self.now = max(self.now, min(*moments, until))
            while self.under_way and self.under_way[0][0] <= self.now:
                _, frame, receiver = self.under_way.popleft()
                self.happened(receiver, receiver.receive(*frame, self.now))
            for end in (self.charger, self.vehicle):
                self.happened(end, end.tick(self.now))
            self.look()

    def transmit(self, frame: Frame, receiver: Dialogue) -> None:
        """What the bus does with a frame."""
        if self.dice.random() >= self.loss:
            self.under_way.append((self.now + LATENCY, frame, receiver))

    def look(self) -> None:
        """Something may have happened."""

    def happened(self, end: Dialogue, events: list[Event]) -> None:
        self.events[end.side] += events
        for event in events:
            match event:
                case VehicleAnswered():
                    self.charger.insulation_done(self.now)
                case ChargerAnswered():
                    self.vehicle.ready(self.now)
                case VehicleReady():
                    self.charger.ready(self.now)
                case Demand():
                    self.charger.report(event.voltage, event.current, 0)
                case Failed() if end is self.charger:
                    self.happened(end, self.charger.safe(self.now))

    def told(self, kind: type[Event]) -> dict[Sender, list[Event]]:
        return {side: [event for event in events if isinstance(event, kind)] for side, events in self.events.items()}

    def until_charging(self) -> None:
        self.run(12.0)
        assert self.charger.state.value == self.vehicle.state.value == "charging"


@pytest.mark.parametrize("edition", Edition)
def test_a_charge_that_the_driver_stops(edition: Edition) -> None:
    charge = Charge(edition)
    charge.until_charging()
    assert charge.charger.edition is charge.vehicle.edition is edition
    charge.run(60.0)
    charge.happened(charge.charger, charge.charger.stop(charge.now, ChargerCause.MANUAL))
    charge.run(120.0)
    stop = [Stopped(Sender.CHARGER, ("manual_stop",))]
    assert charge.told(Stopped) == {Sender.CHARGER: stop, Sender.BMS: stop}
    assert not any(charge.told(Failed).values())
    assert charge.told(Ended) == {Sender.CHARGER: [Ended()], Sender.BMS: [Ended()]}
    assert len(charge.told(ChargerStatistics)[Sender.BMS]) == 1
    assert charge.now < 63.0


@pytest.mark.parametrize("edition", Edition)
def test_a_charge_that_the_vehicle_stops(edition: Edition) -> None:
    charge = Charge(edition)
    charge.until_charging()
    charge.happened(charge.vehicle, charge.vehicle.stop(charge.now, VehicleCause.SOC_REACHED))
    charge.run(60.0)
    stop = [Stopped(Sender.BMS, ("soc_target_reached",))]
    assert charge.told(Stopped) == {Sender.CHARGER: stop, Sender.BMS: stop}
    assert not any(charge.told(Failed).values())


def test_a_fault_stop_says_its_cause() -> None:
    charge = Charge()
    charge.until_charging()
    charge.happened(charge.charger, charge.charger.stop(charge.now, ChargerCause.EMERGENCY_STOP))
    charge.run(60.0)
    assert charge.told(Stopped)[Sender.BMS] == [Stopped(Sender.CHARGER, ("fault_stop", "emergency_stop"))]


def test_both_stop_at_once() -> None:
    charge = Charge()
    charge.until_charging()
    charge.happened(charge.charger, charge.charger.stop(charge.now, ChargerCause.MANUAL))
    charge.happened(charge.vehicle, charge.vehicle.stop(charge.now, VehicleCause.SOC_REACHED))
    charge.run(60.0)
    assert not any(charge.told(Failed).values())
    assert charge.told(Stopped)[Sender.CHARGER] == [Stopped(Sender.CHARGER, ("manual_stop",))]
    assert charge.told(Stopped)[Sender.BMS] == [Stopped(Sender.BMS, ("soc_target_reached",))]


def test_the_cable_is_pulled() -> None:
    """Each end finds out by itself: BCL within 1 s, CCS within 1 s."""
    charge = Charge()
    charge.until_charging()
    charge.loss = 1.0
    charge.run(13.1)
    failed = charge.told(Failed)
    assert failed[Sender.CHARGER] == [Failed(Sender.CHARGER, ("bcl_timeout",))]
    assert failed[Sender.BMS] == [Failed(Sender.BMS, ("ccs_timeout",))]
    charge.run(100.0)
    assert all(charge.told(Ended).values())


def test_a_gap_on_the_bus_is_survived() -> None:
    """Both fail, both begin anew, and the charge goes on to its orderly end."""
    charge = Charge()
    charge.until_charging()
    charge.loss = 1.0
    charge.run(14.5)
    charge.loss = 0.0
    charge.run(20.0)
    assert charge.told(Reconnecting) == {Sender.CHARGER: [Reconnecting(1)], Sender.BMS: [Reconnecting(1)]}
    assert charge.charger.state.value == charge.vehicle.state.value == "charging"
    charge.happened(charge.charger, charge.charger.stop(charge.now, ChargerCause.MANUAL))
    charge.run(30.0)
    assert charge.told(Ended) == {Sender.CHARGER: [Ended()], Sender.BMS: [Ended()]}


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 0x1FFFFFFF), st.binary(max_size=8)), max_size=30), st.booleans())
def test_any_frames_are_survived(frames: list[tuple[int, bytes]], charging: bool) -> None:
    charge = Charge()
    if charging:
        charge.until_charging()
    addresses = (0x56F4, 0xF456)
    for number, (identifier, data) in enumerate(frames):
        ours = identifier & 0x1FFF0000 | addresses[number % 2]
        for end in (charge.charger, charge.vehicle):
            end.receive(identifier, data, charge.now)
            end.receive(ours, data, charge.now)
            end.data_to_send()
    for end in (charge.charger, charge.vehicle):
        end.end(charge.now)
        assert end.deadline is None
