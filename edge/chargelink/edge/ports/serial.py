"""A serial line: pyserial opens and configures it, the loop waits on its descriptor. Bytes only; echo is the codec's.

    serial:/dev/ttyS1?baud=9600&parity=E&stop=1&rs485=1

Defaults are 9600 8E1, as newer meters have it (DL/T 645-2007, 5.2.3). `rs485=1` asks the kernel to drive the direction
of the transceiver; adapters that do it by themselves need nothing.
"""

import asyncio
import os

import serial
from serial.rs485 import RS485Settings

from chargelink.edge.ports.address import Address, LinkError

CHUNK = 4096
PTY_MAJORS = range(136, 144)  # Unix98 pseudo-terminals (Linux, devices.txt)


def parity_of(path: str, parity: str) -> str:
    """The parity to ask for. Pseudo-terminals have none, and refuse to be opened again where one was asked for."""
    try:
        return "N" if os.major(os.stat(path).st_rdev) in PTY_MAJORS else parity
    except OSError:
        return parity


class SerialPort:
    """An open line of one user: nobody else opens it meanwhile. `baud` in bit/s. Needs a running loop."""

    def __init__(self, address: Address) -> None:
        """Raises AddressError for an address that cannot be meant, LinkError for a line that cannot be opened."""
        address.only("baud", "parity", "stop", "rs485")
        self.baud = address.number("baud", 9600, 300, 4_000_000)
        self._name = address.text
        parity = address.choice("parity", "ENO")
        stop = address.number("stop", 1, 1, 2)
        turned_by_kernel = address.number("rs485", 0, 0, 1)
        try:
            self._line = serial.Serial(
                address.path,
                self.baud,
                parity=parity_of(address.path, parity),
                stopbits=stop,
                timeout=0,
                write_timeout=0,
                exclusive=True,
            )
            if turned_by_kernel:
                self._line.rs485_mode = RS485Settings()
        except (OSError, ValueError) as error:  # SerialException is an OSError
            raise LinkError(f"{self._name}: {error}") from error
        self._file: int = self._line.fileno()

    async def read(self) -> bytes:
        """What has come in, at least a byte. If cancelled nothing is lost. Raises LinkError when the line is gone."""
        loop = asyncio.get_running_loop()
        while True:
            readable = loop.create_future()
            loop.add_reader(self._file, _wake, readable)
            try:
                await readable
            finally:
                loop.remove_reader(self._file)
            try:
                data = os.read(self._file, CHUNK)
            except BlockingIOError:
                continue
            except OSError as error:
                raise LinkError(f"{self._name}: {error}") from error
            if not data:
                raise LinkError(f"{self._name}: the line is gone")
            return data

    def write(self, data: bytes) -> None:
        """Hand bytes to the line, which sends them when it can. Raises LinkError when it does not take them all."""
        try:
            taken = os.write(self._file, data) if data else 0
        except OSError as error:
            raise LinkError(f"{self._name}: {error}") from error
        if taken < len(data):
            raise LinkError(f"{self._name}: takes no more bytes")

    def close(self) -> None:
        """Let others have the line; once or more often."""
        self._line.close()


def _wake(readable: "asyncio.Future[None]") -> None:
    if not readable.done():
        readable.set_result(None)
