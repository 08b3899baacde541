"""What was decoded, shown to people as a listing or to programs as one JSON object a line.

A decoder yields `Report`s: one for each thing it understood and, in place, one for each thing it did not. `show`
prints them as they come.
"""

import argparse
import gc
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from chargelink.cli.command import Exit
from chargelink.cli.language import Text
from chargelink.cli.layout import padded, width, wrapped
from chargelink.trace.source import CannotRead, add_input_arguments, open_bytes

__all__ = ["CannotRead", "Line", "Report", "add_input_arguments", "add_output_arguments", "open_bytes", "show"]

TIME_WIDTH = 10  # columns: a week in milliseconds
EPOCH_TIMES = 1e8  # s: a time stamp above is counted from 1970, one below from the start of a recorder
YEAR_10000 = 253_402_300_800  # s since 1970, more than a date can hold


class Line(NamedTuple):
    """A report in words. `time` in seconds, `text` the fields with their units, `notes` what is odd, one
    thing each. `place` tells buses and pairs apart where a recording has several; None belongs to no place."""

    time: float | None
    direction: str
    message: str
    text: str
    notes: tuple[str, ...]
    place: str | None = None


class Report(Protocol):
    """One decoded thing, or one thing that could not be decoded, reported in place."""

    @property
    def conforming(self) -> bool:
        """Whether the standard allows it as it is."""
        ...

    def line(self) -> Line:
        """For people, in the language chosen."""
        ...

    def json(self) -> bytes:
        """For programs: one JSON object in UTF-8, without a newline."""
        ...


def add_output_arguments(parser: argparse.ArgumentParser) -> None:
    """`--json`, `--color` and `--no-progress`."""
    parser.add_argument(
        "--json",
        action="store_true",
        help=str(Text("one JSON object a line, for programs", "每行输出一个 JSON 对象，供程序使用")),
    )
    parser.add_argument(
        "--color",
        choices=["auto", "always", "never"],
        default="auto",
        help=str(
            Text(
                "colours (default: auto, on a terminal unless NO_COLOR is set)",
                "颜色 (默认 auto: 输出到终端且未设置 NO_COLOR 时)",
            )
        ),
    )
    parser.add_argument(
        "--no-progress",
        action="store_true",
        help=str(Text("no progress bar on long files", "读取大文件时不显示进度条")),
    )


def show(reports: Iterable[Report], arguments: argparse.Namespace, tally: Callable[[], str] = lambda: "") -> int:
    """Print the reports and return the exit code: `Exit.CLEAN`, or `Exit.DEFECTS` if any does not conform.

    `tally` says at the end what was read ("1,857 frames"); it opens the summary that people get on standard error,
    also after Ctrl-C. Lets `CannotRead` of the reports' source pass, after what was decoded before has been printed.
    """
    count = Count()
    try:
        with seldom_collecting():
            if arguments.json:
                print_json(reports, count)
            else:
                print_listing(reports, count, Listing.for_output(arguments.color))
    except (CannotRead, KeyboardInterrupt):
        conclude(arguments, tally(), count)
        raise
    conclude(arguments, tally(), count)
    return Exit.DEFECTS if count.defects else Exit.CLEAN


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Reports are many and without cycles: looking for these as often as usual costs a tenth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)


class Count:
    """Reports shown so far, and those of them that do not conform."""

    def __init__(self) -> None:
        self.reports = 0
        self.defects = 0


def conclude(arguments: argparse.Namespace, tally: str, count: Count) -> None:
    """Let out what is still buffered, and tell people how much it was."""
    sys.stdout.flush()
    if arguments.json:
        return
    said = Text("{:,} message{}, {:,} defect{}", "{0:,} 条报文，{2:,} 处缺陷").format(
        count.reports, plural(count.reports), count.defects, plural(count.defects)
    )
    print(f"{tally}{Text(', ', '，')}{said}" if tally else said, file=sys.stderr)


def plural(count: int) -> str:
    """The English ending."""
    return "" if count == 1 else "s"


def print_json(reports: Iterable[Report], count: Count) -> None:
    write = sys.stdout.buffer.write  # buffered; a live source flushes it before it waits
    for count.reports, report in enumerate(reports, 1):
        write(report.json() + b"\n")
        if not report.conforming:
            count.defects += 1


