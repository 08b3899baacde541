"""The hub as a process: one task tree, from an open database to an orderly end."""

import asyncio
import resource
import signal
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import NamedTuple

import structlog

from chargelink.hub import collector
from chargelink.hub.api.app import application
from chargelink.hub.api.server import WebServer
from chargelink.hub.bus import Bus
from chargelink.hub.clock import now_ms
from chargelink.hub.gateway.server import Gateway
from chargelink.hub.identity import authority
from chargelink.hub.identity.front import Front, address
from chargelink.hub.loopback import ADDRESS
from chargelink.hub.pulse import Pulse
from chargelink.hub.services import orders, persons
from chargelink.hub.services.checks import Checks
from chargelink.hub.services.commands import Commands
from chargelink.hub.services.deliveries import Deliveries
from chargelink.hub.services.intake import Intake
from chargelink.hub.services.lease_errands import LeaseErrands
from chargelink.hub.services.list_errands import ListErrands
from chargelink.hub.services.live import Live
from chargelink.hub.services.orders import USUAL
from chargelink.hub.services.person_errands import Errands
from chargelink.hub.services.reading import Pace
from chargelink.hub.services.retention import Retention, forget_forever
from chargelink.hub.services.starts import OrderErrands, Starts
from chargelink.hub.services.tariff_errands import TariffErrands
from chargelink.hub.services.telemetry import Curves
from chargelink.hub.services.watching import Watching
from chargelink.hub.store.database import opened
from chargelink.hub.store.holdings import Holdings
from chargelink.hub.store.vault import unlocked
from chargelink.hub.store.writer import RecordWriter

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the data is, and which ports to listen on; 0 is a free one.

    `database` is the URL of PostgreSQL, or none for SQLite beside the other files; `keep` says for how long what stays,
    `hold` how many fen are frozen for a charge where nobody says how much.
    Edges come to `host` with TLS and find it under `names`; `plain` is for simulators on this machine. Pages are for
    this machine alone.
    """

    data: Path
    link_port: int = 0
    web_port: int = 0
    enroll_port: int = 0
    host: str = ADDRESS
    names: tuple[str, ...] = (ADDRESS,)
    plain: bool = False
    database: str | None = None
    keep: Retention = field(default_factory=Retention)
    hold: int = USUAL


class Listening(NamedTuple):
    """Where links, pages and, with TLS, enrolments are answered."""

    link: str
    web: str
    enroll: str | None = None

    def __str__(self) -> str:
        return " ".join(f"{name}={where}" for name, where in self._asdict().items() if where)


async def run(settings: Settings) -> None:
    """The process: serve until SIGTERM or SIGINT, with one `ready` line on standard output when all ports answer."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a link is a file, and the usual 1024 are few
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop.set)

    def ready(listening: Listening) -> None:
        collector.spare()
        print(f"ready {listening}", flush=True)

    await serve(settings, ready, stop)


async def serve(settings: Settings, ready: Callable[[Listening], None], stop: asyncio.Event) -> None:
    """Serve until `stop` is set; `ready` is told where links and pages are when both answer.

    Raises OSError; CertificateError when the hub's own files are damaged.
    """
    pulse = Pulse()
    with pulse.beating(), ExitStack() as ports:
        link_port = ports.enter_context(bound(settings.link_port, settings.host))
        web_port = ports.enter_context(bound(settings.web_port))
        enroll_port = None if settings.plain else ports.enter_context(bound(settings.enroll_port, settings.host))
        bus = Bus()
        async with opened(settings.data, settings.database) as engine, AsyncExitStack() as life:
            authority.untell(settings.data)
            life.enter_context(unlocked(settings.data))
            await persons.make_up()
            if lost := await orders.recover(now_ms()):
                log.warning("orders whose start was on its way when the hub went down", orders=lost)
            front = None if settings.plain else Front(settings.data, settings.names, bus)
            tasks = await life.enter_async_context(asyncio.TaskGroup())
            writer, holdings, live = RecordWriter(engine), Holdings(engine), Live(bus, engine)
            pace = Pace(writer.busy)
            workers = [
                tasks.create_task(writer.run(), name="write records"),
                tasks.create_task(holdings.run(), name="look what is held"),
                tasks.create_task(Intake(bus, writer.written, pace).run(), name="read records"),
                tasks.create_task(Checks(bus, writer.signed, pace).run(), name="check signatures"),
                tasks.create_task(Curves(bus, writer.poured, pace).run(), name="draw curves"),
                tasks.create_task(live.run(), name="write live state"),
                tasks.create_task(collector.stay_spared(lambda: len(live.connected)), name="spare the collector"),
                tasks.create_task(forget_forever(settings.keep), name="give up what is old"),
            ]
            if front:
                await front.admission.start()
                workers.append(tasks.create_task(front.admission.run(), name="look who was revoked"))
                workers.append(tasks.create_task(front.stay_fresh(), name="renew our certificate"))
            admission = front.admission if front else None
            gateway = Gateway(bus, live, writer, holdings, tasks, admission, settings.hold)
            errands = Errands(gateway.edges.call, lambda: gateway.edges.up)
            starts = Starts(Commands(gateway.edges), bus, settings.hold)
            duties = (TariffErrands(bus), LeaseErrands(), ListErrands(bus), OrderErrands(starts))
            deliveries = Deliveries(gateway.edges.call, gateway.edges.up, duties)
            gateway.joined = (errands.joined, deliveries.joined)
            workers.append(tasks.create_task(errands.run(), name="ask edges about persons"))
            workers.append(tasks.create_task(deliveries.run(), name="bring edges what is for them"))
            workers.append(tasks.create_task(Watching(bus, gateway.edges).run(), name="ask watched edges"))
            listening = where(settings, link_port, web_port, enroll_port)
            refused = front.refusals.counts if front else {}
            defects = gateway.edges.defects
            pages = WebServer(application(bus, live, starts, pulse, listening.link, refused, defects))
            async with AsyncExitStack() as listeners:
                await listeners.enter_async_context(gateway.listening(link_port, front.link if front else None))
                if front and enroll_port and listening.enroll:
                    await listeners.enter_async_context(front.receiving(enroll_port))
                    authority.tell(settings.data, authority.Listening(listening.enroll, listening.link))
                serving = tasks.create_task(pages.serve([web_port]), name="serve pages")
                await pages.until_started()
                ready(listening)
                await stop.wait()
                log.info("stopping")
                bus.close()
                pages.should_exit = True
            await serving
            for worker in workers:
                worker.cancel()


def where(
    settings: Settings, link_port: socket.socket, web_port: socket.socket, enroll_port: socket.socket | None
) -> Listening:
    """The addresses of the bound ports, under the name that edges know."""
    link, web = link_port.getsockname()[1], web_port.getsockname()[1]
    page = f"http://{ADDRESS}:{web}/"
    if enroll_port is None:
        return Listening(f"ws://{ADDRESS}:{link}", page)
    name, enroll = settings.names[0], enroll_port.getsockname()[1]
    return Listening(f"wss://{address(name, link)}", page, f"https://{address(name, enroll)}")


def bound(port: int, host: str = ADDRESS) -> socket.socket:
    """A socket on a port of an IP address, 0 for a free one. Raises OSError when it is taken."""
    family = socket.AF_INET6 if isinstance(ip_address(host), IPv6Address) else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener
