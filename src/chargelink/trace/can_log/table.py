"""Tables with named columns: CSV and tab-separated files, and the aligned text of Chinese CAN tools.

    序号,帧ID,时间标识,类型,报文描述,报文内容,长度,数据(Hex)
    序号 传输方向 接收时间标识 帧ID 帧格式 帧类型 数据长度 数据       (ZLG; the bytes of the data are the last words)
    Time Stamp,ID,Extended,Dir,Bus,LEN,D1,D2,D3,D4,D5,D6,D7,D8     (SavvyCAN; microseconds, a column a byte)
    timestamp,arbitration_id,extended,remote,error,dlc,data        (python-can; data in base64)

Columns are found by their names in English and Chinese, the delimiter by what makes names of the line.
"""

import base64
import binascii
import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from chargelink.cli.language import Text
from chargelink.trace.can_log.clock import Clock
from chargelink.trace.can_log.frame import (
    BAD_DATA,
    BAD_IDENTIFIER,
    BAD_TIME,
    COLUMN_MISSING,
    LENGTH_DIFFERS,
    TOO_LONG,
    CanFrame,
    Kind,
    Unreadable,
    data_bytes,
    identified,
    is_decimal,
    longest_data,
)
from chargelink.trace.source import lines

IDENTIFIER_NAMES = {
    "id", "帧id", "id号", "canid", "标识符", "帧标识", "帧标识符", "报文id", "identifier", "arbitrationid", "arbid",
    "frameid", "msgid", "messageid", "pgnid", "idhex",
}  # fmt: skip
DATA_NAMES = {
    "data", "数据", "帧数据", "报文数据", "数据域", "数据hex", "databytes", "datahex", "payload", "framedata",
    "数据内容",
}  # fmt: skip
LENGTH_NAMES = {"长度", "数据长度", "帧长度", "dlc", "len", "length", "datalength", "bytes", "字节数"}
CHANNEL_NAMES = {
    "通道", "can通道", "通道号", "源通道", "设备通道", "第几路can", "channel", "canchannel", "bus", "chn", "ch",
    "interface", "总线",
}  # fmt: skip
FORM_NAMES = {"帧格式", "帧类型", "格式", "类型", "format", "type", "frametype", "frameformat", "flags", "idtype"}
FLAG_NAMES = {"extended", "ext", "isextended", "remote", "rtr", "error"}
# The adapter's own clock before the computer's: it is the finer one where a table has both.
TIME_NAMES = (
    "时间标识", "接收时间标识", "硬件时间", "相对时间", "timestamp", "时间戳", "time", "时间",
    "reltime", "relativetime", "timeoffset", "记录时间", "采集时间", "绝对时间", "abstime", "absolutetime",
    "系统时间", "接收时间", "systemtime", "datetime", "date",
)  # fmt: skip
MILLI, MICRO, NANO = 1_000, 1_000_000, 1_000_000_000  # in a second
UNITS = {"ms": MILLI, "毫秒": MILLI, "us": MICRO, "µs": MICRO, "微秒": MICRO, "ns": NANO, "纳秒": NANO}

FORMS = (  # in this order: an error frame may be called extended too
    (("错误", "error", "err"), Kind.ERROR),
    (("远程", "remote", "rtr"), Kind.REMOTE),
    (("canfd", "can fd", "fdf"), Kind.FD),
    (("标准", "standard", "std"), Kind.STANDARD),
    (("扩展", "extended", "ext", "xtd"), Kind.EXTENDED),
)
HEADER_WITHIN = 40  # lines: some tools write about themselves first

_BRACKETS = re.compile(r"[(（\[][^()（）\[\]]*[)）\]]")
_UNIT_BEHIND = re.compile(r"[\s_](?:ms|us|µs|ns|s)$")
_BYTE_NAME = re.compile(r"(?:d|db|b|byte|data|字节|数据)(\d{1,2})")


def _plain(name: str) -> str:
    """A column's name for comparison: `帧ID(靠右对齐)`, `Frame_ID`, `time_us` are `帧id`, `frameid`, `time`."""
    name = _UNIT_BEHIND.sub("", _BRACKETS.sub("", name).lower().strip("\ufeff "))
    return re.sub(r"[\s_.#:-]+", "", name)


def _units_in_a_second(name: str) -> int:
    """Those of the unit that a time column's name gives: `Time (ms)`, `time_us`, `时间(毫秒)`."""
    words = re.findall(r"[a-zµ]+|[毫微纳]?秒", name.lower())
    return next((UNITS[word] for word in words if word in UNITS), 1)


