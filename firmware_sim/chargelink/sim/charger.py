"""`chargelink sim charger`: a charger on a CAN bus whose power part is pretended.

It has the dialogue of GB/T 27930 and takes as long as a charger does for insulation test and pre-charge; nothing flows.
It charges once and ends, or with `--control` stays and takes orders. The states of its dialogue are told on standard
output, a line each. One with contactors, lock and power modules is `chargelink edge` with `chargelink sim charger-io`.
"""

import argparse
import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from chargelink.cli.command import Command, Example, Exit
from chargelink.cli.language import Text
from chargelink.gbt27930.charger import State
from chargelink.sim.can_client import ADDRESS, CanClient, joined
from chargelink.sim.conformance.bench import Prompt
from chargelink.sim.conformance.rehearsal import ChargerDevice
from chargelink.sim.orders import taking_orders
from chargelink.sim.process import announce, like_hardware, run
from chargelink.sim.socketcand import CanFrame

ORDERS = {
    "plug": Prompt.CONNECT,
    "stop": Prompt.STOP,
    "restart": Prompt.RESTART,
    "hold-battery": Prompt.HOLD_BATTERY,
}


class Driver:
    """Moves frames between a charger and its bus."""

    def __init__(self, client: CanClient, stays: bool) -> None:
        self._client = client
        self._stays = stays
        self._device = ChargerDevice()
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._begun = self._loop.time()
        self._told: State | None = None

    async def listen(self) -> None:
        """Hear the bus, for ever."""
        while True:
            for frame in await self._client.receive():
                if frame.extended:
                    self._device.receive(frame.identifier, frame.data, self._loop.time())
            self._changed.set()

    async def live(self) -> None:
        """Let time pass until the charge is over; for ever if it stays."""
        while True:
            now = self._loop.time()
            self._device.tick(now)
            self._tell(now)
            await self._client.send([CanFrame(*frame) for frame in self._device.data_to_send()])
            if self._told is State.ENDED and not self._stays:
                return
            try:
                async with asyncio.timeout_at(self._device.deadline):
                    await self._changed.wait()
            except TimeoutError:
                continue
            self._changed.clear()

    def obey(self, line: str) -> str:
        """Do what a tester orders."""
        prompt = ORDERS.get(line)
        if prompt is None or not self._device.do(prompt, self._loop.time()):
            return f"error {', '.join(ORDERS)}"
        self._changed.set()
        return "ok"

    def _tell(self, now: float) -> None:
        """Tell what is new."""
        self._device.facts()
        if self._device.state is not None and self._device.state is not self._told:
            self._told = self._device.state
            announce("charger", at=f"{now - self._begun:.3f}", state=self._told.value)


async def drive(arguments: argparse.Namespace) -> int:
    """Charge once, or until cancelled."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(joined(arguments.can))
        driver = Driver(client, arguments.control is not None)
        await stack.enter_async_context(taking_orders(arguments.control, driver.obey))
        announce(can=arguments.can)
        if arguments.control is None:
            driver.obey("plug")
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(driver.listen(), name="bus")
            await driver.live()
            listening.cancel()
    return Exit.CLEAN


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--can", help=str(ADDRESS), required=True, metavar="ADDRESS")
    control = Text(
        "socket for testers: plug, stop, restart, hold-battery; the charger stays until Ctrl-C",
        "测试控制套接字: plug, stop, restart, hold-battery；充电桩保持运行直到 Ctrl-C",
    )
    parser.add_argument("--control", help=str(control), type=Path, metavar="PATH")


def _run(arguments: argparse.Namespace) -> int:
    like_hardware()
    return run(drive(arguments))


COMMAND = Command(
    name="charger",
    summary=Text("the charger's end of GB/T 27930, nothing behind it", "GB/T 27930 充电桩侧通信，无功率部分"),
    configure=configure,
    run=_run,
    examples=(
        Example(
            "chargelink sim charger --can socketcand://127.0.0.1:29536/can0",
            Text("one charge of the car on that bus", "为该总线上的车辆充电一次"),
        ),
        Example(
            "chargelink sim charger --can socketcand://127.0.0.1:29536/can0 --control charger.sock",
            Text(
                "for `chargelink conformance charger --control charger.sock`", "供 chargelink conformance charger 测试"
            ),
        ),
    ),
)
