"""A car against a charger's end of the protocol and a cable, in jumping time: charges, taper, stops, every fault."""

import math
import re
from pathlib import Path

import pytest

from chargelink.gbt27930.catalogue import Edition, Sender
from chargelink.gbt27930.causes import ChargerCause, VehicleCause
from chargelink.gbt27930.charger import (
    Asleep,
    Charger,
    ChargerLimits,
    Demand,
    Event,
    Failed,
    Reconnecting,
    Stopped,
    Unreadable,
    VehicleAnswered,
    VehiclePermits,
    VehicleReady,
)
from chargelink.gbt27930.transport import Frame
from chargelink.sim.battery import Battery
from chargelink.sim.bms import Bms
from chargelink.sim.cable import EVERY, ChargerSide
from chargelink.sim.car import Car
from chargelink.sim.vehicle_faults import FAULTS, Declared

LIMITS = ChargerLimits(max_voltage=750_000, min_voltage=200_000, max_current=250_000, number=1)
SLEW = 200_000  # mA/s of the power modules


class Charge:
    """A charger that follows demands on a cable that is looked at every 20 ms."""

    def __init__(self, *faults: str, edition: Edition = Edition.OF_2015, soc: int = 620, target: int = 700) -> None:
        self.battery = Battery(400_000, soc)
        bms = Bms(self.battery, most_current=100_000, target=target)
        self.car = Car(0.0, bms, [Declared.parse(fault) for fault in faults], edition)
        self.charger = Charger(0.0, LIMITS)
        self.now = 0.0
        self.aux = True  # as far as the charger wants it
        self.supplied = 0  # looks since K3K4 was told to close
        self.wanted = self.current = 0  # mA
        self.closed = False  # K1K2
        self.events: list[Event] = []  # of the charger
        self.vehicle_events: list[Event] = []
        self.opened_at: int | None = None  # current when K5K6 opened
        self.broken = False  # the output has to become safe

    def run(self, until: float) -> None:
        """Until both ends are done, or the time."""
        looks = self.now
        self.charger.start(self.now)
        while self.now < until and not (self.charger.state == "ended" and self.left and not self.car.contactors):
            self._talk()
            deadlines = [one.deadline for one in (self.charger, self.car) if one.deadline is not None]
            self.now = max(self.now, min(*deadlines, looks, until) if deadlines else min(looks, until))
            if self.now >= looks:
                self._look()
                looks = self.now + EVERY
            self._follow(self.charger.tick(self.now))
            self.vehicle_events += self.car.tick(self.now)

    @property
    def left(self) -> bool:
        """The car is done; one that heard no charger sleeps."""
        return self.car.ended or self.car.asleep

    def _talk(self) -> None:
        for frame in self.charger.data_to_send():
            self.vehicle_events += self.car.hear(frame, self.now)
        for frame in self.car.frames(self.now):
            self._follow(self.charger.receive(frame.identifier, frame.data, self.now))

    def _look(self) -> None:
        """The cable: current flows when both sides are closed, and follows what is wanted as fast as modules do."""
        before = self.car.contactors
        step = round(SLEW * EVERY)
        self.current += max(min(self.wanted - self.current, step), -step)
        if not (self.closed and self.car.contactors):
            self.current = 0
        if self.broken and self.current == 0:
            self.closed = False
            if not self.car.contactors:
                self._follow(self.charger.safe(self.now))
        wants = self.charger.wants
        self.supplied = self.supplied + 1 if self.aux and wants.auxiliary else 0  # K3K4 opens faster than it closes
        side = ChargerSide(self.supplied > 2, self.battery.voltage, self.current, wants.lock)
        self.vehicle_events += self.car.feel(side, self.now)
        vehicle = self.car._vehicle
        if self.car.contactors and self.car._opens is None:  # and no more than the dialogue wants
            assert vehicle is not None
            assert vehicle.wants_contactors
        self.charger.report(self.battery.voltage, self.current, math.floor(self.now / 60))
        if before and not self.car.contactors and self.opened_at is None:
            self.opened_at = self.current

    def _follow(self, events: list[Event]) -> None:
        self.events += events
        for event in events:
            match event:
                case VehicleAnswered():
                    self.charger.insulation_done(self.now)
                case VehicleReady():
                    self.closed = True
                    self.charger.ready(self.now)
                case Demand():
                    self.wanted = event.current
                case Failed():
                    self.wanted, self.broken = 0, True
                case Reconnecting() | Asleep():
                    self.broken = False
                case Stopped():
                    self.wanted = 0
                    self.charger.statistics(1, 100_000)
                case VehiclePermits(permitted=False):
                    self.wanted = 0

    def outcome(self) -> Event:
        """A stop, or the last of the failures."""
        stops = [event for event in self.events if isinstance(event, Stopped)]
        return [*(event for event in self.events if isinstance(event, Failed)), *stops][-1]

    @property
    def reconnections(self) -> int:
        return sum(isinstance(event, Reconnecting) for event in self.events)


