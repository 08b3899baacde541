"""Modbus over real loopback TCP and over a pseudo-terminal, against a device of our own."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from tests.edge.ports.pseudo_terminal import PseudoTerminal, pseudo_terminal

from chargelink.edge.ports.address import Address, LinkError
from chargelink.edge.ports.modbus import ANSWERS_WITHIN, ModbusPort, RefusedError
from chargelink.io_board.registers import Space
from chargelink.sim.modbus_slave import Conversation, answer

UNIT = 1


class Words:
    """A device with eight points in every space."""

    def __init__(self) -> None:
        self.held = {space: [0] * 8 for space in Space}

    def read(self, space: Space, address: int, count: int, now: float) -> list[int]:
        if address + count > 8:
            raise LookupError
        return self.held[space][address : address + count]

    def write(self, space: Space, address: int, words: list[int], now: float) -> None:
        self.held[space][address : address + len(words)] = words


def checksum(data: bytes) -> bytes:
    """CRC-16 (Modbus over Serial Line V1.02, 6.2.2)."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return value.to_bytes(2, "little")


def serve_serial(line: PseudoTerminal, words: Words) -> Callable[[], bool]:
    """Answer on a serial line; what is returned ends that. Requests come in one piece on a pseudo-terminal."""
    loop = asyncio.get_running_loop()

    def read() -> None:
        request = os.read(line.near, 4096)
        assert checksum(request[:-2]) == request[-2:]
        if request[0] == UNIT:
            reply = request[:1] + answer(words, request[1:-2], loop.time())
            os.write(line.near, reply + checksum(reply))

    loop.add_reader(line.near, read)
    return lambda: loop.remove_reader(line.near)


@asynccontextmanager
async def tcp(words: Words) -> AsyncIterator[str]:
    conversations = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversations.add(asyncio.current_task())
        conversation = Conversation(words, UNIT)
        while data := await reader.read(4096):
            writer.write(conversation.receive(data, 0.0))
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    async with server:
        yield f"modbus-tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await asyncio.gather(*(task for task in conversations if task))  # the masters have hung up


@asynccontextmanager
async def rtu(words: Words) -> AsyncIterator[str]:
    with pseudo_terminal() as line:
        end = serve_serial(line, words)
        yield f"modbus-rtu:{line.path}?baud=115200&parity=E"
        end()


Served = Callable[[Words], AbstractAsyncContextManager[str]]


@pytest.mark.parametrize("served", [tcp, rtu])
async def test_every_space(served: Served) -> None:
    words = Words()
    words.held[Space.DISCRETE_INPUT] = [1, 0, 1, 1, 0, 0, 0, 1]
    words.held[Space.INPUT_REGISTER] = [4000, 6, 16784, 0, 0, 0, 0xFFFF, 0xFFFF]
    async with served(words) as address:
        port = ModbusPort(Address.parse(address))
        await port.open()
        assert await port.read(Space.DISCRETE_INPUT, 0, 8) == [1, 0, 1, 1, 0, 0, 0, 1]
        assert await port.read(Space.INPUT_REGISTER, 0, 8) == [4000, 6, 16784, 0, 0, 0, 0xFFFF, 0xFFFF]
        await port.write(Space.COIL, 0, [1, 0, 1])
        await port.write(Space.HOLDING_REGISTER, 2, [500, 0xFFFF])
        assert await port.read(Space.COIL, 0, 4) == [1, 0, 1, 0]
        assert await port.read(Space.HOLDING_REGISTER, 0, 5) == [0, 0, 500, 0xFFFF, 0]
        with pytest.raises(RefusedError) as refused:
            await port.read(Space.COIL, 0, 9)
        assert refused.value.code == 2
        port.close()
        port.close()


@pytest.mark.parametrize("served", [tcp, rtu])
async def test_a_device_that_is_silent(served: Served) -> None:
    async with served(Words()) as address:
        port = ModbusPort(Address.parse(f"{address}{'&' if '?' in address else '?'}unit=2"))
        await port.open()
        with pytest.raises(LinkError):
            await port.read(Space.COIL, 0, 1)
        port.close()


@pytest.mark.parametrize("address", ["modbus-tcp://127.0.0.1:1", "modbus-rtu:/dev/nowhere"])
async def test_nobody_is_there(address: str) -> None:
    port = ModbusPort(Address.parse(address))
    with pytest.raises(LinkError):
        await port.open()
    port.close()


async def test_before_it_is_open() -> None:
    with pytest.raises(LinkError):
        await ModbusPort(Address.parse("modbus-tcp://127.0.0.1:1")).read(Space.COIL, 0, 1)


async def test_a_late_answer_is_not_taken_for_the_next_one() -> None:
    words = Words()
    words.held[Space.HOLDING_REGISTER] = [*range(10, 18)]
    loop = asyncio.get_running_loop()
    late = True
    ended = asyncio.Event()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal late
        conversation = Conversation(words, UNIT)
        while data := await reader.read(4096):
            reply = conversation.receive(data, 0.0)
            loop.call_later(ANSWERS_WITHIN * 1.5 if late else 0, writer.write, reply)
            late = False
        writer.close()
        await writer.wait_closed()
        ended.set()

    async with await asyncio.start_server(converse, "127.0.0.1", 0) as server:
        port = ModbusPort(Address.parse(f"modbus-tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
        await port.open()
        until = loop.time() + ANSWERS_WITHIN * 4
        while loop.time() < until:  # the late answer comes somewhere in here
            for place in range(8):
                assert await port.read(Space.HOLDING_REGISTER, place, 1) == [10 + place]
        port.close()
        await ended.wait()
