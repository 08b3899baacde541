"""The command `chargelink sim fleet`: edges by the thousand, as a hub meets them, from one process."""

import argparse
import asyncio
import json
import math
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from chargelink.cli.command import Command, CommandError, Example, Exit
from chargelink.cli.language import Text
from chargelink.cli.layout import padded
from chargelink.sim.edges.durable import MOST_RECORDS, Durable, Records, Samples
from chargelink.sim.edges.fleet import Fleet
from chargelink.sim.edges.line import Address, Papers
from chargelink.sim.edges.loads import Heartbeats, MeterValues, Rated
from chargelink.sim.edges.tally import Calls
from chargelink.sim.edges.telemetry import MOST_SAMPLES
from chargelink.sim.process import HOST, announce, run

MOST_EDGES = 50_000
SPARE_FILES = 64  # besides one for each edge
EVERY = 1.0  # s between looks at the line that lives
CALLS = {"heartbeat": Heartbeats, "meter-values": MeterValues}

PAPERS = Text(
    "with wss:// edges show certificates: say where with --ca and --identities",
    "使用 wss:// 时网关须出示证书：请用 --ca 与 --identities 指明",
)
TOO_MANY = Text(
    "{} edges need {} open files, and this process may have {}; raise it with: ulimit -n",
    "{} 个边缘网关需要打开 {} 个文件，而本进程上限为 {}；可用 ulimit -n 提高",
)


class Work:
    """What was asked for on the command line, and what came of it."""

    fleet_type = Fleet

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.seconds: float | None = arguments.seconds
        self.per_second: float = arguments.connect_per_second
        names = [f"{arguments.prefix}{number:05}" for number in range(1, arguments.edges + 1)]
        self.fleet = self.fleet_type(address_of(arguments), names, self._tell)
        self.loads: dict[str, Rated] = {}
        if arguments.records_per_second:
            self.loads["records"] = Records(self.fleet, arguments.records_per_second, arguments.records_per_call)
        if arguments.samples_per_second:
            self.loads["samples"] = Samples(self.fleet, arguments.samples_per_second, arguments.samples_per_call)
        if arguments.calls_per_second:
            self.loads["calls"] = CALLS[arguments.call](self.fleet, arguments.calls_per_second, 1)
        self.fleet.loads = [*self.loads.values()]
        self.took = 0.0  # s under load
        self.processor = 0.0  # s of our own meanwhile
        self._alive = sys.stderr.isatty()

    def _tell(self, what: str, seconds: float) -> None:
        announce(what, edges=self.fleet.connected, seconds=round(seconds, 3))

    async def run(self) -> None:
        """Until its time is over; for ever without one."""
        await self.fleet.complete.wait()
        began, processor = time.monotonic(), time.process_time()
        try:
            async with asyncio.timeout(self.seconds), asyncio.TaskGroup() as tasks:
                if self._alive:
                    tasks.create_task(self._show(), name="show")
                tasks.create_task(self.fleet.load(), name="load")
        except TimeoutError:
            pass
        finally:
            self.took = time.monotonic() - began
            self.processor = time.process_time() - processor
        await self.fleet.answered()

    async def _show(self) -> None:
        """The line that lives, for people."""
        while True:
            await asyncio.sleep(EVERY)
            boots = self.fleet.boots.calls
            parts = [f"connected={self.fleet.connected}", f"boots={boots.answered}"]
            parts += [f"{name}={load.calls.rows}" for name, load in self.loads.items()]
            print("\r" + " ".join(parts) + "\x1b[K", end="", file=sys.stderr, flush=True)

    def summary(self) -> dict[str, Any]:
        """Everything, as `--json` prints it: times in ms."""
        fleet = self.fleet
        answer: dict[str, Any] = {
            "edges": len(fleet.edges),
            "connected": fleet.at_end,
            "seconds": round(self.took, 3),
            "processorSeconds": round(self.processor, 3),
            "boots": fleet.boots.calls.summary(self.took) | {"awayMs": fleet.boots.away.summary()},
            "heartbeats": fleet.heartbeats.calls.summary(self.took),
            "asked": dict(fleet.asked),
            "farewells": dict(fleet.farewells),
            "failedTries": dict(fleet.failures),
            "complaints": fleet.complaint_count,
        }
        for name, load in self.loads.items():
            answer[name] = load.calls.summary(self.took)
            if isinstance(load, Durable):
                answer[name] |= {"again": load.again, "forgotten": load.forgotten, "broken": load.broken}
        return answer

    @property
    def sound(self) -> bool:
        """The hub did nothing that no hub may do."""
        durable = [load for load in self.loads.values() if isinstance(load, Durable)]
        return not self.fleet.complaint_count and not any(load.forgotten or load.broken for load in durable)


