"""Modems on a serial line, each on one channel.

    rak:/dev/ttyUSB0?frequency=470300000       RAKwireless, RUI3
    ebyte:/dev/ttyUSB0?frequency=471125000     EBYTE E22-400T22

`frequency` in Hz, `power` in dBm (17 if it is left out). A line that is gone is opened again.
"""

import asyncio
from collections.abc import Sequence
from typing import NoReturn, Protocol

from chargelink.edge.ports.address import Address, AddressError, LinkError
from chargelink.edge.ports.radio import QueuedRadio
from chargelink.edge.ports.serial import SerialPort
from chargelink.lora_radio import ebyte, rak
from chargelink.lora_radio.airtime import CN470
from chargelink.lora_radio.radio import (
    Capabilities,
    ForbiddenError,
    RadioEvent,
    Transmission,
    UnreachableError,
    check,
)

AGAIN_AFTER = 1.0  # s
BAUD = {"rak": 115_200, "ebyte": 9600}


class Modem(Protocol):
    """The codec of a modem, without I/O."""

    capabilities: Capabilities

    @property
    def reachable(self) -> bool: ...

    @property
    def deadline(self) -> float | None: ...

    def data_to_send(self) -> bytes: ...

    def connected(self, now: float) -> None: ...

    def disconnected(self) -> list[RadioEvent]: ...

    def transmit(self, transmission: Transmission, now: float) -> int: ...

    def receive(self, data: bytes, now: float) -> list[RadioEvent]: ...

    def tick(self, now: float) -> list[RadioEvent]: ...


class ModemRadio(QueuedRadio):
    """A line with one modem. Another process that has the line is waited for, too."""

    def __init__(self, address: Address, gateways: Sequence[bytes]) -> None:
        """`gateways` names the one modem. Raises AddressError for an address that cannot be meant."""
        address.only("frequency", "power")
        if "frequency" not in address.options or len(gateways) != 1 or not address.path:
            raise AddressError(f"{address.text!r}: a modem has a device, a frequency in Hz and one gateway EUI")
        frequency = address.number("frequency", 0, CN470.lowest_hz, CN470.highest_hz)
        power = address.number("power", CN470.highest_power_dbm, 5, CN470.highest_power_dbm)
        self._gateway = gateways[0]
        self._modem: Modem
        try:
            if address.scheme == "ebyte":
                self._modem = ebyte.Modem(self._gateway, ebyte.Settings(frequency, power))
            else:
                self._modem = rak.Modem(self._gateway, rak.Settings(frequency, power_dbm=power))
            check(Transmission(b"\xe0", frequency, 8, power), self._modem.capabilities)
        except (ForbiddenError, ValueError) as error:
            raise AddressError(f"{address.text!r}: {error}") from None
        super().__init__(self._modem.capabilities)
        self._line = Address.parse(f"serial:{address.path}?baud={BAUD[address.scheme]}&parity=N")
        self._asked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def reachable(self) -> frozenset[bytes]:
        return frozenset({self._gateway} if self._modem.reachable else ())

    async def open(self) -> None:
        self._task = asyncio.create_task(self._run(), name="radio modem")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _transmit(self, gateway: bytes, transmission: Transmission) -> int:
        if gateway != self._gateway:
            raise LinkError(f"no gateway {gateway.hex()} on this line")
        try:
            token = self._modem.transmit(transmission, self._now())
        except UnreachableError as error:
            raise LinkError(str(error)) from error
        self._asked.set()
        return token

    def _tick(self) -> list[RadioEvent]:
        self._asked.set()  # what it has to write
        return self._modem.tick(self._now())

    async def _run(self) -> None:
        while True:
            try:
                line = SerialPort(self._line)
            except LinkError:
                await asyncio.sleep(AGAIN_AFTER)
                continue
            try:
                self._modem.connected(self._now())
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._hear(line))
                    group.create_task(self._talk(line))
            except* LinkError:
                self._tell(self._modem.disconnected())
            finally:
                line.close()
            await asyncio.sleep(AGAIN_AFTER)

    async def _hear(self, line: SerialPort) -> NoReturn:
        while True:
            data = await line.read()
            self._tell(self._modem.receive(data, self._now()))
            self._asked.set()

    async def _talk(self, line: SerialPort) -> NoReturn:
        while True:
            self._asked.clear()
            self._tell(self._modem.tick(self._now()))
            line.write(self._modem.data_to_send())
            try:
                async with asyncio.timeout_at(self._modem.deadline):
                    await self._asked.wait()
            except TimeoutError:
                continue

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
