"""The guard without I/O: it is told datagrams and the time, it says words to the one-shot and reports to the daemon.

fault-hold  something is missing, old or wrong: the contactor is told to open, nothing is latched
armed       all is well, no permit is given: nobody wants to charge, or `armed` is not yet durable
permit      pulses; on an end without a trip the modules go off first, then the contactor opens
tripped     latched until a reset; after an S1 the contactor still waits for its current
"""

import json
from enum import StrEnum
from typing import NamedTuple

from chargelink.edge.guard.datagrams import MODULES_OFF, OPEN, PULSE, RESET, Facts, Inputs
from chargelink.edge.guard.evaluate import Evaluation, Finding, Seen, evaluate
from chargelink.edge.guard.mark import ARMED, CLEAR, TRIPPED, Mark
from chargelink.edge.guard.rules import (
    FACTS_AGE,
    INPUTS_AGE,
    MS,
    RELEASE,
    SAFE_VOLTAGE,
    STOP_CURRENT,
    STOP_WITHIN,
    UNCLEAN_START,
    Action,
    Latch,
    Rule,
    Watch,
)

CYCLE = 10 * MS
PULSE_EVERY = 20 * MS
REPORT_EVERY = 500 * MS
MEASURED = ("outside_mv", "inside_mv", "current_ma", "contactor_closed")  # of the inputs, kept with a trip
TOLD = ("limit_mv", "limit_ma", "session")  # of the facts
WRITE_AGAIN = 1000 * MS  # after a mark could not be written


class State(StrEnum):
    FAULT_HOLD = "fault-hold"
    ARMED = "armed"
    PERMIT = "permit"
    TRIPPED = "tripped"


class Trip(NamedTuple):
    """One latched cause. `since` is when the cause began, `at` when it was over its delay (ns)."""

    sequence: int
    rule: Rule
    at: int
    since: int
    values: dict[str, object]  # every signal and measurement as they were


