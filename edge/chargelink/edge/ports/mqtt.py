"""Gateways of ChirpStack by MQTT: `mqtt://127.0.0.1:1883`, `mqtt://127.0.0.1:1883/cn470_10?marshaler=json`.

The path is the topics' prefix, where ChirpStack has one for its region. The broker decides who may speak for a gateway;
only one of this machine is spoken to, since the way to it is neither sealed nor signed. Let it bridge to one elsewhere.
"""

import asyncio
from collections.abc import Sequence
from ipaddress import ip_address

import aiomqtt

from chargelink.edge.ports.address import Address, AddressError, LinkError
from chargelink.edge.ports.radio import MOST_WAITING, QueuedRadio
from chargelink.lora_radio.chirpstack import Marshaler, Publication, Server
from chargelink.lora_radio.radio import Capabilities, RadioEvent, Transmission, UnreachableError

STANDARD_PORT = 1883
AGAIN_AFTER = 1.0  # s
KEEPALIVE = 20  # s
CAPABILITIES = Capabilities(listens=False, timed=False, any_iq=True)


class MqttRadio(QueuedRadio):
    """A client of the broker, connected again whenever it was cut off."""

    def __init__(self, address: Address, gateways: Sequence[bytes]) -> None:
        """`gateways` are EUIs, 8 bytes each. Raises AddressError for an address that cannot be meant."""
        super().__init__(CAPABILITIES)
        address.only("marshaler")
        try:
            if not ip_address(address.host).is_loopback:
                raise AddressError(f"{address.text!r}: a broker of this machine, as in mqtt://127.0.0.1:1883")
            marshaler = Marshaler(address.options.get("marshaler", "protobuf"))
        except ValueError as error:
            raise AddressError(f"{address.text!r}: {error}") from None
        self._host, self._port = address.host, address.port or STANDARD_PORT
        self._server = Server(gateways, marshaler, address.path.strip("/"))
        self._asked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def reachable(self) -> frozenset[bytes]:
        return self._server.reachable

    async def open(self) -> None:
        self._task = asyncio.create_task(self._run(), name="gateways by MQTT")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _transmit(self, gateway: bytes, transmission: Transmission) -> int:
        try:
            token = self._server.transmit(gateway, transmission, self._now())
        except UnreachableError as error:
            raise LinkError(str(error)) from error
        self._asked.set()
        return token

    def _tick(self) -> list[RadioEvent]:
        return self._server.tick(self._now())

    async def _run(self) -> None:
        while True:
            try:
                await self._converse()
            except* aiomqtt.MqttError:
                self._tell(self._server.disconnected())
            await asyncio.sleep(AGAIN_AFTER)

    async def _converse(self) -> None:
        client = aiomqtt.Client(self._host, self._port, keepalive=KEEPALIVE, max_queued_incoming_messages=MOST_WAITING)
        async with client:
            await client.subscribe([(topic, 0) for topic in self._server.subscriptions])
            async with asyncio.TaskGroup() as group:
                group.create_task(self._publish(client))
                async for message in client.messages:
                    payload = message.payload if isinstance(message.payload, bytes) else b""
                    self._tell(self._server.receive(Publication(message.topic.value, payload), self._now()))

    async def _publish(self, client: aiomqtt.Client) -> None:
        while True:
            self._asked.clear()
            for topic, payload in self._server.data_to_send():
                await client.publish(topic, payload)
            try:
                async with asyncio.timeout_at(self._server.deadline):
                    await self._asked.wait()
            except TimeoutError:
                self._tell(self._tick())

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
