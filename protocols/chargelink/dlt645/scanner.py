"""Frames out of a stream: found by structure and length, never by splitting at 68 or 16.

68 and 16 occur in addresses, data and checksums, noise holds false headers, and a port cuts anywhere. So a candidate
is believed only when both start bytes, length, checksum and end agree; one that fails costs its first byte and no
more. A false header with a large L would hide the good frame behind it until enough bytes came: when the line stays
quiet for the longest gap between bytes (Tb, 500 ms), what is held is taken as it is.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from chargelink.dlt645 import frame as dlt645
from chargelink.dlt645 import frame698 as dlt698
from chargelink.dlt645.control import Words
from chargelink.dlt645.frame import START, Frame
from chargelink.dlt645.frame698 import Frame698

LONGEST_GAP = 0.5  # s between two bytes of a frame: Tb of DL/T 645-2007, clause 5.3.3
NOISE_BLOCK = 256  # bytes of noise reported at once


class Received(NamedTuple):
    """A frame with all its checks right, the bytes it came as, and how many FE stood before it."""

    frame: Frame | Frame698
    raw: bytes
    preamble: int


class Noise(NamedTuple):
    """Bytes that belong to no frame."""

    raw: bytes


class Defect(NamedTuple):
    """What looks like one frame and is damaged, with the reason in words."""

    raw: bytes
    reason: Words


ScanEvent = Received | Noise | Defect


class Framing(NamedTuple):
    """How one kind of frame is told: `claim` says how long a candidate is, `read` whether it is one."""

    claim: Callable[[bytearray, int], int]
    read: Callable[[bytes], Frame | Frame698 | None]


DLT645 = Framing(dlt645.claim, dlt645.read)
DLT698 = Framing(dlt698.claim, dlt698.read)


class _Damaged(NamedTuple):
    """A candidate that fails as one would whose bytes were hit: its place among the dropped bytes."""

    start: int
    end: int


class Scanner:
    """A stream of bytes in, `Received`, `Noise` and `Defect` events out; the same ones however it is chunked.

    `framings` in the order in which a candidate is tried; `gap` the longest silence within a frame, in s. Times are
    seconds on any clock that never goes back. Holds one candidate and one block of noise at most.
    """

    def __init__(self, framings: Iterable[Framing] = (DLT645,), gap: float = LONGEST_GAP) -> None:
        self.noise_bytes = 0
        self._framings = tuple(framings)
        self._gap = gap
        self._held = bytearray()  # from a candidate's first byte on
        self._dropped = bytearray()  # not yet reported
        self._damaged: _Damaged | None = None
        self._heard = 0.0

    @property
    def deadline(self) -> float | None:
        """When what is held becomes stale; None while nothing is."""
        return self._heard + self._gap if self._held or self._dropped else None

    def receive(self, data: bytes, now: float) -> list[ScanEvent]:
        """Take bytes that arrived at `now`."""
        events = self.tick(now)
        if data:
            self._heard = now
            self._held += data
            self._scan(events, more_may_come=True)
        return events

    def tick(self, now: float) -> list[ScanEvent]:
        """Let time pass: past the deadline nothing more is expected of what is held."""
        deadline = self.deadline
        return self.flush() if deadline is not None and now >= deadline else []

    def flush(self) -> list[ScanEvent]:
        """The stream ends, or a new exchange begins: take what is held as it is."""
        events: list[ScanEvent] = []
        self._scan(events, more_may_come=False)
        self._report_noise(events, bytes(self._dropped))
        self._dropped.clear()
        return events

    def _scan(self, events: list[ScanEvent], more_may_come: bool) -> None:
        held = self._held
        at = 0
        while at < len(held):
            if held[at] != START:
                start = held.find(START, at)
                self._drop(events, held[at : start if start >= 0 else len(held)])
                at = start if start >= 0 else len(held)
                continue
            size = self._accept(events, at, more_may_come)
            if size is None:
                break
            if not size:
                self._drop(events, held[at : at + 1])
            at += size or 1
        del held[:at]

    def _accept(self, events: list[ScanEvent], at: int, more_may_come: bool) -> int | None:
        """The length of the intact frame at `at`, now reported; 0: there is none; None: more bytes will tell."""
        undecided = False
        for claim, read in self._framings:
            size = claim(self._held, at)
            if not size:
                continue
            raw = bytes(self._held[at : at + size])
            if len(raw) < size:
                undecided = True
            elif (frame := read(raw)) is not None:
                self._report_frame(events, frame, raw)
                return size
            if not more_may_come or len(raw) == size:
                self._suspect(raw, size)
        return None if undecided and more_may_come else 0

    def _suspect(self, raw: bytes, size: int) -> None:
        """Remember a candidate as one damaged frame, unless it lies in another or too much of it is wrong."""
        if self._damaged is not None or len(raw) < dlt645.HEADER or raw[7] != START:
            return
        cut = len(raw) < size
        believable = (
            raw[9] <= dlt645.LONGEST_DATA
            if cut
            else (raw[-1] == dlt645.END or dlt645.computed_checksum(raw) == raw[-2])
        )
        if believable:
            self._damaged = _Damaged(len(self._dropped), len(self._dropped) + len(raw))

    def _drop(self, events: list[ScanEvent], data: bytearray) -> None:
        """Bytes that begin no frame; reported in blocks, or as a defect once its last byte is here."""
        self._dropped += data
        if self._damaged is not None:
            start, end = self._damaged
            if len(self._dropped) < end:
                return
            raw = bytes(self._dropped[start:end])
            self._report_noise(events, bytes(self._dropped[:start]).rstrip(b"\xfe"))
            events.append(Defect(raw, dlt645.defect(raw)))
            del self._dropped[:end]
            self._damaged = None
        while len(self._dropped) >= NOISE_BLOCK:
            self._report_noise(events, bytes(self._dropped[:NOISE_BLOCK]))
            del self._dropped[:NOISE_BLOCK]

    def _report_frame(self, events: list[ScanEvent], frame: Frame | Frame698, raw: bytes) -> None:
        """A frame within a damaged candidate shows that the candidate was none."""
        before = bytes(self._dropped)
        noise = before.rstrip(b"\xfe")
        self._report_noise(events, noise)
        events.append(Received(frame, raw, len(before) - len(noise)))
        self._dropped.clear()
        self._damaged = None

    def _report_noise(self, events: list[ScanEvent], raw: bytes) -> None:
        if raw:
            self.noise_bytes += len(raw)
            events.append(Noise(raw))
