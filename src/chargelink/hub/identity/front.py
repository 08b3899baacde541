"""The side of a hub that its edges see: its CA, the contexts of its two listeners, who is let in."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from socket import socket

import structlog

from chargelink.cli.command import CommandError
from chargelink.cli.language import Text
from chargelink.hub.bus import Bus
from chargelink.hub.clock import now_ms
from chargelink.hub.identity import authority, tls
from chargelink.hub.identity.admission import Admission
from chargelink.hub.identity.reception import Reception, ReceptionServer
from chargelink.hub.identity.refusals import Refusals

FRESH_EVERY = 24 * 3600  # s between looks whether the listeners' certificate is due

log = structlog.get_logger()


class Front:
    """Opened from the files of a hub; `link` and `enroll` are the contexts of the listeners."""

    def __init__(self, data: Path, names: Sequence[str], bus: Bus) -> None:
        """Raises OSError, CertificateError."""
        self._data = data
        self._names = names
        now = now_ms()
        self.refusals = Refusals()
        self.authority = authority.opened(data, now)
        file = authority.server_file(data, self.authority, names, now)
        self.link = tls.link_listener(file, self.authority, self.refusals)
        self.enroll = tls.listener(file)
        self.admission = Admission(self.authority, self.refusals)
        self.reception = Reception(self.authority, self.refusals, bus)

    @asynccontextmanager
    async def receiving(self, port: socket) -> AsyncIterator[None]:
        """Accept enrolments on a bound socket."""
        server = ReceptionServer(self.reception.application(), self.enroll)
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(server.serve([port]), name="serve enrolments")
            await server.until_started()
            try:
                yield
            finally:
                server.should_exit = True
                await serving

    async def stay_fresh(self) -> None:
        """Once a day a certificate that is due is made anew; whoever connects from then on sees it."""
        while True:
            await asyncio.sleep(FRESH_EVERY)
            try:
                file = authority.server_file(self._data, self.authority, self._names, now_ms())
                for context in (self.link, self.enroll):
                    context.load_cert_chain(file)
            except OSError as error:  # also what TLS says of a file; the old one serves on
                log.error("the listeners' certificate is not renewed", failure=str(error))


def names_of(host: str, names: Sequence[str]) -> tuple[str, ...]:
    """Under which names edges reach a hub that listens on `host`; the first is the one that tokens say.

    Raises CommandError for an address of everywhere without a name: no edge could be told where that is.
    """
    try:
        everywhere = ip_address(host).is_unspecified
    except ValueError:
        problem = Text("--host {} is no IP address of this machine", "--host {} 不是本机的 IP 地址")
        raise CommandError(problem.format(host)) from None
    if names:
        return (*names,) if everywhere else (*names, host)
    if everywhere:
        raise CommandError(
            Text(
                "{} listens everywhere; say with --name under which name or address edges reach this hub",
                "{} 监听所有地址；请用 --name 指明边缘网关访问平台所用的域名或地址",
            ).format(host)
        )
    return (host,)


def address(name: str, port: int) -> str:
    """HOST:PORT as it stands in a URL."""
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
