"""A rig for each kind of radio."""

import asyncio
import os
import tempfile
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, cast

import aiomqtt
from tests.edge.ports.broker import Broker
from tests.edge.ports.pseudo_terminal import pseudo_terminal
from tests.edge.ports.radio_rig import FREQUENCY, GATEWAY, Rig

from chargelink.edge.ports.address import Address
from chargelink.edge.ports.gwmp import GwmpPort
from chargelink.edge.ports.modem import ModemRadio
from chargelink.edge.ports.mqtt import MqttRadio
from chargelink.lora_radio.chirpstack import Marshaler, topic
from chargelink.sim.sockets.air import Air
from chargelink.sim.sockets.chirpstack import ChirpstackGateway
from chargelink.sim.sockets.ebyte import EbyteModem
from chargelink.sim.sockets.forwarder import Forwarder
from chargelink.sim.sockets.rak import RakModem
from chargelink.sim.sockets.street import Station


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


class MqttRig(Rig):
    """A gateway of ChirpStack at a real broker; the wire that is cut is the broker's."""

    marshaler = Marshaler.PROTOBUF

    @classmethod
    def new_station(cls, eui: bytes, air: Air, now: float) -> Station:
        return ChirpstackGateway(eui, air, now, cls.marshaler)

    async def plug(self) -> None:
        if not hasattr(self, "port"):
            self._broker = Broker()
            await self._broker.start()
            address = f"mqtt://127.0.0.1:{self._broker.port}?marshaler={self.marshaler.value}"
            self.port = MqttRadio(Address.parse(address), [GATEWAY])
            await self.port.open()
        else:
            await self._broker.start()
        self._outbox: asyncio.Queue[bytes] = asyncio.Queue()
        self._client = asyncio.create_task(self._gateway())

    async def unplug(self) -> None:
        self._client.cancel()
        await asyncio.gather(self._client, return_exceptions=True)
        self._broker.stop()

    async def cut(self) -> None:
        await self.unplug()
        await self.until(lambda: not self.port.reachable)

    async def end(self) -> None:
        await super().end()
        self._broker.remove()

    def put(self, data: bytes) -> None:
        self._outbox.put_nowait(data)

    def noise(self) -> list[bytes]:
        up, conn = (topic("", GATEWAY, what).encode() + b" " for what in ("event/up", "state/conn"))
        return [up + b"\xff\x00noise", up + b"{", up, topic("", GATEWAY, "event/ack").encode() + b" ", conn + b"\xff"]

    async def _gateway(self) -> None:
        async with aiomqtt.Client("127.0.0.1", self._broker.port) as client:
            await client.subscribe(topic("", GATEWAY, "command/down"))
            async with asyncio.TaskGroup() as group:
                group.create_task(self._publish(client))
                async for message in client.messages:
                    assert isinstance(message.payload, bytes)
                    self.take(f"{message.topic} ".encode() + message.payload)

    async def _publish(self, client: aiomqtt.Client) -> None:
        while True:
            name, _, message = (await self._outbox.get()).partition(b" ")
            await client.publish(name.decode(), message, retain=name.endswith(b"/state/conn"))


class MqttJsonRig(MqttRig):
    """The same in JSON."""

    marshaler = Marshaler.JSON


class SerialRig(Rig):
    """A modem on a serial line, pulled out and put in again under the same name."""

    scheme: str

    async def plug(self) -> None:
        if not hasattr(self, "port"):
            self._folder = tempfile.TemporaryDirectory(prefix="chargelink-modem-")
            self._name = Path(self._folder.name) / "tty"
        self._ends = pseudo_terminal()
        self._line = self._ends.__enter__()
        self._name.symlink_to(self._line.path)
        asyncio.get_running_loop().add_reader(self._line.near, self._readable)
        if not hasattr(self, "port"):
            self.port = ModemRadio(Address.parse(f"{self.scheme}:{self._name}?frequency={FREQUENCY}"), [GATEWAY])
            await self.port.open()

    async def unplug(self) -> None:
        asyncio.get_running_loop().remove_reader(self._line.near)
        self._name.unlink()
        self._ends.__exit__(None, None, None)

    async def cut(self) -> None:
        await self.unplug()
        await self.until(lambda: not self.port.reachable)

    async def end(self) -> None:
        await super().end()
        self._folder.cleanup()

    def put(self, data: bytes) -> None:
        with suppress(OSError):  # while nothing is plugged in
            os.write(self._line.near, data)

    def _readable(self) -> None:
        with suppress(OSError):
            self.take(os.read(self._line.near, 4096))


class RakRig(SerialRig):
    """A RUI3 modem."""

    scheme = "rak"
    new_station = partial(RakModem, NWM="0")

    def noise(self) -> list[bytes]:
        return [
            b"\xff\x00noise\r\n",
            b"+EVT:RXP2P:-1:2:zz\r\n+EVT:RXP2P:x:y:00\r\n+EVT:RXP2P:-1:2:\r\n+EVT:\r\nOK\r\nAT_BUSY_ERROR\r\n",
            b"+EVT:TXP2P DONE\r\n+EVT:RXP2P RECEIVE TIMEOUT\r\n",
            b"A" * 2_000 + b"\r\n",
        ]


class EbyteRig(SerialRig):
    """An EBYTE modem."""

    scheme = "ebyte"
    new_station = EbyteModem

    def noise(self) -> list[bytes]:
        return [b"\xff\x00noise", b"\xa5\x00\xa5\xff", b"\xa5\x02\xe0\x00\x00", bytes(600)]


RIGS: dict[str, type[Rig]] = {
    "gwmp": GwmpRig,
    "mqtt protobuf": MqttRig,
    "mqtt json": MqttJsonRig,
    "rak": RakRig,
    "ebyte": EbyteRig,
}
