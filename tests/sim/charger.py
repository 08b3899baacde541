"""`chargelink sim charger-io` as a process, with a guard that pulses, a vehicle on the cable and a tester's hand."""

import asyncio
import json
import os
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from tests.sim.simulator import Simulator, simulator

PATIENCE = 20.0  # s, for what takes milliseconds
PULSES_EVERY = 0.01  # s; twice as often as the guard, for a machine that is busy


class Inputs(NamedTuple):
    """What the charger shows the guard."""

    version: int
    bits: int
    counter: int
    outside: int
    inside: int
    current: int


class Charger:
    """The process and its ends: `address` of its board, `cable` port, `folder` of the lines and of the control."""

    def __init__(self, process: Simulator, folder: Path) -> None:
        self.process = process.process
        self.address = process.places["modbus"]
        self.cable = ("127.0.0.1", int(process.places["cable"].rpartition(":")[2]))
        self.folder = folder
        self._inputs = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._inputs.bind(str(folder / "inputs"))
        self._lines = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._cable = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.vehicle: dict[str, Any] | None = {
            "plugged": True, "k5k6": True, "ocv_mV": 378_500, "resistance_uohm": 60_000,
        }  # fmt: skip
        self.answers: list[dict[str, Any]] = []

    def close(self) -> None:
        for end in (self._inputs, self._lines, self._cable):
            end.close()

    def say(self, word: bytes) -> None:
        """A word of the guard."""
        with suppress(OSError):
            self._lines.sendto(word, str(self.folder / "permit"))

    def inputs(self) -> list[Inputs]:
        """What was shown to the guard since the last look."""
        seen = []
        with suppress(BlockingIOError):
            while True:
                seen.append(Inputs(*struct.unpack("<BBHiii", self._inputs.recv(64))))
        return seen

    def send_vehicle(self, datagram: bytes) -> None:
        self._cable.sendto(datagram, self.cable)

    async def order(self, line: str) -> str:
        """A tester's line, and the answer."""
        reader, writer = await asyncio.open_unix_connection(str(self.folder / "control"))
        writer.write(f"{line}\n".encode())
        answer = (await reader.readline()).decode().strip()
        writer.close()
        await writer.wait_closed()
        return answer

    async def pulse(self) -> None:
        """Keep the permit and the plug, for ever."""
        while True:
            self.say(b"P")
            await self._talk()

    async def plug(self) -> None:
        """Keep the plug alone, for ever."""
        while True:
            await self._talk()

    async def _talk(self) -> None:
        if self.vehicle is not None:
            self.send_vehicle(json.dumps(self.vehicle).encode())
        with suppress(BlockingIOError):
            while True:
                self.answers.append(json.loads(self._cable.recv(4096)))
        await asyncio.sleep(PULSES_EVERY)


@contextmanager
def charger(folder: Path, *options: str) -> Iterator[Charger]:
    """A charger with its lines in `folder`."""
    lines = ("charger-io", "--lines", f"unix:{folder}", "--control", str(folder / "control"), *options)
    with simulator(*lines) as process:
        found = Charger(process, folder)
        try:
            yield found
        finally:
            found.close()


@asynccontextmanager
async def running(*loops: Any) -> AsyncIterator[None]:
    """Coroutines that go on until the end of the block; what they raise is raised there."""
    tasks = [asyncio.ensure_future(loop) for loop in loops]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result


def mode(path: Path) -> int:
    """Who may use it."""
    return os.stat(path).st_mode & 0o777
