"""The driver of a line of meters on a real serial line with a simulated meter, each a process; it comes and goes."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.sim.simulator import Simulator, simulator

from chargelink.edge.drivers.meter_line import MeterLine, PolledMeter
from chargelink.edge.drivers.meter_poll import PollEvent, Quantity
from chargelink.edge.drivers.reading import Quality, Reading
from chargelink.edge.ports.address import AddressError
from chargelink.wire import EncodeError

PATIENCE = 20.0  # s, for what takes a second or two
ADDRESS = "000000000161"


class Heard:
    """What a driver says, and waiting for it."""

    def __init__(self) -> None:
        self.events: list[PollEvent] = []
        self._more = asyncio.Event()

    def __call__(self, event: PollEvent) -> None:
        self.events.append(event)
        self._more.set()

    async def until(self, wanted: Callable[[Reading], bool]) -> Reading:
        """The first reading from now on that is wanted."""
        at = len(self.events)
        async with asyncio.timeout(PATIENCE):
            while True:
                for event in self.events[at:]:
                    at += 1
                    if isinstance(event, Reading) and wanted(event):
                        return event
                self._more.clear()
                await self._more.wait()


@asynccontextmanager
async def driven(path: str, heard: Heard, address: str = ADDRESS) -> AsyncIterator[None]:
    driver = MeterLine(f"serial:{path}?baud=9600&parity=E", [PolledMeter("m1", address, heard)])
    task = asyncio.create_task(driver.run())
    try:
        yield
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


def feed(meter: Simulator, voltage: int, current: int) -> None:
    host, port = meter.places["probe"].split(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.sendto(json.dumps({"voltage_mV": voltage, "current_mA": current}).encode(), (host, int(port)))
        wire.sendto(b"noise", (host, int(port)))


async def fed(meter: Simulator) -> None:
    while True:
        feed(meter, 378_500, 98_000)
        await asyncio.sleep(0.02)


async def test_a_meter_is_read() -> None:
    heard = Heard()
    with simulator("meter", "--address", "161", "--energy", "12.3456") as meter:
        feeding = asyncio.create_task(fed(meter))
        async with driven(meter.places["serial"], heard):
            power = await heard.until(
                lambda reading: reading.quantity == Quantity.POWER and reading.value == 37_093_000
            )
            assert power.quality is Quality.GOOD
            shown = {event.quantity: event.value for event in heard.events if isinstance(event, Reading)}
            assert (shown[Quantity.VOLTAGE], shown[Quantity.CURRENT]) == (378_500, 98_000)
            more = await heard.until(lambda reading: (reading.value or 0) > 12_345_600 and reading.quantity == "energy")
            assert more.quality is Quality.GOOD
            assert more.value
            assert more.value % 100 == 0  # 0.1 Wh: the precise register
        feeding.cancel()


async def test_an_older_meter_is_read_to_10_wh() -> None:
    heard = Heard()
    with simulator("meter", "--address", "161", "--energy", "12.3456", "--coarse") as meter:
        async with driven(meter.places["serial"], heard):
            energy = await heard.until(lambda reading: reading.quantity == Quantity.ENERGY)
            assert energy.value == 12_340_000


async def test_a_line_that_goes_and_comes_back(tmp_path: Path) -> None:
    heard = Heard()
    path = tmp_path / "meter"
    path.symlink_to("/dev/nowhere")
    async with driven(str(path), heard):
        for energy in ("1", "2"):
            with simulator("meter", "--address", "161", "--energy", energy) as meter:
                path.unlink()
                path.symlink_to(meter.places["serial"])
                await heard.until(lambda reading, mwh=int(energy) * 1_000_000: reading.value == mwh)  # type: ignore[misc]
                meter.process.kill()


def test_what_cannot_be_driven() -> None:
    with pytest.raises(AddressError):
        MeterLine("modbus-tcp://127.0.0.1:502", [PolledMeter("m1", ADDRESS, Heard())])
    with pytest.raises(AddressError):
        MeterLine("serial:/dev/ttyS1?baud=fast", [PolledMeter("m1", ADDRESS, Heard())])
    with pytest.raises(EncodeError):
        MeterLine("serial:/dev/ttyS1", [PolledMeter("m1", "12", Heard())])
