"""`--html`, `--csv`, `--parquet`: files beside what the terminal gets."""

import argparse
import os
from contextlib import ExitStack
from types import TracebackType
from typing import Self, TextIO

from chargelink.cli.command import CommandError
from chargelink.cli.language import Text
from chargelink.trace.sessions.analyser import Watch
from chargelink.trace.sessions.model import Session
from chargelink.trace.sessions.page.document import Page
from chargelink.trace.sessions.recording import Recording
from chargelink.trace.sessions.table import Row, Table, Write
from chargelink.trace.sessions.table_files import CsvFile, ParquetFile, cannot_write
from chargelink.trace.source import CannotRead

STANDARD_INPUT = Text("standard input", "标准输入")
SAME_FILE = Text("{} would be overwritten: choose another name for {}", "{} 会被覆盖：请为 {} 换一个文件名")

NO_OUTPUT = Text(
    "standard output has the report: give {} the name of a file; /dev/stdout mixes the two",
    "标准输出用于报告：请为 {} 指定文件名；/dev/stdout 会将两者混在一起",
)


def add_export_arguments(parser: argparse.ArgumentParser) -> None:
    """The three options."""
    file = str(Text("FILE", "文件"))
    parser.add_argument(
        "--html",
        metavar=file,
        help=str(
            Text(
                "also one page with verdicts, timelines and curves; it loads nothing and can be mailed",
                "同时生成一个网页: 结论、时间轴、曲线；不加载外部内容，可直接发送",
            )
        ),
    )
    parser.add_argument(
        "--csv",
        metavar=file,
        help=str(Text("also a table, a row each message, for spreadsheets", "同时生成 CSV 表格，每条报文一行")),
    )
    parser.add_argument(
        "--parquet",
        metavar=file,
        help=str(
            Text(
                "the same table with types, for data frames; needs pyarrow: pip install 'chargelink[trace]'",
                "同样的表格，带类型，供数据分析；需要 pyarrow: pip install 'chargelink[trace]'",
            )
        ),
    )


class Exports:
    """The files that were asked for; use it in a `with`. `name` is the recording, which is never overwritten.

    Files are opened at once, for a long recording is not read in vain. What came is kept also when the recording
    breaks off. Raises CommandError.
    """

    def __init__(self, arguments: argparse.Namespace, name: str) -> None:
        asked = {"--html": arguments.html, "--csv": arguments.csv, "--parquet": arguments.parquet}
        _refuse_the_same(name, {option: path for option, path in asked.items() if path})
        self._called = str(STANDARD_INPUT) if name == "-" else os.path.basename(name)
        self._page = Page()
        self._html: TextIO | None = None
        self._recording: Recording | None = None
        self.watch: Watch | None = None
        with ExitStack() as opened:
            writes: list[Write] = []
            if arguments.csv:
                writes.append(opened.enter_context(CsvFile(arguments.csv)).write)
            if arguments.parquet:
                writes.append(opened.enter_context(ParquetFile(arguments.parquet)).write)
            if arguments.html:
                self._html = opened.enter_context(_text_file(arguments.html))
            if writes:
                self.watch = Table(writes[0] if len(writes) == 1 else _to_all(writes))
            self._opened = opened.pop_all()

    def begin(self, recording: Recording) -> None:
        """What is read."""
        self._recording = recording

    def add(self, session: Session) -> None:
        """A session of it."""
        if self._html is not None:
            self._page.add(session)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._opened:
            if self._html is not None and self._recording is not None:
                whole = not isinstance(error, (CannotRead, KeyboardInterrupt))
                log = self._recording.log
                page = self._page.html(self._called, log.frames, log.unreadable, whole=whole)
                try:
                    self._html.write(page)
                    self._html.flush()
                except OSError as failure:
                    raise cannot_write(self._html.name, failure) from failure


def _refuse_the_same(name: str, asked: dict[str, str]) -> None:
    """Raises CommandError where an output is the recording, another output, or standard output."""
    taken = [name]
    for option, path in asked.items():
        if path == "-":
            raise CommandError(NO_OUTPUT.format(option))
        if any(_same(path, other) for other in taken):
            raise CommandError(SAME_FILE.format(path, option))
        taken.append(path)


def _same(path: str, other: str) -> bool:
    try:
        return os.path.samefile(path, other)
    except OSError:  # one of them does not exist yet
        return os.path.realpath(path) == os.path.realpath(other)


def _text_file(path: str) -> TextIO:
    try:
        return open(path, "w", encoding="utf-8")
    except OSError as error:
        raise cannot_write(path, error) from error


def _to_all(writes: list[Write]) -> Write:
    def write(row: Row) -> None:
        for one in writes:
            one(row)

    return write
