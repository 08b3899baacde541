"""`chargelink sim vehicle`: a car on a CAN bus, and at the other end of a charger's cable.

It charges once and ends, or with `--control` stays and takes orders. What happens is told on standard output, a line
each: the state of the dialogue, then how the charge ended.
"""

import argparse
import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any, cast

from chargelink.cli.command import Command, Example, Exit
from chargelink.cli.language import Text
from chargelink.gbt27930.catalogue import Edition
from chargelink.gbt27930.causes import VehicleCause
from chargelink.gbt27930.transport import Frame
from chargelink.gbt27930.vehicle import Event, Failed, Output, Stopped
from chargelink.sim.battery import MILLIWATT_MILLISECONDS, Battery
from chargelink.sim.bms import NOBODY, Bms
from chargelink.sim.cable import EVERY, ChargerSide, decode, encode
from chargelink.sim.can_client import ADDRESS, CanClient, joined
from chargelink.sim.car import Car
from chargelink.sim.loopback import loopback_port
from chargelink.sim.orders import taking_orders
from chargelink.sim.process import HOST, announce, like_hardware, run
from chargelink.sim.socketcand import CanFrame
from chargelink.sim.vehicle_faults import FAULTS, Declared

UNLOCK_PATIENCE = 30.0  # s that the driver waits for the plug to be released
ANY = "any"


class Driver(asyncio.DatagramProtocol):
    """Moves bytes between a car, its bus and the charger's cable; decides when to pull the plug."""

    def __init__(self, cars: "partial[Car]", client: CanClient, cable: int | None, stays: bool) -> None:
        self._cars = cars  # makes a car that is plugged in at a moment
        self._client = client
        self._cable = cable  # port of the charger
        self._stays = stays
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._told: tuple[Any, ...] = ()
        self._released_by: float | None = None
        self._wire: asyncio.DatagramTransport | None = None
        self.car = cars(self._loop.time())
        self._begun = self._loop.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire = cast(asyncio.DatagramTransport, transport)  # which not all of Python's own are by class

    def datagram_received(self, data: bytes, addr: Any) -> None:
        felt = decode(data, ChargerSide)
        if felt is not None:
            self._happened(self.car.feel(felt, self._loop.time()))
            self._changed.set()

    async def listen(self) -> None:
        """Hear the bus, for ever."""
        while True:
            for frame in await self._client.receive():
                if frame.extended:
                    self._happened(self.car.hear(Frame(frame.identifier, frame.data), self._loop.time()))
            self._changed.set()

    async def live(self) -> None:
        """Let time pass until the charge is over and the plug is out; for ever if the car stays."""
        shows = self._loop.time()
        while True:
            now = self._loop.time()
            self._happened(self.car.tick(now))
            await self._client.send([CanFrame(*frame) for frame in self.car.frames(now)])
            if self._over(now) and not self._stays:
                return
            if now >= shows:
                self._show()
                shows = max(shows + EVERY, now)
            deadline = self.car.deadline
            try:
                async with asyncio.timeout_at(shows if deadline is None else min(shows, deadline)):
                    await self._changed.wait()
            except TimeoutError:
                continue
            self._changed.clear()

    def obey(self, line: str) -> str:
        """Do what a tester orders."""
        now = self._loop.time()
        match line:
            case "plug" if not self.car.plugged:
                self.car, self._released_by, self._begun = self._cars(now), None, now
                if self._cable is None:
                    self.car.wake(now)  # nobody else would
            case "unplug":
                self._happened(self.car.unplug(now))
            case "stop":
                self._happened(self.car.stop(now, VehicleCause.OTHER_FAULT))
            case "aux-off":
                self._happened(self.car.feel(ChargerSide(aux=False, bus=0, current=0, locked=False), now))
            case _:
                return "error plug, unplug, stop or aux-off"
        self._changed.set()
        self._show()
        return "ok"

    def result(self) -> int:
        """Tell how it ended; defects were found if the dialogue failed."""
        battery, outcome = self.car.bms.battery, self.car.outcome
        facts: dict[str, object] = {
            "soc": f"{battery.soc / 10:.1f}",
            "energy_mWh": battery.energy // MILLIWATT_MILLISECONDS,
        }
        if self.car.reconnections:
            facts["reconnections"] = self.car.reconnections
        if isinstance(outcome, Stopped):
            facts |= {"stopped_by": outcome.by.name.lower(), "causes": ",".join(outcome.causes)}
        elif isinstance(outcome, Failed):
            facts |= {"failed_by": outcome.by.name.lower(), "missing": ",".join(outcome.missing)}
        announce("done", **facts)
        return Exit.CLEAN if isinstance(outcome, Stopped) else Exit.DEFECTS

    def _happened(self, events: Sequence[Event]) -> None:
        """Tell what is new."""
        now = self._loop.time()
        for event in events:
            if isinstance(event, Output) and self._cable is None:
                # no cable to feel: what the charger says it gives is what flows
                message = event.message
                self.car.feel(ChargerSide(True, message.output_voltage, -message.output_current, True), now)
        news = (self.car.state, self.car.contactors)
        if news != self._told:
            self._told = news
            state = self.car.state
            announce(
                "vehicle",
                at=f"{now - self._begun:.3f}",
                state="asleep" if state is None else state.value,
                k5k6="closed" if self.car.contactors else "open",
                soc=f"{self.car.bms.battery.soc / 10:.1f}",
            )

    def _over(self, now: float) -> bool:
        """The charge has ended and the plug is out, by the driver's hand when the charger releases it."""
        if not self.car.ended or self.car.contactors:
            return False
        if self._released_by is None:
            self._released_by = now + UNLOCK_PATIENCE
        if self._cable is not None and self.car.locked and now < self._released_by:
            return False
        self.car.plugged = False
        self._show()
        return True

    def _show(self) -> None:
        if self._wire is not None and self._cable is not None:
            self._wire.sendto(encode(self.car.side), (HOST, self._cable))


