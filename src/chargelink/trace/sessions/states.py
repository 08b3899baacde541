"""Where each side must be, judged by what it says, against the tables of states of both sides.

A `Shadow` follows one side. It is told what the side says (`says`) and what it hears from its peer (`hears`), and gives
what it did wrong: messages that its state does not say, steps taken before the peer's message that allows them, and
waits that are over without the error that should have followed. Messages are words: "CCS", and "CRO(AA)" where the
value decides.

A message of a shared state (CHM before and after BHM, CCS in a pause) is a *voice*: the set of states that say it.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from chargelink.gbt27930.catalogue import BY_NAME, Sender
from chargelink.gbt27930.causes import ChargerTimeout, VehicleTimeout
from chargelink.gbt27930.charger_table import TABLE as CHARGER_TABLE
from chargelink.gbt27930.charger_table import State as ChargerState
from chargelink.gbt27930.dialogue import Row, Wait
from chargelink.gbt27930.vehicle_table import TABLE as VEHICLE_TABLE
from chargelink.gbt27930.vehicle_table import State as VehicleState

TABLES: dict[Sender, Mapping[StrEnum, Row]] = {Sender.CHARGER: CHARGER_TABLE, Sender.BMS: VEHICLE_TABLE}
READY = {  # the states that say AA; others that say the same message say 00
    Sender.CHARGER: (ChargerState.RECOGNISED, ChargerState.READY),
    Sender.BMS: (VehicleState.READY,),
}
WITH_VALUE = ("CRM", "CRO", "BRO")
CHARGE_MESSAGES = ("BCL", "BCS", "BSM", "BMV", "BMT", "BSP")  # the last three at the vehicle's will
BOTH = "BCL and BCS"  # a trigger of two words
BOTH_WORDS = frozenset(BOTH.split(" and "))
PAUSE_OVER = "pause over"
JUDGED = (ChargerTimeout, VehicleTimeout)  # what the end of a wait must lead to
TOLERANCES = ((1.0, 0.2), (5.0, 0.5))  # s, of a tester after a wait (GB/T 34658); beyond: 3 s
LONG_TOLERANCE = 3.0
STOP_REACTION = 1.2  # s to answer CST or BST or a fault of BSM with the end of the charge
REACTION = 5.5  # s to go on after a message that allows it: the peer waits 5 s
STOP_WORDS = ("BST", "CST", "BSM fault")
TRAILING = 0.5  # s in which a transfer that was under way may still end after its state
RECONNECTS = frozenset({"CEM", "BEM"})  # after an error a side may begin again with recognition (10.5)

Voice = frozenset[StrEnum]
Hears = dict[str, tuple[tuple[tuple[str, float], ...], StrEnum | None]]  # by word: waits that it feeds, where it leads
NO_VOICE: Voice = frozenset()


class Wrong(StrEnum):
    """What a side can do wrong."""

    SEQUENCE = "sequence"  # its table of states does not lead from what it said before to this
    TOO_EARLY = "too-early"  # it went on before its peer allowed it
    WAIT_IGNORED = "timeout-missed"  # it did not react when a wait was over
    IGNORED = "ignored"  # it did not react to its peer's message


class Fault(NamedTuple):
    """One thing done wrong: `word` was said; `other` is the word before, the missing one, or what should have come."""

    wrong: Wrong
    word: str
    other: str
    seconds: float = 0.0


def tolerance(seconds: float) -> float:
    """How much later than a wait its reaction may come."""
    return next((more for limit, more in TOLERANCES if seconds <= limit), LONG_TOLERANCE)


def limits() -> dict[str, float]:
    """By word, the longest silence between two of it that the peer bears while it waits for it again and again."""
    found: dict[str, float] = {}
    for table in TABLES.values():
        for row in table.values():
            for wait in row.waits:
                for word in wait.fed_by:
                    if word.partition("(")[0] in BY_NAME and isinstance(wait.then, JUDGED):
                        found[word] = min(wait.seconds, found.get(word, wait.seconds))
    return found


class Grammar:
    """A side's table, read as a grammar of words."""

    def __init__(self, sender: Sender) -> None:
        self.table = TABLES[sender]
        self.voices: dict[str, Voice] = {}
        for state, row in self.table.items():
            for name in row.says:
                word = f"{name}({'AA' if state in READY[sender] else '00'})" if name in WITH_VALUE else name
                self.voices[word] = self.voices.get(word, NO_VOICE) | {state}
        if sender is Sender.BMS:
            self.voices |= dict.fromkeys(CHARGE_MESSAGES, self.voices["BCL"])
        self.errors = {self.voices[word] for word in RECONNECTS if word in self.voices}
        self.recognition = self.voices["CRM(00)" if sender is Sender.CHARGER else "BRM"]
        self.hears = {state: self._heard_in(state) for state in self.table}
        self.steps = {voice: self._steps_from(voice) for voice in set(self.voices.values())}

    def _heard_in(self, state: StrEnum) -> Hears:
        """What a word of the peer does in a state: the waits that it feeds, and where it leads."""
        row = self.table[state]
        words = {*row.moves, *(word for wait in row.waits for word in wait.fed_by)}
        return {
            word: (tuple((wait.name, wait.seconds) for wait in row.waits if word in wait.fed_by), row.moves.get(word))
            for word in words
        }

    def _steps_from(self, voice: Voice) -> dict[Voice, tuple[str, ...]]:
        """The voices that may follow, each with the words of the peer one of which must come first; () for none."""
        steps: dict[Voice, set[str]] = {}
        for state in voice:
            for trigger, target in self._moves(state, set()):
                following = next((other for other in self.voices.values() if target in other), NO_VOICE)
                if following not in (voice, NO_VOICE):
                    steps.setdefault(following, set()).add(trigger)
        for following in self.errors:
            steps.setdefault(following, set()).add("error")
        if voice in self.errors:
            steps[self.recognition] = {"reconnection"}
        needed = {following: _needed(triggers) for following, triggers in steps.items()}
        for name in WITH_VALUE:  # who is ready at once need not say first that it is not
            first, ready = (self.voices.get(f"{name}({value})", NO_VOICE) for value in ("00", "AA"))
            if first in needed and voice not in self.errors and name != "CRM":
                needed.setdefault(ready, needed[first])
        return needed

    def _moves(self, state: StrEnum, seen: set[StrEnum]) -> Iterator[tuple[str, StrEnum]]:
        """The moves of a state; a silent one on the way leads on."""
        seen.add(state)
        for trigger, target in self.table[state].moves.items():
            yield trigger, target
            if not self.table[target].says and target not in seen:
                yield from self._moves(target, seen)


