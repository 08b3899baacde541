"""What the tester saw and said, with its own eyes: it knows messages by PDU format and addresses, never by priority.

Messages have names: `CCS`; where the first byte says what it means also with that byte, `CRM(AA)`. The transport of a
long message is seen as `RTS BRM`, `TP.CTS BRM`, `TP.ACK BRM` and `TP.ABORT BRM`; the complete message is `BRM` at the
moment of its end. A long message that came as one frame is `BRM single`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from chargelink.sim.conformance.bench import Fact
from chargelink.sim.conformance.figures import (
    BY_FORMAT,
    MESSAGES,
    TELLING,
    TRANSPORT_CONTROL,
    TRANSPORT_DATA,
    Side,
)

CONTROLS = {0x10: "RTS", 0x11: "TP.CTS", 0x13: "TP.ACK", 0xFF: "TP.ABORT"}
FOREIGN = "?"
MOST_LINES = 200_000  # an hour of a usual charge; a bus that babbles must not fill the memory


class Line(NamedTuple):
    """A frame: when (s), said by the tester or heard, and what it is; `?` is nothing of GB/T 27930."""

    at: float
    sent: bool
    identifier: int
    data: bytes
    name: str


class Word(NamedTuple):
    """A message of one name."""

    at: float
    data: bytes


class Span(NamedTuple):
    """A part of the log, s: from `start` to `end`; what was asked of people was done at `ready`."""

    start: float
    ready: float
    end: float


class Log:
    """The frames of one trial and, by name, what either side said. `side` is the one that is tested."""

    def __init__(self, side: Side) -> None:
        self.lines: list[Line] = []
        self.facts: dict[Fact, bool] = {}  # what instruments reported last
        self._side = side
        self._said: dict[str, list[Word]] = {}
        self._sent: dict[str, list[Word]] = {}

    @property
    def full(self) -> bool:
        return len(self.lines) >= MOST_LINES

    def forget(self) -> None:
        """A new beginning: what was said before it belongs to the past. The frames stay."""
        self._said.clear()
        self._sent.clear()

    def frame(self, at: float, sent: bool, identifier: int, data: bytes) -> list[str]:
        """Note a frame. Gives its names; none when the tested device did not say it and the tester neither."""
        side = self._side.opposite if sent else self._side
        names = named(side, identifier, data)
        self.lines.append(Line(at, sent, identifier, data, names[0] if names else FOREIGN))
        for name in names:
            self._note(sent, name, at, data)
        return names

    def complete(self, at: float, sent: bool, name: str, payload: bytes) -> None:
        """A long message is through."""
        self._note(sent, name, at, payload)

    def said(self, name: str, span: Span | None = None) -> Sequence[Word]:
        """What the tested device said under a name, all of it or in a span."""
        return _within(self._said.get(name, []), span)

    def sent(self, name: str, span: Span | None = None) -> Sequence[Word]:
        """What the tester said under a name."""
        return _within(self._sent.get(name, []), span)

    def names(self) -> list[str]:
        """Under which names the tested device said something."""
        return list(self._said)

    def _note(self, sent: bool, name: str, at: float, data: bytes) -> None:
        (self._sent if sent else self._said).setdefault(name, []).append(Word(at, data))


def named(side: Side, identifier: int, data: bytes) -> list[str]:
    """The names of a frame that `side` says to the other; the most telling one first."""
    if identifier & 0xFFFF != side.opposite.value << 8 | side.value:
        return []
    pdu_format = identifier >> 16 & 0xFF
    if identifier >> 24 & 0b11:  # another data page
        return []
    if pdu_format == TRANSPORT_DATA:
        return ["TP.DT"]
    if pdu_format == TRANSPORT_CONTROL:
        return _control(data)
    name = BY_FORMAT.get(pdu_format)
    if name is None:
        return []
    if MESSAGES[name].long:
        return [f"{name} single"]
    return [f"{name}({data[0]:02X})", name] if name in TELLING and data else [name]


def _control(data: bytes) -> list[str]:
    if len(data) < 8 or data[0] not in CONTROLS or data[5] or data[7]:
        return ["TP.CM"]
    name = BY_FORMAT.get(data[6])
    return [f"{CONTROLS[data[0]]} {name}"] if name else ["TP.CM"]


def _within(words: list[Word], span: Span | None) -> Sequence[Word]:
    if span is None:
        return words
    return words[bisect_left(words, (span.start,)) : bisect_right(words, span.end, key=lambda word: word.at)]