async def drive(arguments: argparse.Namespace) -> int:
    """Charge once, or until cancelled."""
    battery = Battery(
        round(arguments.capacity_Wh * 1000),
        round(arguments.soc * 10),
        resistance=round(arguments.resistance_mohm * 1000),
    )
    bms = Bms(
        battery, most_current=round(arguments.current_A * 1000), target=round(arguments.target * 10), vin=arguments.vin
    )
    cars = partial(Car, bms=bms, faults=declared(arguments), edition=Edition(arguments.edition))
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(joined(arguments.can))
        driver = Driver(cars, client, arguments.cable, arguments.control is not None)
        if arguments.cable is None:
            driver.car.wake(asyncio.get_running_loop().time())
        else:
            wire, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: driver, (HOST, 0))
            stack.callback(wire.close)
        await stack.enter_async_context(taking_orders(arguments.control, driver.obey))
        announce(can=arguments.can, vin=bms.vin)
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(driver.listen(), name="bus")
            await driver.live()
            listening.cancel()
    return driver.result()


def declared(arguments: argparse.Namespace) -> list[Declared]:
    """The faults asked for; `any` is drawn by the seed."""
    return [Declared.drawn(arguments.seed) if text == ANY else Declared.parse(text) for text in arguments.fault]


def fault(text: str) -> str:
    """A fault as it is written. Raises ValueError if it is none."""
    if text != ANY:
        Declared.parse(text)
    return text


def configure(parser: argparse.ArgumentParser) -> None:
    def option(name: str, meaning: Text, **settings: Any) -> None:
        parser.add_argument(name, help=str(meaning), **settings)

    option("--can", ADDRESS, required=True, metavar="ADDRESS")
    cable = Text(
        "cable of a simulated charger (default: none, the current is what CCS says)",
        "仿真充电桩的线缆端口 (默认: 无，电流取自 CCS)",
    )
    option("--cable", cable, type=loopback_port, metavar=f"{HOST}:PORT")
    option("--capacity-Wh", Text("battery capacity (default: 400)", "电池容量 (默认: 400)"), type=float, default=400)
    option("--soc", Text("state of charge now, % (default: 62)", "当前 SOC，% (默认: 62)"), type=percent, default=62)
    option("--target", Text("stops here, % (default: 80)", "充到此 SOC 停止，% (默认: 80)"), type=percent, default=80)
    most = Text("the most it takes (default: 100)", "最大充电电流 (默认: 100)")
    option("--current-A", most, type=float, default=100)
    resistance = Text("of the battery (default: 120)", "电池内阻 (默认: 120)")
    option("--resistance-mohm", resistance, type=float, default=120)
    option("--vin", Text("vehicle identification number", "车辆识别代号 (VIN)"), default=NOBODY)
    edition = Text("of GB/T 27930 (default: 2015)", "GB/T 27930 版本 (默认: 2015)")
    option("--edition", edition, choices=[edition.value for edition in Edition], default=Edition.OF_2015.value)
    names = ", ".join(FAULTS)
    faults = Text(
        f"NAME, NAME@SECOND or NAME@SECOND+SECONDS after charging began; may be given several times: {names}, or any",
        f"NAME、NAME@秒 或 NAME@秒+持续秒数 (自充电开始算起)，可多次给出: {names}，或 any",
    )
    option("--fault", faults, type=fault, action="append", default=[], metavar="FAULT")
    option("--seed", Text("what `any` draws from (default: 1)", "any 所用的随机种子 (默认: 1)"), type=int, default=1)
    control = Text(
        "socket for testers: plug, unplug, stop, aux-off; the car stays until Ctrl-C",
        "测试控制套接字: plug, unplug, stop, aux-off；车辆保持运行直到 Ctrl-C",
    )
    option("--control", control, type=Path, metavar="PATH")


def percent(text: str) -> float:
    """0..100. Raises ValueError."""
    value = float(text)
    if not 0 <= value <= 100:
        raise ValueError(text)
    return value


def _run(arguments: argparse.Namespace) -> int:
    like_hardware()
    return run(drive(arguments))


COMMAND = Command(
    name="vehicle",
    summary=Text("a car that charges: its BMS and its battery", "正在充电的车辆: BMS 与动力蓄电池"),
    configure=configure,
    run=_run,
    examples=(
        Example(
            "chargelink sim vehicle --can socketcand://127.0.0.1:29536/can0 --soc 62",
            Text("on a bus alone: the current is what the charger says", "只接总线: 电流取自充电桩的 CCS 报文"),
        ),
        Example(
            "chargelink sim vehicle --can can0 --target 90",
            Text("on a CAN interface of this machine", "接在本机的 CAN 接口上"),
        ),
        Example(
            "chargelink sim vehicle --can socketcand://127.0.0.1:29536/can0 --fault silent-bcl@5",
            Text("stops demanding after 5 s of charging", "充电 5 秒后停止发送 BCL"),
        ),
    ),
)
