"""The hub as a process: one task tree, from an open database to an orderly end."""

import asyncio
import gc
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from chargelink.hub.api.app import application
from chargelink.hub.api.server import WebServer
from chargelink.hub.bus import Bus
from chargelink.hub.clock import now_ms
from chargelink.hub.gateway.server import Gateway
from chargelink.hub.loopback import ADDRESS
from chargelink.hub.pulse import Pulse
from chargelink.hub.services import curves
from chargelink.hub.services.commands import Commands
from chargelink.hub.services.intake import Intake
from chargelink.hub.services.live import Live
from chargelink.hub.store.database import opened
from chargelink.hub.store.writer import RecordWriter

FORGET_EVERY = 24 * 3600  # s
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the data is, and which ports of this machine to listen on; 0 is a free one."""

    data: Path
    link_port: int = 0
    web_port: int = 0


async def run(settings: Settings) -> None:
    """The process: serve until SIGTERM or SIGINT, with one `ready` line on standard output when both ports answer."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop.set)

    def ready(link: str, web: str) -> None:
        spare_the_collector()
        print(f"ready link={link} web={web}", flush=True)

    await serve(settings, ready, stop)


async def serve(settings: Settings, ready: Callable[[str, str], None], stop: asyncio.Event) -> None:
    """Serve until `stop` is set; `ready` is told where links and pages are when both answer."""
    pulse = Pulse()
    with pulse.beating(), bound(settings.link_port) as link_port, bound(settings.web_port) as web_port:
        link, web = (f"{ADDRESS}:{port.getsockname()[1]}" for port in (link_port, web_port))
        async with opened(settings.data), asyncio.TaskGroup() as tasks:
            bus = Bus()
            writer, live = RecordWriter(), Live(bus)
            workers = [
                tasks.create_task(writer.run(), name="write records"),
                tasks.create_task(Intake(bus, writer.written).run(), name="read records"),
                tasks.create_task(live.run(), name="write live state"),
                tasks.create_task(forget_old_curves(), name="forget old curves"),
            ]
            gateway = Gateway(bus, live, writer, tasks)
            pages = WebServer(application(bus, live, Commands(gateway.edges), pulse, f"ws://{link}"))
            async with gateway.listening(link_port):
                serving = tasks.create_task(pages.serve([web_port]), name="serve pages")
                await pages.until_started()
                ready(f"ws://{link}", f"http://{web}/")
                await stop.wait()
                log.info("stopping")
                bus.close()
                pages.should_exit = True
            await serving
            for worker in workers:
                worker.cancel()


async def forget_old_curves() -> None:
    """Once a day, and at the start."""
    while True:
        await curves.forget(now_ms())
        await asyncio.sleep(FORGET_EVERY)


def bound(port: int) -> socket.socket:
    """A socket on a port of this machine, 0 for a free one. Raises OSError when it is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((ADDRESS, port))
    except OSError:
        listener.close()
        raise
    return listener


def spare_the_collector() -> None:
    """A full collection with thousands of links up stops everything for a third of a second: make them rare."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 1_000)