def _needed(triggers: set[str]) -> tuple[str, ...]:
    """The triggers where all of them are words of the peer; () where the side may go on by itself."""
    return tuple(sorted(triggers)) if all(map(_is_heard, triggers)) else ()


def _is_heard(trigger: str) -> bool:
    return all(word.partition("(")[0] in BY_NAME for word in trigger.split(" and "))


GRAMMARS = {sender: Grammar(sender) for sender in Sender}


class Shadow:
    """One side of a session."""

    def __init__(self, sender: Sender) -> None:
        self._grammar = GRAMMARS[sender]
        self.heard: set[str] = set()  # words of the peer since the (re)connection
        self.whole = False  # whether the recording has the session from its beginning on
        self._met = False  # whether the peer is on the recording at all: without it no wait is judged
        self.reset()

    def reset(self) -> None:
        """Begin anew: whatever is said next is believed."""
        self.voice: Voice = NO_VOICE
        self._word = ""  # the first of its voice
        self.since = 0.0  # when it said the first word of its voice
        self.before = 0.0  # when it said the first word of the voice before
        self.heard.clear()
        self._state: StrEnum | None = None
        self._hears: Hears = {}
        self._timers: dict[str, float] = {}  # when each wait of the state is over
        self._due = float("inf")  # when the first of them is over, with its tolerance
        self._answer: tuple[float, str] | None = None  # by when it must have reacted, and to what

    @property
    def is_recognising(self) -> bool:
        """The side is where a connection begins."""
        return self.voice == self._grammar.recognition

    def pause(self, seconds: float) -> None:
        """The recording has a hole: nobody knows what was said."""
        self._timers = {name: due + seconds for name, due in self._timers.items()}
        self._due += seconds
        self._answer = None

    def says(self, word: str, now: float, transported: bool = False) -> Fault | None:
        """The side says a word; what is wrong with it."""
        voice = self._grammar.voices.get(word, NO_VOICE)
        if voice == self.voice:
            return None if now <= self._due or not self._met else self._overdue(word, now)
        if voice == NO_VOICE:
            return None
        if transported and now - self.since < TRAILING and voice not in self._grammar.steps.get(self.voice, {}):
            return None
        fault = self._step(word, voice) if self.voice else None
        self._enter(self._target(voice), now)
        self._word = word
        self.voice, self.before, self.since = voice, self.since if self.voice else now, now
        return fault

    def hears(self, word: str, now: float) -> None:
        """The peer says a word."""
        self.heard.add(word)
        self._met = True
        if self._state is None:
            return
        known = self._hears.get(word)
        if known is None:
            return
        feeds, target = known
        for name, seconds in feeds:
            self._timers[name] = now + seconds
        if target is None and BOTH in self._hears and self.heard >= BOTH_WORDS:
            target = self._hears[BOTH][1]
        if target is not None:
            self._led(word, target, now)

    def _led(self, word: str, target: StrEnum, now: float) -> None:
        """A word of the peer leads to another state: within the same voice at once, else the side must say so."""
        if target in self.voice:
            self._enter(target, now)
            return
        self._timers.clear()
        if not self._grammar.table[target].says:
            self._due = float("inf")
            return
        if self._answer is None:
            self._answer = now + _reaction(word), word
        self._due = self._answer[0]

    def _step(self, word: str, voice: Voice) -> Fault | None:
        steps = self._grammar.steps[self.voice]
        if voice not in steps:
            return Fault(Wrong.SEQUENCE, word, self._word)
        needed = steps[voice]
        if self.whole and self._met and needed and not any(set(word.split(" and ")) <= self.heard for word in needed):
            return Fault(Wrong.TOO_EARLY, word, " / ".join(needed))
        return None

    def _target(self, voice: Voice) -> StrEnum:
        """The state of a voice that the side is in: where its peer's words lead, else the table's first."""
        if self._state is not None:
            moves = self._grammar.table[self._state].moves
            for trigger in reversed([*moves]):
                if moves[trigger] in voice and trigger in self.heard:
                    return moves[trigger]
            for target in moves.values():
                if target in voice:
                    return target
        return next(state for state in self._grammar.table if state in voice)

    def _enter(self, state: StrEnum, now: float) -> None:
        before = self._timers
        self._state, self._answer = state, None
        self._hears = self._grammar.hears[state]
        self._timers = {
            wait.name: before.get(wait.name, now + wait.seconds) for wait in self._grammar.table[state].waits
        }
        self._arm()

    def _arm(self) -> None:
        """When the first wait is over; what is heard until then only moves that further away."""
        judged = [due + tolerance(wait.seconds) for due, wait in self._running() if _is_judged(wait)]
        self._due = min(judged, default=float("inf"))

    def _running(self) -> Iterator[tuple[float, Wait]]:
        if self._state is not None:
            for wait in self._grammar.table[self._state].waits:
                if wait.name in self._timers:
                    yield self._timers[wait.name], wait

    def _overdue(self, word: str, now: float) -> Fault | None:
        """The side still says its word although it should have said another by now; told once."""
        if self._answer is not None:
            self._due = float("inf")
            by, heard = self._answer
            return Fault(Wrong.IGNORED, word, heard, now - by + _reaction(heard))
        self._arm()
        if now <= self._due:
            return None
        due, wait = min(timer for timer in self._running() if _is_judged(timer[1]))
        self._due = float("inf")
        return Fault(Wrong.WAIT_IGNORED, word, wait.then, now - due + wait.seconds)


def _reaction(word: str) -> float:
    """How long a side may go on as before after a word of its peer that leads elsewhere."""
    return STOP_REACTION if word in STOP_WORDS else REACTION


def _is_judged(wait: Wait) -> bool:
    """Whether the end of a wait has to lead to a message."""
    return isinstance(wait.then, JUDGED) or wait.then == PAUSE_OVER
