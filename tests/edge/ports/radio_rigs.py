"""A rig for each kind of radio."""

import asyncio
from typing import Any, cast

from tests.edge.ports.radio_rig import GATEWAY, Rig

from chargelink.edge.ports.address import Address
from chargelink.edge.ports.gwmp import GwmpPort
from chargelink.sim.sockets.forwarder import Forwarder


class GwmpRig(Rig, asyncio.DatagramProtocol):
    """Semtech's packet forwarder over UDP."""

    new_station = Forwarder

    async def plug(self) -> None:
        if not hasattr(self, "port"):
            self.port = GwmpPort(Address.parse("gwmp://127.0.0.1:0"), [GATEWAY])
            await self.port.open()
        host, _, number = cast(GwmpPort, self.port).bound.partition(":")
        loop = asyncio.get_running_loop()
        self._wire, _ = await loop.create_datagram_endpoint(lambda: self, remote_addr=(host, int(number)))

    async def unplug(self) -> None:
        self._wire.close()

    def put(self, data: bytes) -> None:
        self._wire.sendto(data)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.take(data)

    def error_received(self, exc: Exception) -> None: ...


RIGS: dict[str, type[Rig]] = {"gwmp": GwmpRig}
