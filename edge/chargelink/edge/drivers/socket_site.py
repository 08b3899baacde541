"""The driver of a site's sockets: moves packets between gateways and the site, and tells the ledger what happened."""

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import structlog

from chargelink.cli.language import Text
from chargelink.edge import config
from chargelink.edge.config.sold import BY_ENERGY
from chargelink.edge.drivers.outlet_stays import OutletStays
from chargelink.edge.drivers.refusal_log import RefusalLog
from chargelink.edge.drivers.socket_view import view
from chargelink.edge.drivers.surroundings import AGAIN_AFTER, Surroundings
from chargelink.edge.ledger import LedgerError
from chargelink.edge.ports.address import Address, LinkError
from chargelink.edge.ports.radio import RadioPort
from chargelink.edge.ports.radios import radio_port
from chargelink.edge.sockets import events
from chargelink.edge.sockets.airtime import Airtime, Use
from chargelink.edge.sockets.charges import OUTLETS, Charges
from chargelink.edge.sockets.diversity import Diversity
from chargelink.edge.sockets.events import SiteEvent
from chargelink.edge.sockets.keys import KeyFileError, SiteKeys, load
from chargelink.edge.sockets.memory import ForgottenError, MemoryFile
from chargelink.edge.sockets.plan import RadioPlan
from chargelink.edge.sockets.site import Site
from chargelink.edge.sockets.terms import StartRefused, Terms
from chargelink.link.messages import Caps
from chargelink.lora_radio.airtime import airtime_us
from chargelink.lora_radio.radio import (
    ForbiddenError,
    GatewayLost,
    GatewayReachable,
    PacketReceived,
    RadioEvent,
    Transmission,
    Transmitted,
)
from chargelink.lora_radio.radio import Refused as DatagramRefused
from chargelink.lora_socket.codes import Place
from chargelink.lora_socket.commands import Stop
from chargelink.lora_socket.messages import Status, StatusShort
from chargelink.model import Alarm, Authorisation, AuthorisedBy, SessionEnded, SessionStarted, StopReason, Tariff

log = structlog.get_logger()


