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
from chargelink.hub.gateway.server import Gateway
from chargelink.hub.loopback import ADDRESS
from chargelink.hub.services.commands import Commands
from chargelink.hub.services.intake import Intake
from chargelink.hub.services.live import Live
from chargelink.hub.store.database import opened
from chargelink.hub.store.writer import RecordWriter

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
    async with opened(settings.data), asyncio.TaskGroup() as tasks:
        bus = Bus()
        writer, live = RecordWriter(), Live(bus)
        workers = [
            tasks.create_task(writer.run(), name="write records"),
            tasks.create_task(Intake(bus, writer.written).run(), name="read records"),
            tasks.create_task(live.run(), name="write live state"),
        ]
        gateway = Gateway(bus, live, writer, tasks)
        async with gateway.listening(settings.link_port) as listener:
            link = f"ws://{ADDRESS}:{listener.sockets[0].getsockname()[1]}"
            port = listening_socket(settings.web_port)
            web_port = port.getsockname()[1]
            web = WebServer(application(bus, live, Commands(gateway.edges), web_port, link))
            pages = tasks.create_task(web.serve([port]), name="web")
            await web.until_started()
            ready(link, f"http://{ADDRESS}:{web_port}/")
            await stop.wait()
            log.info("stopping")
            bus.close()
            web.should_exit = True
            await pages
        for worker in workers:
            worker.cancel()


def listening_socket(port: int) -> socket.socket:
    """A socket on a port of this machine. Raises OSError when it is taken."""
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
