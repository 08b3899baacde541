"""How far an order has come, as a table: what is known of it, what was heard, what is known then.

What is frozen for an order is freed by two things alone: the edge's own record about it, or a person. An answer that
was lost, or a no, frees nothing, for the session may have begun; only an order that was never sent is released at once.

    asked ------> running ------> settled       paid from what was frozen, the rest is back in the wallet
      |  |           |
      |  |           '----------> waiting       ended, and not priced yet: for the tariff, or for a person
      |  |-> planned                            accepted for a time to come
      |  |-> rejected, unknown                  asked again, until the edge's record says what came of it
      '-------------------------> released      nothing begins any more; what was frozen is back in the wallet
"""

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """What is known of an order."""

    ASKED = "asked"  # frozen; the command is on its way to the edge, or was when the hub went down
    AUTHORISED = "authorised"  # the edge asked, and was told that it may begin
    PLANNED = "planned"
    RUNNING = "running"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    WAITING = "waiting"
    SETTLED = "settled"
    RELEASED = "released"


class Event(StrEnum):
    """What was heard of it: answers of the edge, its records, a person."""

    ACCEPTED = "accepted"  # with the session that has begun
    DEFERRED = "deferred"  # accepted, to begin later
    REJECTED = "rejected"
    SILENT = "silent"  # nobody knows whether it was heard
    AWAY = "away"  # it was not sent
    STARTED = "started"  # record session.started
    REFUSED = "refused"  # record start.refused
    PRICED = "priced"  # record session.ended, and what is due
    UNPRICED = "unpriced"  # record session.ended, and nothing is due yet
    FREED = "freed"  # by a person


OPEN = (State.ASKED, State.AUTHORISED, State.PLANNED, State.RUNNING, State.REJECTED, State.UNKNOWN, State.WAITING)
IN_DOUBT = (State.REJECTED, State.UNKNOWN)  # the edge is asked again

_ENDED = {Event.PRICED: State.SETTLED, Event.UNPRICED: State.WAITING, Event.FREED: State.RELEASED}
_NOT_BEGUN = {Event.STARTED: State.RUNNING, Event.REFUSED: State.RELEASED, **_ENDED}
_DOUBTFUL = {Event.ACCEPTED: State.RUNNING, Event.DEFERRED: State.PLANNED, **_NOT_BEGUN}

TRANSITIONS: Mapping[State, Mapping[Event, State]] = {
    State.ASKED: {
        Event.REJECTED: State.REJECTED,
        Event.SILENT: State.UNKNOWN,
        Event.AWAY: State.RELEASED,
        **_DOUBTFUL,
    },
    State.AUTHORISED: _NOT_BEGUN,
    State.PLANNED: {Event.ACCEPTED: State.RUNNING, **_NOT_BEGUN},
    State.RUNNING: _ENDED,
    State.REJECTED: _DOUBTFUL,
    State.UNKNOWN: {Event.REJECTED: State.REJECTED, **_DOUBTFUL},
    State.WAITING: {Event.PRICED: State.SETTLED, Event.FREED: State.RELEASED},
    State.SETTLED: {},
    State.RELEASED: {Event.PRICED: State.SETTLED},  # late: nothing is frozen any more
}
"""What is not in it changes nothing."""

CONTRADICTIONS = frozenset(
    {(state, Event.REFUSED) for state in (State.RUNNING, State.WAITING, State.SETTLED)}
    | {(State.RELEASED, event) for event in (Event.ACCEPTED, Event.STARTED, Event.PRICED, Event.UNPRICED)}
)
"""What a person must hear of: a session of an order that was released, a refusal of one that has begun."""


def after(state: State, event: Event) -> State:
    """What is known of an order when it was in a state and something was heard."""
    return TRANSITIONS[state].get(event, state)
