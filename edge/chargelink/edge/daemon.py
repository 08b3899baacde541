"""The daemon: everything that a configuration names, in one task tree, from an open ledger to an orderly end."""

import asyncio
import gc
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec
import structlog

from chargelink.edge import paths
from chargelink.edge.board import Board
from chargelink.edge.charge.situation import GunLimits
from chargelink.edge.clock import Clock, last_record, tell, tell_steps
from chargelink.edge.config import Config
from chargelink.edge.config.sections import Gun as GunSection
from chargelink.edge.control import Answer, Control, Request
from chargelink.edge.drivers.gun import Gun
from chargelink.edge.drivers.gun_hardware import Hardware
from chargelink.edge.drivers.io_board import IoBoard
from chargelink.edge.drivers.meters import device_path, meter_lines
from chargelink.edge.drivers.socket_site import SocketSite
from chargelink.edge.drivers.surroundings import Surroundings
from chargelink.edge.entrance import Entrance
from chargelink.edge.guarded import Guarded
from chargelink.edge.identity import Drawer, door_to
from chargelink.edge.ledger import Journal, Limits, People, Sessions, Supervision, aside, load_key
from chargelink.edge.ledger.telemetry import Telemetry
from chargelink.edge.notify import Notify
from chargelink.edge.places import CannotError, Places, by_socket
from chargelink.edge.planned import Planned
from chargelink.edge.ports.can import CanBus
from chargelink.edge.price_control import PriceControl
from chargelink.edge.prices import Prices
from chargelink.edge.starting import plan_number, start
from chargelink.edge.time_sources import HUB
from chargelink.edge.uplink import Uplink
from chargelink.edge.verification import remind, verifications
from chargelink.edge.vin_start import VinStarts
from chargelink.link.pricing import TariffUpdate
from chargelink.link.quantities import Person
from chargelink.lora_socket.commands import RATED_OUTLET
from chargelink.model import SessionKind, StopReason

if TYPE_CHECKING:
    from chargelink.edge.drivers.monitor import Monitor  # most sites have none: loaded when configured

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
REGISTER_WITHIN = 10.0  # s that a meter may take after a restart to say what an interrupted session used
PRUNE_EVERY = 3600.0  # s

log = structlog.get_logger()


async def run(config: Config) -> None:
    """Run until SIGTERM or SIGINT; one `ready` line on standard output when everything answers.

    Raises ChargelinkError or OSError, also in groups, when what the edge must have cannot be had.
    """
    config.site.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    clock = Clock(last_record(paths.ledger(config.site.data)))
    journal = opened(config, clock)
    try:
        people = await People.open(paths.people(config.site.data), journal)
        try:
            await Daemon(config, journal, people, clock).run()
        finally:
            await people.close()
    finally:
        await journal.close()


def opened(config: Config, clock: Clock) -> Journal:
    """The journal of the edge; its lock keeps a second daemon out. Raises LedgerError."""
    data, section = config.site.data, config.journal
    limits = Limits(section.max_waiting_records, section.max_waiting_bytes)
    key = load_key(paths.journal_key(data))
    return Journal.open(paths.ledger(data), config.site.id, key, clock=clock.now, limits=limits)


