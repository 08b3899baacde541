"""Our own two sides as devices that do by themselves what real ones do, and a bus on which time jumps.

    result = rehearse(CASES["DN.1001"], ChargerDevice())

A device has the four verbs of a dialogue and `do(prompt, now)`. What it does between the messages takes a while: the
test of the insulation, the pre-charge, the contactors.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from chargelink.gbt27930.causes import ChargerCause, VehicleCause
from chargelink.gbt27930.charger import (
    Charger,
    ChargerLimits,
    State,
    VehicleAnswered,
    VehicleReady,
)
from chargelink.gbt27930.dialogue import Dialogue, Event, Failed
from chargelink.gbt27930.transport import Frame
from chargelink.gbt27930.vehicle import ChargerAnswered, Vehicle
from chargelink.sim.battery import Battery
from chargelink.sim.bms import Bms
from chargelink.sim.conformance.bench import Fact, Prompt
from chargelink.sim.conformance.case import Case
from chargelink.sim.conformance.figures import Tolerances
from chargelink.sim.conformance.tester import Tester
from chargelink.sim.conformance.verdict import Result

End = TypeVar("End", bound=Dialogue)

LATENCY = 0.001  # s of a frame on the bus
LIMITS = ChargerLimits(max_voltage=750_000, min_voltage=200_000, max_current=250_000, number=7)
INSULATION_TEST, PRECHARGE, CLOSING, EMPTYING = 2.0, 1.5, 1.5, 0.5  # s
MOST_CURRENT = 100_000  # mA
LOCAL_TIME = datetime(2026, 3, 1, 8, 30)
LONGEST = 3_600.0  # s that a case may take


def new_charger(now: float) -> Charger:
    return Charger(now, LIMITS)


def new_vehicle(now: float) -> Vehicle:
    """With a battery of 40 kWh that is half full."""
    bms = Bms(Battery(40_000_000, 500), most_current=MOST_CURRENT, target=800)
    vehicle = Vehicle(now, bms.identity, bms.parameters, bms.battery.highest_voltage)
    vehicle.measure(*bms.charging(bms.demand))
    vehicle.conclude(bms.statistics)
    return vehicle


class Device(Protocol):
    """What is tested."""

    @property
    def deadline(self) -> float | None: ...
    def receive(self, identifier: int, data: bytes, now: float) -> None: ...
    def tick(self, now: float) -> None: ...
    def data_to_send(self) -> list[Frame]: ...
    def do(self, prompt: Prompt, now: float) -> bool: ...
    def facts(self) -> list[tuple[Fact, bool]]: ...


class Chores:
    """What a device does a while later."""

    def __init__(self) -> None:
        self._planned: list[tuple[float, Callable[[float], list[Event]]]] = []

    @property
    def deadline(self) -> float | None:
        return min((at for at, _ in self._planned), default=None)

    def plan(self, at: float, chore: Callable[[float], list[Event]]) -> None:
        self._planned.append((at, chore))

    def forget(self) -> None:
        self._planned.clear()

    def due(self, now: float) -> list[Callable[[float], list[Event]]]:
        """Take what is due."""
        due = [chore for at, chore in self._planned if at <= now]
        self._planned = [(at, chore) for at, chore in self._planned if at > now]
        return due


class Around(ABC, Generic[End]):
    """A dialogue, and around it a device that does a while later what the dialogue wants."""

    def __init__(self) -> None:
        self._end: End | None = None  # not plugged in, or asleep
        self._chores = Chores()
        self._facts: list[tuple[Fact, bool]] = []

    @property
    def deadline(self) -> float | None:
        return _earliest(self._chores.deadline, self._end.deadline if self._end else None)

    def receive(self, identifier: int, data: bytes, now: float) -> None:
        if self._end:
            self._obey(self._end, self._end.receive(identifier, data, now), now)

    def tick(self, now: float) -> None:
        if self._end:
            for chore in self._chores.due(now):
                self._obey(self._end, chore(now), now)
            self._obey(self._end, self._end.tick(now), now)

    def data_to_send(self) -> list[Frame]:
        return self._end.data_to_send() if self._end else []

    def facts(self) -> list[tuple[Fact, bool]]:
        """Take what its instruments saw."""
        facts, self._facts = self._facts, []
        return facts

    @abstractmethod
    def do(self, prompt: Prompt, now: float) -> bool:
        """Do what a person or a hook would; False if that cannot be done."""

    @abstractmethod
    def _obey(self, end: End, events: list[Event], now: float) -> None:
        """Do, or plan, what the dialogue's events ask for."""


