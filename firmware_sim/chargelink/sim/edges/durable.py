"""What edges say until it is stored: records, and samples in telemetry. What was not answered is sent again."""

import math
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from chargelink.sim.edges import speech
from chargelink.sim.edges.loads import Rated
from chargelink.sim.edges.telemetry import Telemetry

if TYPE_CHECKING:
    from chargelink.sim.edges.edge import Edge
    from chargelink.sim.edges.fleet import Fleet

MOST_RECORDS = 1_000  # in one call


class Written(NamedTuple):
    """What was not acknowledged yet: a record or a block, and when its call was due."""

    seq: int
    item: Any
    rows: int
    due: float


class Lane:
    """One lane of one edge. `source` is the journal, or the telemetry."""

    __slots__ = ("acknowledged", "asking", "kept", "sending", "source")

    def __init__(self, source: Any) -> None:
        self.source = source
        self.acknowledged = 0
        self.kept: deque[Written] = deque()
        self.sending = 0  # how many of them, the oldest, are on their way
        self.asking = False


class Durable(Rated):
    """Calls that are answered when what they carry is stored."""

    name: str  # of the lane

    def __init__(self, fleet: "Fleet", per_second: float, rows: int) -> None:
        super().__init__(fleet, per_second, rows)
        self.again = 0  # sent once more
        self.forgotten = 0  # acknowledged, and not held any more: there must be none
        self.broken = 0  # chains that the hub holds otherwise: there must be none

    def begun(self, edge: "Edge") -> Lane:
        """The lane of a new epoch."""
        raise NotImplementedError

    def write(self, lane: Lane, due: float) -> None:
        """What one call carries."""
        raise NotImplementedError

    def call(self, lane: Lane, written: list[Written]) -> tuple[str, dict[str, Any]]:
        """The action that carries it, and its payload."""
        raise NotImplementedError

    def is_broken(self, lane: Lane, boot: dict[str, Any]) -> bool:
        """The hub holds something else up to where it says."""
        return False

    def in_call(self) -> int:
        """How many of what is written go into one call."""
        return 1

    def lane(self, edge: "Edge") -> Lane:
        lane = edge.state.get(self)
        if lane is None:
            lane = edge.state[self] = self.begun(edge)
        assert isinstance(lane, Lane)
        return lane

    def offer(self, edge: "Edge", due: float) -> None:
        lane = self.lane(edge)
        self.write(lane, due)
        self._send(edge, lane)

    def resume(self, edge: "Edge", boot: dict[str, Any]) -> None:
        lane = self.lane(edge)
        have = boot.get("have", {}).get(self.name, 0)
        if have < lane.acknowledged:
            self.forgotten += lane.acknowledged - have
            edge.state[self] = self.begun(edge)
            edge.leave()
            return
        self.again += lane.sending
        lane.sending = 0
        self._acknowledge(edge, lane, have)
        self.broken += self.is_broken(lane, boot)
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
        while lane.kept and lane.kept[0].seq <= have:
            written = lane.kept.popleft()
            self.calls.rows += written.rows
            if written.due != due:  # one figure for what one call carried
                due = written.due
                self.calls.answered += 1
                self.calls.took.add(now - due)
        lane.acknowledged = max(lane.acknowledged, have)
        if due is not None and math.isinf(self.per_second) and self.fleet.loaded and not lane.kept:
            self.offer(edge, now)

    def _send(self, edge: "Edge", lane: Lane) -> None:
        if lane.asking or not lane.kept or not edge.booted:
            return
        written = [lane.kept[number] for number in range(min(self.in_call(), len(lane.kept)))]
        lane.asking, lane.sending = True, len(written)
        self.calls.sent += 1
        edge.ask(self, lane, *self.call(lane, written))


class Records(Durable):
    """The journal's records, so many in a call."""

    name = speech.RECORD_LANE

    def begun(self, edge: "Edge") -> Lane:
        return Lane(speech.Journal(edge.name))

    def write(self, lane: Lane, due: float) -> None:
        for _ in range(self.rows):
            record = lane.source.write()
            lane.kept.append(Written(record.seq, record, 1, due))

    def in_call(self) -> int:
        return self.rows

    def call(self, lane: Lane, written: list[Written]) -> tuple[str, dict[str, Any]]:
        return "Records", {
            "epoch": lane.source.epoch,
            "first": written[0].seq,
            "lane": self.name,
            "records": [one.item.shape() for one in written],
            "previous": written[0].item.before,
        }

    def is_broken(self, lane: Lane, boot: dict[str, Any]) -> bool:
        chain = boot.get("chains", {}).get(self.name)
        return chain is not None and chain != (lane.kept[0].item.before if lane.kept else lane.source.chain)


class Samples(Durable):
    """A session's samples in full resolution, so many in the block of a call."""

    name = speech.TELEMETRY_LANE

    def begun(self, edge: "Edge") -> Lane:
        return Lane(Telemetry(self.rows))

    def write(self, lane: Lane, due: float) -> None:
        block = lane.source.write()
        lane.kept.append(Written(block["seq"], block, self.rows, due))

    def call(self, lane: Lane, written: list[Written]) -> tuple[str, dict[str, Any]]:
        return "Telemetry", {"epoch": lane.source.epoch, "blocks": [one.item for one in written]}
