"""One edge: its link lost and found again, what it asks and what the hub answers.

It waits between tries as edges do: a second at first, doubled each time up to 30, and never the same for two of them.
"""

import asyncio
import random
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from chargelink.sim.edges import speech
from chargelink.sim.edges.line import Line

if TYPE_CHECKING:
    from chargelink.sim.edges.fleet import Fleet

FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0  # s


class Load(Protocol):
    """A kind of calls that edges make."""

    def resume(self, edge: "Edge", boot: dict[str, Any]) -> None:
        """The edge is known to the hub again, which answered its BootNotification so."""
        ...

    def answered(self, edge: "Edge", job: Any, answer: dict[str, Any]) -> None:
        """A call was answered."""
        ...

    def refused(self, edge: "Edge", job: Any, code: str) -> None:
        """A call was refused."""
        ...

    def lost(self, edge: "Edge", job: Any) -> None:
        """The connection ended before the answer."""
        ...


class _Waiting(NamedTuple):
    load: Load
    job: Any


class Edge:
    """`booted` while the hub knows who is there. `state` is what each load remembers of this edge."""

    __slots__ = ("_calls", "_fleet", "_waiting", "away_since", "booted", "heartbeat", "line", "name", "state", "wait")

    def __init__(self, name: str, fleet: "Fleet") -> None:
        self.name = name
        self.state: dict[Load, Any] = {}
        self.line: Line | None = None
        self.booted = False
        self.away_since = 0.0
        self.wait = FIRST_WAIT
        self.heartbeat: asyncio.TimerHandle | None = None  # the next
        self._fleet = fleet
        self._calls = 0
        self._waiting: dict[str, _Waiting] = {}

    @property
    def waiting(self) -> int:
        """How many calls have no answer yet."""
        return len(self._waiting)

    def next_wait(self) -> float:
        """Seconds until the next try: from half of the step up to the whole of it."""
        step = self.wait
        self.wait = min(step * 2, LONGEST_WAIT)
        return step * random.uniform(0.5, 1.0)  # noqa: S311 - no secret

    def begin(self, line: Line) -> None:
        """The line is open: say who we are."""
        self.line = line
        self._fleet.boots.ask(self)

    def ask(self, load: Load, job: Any, action: str, payload: dict[str, Any]) -> None:
        """Call the hub; `load` hears of the answer."""
        assert self.line is not None
        self.line.send(speech.call(self.expect(load, job), action, payload))

    def expect(self, load: Load, job: Any) -> str:
        """The id of a new call, of which `load` will hear."""
        self._calls += 1
        call_id = str(self._calls)
        self._waiting[call_id] = _Waiting(load, job)
        return call_id

    def leave(self) -> None:
        """Close the line, and come back."""
        if self.line is not None:
            self.line.close()

    def heard(self, data: bytes) -> None:
        try:
            kind, call_id, *rest = speech.frame(data)
        except speech.SpeechError as error:
            self._fleet.complain(f"{self.name}: {error}")
            return
        if kind == speech.CALL:
            self._fleet.asked[rest[0]] += 1
            if self.line is not None:
                self.line.send(speech.refusal(call_id, "NotSupported"))
            return
        self.settle(call_id, kind == speech.RESULT, rest)

    def settle(self, call_id: str, answered: bool, rest: list[Any]) -> None:
        """A call was answered or refused: the rest of its frame says how."""
        waiting = self._waiting.pop(call_id, None)
        if waiting is None:
            self._fleet.complain(f"{self.name}: an answer to {call_id!r}, which does not wait")
        elif answered:
            waiting.load.answered(self, waiting.job, rest[0])
        else:
            waiting.load.refused(self, waiting.job, f"{rest[0]}: {rest[1]}")

    def gone(self, line: Line) -> None:
        if line is not self.line:
            return
        self.line = None
        waiting, self._waiting = self._waiting, {}
        for call in waiting.values():
            call.load.lost(self, call.job)
        self._fleet.gone(self, line.farewell)
