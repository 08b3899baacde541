"""The port of packet forwarders over real UDP on loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from chargelink.edge.ports.address import Address, AddressError, LinkError
from chargelink.edge.ports.gwmp import GwmpPort
from chargelink.edge.ports.radio import MOST_WAITING
from chargelink.lora_radio.gateway import Gateway, TransmitRequested
from chargelink.lora_radio.packets import ReceivedPacket
from chargelink.lora_radio.radio import GatewayReachable, PacketReceived, Refused, Transmission

OURS, OTHER = bytes.fromhex("a84041ffff1e2d3c"), bytes(8)
PATIENCE = 10.0  # s, for what takes milliseconds
LOOPBACK = "gwmp://127.0.0.1:0"


@pytest.fixture
async def port() -> AsyncIterator[GwmpPort]:
    port = GwmpPort(Address.parse(LOOPBACK), [OURS])
    await port.open()
    yield port
    await port.close()


def forwarder(port: GwmpPort) -> socket.socket:
    wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    wire.settimeout(PATIENCE)
    host, number = port.bound.split(":")
    wire.connect((host, int(number)))
    return wire


async def test_packets_come_and_go(port: GwmpPort) -> None:
    gateway = Gateway(OURS, 0.0)
    gateway.push((ReceivedPacket(frequency_hz=470_300_000, crc=1, payload=b"\xe0up"),), 0.0)
    with forwarder(port) as wire:
        for datagram in gateway.data_to_send():
            wire.send(datagram)
        async with asyncio.timeout(PATIENCE):
            events = await port.read()
            while len(events) < 2:
                events += await port.read()
        assert [type(event) for event in events] == [GatewayReachable, PacketReceived]
        assert port.reachable == {OURS}
        port.transmit(OURS, Transmission(b"\xe0down", 470_300_000, 8, 14))
        asked = [event for _ in range(3) for event in gateway.receive(wire.recv(4096), 0.1)]
        (request,) = [event for event in asked if isinstance(event, TransmitRequested)]
        assert request.packet.payload == b"\xe0down"


async def test_gateways_of_others_are_refused(port: GwmpPort) -> None:
    with forwarder(port) as wire:
        for datagram in (*Gateway(OTHER, 0.0).data_to_send(), b"noise"):
            wire.send(datagram)
        async with asyncio.timeout(PATIENCE):
            events = await port.read()
            while len(events) < 2:
                events += await port.read()
    assert all(isinstance(event, Refused) for event in events)
    assert port.reachable == frozenset()
    with pytest.raises(LinkError):
        port.transmit(OTHER, Transmission(b"x", 470_300_000, 8, 14))


async def test_a_flood_is_dropped_not_kept(port: GwmpPort) -> None:
    for _ in range(2 * MOST_WAITING):
        port.datagram_received(b"flood", ("127.0.0.1", 1))
    assert port.dropped == MOST_WAITING
    assert len(await port.read()) == MOST_WAITING
    port.wake()
    async with asyncio.timeout(PATIENCE):
        assert await port.read() == []


async def test_a_port_that_is_taken(port: GwmpPort) -> None:
    with pytest.raises(LinkError):
        await GwmpPort(Address.parse(f"gwmp://{port.bound}"), [OURS]).open()


@pytest.mark.parametrize(
    "text",
    [
        "gwmp://10.0.0.1:1700",
        "gwmp://10.0.0.1:1700?from=gateway",
        "gwmp://127.0.0.1:1700?to=1",
        "gwmp://localhost:1700",
    ],
)
def test_addresses_that_let_anybody_in_are_refused(text: str) -> None:
    with pytest.raises(AddressError):
        GwmpPort(Address.parse(text), [OURS])
