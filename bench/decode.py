"""Decoding: messages against the bare minimum, construct and cantools; a recording to JSON."""

import os
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cantools
import construct
import msgspec

from bench.measure import Measured, Statement, faster, more, nanoseconds, slower
from bench.recording import write_recording
from chargelink.gbt27930.charging import BCL, BCS, BMV, BSM, CCS
from chargelink.gbt27930.handshake import BRM
from chargelink.wire import Message
from chargelink.wire.decoder import Body
from chargelink.wire.items import Number
from chargelink.wire.layout import layout

DBC = Path(__file__).parent.parent / "tests" / "gbt27930" / "gbt27930.dbc"
SAMPLES: tuple[tuple[type[Message], str, str], ...] = (
    (BCL, "A510D80E02", "<= 2.5"),
    (BCS, "C90EA00F4C114D0000", "<= 2.5"),
    (CCS, "C90EA00F0000FD", "<= 2.5"),
    (BSM, "343606350F00D0", "<= 2.5"),
    (
        BRM,
        "01010003F005400E0100000001000000290B0895000001FF4C314E5350474839384E41303030303030000104E707FFFF00",
        "<= 4",
    ),
)
CELLS = 126
FRAMES, MORE_FRAMES = 100_000, 600_000
PER_SECOND = 200_000


def figures() -> Iterator[Measured]:
    for cls, payload, goal in SAMPLES:
        yield from message_figures(cls, bytes.fromhex(payload), goal)
    yield cells_figure()
    yield from recording_figures()


def message_figures(cls: type[Message], data: bytes, goal: str) -> Iterator[Measured]:
    """One message, with its range checks, against three others."""
    assert cls.decode(data).flaws == ()
    name = f"{cls.__name__}, {len(data)} bytes"
    database = cantools.database.can.Database()
    database.add_dbc_file(DBC)
    ours, bare, compiled, foreign = nanoseconds(
        ("decode(data)", {"decode": cls.decode, "data": data}),
        bare_minimum(cls, data),
        ("parse(data)", {"parse": compiled_construct(cls).parse, "data": data}),
        ("decode(data)", {"decode": database.get_message_by_name(cls.__name__).decode, "data": data}),
    )
    yield slower("decode", name, ours, bare, "struct.unpack + msgspec.Struct", goal)
    yield faster("decode", name, ours, compiled, "construct, compiled, unchecked", ">= 10")
    yield faster("decode", name, ours, foreign, "cantools", ">= 5")


def bare_minimum(cls: type[Message], data: bytes) -> Statement:
    """The same bytes unpacked, and a struct of as many fields: no scaling, no bits, no checks."""
    of = layout(cls)
    unpack = Body(of, len(data)).unpacker().unpack_from
    new = msgspec.defstruct("Bare", [(f"f{place}", Any) for place in range(len(of.fields))], frozen=True, gc=False)
    fields = range(len(of.fields))
    names = [f"v{place}" for place in range(len(unpack(data)))]
    values = [names[place % len(names)] for place in fields]
    return f"{', '.join(names)}, = unpack(data); new({', '.join(values)})", {"unpack": unpack, "new": new, "data": data}


def compiled_construct(cls: type[Message]) -> Any:
    """The same integers and texts from a construct written for speed: whole cells read, taken apart, scaled; compiled.

    Nothing is checked, and neither codes nor absent values are looked up.
    """
    kinds = {1: construct.Int8ul, 2: construct.Int16ul, 3: construct.Int24ul, 4: construct.Int32ul}
    parts: list[Any] = []
    for cell in layout(cls).cells:
        name, first = f"c{cell.start}", cell.fields[0]
        octets = construct.PaddedString(cell.size, "ascii") if first.kind is str else construct.Bytes(cell.size)
        parts.append(name / (kinds[cell.size] if isinstance(first.item, Number) else octets))
        for field in cell.fields:
            if isinstance(item := field.item, Number) and (cell.shared or item.step != 1 or item.offset):
                raw: Any = construct.this[name]
                if cell.shared:
                    raw = raw >> field.start - cell.start * 8 & (1 << field.width) - 1
                parts.append(field.name / construct.Computed(raw * item.step + item.offset))
    return construct.Struct(*parts).compile()


def cells_figure() -> Measured:
    data = bytes.fromhex("4F11") * CELLS
    assert BMV.decode(data).flaws == ()
    ours, bare = nanoseconds(
        ("decode(data)", {"decode": BMV.decode, "data": data}),
        (
            "[new(v) for v, in unpack(data)]",
            {
                "unpack": struct.Struct("<H").iter_unpack,
                "new": msgspec.defstruct("Bare", [("f", Any)], frozen=True, gc=False),
                "data": data,
            },
        ),
    )
    return slower("decode", "BMV, one cell of 126", ours / CELLS, bare / CELLS, "iter_unpack + msgspec.Struct")


def recording_figures() -> Iterator[Measured]:
    """`chargelink decode gbt27930 --json` of a candump log, in a process of its own: CPU time and memory."""
    with tempfile.TemporaryDirectory() as folder:
        short, long = Path(folder) / "short.log", Path(folder) / "long.log"
        write_recording(short, FRAMES)
        write_recording(long, MORE_FRAMES)
        few, many, reading = (min(runs) for runs in zip(*(once(short, long) for _ in range(3)), strict=True))
        per_second = (MORE_FRAMES - FRAMES) / (many[0] - few[0])
        reference = MORE_FRAMES / reading[0]
        yield more("decode", "candump to JSON", "frames/s", per_second, PER_SECOND, "goal of 200,000", ">= 1")
        yield more("decode", "candump to JSON", "frames/s", per_second, reference, "python-can reading only")
        yield more("decode", "memory of 6 times the frames", "KiB", many[1], few[1], "100,000 frames", "<= 1.05")


def once(short: Path, long: Path) -> tuple[tuple[float, int], tuple[float, int], tuple[float, int]]:
    decode = [sys.executable, "-m", "chargelink.cli", "decode", "gbt27930", "--json"]
    reading = "import sys, can.io; [None for _ in can.io.CanutilsLogReader(sys.argv[1])]"
    return used([*decode, str(short)]), used([*decode, str(long)]), used([sys.executable, "-c", reading, str(long)])


def used(command: list[str]) -> tuple[float, int]:
    """CPU seconds and the most memory (KiB) of a command."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    ended, most = 0, 0
    while not ended:
        # not ru_maxrss: what this process had before it became another counts there
        status = Path(f"/proc/{process.pid}/status").read_text()
        most = next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), most)
        time.sleep(0.01)
        ended, code, usage = os.wait4(process.pid, os.WNOHANG)
    process.returncode = os.waitstatus_to_exitcode(code)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, most
