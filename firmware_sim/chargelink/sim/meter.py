"""The command `chargelink sim meter`: an electricity meter that speaks DL/T 645 on a serial line of its own."""

import argparse
import asyncio
import os
import pty
import tty
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from chargelink.cli.command import Command, Example
from chargelink.cli.language import Text
from chargelink.dlt645.meter import Meter
from chargelink.sim.cable import Probe, decode
from chargelink.sim.loopback import port
from chargelink.sim.process import HOST, announce, run
from chargelink.sim.register import Register

CHUNK = 4096
PASSES = 0.1  # s; how often time passes for the register
MWH_PER_KWH = 1_000_000
MOST_ENERGY = 999_999 * MWH_PER_KWH  # what 00010000 can show


class SerialLine:
    """One end of a pseudo-terminal that a meter listens on; the other is `path`, as a serial port. Needs a loop."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        # The far end stays open here too: a master may close it and come back without the line breaking.
        self._near, self._far = pty.openpty()
        tty.setraw(self._far)
        os.set_blocking(self._near, False)
        self.path = os.ttyname(self._far)
        self._loop.add_reader(self._near, self._read)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._near)
        os.close(self._near)
        os.close(self._far)

    def _read(self) -> None:
        self._meter.receive(os.read(self._near, CHUNK), self._loop.time())
        self._write()

    def _tick(self) -> None:
        self._meter.tick(self._loop.time())
        self._write()

    def _write(self) -> None:
        """Send what is due, and come back when more is. A line that nobody reads loses it, as a wire would."""
        if data := self._meter.data_to_send():
            with suppress(BlockingIOError):
                os.write(self._near, data)
        if self._timer is not None:
            self._timer.cancel()
        due = self._meter.deadline
        self._timer = None if due is None else self._loop.call_at(due, self._tick)


class ProbePort(asyncio.DatagramProtocol):
    """What the circuit says that voltage and current are."""

    def __init__(self, register: Register) -> None:
        self._register = register

    def datagram_received(self, data: bytes, addr: Any) -> None:
        probe = decode(data, Probe)
        if probe is not None:
            self._register.measure(probe, asyncio.get_running_loop().time())


async def serve(arguments: argparse.Namespace) -> NoReturn:
    """Until cancelled. Raises OSError if the probe port is taken."""
    loop = asyncio.get_running_loop()
    register = Register(arguments.address, arguments.energy, arguments.ac, arguments.coarse)
    line = SerialLine(Meter(arguments.address, register))
    try:
        wire, _ = await loop.create_datagram_endpoint(
            lambda: ProbePort(register), local_addr=(HOST, arguments.probe_port)
        )
        try:
            probe = f"{HOST}:{wire.get_extra_info('sockname')[1]}"
            announce(serial=line.path, probe=probe, address=arguments.address)
            while True:
                register.pass_time(loop.time())
                await asyncio.sleep(PASSES)
        finally:
            wire.close()
    finally:
        line.close()


def address(text: str) -> str:
    """Twelve digits, or fewer with the zeros left out. Raises ValueError."""
    if not text.isascii() or not text.isdecimal() or len(text) > 12:
        raise ValueError(text)
    return text.zfill(12)


def energy(text: str) -> int:
    """kWh as mWh. Raises ValueError for what no register shows."""
    try:
        mwh = Decimal(text) * MWH_PER_KWH
        whole = int(mwh)
    except (InvalidOperation, OverflowError, ValueError):
        raise ValueError(text) from None
    if whole != mwh or not 0 <= whole <= MOST_ENERGY:
        raise ValueError(text)
    return whole


def configure(parser: argparse.ArgumentParser) -> None:
    def option(name: str, english: str, chinese: str, **settings: Any) -> None:
        parser.add_argument(name, help=str(Text(english, chinese)), **settings)

    option(
        "--probe-port",
        "UDP port for voltage and current; 0 takes a free one",
        "接收电压电流采样的 UDP 端口; 0 表示任选空闲端口",
        type=port,
        default=0,
        metavar="PORT",
    )
    option(
        "--address", "address, up to twelve digits", "通信地址，最多 12 位数字", type=address, default="000000000001"
    )
    option(
        "--energy", "kWh on the register from the start", "电能示数初值 (kWh)", type=energy, default=0, metavar="KWH"
    )
    option("--ac", "alternating current, one phase (default: direct)", "单相交流 (默认: 直流)", action="store_true")
    option("--coarse", "an older meter: energy to 10 Wh only", "旧式电能表: 电能示数只到 10 Wh", action="store_true")


COMMAND = Command(
    name="meter",
    summary=Text("an electricity meter (DL/T 645) on a serial line", "串口上的多功能电能表 (DL/T 645)"),
    configure=configure,
    run=lambda arguments: run(serve(arguments)),
    examples=(
        Example(
            "chargelink sim meter --address 000000000161 --energy 1234.5",
            Text("a meter; it prints its serial port and where it is fed", "启动电能表，并显示其串口与采样端口"),
        ),
    ),
)
