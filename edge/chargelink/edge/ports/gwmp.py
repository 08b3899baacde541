"""LoRa packet forwarders over UDP: `gwmp://127.0.0.1:1700`, or `gwmp://10.0.0.1:1700?from=10.0.0.2,10.0.0.3`.

Only the gateways of the configuration are heard, each only from the hosts in `from`. On loopback that is loopback
itself; anywhere else the option must be given, since GWMP proves nobody's identity.
"""

import asyncio
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any, cast

from chargelink.edge.ports.address import Address, AddressError, LinkError
from chargelink.lora_radio.packets import TransmitPacket
from chargelink.lora_radio.server import Server, ServerEvent, UnreachableError

STANDARD_PORT = 1700
MOST_WAITING = 512  # datagrams; more than these come only from somebody who floods us

_Arrived = tuple[bytes, tuple[str, int]]


class GwmpPort(asyncio.DatagramProtocol):
    """The server's end. Needs a running loop; `open` it before anything else."""

    def __init__(self, address: Address, gateways: Sequence[bytes]) -> None:
        """`gateways` are EUIs, 8 bytes each. Raises AddressError for an address that cannot be meant."""
        address.only("from")
        self._host = address.host
        self._port = address.port if ":" in address.text.removeprefix("gwmp://") else STANDARD_PORT
        self._server = Server({gateway: _sources(address) for gateway in gateways})
        self._arrived: asyncio.Queue[_Arrived | None] = asyncio.Queue(MOST_WAITING)
        self._transport: asyncio.DatagramTransport | None = None
        self.dropped = 0

    @property
    def reachable(self) -> frozenset[bytes]:
        """Gateways through which a packet can be sent."""
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

    def close(self) -> None:
        """Listen no more."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def transmit(self, gateway: bytes, packet: TransmitPacket) -> None:
        """Have a packet sent. Raises LinkError when the gateway has opened no way back."""
        try:
            self._server.transmit(gateway, packet, self._now())
        except UnreachableError as error:
            raise LinkError(str(error)) from error
        self._flush()

    async def read(self) -> list[ServerEvent]:
        """What came in; waits for the next datagram, or for `wake`."""
        arrived = [await self._arrived.get()]
        while not self._arrived.empty():
            arrived.append(self._arrived.get_nowait())
        events = [event for one in arrived if one is not None for event in self._server.receive(*one, self._now())]
        self._flush()
        return [*events, *self.tick()]

    def tick(self) -> list[ServerEvent]:
        """Let time pass: gateways that went away, packets of which nobody says whether they were sent."""
        return self._server.tick(self._now())

    def wake(self) -> None:
        """Let `read` return: something is to be sent."""
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