class ChargerDevice(Around[Charger]):
    """A charger around `Charger`, the same from plug to plug; `make` builds it."""

    def __init__(self, make: Callable[[float], Charger] = new_charger) -> None:
        super().__init__()
        self._make = make
        self._battery = True  # its voltage is there
        self._seen: dict[Fact, bool] = {}

    @property
    def state(self) -> State | None:
        """Of its dialogue; None before it was plugged in."""
        return State(self._end.state) if self._end else None

    def do(self, prompt: Prompt, now: float) -> bool:
        match prompt:
            case Prompt.CONNECT:
                self._plug(now)
            case Prompt.STOP if self._end:
                self._obey(self._end, self._end.stop(now, ChargerCause.MANUAL), now)
            case Prompt.RESTART if self._end:
                self._obey(self._end, self._end.start(now, LOCAL_TIME), now)
            case Prompt.HOLD_BATTERY:
                self._battery = False
            case _:
                return False
        return True

    def _plug(self, now: float) -> None:
        self._chores.forget()
        self._seen.clear()
        self._battery = True
        charger = self._end = self._end or self._make(now)
        charger.end(now)
        charger.data_to_send()  # nobody hears it any more
        charger.replugged(now)
        charger.statistics(1, 400_000)
        self._obey(charger, charger.start(now, LOCAL_TIME), now)
        self._look(charger)

    def _obey(self, charger: Charger, events: list[Event], now: float) -> None:
        for event in events:
            match event:
                case VehicleAnswered():
                    self._chores.plan(now + INSULATION_TEST, charger.insulation_done)
                case VehicleReady() if self._battery:
                    self._chores.plan(now + PRECHARGE, charger.ready)
                case Failed():
                    self._chores.forget()
                    self._chores.plan(now + EMPTYING, charger.safe)
        if events:
            wants = charger.wants
            charger.report(wants.voltage or 0, wants.current, 0)
            self._look(charger)

    def _look(self, charger: Charger) -> None:
        """What instruments see of a device that does at once what its dialogue wants."""
        wants = charger.wants
        seen = {
            Fact.LOCKED: wants.lock,
            Fact.UNLOCKED: not wants.lock,
            Fact.AUXILIARY_ON: wants.auxiliary,
            Fact.AUXILIARY_OFF: not wants.auxiliary,
            Fact.OUTPUT_ON: wants.current > 0,
            Fact.OUTPUT_OFF: not wants.current,
        }
        self._facts += seen.items() - self._seen.items()
        self._seen = seen


class VehicleDevice(Around[Vehicle]):
    """A vehicle around `Vehicle`; `make` builds the dialogue of each plugging in."""

    def __init__(self, make: Callable[[float], Vehicle] = new_vehicle) -> None:
        super().__init__()
        self._make = make

    def do(self, prompt: Prompt, now: float) -> bool:
        match prompt:
            case Prompt.CONNECT:
                self._chores.forget()
                self._end = self._make(now)
            case Prompt.STOP if self._end:
                self._obey(self._end, self._end.stop(now, VehicleCause.SOC_REACHED), now)
            case Prompt.AUXILIARY_OFF if self._end:
                self._obey(self._end, self._end.end(now), now)
            case _:
                return False
        return True

    def _obey(self, vehicle: Vehicle, events: list[Event], now: float) -> None:
        for event in events:
            match event:
                case ChargerAnswered():
                    self._chores.plan(now + CLOSING, vehicle.ready)
                case Failed():
                    self._chores.forget()
        if events:
            self._facts.append((Fact.CONTACTORS_OPEN, not vehicle.wants_contactors))


def rehearse(case: Case, device: Device, tolerances: Tolerances | None = None) -> Result:
    """Play a case against a device."""
    return play(Tester(0.0, case, tolerances=tolerances), device)


def play(tester: Tester, device: Device) -> Result:
    """Let tester and device talk in jumping time from 0 on, until the case is over."""
    now = 0.0
    under_way: deque[tuple[float, Frame, Tester | Device]] = deque()
    while tester.result is None:
        if _obeys(tester, device, now):
            under_way.clear()
        under_way += [(now + LATENCY, frame, device) for frame in tester.data_to_send()]
        under_way += [(now + LATENCY, frame, tester) for frame in device.data_to_send()]
        arrives = under_way[0][0] if under_way else LONGEST
        now = max(now, min(arrives, _or(tester.deadline, LONGEST), _or(device.deadline, LONGEST)))
        if now >= LONGEST:
            raise AssertionError(f"{tester.case.id} does not end")
        while under_way and under_way[0][0] <= now:
            _, frame, receiver = under_way.popleft()
            receiver.receive(frame.identifier, frame.data, now)
        tester.tick(now)
        device.tick(now)
    return tester.result


def _obeys(tester: Tester, device: Device, now: float) -> bool:
    """Do what the tester asks for. True when that was the plug: what was on its way is lost."""
    prompts = tester.prompts()
    for prompt in prompts:
        (tester.done if device.do(prompt, now) else tester.cannot)(prompt, now)
    for fact, holds in device.facts():
        tester.observe(fact, holds)
    return Prompt.CONNECT in prompts


def _or(moment: float | None, otherwise: float) -> float:
    return otherwise if moment is None else moment


def _earliest(*moments: float | None) -> float | None:
    return min((moment for moment in moments if moment is not None), default=None)
