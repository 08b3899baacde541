"""The command `chargelink sim charger-io`: the inside of a DC charger, reached over Modbus, cable and guard lines."""

import argparse
import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NoReturn, cast

from chargelink.cli.command import Command, Example
from chargelink.cli.language import Text
from chargelink.sim.cable import EVERY, ChargerSide, Probe, VehicleSide, decode, encode
from chargelink.sim.charger_board import ChargerBoard
from chargelink.sim.dc_circuit import DcCircuit, Facts
from chargelink.sim.guard_lines import GuardLines
from chargelink.sim.loopback import loopback_port, port
from chargelink.sim.modbus_slave import Conversation
from chargelink.sim.process import HOST, announce, like_hardware, run

INPUTS_EVERY = 0.005  # s
CHUNK = 4096
MOST_INSULATION = 100_000  # kohm


class ChargerIo:
    """The circuit and its board, given the time of the running loop; `changed` is called after what a person did."""

    def __init__(self) -> None:
        self.now = asyncio.get_running_loop().time
        self.circuit = DcCircuit(self.now())
        self.board = ChargerBoard(self.circuit, self.now())
        self.changed: Callable[[], object] = self.step

    def step(self) -> Facts:
        """What is so now."""
        self.board.step(self.now())
        return self.circuit.facts

    def hear_guard(self, word: bytes) -> None:
        self.step()
        self.circuit.one_shot.hear(word, self.now())
        self.changed()

    def hear_vehicle(self, datagram: bytes) -> bytes:
        """The answer to a vehicle; b"" to what is no word of one."""
        side = decode(datagram, VehicleSide)
        if side is None:
            return b""
        self.circuit.connect(side, self.now())
        facts = self.step()
        return encode(ChargerSide(facts.k3k4_feedback, facts.outside_voltage, facts.current, facts.lock_feedback))

    def obey(self, line: str) -> str:
        """Do what a tester asks in a line: "ok", or what is wrong with it."""
        match line.split():
            case ["insulation", kohm] if kohm.isdecimal() and int(kohm) <= MOST_INSULATION:
                self.circuit.surroundings.insulation = int(kohm)
            case [thing, deed] if (thing, deed) in DEEDS:
                self.step()
                holder, name, value = DEEDS[thing, deed]
                setattr(holder(self.circuit), name, value)
            case _:
                return f"unknown: {line.strip()[:40]!r}; there are {', '.join(map(' '.join, DEEDS))}, insulation KOHM"
        self.changed()
        return "ok"


def _surroundings(circuit: DcCircuit) -> object:
    return circuit.surroundings


def _k1k2(circuit: DcCircuit) -> object:
    return circuit.k1k2


DEEDS: dict[tuple[str, str], tuple[Callable[[DcCircuit], object], str, bool]] = {
    ("estop", "press"): (_surroundings, "e_stop", True),
    ("estop", "release"): (_surroundings, "e_stop", False),
    ("door", "open"): (_surroundings, "door_open", True),
    ("door", "close"): (_surroundings, "door_open", False),
    ("button", "press"): (_surroundings, "button", True),
    ("button", "release"): (_surroundings, "button", False),
    ("modules", "fail"): (_surroundings, "module_fault", True),
    ("modules", "mend"): (_surroundings, "module_fault", False),
    ("k1k2", "weld"): (_k1k2, "welded", True),
    ("k1k2", "mend"): (_k1k2, "welded", False),
}


class Cable(asyncio.DatagramProtocol):
    """The cable port: every word of the vehicle is answered to whoever said it."""

    def __init__(self, charger: ChargerIo) -> None:
        self._charger = charger
        self.transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)  # the loop's own is none by its class

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if answer := self._charger.hear_vehicle(data):
            self.transport.sendto(answer, addr)


