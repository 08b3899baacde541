"""A month of telemetry in seconds: an hour of each kind of charge, packed once, and stored again and again."""

from collections.abc import Iterator
from itertools import islice

from tests.link.curves import bike, car

from chargelink.edge.ledger.blocks import Block, Blocks, block_of
from chargelink.edge.ledger.telemetry import SAMPLES_IN_BLOCK
from chargelink.link.messages import Sample

DAYS, HOURS = 30, 12  # of charging, each day
GUNS, SOCKETS = 2, 50
IN_TRANSACTION = 256


def guns(days: int = DAYS) -> Iterator[Block]:
    """The blocks of two guns, each at full power for twelve hours a day: one sample a second."""
    hours = [_blocks(car(3600, seed, f"gun-{seed % GUNS + 1}")) for seed in range(4)]
    for number in range(days * HOURS * GUNS):
        yield from hours[number % len(hours)]


def sockets(days: int = DAYS) -> Iterator[Block]:
    """The blocks of fifty sockets, each in use for twelve hours a day: one sample a minute, an hour a block."""
    hours = [block_of([*bike(60, seed, f"socket-{seed + 1}")]) for seed in range(8)]
    for number in range(days * HOURS * SOCKETS):
        yield hours[number % len(hours)]


def store(file: Blocks, blocks: Iterator[Block]) -> None:
    """All of them, many at a time."""
    while group := [*islice(blocks, IN_TRANSACTION)]:
        file.write(group, ())


def _blocks(samples: Iterator[Sample]) -> list[Block]:
    parts = []
    while part := [*islice(samples, SAMPLES_IN_BLOCK)]:
        parts.append(block_of(part))
    return parts
