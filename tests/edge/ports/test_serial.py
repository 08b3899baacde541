"""A serial port on a pseudo-terminal."""

import asyncio
import os
from collections.abc import Iterator

import pytest
from tests.edge.ports.pseudo_terminal import PseudoTerminal, pseudo_terminal

from chargelink.edge.ports.address import Address, AddressError, LinkError
from chargelink.edge.ports.serial import SerialPort, parity_of

PATIENCE = 10.0  # s, for what takes milliseconds


@pytest.fixture
def line() -> Iterator[PseudoTerminal]:
    with pseudo_terminal() as found:
        yield found


def opened(line: PseudoTerminal, options: str = "") -> SerialPort:
    return SerialPort(Address.parse(f"serial:{line.path}{options}"))


async def test_bytes_go_both_ways(line: PseudoTerminal) -> None:
    port = opened(line)
    everything = bytes(range(256))
    port.write(everything)
    heard = b""
    while len(heard) < 256:
        heard += os.read(line.near, 4096)
    assert heard == everything
    os.write(line.near, everything)
    heard = b""
    async with asyncio.timeout(PATIENCE):
        while len(heard) < 256:
            heard += await port.read()
    assert heard == everything
    port.write(b"")
    port.close()
    port.close()


async def test_a_read_that_was_cancelled_loses_nothing(line: PseudoTerminal) -> None:
    port = opened(line)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await port.read()
    os.write(line.near, b"\x68")
    async with asyncio.timeout(PATIENCE):
        assert await port.read() == b"\x68"
    port.close()


async def test_even_parity_can_be_asked_for_again_and_again(line: PseudoTerminal) -> None:
    """A pseudo-terminal forgets parity and then refuses to be opened with it."""
    for _ in range(3):
        opened(line, "?baud=9600&parity=E").close()


async def test_parity_is_meant_elsewhere() -> None:
    assert parity_of("/dev/null", "E") == "E"
    assert parity_of("/nowhere/at/all", "O") == "O"


async def test_a_line_has_one_user(line: PseudoTerminal) -> None:
    port = opened(line)
    with pytest.raises(LinkError):
        opened(line)
    port.close()
    opened(line).close()


async def test_a_line_that_is_not_there() -> None:
    with pytest.raises(LinkError, match="/dev/nowhere"):
        SerialPort(Address.parse("serial:/dev/nowhere"))


async def test_a_line_that_is_pulled_out(line: PseudoTerminal) -> None:
    port = opened(line)
    line.hang_up()
    with pytest.raises(LinkError):
        async with asyncio.timeout(PATIENCE):
            await port.read()
    with pytest.raises(LinkError):
        port.write(b"\x68")
    port.close()


def fill(port: SerialPort) -> None:
    """More than any buffer holds, and nobody reads."""
    for _ in range(1000):
        port.write(bytes(1000))


async def test_a_line_that_takes_no_more(line: PseudoTerminal) -> None:
    port = opened(line)
    with pytest.raises(LinkError):
        fill(port)
    port.close()


@pytest.mark.parametrize("options", ["?baud=1", "?parity=X", "?stop=3", "?rs485=2", "?speed=9600"])
async def test_options_that_are_none(line: PseudoTerminal, options: str) -> None:
    with pytest.raises(AddressError):
        opened(line, options)


async def test_a_transceiver_that_the_kernel_cannot_turn(line: PseudoTerminal) -> None:
    with pytest.raises(LinkError):
        opened(line, "?rs485=1")
