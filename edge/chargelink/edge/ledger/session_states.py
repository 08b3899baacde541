"""The states of a session from authorised to settled, as the ledger holds them, and what each event does to each.

`session_store` asks the table before it begins, refuses or ends. States are read from what is stored, so an edge that
dies at any instant wakes in one of them: a transaction is done wholly or not at all.

    none -> authorised -> charging -> billed -> settled -> none (pruned)
                     \\-> ending <-/ -/
    none -> refused -> none (pruned)

Bill and record of the end are one transaction with the end itself, so there is no state between them.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """Where a session, or an order for one, stands."""

    NONE = "none"  # never told, or forgotten after years
    REFUSED = "refused"  # an order that begins nothing any more
    AUTHORISED = "authorised"  # stored, nothing has flowed
    CHARGING = "charging"  # energy has flowed
    ENDING = "ending"  # somebody asked it to stop
    BILLED = "billed"  # ended, its bill is recorded
    SETTLED = "settled"  # the hub has the record


class Event(StrEnum):
    """What happens to it."""

    BEGIN = "begin"
    REFUSE = "refuse"
    READ = "read"  # the register stands where it stood
    ENERGY = "energy"  # the register rose
    STOP = "stop"
    END = "end"
    RESTART = "restart"  # of the edge, or a loss of power
    ACKNOWLEDGE = "acknowledge"  # the hub has every record up to now
    PRUNE = "prune"  # it is older than anything that is kept


class Answer(StrEnum):
    """What whoever caused the event is told."""

    DONE = "done"
    SAME = "same"  # what was answered before; nothing changes
    LEFT_OUT = "left out"  # too late or too early to matter; counted
    IMPOSSIBLE = "impossible"  # nobody may ask that here; counted, and said


class Cell(NamedTuple):
    """What an event does in a state."""

    then: State
    answer: Answer


OPEN = frozenset({State.AUTHORISED, State.CHARGING, State.ENDING})
ENDED = frozenset({State.BILLED, State.SETTLED})


def _row(event: Event, answer: Answer, **then: State) -> dict[tuple[State, Event], Cell]:
    return {(State(state), event): Cell(to, answer) for state, to in then.items()}


def _stay(event: Event, answer: Answer, *states: State) -> dict[tuple[State, Event], Cell]:
    return {(state, event): Cell(state, answer) for state in states}


_N, _R, _A, _C, _E, _B, _S = State
TABLE: Mapping[tuple[State, Event], Cell] = {
    **_row(Event.BEGIN, Answer.DONE, none=_A),
    **_stay(Event.BEGIN, Answer.SAME, _R, _A, _C, _E, _B, _S),
    **_row(Event.REFUSE, Answer.DONE, none=_R),
    **_stay(Event.REFUSE, Answer.SAME, _R, _A, _C, _E, _B, _S),
    **_stay(Event.READ, Answer.DONE, _A, _C, _E),
    **_stay(Event.READ, Answer.LEFT_OUT, _N, _R, _B, _S),
    **_row(Event.ENERGY, Answer.DONE, authorised=_C, charging=_C, ending=_E),
    **_stay(Event.ENERGY, Answer.LEFT_OUT, _N, _R, _B, _S),
    **_row(Event.STOP, Answer.DONE, authorised=_E, charging=_E),
    **_stay(Event.STOP, Answer.SAME, _E),
    **_stay(Event.STOP, Answer.IMPOSSIBLE, _N, _R, _B, _S),
    **_row(Event.END, Answer.DONE, authorised=_B, charging=_B, ending=_B),
    **_stay(Event.END, Answer.SAME, _B, _S),
    **_stay(Event.END, Answer.IMPOSSIBLE, _N, _R),
    **_stay(Event.RESTART, Answer.SAME, *State),
    **_row(Event.ACKNOWLEDGE, Answer.DONE, billed=_S),
    **_stay(Event.ACKNOWLEDGE, Answer.SAME, _N, _R, _A, _C, _E, _S),
    **_row(Event.PRUNE, Answer.DONE, refused=_N, settled=_N, billed=_N),  # its record stays until the hub has it
    **_stay(Event.PRUNE, Answer.SAME, _N, _A, _C, _E),
}


class ImpossibleError(KeyError):
    """An event that no session in this state can have; nothing was changed."""

    def __init__(self, state: State, event: Event, identifier: str) -> None:
        super().__init__(identifier)
        self.state = state
        self.event = event


def after(state: State, event: Event, identifier: str) -> Cell:
    """What an event does in a state. Raises ImpossibleError, which is a KeyError, for one that cannot be."""
    cell = TABLE[state, event]
    if cell.answer is Answer.IMPOSSIBLE:
        raise ImpossibleError(state, event, identifier)
    return cell
