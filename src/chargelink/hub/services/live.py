"""What may be lost: links, states and samples as they are now. In memory first, in the database a second later.

Memory is bounded by the number of edges and sessions that speak, each with one state and one last sample; what an edge
says about itself is bounded by `MOST_DEVICES`.
"""

import asyncio
import sys
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import structlog

from chargelink.hub.bus import Bus
from chargelink.hub.clock import now_ms
from chargelink.hub.services import curves, views
from chargelink.hub.store.batches import require_storable
from chargelink.hub.store.engine import DEVICES, EDGES, SAMPLES, Engine, Row, Rows, TroubleError
from chargelink.model import Device, Sample

EVERY = 1.0  # s between writes
SEEN_EVERY = 10_000  # ms between notes of an edge's signs of life
MOST_DEVICES = 1_000  # of one edge
MOST_SESSIONS = 10_000  # whose last sample is remembered
AT_ONCE = 100  # edges, or 5 times as many samples, in one transaction: records wait meanwhile
MOST_UNWRITTEN = 50_000  # samples; more are lost rather than kept in memory while the database does not answer

log = structlog.get_logger()


class Heard:
    """What was heard of a session last, from the edge that spoke of it first; and the time of the last point kept."""

    __slots__ = ("edge", "kept", "sample")

    def __init__(self, edge: str, sample: Sample) -> None:
        self.edge = edge
        self.sample = sample
        self.kept: int | None = None


class Known:
    """An edge whose link is up: what it said of itself, and when it was last noted that it lives (UTC ms)."""

    __slots__ = ("devices", "epoch", "noted", "software")

    def __init__(self, software: str = "", epoch: str = "") -> None:
        self.software = sys.intern(software)
        self.epoch = epoch
        self.devices: tuple[str, ...] = ()
        self.noted = 0


class Unwritten:
    """What is not in the database yet."""

    def __init__(self) -> None:
        self.edges: dict[str, Row] = {}
        self.devices: dict[str, dict[str, Row]] = {}  # by edge and name
        self.forgotten: set[str] = set()  # edges whose other devices are to be forgotten
        self.samples: list[Row] = []

    def under(self, newer: "Unwritten") -> None:
        """It could not be written: only what is newer replaces it."""
        newer.edges = self.edges | newer.edges
        for edge, rows in self.devices.items():
            if edge not in newer.forgotten:
                newer.devices[edge] = rows | newer.devices.get(edge, {})
        newer.forgotten |= self.forgotten
        newer.samples = [*self.samples, *newer.samples][:MOST_UNWRITTEN]

    def pieces(self) -> Iterator[Rows]:
        """All of it, a little at a time; what has been given is not there any more."""
        while names := [*islice(self.edges | self.devices, AT_ONCE)]:
            rows = Rows(forgotten=[name for name in names if name in self.forgotten])
            rows.extend(EDGES, [self.edges[name] for name in names if name in self.edges])
            rows.extend(DEVICES, [row for name in names for row in self.devices.get(name, {}).values()])
            yield rows
            for name in names:
                self.edges.pop(name, None)
                self.devices.pop(name, None)
                self.forgotten.discard(name)
        while self.samples:
            rows = Rows()
            rows.extend(SAMPLES, self.samples[: 5 * AT_ONCE])
            yield rows
            del self.samples[: 5 * AT_ONCE]


