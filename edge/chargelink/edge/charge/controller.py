"""The controller of one gun: it is told what is so, and says what it wants. No I/O, no clock.

    controller = Controller(now, limits)
    controller.see_board(facts, now), see_guard(state, rule, now), see_register(energy, now)     what is so
    controller.receive(identifier, data, now), tick(now), deadline, data_to_send()               the vehicle's bus
    controller.authorise(now, caps), stop(now, cause), reset(now)                                what people decide
    controller.wants                                                                             what is to be done

All but `wants`, `deadline` and `data_to_send` give events. The sequence is the table in `phases`; what happens in it is
decided by `conditions`. Times are seconds of one clock that never goes backwards.
"""

from datetime import datetime

from chargelink.edge.charge import conditions, register
from chargelink.edge.charge.causes import Action, Cause, Latch, Stop, by_guard
from chargelink.edge.charge.dialogue import VehicleDialogue
from chargelink.edge.charge.events import Entered, Event, Finished, Identified, Noted, RefusedError, Wants, Warned
from chargelink.edge.charge.hindrances import Hindrance, hindrance
from chargelink.edge.charge.phases import (
    ASKING,
    ENDING,
    LIVE,
    ORDER,
    STOPPING,
    TABLE,
    WATCHED,
    WATCHES,
    WITH_K1K2,
    WITH_MODULES,
    Condition,
    Output,
    Phase,
    Row,
    Watch,
)
from chargelink.edge.charge.setpoint import wanted
from chargelink.edge.charge.situation import Charge, GunLimits, Situation, Vehicle
from chargelink.edge.charge.stopwatch import Stopwatch
from chargelink.edge.drivers.board_state import BoardFacts
from chargelink.gbt27930.transport import Frame
from chargelink.model import Caps

BOARD_SILENT = 0.5  # s without facts: the charge stops
BOARD_LOST = 30.0  # s without facts while a charge ends: it is over without them
TEST_VOLTAGE = 500_000  # mV, for vehicles of 2011, which name none
PRECHARGE_BELOW = 5_000  # mV below the battery: the middle of the window
OUTCOME_KNOWN = {Phase.SAFE_VOLTAGE, Phase.HELD, Phase.UNLOCKING}
OBEYED = {"cc1", "inside_voltage", "outside_voltage", "current", "insulation"}


