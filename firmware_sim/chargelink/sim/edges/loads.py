"""What edges say, and how often.

Open loop: calls fall due at their rate, edge after edge, whether the hub keeps up or not, and the time of each counts
from when it was due. Closed loop (`math.inf`): every edge asks again as soon as it was answered.
"""

import math
from typing import TYPE_CHECKING, Any

from chargelink.sim.edges import speech
from chargelink.sim.edges.tally import Calls, Durations

if TYPE_CHECKING:
    from chargelink.sim.edges.edge import Edge
    from chargelink.sim.edges.fleet import Fleet

SOFTWARE = "simulated"


class Boots:
    """BootNotification, and how long an edge was away."""

    def __init__(self, fleet: "Fleet") -> None:
        self._fleet = fleet
        self.calls = Calls()
        self.away = Durations()

    def ask(self, edge: "Edge") -> None:
        now = self._fleet.now()
        self.calls.sent += 1
        gun = {"id": speech.DEVICE, "kind": "gun", "state": "idle", "at": speech.now_ms(), "detail": {}}
        boot = {"edgeId": edge.name, "software": SOFTWARE, "devices": [gun], **self._fleet.epochs(edge)}
        edge.ask(self, now, "BootNotification", boot)

    def answered(self, edge: "Edge", job: float, answer: dict[str, Any]) -> None:
        now = self._fleet.now()
        self.calls.answered += 1
        self.calls.took.add(now - job)
        self.away.add(now - edge.away_since)
        self._fleet.booted(edge, answer)

    def refused(self, edge: "Edge", job: float, code: str) -> None:
        self.calls.refused[code] += 1
        edge.leave()

    def lost(self, edge: "Edge", job: float) -> None:
        self.calls.lost += 1

    def resume(self, edge: "Edge", boot: dict[str, Any]) -> None:
        """Nothing waits."""


class Rated:
    """Calls at a rate; one at a time by each edge, as edges do in each lane."""

    def __init__(self, fleet: "Fleet", per_second: float, rows: int) -> None:
        self.fleet = fleet
        self.calls = Calls()
        self.rows = rows  # in each call
        self.per_second = per_second / rows  # calls
        self._given = 0  # calls that have fallen due
        self._began = 0.0

    def begin(self, now: float) -> None:
        self._began = now
        if math.isinf(self.per_second):
            for edge in self.fleet.edges:
                self.offer(edge, now)

    def tick(self, now: float) -> None:
        """Whatever has fallen due."""
        if math.isinf(self.per_second):
            return
        edges = self.fleet.edges
        due = int((now - self._began) * self.per_second)
        for number in range(self._given, due):
            self.offer(edges[number % len(edges)], self._began + (number + 1) / self.per_second)
        self._given = due

    def offer(self, edge: "Edge", due: float) -> None:
        """A call of this edge is due."""
        raise NotImplementedError

    def resume(self, edge: "Edge", boot: dict[str, Any]) -> None:
        """The hub knows this edge again, and answered so."""
        raise NotImplementedError

    def done(self, edge: "Edge", due: float) -> None:
        """A call was answered."""
        now = self.fleet.now()
        self.calls.answered += 1
        self.calls.rows += self.rows
        self.calls.took.add(now - due)
        if math.isinf(self.per_second) and self.fleet.loaded:
            self.offer(edge, now)


class Heartbeats(Rated):
    """Heartbeat: as little as can be asked and answered."""

    action = "Heartbeat"

    def offer(self, edge: "Edge", due: float) -> None:
        if edge.booted:
            self.calls.sent += 1
            edge.ask(self, due, self.action, self.payload(edge))
        elif not math.isinf(self.per_second):
            self.calls.lost += 1

    def payload(self, edge: "Edge") -> dict[str, Any]:
        return {}

    def answered(self, edge: "Edge", job: float, answer: dict[str, Any]) -> None:
        self.done(edge, job)

    def refused(self, edge: "Edge", job: float, code: str) -> None:
        self.calls.refused[code] += 1
        if math.isinf(self.per_second) and self.fleet.loaded:
            self.offer(edge, self.fleet.now())

    def lost(self, edge: "Edge", job: float) -> None:
        self.calls.lost += 1

    def resume(self, edge: "Edge", boot: dict[str, Any]) -> None:
        if math.isinf(self.per_second) and self.fleet.loaded:
            self.offer(edge, self.fleet.now())


class MeterValues(Heartbeats):
    """Live samples, one in each call; each edge has a session that goes on."""

    action = "MeterValues"

    def payload(self, edge: "Edge") -> dict[str, Any]:
        now = speech.now_ms()
        session = edge.state.setdefault(self, speech.session_id(now))
        values = {"voltage": 380_000, "current": 98_000, "power": 37_240_000, "energy": now & 0xFFFFFF, "soc": 621}
        return {"samples": [{"device": speech.DEVICE, "sessionId": session, "at": now, **values}]}