class Live:
    """The state of the fleet as this process knows it. `run` is the task that writes it down."""

    def __init__(self, bus: Bus, engine: Engine) -> None:
        self.bus = bus
        self.connected: dict[str, Known] = {}
        self.heard: OrderedDict[str, Heard] = OrderedDict()  # by session, the one silent longest first
        self._engine = engine
        self._unwritten = Unwritten()
        self._writing = asyncio.Lock()

    def up(self, edge: str, epoch: str, software: str, devices: Sequence[Device]) -> None:
        """An edge said who it is and what it has: devices that it no longer has are forgotten.

        Raises ValueError as `status` does.
        """
        require_storable(software)
        known = Known(software, epoch)
        shown = self._shown(edge, known, devices)
        self.connected[edge] = known
        self._note(edge, known)
        self._unwritten.devices.pop(edge, None)
        self._unwritten.forgotten.add(edge)
        if self.bus.watched:
            self.bus.publish(views.change("edge", self._view(edge, known, connected=True)))
            self.bus.publish(views.change("devices", views.DevicesView(edge=edge, ids=[*known.devices])))
        self._show(edge, shown)

    def down(self, edge: str) -> None:
        """The link of an edge is gone, and no newer one has taken its place."""
        known = self.connected.pop(edge, None)
        if known is None:
            return
        self._note(edge, known)
        if self.bus.watched:
            self.bus.publish(views.change("edge", self._view(edge, known, connected=False)))

    def seen(self, edge: str) -> None:
        """An edge gave a sign of life; written down now and then, for the page to say since when it is away."""
        known = self.connected.get(edge)
        if known is not None and now_ms() - known.noted >= SEEN_EVERY:
            self._note(edge, known)

    def status(self, edge: str, devices: Sequence[Device]) -> None:
        """Devices of an edge as they are now. Raises ValueError for what JSON cannot hold, and for too many."""
        self._show(edge, self._shown(edge, self.connected.get(edge) or Known(), devices))

    def sample(self, edge: str, samples: Iterable[Sample]) -> None:
        """Points of running sessions, oldest first. Those of a session of which another edge speaks are passed over."""
        unwritten = self._unwritten.samples
        for sample in samples:
            heard = self._hear(edge, sample)
            if heard is None:
                continue
            if self.bus.watched:
                self.bus.publish(views.change("sample", views.sample(sample)))
            if len(unwritten) < MOST_UNWRITTEN and curves.is_wanted(sample.session_id, sample.at, heard.kept):
                heard.kept = sample.at
                unwritten.append(row_of(sample))

    def _hear(self, edge: str, sample: Sample) -> Heard | None:
        """Remember a sample; None if its session is another edge's."""
        session = sample.session_id
        heard = self.heard.get(session)
        if heard is None:
            heard = self.heard[session] = Heard(edge, sample)
            if len(self.heard) > MOST_SESSIONS:
                self.heard.popitem(last=False)
            return heard
        if heard.edge != edge:
            return None
        heard.sample = sample
        self.heard.move_to_end(session)
        return heard

    async def run(self) -> None:
        """Write down what is new every second, and once more when cancelled."""
        try:
            while True:
                await asyncio.sleep(EVERY)
                try:
                    await self.write()
                except TroubleError as failure:
                    log.error("database", failure=str(failure))
        finally:
            await self.write()

    async def write(self) -> None:
        """Write what is new, a little at a time: records wait meanwhile. Raises TroubleError; then it is kept."""
        async with self._writing:
            unwritten, self._unwritten = self._unwritten, Unwritten()
            try:
                for rows in unwritten.pieces():
                    await self._write(rows)
            finally:
                unwritten.under(self._unwritten)

    async def _write(self, rows: Rows) -> None:
        try:
            await self._engine.write(rows)
        except TroubleError:
            raise
        except Exception as failure:  # no database can hold it: it is lost, and what follows is not
            log.error("live state lost", failure=str(failure))

    def _note(self, edge: str, known: Known) -> None:
        known.noted = now = now_ms()
        self._unwritten.edges[edge] = (edge, known.software, known.epoch, now, now)

    def _view(self, edge: str, known: Known, connected: bool) -> views.EdgeView:
        return views.EdgeView(
            id=edge, software=known.software, epoch=known.epoch, connected=connected, last_seen=known.noted
        )

    def _shown(self, edge: str, known: Known, devices: Sequence[Device]) -> list[views.DeviceView]:
        names = {*known.devices, *(device.id for device in devices)}
        if len(names) > MOST_DEVICES:
            raise ValueError(f"{len(names)} devices, {MOST_DEVICES} are allowed")
        for text in (text for device in devices for text in (device.kind, device.state)):
            require_storable(text)
        shown = [views.device_of(edge, device) for device in devices]
        if len(names) > len(known.devices):
            known.devices = tuple(map(sys.intern, sorted(names)))
        return shown

    def _show(self, edge: str, shown: Iterable[views.DeviceView]) -> None:
        for view in shown:
            row = (edge, view.id, view.kind, view.state, view.at, bytes(view.detail).decode())
            self._unwritten.devices.setdefault(edge, {})[view.id] = row
            if self.bus.watched:
                self.bus.publish(views.change("device", view))


def row_of(sample: Sample) -> Row:
    return (
        sample.session_id,
        sample.at,
        sample.voltage,
        sample.current,
        sample.power,
        sample.soc,
        sample.energy,
    )
