"""One report for every frame on a line, and in place one for what is none. Noise is told with the frame beside it."""

from collections.abc import Iterator

import msgspec

from chargelink.cli.language import Text
from chargelink.dlt645 import Defect, Edition, Frame, Frame698, Noise, Received, explain
from chargelink.dlt645.catalogue import Catalogue
from chargelink.dlt645.control import Words, counted
from chargelink.dlt645.frame import defect
from chargelink.dlt645.scanner import DLT645, DLT698, ScanEvent, Scanner
from chargelink.trace.dlt645.words import described, listed, said
from chargelink.trace.report import Line

REQUEST, RESPONSE, MALFORMED = "request", "response", "malformed"
DIRECTIONS = {
    REQUEST: Text("request", "请求"),
    RESPONSE: Text("response", "应答"),
    MALFORMED: Text("malformed", "损坏"),
}
MOST_SHOWN = 32  # bytes of noise that a note shows
MOST_LISTED = 64  # bytes of what is no frame that the listing shows; --json has more


class FrameReport:
    """A frame with all its checks right. Its notes may still grow by what comes behind it."""

    conforming = True

    def __init__(self, time: float | None, received: Received, catalogue: Catalogue, notes: list[Words]) -> None:
        self.time = time
        self.received = received
        self._catalogue = catalogue
        self.notes = notes
        self.message = explain(received.frame, catalogue) if isinstance(received.frame, Frame) else None  # None: 698.45
        if self.message is not None:
            self.notes += self.message.flaws

    @property
    def direction(self) -> str:
        return RESPONSE if self.received.frame.from_meter else REQUEST

    def line(self) -> Line:
        frame = self.received.frame
        if isinstance(frame, Frame698) or self.message is None:
            title, parts = f"{frame.control:02X} 698.45", [listed(self._values())]
        else:
            title = f"{frame.control:02X} {said(self.message.words)}{self._outcome(frame)}"
            parts = [self.message.identifier or "", described(self.message, self._catalogue)]
        text = "  ".join(part for part in (frame.address, *parts) if part)
        return Line(self.time, str(DIRECTIONS[self.direction]), title, text, tuple(map(said, self.notes)))

    def _outcome(self, frame: Frame) -> str:
        if frame.refused:
            return str(Text(", refused", "，拒绝"))
        return str(Text(", more follows", "，有后续帧")) if frame.from_meter and frame.more_follows else ""

    def _values(self) -> dict[str, object]:
        frame = self.received.frame
        if isinstance(frame, Frame698):
            return {"apdu": frame.apdu.hex(" ").upper()}
        return self.message.values if self.message is not None else {}

    def json(self) -> bytes:
        frame, message = self.received.frame, self.message
        return msgspec.json.encode(
            {
                "time": self.time,
                "direction": self.direction,
                "address": frame.address,
                "control": f"0x{frame.control:02X}",
                "di": message.identifier if message is not None else None,
                "edition": message.edition if message is not None else Edition.DLT698_45,
                "values": self._values(),
                "valid": True,
                "defect": None,
                "preamble": self.received.preamble,
                "notes": [note.english for note in self.notes],
                "hex": self.received.raw.hex(" ").upper(),
            }
        )


class DefectReport:
    """Bytes that are no intact frame, with the reason in words."""

    conforming = False

    def __init__(self, time: float | None, raw: bytes, reason: Words, notes: list[Words]) -> None:
        self.time = time
        self.raw = raw
        self.reason = reason
        self.notes = notes

    def line(self) -> Line:
        notes = (said(self.reason), *map(said, self.notes))
        title = str(Text("no valid frame", "无有效帧"))
        shown = self.raw[:MOST_LISTED].hex(" ").upper() + (" ..." if len(self.raw) > MOST_LISTED else "")
        return Line(self.time, str(DIRECTIONS[MALFORMED]), title, shown, notes)

    def json(self) -> bytes:
        return msgspec.json.encode(
            {
                "time": self.time,
                "direction": MALFORMED,
                "address": None,
                "control": None,
                "di": None,
                "edition": Edition.DLT645_2007,
                "values": {},
                "valid": False,
                "defect": self.reason.english,
                "preamble": len(self.raw) - len(self.raw.lstrip(b"\xfe")),
                "notes": [note.english for note in self.notes],
                "hex": self.raw.hex(" ").upper(),
            }
        )


FrameOrDefect = FrameReport | DefectReport


class Reporter:
    """Bytes in the order of the recording in, reports out.

    What is read belongs together until `close`: a line of a log, or a whole capture. A report is held back until the
    next one, so that bytes behind the last frame are told with it; if not `patient` it is handed out at once.
    """

    def __init__(self, catalogue: Catalogue, patient: bool = True) -> None:
        self._catalogue = catalogue
        self._patient = patient
        self._scanner = Scanner((DLT645, DLT698))
        self._held: FrameOrDefect | None = None
        self._noise = bytearray()  # the beginning of it
        self._noise_size = 0

    def read(self, raw: bytes, time: float | None = None) -> Iterator[FrameOrDefect]:
        """More bytes."""
        # Time within a recording is unknown or not to be trusted: only its end makes what is held stale.
        return self._reports(self._scanner.receive(raw, 0.0), time)

    def close(self, time: float | None = None) -> Iterator[FrameOrDefect]:
        """The end of what belongs together."""
        yield from self._reports(self._scanner.flush(), time)
        if self._noise_size and self._held is not None:
            self._held.notes.append(self._told("after", "之后"))
        elif self._noise_size:
            raw = bytes(self._noise)
            yield DefectReport(time, raw, self._stray(raw), [])
        if self._held is not None:
            yield self._held
        self._held = None
        self._forget_noise()

    def _reports(self, events: list[ScanEvent], time: float | None) -> Iterator[FrameOrDefect]:
        for event in events:
            if isinstance(event, Noise):
                self._noise += event.raw[: max(MOST_SHOWN * 16 - len(self._noise), 0)]
                self._noise_size += len(event.raw)
                continue
            notes = [self._told("before", "之前")] if self._noise_size else []
            self._forget_noise()
            report = (
                DefectReport(time, event.raw, event.reason, notes)
                if isinstance(event, Defect)
                else FrameReport(time, event, self._catalogue, notes)
            )
            if not self._patient:
                yield report
                continue
            if self._held is not None:
                yield self._held
            self._held = report

    def _stray(self, raw: bytes) -> Words:
        """Why a recording without any frame has none."""
        if self._noise_size > len(raw):
            return Words(f"no frame in {counted(self._noise_size, 'byte')}", f"{self._noise_size} 字节中没有帧")
        return defect(raw)

    def _told(self, where: str, chinese: str) -> Words:
        shown = bytes(self._noise[:MOST_SHOWN]).hex(" ").upper()
        if self._noise_size > MOST_SHOWN:
            shown += " ..."
        return Words(
            f"{counted(self._noise_size, 'stray byte')} {where} the frame: {shown}",
            f"帧{chinese}有 {self._noise_size} 个多余字节: {shown}",
        )

    def _forget_noise(self) -> None:
        self._noise.clear()
        self._noise_size = 0