COLUMNS = ("sent", "answered", "rows", "rowsPerSecond", "lost")
HEADINGS = (
    Text("call", "调用"),
    Text("sent", "已发送"),
    Text("answered", "已应答"),
    Text("rows", "行数"),
    Text("rows/s", "行/秒"),
    Text("lost", "丢失"),
    Text("p50 ms", "p50 毫秒"),
    Text("p99 ms", "p99 毫秒"),
    Text("max ms", "最大毫秒"),
)
WIDTH = 13  # columns


def table(work: Work) -> str:
    """What came of it, for people."""
    kinds: dict[str, Calls] = {"boots": work.fleet.boots.calls, "heartbeats": work.fleet.heartbeats.calls}
    kinds |= {name: load.calls for name, load in work.loads.items()}
    lines = ["".join(padded(str(heading), WIDTH) for heading in HEADINGS).rstrip()]
    for name, calls in kinds.items():
        row = calls.summary(work.took)
        cells = [name, *(str(row[column]) for column in COLUMNS), *map(str, row["ms"].values())]
        lines.append("".join(padded(cell, WIDTH) for cell in cells).rstrip())
        lines += [f"  {code}: {count}" for code, count in calls.refused.items()]
    summary = work.summary()
    facts = Text(
        "{} of {} edges connected; {} s; {} s of them on the processor", "{} / {} 个网关在线；{} 秒，占用处理器 {} 秒"
    )
    lines.append(facts.format(summary["connected"], summary["edges"], summary["seconds"], summary["processorSeconds"]))
    lines += work.fleet.complaints
    return "\n".join(lines)


def simulate(arguments: argparse.Namespace, work_type: type[Work] = Work) -> int:
    """The command; `work_type` for fleets of another kind."""
    import uvloop

    allow_files(arguments.edges + SPARE_FILES)

    async def main() -> int:
        work = work_type(arguments)
        try:
            await work.fleet.run(work.run, work.per_second)
        finally:
            print(json.dumps(work.summary()) if arguments.json else table(work), flush=True)
        return Exit.CLEAN if work.sound else Exit.DEFECTS

    return run(main(), uvloop.new_event_loop)