@dataclass(frozen=True)
class Columns:
    """Where a table keeps what, by the index of the column."""

    header: str
    delimiter: str | None  # None: blanks, any number of them
    identifier: int
    data: int  # the column, or the first of those with a byte each
    a_byte_each: bool
    is_last: bool  # all further cells of a row are data
    time: int | None
    units_in_a_second: int
    length: int | None
    channel: int | None
    forms: tuple[int, ...]
    flags: tuple[tuple[int, str], ...]
    in_base64: bool

    @classmethod
    def of(cls, header: str) -> Self | None:
        """The columns of a header line; None if it is not one."""
        for delimiter in (",", "\t", ";", None):
            cells = _cells(header, delimiter)
            if (columns := cls._of_names(header.strip(), delimiter, cells)) is not None:
                return columns
        return None

    @classmethod
    def _of_names(cls, header: str, delimiter: str | None, cells: Sequence[str]) -> Self | None:
        names = [_plain(cell) for cell in cells]
        while names and not names[-1]:
            names.pop()

        def place(known: Iterable[str]) -> int | None:
            return next((names.index(name) for name in known if name in names), None)

        singles = [at for at, name in enumerate(names) if _BYTE_NAME.fullmatch(name)]
        identifier, data = place(IDENTIFIER_NAMES), place(DATA_NAMES)
        first = data if data is not None else singles[0] if singles else None
        if identifier is None or first is None:
            return None
        time = place(TIME_NAMES)
        savvycan = bool(singles) and "extended" in names and "bus" in names
        return cls(
            header=header,
            delimiter=delimiter,
            identifier=identifier,
            data=first,
            a_byte_each=data is None,
            is_last=data is None or data == len(names) - 1,
            time=time,
            units_in_a_second=MICRO if savvycan else 1 if time is None else _units_in_a_second(cells[time]),
            length=place(LENGTH_NAMES),
            channel=place(CHANNEL_NAMES),
            forms=tuple(at for at, name in enumerate(names) if name in FORM_NAMES),
            flags=tuple((at, name) for at, name in enumerate(names) if name in FLAG_NAMES),
            in_base64=header.startswith("timestamp,arbitration_id,extended,remote,error,dlc,data"),
        )


def _cells(line: str, delimiter: str | None) -> list[str]:
    """Cells of a row. Raises ValueError where quotes are broken."""
    if delimiter is None:
        return line.split()
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error as error:
        raise ValueError(str(error)) from error


def encoding_of(head: bytes) -> str:
    """UTF-8 where the head is that, else the encoding of Chinese Windows."""
    try:
        head[: head.rfind(b"\n") + 1 or None].decode()
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8-sig"


def columns_of(head: bytes) -> Columns | None:
    """The columns of a recording that begins so; None if it is not a table."""
    text = head.decode(encoding_of(head), "replace")
    for line in text.split("\n", HEADER_WITHIN)[:HEADER_WITHIN]:
        try:
            columns = Columns.of(line)
        except ValueError:
            continue
        if columns is not None:
            return columns
    return None


def read_table(blocks: Iterable[bytes], columns: Columns, encoding: str) -> Iterator[list[CanFrame] | Unreadable]:
    """Frames of blocks of whole lines of a table. What stands above its header is skipped."""
    clock = Clock(columns.units_in_a_second)
    number = 0
    below = False
    for block in blocks:
        batch: list[CanFrame] = []
        for line in lines(block):
            number += 1
            text = line.decode(encoding, "replace").strip("\ufeff\r\n")
            if text.strip() == columns.header.lstrip("\ufeff"):
                below = True
                continue
            if not below or not text.strip():
                continue
            frame = _frame_of_row(text, columns, clock)
            if isinstance(frame, CanFrame):
                batch.append(frame)
                continue
            if batch:
                yield batch
                batch = []
            yield Unreadable(number, text, frame)
        if batch:
            yield batch


def _frame_of_row(line: str, columns: Columns, clock: Clock) -> CanFrame | Text:
    try:
        cells = _cells(line, columns.delimiter)
    except ValueError:
        return COLUMN_MISSING
    if len(cells) <= columns.identifier:
        return COLUMN_MISSING
    try:
        identifier, kind = identified(cells[columns.identifier])
    except ValueError:
        return BAD_IDENTIFIER
    try:
        time = None if columns.time is None else clock.seconds(cells[columns.time])
    except (ValueError, IndexError):
        return BAD_TIME
    kind = _kind(cells, columns) or kind
    data = _data(cells, columns, kind, columns.a_byte_each and is_decimal(cells[columns.identifier]))
    if isinstance(data, Text):
        return data
    channel = "" if columns.channel is None else cells[columns.channel].strip() if len(cells) > columns.channel else ""
    return CanFrame(time, channel, identifier, data, kind)


def _kind(cells: list[str], columns: Columns) -> Kind | None:
    """What the columns of form say, in words or as flags; None if they say nothing."""
    words = [cells[at].lower() for at in columns.forms if at < len(cells)]
    for at, name in columns.flags:
        if at < len(cells) and cells[at].strip().lower() in ("1", "true", "yes"):
            words.append(name)
        elif name in ("extended", "isextended"):
            words.append("standard")
    said = " ".join(words)
    return next((kind for signs, kind in FORMS if any(sign in said for sign in signs)), None)


def _data(cells: list[str], columns: Columns, kind: Kind, decimal: bool) -> bytes | Text:
    """Data bytes, cut to the length where that is given: what a tool shows behind is stale."""
    if kind is Kind.REMOTE:
        return b""
    end = None if columns.is_last else columns.data + 1
    try:
        written = " ".join(
            f"{int(cell):02X}" if decimal and cell.strip() else cell for cell in cells[columns.data : end]
        )
        length = None if columns.length is None else int(cells[columns.length].strip(), 0)
        if length == 1:
            written = written.strip().zfill(2)  # spreadsheets make a number of a lone byte: 00 becomes 0
        data = base64.b64decode(written, validate=True) if columns.in_base64 else data_bytes(written)
    except (ValueError, IndexError, binascii.Error):
        return BAD_DATA
    if length is not None:
        if len(data) < length:
            return LENGTH_DIFFERS
        data = data[: max(length, 0)]
    return TOO_LONG if len(data) > longest_data(kind) else data
