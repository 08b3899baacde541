"""Blocks of telemetry as docs/protocols/link.md has them: each column as its first value and the steps that follow.

Ours are the plainest that a hub has to read: no compression, no differences of differences, nothing expected.
"""

import os
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from chargelink.sim.edges import speech

VERSION, AS_THEY_ARE, DIFFERENCES, NO_SOC = 1, 0, 0, 0
SECOND = 1_000  # ms
LONG_AGO = 86_400_000  # ms: a charge of yesterday
MOST_SAMPLES = 3_600  # in a block
VOLTAGE = 380_000  # mV
POWER = 37_240_000  # mW
ENERGY = POWER // 3_600  # mWh in a second


def varint(value: int) -> bytes:
    """7 bits a byte, lowest first, bit 7 set on all but the last."""
    data = bytearray()
    while value >= 0x80:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    data.append(value)
    return bytes(data)


def signed(value: int) -> bytes:
    """0 -1 1 -2 2 as the varints 0 1 2 3 4."""
    return varint(value << 1 if value >= 0 else (-value << 1) - 1)


def column(values: Sequence[int], step: int = 1) -> tuple[bytes, bytes]:
    """What stands before the first value, and after it."""
    rest = b"".join(signed((after - before) // step) for before, after in pairwise(values))
    return bytes([DIFFERENCES]) + varint(step), rest


class Telemetry:
    """The telemetry of an edge that charges for ever: a sample a second, so many in a block."""

    __slots__ = ("_at", "_count", "_head", "_middle", "_session", "_tail", "epoch", "seq")

    def __init__(self, count: int) -> None:
        self.epoch = os.urandom(8).hex()
        self.seq = 0
        self._count = count
        self._at = speech.now_ms() - LONG_AGO
        self._session = speech.session_id(self._at)
        current = [98_000 + 10 * (number % 7) for number in range(count)]
        before, after = column([SECOND * number for number in range(count)], SECOND)
        self._head = bytes([VERSION, AS_THEY_ARE]) + varint(count) + before
        columns = []
        for values in ([VOLTAGE] * count, current, [POWER] * count):
            start, rest = column(values)
            columns.append(start + signed(values[0]) + rest)
        energy, steps = column([ENERGY * number for number in range(count)])
        self._middle = after + b"".join(columns) + energy
        self._tail = steps + bytes([NO_SOC])

    def write(self) -> dict[str, Any]:
        """The next block."""
        begin, energy = self._at, self.seq * self._count * ENERGY
        self.seq += 1
        self._at += self._count * SECOND
        return {
            "seq": self.seq,
            "device": speech.DEVICE,
            "sessionId": self._session,
            "begin": begin,
            "end": self._at - SECOND,
            "count": self._count,
            "body": self._head + signed(begin) + self._middle + signed(energy) + self._tail,
        }
