"""How small a car's samples become, how fast, and what a month of them takes at the edge."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from tests.edge.ledger.month import guns, sockets, store
from tests.link.curves import CAR_SESSION, car

from bench.measure import Measured, more, nanoseconds, slower
from chargelink.edge.config.sections import Telemetry
from chargelink.edge.ledger.blocks import Block, Blocks
from chargelink.edge.ledger.telemetry import SAMPLES_IN_BLOCK
from chargelink.link.messages import Sample
from chargelink.link.telemetry import pack, unpack

HOUR = [*car(3600)]
KIB = 1024


def figures() -> Iterator[Measured]:
    blocks = [HOUR[at : at + SAMPLES_IN_BLOCK] for at in range(0, len(HOUR), SAMPLES_IN_BLOCK)]
    bodies = [pack(block) for block in blocks]
    ours, theirs = sum(map(len, bodies)), sum(len(msgspec.msgpack.encode(block)) for block in blocks)
    yield more("telemetry", "an hour of a car", "bytes", ours, theirs, "msgspec, MessagePack", "<= 0.02")
    names = {"pack": pack, "unpack": unpack, "block": blocks[2], "body": bodies[2], "session": CAR_SESSION}
    names |= {"there": msgspec.msgpack.Encoder().encode, "back": msgspec.msgpack.Decoder(list[Sample]).decode}
    names["plain"] = msgspec.msgpack.encode(blocks[2])
    code = ("pack(block)", "there(block)", "unpack(body, 'gun-1', session)", "back(plain)")
    packed, encoded, unpacked, decoded = (
        time / SAMPLES_IN_BLOCK for time in nanoseconds(*((one, names) for one in code))
    )
    yield slower("telemetry", "pack a sample", packed, encoded, "msgspec, MessagePack")
    yield slower("telemetry", "unpack a sample", unpacked, decoded, "msgspec, MessagePack")
    most = Telemetry().most_bytes
    for what, month in (("two guns, 30 days", guns), ("fifty sockets, 30 days", sockets)):
        yield more("telemetry", what, "KiB", size(month) / KIB, most / KIB, "max_mib by default", "<= 0.5")


def size(month: Callable[[], Iterator[Block]]) -> int:
    """Bytes of the file."""
    with tempfile.TemporaryDirectory(prefix="telemetry-") as folder:
        file = Blocks(Path(folder) / "telemetry.db", Telemetry().most_bytes)
        store(file, month())
        used = file.size
        file.close()
    return used
