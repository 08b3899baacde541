"""A line of a log with bytes in hexadecimal: time stamp, labels and comments come in many ways and are tolerated.

2024-05-20 13:45:01.123  TX: FE FE FE FE 68 61 01 00 00 00 00 68 11 04 33 33 34 33 14 16   # poll
"""

import re
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

COMMENT = re.compile(r"#|//")
STAMP = re.compile(
    r"^[\s\[(]*(?:(?P<date>\d{4}[-/.]\d{1,2}[-/.]\d{1,2})[T\s_]+)?"
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,:](?P<fraction>\d+))?)?Z?[\s\])]*(?![0-9A-Fa-f:])"
)
SECONDS = re.compile(r"^[\s\[(]*(\d+\.\d+)[\s\])]+")
EPOCH = re.compile(r"^[\s\[(]*(1\d{9})(\d{3})?[\s\])]+(?=\S)")  # seconds or milliseconds since 1970
LABEL = re.compile(r"^[^\s:：=>]*[:：=>]+")  # "TX:", "<=", "接收：", "0010:" before the bytes
BYTES = re.compile(r"^(?:0x)?((?:[0-9A-F]{2})+)[Hh]?$", re.IGNORECASE)
SEPARATED = re.compile(r"^(?:(?:0x)?[0-9A-F]{2}[Hh]?[-_:,;|])+(?:(?:0x)?[0-9A-F]{2}[Hh]?)?$", re.IGNORECASE)
SEPARATORS = re.compile(r"[-_:,;|]")


class LoggedBytes(NamedTuple):
    """What a line shows: `time` in s (since 1970, of the day, or of the recorder), `raw`, and words amid the bytes that
    are none."""

    time: float | None
    raw: bytes
    strange: tuple[str, ...]


def logged_bytes(line: str) -> LoggedBytes | None:
    """The bytes of a line; None for an empty line or a comment."""
    text = COMMENT.split(line.strip("\ufeff \t\r\n"), maxsplit=1)[0].strip()
    if not text:
        return None
    time, text = _time(text)
    words = deque(text.split())  # taken from the front: a hostile line has many
    raw = b""
    while words and not raw:
        word = words.popleft()
        raw = _bytes_of(word) or _bytes_of(LABEL.sub("", word)) or b""
    try:
        return LoggedBytes(time, raw + bytes.fromhex(" ".join(words)), ())
    except ValueError:
        found = [(word, _bytes_of(word)) for word in words]
        rest = b"".join(shown for _, shown in found if shown is not None)
        return LoggedBytes(time, raw + rest, tuple(word for word, shown in found if shown is None))


class LoggedDocument(NamedTuple):
    """The JSON object that a line shows, unread, and `time` in s as in `LoggedBytes`."""

    time: float | None
    text: str


def logged_document(line: str) -> LoggedDocument | None:
    """What a line shows from its first brace on; None for a line without one."""
    before, brace, rest = line.partition("{")
    if not brace:
        return None
    stamp = logged_bytes(before)
    return LoggedDocument(stamp.time if stamp else None, brace + rest)


def _bytes_of(word: str) -> bytes | None:
    """The bytes that a word shows: "68", "0x68", "68H", "FEFE68", "68-61-01"; None if it shows none."""
    word = word.strip("[](){},;|\"'")
    pieces = SEPARATORS.split(word) if SEPARATED.match(word) else [word]
    found = [BYTES.match(piece) for piece in pieces if piece]
    if not found or None in found:
        return None
    return b"".join(bytes.fromhex(hit[1]) for hit in found if hit)


def _time(text: str) -> tuple[float | None, str]:
    """The time stamp at the head of a line, and the rest."""
    hit = STAMP.match(text)
    if hit is None:
        if seconds := SECONDS.match(text):
            return float(seconds[1]), text[seconds.end() :]
        if epoch := EPOCH.match(text):
            return int(epoch[1]) + int(epoch[2] or 0) / 1000, text[epoch.end() :]
        return None, text
    since = timedelta(
        hours=int(hit["hour"]),
        minutes=int(hit["minute"]),
        seconds=float(f"{hit['second'] or 0}.{hit['fraction'] or 0}"),
    ).total_seconds()
    if hit["date"]:
        year, month, day = (int(number) for number in re.split(r"[-/.]", hit["date"]))
        try:
            since += datetime(year, month, day, tzinfo=UTC).timestamp()
        except ValueError:
            return None, text[hit.end() :]
    return since, text[hit.end() :]
