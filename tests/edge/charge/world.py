"""A charger with a car in jumping time: the simulated circuit and car, a controller, a one-shot kept up by a guard.

Time goes in steps of 10 ms; the board is read every 50 ms and does at once what it is told, as the driver has it.
"""

from collections.abc import Callable

from chargelink.edge.charge.causes import Cause
from chargelink.edge.charge.controller import Controller
from chargelink.edge.charge.events import Entered, Event, Finished, Noted, Wants
from chargelink.edge.charge.phases import Phase
from chargelink.edge.charge.situation import GunLimits
from chargelink.edge.drivers.board_state import OFF, BoardFacts
from chargelink.gbt27930.catalogue import Edition
from chargelink.gbt27930.transport import Frame
from chargelink.model import Caps
from chargelink.sim.battery import Battery
from chargelink.sim.bms import Bms
from chargelink.sim.cable import ChargerSide
from chargelink.sim.car import Car
from chargelink.sim.dc_circuit import DcCircuit
from chargelink.sim.vehicle_faults import Declared

STEP = 0.01  # s
LIMITS = GunLimits(max_voltage=750_000, min_voltage=200_000, max_current=120_000, max_power=60_000_000)
COILS = ("ac_contactor", "k1k2", "k3k4", "lock", "bleed", "modules", "voltage_set", "current_limit")


class World:
    """What is wrong with it can be set at any time."""

    def __init__(
        self, *, limits: GunLimits = LIMITS, capacity: int = 400_000, soc: int = 620, target: int = 660
    ) -> None:
        self.now = 0.0
        self.circuit = DcCircuit(0.0)
        self.controller = Controller(0.0, limits)
        self.controller.see_guard("armed", None, 0.0)
        self.car: Car | None = None
        self.battery = Battery(capacity, soc)
        self.target = target
        self.register = 1_000_000  # mWh
        self._energy = 0.0
        self.guards = True  # it gives permits
        self.tripped: str | None = None
        self.board_answers = self.meter_answers = self.meter_counts = self.bus_works = True
        self.meter_step = 1  # mWh
        self.overridden: dict[str, object] = {}  # facts that are told instead of what is so
        self.events: list[Event] = []
        self.bus: list[tuple[float, Frame]] = []
        self.watch: Callable[[BoardFacts, Wants], None] = lambda facts, wants: (
            None
        )  # what was told, what is wanted then
        self.between: Callable[[Wants], None] = lambda wants: None  # what is wanted after anything that happened
        self._steps = 0

    @property
    def phase(self) -> Phase:
        return self.controller.phase

    @property
    def phases(self) -> list[Phase]:
        return [event.phase for event in self.events if isinstance(event, Entered)]

    @property
    def causes(self) -> list[Cause]:
        return [event.stop.cause for event in self.events if isinstance(event, Noted)]

    @property
    def finished(self) -> Finished | None:
        return next((event for event in self.events if isinstance(event, Finished)), None)

    def plug(self, faults: tuple[Declared, ...] = (), edition: Edition = Edition.OF_2015) -> None:
        bms = Bms(self.battery, most_current=100_000, target=self.target)
        self.car = Car(self.now, bms, faults, edition)

    def unplug(self) -> None:
        if self.car:
            self.car.unplug(self.now)

    def authorise(self, caps: Caps | None = None) -> None:
        self.take(self.controller.authorise(self.now, self.register, caps))

    def stop(self, cause: Cause = Cause.LOCAL) -> None:
        self.take(self.controller.stop(self.now, cause))

    def until(self, *phases: Phase, within: float = 120.0) -> None:
        """Let time pass until one of the phases is entered, or was passed through."""
        give_up, seen = self.now + within, len(self.phases)
        while self.phase not in phases and not {*self.phases[seen:]} & {*phases}:
            assert self.now < give_up, f"still {self.phase} after {within} s, {[c.name for c in self.causes]}"
            self.step()

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP)):
            self.step()

    def lose_bus(self, seconds: float) -> None:
        """Neither side hears the other for a while."""
        self.bus_works = False
        self.run(seconds)
        self.bus_works = True

    def charging(self, **settings: object) -> "World":
        """Plugged, authorised and under current."""
        self.until(Phase.AVAILABLE)
        self.plug(**settings)  # type: ignore[arg-type]
        self.until(Phase.LOCKED)
        self.authorise()
        self.until(Phase.CHARGING)
        self.run(2.0)
        return self

    def take(self, events: list[Event]) -> None:
        self.events += events
        wants = self.controller.wants
        for name in COILS:
            setattr(self.circuit.commands, name, getattr(wants.board, name))
        self.between(wants)

    def step(self) -> None:
        self._steps += 1
        self.now = self._steps * STEP
        wants = self.controller.wants
        if self.guards and wants.permit and not self.circuit.surroundings.e_stop and not self.tripped:
            self.circuit.one_shot.hear(b"P", self.now)
        elif not wants.permit or self.tripped or self.circuit.surroundings.e_stop:
            self.circuit.one_shot.hear(b"O", self.now)
        self._drive()
        self.circuit.step(self.now)
        self._meter()
        if self.board_answers and self._steps % 5 == 0:
            facts = self.facts()
            self.take(self.controller.see_board(facts, self.now))
            self.watch(facts, self.controller.wants)
        if self.controller.deadline is not None and self.controller.deadline <= self.now:
            self.take(self.controller.tick(self.now))

    def facts(self) -> BoardFacts:
        facts = self.circuit.facts._asdict() | self.overridden
        return BoardFacts(
            at=self.now,
            read_back=OFF,
            disagreeing=frozenset(),
            implausible=frozenset(),
            **facts,
        )

    def _drive(self) -> None:
        for frame in self.controller.data_to_send():
            self.bus.append((self.now, frame))
            if self.car and self.bus_works:
                self.car.hear(Frame(*frame), self.now)
        if self.car is None:
            return
        facts = self.circuit.facts
        side = ChargerSide(facts.k3k4_feedback, facts.outside_voltage, facts.current, facts.lock_feedback)
        self.car.feel(side, self.now)
        self.car.tick(self.now)
        self.circuit.connect(self.car.side, self.now)
        for frame in self.car.frames(self.now):
            if not self.bus_works:
                continue
            self.bus.append((self.now, frame))
            self.take(self.controller.receive(frame.identifier, frame.data, self.now))

    def _meter(self) -> None:
        facts = self.circuit.facts
        if self.meter_counts:
            self._energy += facts.outside_voltage * max(facts.current, 0) / 1000 * STEP / 3600
        if self.meter_answers and self._steps % 100 == 0:
            shown = (self.register + int(self._energy)) // self.meter_step * self.meter_step
            self.take(self.controller.see_register(shown, self.now))
