"""`chargelink sim inlet`: plug, contactors and battery of a car whose BMS is somebody else on the bus.

For testers that speak as a vehicle and have no car: `chargelink conformance charger` against an edge with a
simulated board. It says nothing on the bus and listens to both sides: K5K6 close when the vehicle says BRO, and
open a while after either side ended the charge.
"""

import argparse
import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from chargelink.cli.command import Command, Example, Exit
from chargelink.cli.language import Text
from chargelink.gbt27930.catalogue import BY_PGN
from chargelink.gbt27930.identifier import BMS, CHARGER, Identifier
from chargelink.sim.cable import EVERY, VehicleSide, encode
from chargelink.sim.can_client import ADDRESS, CanClient, joined
from chargelink.sim.loopback import loopback_port
from chargelink.sim.orders import taking_orders
from chargelink.sim.process import HOST, announce, like_hardware, run

OPENS_AFTER = 0.8  # s: the current has come down by then, and the welding test has a voltage to see
CLOSING, ENDING = frozenset({"BRO"}), frozenset({"BST", "CST", "BEM", "CEM"})


class Inlet:
    """What the cable sees. Times are s, `voltage` mV, `resistance` µΩ."""

    def __init__(self, voltage: int, resistance: int) -> None:
        self._voltage = voltage
        self._resistance = resistance
        self._plugged = False
        self._contactors = False  # K5K6
        self._opens: float | None = None

    def hear(self, identifier: int, now: float) -> None:
        """Take a frame of the bus."""
        fields = Identifier.decode(identifier)
        if {fields.source, fields.destination} != {BMS, CHARGER} or fields.pgn not in BY_PGN:
            return
        name = BY_PGN[fields.pgn].name
        if name in CLOSING and self._plugged and not self._contactors:
            self._contactors, self._opens = True, None
        elif name in ENDING and self._contactors and self._opens is None:
            self._opens = now + OPENS_AFTER

    def obey(self, line: str) -> str:
        """Do what a tester orders."""
        if line not in ("plug", "unplug"):
            return "error plug or unplug"
        self._plugged, self._contactors, self._opens = line == "plug", False, None
        return "ok"

    def side(self, now: float) -> VehicleSide:
        """What the cable sees now."""
        if self._opens is not None and now >= self._opens:
            self._contactors, self._opens = False, None
        return VehicleSide(self._plugged, self._contactors, self._voltage, self._resistance)


async def _listen(client: CanClient, inlet: Inlet) -> None:
    clock = asyncio.get_running_loop().time
    while True:
        for frame in await client.receive():
            if frame.extended:
                inlet.hear(frame.identifier, clock())


async def live(arguments: argparse.Namespace) -> int:
    """Until cancelled."""
    inlet = Inlet(round(arguments.voltage_V * 1000), round(arguments.resistance_mohm * 1000))
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(joined(arguments.can))
        wire, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, (HOST, 0))
        stack.callback(wire.close)
        await stack.enter_async_context(taking_orders(arguments.control, inlet.obey))
        announce(can=arguments.can, control=arguments.control)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_listen(client, inlet), name="bus")
            while True:
                wire.sendto(encode(inlet.side(loop.time())), (HOST, arguments.cable))
                await asyncio.sleep(EVERY)
    return Exit.CLEAN


def configure(parser: argparse.ArgumentParser) -> None:
    def option(name: str, meaning: Text, **settings: Any) -> None:
        parser.add_argument(name, help=str(meaning), **settings)

    option("--can", ADDRESS, required=True, metavar="ADDRESS")
    cable = Text("cable of a simulated charger", "仿真充电桩的线缆端口")
    option("--cable", cable, type=loopback_port, required=True, metavar=f"{HOST}:PORT")
    control = Text("socket for testers: plug, unplug", "测试控制套接字: plug, unplug")
    option("--control", control, type=Path, required=True, metavar="PATH")
    option("--voltage-V", Text("of the battery (default: 378.5)", "电池电压 (默认: 378.5)"), type=float, default=378.5)
    resistance = Text("of the battery (default: 60)", "电池内阻 (默认: 60)")
    option("--resistance-mohm", resistance, type=float, default=60)


def _run(arguments: argparse.Namespace) -> int:
    like_hardware()
    return run(live(arguments))


COMMAND = Command(
    name="inlet",
    summary=Text("plug and battery of a car, its BMS is a tester's", "车辆插座与电池，BMS 由测试系统扮演"),
    configure=configure,
    run=_run,
    examples=(
        Example(
            "chargelink sim inlet --can socketcand://127.0.0.1:29536/can0 --cable 127.0.0.1:40124 --control inlet.sock",
            Text(
                "for `chargelink conformance charger` against an edge with a simulated board",
                "配合 chargelink conformance charger 测试使用仿真板的边缘网关",
            ),
        ),
    ),
)
