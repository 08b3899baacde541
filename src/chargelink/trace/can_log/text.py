"""Frames one a line: `candump -L`, what candump shows on the screen, and plain identifier and data.

    (1703560121.247259) can0 1826F456#010100            candump -L, also with R or T behind
     (000.001204)  can0  1826F456   [3]  01 01 00       candump, with any of its times or none
    1826F456#010100    0x1826f456 # 01 01 00            cansend
    1826F456 <tab> 01 01 00 <tab> ext <tab> data        exports without a header

Blank lines and comments (`#`, `;`, `//`) are skipped. A file of candump is read at more than a million lines a second
by one regular expression over a block; where it does not match every line, the block is read line by line.
"""

import re
from binascii import unhexlify
from collections.abc import Iterable, Iterator
from itertools import pairwise, repeat

from chargelink.cli.language import Text
from chargelink.trace.can_log.clock import Clock
from chargelink.trace.can_log.frame import (
    BAD_DATA,
    BAD_IDENTIFIER,
    BAD_TIME,
    LENGTH_DIFFERS,
    NOT_A_FRAME,
    TOO_LONG,
    CanFrame,
    Kind,
    Unreadable,
    data_bytes,
    identified,
    longest_data,
    readable,
)
from chargelink.trace.source import lines

HEAD = 65_536  # bytes that tell how the times are meant
FEWEST_STEPS = 20
LONGEST_LINE = 1000  # characters; nothing that writes frames writes longer ones

# Identifiers of 29 bits have eight digits of which the first is 0 or 1; anything else is not for the fast path.
_CANDUMP = re.compile(
    rb"^\((\d{1,11}\.\d{1,9})\) (\S{1,32}) ([01][0-9A-Fa-f]{7})#([0-9A-Fa-f]{0,16})(?: [RT])?\r?$", re.MULTILINE
)
_BRACKETED = re.compile(rb"^ *\((\d{1,11}\.\d{1,9})\)", re.MULTILINE)
_LOGGED = re.compile(r"\(([^()]*)\)\s+(\S+)\s+(\w+)#(.*)", re.ASCII)
_SHOWN = re.compile(
    r"(?:\(([^()]*)\)\s*)?(\S+)\s+(?:[RT]X\s+\S+\s+\S+\s+)?([0-9A-Fa-f]{3,8})\s+\[\s*(\d{1,2})\](.*)", re.ASCII
)
# Only before a # does a short identifier stand for one: "add data" are words, not a frame.
_PLAIN = re.compile(
    r"(?:((?:0x)?[0-9a-f]{1,8}[xh]?)\s*#|(0x[0-9a-f]{1,8}|[0-9a-f]{8}[xh]?)(?:\s*[:,;]|\s))\s*(.*)",
    re.ASCII | re.IGNORECASE,
)
_COMMENT = re.compile(r"(?://|;|#(?!#)).*", re.ASCII)
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_WORDS_BEHIND = {"ext", "std", "data", "rx", "tx"}
_REMOTE = re.compile(r"R[0-8]?(?:_[9A-F])?", re.ASCII | re.IGNORECASE)
_LENGTH_CODE = re.compile(r"_[9A-Fa-f]$")  # candump -8: a length code above 8, for eight bytes


def read_text(blocks: Iterable[bytes]) -> Iterator[list[CanFrame] | Unreadable]:
    """Frames of blocks of whole lines."""
    clock: Clock | None = None
    above = 0
    for block in blocks:
        steps = clock is None and _counts_steps(block)
        clock = clock or Clock(steps=steps)
        count = block.count(b"\n") + (not block.endswith(b"\n"))
        found = [] if clock.steps else _CANDUMP.findall(block)
        batch = _frames_of_candump(found) if len(found) == count else None
        if batch is not None:
            yield batch
        else:
            yield from _line_by_line(block, above, clock)
        above += count


def has_frames(head: bytes) -> bool:
    """Whether any line of the head of a recording is a frame."""
    return any(isinstance(frame_of_line(readable(line), Clock()), CanFrame) for line in lines(head))


def _counts_steps(block: bytes) -> bool:
    """Whether the times are those since the frame before (candump -td): they begin with 0 and go back all the time."""
    times = [float(time) for time in _BRACKETED.findall(block, 0, HEAD)]
    back = sum(later < earlier for earlier, later in pairwise(times))
    return len(times) > FEWEST_STEPS and not times[0] and back > len(times) / 5