async def serve(arguments: argparse.Namespace) -> NoReturn:
    """Until cancelled. Raises OSError for a place that is taken or not there."""
    charger = ChargerIo()
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        lines = GuardLines(arguments.lines, charger.hear_guard)
        stack.callback(lines.close)
        charger.changed = lambda: lines.send(charger.step())
        wire, cable = await loop.create_datagram_endpoint(lambda: Cable(charger), (HOST, arguments.cable_port))
        stack.callback(wire.close)

        async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await speak_modbus(charger, arguments.unit, reader, writer)

        async def control(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await take_orders(charger, reader, writer)

        modbus = await stack.enter_async_context(await asyncio.start_server(converse, HOST, arguments.modbus_port))
        if arguments.control is not None:
            arguments.control.unlink(missing_ok=True)
            stack.callback(arguments.control.unlink, missing_ok=True)
            await stack.enter_async_context(await asyncio.start_unix_server(control, arguments.control))
            arguments.control.chmod(0o600)
        like_hardware()
        announce(
            modbus=f"modbus-tcp://{HOST}:{modbus.sockets[0].getsockname()[1]}?unit={arguments.unit}",
            cable=f"{HOST}:{wire.get_extra_info('sockname')[1]}",
        )
        await tick(charger, lines, cable, arguments.probe)


async def tick(charger: ChargerIo, lines: GuardLines, cable: Cable, probes: list[int]) -> NoReturn:
    """Let time pass for ever: the inputs every 5 ms, the probes every 20 ms."""
    every = round(EVERY / INPUTS_EVERY)
    loop = asyncio.get_running_loop()
    due = loop.time()
    count = 0
    while True:
        facts = charger.step()
        lines.send(facts)
        if count % every == 0:
            datagram = encode(Probe(facts.outside_voltage, facts.current))
            for port in probes:
                cable.transport.sendto(datagram, (HOST, port))
        count += 1
        due = max(due + INPUTS_EVERY, loop.time())
        await asyncio.sleep(due - loop.time())


async def speak_modbus(
    charger: ChargerIo, unit: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """One master, until it leaves."""
    conversation = Conversation(charger.board, unit)
    try:
        while not conversation.closed and (data := await reader.read(CHUNK)):
            writer.write(conversation.receive(data, charger.now()))
            charger.changed()
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def take_orders(charger: ChargerIo, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One tester, until it leaves: a line an order, a line an answer."""
    try:
        while line := await reader.readline():
            writer.write(f"{charger.obey(line.decode(errors='replace'))}\n".encode())
            await writer.drain()
    except (ConnectionError, ValueError):  # ValueError: a line without end
        pass
    finally:
        writer.close()


def configure(parser: argparse.ArgumentParser) -> None:
    def option(name: str, meaning: Text, **settings: Any) -> None:
        parser.add_argument(name, help=str(meaning), **settings)

    def directory(text: str) -> Path:
        return Path(text.removeprefix("unix:"))

    free = Text("; 0 takes a free one", "; 0 表示任选空闲端口")
    modbus = Text("TCP port of the board (Modbus)", "输入输出板的 Modbus TCP 端口")
    cable = Text("UDP port that the vehicle sends to", "接收车辆侧数据的 UDP 端口")
    option(
        "--modbus-port",
        Text(modbus.english + free.english, modbus.chinese + free.chinese),
        type=port,
        default=0,
        metavar="PORT",
    )
    option("--unit", Text("Modbus unit (default: 1)", "Modbus 从站地址 (默认: 1)"), type=int, default=1, metavar="UNIT")
    option(
        "--cable-port",
        Text(cable.english + free.english, cable.chinese + free.chinese),
        type=port,
        default=0,
        metavar="PORT",
    )
    lines = Text(
        "directory of the lines to the guard (permit, inputs)", "与安全进程之间信号线所在的目录 (permit, inputs)"
    )
    option("--lines", lines, type=directory, required=True, metavar="DIR")
    probe = Text("a meter's probe port; may be given several times", "电能表的采样端口，可多次给出")
    option("--probe", probe, type=loopback_port, action="append", default=[], metavar=f"{HOST}:PORT")
    control = Text(
        "socket for testers: estop press, door open, k1k2 weld ...", "测试控制套接字: estop press, door open 等"
    )
    option("--control", control, type=Path, metavar="PATH")


COMMAND = Command(
    name="charger-io",
    summary=Text("inside of a DC charger: modules, contactors, lock", "直流充电桩内部: 模块、接触器、电子锁"),
    configure=configure,
    run=lambda arguments: run(serve(arguments)),
    examples=(
        Example(
            "chargelink sim charger-io --lines /tmp/lines --control /tmp/charger.sock",
            Text("a charger; it prints its addresses", "启动充电桩内部电路，并显示各地址"),
        ),
    ),
)
