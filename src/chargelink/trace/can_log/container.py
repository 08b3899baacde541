"""Recordings of Vector, PEAK and ASAM tools, read by python-can: ASC, TRC, BLF, MF4.

Its readers pass over lines that they do not understand, and end at the first that raises. ASC and TRC are therefore
handed to it line by line: a line that gave no frame although it should is reported, and after a line that raised a new
reader carries on below it. BLF and MF4 are binary: from a damaged place on nothing can be read, and that is reported.
"""

import logging
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from math import isfinite
from typing import TYPE_CHECKING, Any, Protocol

from chargelink.cli.language import Text
from chargelink.trace.can_log.frame import (
    BAD_IDENTIFIER,
    BAD_TIME,
    IDENTIFIER_BITS,
    NOT_A_FRAME,
    TOO_LONG,
    CanFrame,
    Kind,
    Unreadable,
    longest_data,
    readable,
)
from chargelink.trace.source import CannotRead, Source

if TYPE_CHECKING:
    import can

BATCH = 1000  # frames of a file that are handed on together
DAMAGED = Text("damaged from here on", "自此处起文件已损坏")
ENDS_EARLY = Text("the recording ends before its end", "记录不完整，提前结束")
PREAMBLE = 20  # lines of a header that carry meaning; a file has fewer
BLF_OBJECT = b"LOBJ"
BLF_HEADER = 16  # bytes of an object before what is its own; length and kind stand in the last 8
BLF_CONTAINER = 10  # the kind of object that holds others, packed by zlib (method 2) or not (0)
MOST_UNPACKED = 64 << 20  # bytes of a container; tools write 128 KiB

_ASC_HEADER = re.compile(r"\s*(?:date\s|base\s|//|(?:no\s+)?internal\s+events)", re.IGNORECASE)
_ASC_STEPS = re.compile(r"\s*base\s+\w+\s+timestamps\s+relative\b", re.IGNORECASE)
_ASC_TIME = re.compile(r"\s*(\d{1,11}\.\d{1,9})(?=\s)", re.ASCII)
_ASC_FRAME = re.compile(r"\s*\d+\.\d+\s+(?:\d+\s+(?!Statistic)|CANFD\s+\d+\s+)\S", re.IGNORECASE)


def _python_can() -> Any:
    try:
        import can
    except ImportError as error:
        raise CannotRead(
            str(
                Text(
                    'this format needs python-can: pip install "chargelink[trace]"',
                    '此格式需要 python-can: pip install "chargelink[trace]"',
                )
            )
        ) from error
    # What it has to say about lines is said by us, in place; without a handler Python would print it.
    logging.getLogger("can").addHandler(logging.NullHandler())
    return can


def frame_of(message: "can.Message") -> CanFrame | Text:
    """A frame of a message of python-can, whose readers check nothing; or what is wrong with it."""
    kind = Kind.EXTENDED if message.is_extended_id else Kind.STANDARD
    for holds, other in (
        (message.is_fd, Kind.FD),
        (message.is_remote_frame, Kind.REMOTE),
        (message.is_error_frame, Kind.ERROR),
    ):
        kind = other if holds else kind
    channel = "" if message.channel is None else str(message.channel)
    data = b"" if message.is_remote_frame else bytes(message.data)
    if not 0 <= message.arbitration_id <= IDENTIFIER_BITS:
        return BAD_IDENTIFIER
    if len(data) > longest_data(kind):
        return TOO_LONG
    if not isfinite(message.timestamp):
        return BAD_TIME
    return CanFrame(message.timestamp, channel, message.arbitration_id, data, kind)


def read_asc(source: Source) -> Iterator[list[CanFrame] | Unreadable]:
    """Vector ASC. Times count from the start of the measurement, channels from 0 as python-can has them."""

    def is_frame(line: str) -> bool:
        return _ASC_FRAME.match(line) is not None

    # Without this line the reader takes the first frame for the end of the header and drops it.
    lines = _added_up(map(readable, source.lines()))
    behind = ["no internal events logged\n"]
    return _read_lines(_python_can().ASCReader, source.name, lines, _ASC_HEADER.match, behind, is_frame)


