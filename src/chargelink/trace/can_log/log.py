"""Which format a recording has, and its frames."""

import argparse
import codecs
from collections.abc import Iterable, Iterator

from chargelink.cli.language import Text
from chargelink.trace.can_log.frame import CanFrame, Unreadable
from chargelink.trace.can_log.table import columns_of, encoding_of, read_table
from chargelink.trace.can_log.text import has_frames, read_text
from chargelink.trace.source import CannotRead, Source, whole_lines

FORMATS = ("candump", "csv", "asc", "blf", "trc", "mf4")
SUFFIXES = {".asc": "asc", ".blf": "blf", ".trc": "trc", ".mf4": "mf4"}
MAGIC = {b"LOGG": "blf", b"MDF     4": "mf4", b";$FILEVERSION": "trc"}
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)  # "Unicode text" of Windows tools
NO_HEADER = Text(
    "no column names for identifier and data in {}; name them, as in: time,id,data",
    "{} 中没有标识符列和数据列的列名；请加上，例如: time,id,data",
)
UNKNOWN = Text(
    "{} is not a CAN recording of a known format; choose one with --format",
    "{} 不是已知格式的 CAN 记录；请用 --format 指定格式",
)


def add_format_argument(parser: argparse.ArgumentParser) -> None:
    """`--format`."""
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help=str(
            Text(
                "format of the recording (default: found by its content): candump also reads ID#DATA lines, "
                "csv all tables with named columns",
                "记录的格式 (默认: 根据内容判断): candump 也包括 ID#DATA 行，csv 为任何有列名的表格",
            )
        ),
    )


class CanLog:
    """The frames of a recording in batches, in order, with what is unreadable in place. Iterate once.

    `frames` and `unreadable` count what was handed out. Raises `CannotRead` if the recording is of no known format.
    """

    def __init__(self, source: Source, form: str | None = None) -> None:
        found = form or format_of(source.head(), source.name)
        if found is None:
            raise CannotRead(UNKNOWN.format(source.name))
        self.form = found
        self.frames = 0
        self.unreadable = 0
        self._batches = read(source, found)

    def __iter__(self) -> Iterator[list[CanFrame] | Unreadable]:
        for batch in self._batches:
            if isinstance(batch, Unreadable):
                self.unreadable += 1
            else:
                self.frames += len(batch)
            yield batch

    def tally(self) -> str:
        """What was read so far, for the summary."""
        return Text("{:,} frame{}", "{:,} 帧").format(self.frames, "" if self.frames == 1 else "s")


def format_of(head: bytes, name: str) -> str | None:
    """The format of a recording that begins so: by its first bytes, its suffix, its header. None if it is none."""
    if found := next((known for magic, known in MAGIC.items() if head.startswith(magic)), None):
        return found
    if found := next((known for suffix, known in SUFFIXES.items() if suffix in name.lower()[-7:]), None):
        return found
    if head.startswith(UTF_16):
        return "csv" if columns_of(head.decode("utf-16", "replace").encode()) else "candump"
    if head[:2000].lstrip().lower().startswith(b"date ") and b"\nbase " in head[:2000].lower():
        return "asc"
    if columns_of(head):
        return "csv"
    # A recorder that lost its power leaves zeros in a text; a binary file has nothing else that could be read.
    return "candump" if b"\0" not in head or has_frames(head) else None


def read(source: Source, form: str) -> Iterator[list[CanFrame] | Unreadable]:
    """The frames of a recording of a format of `FORMATS`."""
    head = source.head()
    blocks = source.whole_lines()
    if head.startswith(UTF_16):
        head, blocks = head.decode("utf-16", "replace").encode(), whole_lines(_in_utf_8(source))
    if form == "candump":
        return read_text(blocks)
    if form == "csv":
        columns = columns_of(head)
        if columns is None:
            raise CannotRead(NO_HEADER.format(source.name))
        return read_table(blocks, columns, encoding_of(head))
    from chargelink.trace.can_log import container

    readers = {
        "asc": container.read_asc,
        "blf": container.read_blf,
        "trc": container.read_trc,
        "mf4": container.read_mf4,
    }
    return readers[form](source)


def _in_utf_8(blocks: Iterable[bytes]) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-16")("replace")
    for block in blocks:
        yield decoder.decode(block).encode("utf-8", "replace")