class Daemon:
    """One edge."""

    def __init__(self, config: Config, journal: Journal, people: People, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._journal = journal
        self._people = people
        journal.on_epoch.append(lambda _: people.tell_again())
        self._board = Board()
        self._sessions = Sessions(
            journal,
            config.site.id,
            os.urandom,
            self._supervision(),
            clock_trusted=lambda: clock.trusted,
            right=lambda: clock.right,
            most_power=self._most_power(),
        )
        self._telemetry = Telemetry(
            paths.telemetry(config.site.data), config.telemetry.most_bytes, self._clock.now, journal
        )
        self._board.listen(self._telemetry.take)
        self._around = Surroundings(journal, self._sessions, self._board, self._clock.now, self._telemetry.hear, people)
        self._verifications = verifications(config)
        guns = [(section, self._gun(section)) for section in config.guns if section.mode == "charge"]
        self._meter_lines = meter_lines(config, {section.meter: gun.hear_meter for section, gun in guns}, self._around)
        self._hardware = {gun.device: self._wired(section, gun) for section, gun in guns}
        self._monitors = [self._monitor(gun) for gun in config.guns if gun.mode == "monitor"]
        self._sites = [
            (SocketSite.configured(site, config.site.data, self._around), [socket.id for socket in site.sockets])
            for site in config.socket_sites
        ]
        self._prices = Prices(config, journal, clock.now)
        self._places = Places(
            {gun.device: gun for _, gun in guns},
            by_socket(self._sites),
            self._prices.now,
            self._sessions,
            self._clock.now,
        )
        self._planned = Planned(journal, self._places, self._board, self._prices.at, clock.now)
        self._entrance = Entrance(journal, self._places, self._prices.now, clock)
        consenting = [gun.id for gun in config.guns if gun.vin_start == "consent"]
        self._vins = VinStarts(self._places.guns, consenting, self._entrance, self._places.settled)
        self._uplink = self._linked()
        self._notify = Notify(os.environ, os.getpid())

    async def run(self) -> None:
        """Until told to stop."""
        await self._sessions.load()
        await self._entrance.authoriser.recover()
        await self._prices.load()
        await self._planned.load()
        stop = asyncio.Event()
        for number in STOP_SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with asyncio.TaskGroup() as tasks:
            works = [tasks.create_task(work, name=name) for name, work in self._works()]
            await stop.wait()
            log.info("stopping")
            self._notify.stopping()
            if self._uplink:
                self._uplink.end()
            for work in works:
                work.cancel()

    def _works(self) -> list[tuple[str, Coroutine[Any, Any, Any]]]:
        works: list[tuple[str, Coroutine[Any, Any, Any]]] = [
            (gun.device, gun.run(self._hardware[gun.device])) for gun in self._places.guns.values()
        ]
        works += [(monitor.device, monitor.run()) for monitor in self._monitors]
        works += [(f"meters {path}", line.run()) for path, line in self._meter_lines.items()]
        works += [("sockets", site.run()) for site, _ in self._sites]
        if self._uplink:
            works.append(("uplink", self._uplink.run()))
            works.append(("usage", self._uplink.count()))
        works.append(("prune", self._prune()))
        works.append(("telemetry", self._telemetry.run()))
        works.append(("clock", tell_steps(self._clock, self._journal)))
        works.append(("verification", remind(self._verifications.values(), self._journal, self._clock.now)))
        works.append(("entrance", self._entrance.run()))
        works.append(("vin", self._vins.run()))
        works.append(("settle", self._settle()))
        works.append(("prices", self._prices.show(self._board)))
        works.append(("planned", self._planned.run()))
        works.append(("control", self._controlled()))
        if self._notify.watchdog_interval:
            works.append(("watchdog", self._watchdog(self._notify.watchdog_interval)))
        return works

    def _most_power(self) -> dict[str, int]:
        """What each device can give at most, mW; of a gun that is only watched nobody knows."""
        guns = {gun.id: gun.max_power for gun in self._config.guns if gun.max_power}
        return guns | {socket.id: RATED_OUTLET for site in self._config.socket_sites for socket in site.sockets}

    def _supervision(self) -> Supervision | None:
        """For whom what each session measured is sealed."""
        if self._config.metering is None:
            return None
        meters = {meter.id: meter.address for meter in self._config.meters}
        guns = {gun.id: meters[gun.meter] for gun in self._config.guns if gun.meter is not None}
        return Supervision(self._config.site.id, self._config.metering.public, guns)

    def _gun(self, section: GunSection) -> Gun:
        limits = GunLimits(section.max_voltage, section.min_voltage, section.max_current, section.max_power)
        return Gun(section.id, limits, self._around, verification=self._verifications[section.meter or ""])

    def _wired(self, section: GunSection, gun: Gun) -> Hardware:
        """The hardware of a gun: the configuration was checked, so all that it names is there."""
        meter = next(meter for meter in self._config.meters if meter.id == section.meter)
        board = next(board for board in self._config.io_boards if board.id == section.io)
        assert self._config.guard is not None
        folder = paths.guard_folder(self._config.site.data, section.id)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Hardware(
            board=IoBoard(board.id, board.port, gun.hear_board),
            bus=CanBus(section.can, gun.hear_frame),
            guard=Guarded(
                self._config.guard.lines, folder, paths.guard_mark(self._config.site.data, section.id), gun.hear_guard
            ),
            meter=self._meter_lines.pop(device_path(meter.port)),
        )

    def _monitor(self, section: GunSection) -> "Monitor":
        from chargelink.edge.drivers.monitor import Monitor

        return Monitor(section.id, section.can, self._around)

    def _linked(self) -> Uplink | None:
        hub = self._config.hub
        data = self._config.site.data
        if hub is None and not Drawer(data).current.exists():
            return None
        door = door_to(hub.url if hub else None, data, self._clock.now)
        software = f"chargelink {version('chargelink')}"
        uplink = Uplink(
            door,
            self._config.site.id,
            software,
            self._journal,
            self._board,
            self._planned.obey,
            self._clock.now,
            measured=self._telemetry,
            people=self._people,
        )
        uplink.heard_time = partial(self._clock.hear, HUB)
        uplink.errands[TariffUpdate] = self._prices.tariffs.update
        uplink.holdings["tariffs"] = self._prices.tariffs.sent
        self._entrance.connect(uplink)
        return uplink

    async def _prune(self) -> NoReturn:
        """Delete what is old and at the hub, now and then: more often than a day's worth matters."""
        while True:
            if gone := await self._journal.prune(self._clock.now() - self._config.journal.keep):
                log.info("journal pruned", gone=gone)
            await asyncio.sleep(PRUNE_EVERY)

    async def _settle(self) -> None:
        """Close what a power cut interrupted: a car's session from its register as the meter says it now."""
        interrupted = {one.started.device for one in self._sessions.open if one.started.kind is SessionKind.DC}
        guns = [gun for gun in self._places.guns.values() if gun.device in interrupted]
        try:
            async with asyncio.timeout(REGISTER_WITHIN):
                for gun in guns:
                    await gun.last_register()
        except TimeoutError:
            log.warning("no register for an interrupted session; the last one kept stands")
        registers = {gun.device: gun.books.register for gun in guns if gun.books.register is not None}
        for ended in await self._sessions.close_interrupted(self._clock.now(), registers, self._places.sockets):
            log.warning("session closed after a restart", session=ended.session_id, energy=ended.bill.energy)
        self._places.settled.set()

    async def _controlled(self) -> None:
        actions: dict[str, Callable[[Request], Awaitable[Answer]]] = {
            "status": self._status,
            "start": self._start,
            "stop": self._stop,
            "reset": self._reset,
            "clock": self._tell_clock,
            "erase": self._erase,
            **PriceControl(self._prices, self._clock.now).actions,
            **self._entrance.actions,
        }
        socket = paths.control_socket(self._config.site.data)
        await Control(socket, actions).serve(lambda: self._ready(str(socket)))

    def _ready(self, control: str) -> None:
        gc.freeze()  # what is loaded stays: a full collection need not go through it and hold up the loop
        print(f"ready control={control}", flush=True)
        self._notify.ready()

    async def _status(self, _: Request) -> Answer:
        waiting = await self._journal.waiting()
        link = self._uplink
        hub = link and {"online": link.online, "trouble": link.trouble, "troubleChinese": link.trouble_chinese}
        return {
            "edge": self._config.site.id,
            "signingKey": self._journal.public.hex(),
            "hub": hub,
            "pending": waiting.records,
            "journal": {
                "records": waiting.records,
                "bytes": waiting.bytes,
                "maxRecords": waiting.limits.records,
                "maxBytes": waiting.limits.bytes,
                "full": waiting.full,
                "aside": [str(old) for old in aside.set_aside(paths.ledger(self._config.site.data))],
            },
            "clockAhead": self._clock.ahead,
            "clock": self._clock.quality._asdict(),
            "usage": link.usage.shown() if link else [],
            "telemetry": {"missing": self._telemetry.missing, "trouble": self._telemetry.trouble},
            **await self._entrance.shown(),
            "oddEvents": dict(self._sessions.odd),
            "givenAway": (await self._sessions.given_away())._asdict(),
            "settled": self._places.settled.is_set(),
            "devices": [msgspec.to_builtins(device) for device in self._board.described],
            "sessions": [
                {"id": one.id, "device": one.started.device, "outlet": one.started.outlet, "energy": one.energy}
                for one in self._sessions.open
            ],
            "radios": [
                {"id": section.id, **site.radio()}
                for section, (site, _) in zip(self._config.socket_sites, self._sites, strict=True)
            ],
            **self._planned.shown(),
        }

    async def _start(self, request: Request) -> Answer:
        if request.get("token") is not None:
            return await self._entrance.start(request)
        if request.get("vin"):
            return await self._vins.asked(request)
        return await start(request, self._places, self._planned)

    async def _stop(self, request: Request) -> Answer:
        number = plan_number(request.get("session"))
        if number is not None:
            await self._planned.cancel(number)
        elif request.get("giveUp"):
            await self._places.give_up(str(request.get("session")), "operator")
        else:
            await self._places.stop(str(request.get("session")), StopReason.LOCAL, "local")
        return {}

    async def _reset(self, request: Request) -> Answer:
        gun = self._places.guns.get(str(request.get("device")))
        if gun is None:
            raise CannotError("only a gun can be reset")
        return {"holding": await gun.reset()}

    async def _tell_clock(self, request: Request) -> Answer:
        """Our clock; `follow`: a person says that the system's is right."""
        if request.get("follow"):
            step = self._clock.follow()
            await tell(self._journal, step, step.ours)
        return {"now": self._clock.now(), "ahead": self._clock.ahead}

    async def _erase(self, request: Request) -> Answer:
        try:
            person = msgspec.convert(request.get("person"), Person)
        except msgspec.ValidationError:
            raise CannotError("a person is named by 32 hexadecimal digits") from None
        return {"erased": await self._people.erase(person, self._clock.now())}

    async def _watchdog(self, interval: float) -> None:
        """Signs of life from this loop: one that hangs gives none."""
        while True:
            self._notify.alive()
            await asyncio.sleep(interval)
