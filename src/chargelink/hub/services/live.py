"""What may be lost: links, states and samples as they are now. In memory first, in the database a second later.

Memory is bounded by the number of edges and sessions that speak, each with one state and one last sample; what an edge
says about itself is bounded by `MOST_DEVICES`.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec
import structlog
from tortoise.exceptions import BaseORMException
from tortoise.transactions import in_transaction

from chargelink.hub.bus import Bus
from chargelink.hub.clock import now_ms
from chargelink.hub.services import curves, views
from chargelink.hub.store import models
from chargelink.model import Device, Sample

EVERY = 1.0  # s between writes
SEEN_EVERY = 10_000  # ms between notes of an edge's signs of life
MOST_DEVICES = 1_000  # of one edge
MOST_SESSIONS = 10_000  # whose last sample is remembered
AT_ONCE = 500  # samples in one transaction
MOST_UNWRITTEN = 50_000  # samples; more are lost rather than kept in memory while the database does not answer

Value = TypeVar("Value")
log = structlog.get_logger()


class Live:
    """The state of the fleet as this process knows it. `run` is the task that writes it down."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.connected: set[str] = set()
        self.latest: OrderedDict[str, Sample] = OrderedDict()
        self._kept: OrderedDict[str, int] = OrderedDict()
        self._samples: list[Sample] = []
        self._devices: dict[tuple[str, str], Device] = {}
        self._names: dict[str, set[str]] = {}
        self._seen: dict[str, int] = {}
        self._told: dict[str, int] = {}

    async def up(self, edge: str, epoch: str, software: str, devices: Sequence[Device]) -> None:
        """An edge said who it is and what it has: devices that it no longer has are forgotten.

        Raises ValueError as `status` does.
        """
        await self.have_only(edge, devices)
        now = now_ms()
        row, new = await models.Edge.get_or_create(
            {"software": software, "epoch": epoch, "first_seen": now, "last_seen": now}, id=edge
        )
        if not new:
            row.software, row.epoch, row.last_seen = software, epoch, now
            await row.save()
        self.connected.add(edge)
        self.bus.publish(views.change("edge", views.edge(row, connected=True)))
        self.status(edge, devices)

    async def have_only(self, edge: str, devices: Sequence[Device]) -> None:
        """Forget the other devices of an edge."""
        names = [device.id for device in devices]
        await self.write()
        if await models.Device.filter(edge=edge, device__not_in=names).delete():
            self.bus.publish(views.change("devices", views.DevicesView(edge=edge, ids=names)))
        self._names[edge] = set()

    async def down(self, edge: str) -> None:
        """The link of an edge is gone, and no newer one has taken its place."""
        self.connected.discard(edge)
        self._seen.pop(edge, None)
        self._told.pop(edge, None)
        self._names.pop(edge, None)
        row = await models.Edge.get_or_none(id=edge)
        if row is not None:
            row.last_seen = now_ms()
            await row.save()
            self.bus.publish(views.change("edge", views.edge(row, connected=False)))

    def seen(self, edge: str) -> None:
        """An edge gave a sign of life; written down now and then, for the page to say since when it is away."""
        now = now_ms()
        if now - self._told.get(edge, 0) >= SEEN_EVERY:
            self._seen[edge] = self._told[edge] = now

    def status(self, edge: str, devices: Sequence[Device]) -> None:
        """Devices of an edge as they are now. Raises ValueError for what JSON cannot hold, and for too many."""
        names = self._names.get(edge, set()) | {device.id for device in devices}
        if len(names) > MOST_DEVICES:
            raise ValueError(f"{len(names)} devices, {MOST_DEVICES} are allowed")
        shown = [(device, views.device_of(edge, device)) for device in devices]
        self._names[edge] = names
        for device, view in shown:
            self._devices[edge, device.id] = device
            self.bus.publish(views.change("device", view))

    def sample(self, samples: Iterable[Sample]) -> None:
        """Points of running sessions, oldest first."""
        for sample in samples:
            remember(self.latest, sample.session_id, sample)
            if self.bus.watched:
                self.bus.publish(views.change("sample", views.sample(sample)))
            if len(self._samples) < MOST_UNWRITTEN and curves.is_wanted(
                sample.session_id, sample.at, self._kept.get(sample.session_id)
            ):
                remember(self._kept, sample.session_id, sample.at)
                self._samples.append(sample)

    async def run(self) -> None:
        """Write down what is new every second, and once more when cancelled."""
        try:
            while True:
                await asyncio.sleep(EVERY)
                try:
                    await self.write()
                except BaseORMException as failure:
                    log.error("database", failure=str(failure))
        finally:
            await self.write()

    async def write(self) -> None:
        """Write what is new, a little at a time: records wait meanwhile."""
        samples, self._samples = self._samples, []
        devices, self._devices = self._devices, {}
        seen, self._seen = self._seen, {}
        if not (samples or devices or seen):
            return
        for piece in (samples[at : at + AT_ONCE] for at in range(0, len(samples), AT_ONCE)):
            await models.Sample.bulk_create([row_of(sample) for sample in piece], ignore_conflicts=True)
        async with in_transaction():
            await models.Device.bulk_create(
                [device_row(edge, device) for (edge, _), device in devices.items()],
                on_conflict=("edge", "device"),
                update_fields=("kind", "state", "at", "detail"),
            )
            for edge, at in seen.items():
                await models.Edge.filter(id=edge).update(last_seen=at)


def remember(memory: OrderedDict[str, Value], session: str, value: Value) -> None:
    """Keep the newest of a session; forget the session that has been silent longest when there are too many."""
    memory[session] = value
    memory.move_to_end(session)
    if len(memory) > MOST_SESSIONS:
        memory.popitem(last=False)


def row_of(sample: Sample) -> models.Sample:
    return models.Sample(
        session=sample.session_id,
        at=sample.at,
        voltage=sample.voltage,
        current=sample.current,
        power=sample.power,
        soc=sample.soc,
        energy=sample.energy,
    )


def device_row(edge: str, device: Device) -> models.Device:
    detail = msgspec.json.encode(device.detail).decode()
    return models.Device(edge=edge, device=device.id, kind=device.kind, state=device.state, at=device.at, detail=detail)
