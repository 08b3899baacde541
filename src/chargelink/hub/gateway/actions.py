"""What an edge may ask of the hub, and what is done about it: a table of the link's actions."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from chargelink.hub.bus import Bus
from chargelink.hub.clock import now_ms
from chargelink.hub.gateway.connection import Connection, RefusalError
from chargelink.hub.identity import registry
from chargelink.hub.identity.admission import Admission
from chargelink.hub.services import authorising, persons, views
from chargelink.hub.services.deliveries import Takes
from chargelink.hub.services.live import Live
from chargelink.hub.services.orders import USUAL
from chargelink.hub.store import keys
from chargelink.hub.store.batches import Arrived, Batch, Blocks, require_storable
from chargelink.hub.store.holdings import Holdings
from chargelink.hub.store.models import Alarm
from chargelink.hub.store.writer import RecordWriter
from chargelink.link.authorisation import Authorize, AuthorizeResponse
from chargelink.link.frames import COMPRESSION, Code
from chargelink.link.messages import (
    TELEMETRY_LANE,
    BootNotification,
    BootNotificationResponse,
    Heartbeat,
    HeartbeatResponse,
    MeterValues,
    Nothing,
    PersonKeys,
    Records,
    RecordsResponse,
    SignCertificate,
    SignCertificateResponse,
    StatusNotification,
    Telemetry,
    TelemetryResponse,
)
from chargelink.link.peer import CallReceived
from chargelink.link.shape import Shape

HEARTBEAT = 30  # s between signs of life of an edge that has nothing else to say


@dataclass(slots=True)
class Actions:
    """Answers the calls of all edges. `joined` is told of every edge that has said who it is."""

    bus: Bus
    live: Live
    writer: RecordWriter
    holdings: Holdings
    joined: Callable[[Connection], None]
    admission: Admission | None = None
    usual: int = USUAL  # fen that are frozen for an edge that asks

    def handle(self, link: Connection, call: CallReceived) -> Shape | Awaitable[Shape]:
        """The answer to a call: at once when it is at hand, else after a while. Raises RefusalError, then or now."""
        if not link.booted and not isinstance(call.payload, BootNotification):
            raise RefusalError(Code.SECURITY_ERROR, "say who you are first: BootNotification")
        self.live.seen(link.edge)
        action = ANSWERS.get(type(call.payload))
        if action is None:
            raise RefusalError(Code.NOT_SUPPORTED, f"this hub does not do {call.action}")
        try:
            answer = action(self, link, call.payload)
        except ValueError as problem:
            raise RefusalError(Code.PROPERTY_CONSTRAINT_VIOLATION, str(problem)) from None
        return answer if isinstance(answer, Shape) else self.later(answer)

    async def later(self, answer: Awaitable[Shape]) -> Shape:
        """An answer that has to be waited for. Raises RefusalError."""
        try:
            return await answer
        except ValueError as problem:
            raise RefusalError(Code.PROPERTY_CONSTRAINT_VIOLATION, str(problem)) from None

    async def boot(self, link: Connection, boot: BootNotification) -> BootNotificationResponse:
        if boot.edge_id != link.edge:
            raise RefusalError(Code.SECURITY_ERROR, f"this is the link of {link.edge}, not of {boot.edge_id}")
        if link.certified:
            await self.pin(link.edge, boot.signing_key)
        held = await self.holdings.of(link.edge, boot.epoch, boot.telemetry_epoch)
        if boot.signing_key is not None and boot.signing_key.hex() not in held.keys:
            self.tell(await keys.pin(link.edge, boot.signing_key, now_ms(), trusted=link.certified))
        self.live.up(link.edge, boot.epoch, boot.software, boot.devices)
        link.booted = True
        link.takes = Takes(boot.tariffs, boot.local_list)
        self.joined(link)
        telemetry = {} if held.telemetry is None else {TELEMETRY_LANE: held.telemetry}
        return BootNotificationResponse(
            current_time=now_ms(),
            interval=HEARTBEAT,
            have=telemetry | {lane: state.seq for lane, state in held.lanes.items()},
            hashes={lane: bytes.fromhex(state.hash) for lane, state in held.lanes.items()},
            chains={lane: state.chain for lane, state in held.lanes.items()},
            compression=COMPRESSION,
        )

    async def pin(self, edge: str, key: bytes | None) -> None:
        """The key under the edge's journal stays the same, or a person allows another. Raises RefusalError."""
        right, alarms = await registry.pin(edge, key, now_ms())
        self.tell(*alarms)
        if not right:
            text = f"this edge signs with another key than before; if that is right: chargelink hub edge allow {edge}"
            raise RefusalError(Code.SECURITY_ERROR, text)

    async def sign(self, link: Connection, asked: SignCertificate) -> SignCertificateResponse:
        """A new certificate while the old one is valid."""
        if self.admission is None or not link.certified:
            return SignCertificateResponse(status="Rejected", reason="this link has no certificate")
        return await self.admission.sign(link.edge, link.certificate, asked.csr)

    def status(self, link: Connection, status: StatusNotification) -> Nothing:
        self.live.status(link.edge, status.devices)
        return Nothing()

    def meter_values(self, link: Connection, values: MeterValues) -> Nothing:
        self.live.sample(link.edge, values.samples)
        return Nothing()

    async def records(self, link: Connection, records: Records) -> RecordsResponse:
        """Store a batch; the answer is sent after the commit. Raises ValueError for what cannot be stored at all."""
        arrived = tuple(
            Arrived(record.seq, record.kind, record.at, record.body, record.hash.hex()) for record in records.records
        )
        for kind in {record.kind for record in arrived}:
            require_storable(kind)
        batch = Batch(
            link.edge,
            records.epoch,
            records.lane,
            arrived,
            received=now_ms(),
            previous=records.previous,
            checkpoint=records.checkpoint,
        )
        stored = await self.writer.store(batch)
        self.tell(*stored.alarms)
        return RecordsResponse(have=stored.have)

    async def authorize(self, link: Connection, asked: Authorize) -> AuthorizeResponse:
        """Whether somebody may charge; the money is frozen before this returns."""
        return await authorising.authorise(link.edge, asked, now_ms(), self.usual)

    async def person_keys(self, link: Connection, told: PersonKeys) -> Nothing:
        """Keep keys; the answer is sent after the commit."""
        self.tell(*await persons.keep(link.edge, told.keys, now_ms()))
        return Nothing()

    async def telemetry(self, link: Connection, told: Telemetry) -> TelemetryResponse:
        """Store blocks as they are, and what is missing; the answer is sent after the commit. Raises ValueError."""
        for gap in told.gaps:
            require_storable(gap.reason)
        stored = await self.writer.store(Blocks(link.edge, told.epoch, told.blocks, told.gaps, received=now_ms()))
        return TelemetryResponse(have=stored.have)

    def tell(self, *alarms: Alarm | None) -> None:
        """Show new alarms to whoever watches."""
        for change in views.alarms(*alarms):
            self.bus.publish(change)

    def heartbeat(self, link: Connection, _: Heartbeat) -> HeartbeatResponse:
        return HeartbeatResponse(current_time=now_ms())


ANSWERS: dict[type[Shape], Callable[..., Shape | Awaitable[Shape]]] = {
    BootNotification: Actions.boot,
    StatusNotification: Actions.status,
    MeterValues: Actions.meter_values,
    Records: Actions.records,
    Telemetry: Actions.telemetry,
    PersonKeys: Actions.person_keys,
    Authorize: Actions.authorize,
    Heartbeat: Actions.heartbeat,
    SignCertificate: Actions.sign,
}
