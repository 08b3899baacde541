"""A Modbus device over TCP or a serial line. Every exchange is bounded.

What is not answered is asked again, twice at most: it says where things shall stand, so that once or twice is the same.

modbus-tcp://127.0.0.1:502?unit=1
modbus-rtu:/dev/ttyS2?baud=9600&parity=N&stop=1&unit=1
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from pymodbus import ModbusException
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.pdu import ModbusPDU

from chargelink.edge.ports.address import Address, AddressError, LinkError
from chargelink.edge.ports.serial import parity_of
from chargelink.io_board.registers import Space
from chargelink.wire import ChargelinkError

ANSWERS_WITHIN = 0.1  # s, beside the time that the bytes take on a serial line
CONNECTS_WITHIN = 2.0  # s
RETRIES = 2
LONGEST_EXCHANGE = 100  # bytes, both ways, of what is asked here
BITS = 11  # a character at most
STANDARD_PORT = 502

Result = TypeVar("Result")


class RefusedError(ChargelinkError):
    """The device answered that it will not: `code` as in MODBUS Application Protocol V1.1b3, 7."""

    def __init__(self, name: str, code: int) -> None:
        super().__init__(f"{name}: the device refuses (exception {code})")
        self.code = code


class ModbusPort:
    """A connection to one device. Needs a running loop; one exchange at a time."""

    def __init__(self, address: Address) -> None:
        """Raises AddressError for an address that cannot be meant. Nothing is opened yet."""
        self._name = address.text
        self._unit = address.number("unit", 1, 1, 247)
        self._client = _client(address)
        # It tells every silence at length; who calls knows, from the LinkError.
        logging.getLogger("pymodbus").setLevel(logging.CRITICAL)

    async def open(self) -> None:
        """Raises LinkError when nobody is there."""
        try:
            async with asyncio.timeout(CONNECTS_WITHIN):
                connected = await _cancellable(self._client.connect())
        except (TimeoutError, OSError, ModbusException) as error:
            raise LinkError(f"{self._name}: {error}") from error
        if not connected:
            raise LinkError(f"{self._name}: nobody is there")

    async def read(self, space: Space, address: int, count: int) -> list[int]:
        """`count` bits or words. Raises LinkError without an answer, RefusedError for one that says no."""
        ask = {
            Space.COIL: self._client.read_coils,
            Space.DISCRETE_INPUT: self._client.read_discrete_inputs,
            Space.INPUT_REGISTER: self._client.read_input_registers,
            Space.HOLDING_REGISTER: self._client.read_holding_registers,
        }[space]
        answer = await self._exchange(lambda: ask(address, count=count, device_id=self._unit))
        values = [int(bit) for bit in answer.bits] if space.is_bits else [*answer.registers]
        if len(values) < count:
            raise LinkError(f"{self._name}: {len(values)} of {count} values came back")
        return values[:count]  # bits come in whole bytes

    async def write(self, space: Space, address: int, words: Sequence[int]) -> None:
        """Set coils or holding registers in one request. Raises LinkError, RefusedError.

        If it is cancelled or raises LinkError the request may have been obeyed or not.
        """
        client, unit = self._client, self._unit
        if space is Space.COIL:
            await self._exchange(lambda: client.write_coils(address, [bool(word) for word in words], device_id=unit))
        else:
            await self._exchange(lambda: client.write_registers(address, [*words], device_id=unit))

    def close(self) -> None:
        """Once or more often."""
        self._client.close()

    async def _exchange(self, ask: Callable[[], Awaitable[ModbusPDU]]) -> ModbusPDU:
        try:
            answer = await _cancellable(ask())
        except (OSError, ModbusException) as error:
            raise LinkError(f"{self._name}: {error}") from error
        if answer.isError():
            raise RefusedError(self._name, answer.exception_code)
        return answer


async def _cancellable(awaitable: Awaitable[Result]) -> Result:
    """Await what pymodbus does. Its `asyncio.wait_for` forgets, up to Python 3.11, a cancellation that comes together
    with the answer; then this task would never end."""
    task = asyncio.current_task()
    assert task
    before = task.cancelling()
    try:
        return await awaitable
    finally:
        if task.cancelling() > before:
            raise asyncio.CancelledError


def _client(address: Address) -> AsyncModbusTcpClient | AsyncModbusSerialClient:
    """The client that an address means. Raises AddressError."""
    if address.scheme == "modbus-tcp" and address.host:
        address.only("unit")
        port = address.port or STANDARD_PORT
        return AsyncModbusTcpClient(
            address.host, port=port, timeout=ANSWERS_WITHIN, retries=RETRIES, reconnect_delay=0, name=address.text
        )
    if address.scheme == "modbus-rtu" and address.path:
        address.only("unit", "baud", "parity", "stop")
        baud = address.number("baud", 9600, 300, 4_000_000)
        return AsyncModbusSerialClient(
            address.path,
            baudrate=baud,
            parity=parity_of(address.path, address.choice("parity", "NEO")),
            stopbits=address.number("stop", 1, 1, 2),
            timeout=ANSWERS_WITHIN + LONGEST_EXCHANGE * BITS / baud,
            retries=RETRIES,
            reconnect_delay=0,
            name=address.text,
        )
    raise AddressError(f"{address.text!r} is no modbus-tcp://HOST:PORT and no modbus-rtu:/dev/DEVICE")