@pytest.mark.parametrize("edition", Edition)
def test_a_charge_to_the_target(edition: Edition) -> None:
    charge = Charge(edition=edition)
    charge.run(60.0)
    assert charge.outcome() == charge.car.outcome == Stopped(Sender.BMS, ("soc_target_reached",))
    assert 700 <= charge.battery.soc <= 710
    assert charge.battery.stored == pytest.approx(0.08 * 400_000 * 3.87 / 3.7, rel=0.15)
    assert charge.now < 40.0
    assert charge.car.state == "ended"


def test_a_charge_to_the_top_tapers() -> None:
    charge = Charge(soc=900, target=1000)
    charge.run(120.0)
    assert charge.outcome() == Stopped(Sender.BMS, ("soc_target_reached",))
    demands = [event.current for event in charge.events if isinstance(event, Demand)]
    assert demands == sorted(demands, reverse=True)
    assert {event.mode for event in charge.events if isinstance(event, Demand)} == {1, 2}


def test_the_current_is_gone_before_the_contactors_open() -> None:
    charge = Charge()
    charge.run(3.0)
    assert charge.current > 50_000
    charge._follow(charge.charger.stop(charge.now, ChargerCause.MANUAL))
    charge.run(10.0)
    assert charge.car.outcome == Stopped(Sender.CHARGER, ("manual_stop",))
    assert not charge.car.contactors
    assert charge.current == 0


def test_the_bms_sleeps_without_auxiliary_supply() -> None:
    charge = Charge()
    charge.aux = False
    charge.run(5.0)
    assert charge.car.asleep
    charge.aux = True
    charge.run(9.0)
    assert charge.car.state == "charging"
    charge.aux = False
    charge.run(9.1)
    assert charge.car.ended
    charge.run(12.0)
    assert not charge.car.contactors


def test_a_plug_that_is_pulled_out() -> None:
    charge = Charge()
    charge.run(3.0)
    charge.vehicle_events += charge.car.unplug(charge.now)
    assert not charge.car.side.plugged
    assert not charge.car.side.k5k6
    charge.run(50.0)
    assert charge.reconnections == 3
    assert charge.outcome() == Failed(Sender.CHARGER, ("brm_timeout",))
    assert charge.car.ended


def test_somebody_in_the_car_stops() -> None:
    charge = Charge()
    charge.run(3.0)
    charge.car.stop(charge.now, VehicleCause.OTHER_FAULT)
    charge.run(10.0)
    assert charge.outcome() == Stopped(Sender.BMS, ("other_fault",))


# What each fault leads to, as the charger sees it.
FAULT_OUTCOMES = {
    "silent": ("failed", "brm_timeout"),
    "deaf": ("failed", "brm_timeout"),
    "bus-gap": ("failed", "brm_timeout"),
    "bus-gap@1+1.5": ("stopped", "soc_target_reached"),
    "bus-gap@1+6": ("stopped", "soc_target_reached"),
    "sleeps": ("stopped", "soc_target_reached"),
    "silent-brm": ("failed", "brm_timeout"),
    "silent-bcp": ("failed", "bcp_timeout"),
    "silent-bro": ("failed", "bro_timeout"),
    "silent-bcl@1": ("failed", "bcl_timeout"),
    "silent-bcs@1": ("failed", "ccs_timeout"),  # begun anew, the vehicle waits less for CCS than the charger for BCS
    "silent-bst": ("failed", "brm_timeout"),  # it stops demanding, does not say why, and does not begin anew
    "silent-bsd": ("stopped", "soc_target_reached"),
    "ignores-cst": ("stopped", "soc_target_reached"),
    "ignores-csd": ("stopped", "soc_target_reached"),
    "withdraws": ("failed", "cro_timeout"),  # the vehicle waits 5 s for CRO, the charger 60 s for BRO(AA)
    "wrong-current": ("failed", "bcl_timeout"),
    "over-temperature@2": ("stopped", "other_fault"),
    "cell-over-voltage@2": ("stopped", "other_fault"),
    "untrusted": ("stopped", "soc_target_reached"),
    "pauses@1+2": ("stopped", "soc_target_reached"),
    "padded": ("stopped", "soc_target_reached"),
    "other-priority": ("stopped", "soc_target_reached"),
}


