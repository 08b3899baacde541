"""The command `chargelink sim meter`: electricity meters that speak DL/T 645 on a serial line of their own."""

import argparse
import asyncio
import os
import pty
import termios
import tty
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NoReturn

from chargelink.cli.command import Command, CommandError, Example
from chargelink.cli.language import Text
from chargelink.dlt645.control import BAUD_RATES, Edition
from chargelink.dlt645.frame import ALL_METERS
from chargelink.dlt645.meter import LONGEST_PART, USUAL_PART
from chargelink.dlt645.profiles import PROFILES, STANDARD_PROFILE
from chargelink.sim.cable import Probe, decode
from chargelink.sim.loopback import PORTS, port
from chargelink.sim.meters.clock import known
from chargelink.sim.meters.device import BOTH, Built, Device
from chargelink.sim.meters.faults import FAULTS, Declared
from chargelink.sim.meters.hands import ORDERS, obey
from chargelink.sim.meters.line import Line
from chargelink.sim.orders import taking_orders
from chargelink.sim.process import HOST, announce, run

CHUNK = 4096
PASSES = 0.1  # s; how often time passes for the registers
MWH_PER_KWH = 1_000_000
MOST_ENERGY = 999_999 * MWH_PER_KWH  # what 00010000 can show
MOST_METERS = 64
FIRST_ADDRESS = "000000000001"
OUTPUT_SPEED = 5  # of what tcgetattr gives
SPEEDS = {getattr(termios, f"B{baud}"): baud for baud in (300, *BAUD_RATES.values(), 38400, 57600, 115200)}
EDITIONS = {
    "2007": frozenset({Edition.DLT645_2007}),
    "1997": frozenset({Edition.DLT645_1997}),
    "both": BOTH,
}


class SerialLine:
    """One end of a pseudo-terminal that meters listen on; the other is `path`, as a serial port. Needs a loop."""

    def __init__(self, line: Line) -> None:
        self._line = line
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

    def _speed(self) -> int | None:
        """What a master has set its port to; parity is not kept by a pseudo-terminal."""
        return SPEEDS.get(termios.tcgetattr(self._far)[OUTPUT_SPEED])

    def _read(self) -> None:
        self._line.receive(os.read(self._near, CHUNK), self._loop.time(), self._speed())
        self._write()

    def _tick(self) -> None:
        self._line.tick(self._loop.time(), self._speed())
        self._write()

    def _write(self) -> None:
        """Send what is due, and come back when more is. A line that nobody reads loses it, as a wire would."""
        if data := self._line.data_to_send():
            with suppress(BlockingIOError):
                os.write(self._near, data)
        if self._timer is not None:
            self._timer.cancel()
        due = self._line.deadline
        self._timer = None if due is None else self._loop.call_at(due, self._tick)


class ProbePort(asyncio.DatagramProtocol):
    """What the circuit says that voltage and current are."""

    def __init__(self, device: Device) -> None:
        self._device = device

    def datagram_received(self, data: bytes, addr: Any) -> None:
        probe = decode(data, Probe)
        if probe is not None:
            self._device.measure(probe, asyncio.get_running_loop().time())


async def serve(arguments: argparse.Namespace) -> NoReturn:
    """Until cancelled. Raises OSError if a probe port or the control socket is taken."""
    loop = asyncio.get_running_loop()
    begins = arguments.clock or datetime.now()
    devices = [Device(address, begins, loop.time(), built(arguments)) for address in addresses(arguments)]
    line = Line(devices)
    async with AsyncExitStack() as stack:
        serial = SerialLine(line)
        stack.callback(serial.close)
        probes = []
        for number, device in enumerate(devices):
            place = (HOST, arguments.probe_port + number if arguments.probe_port else 0)
            wire, _ = await loop.create_datagram_endpoint(lambda device=device: ProbePort(device), local_addr=place)  # type: ignore[misc]
            stack.callback(wire.close)
            probes.append(f"{HOST}:{wire.get_extra_info('sockname')[1]}")
        await stack.enter_async_context(taking_orders(arguments.control, lambda text: obey(line, text, loop.time())))
        announce(serial=serial.path, probe=",".join(probes), address=",".join(device.address for device in devices))
        while True:
            for device in devices:
                device.pass_time(loop.time())
            await asyncio.sleep(PASSES)


