"""A CAN interface by a raw socket, against a pair of sockets; `make test-socketcan` has a kernel with CAN."""

import asyncio
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from chargelink.can_frame import BusTrouble, pack_frame, troubles, unpack_frame
from chargelink.edge.ports.address import LinkError
from chargelink.edge.ports.can import CanFrame
from chargelink.edge.ports.socketcan import SocketCan, open_interface

PATIENCE = 10.0  # s
FRAME = CanFrame(0x181056F4, bytes.fromhex("A510D80E02"))


def report(identifier: str, data: str) -> bytes:
    """An error frame of the kernel, which always has 8 bytes of data."""
    return struct.pack("=IB3x8s", int(identifier, 16), 8, bytes.fromhex(data))


def test_an_interface_that_does_not_exist() -> None:
    with pytest.raises(LinkError):
        open_interface("nocan0")


@contextmanager
def pair() -> Iterator[tuple[SocketCan, socket.socket]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    ours.setblocking(False)
    bus = SocketCan(ours, "can0")
    with theirs:
        yield bus, theirs
        bus.close()


async def test_an_interface_takes_and_gives_frames() -> None:
    with pair() as (bus, kernel):
        assert bus.send([FRAME]) == 0
        assert kernel.recv(16) == struct.pack("=IB3x8s", 0x981056F4, 5, FRAME.data)
        kernel.send(struct.pack("=IB3x8s", 0x123, 1, b"\x01"))  # 11 bits
        kernel.send(struct.pack("=IB3x8s", 0xC0000001, 0, b""))  # remote
        reading = asyncio.create_task(bus.read())
        await asyncio.sleep(0)
        kernel.send(struct.pack("=IB3x8s", 0x981056F4, 5, FRAME.data))
        async with asyncio.timeout(PATIENCE):
            assert await reading == [FRAME]


async def test_an_interface_that_is_full_drops_what_it_cannot_take() -> None:
    with pair() as (bus, _):
        sent = 0
        while (left := bus.send([FRAME] * 100)) == 0:
            sent += 100
            assert sent < 1_000_000
        assert 0 < left <= 100


async def test_an_interface_that_is_gone() -> None:
    with pair() as (bus, _):
        bus.close()
        with pytest.raises(LinkError):
            await bus.read()
        with pytest.raises(LinkError):
            bus.send([FRAME])


@given(st.binary(min_size=14, max_size=18))
def test_any_bytes_of_the_kernel_are_a_frame_or_none(raw: bytes) -> None:
    frame = unpack_frame(raw)
    assert frame is None or (len(raw) == 16 and len(frame[1]) <= 8)


@given(st.integers(0, 0x1FFF_FFFF), st.binary(max_size=8))
def test_what_is_packed_is_unpacked(identifier: int, data: bytes) -> None:
    assert unpack_frame(pack_frame(identifier, data)) == (identifier | 0x8000_0000, data)
    assert unpack_frame(pack_frame(identifier & 0x7FF, data, extended=False)) == (identifier & 0x7FF, data)


REPORTS = [
    ("20000040", "00", [BusTrouble.BUS_OFF]),
    ("20000004", "0001", [BusTrouble.OVERFLOW]),
    ("20000004", "0030", [BusTrouble.PASSIVE]),
    ("20000004", "0040", [BusTrouble.RESTARTED]),
    ("200000A8", "0000", [BusTrouble.NOT_ACKNOWLEDGED, BusTrouble.PROTOCOL]),
    ("20000002", "00", []),  # a lost arbitration
    ("20000004", "", []),  # it says no more
]


@pytest.mark.parametrize(("identifier", "data", "reported"), REPORTS)
def test_error_frames(identifier: str, data: str, reported: list[BusTrouble]) -> None:
    assert troubles(int(identifier, 16), bytes.fromhex(data)) == reported


async def test_error_frames_are_said_once_and_are_no_frames() -> None:
    with pair() as (bus, kernel), capture_logs() as logs:
        for _ in range(20):
            kernel.send(report("20000004", "0030"))
        kernel.send(pack_frame(*FRAME))
        async with asyncio.timeout(PATIENCE):
            assert await bus.read() == [FRAME]
    assert [line["trouble"] for line in logs] == [BusTrouble.PASSIVE.value]


async def test_a_bus_that_is_off_is_gone_when_all_is_read() -> None:
    with pair() as (bus, kernel):
        kernel.send(pack_frame(*FRAME))
        kernel.send(report("20000040", "00"))
        async with asyncio.timeout(PATIENCE):
            assert await bus.read() == [FRAME]
            with pytest.raises(LinkError, match="bus-off"):
                await bus.read()


async def test_a_bus_that_is_never_silent_leaves_others_their_turn() -> None:
    class Babbling(socket.socket):
        def recv(self, *_: int) -> bytes:
            return struct.pack("=IB3x8s", 0x9826F456, 3, bytes(8))

    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    with Babbling() as raw:
        bus = SocketCan(raw, "can0")
        for _ in range(10):
            assert await bus.read()
    task.cancel()
    assert turns >= 10