def allow_files(wanted: int) -> None:
    """As many open files as are needed. Raises CommandError."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise CommandError(TOO_MANY.format(wanted - SPARE_FILES, wanted, hard))
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def hub(text: str) -> SplitResult:
    """`ws://127.0.0.1:PORT` or `wss://127.0.0.1:PORT`. Raises ValueError."""
    url = urlsplit(text)
    if url.scheme not in ("ws", "wss") or url.hostname != HOST or not url.port or url.path not in ("", "/"):
        raise ValueError(text)
    return url


def address_of(arguments: argparse.Namespace) -> Address:
    """Where edges connect, and with what. Raises CommandError for TLS without papers."""
    url: SplitResult = arguments.hub
    assert url.port
    if url.scheme == "ws":
        return Address(HOST, url.port)
    if not (arguments.ca and arguments.identities):
        raise CommandError(PAPERS)
    return Address(HOST, url.port, Papers(arguments.ca, arguments.identities))


def rate(text: str) -> float:
    """So many a second, or `max`. Raises ValueError."""
    number = math.inf if text == "max" else float(text)
    if number < 0 or math.isnan(number) or (math.isinf(number) and text != "max"):
        raise ValueError(text)
    return number


def within(low: int, high: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not low <= int(text) <= high:
            raise ValueError(text)
        return int(text)

    return number


def above_zero(text: str) -> float:
    if not 0 < float(text) < math.inf:
        raise ValueError(text)
    return float(text)


def prefix(text: str) -> str:
    if not text.isascii() or not text.isalnum() or len(text) > 32:
        raise ValueError(text)
    return text


def configure(parser: argparse.ArgumentParser) -> None:
    def option(name: str, meaning: Text, **settings: Any) -> None:
        parser.add_argument(name, help=str(meaning), **settings)

    option(
        "--hub",
        Text("where edges connect", "平台的网关接入地址"),
        type=hub,
        required=True,
        metavar=f"ws[s]://{HOST}:PORT",
    )
    option("--edges", Text("how many (default: 10)", "边缘网关数量 (默认: 10)"), type=within(1, MOST_EDGES), default=10)
    option("--ca", Text("the hub's CA, for wss://", "平台 CA 证书，用于 wss://"), type=Path, metavar="FILE")
    papers = Text(
        "folder of NAME.pem, key and certificate of each edge, for wss://", "NAME.pem 所在目录，含各网关密钥与证书"
    )
    option("--identities", papers, type=Path, metavar="DIR")
    seconds = Text("under load, then the result (default: until Ctrl-C)", "运行秒数，之后输出结果 (默认: 直到 Ctrl-C)")
    option("--seconds", seconds, type=above_zero, metavar="S")
    connect = Text("edges that connect in a second (default: 1000)", "每秒接入的网关数 (默认: 1000)")
    option("--connect-per-second", connect, type=above_zero, default=1000.0, metavar="N")
    records = Text(
        "records of the whole fleet, or max: on as soon as acknowledged",
        "全部网关每秒的记录数；max: 收到确认即发下一条",
    )
    option("--records-per-second", records, type=rate, default=0.0, metavar="N")
    batch = Text("records in each call (default: 1)", "每次调用携带的记录数 (默认: 1)")
    option("--records-per-call", batch, type=within(1, MOST_RECORDS), default=1, metavar="N")
    samples = Text("samples of telemetry of the whole fleet, or max", "全部网关每秒的遥测采样数，或 max")
    option("--samples-per-second", samples, type=rate, default=0.0, metavar="N")
    block = Text("samples in each call, as one block (default: 300)", "每次调用携带的采样数，为一个数据块 (默认: 300)")
    option("--samples-per-call", block, type=within(1, MOST_SAMPLES), default=300, metavar="N")
    calls = Text("other calls of the whole fleet, or max", "全部网关每秒的其他调用数，或 max")
    option("--calls-per-second", calls, type=rate, default=0.0, metavar="N")
    kind = Text("which call that is (default: meter-values)", "其他调用的种类 (默认: meter-values)")
    option("--call", kind, choices=[*CALLS], default="meter-values")
    option("--prefix", Text("names begin so (default: sim)", "名称前缀 (默认: sim)"), type=prefix, default="sim")
    option("--json", Text("the result as JSON", "以 JSON 输出结果"), action="store_true")


COMMAND = Command(
    name="fleet",
    summary=Text("edges by the thousand, to try a hub with", "成千上万个边缘网关，用于检验平台"),
    configure=configure,
    run=simulate,
    examples=(
        Example(
            "chargelink sim fleet --hub ws://127.0.0.1:8701 --edges 1000 --seconds 30 --records-per-second 500",
            Text("500 durable records a second", "每秒 500 条需持久保存的记录"),
        ),
    ),
)
