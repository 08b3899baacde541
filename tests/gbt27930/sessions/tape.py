"""One side of a session as a recorder saw it, and a device opposite it.

A tape is made of facts: single frames and payloads (tests/vectors names where each is from) and the timing of the
recordings: how long, how often, how regular. What no public vector has is ours, and said so.
"""

from collections.abc import Iterable
from typing import Any

from tests.gbt27930.bus import VECTORS, frame, packet, rts
from tests.gbt27930.opposite import Opposite

from chargelink.gbt27930.dialogue import Dialogue, Event
from chargelink.gbt27930.transport import Frame

ROWS: dict[int, dict[str, Any]] = {int(row["id"].rpartition("-")[2]): row for row in VECTORS}
ANSWERED = 0.009  # s from RTS to the first TP.DT, for CTS takes a while
SPACING = 0.010  # s between two TP.DT


def single(number: int) -> Frame:
    """The frame of a vector."""
    return frame(ROWS[number]["raw"][0])


def payload(number: int) -> bytes:
    """The payload of a vector."""
    return bytes.fromhex(ROWS[number]["payload"])


class Tape:
    """Frames of one side, each at its time in s from the plug on."""

    def __init__(self) -> None:
        self.frames: list[tuple[float, Frame]] = []

    def at(self, time: float, *frames: Frame) -> None:
        self.frames += [(time, frame) for frame in frames]

    def every(self, period: float, frame: Frame, start: float, end: float, jitter: float = 0.0) -> None:
        """A frame again and again, every second one late by `jitter` s."""
        number = 0
        while (time := start + number * period) < end:
            self.frames.append((time + jitter * (number % 2), frame))
            number += 1

    def long(self, time: float, pgn: int, payload: bytes, *, padding: int = 0xFF, limit: int = 0xFF) -> None:
        """A transfer as it is seen where the charger answers: its packets come at their times, whatever happens."""
        self.at(time, rts(pgn, len(payload), limit=limit))
        for sequence in range(1, -(-len(payload) // 7) + 1):
            identifier, data = packet(payload, sequence)
            cut = min(len(payload) - 7 * (sequence - 1), 7) + 1
            padded = data[:cut].ljust(8, bytes((padding,)))
            self.at(time + ANSWERED + SPACING * (sequence - 1), Frame(identifier, padded))

    def longs(self, period: float, pgn: int, payload: bytes, start: float, end: float, *, padding: int = 0xFF) -> None:
        """A long message again and again."""
        number = 0
        while (time := start + number * period) < end:
            self.long(time, pgn, payload, padding=padding)
            number += 1

    def changed(self, *, priority: int | None = None, fill: bytes | None = None) -> "Tape":
        """The same session of a device that has its own priorities, or fills short frames to eight bytes."""
        tape = Tape()
        for time, (identifier, data) in self.frames:
            if priority is not None:
                identifier = identifier & 0x03FF_FFFF | priority << 26
            if fill is not None:
                data = (data + fill)[:8]
            tape.at(time, Frame(identifier, data))
        return tape


class Deaf:
    """In place of a transport: it answers no request to send."""

    deadline = None

    def receive(self, identifier: int, data: bytes, now: float) -> list[Event]:
        return []

    def data_to_send(self) -> list[Frame]:
        return []

    def tick(self, now: float) -> list[Event]:
        return []


class Replay(Opposite):
    """Plays tapes to a device; `answers` its long messages or not."""

    def __init__(self, device: Dialogue, *tapes: Tape, answers: bool = True) -> None:
        super().__init__(device)
        if not answers:
            self._endpoint = Deaf()  # type: ignore[assignment]
        self._left = sorted(
            (entry for tape in tapes for entry in tape.frames), key=lambda entry: entry[0], reverse=True
        )
        self.at: list[tuple[float, Event]] = []  # each event with its time

    def until(self, end: float) -> None:
        """Play until then."""
        while self._left and self._left[-1][0] <= end:
            time, frame = self._left.pop()
            self._pass(time)
            self.say_frame(frame)
            self._date()
        self._pass(end)

    def did(self, events: Iterable[Event]) -> None:
        """What came of a command to the device."""
        self.events += events
        self.settle()
        self._date()

    def told(self, kind: type[Event]) -> list[tuple[float, Event]]:
        """The events of a kind, with the times in s at which they happened."""
        return [(round(time, 3), event) for time, event in self.at if isinstance(event, kind)]

    def _pass(self, time: float) -> None:
        """Let time pass, deadline by deadline."""
        while True:
            waits = [one.deadline for one in (self.device, self._endpoint) if one.deadline is not None]
            step = min([*waits, time])
            self.run(max(step - self.now, 0.0))
            self._date()
            if step >= time:
                return

    def _date(self) -> None:
        self.at += [(self.now, event) for event in self.events[len(self.at) :]]
