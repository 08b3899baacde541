"""What edges say, and how often.

Open loop: calls fall due at their rate, edge after edge, whether the hub keeps up or not, and the time of each counts
from when it was due. Closed loop (`math.inf`): every edge asks again as soon as it was answered.
"""

import math
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from chargelink.sim.edges import speech
from chargelink.sim.edges.tally import Calls, Durations

if TYPE_CHECKING:
    from chargelink.sim.edges.edge import Edge
    from chargelink.sim.edges.fleet import Fleet

SOFTWARE = "simulated"
MOST_RECORDS = 1_000  # in one call


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
        boot = {"edgeId": edge.name, "epoch": self._fleet.epoch(edge), "software": SOFTWARE, "devices": [gun]}
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


class Written(NamedTuple):
    """A record that was not acknowledged yet, and when its call was due."""

    record: speech.Record
    due: float


class Lane:
    """The record lane of one edge."""

    __slots__ = ("acknowledged", "asking", "journal", "kept", "sending")

    def __init__(self, edge: str) -> None:
        self.journal = speech.Journal(edge)
        self.acknowledged = 0
        self.kept: deque[Written] = deque()
        self.sending = 0  # how many of them, the oldest, are on their way
        self.asking = False


class Records(Rated):
    """Records: durable once answered. What was not answered is sent again after the connection was lost."""

    def __init__(self, fleet: "Fleet", per_second: float, rows: int) -> None:
        super().__init__(fleet, per_second, rows)
        self.again = 0  # records sent once more
        self.forgotten = 0  # acknowledged records that the hub did not hold any more: there must be none
        self.broken = 0  # chains that the hub holds otherwise: there must be none

    def lane(self, edge: "Edge") -> Lane:
        lane = edge.state.get(self)
        if lane is None:
            lane = edge.state[self] = Lane(edge.name)
        assert isinstance(lane, Lane)
        return lane

    def offer(self, edge: "Edge", due: float) -> None:
        lane = self.lane(edge)
        lane.kept.extend(Written(lane.journal.write(), due) for _ in range(self.rows))
        self._send(edge, lane)

    def resume(self, edge: "Edge", boot: dict[str, Any]) -> None:
        lane = self.lane(edge)
        have = boot["have"].get(speech.RECORD_LANE, 0)
        chain = boot.get("chains", {}).get(speech.RECORD_LANE)
        if have < lane.acknowledged:
            self.forgotten += lane.acknowledged - have
            edge.state[self] = Lane(edge.name)  # a new epoch
            edge.leave()
            return
        self.again += lane.sending
        self._acknowledge(edge, lane, have)
        following = lane.kept[0].record.before if lane.kept else lane.journal.chain
        if chain is not None and have and chain != following:
            self.broken += 1
        lane.sending = 0
        if not lane.kept and math.isinf(self.per_second) and self.fleet.loaded:
            self.offer(edge, self.fleet.now())
        else:
            self._send(edge, lane)

    def answered(self, edge: "Edge", job: Lane, answer: dict[str, Any]) -> None:
        job.asking, job.sending = False, 0
        self._acknowledge(edge, job, answer["have"])
        self._send(edge, job)

    def refused(self, edge: "Edge", job: Lane, code: str) -> None:
        """Try again after the connection was made anew, as edges do."""
        self.calls.refused[code] += 1
        job.asking = False
        edge.leave()

    def lost(self, edge: "Edge", job: Lane) -> None:
        self.calls.lost += 1
        job.asking = False

    def _acknowledge(self, edge: "Edge", lane: Lane, have: int) -> None:
        due = None
        now = self.fleet.now()
        while lane.kept and lane.kept[0].record.seq <= have:
            written = lane.kept.popleft()
            self.calls.rows += 1
            if written.due != due:  # one figure for the records of one call
                due = written.due
                self.calls.answered += 1
                self.calls.took.add(now - due)
        lane.acknowledged = max(lane.acknowledged, have)
        if due is not None and math.isinf(self.per_second) and self.fleet.loaded and not lane.kept:
            self.offer(edge, now)

    def _send(self, edge: "Edge", lane: Lane) -> None:
        if lane.asking or not lane.kept or not edge.booted:
            return
        rows = self.rows if self.rows > 1 else 1
        records = [lane.kept[number].record for number in range(min(rows, len(lane.kept)))]
        lane.asking, lane.sending = True, len(records)
        self.calls.sent += 1
        batch = {
            "epoch": lane.journal.epoch,
            "first": records[0].seq,
            "lane": speech.RECORD_LANE,
            "records": [record.shape() for record in records],
            "previous": records[0].before,
        }
        edge.ask(self, lane, "Records", batch)
