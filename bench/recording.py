"""A recording as long as wanted: BCL and CCS every 50 ms, BSM and a transported BCS every 250 ms."""

import random
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

from chargelink.gbt27930.catalogue import BY_NAME
from chargelink.gbt27930.charging import BCL, BCS, BSM, CCS
from chargelink.gbt27930.codes import ChargeMode, ChargePermission, Excess, Health, Level, Permission
from chargelink.wire import Message

START = 1_700_000_000  # s


def write_recording(path: Path, frames: int) -> None:
    """Write a candump log of `frames` frames; values differ from frame to frame, the same in every run."""
    with path.open("w") as file:
        file.writelines(islice(lines(random.Random(645)), frames))


def lines(chance: random.Random) -> Iterator[str]:
    """Lines of candump without end."""
    for tick in count():
        time = START + tick * 0.05
        volts, amperes = chance.randrange(3000, 7500) * 100, -chance.randrange(2500) * 100
        yield line(time, "BCL", BCL(volts, amperes, ChargeMode.CONSTANT_CURRENT))
        yield line(time + 0.01, "CCS", CCS(volts, amperes, chance.randrange(600), Permission.PERMITTED))
        if tick % 5 == 0:
            yield line(time + 0.02, "BSM", state(chance))
            cell, percent = chance.randrange(300, 365) * 10, chance.randrange(100) * 10
            yield from transported(time + 0.021, BCS(volts, amperes, cell, 3, percent, 100).encode())


def line(time: float, name: str, message: Message) -> str:
    return f"({time:.6f}) can0 {BY_NAME[name].identifier:08X}#{message.encode().hex().upper()}\n"


def state(chance: random.Random) -> BSM:
    warm = chance.randrange(250, 450, 10)
    normal = (Level.NORMAL, Level.NORMAL, Excess.NORMAL, Excess.NORMAL, Health.NORMAL, Health.NORMAL)
    return BSM(chance.randrange(1, 256), warm, 3, warm - 30, 9, *normal, ChargePermission.PERMITTED)


def transported(time: float, status: bytes) -> Iterator[str]:
    """A BCS as the transport protocol carries it: RTS, CTS, two packets, acknowledgement."""
    frames = (
        ("1CEC56F4", "10090002FF001100"),
        ("1CECF456", "110201FFFF001100"),
        ("1CEB56F4", f"01{status[:7].hex()}"),
        ("1CEB56F4", f"02{status[7:].hex()}FFFFFFFFFF"),
        ("1CECF456", "13090002FF001100"),
    )
    for place, (identifier, data) in enumerate(frames):
        yield f"({time + place / 1000:.6f}) can0 {identifier}#{data.upper()}\n"