class Controller:
    """One gun, for as long as the daemon runs."""

    def __init__(self, now: float, limits: GunLimits, number: int | None = None) -> None:
        """Raises EncodeError when the limits or the charger's number cannot be said to a vehicle."""
        self.phase = Phase.STARTING
        self.situation = Situation(limits)
        self.stopped: Stop | None = None  # the first cause of this charge
        self.latch = Latch.NONE
        self._dialogue = VehicleDialogue(now, self.situation, number)
        self._now = self._entered = now
        self._board_at = now
        self._register = register.Register(now)
        self._stopwatch = Stopwatch()
        self._precharge = 0  # mV
        self._events: list[Event] = []

    @property
    def row(self) -> Row:
        """The row of the phase."""
        return TABLE[self.phase]

    @property
    def charge(self) -> Charge | None:
        """The charge that is authorised."""
        return self.situation.charge

    @property
    def wants(self) -> Wants:
        """What is to be done now."""
        return wanted(self.phase, self.situation, self._precharge)

    @property
    def deadline(self) -> float | None:
        """When `tick` wants to be called."""
        due = [self._wait_over(), *self._silences()]
        if self._begun is not None:
            due += register.due(self._begun)
        # What was due until now has been looked at; the dialogue knows for itself.
        later = [moment for moment in due if moment is not None and moment > self._now]
        return min([*later, *filter(None, [self._dialogue.deadline])], default=None)

    def data_to_send(self) -> list[Frame]:
        """Take the frames for the vehicle."""
        return self._dialogue.data_to_send()

    def receive(self, identifier: int, data: bytes, now: float) -> list[Event]:
        """Take any frame of the bus."""
        for stop in self._dialogue.receive(identifier, data, now):
            self._stop(self._meant(stop), now)
        return self._advance(now)

    def tick(self, now: float) -> list[Event]:
        """Let time pass."""
        for stop in self._dialogue.tick(now):
            self._stop(self._meant(stop), now)
        return self._advance(now)

    def see_board(self, facts: BoardFacts, now: float) -> list[Event]:
        """The board has been read."""
        if not OBEYED.isdisjoint(facts.implausible):
            return self._advance(now)  # as good as silence
        if self._board_silent(now) and self.phase in ENDING:
            self._entered = now  # what nobody saw is not judged
        self._board_at = now
        self.situation.board, self.situation.heard = facts, True
        if self.phase is Phase.PRECHARGE or self.phase is Phase.CHARGE_PERMIT:
            self._precharge = facts.outside_voltage - PRECHARGE_BELOW
        self._register.see(facts, now)
        minutes = int(self.charge.seconds(now) // 60) if self.charge else 0
        self._dialogue.report(facts.outside_voltage, facts.current, minutes)
        return self._advance(now)

    def see_trouble(self, cause: Cause, detail: str, now: float) -> list[Event]:
        """A board that is lost or disobeys, all its outputs off, or a meter that makes no sense: a driver sees it."""
        self._stop(Stop(cause, detail), now)
        return self._advance(now)

    def see_guard(self, state: str, rule: str | None, now: float) -> list[Event]:
        """The guard says its state; `rule` is the cut-off that tripped first."""
        self.situation.guard_state, self.situation.guard_rule = state, rule
        if state == "tripped":
            stop = by_guard(rule or "")
            if self.stopped == (Cause.PERMIT_LOST, ""):  # the board was faster than the reason
                self.stopped, self.latch = stop, max(self.latch, stop.cause.latch)
            elif Output.PERMIT in self.row.outputs:
                self._stop(stop, now)
        return self._advance(now)

    def see_register(self, value: int, now: float) -> list[Event]:
        """The meter's register, mWh."""
        self._register.read(value, now)
        if self.charge is not None:
            self.charge.register = max(self.charge.register, value)
        return self._advance(now)

    def hindrance(self, now: float) -> Hindrance | None:
        """Why nobody can charge here now, whatever is plugged in."""
        dead = self.latch is Latch.SERVICE or self.phase in (Phase.HELD, Phase.OUT_OF_SERVICE)
        return hindrance(self.situation, dead, self._board_silent(now), self._register.silent(now))

    def waits_for_driver(self, now: float) -> bool:
        """The charge is over, the plug is free, and nothing but its driver keeps it there."""
        free = self.phase is Phase.RELEASED and self.latch is Latch.NONE and self.charge is None
        return free and not self._board_silent(now) and not conditions.unplugged(self.situation)

    def refusal(self, now: float) -> str:
        """Why no charge can begin now; empty if one can."""
        if hindrance := self.hindrance(now):
            return hindrance.words
        reasons = {
            "a charge is under way": self.charge is not None or self.phase in LIVE,
            "the gun is not ready yet": self.phase in ENDING or self.phase is Phase.STARTING,
            "the vehicle is asked for its VIN": self.phase in ASKING or self.situation.asked,
            "the plug must be pulled first": self.latch is Latch.REPLUG,
            "nothing is plugged in": self.phase not in (Phase.LOCKING, Phase.LOCKED, Phase.RELEASED)
            or not conditions.plugged(self.situation),
        }
        return next((reason for reason, holds in reasons.items() if holds), "")

    def identify(self, now: float) -> list[Event]:
        """Ask the vehicle for its VIN: `Identified` tells it, or it is let go. Raises RefusedError."""
        if reason := self.refusal(now):
            raise RefusedError(reason)
        self.situation.asked, self.stopped = True, None
        return self._advance(now)

    def authorise(
        self,
        now: float,
        start: int,
        caps: Caps | None = None,
        local_time: datetime | None = None,
        vin: str | None = None,
    ) -> list[Event]:
        """A person said yes; the meter's register is at `start` mWh. With `vin` only that vehicle is charged.

        Raises RefusedError.
        """
        if reason := self.refusal(now):
            raise RefusedError(reason)
        self.situation.charge = Charge(caps or Caps(), start, start, vin=vin)
        self.stopped = None
        self._dialogue.local_time = local_time
        return self._advance(now)

    def stop(self, now: float, cause: Cause, detail: str = "") -> list[Event]:
        """Stop the charge, or give the plug back; without either nothing happens."""
        if self.phase in (Phase.LOCKING, Phase.LOCKED) or (self.phase is Phase.RELEASED and self.charge):
            self.stopped = self.stopped or Stop(cause, detail)
            self._enter(Phase.UNLOCKING, now)
        else:
            self._stop(Stop(cause, detail), now)
        return self._advance(now)

    def reset(self, now: float) -> list[Event]:
        """A person looked at it and says that it may work again. Nothing happens while contactors are closed."""
        if self.phase in (Phase.OUT_OF_SERVICE, Phase.RELEASED) and conditions.contactors_open(self.situation):
            self.latch = Latch.NONE
            if self.phase is Phase.OUT_OF_SERVICE:
                self._enter(Phase.AVAILABLE, now)
        return self._advance(now)

    def _advance(self, now: float) -> list[Event]:
        """Watch, then move, until nothing moves any more; the events since the last time."""
        self._now = now
        self._watch(now)
        while self._move(now):
            self._watch(now)
        events, self._events = self._events, []
        return events

    def _watch(self, now: float) -> None:
        """Look at everything that must stay so."""
        self._look(now)
        if self.phase not in WATCHED:
            return
        for watch in WATCHES:
            if self.phase in watch.phases and self._ripe(watch.when, watch.held):
                self._stop(self._seen(watch), now)
                return
        if self._board_silent(now):
            self._stop(Stop(Cause.BOARD_SILENT), now)
        elif self._register.silent(now):
            self._stop(Stop(Cause.METER_SILENT), now)
        elif self._begun is not None:
            stop = self._register.stalled or register.reached(self._begun, self.situation.vehicle, now)
            if stop is not None:
                self._stop(stop, now)

    @property
    def _begun(self) -> Charge | None:
        """The charge, from its first current until it is stopped, with what interrupts it."""
        begun = self.charge is not None and self.charge.began is not None
        return self.charge if begun and self.phase in LIVE - STOPPING else None

    def _move(self, now: float) -> bool:
        """Go one phase on if it is time."""
        for move in self.row.moves:
            if self._ripe(move.when, move.held):
                self._enter(move.to, now)
                return True
        if self.phase in ENDING - {Phase.HELD} and now >= self._board_at + BOARD_LOST:
            self._note(Stop(Cause.BOARD_SILENT))
            self._enter(Phase.HELD, now)
            return True
        over, wait = self._wait_over(), self.row.wait
        if wait is None or over is None or now < over:
            return False
        stop = Stop(wait.cause, self.phase)
        if wait.to is None:
            self._stop(stop, now)
        else:
            self._note(stop)
            self._enter(wait.to, now)
        return True

    def _wait_over(self) -> float | None:
        """When the phase has taken too long. An ending that nobody sees is not judged until it is seen again."""
        if self.row.wait is None:
            return None
        over = self._entered + self.row.wait.seconds
        return None if self.phase in ENDING and over >= self._board_at + BOARD_SILENT else over

    def _silences(self) -> list[float]:
        """When silence of board or meter would count."""
        if self.phase in WATCHED:
            return [self._board_at + BOARD_SILENT, self._register.read_at + register.SILENT]
        return [self._board_at + BOARD_LOST] if self.phase in ENDING else []

    def _board_silent(self, now: float) -> bool:
        return now >= self._board_at + BOARD_SILENT

    def _stop(self, stop: Stop, now: float) -> None:
        """End a charge that is under way, or end it faster; or let a vehicle go that was asked who it is."""
        if self.phase in ASKING:
            self._note(stop)
            self._enter(Phase.UNLOCKING, now)
        if self.phase not in LIVE:
            return
        target = self._end(stop.cause.action)
        if self.phase not in STOPPING or ORDER.index(target) > ORDER.index(self.phase):
            self._note(stop)
            self._dialogue.stop(now, stop.cause.value.said)
            self._enter(target, now)

    def _end(self, action: Action) -> Phase:
        """Where an ending begins: with the contactors open there is no current to bring down."""
        if self.phase not in WITH_K1K2 or action is Action.OPEN:
            return Phase.OPENING
        return Phase.RAMPING if action is Action.RAMP and self.phase in WITH_MODULES else Phase.CUTTING

    def _note(self, stop: Stop) -> None:
        """The first cause is kept; every one is told, and latches."""
        self.stopped = self.stopped or stop
        self.latch = max(self.latch, stop.cause.latch)
        self._events.append(Noted(self.phase, stop))

    def _enter(self, phase: Phase, now: float) -> None:
        before, self.phase, self._entered = self.phase, phase, now
        self._stopwatch.clear()
        self._look(now)
        self._events.append(Entered(phase))
        situation, charge = self.situation, self.situation.charge
        match phase:
            case Phase.LOCKING:
                self.stopped = None
                situation.vehicle = Vehicle()
            case Phase.LOCKED if situation.vehicle.identified:
                self._events.append(Identified(situation.vehicle.vin))
                situation.asked, situation.vehicle = False, Vehicle()
            case Phase.IDENTIFYING | Phase.CONFIGURATION:
                self._dialogue.go_on(now)
            case Phase.BREAKING | Phase.REOPENING if before is not Phase.BREAKING:
                self._events.append(Warned(before, "reconnecting", situation.vehicle.broken_off or ""))
            case Phase.RECONNECTING | Phase.REWAKING:
                situation.vehicle = situation.vehicle.anew()
            case Phase.RESTING:
                self._dialogue.end(now)
            case Phase.HANDSHAKE | Phase.GREETING:
                self._dialogue.start(now)
            case Phase.TEST_PERMIT:
                named = situation.vehicle.handshake_limit or TEST_VOLTAGE
                situation.test_voltage = min(named, situation.limits.max_voltage)
            case Phase.TEST_DISCHARGE if conditions.insulation_low(situation):
                self._events.append(Warned(phase, "insulation-low"))
            case Phase.READY:
                self._dialogue.ready(now)
            case Phase.CHARGING if charge and charge.began is None:
                charge.began = now
                self._register.begin()
            case Phase.OPENING if charge and charge.began is not None:
                charge.ended = now
            case Phase.STATISTICS if charge:
                self._dialogue.statistics(int(charge.seconds(now) // 60), charge.energy)
            case Phase.AVAILABLE:
                self._replugged(now)
        if phase in OUTCOME_KNOWN:
            self._finish(now)

    def _finish(self, now: float) -> None:
        self._dialogue.end(now)
        self.situation.asked = False
        if self.charge is not None:
            assert self.stopped is not None, "a charge ends by a cause"
            self._events.append(Finished(self.charge, self.stopped, self.situation.vehicle))
            self.situation.charge = None

    def _replugged(self, now: float) -> None:
        if self.latch is Latch.SERVICE:
            self._enter(Phase.OUT_OF_SERVICE, now)
        else:
            self.latch, self.stopped = Latch.NONE, None

    def _meant(self, stop: Stop) -> Stop:
        """A vehicle that falls silent when it is asked for its VIN has none to tell."""
        silent = self.phase in ASKING and stop.cause is Cause.COMMUNICATION
        return Stop(Cause.NO_VIN, stop.detail) if silent else stop

    def _seen(self, watch: Watch) -> Stop:
        if watch.cause is Cause.PERMIT_LOST and self.situation.guard_state == "tripped":
            return by_guard(self.situation.guard_rule or "")
        return Stop(watch.cause)

    def _look(self, now: float) -> None:
        """Time what the phase waits for and what it watches."""
        asked = [move.when for move in self.row.moves] + [w.when for w in WATCHES if self.phase in w.phases]
        self._stopwatch.look(asked, self.situation, now)

    def _ripe(self, condition: Condition, held: float) -> bool:
        """Only what the board has shown until then: nothing moves on between two looks at it."""
        ripe = self._stopwatch.ripe(condition, held)
        return ripe is not None and self._board_at >= ripe