def _added_up(lines: Iterable[str]) -> Iterator[str]:
    """The lines of an ASC with times from the start, also where each is that since the event before."""
    steps, passed = False, 0.0
    for line in lines:
        steps = steps or _ASC_STEPS.match(line) is not None
        if steps and (timed := _ASC_TIME.match(line)):
            passed += float(timed[1])
            yield f"{passed:.6f}{line[timed.end() :]}"
        else:
            yield line


def read_trc(source: Source) -> Iterator[list[CanFrame] | Unreadable]:
    """PEAK TRC, versions 1.0 to 2.1."""

    def is_header(line: str) -> bool:
        return line.lstrip().startswith(";$")

    def is_frame(line: str) -> bool:
        return bool(line.strip()) and not line.lstrip().startswith(";")

    return _read_lines(_python_can().TRCReader, source.name, map(readable, source.lines()), is_header, [], is_frame)


class _Remaining:
    """What a reader of python-can takes for an open text file: the header again, then the lines not yet read."""

    def __init__(self, header: list[str], numbered: Iterator[tuple[int, str]]) -> None:
        self._header = iter(header)
        self._numbered = numbered
        self.taken: list[tuple[int, str]] = []

    def __iter__(self) -> Iterator[str]:
        yield from self._header
        for number, line in self._numbered:
            self.taken.append((number, line))
            yield line + "\n"

    def close(self) -> None:
        """The source is not ours to close."""


class _Reader(Protocol):
    def __call__(self, file: Any) -> "Iterable[can.Message]": ...


def _read_lines(
    reader: _Reader,
    name: str,
    lines: Iterable[str],
    is_header: Callable[[str], object],
    behind_header: list[str],
    is_frame: Callable[[str], bool],
) -> Iterator[list[CanFrame] | Unreadable]:
    numbered = enumerate(lines, 1)
    header: list[str] = []
    first: list[tuple[int, str]] = []
    for number, line in numbered:
        if not is_header(line) and line.strip() and not line.lstrip().startswith(";"):
            first = [(number, line)]
            break
        if is_header(line) and len(header) < PREAMBLE:
            header.append(line + "\n")
    header += behind_header
    remaining = _chained(first, numbered)
    ended = False
    while not ended:
        file = _Remaining(header, remaining)
        try:
            for message in reader(file):
                *passed_over, (number, line) = file.taken
                yield from _unreadable(passed_over, is_frame)
                frame = frame_of(message)
                yield Unreadable(number, line, frame) if isinstance(frame, Text) else [frame]
                file.taken.clear()
            ended = True
            yield from _unreadable(file.taken, is_frame)
        except (ValueError, IndexError, KeyError, TypeError, AttributeError, NotImplementedError, OverflowError):
            if not file.taken:
                raise CannotRead(Text("the header of {} is damaged", "{} 的文件头已损坏").format(name)) from None
            *passed_over, (number, line) = file.taken
            yield from _unreadable(passed_over, is_frame)
            yield Unreadable(number, line, NOT_A_FRAME)


