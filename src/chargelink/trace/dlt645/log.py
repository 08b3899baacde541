"""A log: each line by itself, and a frame that a port delivered in pieces put together from several lines."""

from collections.abc import Iterator

from chargelink.dlt645.catalogue import Catalogue
from chargelink.dlt645.control import Words
from chargelink.dlt645.frame import LONGEST, LONGEST_DATA, OVERHEAD, START, claim, read
from chargelink.trace.dlt645.reports import DefectReport, FrameOrDefect, Reporter
from chargelink.trace.hex_lines import LoggedBytes, logged_bytes


class Log:
    """Lines in, reports out. A line that holds but the beginning of a frame waits for the lines that may end it.

    If they do, byte for byte, the frame is reported; if not, each line is reported for itself.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._begun: list[LoggedBytes] = []

    def read(self, line: str) -> Iterator[FrameOrDefect]:
        """One more line."""
        logged = logged_bytes(line)
        if logged is None:
            return
        if not logged.raw:
            yield from self.close()
            yield self._without_bytes(logged, line)
            return
        pieces = [*self._begun, logged]
        frame = b"".join(piece.raw for piece in pieces).lstrip(b"\xfe")
        if is_begun(frame):
            self._begun = pieces
        elif self._begun and read(frame) is not None:
            self._begun = []
            yield from self._reported(LoggedBytes(pieces[0].time, frame, ()), joined=len(pieces))
        else:
            yield from self.close()
            if is_begun(logged.raw.lstrip(b"\xfe")):
                self._begun = [logged]
            else:
                yield from self._reported(logged)

    def close(self) -> Iterator[FrameOrDefect]:
        """No line will end what has begun: each is reported for itself."""
        begun, self._begun = self._begun, []
        for logged in begun:
            yield from self._reported(logged)

    def _reported(self, logged: LoggedBytes, joined: int = 1) -> Iterator[FrameOrDefect]:
        notes = [Words(f"not hexadecimal: {word}", f"不是十六进制: {word}") for word in logged.strange]
        if joined > 1:
            notes.append(Words(f"joined of {joined} lines", f"由 {joined} 行拼接"))
        reporter = Reporter(self._catalogue)
        for reports in (reporter.read(logged.raw, logged.time), reporter.close(logged.time)):
            for report in reports:
                report.notes += notes
                yield report

    def _without_bytes(self, logged: LoggedBytes, line: str) -> DefectReport:
        text = line.strip()
        reason = Words(f"no hexadecimal bytes in this line: {text}", f"此行没有十六进制字节: {text}")
        return DefectReport(logged.time, b"", reason, [])


def is_begun(raw: bytes) -> bool:
    """Whether bytes, without preamble, may be the beginning of a frame and no more."""
    if not raw or raw[0] != START or len(raw) >= LONGEST:
        return False
    size = claim(raw, 0)
    return len(raw) < size <= OVERHEAD + LONGEST_DATA