def built(arguments: argparse.Namespace) -> Built:
    """How the meters asked for are built."""
    return Built(
        energy=arguments.energy,
        alternating=arguments.ac,
        coarse=arguments.coarse,
        editions=EDITIONS[arguments.edition],
        profile=arguments.profile,
        part=arguments.part,
        delay=arguments.delay / 1000,
        baud=arguments.baud,
        drift=arguments.drift,
        unlocked=arguments.unlocked,
        esam=arguments.esam,
        faults=[Declared.parse(text) for text in arguments.fault],
    )


def addresses(arguments: argparse.Namespace) -> list[str]:
    """Those named, and counted on from the last up to `--meters`. Raises CommandError for more than there can be."""
    named: list[str] = arguments.address or [FIRST_ADDRESS]
    last = int(named[-1])
    more = [f"{last + number:012d}" for number in range(1, (arguments.meters or 0) - len(named) + 1)]
    if len(named) + len(more) > MOST_METERS:
        raise CommandError(
            str(Text(f"a line has room for {MOST_METERS} meters", f"一条线路最多接 {MOST_METERS} 只电能表"))
        )
    if more and int(more[-1]) >= int(ALL_METERS):
        raise CommandError(str(Text(f"no addresses are left after {named[-1]}", f"{named[-1]} 之后没有可用的地址")))
    if arguments.probe_port and arguments.probe_port + len(named) + len(more) - 1 not in PORTS:
        raise CommandError(
            str(Text(f"no ports are left after {arguments.probe_port}", f"{arguments.probe_port} 之后没有可用的端口"))
        )
    return named + more


def address(text: str) -> str:
    """Twelve digits, or fewer with the zeros left out; not that of all meters. Raises ValueError."""
    if not text.isascii() or not text.isdecimal() or len(text) > len(FIRST_ADDRESS) or text == ALL_METERS:
        raise ValueError(text)
    return text.zfill(len(FIRST_ADDRESS))


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


def count(text: str) -> int:
    """Of meters. Raises ValueError."""
    return _within(int(text), MOST_METERS)


def part(text: str) -> int:
    """Bytes of value in a frame. Raises ValueError."""
    return _within(int(text), LONGEST_PART)


def delay(text: str) -> int:
    """Up to a minute, in ms: longer than Td may be, for gateways over radio. Raises ValueError."""
    return _within(int(text), 60_000)


def seconds_a_day(text: str) -> float:
    """What a clock gains, by an hour at most. Raises ValueError."""
    drift = float(text)
    if not abs(drift) <= 3600:
        raise ValueError(text)
    return drift


def local_time(text: str) -> datetime:
    """Without a zone: meters know none. Raises ValueError."""
    time = datetime.fromisoformat(text)
    if time.tzinfo is not None or not known(time):
        raise ValueError(text)
    return time


def fault(text: str) -> str:
    """A fault as it is written. Raises ValueError if it is none."""
    Declared.parse(text)
    return text


def _within(number: int, most: int) -> int:
    if not 1 <= number <= most:
        raise ValueError(number)
    return number