class _Identifiers(dict[bytes, int]):
    """A bus has few identifiers: each is read once a block."""

    def __missing__(self, digits: bytes) -> int:
        identifier = self[digits] = int(digits, 16)
        return identifier


class _Channels(dict[bytes, str]):
    def __missing__(self, name: bytes) -> str:
        channel = self[name] = name.decode("ascii", "replace")
        return channel


def _frames_of_candump(found: list[tuple[bytes, bytes, bytes, bytes]]) -> list[CanFrame] | None:
    """The frames of the fast path; None if one has half a data byte, which the expression lets through for speed."""
    times, channels, identifiers, data = zip(*found, strict=True)
    try:
        # CanFrame._make without the call in Python that would cost a fifth of the time
        return [
            *map(
                tuple.__new__,
                repeat(CanFrame),
                zip(
                    map(float, times),
                    map(_Channels().__getitem__, channels),
                    map(_Identifiers().__getitem__, identifiers),
                    map(unhexlify, data),
                    repeat(Kind.EXTENDED),
                    strict=False,
                ),
            )
        ]
    except ValueError:
        return None


def _line_by_line(block: bytes, above: int, clock: Clock) -> Iterator[list[CanFrame] | Unreadable]:
    batch: list[CanFrame] = []
    for number, line in enumerate(lines(block), above + 1):
        frame = frame_of_line(readable(line), clock)
        if isinstance(frame, CanFrame):
            batch.append(frame)
        elif frame is not None:
            if batch:
                yield batch
                batch = []
            yield Unreadable(number, readable(line), frame)
    if batch:
        yield batch


def frame_of_line(line: str, clock: Clock) -> CanFrame | Text | None:
    """The frame of a line; why it is none; or None where there is nothing to read."""
    line = line.strip().removeprefix("\ufeff")
    if len(line) > LONGEST_LINE:
        return NOT_A_FRAME
    line = _COLOURS.sub("", line).strip()
    if not line or _COMMENT.match(line):
        return None
    if logged := _LOGGED.fullmatch(line):
        time, channel, identifier, rest = logged.groups()
        if rest.endswith((" R", " T")):  # received or transmitted
            rest = rest[:-2]
        return _frame(time, channel, identifier, rest, clock)
    if shown := _SHOWN.fullmatch(line):
        return _frame_shown(shown, clock)
    if plain := _PLAIN.fullmatch(line):
        short, long, rest = plain.groups()
        words = rest.split()
        while words and words[-1].lower() in _WORDS_BEHIND:
            words.pop()
        return _frame(None, "", short or long, " ".join(words), clock)
    return NOT_A_FRAME


def _frame(time: str | None, channel: str, identifier: str, rest: str, clock: Clock) -> CanFrame | Text:
    """A frame of what stands behind the `#`: data, `R` and a length, or `#`, a digit of flags and data."""
    kind = None
    if rest.startswith("#"):
        rest, kind = rest[2:], Kind.FD
    rest = _COMMENT.sub("", rest)
    if _REMOTE.fullmatch(rest.strip()):
        rest, kind = "", Kind.REMOTE
    try:
        seconds = None if time is None else clock.seconds(time)
    except ValueError:
        return BAD_TIME
    try:
        number, written = identified(identifier)
    except ValueError:
        return BAD_IDENTIFIER
    try:
        data = data_bytes(_LENGTH_CODE.sub("", rest))
    except ValueError:
        return BAD_DATA
    kind = kind or written
    if len(data) > longest_data(kind):
        return TOO_LONG
    return CanFrame(seconds, channel, number, data, kind)


def _frame_shown(shown: re.Match[str], clock: Clock) -> CanFrame | Text:
    """A frame as candump shows it: `[3]` counts the bytes of a classic frame, `[08]` those of CAN FD."""
    time, channel, identifier, length, rest = shown.groups()
    rest = rest.partition("'")[0].strip()  # candump -a puts the bytes as characters behind
    error = rest.endswith("ERRORFRAME")
    if rest.startswith("remote"):
        return _frame(time, channel, identifier, "R", clock)
    flags = "#0" if len(length) > 1 else ""
    frame = _frame(time, channel, identifier, flags + rest.removesuffix("ERRORFRAME"), clock)
    if isinstance(frame, CanFrame):
        if len(frame.data) < int(length):
            return LENGTH_DIFFERS
        return frame._replace(kind=Kind.ERROR) if error else frame
    return frame