class SocketSite:
    """The sockets behind one radio. `names` are device ids by EUI. Call `run` once; `start` and `stop` at any time."""

    def __init__(
        self,
        port: RadioPort,
        keys: SiteKeys,
        names: Mapping[bytes, str],
        file: MemoryFile,
        around: Surroundings,
        *,
        plan: RadioPlan = RadioPlan(),  # noqa: B008 - frozen
        terms: Terms = Terms(),  # noqa: B008 - frozen
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._port = port
        self._keys = keys
        self._names = dict(names)
        self._file = file
        self._around = around
        self._plan = plan
        self._diversity = Diversity()
        self._refusals = RefusalLog()
        self._airtime: Airtime | None = None  # since the port is open
        self._forbidden = 0
        self._site: Site | None = None
        self._life_ended = False
        self._unwritten: bytes | None = None  # what the memory ought to hold
        self._stays = OutletStays([*self._names.values()], around)
        self._charges = Charges(self._names, around.sessions, self._alarm, around.board.sample, entropy, terms)

    @classmethod
    def configured(cls, section: config.SocketSite, data: Path, around: Surroundings) -> "SocketSite":
        """The site of a section of the configuration; its memory lies in the folder `data`.

        Raises KeyFileError, AddressError.
        """
        keys = load(section.keys)
        names = {bytes.fromhex(socket.eui): socket.id for socket in section.sockets}
        known = {key.eui for key in keys.sockets}
        if missing := [eui.hex() for eui in names if eui not in known]:
            raise KeyFileError(f"{section.keys}: has no key for {', '.join(missing)}")
        port = radio_port(Address.parse(section.radio), [bytes.fromhex(gateway) for gateway in section.gateways])
        able = port.capabilities
        plan = RadioPlan() if able.frequencies is None else RadioPlan(able.frequencies)
        plan = plan if able.power_dbm is None else replace(plan, power_dbm=able.power_dbm)
        terms = Terms(tier_bounds=section.tier_bounds)
        memory = MemoryFile(data / f"sockets-{section.id}.json")
        return cls(port, keys, names, memory, around, plan=plan, terms=terms)

    async def run(self, ready: Callable[[], None] = lambda: None) -> NoReturn:
        """Until cancelled; `ready` is called when the port listens.

        Raises LinkError when the port cannot be had, ForgottenError when the memory is damaged. While nothing can be
        stored no socket is told that it was, and nothing is sent that the memory must hold first.
        """
        await self._port.open()
        self._airtime = Airtime(self._now())
        self._around.journal.on_epoch.append(self._end_life)
        try:
            site = self._site = await self._awake()
            self._charges.resume()
            self._order(site, self._charges.orders_lost())
            async with asyncio.TaskGroup() as group:
                group.create_task(self._stays.run(), name="outlets that are occupied")
                ready()
                await self._converse(site)
            raise AssertionError("a site runs until it is cancelled")
        finally:
            self._around.journal.on_epoch.remove(self._end_life)
            await self._port.close()

    async def _converse(self, site: Site) -> NoReturn:
        while True:
            if self._life_ended:
                site = self._site = await self._join_anew()
            if await self._store(site):
                self._transmit(site)
            else:
                await asyncio.sleep(AGAIN_AFTER)
            await self._once(site)

    async def start(
        self,
        device: str,
        outlet: str,
        tariff: Tariff,
        *,
        authorised_by: AuthorisedBy = AuthorisedBy.LOCAL,
        remote_start_id: int | None = None,
        caps: Caps = Caps(),  # noqa: B008 - frozen
        authorisation: Authorisation | None = None,
    ) -> SessionStarted:
        """Begin a session: stored when this returns, its START on the way.

        Raises StartRefused, which says why; LedgerError.
        """
        if tariff.periods:  # published or set on site since the configuration was checked
            raise StartRefused(BY_ENERGY)
        eui = next((eui for eui, name in self._names.items() if name == device), None)
        place = OUTLETS.get(outlet)
        if eui is None or place is None:
            raise StartRefused(
                Text("{} has the outlets A and B: name one of them", "{} 有插座口 A 和 B，请指明其一").format(device)
            )
        site = self._site
        if site is None or not site.sockets[eui].online:
            raise StartRefused("the socket cannot be reached")
        started, start = await self._charges.begin(
            eui,
            place,
            tariff,
            self._around.clock(),
            authorised_by=authorised_by,
            remote_start_id=remote_start_id,
            caps=caps,
            authorisation=authorisation,
        )
        if start is not None:
            site.order(eui, place, start, self._now())
            self._port.wake()
            self._around.news(started)
            self._show(eui)
        return started

    async def stop(self, session_id: str, reason: StopReason = StopReason.LOCAL, by: str = "local") -> None:
        """Have a session stopped; its end comes with the settlement. Raises KeyError for one that does not run here."""
        eui, place, stop = await self._charges.stop(session_id, reason, by)
        assert self._site is not None
        self._site.order(eui, place, stop, self._now())
        self._port.wake()

    async def give_up(self, session_id: str, by: str) -> SessionEnded:
        """A person ends a session whose socket does not answer any more. Raises KeyError for one not running here."""
        ended, (eui, place, stop) = await self._charges.give_up(session_id, by, self._around.clock())
        if self._site is not None:
            self._site.order(eui, place, stop, self._now())
        self._around.news(ended)
        self._show(eui)
        return ended

    def radio(self) -> dict[str, int]:
        """What the transmitter did: packets and ms on the air within so many ms, packets that were forbidden since it
        began, and how many gateways can be reached.
        """
        use = Use(0, 0, 0) if self._airtime is None else self._airtime.used(self._now())
        return {
            "packets": use.packets,
            "airtime": use.airtime_us // 1000,
            "within": use.within,
            "forbidden": self._forbidden,
            "gateways": len(self._port.reachable),
        }

    async def _awake(self) -> Site:
        """The site as the memory has it, with the sessions that were open."""
        position = await self._around.journal.position()
        memory = (await asyncio.to_thread(self._file.load)).in_life(position.epoch)
        utc = self._around.clock() / 1000 - self._now()
        site = Site(self._keys, [*self._names], self._plan, memory, self._now(), utc)
        for eui in site.sockets:
            self._show_of(site, eui)
        return site

    def _end_life(self, epoch: str) -> None:
        """A new epoch of the journal: this edge comes from a backup, and the keys of its radio may be in use twice."""
        log.warning("sockets join anew", epoch=epoch)
        self._life_ended = True
        self._port.wake()

    async def _join_anew(self) -> Site:
        """The site without its conversations. Sessions go on; what was on its way is said again, or shows."""
        self._life_ended, self._unwritten = False, None
        site = await self._awake()
        self._order(site, self._charges.orders_lost())
        return site

    def _order(self, site: Site, stops: list[tuple[bytes, Place, Stop]]) -> None:
        for eui, place, stop in stops:
            site.order(eui, place, stop, self._now())

    async def _store(self, site: Site) -> bool:
        """Write what must be on the disk before more is sent; whether it is there."""
        document = self._unwritten or site.to_store()
        if document is not None:
            try:
                await asyncio.to_thread(self._file.write, document)
            except ForgottenError as error:
                log.error("memory not written", why=str(error))
                self._unwritten = document
                return False
            self._unwritten = None
            site.stored()
        return True

    def _transmit(self, site: Site) -> None:
        if self._life_ended:
            return  # not one more frame under keys of the life before
        for downlink in site.data_to_send():
            gateway = self._diversity.best(downlink.address, self._port.reachable)
            if gateway is None:
                continue  # as if it were lost: it is repeated
            _, frequency_hz, spreading_factor, power_dbm, frame = downlink
            try:
                self._port.transmit(gateway, Transmission(frame, frequency_hz, spreading_factor, power_dbm))
            except (LinkError, ForbiddenError) as error:
                self._forbidden += isinstance(error, ForbiddenError)
                log.warning("packet not sent", gateway=gateway.hex(), reason=str(error))
            else:
                if self._airtime is not None:
                    self._airtime.sent(airtime_us(len(frame), spreading_factor), self._now())

    async def _once(self, site: Site) -> None:
        """Wait for a packet or for the next turn; let the ledger know, then acknowledge."""
        try:
            async with asyncio.timeout_at(site.deadline):
                arrived = await self._port.read()
        except TimeoutError:
            arrived = self._port.tick()
        now = self._now()
        site.utc = self._around.clock() / 1000 - now
        happened = [event for one in arrived for event in self._heard(site, one, now)]
        happened += site.tick(now)
        if self._unwritten is None:
            self._transmit(site)
        for event in happened:
            try:
                await self._take(site, event)
            except LedgerError as error:  # not acknowledged: the socket tells it again
                log.error("ledger trouble", what=type(event).__name__, why=str(error))

    def _heard(self, site: Site, event: RadioEvent, now: float) -> list[SiteEvent]:
        match event:
            case PacketReceived(gateway=gateway, packet=packet):
                if packet.payload is not None and self._diversity.is_new(gateway, packet, now):
                    return site.receive(packet.payload, packet.frequency_hz or self._plan.frequencies[0], now)
            case GatewayReachable(gateway=gateway):
                log.info("gateway reachable", gateway=gateway.hex())
            case GatewayLost(gateway=gateway):
                log.warning("gateway lost", gateway=gateway.hex())
            case Transmitted(gateway=gateway, result=result) if result.error != "NONE":
                log.warning("packet not sent", gateway=gateway.hex(), reason=result.error)
            case DatagramRefused(reason=reason, source=source):
                self._refusals.note(now, "datagram refused", source=source, reason=reason)
        return []

    async def _take(self, site: Site, event: SiteEvent) -> None:
        """Store first, acknowledge then."""
        now = self._around.clock()
        ended: list[SessionEnded] = []
        match event:
            case events.Told(eui=eui, received=received):
                wanted, ended = await self._charges.told(event, now)
                if wanted:
                    site.acknowledge(eui, received)
                if isinstance(received.body, Status | StatusShort):
                    self._stays.see(self._names[eui], site.sockets[eui], self._now())
            case events.OrderAnswered():
                refused = await self._charges.answered(event, now)
                ended = [] if refused is None else [refused]
            case events.OrderExpired():
                self._charges.expired(event)
            case events.FrameRefused(address=address, reason=reason, detail=detail):
                said = reason and reason.value
                self._refusals.note(self._now(), "frame refused", address=f"{address:04X}", reason=said, detail=detail)
            case events.UnderAttack(address=address, frames=frames):
                text = f"{frames} frames with wrong tags in a minute, sent in the name of address {address:04X}"
                await self._alarm(Alarm(code="forged-frames", text=text, at=now))
            case _:
                log.info(type(event).__name__, device=self._names[event.eui])
        self._order(site, self._charges.stops())
        for end in ended:
            self._around.news(end)
            await self._stays.ended(end)
        if eui_of := getattr(event, "eui", None):
            self._show_of(site, eui_of)

    async def _alarm(self, alarm: Alarm) -> None:
        log.warning("alarm", code=alarm.code, text=alarm.text, device=alarm.device)
        await self._around.journal.append(alarm, alarm.at)

    def _show(self, eui: bytes) -> None:
        if self._site is not None:
            self._show_of(self._site, eui)

    def _show_of(self, site: Site, eui: bytes) -> None:
        name, sessions = self._names[eui], self._charges.sessions_of(eui)
        shown = view(name, site.sockets[eui], sessions, self._around.clock(), self._stays.shown(name))
        self._around.board.show(shown)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