def configure(parser: argparse.ArgumentParser) -> None:
    def option(name: str, english: str, chinese: str, **settings: Any) -> None:
        parser.add_argument(name, help=str(Text(english, chinese)), **settings)

    option(
        "--probe-port",
        "UDP port for voltage and current, the next ones for more meters; 0 takes free ones",
        "接收电压电流采样的 UDP 端口，多只电能表依次递增; 0 表示任选空闲端口",
        type=port,
        default=0,
        metavar="PORT",
    )
    option(
        "--address",
        "address, up to twelve digits; several meters share the line",
        "通信地址，最多 12 位数字；可多次给出，多只电能表共用线路",
        type=address,
        action="append",
    )
    option("--meters", "how many meters; addresses count up", "电能表数量，地址依次递增", type=count, metavar="N")
    option(
        "--energy", "kWh on the register from the start", "电能示数初值 (kWh)", type=energy, default=0, metavar="KWH"
    )
    option("--ac", "alternating current, one phase (default: direct)", "单相交流 (默认: 直流)", action="store_true")
    option("--coarse", "an older meter: energy to 10 Wh only", "旧式电能表: 电能示数只到 10 Wh", action="store_true")
    option("--edition", "of DL/T 645 (default: 2007)", "DL/T 645 版本 (默认: 2007)", choices=EDITIONS, default="2007")
    option(
        "--profile",
        "whose identifiers it has besides (default: standard)",
        "厂家扩展标识 (默认: standard)",
        choices=PROFILES,
        default=STANDARD_PROFILE.name,
    )
    option(
        "--part",
        f"bytes of value in one frame (default: {USUAL_PART}); more goes out in follow-ups",
        f"单帧数据字节数 (默认: {USUAL_PART})，超出时分后续帧",
        type=part,
        default=USUAL_PART,
        metavar="BYTES",
    )
    option(
        "--delay",
        "ms from a request to its answer, 20..500 by the standard (default: 20)",
        "收到命令到应答的延时 (毫秒)，标准规定 20..500 (默认: 20)",
        type=delay,
        default=20,
        metavar="MS",
    )
    option(
        "--baud",
        "hears a port of this rate only (default: any)",
        "只接受此通信速率 (默认: 任意)",
        type=int,
        choices=BAUD_RATES.values(),
    )
    option(
        "--clock",
        "what its clock shows at first, YYYY-MM-DDThh:mm:ss (default: local time)",
        "时钟初值 YYYY-MM-DDThh:mm:ss (默认: 本地时间)",
        type=local_time,
        metavar="TIME",
    )
    option(
        "--drift",
        "what its clock gains a day, s; negative: loses",
        "时钟日差 (秒/天)，负值表示偏慢",
        type=seconds_a_day,
        default=0.0,
        metavar="SECONDS",
    )
    option("--unlocked", "programming needs no key pressed", "无需按编程键即可编程", action="store_true")
    option(
        "--esam",
        "a grid meter: trips only through its security module",
        "国网电能表: 仅经安全模块跳闸",
        action="store_true",
    )
    names = ", ".join(FAULTS)
    option(
        "--fault",
        f"NAME, NAME@SECOND or NAME@SECOND+SECONDS after the start; may be given several times: {names}",
        f"NAME、NAME@秒 或 NAME@秒+持续秒数 (自启动算起)，可多次给出: {names}",
        type=fault,
        action="append",
        default=[],
        metavar="FAULT",
    )
    orders = ", ".join(ORDERS)
    option(
        "--control",
        f"socket for testers, [ADDRESS] ORDER WORD: {orders}",
        f"测试控制套接字, [地址] 命令 参数: {orders}",
        type=Path,
        metavar="PATH",
    )


COMMAND = Command(
    name="meter",
    summary=Text("electricity meters (DL/T 645) on a serial line", "串口上的多功能电能表 (DL/T 645)"),
    configure=configure,
    run=lambda arguments: run(serve(arguments)),
    examples=(
        Example(
            "chargelink sim meter --address 000000000161 --energy 1234.5",
            Text("a meter; it prints its serial port and where it is fed", "启动电能表，并显示其串口与采样端口"),
        ),
        Example(
            "chargelink sim meter --address 161 --meters 3 --baud 2400",
            Text("three on one line that hear 2400 baud only", "同一线路上三只电能表，只接受 2400 波特"),
        ),
        Example(
            "chargelink sim meter --fault late-answer@10+30 --control meter.sock",
            Text("answers too late for half a minute; takes orders", "第 10 秒起 30 秒内应答过迟，并接受测试命令"),
        ),
    ),
)
