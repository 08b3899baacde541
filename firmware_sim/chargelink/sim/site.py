"""The command `chargelink sim site`: e-bike sockets behind a LoRa gateway over UDP, or a modem on a serial line."""

import argparse
import asyncio
import os
import pty
import tty
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, cast

from chargelink.cli.command import Command, CommandError, Example
from chargelink.cli.language import Text
from chargelink.lora_socket.codes import Place
from chargelink.sim.loopback import loopback_port
from chargelink.sim.orders import taking_orders
from chargelink.sim.process import HOST, announce, run
from chargelink.sim.sockets import keys
from chargelink.sim.sockets.ebike import CURVES, Ebike
from chargelink.sim.sockets.ebyte import EbyteModem
from chargelink.sim.sockets.forwarder import Forwarder
from chargelink.sim.sockets.rak import RakModem
from chargelink.sim.sockets.street import NewStation, Street

OUTLETS = {"A": Place.A, "B": Place.B}
WATT_HOUR = 1000  # mWh
MOST_SOCKETS = 200
MOST_WATT_HOURS = 10_000
MOST_MILLIVOLTS = 5_000
JOIN_FREQUENCY = 470_300_000  # Hz
CHUNK = 4096
MOST_SPREAD = 60  # dB; with more the weakest were not heard at all
GATEWAY = "a84041ffff000001"


class SimulatedSite:
    """A street in the time of the running loop. `wake` ends a wait for the next deadline."""

    def __init__(self, street: Street, battery: Callable[[], Ebike]) -> None:
        self.street = street
        self._battery = battery
        self.wake = asyncio.Event()

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def hear(self, datagram: bytes) -> None:
        self.street.receive(datagram, self.now())
        self.wake.set()

    def obey(self, line: str) -> str:
        """Do what a tester asks in a line: "ok", or what is wrong with it."""
        try:
            match line.split():
                case ["plug", number, outlet]:
                    self.street.plug(int(number), OUTLETS[outlet], self._battery(), self.now())
                case ["plug", number, outlet, watt_hours] if 0 < int(watt_hours) <= MOST_WATT_HOURS:
                    battery = Ebike(self._battery().curve, int(watt_hours) * WATT_HOUR)
                    self.street.plug(int(number), OUTLETS[outlet], battery, self.now())
                case ["unplug", number, outlet]:
                    self.street.unplug(int(number), OUTLETS[outlet], self.now())
                case ["battery", number, millivolts] if 0 <= int(millivolts) <= MOST_MILLIVOLTS:
                    self.street.battery_low(int(number), int(millivolts), self.now())
                case ["sensor", number, outlet]:
                    self.street.sensor_failed(int(number), OUTLETS[outlet], self.now())
                case ["cut", number]:
                    self.street.power_cut(int(number), self.now())
                case _:
                    return "unknown: there are plug S A [WH], unplug S A, battery S MV, sensor S A, cut S"
        except (KeyError, ValueError):
            return f"unknown: sockets are 1 to {len(self.street.sockets)}, outlets A and B"
        self.wake.set()
        return "ok"


class Radio(NamedTuple):
    """What stands between sockets and edge: its kind, where the edge listens for it, where its sockets join."""

    station: NewStation
    server: int | None
    join_frequency_hz: int = JOIN_FREQUENCY


MODEMS = {"rak": Radio(RakModem, None), "ebyte": Radio(EbyteModem, None, 471_125_000)}


class SerialLine:
    """The line of a modem; its other end is `path`, as a serial port."""

    def __init__(self, site: SimulatedSite) -> None:
        self._site = site
        # The far end stays open here too: an edge may close it and come back without the line breaking.
        self._near, self._far = pty.openpty()
        tty.setraw(self._far)
        os.set_blocking(self._near, False)
        self.path = os.ttyname(self._far)
        asyncio.get_running_loop().add_reader(self._near, self._read)

    def send(self, data: bytes) -> None:
        with suppress(BlockingIOError):  # nobody reads
            os.write(self._near, data)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._near)
        os.close(self._near)
        os.close(self._far)

    def _read(self) -> None:
        self._site.hear(os.read(self._near, CHUNK))


class Wire(asyncio.DatagramProtocol):
    """The UDP of the packet forwarder."""

    def __init__(self, site: SimulatedSite) -> None:
        self._site = site
        self.transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)  # the loop's own is none by its class

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._site.hear(data)

    def error_received(self, exc: Exception) -> None:
        """No edge listens yet; the keepalives go on."""


async def serve(arguments: argparse.Namespace) -> NoReturn:
    """Until cancelled. Raises OSError for a place that is taken, KeyFileError."""
    if not arguments.keys.exists():
        keys.make(arguments.keys, arguments.sockets)
    identities = keys.load(arguments.keys, arguments.sockets)
    loop = asyncio.get_running_loop()
    capacity = None if arguments.battery_Wh is None else arguments.battery_Wh * WATT_HOUR
    street = Street(
        identities,
        arguments.gateway,
        arguments.radio.join_frequency_hz,
        loop.time(),
        loss=arguments.loss,
        seed=arguments.seed,
        spread=arguments.spread_dB,
        top_up=arguments.top_up_minutes * 60_000,
        station=arguments.radio.station,
    )
    site = SimulatedSite(street, lambda: Ebike(CURVES[arguments.load_curve], capacity))

    async with AsyncExitStack() as stack:
        where: dict[str, str] = {}
        send: Callable[[bytes], None]
        if arguments.radio.server is None:
            line = SerialLine(site)
            stack.callback(line.close)
            where, send = {"serial": line.path}, line.send
        else:
            server = (HOST, arguments.radio.server)
            wire, _ = await loop.create_datagram_endpoint(lambda: Wire(site), remote_addr=server)
            stack.callback(wire.close)
            send = wire.sendto
        await stack.enter_async_context(taking_orders(arguments.control, site.obey))
        euis = ",".join(one.eui.hex() for one in identities)
        announce(**where, gateway=arguments.gateway.hex(), sockets=len(identities), euis=euis)
        await tick(site, send)