def _chained(first: list[tuple[int, str]], rest: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    yield from first
    yield from rest


def _unreadable(passed_over: list[tuple[int, str]], is_frame: Callable[[str], bool]) -> Iterator[Unreadable]:
    """Those of the lines a reader passed over that should have been frames."""
    return (Unreadable(number, line, NOT_A_FRAME) for number, line in passed_over if is_frame(line))


class _Bytes:
    """A binary file for python-can that knows how much of it was read."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.count = 0

    def read(self, size: int) -> bytes:
        data = self._source.take(max(size, 0))
        self.count += len(data)
        return data

    def close(self) -> None:
        """The source is not ours to close."""


def _blf_reader() -> Any:
    """python-can's reader, kept from unpacking without end, and from reading an object without length for ever."""
    reader: Any = _python_can().BLFReader

    class Reader(reader):  # type: ignore[misc]
        def __iter__(self) -> Iterator["can.Message"]:
            for container in _containers(self.file):
                yield from self._parse_container(container)

        def _parse_data(self, data: bytes) -> Iterator["can.Message"]:
            sound = _sound_objects(data)
            yield from super()._parse_data(data[:sound])
            if sound < len(data):
                raise ValueError(f"an object without a length at byte {sound}")

    return Reader


def _containers(file: _Bytes) -> Iterator[bytes]:
    """The containers of a BLF, unpacked. Raises ValueError where there is none, or one that no tool writes."""
    while header := file.read(BLF_HEADER):
        length, kind = (int.from_bytes(header[at : at + 4], "little") for at in (8, 12))
        if len(header) < BLF_HEADER or not header.startswith(BLF_OBJECT) or not BLF_HEADER <= length < MOST_UNPACKED:
            raise ValueError(f"no object: {header.hex(' ')}")
        content = file.read(length - BLF_HEADER)
        file.read(length % 4)  # padding
        if kind != BLF_CONTAINER:
            continue
        method, packed = int.from_bytes(content[:2], "little"), content[16:]
        if method == 0:
            yield packed
        elif method == 2:
            unpacking = zlib.decompressobj()
            yield unpacking.decompress(packed, MOST_UNPACKED)
            if unpacking.unconsumed_tail:
                raise ValueError(f"a container of more than {MOST_UNPACKED} bytes")
        else:
            raise ValueError(f"a container packed by method {method}")


def _sound_objects(data: bytes) -> int:
    """How many bytes of a container can be gone through: all, or those before an object shorter than its header."""
    at = 0
    while (start := data.find(BLF_OBJECT, at, at + 8)) >= 0 and start + BLF_HEADER <= len(data):
        size = int.from_bytes(data[start + 8 : start + 12], "little")
        if size < BLF_HEADER:
            return start
        at = start + size
    return len(data)


def read_blf(source: Source) -> Iterator[list[CanFrame] | Unreadable]:
    """Vector BLF. Times are since 1970 where the file says when it was started."""
    file = _Bytes(source)
    try:
        reader = _blf_reader()(file)
    except Exception as error:
        if isinstance(error, CannotRead):
            raise
        raise CannotRead(Text("the header of {} is damaged", "{} 的文件头已损坏").format(source.name)) from error
    yield from _batches(reader)
    if file.count < reader.file_size:
        yield Unreadable(0, "", ENDS_EARLY)


def read_mf4(source: Source) -> Iterator[list[CanFrame] | Unreadable]:
    """ASAM MDF 4, which has to be a file and needs asammdf besides python-can."""
    try:
        reader = _python_can().MF4Reader(source.name)
    except NotImplementedError as error:
        raise CannotRead(
            str(Text("MF4 needs asammdf: pip install asammdf", "MF4 需要 asammdf: pip install asammdf"))
        ) from error
    except Exception as error:
        if isinstance(error, CannotRead):
            raise
        raise CannotRead(Text("cannot read {} as MF4", "无法按 MF4 读取 {}").format(source.name)) from error
    yield from _batches(reader)


def _batches(reader: "Iterable[can.Message]") -> Iterator[list[CanFrame] | Unreadable]:
    """The frames of a binary file, and where it is damaged."""
    batch: list[CanFrame] = []
    count = 0
    try:
        for message in reader:
            count += 1
            frame = frame_of(message)
            if isinstance(frame, CanFrame):
                batch.append(frame)
            if len(batch) == BATCH or (batch and isinstance(frame, Text)):
                yield batch
                batch = []
            if isinstance(frame, Text):
                yield Unreadable(count, "", frame)
    except CannotRead:
        raise
    except Exception:  # whatever a foreign reader makes of a foreign file
        if batch:
            yield batch
        yield Unreadable(count + 1, "", DAMAGED)
        return
    if batch:
        yield batch