def print_listing(reports: Iterable[Report], count: Count, listing: "Listing") -> None:
    write = sys.stdout.buffer.write
    encoding = sys.stdout.encoding or "utf-8"
    for count.reports, report in enumerate(reports, 1):
        write(listing.rows(report.line(), report.conforming).encode(encoding, "replace"))
        if not report.conforming:
            count.defects += 1


def printable(text: str) -> str:
    """The text with control characters escaped: a recording does not drive the terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


DIM, BOLD, RED, YELLOW, CYAN, GREEN = "2", "1", "31", "33", "36", "32"


class Listing:
    """Aligned columns: time, direction, message, fields, what is odd; they grow with what they hold, never shrink.

    From the second place on, every row begins its direction with its place.

    `columns` is the width of the terminal, to wrap at; None writes one row a report, for files and grep. `coloured`
    allows ANSI colours.
    """

    def __init__(self, columns: int | None, coloured: bool) -> None:
        self._columns = columns
        self._coloured = coloured
        self._start: float | None = None
        self._direction_width = 8
        self._message_width = 4
        self._directions: dict[str, str] = {}
        self._first_place: str | None = None
        self._several_places = False

    @classmethod
    def for_output(cls, color: str) -> "Listing":
        """As standard output and `--color` ask for; NO_COLOR as in no-color.org."""
        terminal = sys.stdout.isatty()
        plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
        coloured = color == "always" or (color == "auto" and terminal and not plain)
        return cls(shutil.get_terminal_size().columns if terminal else None, coloured)

    def rows(self, line: Line, conforming: bool) -> str:
        """The rows of one report, each ended."""
        head = self._heading(line.time)
        direction, message = printable(self._placed(line)), printable(line.message)
        self._direction_width = max(self._direction_width, width(direction))
        self._message_width = max(self._message_width, width(message))
        columns = (
            self._painted(self._time(line.time), DIM),
            self._painted(padded(direction, self._direction_width), self._direction_colour(direction)),
            self._painted(padded(message, self._message_width), BOLD if conforming else RED),
            self._body(line, YELLOW if conforming else RED),
        )
        return head + "  ".join(columns).rstrip() + "\n"

    def _placed(self, line: Line) -> str:
        if line.place is None:
            return line.direction
        if self._first_place is None:
            self._first_place = line.place
        self._several_places |= line.place != self._first_place
        return f"{line.place} {line.direction}".strip() if self._several_places else line.direction

    def _body(self, line: Line, odd: str) -> str:
        """The fields and what is odd; on a terminal wrapped at its width, below where they begin."""
        marks = [(printable(line.text), "")] if line.text else []
        marks += [(f"! {printable(note)}", odd) for note in line.notes]
        if self._columns is None:
            return "  ".join(self._painted(text, colour) for text, colour in marks)
        left = TIME_WIDTH + self._direction_width + self._message_width + 6
        room = max(self._columns - left, 30)
        pieces = [(piece, colour) for text, colour in marks for piece in wrapped(text, room)]
        return ("\n" + " " * left).join(self._painted(piece, colour) for piece, colour in pieces)

    def _heading(self, time: float | None) -> str:
        """The moment from which times since 1970 are counted in the listing; once, before the first."""
        if time is None or self._start is not None:
            return ""
        self._start = time if EPOCH_TIMES <= time < YEAR_10000 else 0.0
        if not self._start:
            return ""
        start = datetime.fromtimestamp(time, UTC).isoformat(" ", "milliseconds").removesuffix("+00:00")
        return self._painted(Text("# times in s since {} UTC", "# 时间: 自 {} UTC 起的秒数").format(start), DIM) + "\n"

    def _time(self, time: float | None) -> str:
        return " " * TIME_WIDTH if time is None else f"{time - (self._start or 0.0):{TIME_WIDTH}.3f}"

    def _direction_colour(self, direction: str) -> str:
        """The first direction seen is cyan, the next green, and so on."""
        return self._directions.setdefault(direction, (CYAN, GREEN)[len(self._directions) % 2])

    def _painted(self, text: str, colour: str) -> str:
        return f"\033[{colour}m{text}\033[0m" if self._coloured and colour and text else text