@pytest.mark.parametrize("fault", FAULT_OUTCOMES)
def test_every_fault(fault: str) -> None:
    charge = Charge(fault, soc=400)
    charge.run(200.0)
    kind, reason = FAULT_OUTCOMES[fault]
    outcome = charge.outcome()
    if kind == "failed":
        assert isinstance(outcome, Failed)
        assert outcome.missing == (reason,)
    else:
        assert isinstance(outcome, Stopped)
        assert reason in outcome.causes
    assert charge.charger.state == "ended"
    assert charge.left
    assert not charge.car.contactors


@pytest.mark.parametrize("gap", ["bus-gap@1+1.5", "bus-gap@1+6"])
def test_a_car_that_lost_the_bus_is_charged_on(gap: str) -> None:
    charge = Charge(gap)
    while not any(isinstance(event, Failed) for event in charge.vehicle_events):
        charge.run(charge.now + 0.1)
    charge.run(charge.now + 0.7)
    assert not charge.car.contactors
    assert charge.car.outcome is None
    charge.run(100.0)
    assert charge.reconnections == charge.car.reconnections == 1
    assert charge.car.outcome == Stopped(Sender.BMS, ("soc_target_reached",))
    assert 700 <= charge.battery.soc <= 710


def test_a_car_that_fails_for_good_has_failed_when_the_charger_gave_up() -> None:
    charge = Charge("silent-bcl@1")
    charge.run(6.0)
    assert charge.car.reconnections == 1
    assert charge.car.outcome is None
    charge.run(100.0)
    assert charge.car.reconnections == 3
    assert charge.car.outcome == Failed(Sender.CHARGER, ("bcl_timeout",))
    assert charge.car.ended


def test_a_bms_that_sleeps_wakes_by_its_supply_and_not_by_a_short_gap() -> None:
    charge = Charge("sleeps")
    charge.charger.start(0.0)
    chm = charge.charger.data_to_send()
    answered = []
    for now, aux in [(0.0, True), (1.0, False), (10.9, True), (11.0, False), (21.0, True)]:
        charge.car.feel(ChargerSide(aux, 0, 0, True), now)
        if aux:
            charge.car.hear(chm[0], now)
            charge.car.tick(now)
            answered.append(bool(charge.car.frames(now)))
    assert answered == [False, False, True]


def test_every_fault_has_an_outcome() -> None:
    assert {fault.partition("@")[0] for fault in FAULT_OUTCOMES} == set(FAULTS)


def test_wrong_coding_is_never_obeyed() -> None:
    charge = Charge("wrong-current@1")
    charge.run(20.0)
    assert any(isinstance(event, Unreadable) for event in charge.events)
    assert max(event.current for event in charge.events if isinstance(event, Demand)) == 100_000


def test_a_pause_takes_the_current_away_for_a_while() -> None:
    charge = Charge("pauses@1+2")
    charge.run(60.0)
    assert [event.permitted for event in charge.events if isinstance(event, VehiclePermits)] == [False, True]


@pytest.mark.parametrize(
    ("text", "declared"),
    [
        ("silent-bcl", Declared("silent-bcl")),
        ("silent-bcl@2.5", Declared("silent-bcl", 2.5)),
        ("pauses@2.5+3", Declared("pauses", 2.5, 3.0)),
    ],
)
def test_faults_are_written(text: str, declared: Declared) -> None:
    assert Declared.parse(text) == declared


@pytest.mark.parametrize("text", ["", "nonsense", "silent-bcl@x", "silent-bcl@1+y"])
def test_what_is_no_fault_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Declared.parse(text)


def test_a_seed_draws_the_same_fault() -> None:
    drawn = [Declared.drawn(seed) for seed in range(200)]
    assert drawn == [Declared.drawn(seed) for seed in range(200)]
    assert {declared.name for declared in drawn} == set(FAULTS)


def test_frames_of_others_are_not_heard() -> None:
    charge = Charge()
    charge.run(0.05)
    assert charge.car.hear(Frame(0x18FF50E5, b"\x01"), charge.now) == []


def test_the_page_lists_every_fault() -> None:
    page = Path(__file__).parent.parent.parent / "docs" / "simulators.md"
    listed = re.findall(r"^\| `([a-z-]+)` \| (.+?) \| (.+?) \|$", page.read_text("utf-8"), re.MULTILINE)
    assert set(listed) >= {(name, fault.meaning.english, fault.meaning.chinese) for name, fault in FAULTS.items()}
