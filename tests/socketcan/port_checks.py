"""The edge's CAN port on a kernel's CAN: frames, filters, bursts, errors, an interface that goes away."""

import asyncio
import contextlib
import select
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing

import can
import can.interfaces.socketcan  # or it would not be in the machine
from tests.socketcan import interface

from chargelink.can_frame import ERROR, REMOTE, pack_frame
from chargelink.edge.ports.address import LinkError
from chargelink.edge.ports.can import CanBus, CanFrame
from chargelink.edge.ports.socketcan import open_interface

PATIENCE = 20.0  # s
CHM = CanFrame(0x1826F456, b"\x01\x01\x00")
BHM = CanFrame(0x182756F4, b"\x68\x10")
FULL_SECOND = 1_900  # frames
TOO_MANY = 20_000


def raw_socket(name: str) -> socket.socket:
    raw = socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW)
    raw.bind((name,))
    return raw


@asynccontextmanager
async def running(name: str, hear: Callable[[CanFrame], None]) -> AsyncIterator[CanBus]:
    bus = CanBus(f"socketcan:{name}", hear)
    task = asyncio.create_task(bus.run())
    try:
        await until(lambda: bus.connected)
        yield bus
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(so: Callable[[], bool]) -> float:
    """Wait; how long it took in s."""
    began = time.monotonic()
    async with asyncio.timeout(PATIENCE):
        while not so():  # noqa: ASYNC110 - the state of another is looked at
            await asyncio.sleep(0.005)
    return time.monotonic() - began


async def port_to_port(name: str) -> str:
    """Two ports of ours: frames in order, and none back to its sender."""
    heard: list[CanFrame] = []
    echoed: list[CanFrame] = []
    frames = [CanFrame(CHM.identifier, struct.pack("<H", number)) for number in range(200)]
    async with running(name, echoed.append) as one, running(name, heard.append):
        one.send(frames)
        await until(lambda: len(heard) >= len(frames))
    assert (heard, echoed, one.dropped) == (frames, [], 0)
    return f"{len(frames)} frames in order, none echoed"


async def port_filters(name: str) -> str:
    """Neither 11 bits nor remote frames wake it up."""
    port = open_interface(name)
    with raw_socket(name) as other, closing(port):
        other.send(pack_frame(0x123, b"\x01", extended=False))
        other.send(pack_frame(CHM.identifier | REMOTE, b""))
        assert select.select([port], [], [], 0) == ([], [], [])
        other.send(pack_frame(*BHM))
        assert select.select([port], [], [], PATIENCE)[0]
        assert await port.read() == [BHM]
    return "11 bits and remote requests stay in the kernel"


async def port_holds_a_full_second(name: str) -> str:
    """Nothing is lost of what comes while the process is kept from reading; what is too much is counted."""
    port = open_interface(name)
    with raw_socket(name) as other:
        for number in range(FULL_SECOND):
            other.send(pack_frame(CHM.identifier, struct.pack("<I", number)))
        busy, wall, read = time.process_time(), time.monotonic(), list[CanFrame]()
        while len(read) < FULL_SECOND:
            async with asyncio.timeout(PATIENCE):
                read += await port.read()
        busy, wall = time.process_time() - busy, time.monotonic() - wall
        assert [struct.unpack("<I", frame.data)[0] for frame in read] == [*range(FULL_SECOND)]
        assert port.lost == 0
        for _ in range(TOO_MANY):
            other.send(pack_frame(*CHM))
        got = 0
        with contextlib.suppress(TimeoutError):
            while True:
                async with asyncio.timeout(0.5):
                    got += len(await port.read())
    port.close()
    assert 0 < got < TOO_MANY
    assert port.lost == TOO_MANY - got
    per_frame = busy / FULL_SECOND * 1e6
    return (
        f"a burst of {FULL_SECOND} read in {wall * 1000:.0f} ms, {per_frame:.0f} us a frame here;"
        f" of {TOO_MANY} it held {got} and counted {port.lost} as lost"
    )


async def port_bus_off(name: str) -> str:
    """An error frame that says bus-off: the bus is gone, and opened again."""
    heard: list[CanFrame] = []
    with raw_socket(name) as other:
        async with running(name, heard.append) as bus:
            other.send(pack_frame(ERROR | 0x04, b"\0\x30" + bytes(6), extended=False))  # error-passive
            other.send(pack_frame(*BHM))
            await until(lambda: heard == [BHM])
            assert bus.connected
            other.send(pack_frame(ERROR | 0x40, bytes(8), extended=False))
            await until(lambda: not bus.connected)
            took = await until(lambda: bus.connected)
            other.send(pack_frame(*CHM))
            await until(lambda: heard == [BHM, CHM])
    return f"error-passive is borne, bus-off closes; open again after {took:.2f} s"


async def port_interface_down(name: str) -> str:
    """Set down and up, taken away and put back: gone each time, with what to do, and open again by itself."""
    heard: list[CanFrame] = []
    changes: tuple[tuple[Callable[[], None], Callable[[], None]], ...] = (
        (lambda: interface.set_up(name, up=False), lambda: None),
        (lambda: interface.remove(name), lambda: interface.add(name)),
    )
    async with running(name, heard.append) as bus:
        took = []
        for off, on in changes:
            off()
            await until(lambda: not bus.connected)
            bus.send([CHM])
            why = refusal(name)
            on()
            interface.set_up(name, up=True)
            took.append(await until(lambda: bus.connected))
            with raw_socket(name) as other:
                other.send(pack_frame(*BHM))
                await until(lambda: bool(heard))
            heard.clear()
            assert "is down: ip link set" in why or "No such device" in why
    assert bus.dropped == 2
    return f"open again {took[0]:.2f} s after it was up, {took[1]:.2f} s after it was back; last said: {why}"


def refusal(name: str) -> str:
    try:
        open_interface(name).close()
    except LinkError as error:
        return str(error)
    return ""


async def port_and_python_can(name: str) -> str:
    """A bus of python-can at the other end, both ways."""
    heard: list[CanFrame] = []
    with can.Bus(interface="socketcan", channel=name) as other:
        async with running(name, heard.append) as bus:
            other.send(can.Message(arbitration_id=BHM.identifier, data=BHM.data))
            other.send(can.Message(arbitration_id=0x7FF, is_extended_id=False))
            other.send(can.Message(arbitration_id=CHM.identifier, data=bytes(8)))
            await until(lambda: len(heard) == 2)
            assert heard == [BHM, CanFrame(CHM.identifier, bytes(8))]
            bus.send([CHM])
            message = await asyncio.to_thread(other.recv, PATIENCE)
    assert message is not None
    assert (message.arbitration_id, bytes(message.data), message.is_extended_id) == (*CHM, True)
    return "its bus hears us and we hear it"


CHECKS = (
    port_to_port,
    port_filters,
    port_holds_a_full_second,
    port_bus_off,
    port_interface_down,
    port_and_python_can,
)
