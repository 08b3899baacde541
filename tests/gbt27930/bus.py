"""A CAN bus between nodes without I/O: frames take a while, some are lost, and time jumps to whatever comes next."""

import json
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from chargelink.gbt27930.transport import Event, Frame

CONNECTION_TO_CHARGER, DATA_TO_CHARGER = 0x1CEC56F4, 0x1CEB56F4
CONNECTION_TO_BMS, DATA_TO_BMS = 0x1CECF456, 0x1CEBF456
BRM, BCP, BCS, BMV = 0x000200, 0x000600, 0x001100, 0x001500

VECTORS: list[dict[str, Any]] = [
    json.loads(line) for line in (Path(__file__).parent.parent / "vectors" / "gbt27930.jsonl").read_text().splitlines()
]
TRANSFERS = [row for row in VECTORS if len(row["raw"]) > 1]
CONTROL_FRAMES = [row for row in VECTORS if row["message"].startswith("TP.")]


def frame(text: str) -> Frame:
    """`1CEC56F4#10310007FF000200`, blanks allowed in the data."""
    identifier, _, data = text.partition("#")
    return Frame(int(identifier, 16), bytes.fromhex(data))


def shown(frames: Sequence[Frame]) -> list[str]:
    return [f"{identifier:08X}#{data.hex().upper()}" for identifier, data in frames]


def rts(
    pgn: int, size: int, packets: int | None = None, limit: int = 0xFF, identifier: int = CONNECTION_TO_CHARGER
) -> Frame:
    count = -(-size // 7) if packets is None else packets
    return Frame(
        identifier, bytes((0x10, *size.to_bytes(2, "little"), count & 0xFF, limit, *pgn.to_bytes(3, "little")))
    )


def cts(pgn: int, allowed: int, first: int, identifier: int = CONNECTION_TO_BMS) -> Frame:
    return Frame(identifier, bytes((0x11, allowed, first, 0xFF, 0xFF, *pgn.to_bytes(3, "little"))))


def acknowledgement(pgn: int, size: int, identifier: int = CONNECTION_TO_BMS) -> Frame:
    count = -(-size // 7)
    return Frame(identifier, bytes((0x13, *size.to_bytes(2, "little"), count, 0xFF, *pgn.to_bytes(3, "little"))))


def abort(pgn: int, reason: int, identifier: int = CONNECTION_TO_CHARGER) -> Frame:
    return Frame(identifier, bytes((0xFF, reason, 0xFF, 0xFF, 0xFF, *pgn.to_bytes(3, "little"))))


def packet(payload: bytes, sequence: int, identifier: int = DATA_TO_CHARGER) -> Frame:
    part = payload[(sequence - 1) * 7 : sequence * 7]
    return Frame(identifier, bytes((sequence,)) + part.ljust(7, b"\xff"))


class Node(Protocol):
    """The four verbs."""

    def receive(self, identifier: int, data: bytes, now: float) -> list[Event]: ...
    def data_to_send(self) -> list[Frame]: ...
    @property
    def deadline(self) -> float | None: ...
    def tick(self, now: float) -> list[Event]: ...


class Bus:
    """Connects nodes. `lost(number, frame)` loses a frame on its way, `delay(number)` is how long it takes in s.

    Frames never overtake each other: CAN keeps their order, and J1939 relies on it, for TP.DT names no message.
    """

    def __init__(
        self,
        *nodes: Node,
        lost: Callable[[int, Frame], bool] = lambda number, frame: False,
        delay: Callable[[int], float] = lambda number: 0.001,
    ) -> None:
        self.nodes = nodes
        self.now = 0.0
        self.frames: list[Frame] = []  # all that were sent
        self.events: list[list[Event]] = [[] for _ in nodes]
        self._lost = lost
        self._delay = delay
        self._under_way: deque[tuple[float, Frame, Node]] = deque()

    def run(self, until: float = 600.0) -> None:
        """Until nobody waits for anything any more."""
        while True:
            self._send()
            deadlines = [node.deadline for node in self.nodes if node.deadline is not None]
            moments = [*deadlines, self._under_way[0][0]] if self._under_way else deadlines
            if not moments:
                return
            self.now = max(self.now, min(moments))
            assert self.now < until, "the nodes never come to an end"
            self._deliver()
            for node, events in zip(self.nodes, self.events, strict=True):
                events += node.tick(self.now)

    def _send(self) -> None:
        for node in self.nodes:
            for frame in node.data_to_send():
                number = len(self.frames)
                self.frames.append(frame)
                if not self._lost(number, frame):
                    earliest = self._under_way[-1][0] if self._under_way else self.now
                    self._under_way.append((max(earliest, self.now + self._delay(number)), frame, node))

    def _deliver(self) -> None:
        while self._under_way and self._under_way[0][0] <= self.now:
            _, (identifier, data), origin = self._under_way.popleft()
            for node, events in zip(self.nodes, self.events, strict=True):
                if node is not origin:
                    events += node.receive(identifier, data, self.now)