class Guard:
    """Verbs: receive_inputs, receive_facts, mark_written and end tell it; tick decides; the *_to_send say it.

    Every `now` is CLOCK_MONOTONIC in ns and never runs backwards. Nothing raises.
    """

    def __init__(self, mark: Mark | None, now: int) -> None:
        """`mark` is what the disk says at the start; None where it is missing or torn."""
        self.state = State.FAULT_HOLD
        self.trips: list[Trip] = []  # the first is the first-out; one for each rule at most
        self.ignored = {"inputs": 0, "facts": 0}  # datagrams that were malformed, implausible, repeated or late
        self.refused: tuple[str, ...] = ()  # why the last reset was not accepted
        self.longest_cycle = 0  # ns between two evaluations
        self._inputs: Inputs | None = None
        self._inputs_at = now
        self._pressed = False  # since the last evaluation
        self._facts: Facts | None = None
        self._evaluation: Evaluation | None = None
        self._pulse_at: int | None = None
        self._open_by: int | None = None  # set while the modules are off and the contactor waits for its current
        self._spent = True  # no permit before the wish was seen gone and the contactor open: nothing resumes by itself
        self._reset_asked = self._ending = False
        self._word, self._word_at = b"", now
        self._words: list[bytes] = []
        self._mark, self._asked = mark, mark  # what the disk says, what it was asked to say
        self._writing, self._write_at = False, now
        self._sequence = mark.sequence if mark else 0
        self._reported: tuple[object, ...] = ()
        self._report_at = now
        if mark is None or mark.word != CLEAR:
            said: dict[str, object] = {"mark": mark.word, "rule": mark.rule} if mark else {"mark": "missing or torn"}
            self._latch(UNCLEAN_START, now, now, said)

    def receive_inputs(self, datagram: bytes, now: int) -> None:
        """From the charger's safety inputs. A sender that starts anew is heard once its old word is stale."""
        inputs = Inputs.decode(datagram)
        fresh = now - self._inputs_at <= INPUTS_AGE * MS
        if inputs is None or (self._inputs and fresh and not inputs.follows(self._inputs)):
            self.ignored["inputs"] += 1
            return
        self._inputs, self._inputs_at = inputs, now
        self._pressed = self._pressed or inputs.e_stop

    def receive_facts(self, datagram: bytes, now: int) -> None:
        """From the daemon: facts, or a request to reset."""
        if datagram == RESET:
            self._reset_asked = True
            return
        facts = Facts.decode(datagram)
        known = self._facts if self._facts and now - self._facts.at <= FACTS_AGE * MS else None
        if facts is None or not 0 <= now - facts.at <= FACTS_AGE * MS or (known and not facts.follows(known)):
            self.ignored["facts"] += 1
            return
        self._facts = facts

    def end(self) -> None:
        """Come to an orderly end: see `ended`."""
        self._ending = True

    @property
    def ended(self) -> bool:
        """Nothing is permitted, and the disk says so. A disk that cannot be written delays it: bound the wait."""
        wanted = self._mark_wanted()
        settled = wanted == self._mark and (wanted is None or wanted.word != ARMED)
        return self._ending and self.state is not State.PERMIT and self._open_by is None and settled

    @property
    def heard_at(self) -> int:
        """When anybody, charger or daemon, last said something true (ns)."""
        return max(self._inputs_at, self._facts.at) if self._facts else self._inputs_at

    def mark_to_write(self, now: int) -> Mark | None:
        """What the disk should say and does not; to be answered by `mark_written`."""
        wanted = self._mark_wanted()
        if self._writing or wanted == self._mark or now < self._write_at:
            return None
        self._writing, self._asked = True, wanted
        return wanted

    def mark_written(self, durable: bool, now: int) -> None:
        """The answer for what `mark_to_write` gave last. After a failure nobody knows what the disk says."""
        self._writing = False
        self._mark = self._asked if durable else None
        self._write_at = now if durable else now + WRITE_AGAIN

    @property
    def deadline(self) -> int:
        """When `tick` is due at the latest."""
        cycle = self._evaluation.at + CYCLE if self._evaluation else 0
        return min(cycle, self._word_at + PULSE_EVERY) if self._word else cycle

    def tick(self, now: int) -> None:
        """Evaluate every rule, then decide, then speak: in this order, so that a pulse proves an evaluation."""
        if self._evaluation:
            self.longest_cycle = max(self.longest_cycle, now - self._evaluation.at)
        self._evaluation = evaluate(self._seen(), self._evaluation, now)
        permitted = self._pulse_at is not None
        for finding in self._evaluation.tripping:
            if permitted or (finding.rule.watch is Watch.ALWAYS and finding.value is not None):
                self._trip(finding, self._evaluation)
        self._stop(now)
        if self._reset_asked:
            self._reset_asked = False
            self._reset(self._evaluation)
        if self.state in (State.FAULT_HOLD, State.ARMED):
            self._spent = self._spent and (self._wanted or not self._open)
            self._permit(self._evaluation)
        self._speak(now)

    def words_to_send(self) -> list[bytes]:
        """For the one-shot and the modules' enable, in this order."""
        words, self._words = self._words, []
        return words

    def report_to_send(self, now: int, **process: object) -> bytes | None:
        """One JSON line for the daemon, on a change and every 500 ms. `process` is told along."""
        holding = [f.rule.name for f in self._evaluation.findings if f.holds] if self._evaluation else []
        told = (self.state, len(self.trips), self._open_by is None, self.refused, self._mark, holding)
        if told == self._reported and now < self._report_at:
            return None
        self._reported, self._report_at = told, now + REPORT_EVERY
        return json.dumps(self._report(now, holding) | process).encode() + b"\n"

    def _trip(self, finding: Finding, evaluation: Evaluation) -> None:
        if any(trip.rule is finding.rule for trip in self.trips):
            return
        began = evaluation.at - finding.dwell
        values = evaluation.signals | self._measured()
        if finding.rule.action is Action.S0:
            self._open_by = None
        elif self.state is State.PERMIT:
            self._open_by = min(self._open_by or began + STOP_WITHIN, began + STOP_WITHIN)
        self._latch(finding.rule, evaluation.at, began, values)

    def _latch(self, rule: Rule, at: int, since: int, values: dict[str, object]) -> None:
        self._sequence += 1
        self.trips.append(Trip(self._sequence, rule, at, since, values))
        self.state = State.TRIPPED
        self.refused = ()

    def _seen(self) -> Seen:
        """A button pressed and let go between two evaluations was pressed."""
        inputs = self._inputs and self._inputs._replace(e_stop=self._inputs.e_stop or self._pressed)
        self._pressed = False
        return Seen(inputs, self._inputs_at, self._facts, self._pulse_at)

    def _stop(self, now: int) -> None:
        """Modules off first: opening under full current is a hazard of its own. The second is kept all the same."""
        if self.state is State.PERMIT and self._open_by is None and (self._ending or not self._wanted):
            self._open_by = now + STOP_WITHIN
        if self._open_by is None or self._inputs is None:
            return
        if abs(self._inputs.current_ma) <= STOP_CURRENT or now >= self._open_by - RELEASE:
            self._open_by = None
            if self.state is State.PERMIT:
                self.state, self._spent = State.ARMED, True
                self._words.append(OPEN)

    def _reset(self, evaluation: Evaluation) -> None:
        """Only when every cause is gone, and never while charging is wanted: a session does not resume."""
        if self.state is not State.TRIPPED:
            return
        reasons = [finding.rule.name for finding in evaluation.findings if finding.holds or finding.dwell]
        if self._open_by is not None:
            reasons.append("stopping")
        if self._wanted:
            reasons.append("charging-wanted")
        if not self._open:
            reasons.append("contactor-closed")
        cabinet = any(trip.rule.latch is Latch.CABINET for trip in self.trips)
        if cabinet and self._inputs and abs(self._inputs.inside_mv) >= SAFE_VOLTAGE:
            reasons.append("output-voltage")
        self.refused = tuple(reasons)
        if not reasons:
            self.trips, self.state, self._spent = [], State.FAULT_HOLD, True

    def _permit(self, evaluation: Evaluation) -> None:
        """Armed when all is known and well; a permit when that is wanted and `armed` is durable."""
        self.state = State.ARMED if evaluation.clean else State.FAULT_HOLD
        durable = self._mark is not None and self._mark.word == ARMED and not self._writing
        if self.state is State.ARMED and self._asked_for and self._open and durable:
            self.state = State.PERMIT

    def _speak(self, now: int) -> None:
        """One word at once when it changes, and again every 20 ms."""
        if self._open_by is not None:
            word = MODULES_OFF
        else:
            word = {State.PERMIT: PULSE, State.ARMED: b""}.get(self.state, OPEN)
        if word != self._word or now - self._word_at >= PULSE_EVERY:
            self._words += [MODULES_OFF, PULSE] if word is MODULES_OFF else [word] if word else []
            self._word, self._word_at = word, now
            self._pulse_at = now if word in (PULSE, MODULES_OFF) else None

    @property
    def _wanted(self) -> bool:
        return self._facts is not None and self._facts.wanted

    @property
    def _asked_for(self) -> bool:
        return self._wanted and not self._spent and not self._ending

    @property
    def _open(self) -> bool:
        """The contactor, by its feedback; what was never seen is not open."""
        return self._inputs is not None and not self._inputs.contactor_closed

    def _mark_wanted(self) -> Mark | None:
        if self.trips:
            return Mark(TRIPPED, self.trips[0].rule.name, self._sequence)
        if self.state is State.PERMIT or (self.state is State.ARMED and self._asked_for):
            return Mark(ARMED, sequence=self._sequence)
        if self._open and not self._asked_for:
            return Mark(CLEAR, sequence=self._sequence)
        return self._mark  # leave it

    def _report(self, now: int, holding: list[str]) -> dict[str, object]:
        signals = self._evaluation.signals if self._evaluation else {}
        first = self.trips[0] if self.trips else None
        return {
            "state": self.state,
            "rule": first.rule.name if first else None,
            "at_ns": now,
            "values": first.values if first else signals | self._measured(),
            "stopping": self._open_by is not None,
            "trips": [
                {"sequence": t.sequence, "rule": t.rule.name, "id": t.rule.id, "action": t.rule.action}
                | {"at_ns": t.at, "since_ns": t.since, "values": t.values}
                for t in self.trips
            ],
            "holding": holding,
            "refused": self.refused,
            "mark": self._mark.word if self._mark else None,
            "ignored": self.ignored,
            "longest_cycle_ns": self.longest_cycle,
        }

    def _measured(self) -> dict[str, object]:
        measured: dict[str, object] = {}
        if self._inputs:
            measured |= {name: getattr(self._inputs, name) for name in MEASURED}
        if self._facts:
            measured |= {name: getattr(self._facts, name) for name in TOLD}
        return measured
