"""A simulator on a CAN interface, against a pair of sockets; `make test-socketcan` has a kernel with CAN."""

import asyncio
import socket
import struct
from collections.abc import Iterator

import pytest

from chargelink.can_frame import pack_frame, unpack_frame
from chargelink.cli.command import CommandError
from chargelink.sim.can_client import LinkError, interface, joined
from chargelink.sim.can_interface import InterfaceClient
from chargelink.sim.socketcand import CanFrame

PATIENCE = 10.0  # s
CHM = CanFrame(0x1826F456, b"\x01\x01\x00")
STANDARD = CanFrame(0x7FF, b"", extended=False)


@pytest.fixture
def kernel() -> Iterator[tuple[InterfaceClient, socket.socket]]:
    """A client and what stands in for the kernel."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    ours.setblocking(False)
    with ours, theirs:
        yield InterfaceClient(ours, "can0"), theirs


async def test_data_frames_of_both_kinds_come_and_others_do_not(kernel: tuple[InterfaceClient, socket.socket]) -> None:
    client, bus = kernel
    bus.send(struct.pack("=IB3x8s", 0xC0000001, 0, b""))  # remote
    bus.send(struct.pack("=IB3x8s", 0x20000040, 8, b""))  # an error
    for frame in (CHM, STANDARD):
        bus.send(pack_frame(*frame))
    async with asyncio.timeout(PATIENCE):
        assert await client.receive() == [CHM, STANDARD]


async def test_sending_waits_for_an_interface_that_is_full(kernel: tuple[InterfaceClient, socket.socket]) -> None:
    client, bus = kernel
    frames = [CanFrame(CHM.identifier, struct.pack("<H", number)) for number in range(2000)]
    sending = asyncio.create_task(client.send(frames))
    bus.setblocking(False)
    heard: list[tuple[int, bytes] | None] = []
    async with asyncio.timeout(PATIENCE):
        while len(heard) < len(frames):
            heard.append(unpack_frame(await asyncio.get_running_loop().sock_recv(bus, 16)))
        await sending
    assert heard == [(frame.identifier | 0x8000_0000, frame.data) for frame in frames]


async def test_an_interface_that_goes_away_is_said(kernel: tuple[InterfaceClient, socket.socket]) -> None:
    client, bus = kernel
    bus.close()
    with pytest.raises(LinkError, match="can0: "):
        await client.send([CHM])


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("can0", "can0"),
        ("socketcan:vcan1", "vcan1"),
        ("", ""),
        ("socketcan:", ""),
        ("can0/1", ""),
        ("can 0", ""),
        ("a-name-that-is-too-long", ""),
        ("socketcand://127.0.0.1:1/can0", ""),
        ("http://a:1/b", ""),
    ],
)
def test_what_is_an_interface(address: str, name: str) -> None:
    assert interface(address) == name


async def test_an_interface_that_is_not_there_is_named() -> None:
    with pytest.raises(CommandError, match="no CAN interface nocan0: "):
        async with joined("nocan0"):
            pass
