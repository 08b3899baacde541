"""LoRa packet forwarders over UDP: `gwmp://127.0.0.1:1700`, or `gwmp://10.0.0.1:1700?from=10.0.0.2,10.0.0.3`.

Only the gateways of the configuration are heard, each only from the hosts in `from`. On loopback that is loopback
itself; anywhere else the option must be given, since GWMP proves nobody's identity.
"""

import asyncio
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any, cast

from chargelink.edge.ports.address import Address, AddressError, LinkError
from chargelink.edge.ports.radio import MOST_WAITING, RadioPort
from chargelink.lora_radio.radio import Capabilities, RadioEvent, Transmission, UnreachableError
from chargelink.lora_radio.server import Server, as_packet

STANDARD_PORT = 1700
CAPABILITIES = Capabilities(
    listens=False, timed=True, any_iq=True
)  # whether a concentrator listens first is its own configuration

_Arrived = tuple[bytes, tuple[str, int]]


class GwmpPort(RadioPort, asyncio.DatagramProtocol):
    """The server's end."""

    def __init__(self, address: Address, gateways: Sequence[bytes]) -> None:
        """`gateways` are EUIs, 8 bytes each. Raises AddressError for an address that cannot be meant."""
        super().__init__(CAPABILITIES)
        address.only("from")
        self._host = address.host
        self._port = address.port if ":" in address.text.removeprefix("gwmp://") else STANDARD_PORT
        self._server = Server({gateway: _sources(address) for gateway in gateways})
        self._arrived: asyncio.Queue[_Arrived | None] = asyncio.Queue(MOST_WAITING)
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def reachable(self) -> frozenset[bytes]:
        return self._server.reachable

    @property
    def bound(self) -> str:
        """Where it listens: host:port."""
        assert self._transport is not None, "the port is not open"
        host, port = self._transport.get_extra_info("sockname")[:2]
        return f"{host}:{port}"

    async def open(self) -> None:
        """Raises LinkError when the address is taken or not ours."""
        loop = asyncio.get_running_loop()
        try:
            await loop.create_datagram_endpoint(lambda: self, (self._host, self._port))
        except OSError as error:
            raise LinkError(f"gwmp://{self._host}:{self._port}: {error.strerror}") from error

    async def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def _transmit(self, gateway: bytes, transmission: Transmission) -> int:
        try:
            token = self._server.transmit(gateway, as_packet(transmission), self._now())
        except UnreachableError as error:
            raise LinkError(str(error)) from error
        self._flush()
        return token

    async def _read(self) -> list[RadioEvent]:
        arrived = [await self._arrived.get()]
        while not self._arrived.empty():
            arrived.append(self._arrived.get_nowait())
        events = [event for one in arrived if one is not None for event in self._server.receive(*one, self._now())]
        self._flush()
        return [*events, *self._tick()]

    def _tick(self) -> list[RadioEvent]:
        return self._server.tick(self._now())

    def wake(self) -> None:
        if self._arrived.empty():
            self._arrived.put_nowait(None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)  # the loop's own is none by its class

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if self._arrived.full():
            self.dropped += 1
        else:
            self._arrived.put_nowait((data, addr[:2]))

    def error_received(self, exc: Exception) -> None:
        """A gateway that is not there any more; it will be missed in time."""

    def _flush(self) -> None:
        for datagram, destination in self._server.data_to_send():
            if self._transport is not None:
                self._transport.sendto(datagram, destination)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _sources(address: Address) -> frozenset[str]:
    """The hosts that gateways may send from. Raises AddressError."""
    given = address.options.get("from")
    try:
        if given is not None:
            return frozenset(str(ip_address(host)) for host in given.split(","))
        if ip_address(address.host).is_loopback:
            return frozenset({address.host})
    except ValueError as error:
        raise AddressError(f"{address.text!r}: {error}") from None
    raise AddressError(f"{address.text!r}: name the hosts of the gateways, as in ?from=10.0.0.2")