async def tick(site: SimulatedSite, send: Callable[[bytes], None]) -> NoReturn:
    """Let time pass for ever, from one deadline to the next."""
    while True:
        site.wake.clear()
        site.street.tick(site.now())
        for datagram in site.street.data_to_send():
            send(datagram)
        try:
            async with asyncio.timeout_at(site.street.deadline):
                await site.wake.wait()
        except TimeoutError:
            continue


def configure(parser: argparse.ArgumentParser) -> None:
    def option(name: str, meaning: Text, **settings: Any) -> None:
        parser.add_argument(name, help=str(meaning), **settings)

    radio = Text(
        "where the edge listens for packet forwarders; or a modem, rak or ebyte, on a serial port that is printed",
        "网关 (edge) 接收数据包转发器的地址；或串口模块 rak、ebyte，启动后显示其串口",
    )
    option("--radio", radio, type=radio_of, required=True, metavar=f"udp:{HOST}:PORT|rak|ebyte")
    key_file = Text("the site's key file; made if it is not there", "本站的密钥文件；不存在时自动生成")
    option("--keys", key_file, type=Path, required=True, metavar="FILE")
    option("--sockets", Text("how many (default: 2)", "插座数量 (默认: 2)"), type=within(1, MOST_SOCKETS), default=2)
    curve = Text("what is plugged in (default: lithium)", "接入的负载类型 (默认: lithium)")
    option("--load-curve", curve, choices=[*CURVES], default="lithium")
    battery = Text("energy of a whole charge, if not the curve's own", "充满所需电量 (Wh)，默认取自负载类型")
    option("--battery-Wh", battery, type=within(1, MOST_WATT_HOURS), metavar="WH")
    top_up = Text("minutes that a full battery is left on (default: 45)", "充满后的浮充时间，分钟 (默认: 45)")
    option("--top-up-minutes", top_up, type=within(0, 240), default=45, metavar="MINUTES")
    loss = Text("share of packets lost on the air, 0 to 0.9", "空口丢包率，0 至 0.9")
    option("--loss", loss, type=share, default=0.0)
    spread = Text(
        "by how many dB links differ, 0 to 60 (default: 0); of two packets at once the one 6 dB stronger is heard",
        "各链路电平差异，0 至 60 dB (默认: 0)；同时到达的两包中，强 6 dB 者可被收到",
    )
    option("--spread-dB", spread, type=within(0, MOST_SPREAD), default=0, metavar="DB")
    option("--seed", Text("of chance; the same again", "随机种子；相同种子结果相同"), type=int, default=1)
    option("--gateway", Text("EUI of the gateway", "网关 EUI"), type=eui, default=bytes.fromhex(GATEWAY))
    control = Text(
        "a unix socket for testers: lines 'plug S A [WH]', 'unplug S A', 'battery S MV', 'sensor S A', 'cut S'",
        "供测试人员使用的 unix 套接字，命令: 'plug S A [WH]'、'unplug S A'、'battery S MV'、'sensor S A'、'cut S'",
    )
    option("--control", control, type=Path, metavar="PATH")


def radio_of(text: str) -> Radio:
    if text in MODEMS:
        return MODEMS[text]
    return Radio(Forwarder, loopback_port(text.removeprefix("udp:").removeprefix("gwmp://")))


def within(low: int, high: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not low <= int(text) <= high:
            raise ValueError(text)
        return int(text)

    return number


def share(text: str) -> float:
    if not 0 <= float(text) <= 0.9:
        raise ValueError(text)
    return float(text)


def eui(text: str) -> bytes:
    if len(bytes.fromhex(text)) != 8:
        raise ValueError(text)
    return bytes.fromhex(text)


def simulate(arguments: argparse.Namespace) -> int:
    try:
        return run(serve(arguments))
    except keys.KeyFileError as error:
        raise CommandError(str(error)) from error


COMMAND = Command(
    name="site",
    summary=Text("e-bike sockets behind a LoRa gateway", "LoRa 网关下的电动自行车智能插座"),
    configure=configure,
    run=simulate,
    examples=(
        Example(
            "chargelink sim site --radio udp:127.0.0.1:1700 --keys keys.toml --control site.sock",
            Text(
                "two sockets; plug in with: echo plug 1 A | nc -U site.sock", "两个插座；可向 site.sock 写入 plug 1 A"
            ),
        ),
        Example(
            "chargelink sim site --radio udp:127.0.0.1:1700 --keys keys.toml --sockets 50 --loss 0.05 --spread-dB 40",
            Text("fifty, near and far, on an air that loses packets", "五十个远近不同的插座，空口有丢包"),
        ),
        Example(
            "chargelink sim site --radio rak --keys keys.toml",
            Text("the same behind a modem on a serial port", "同上，经串口模块接入"),
        ),
    ),
)
