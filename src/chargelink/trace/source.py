"""Bytes of a recording: a file, standard input, or either of them compressed with gzip.

A `Source` hands out what has arrived without waiting for more, and before it waits it flushes standard output (as C++
ties `cin` to `cout`), so that `candump can0 | chargelink decode ...` shows each frame as it comes, while a file goes
through in large blocks.
"""

import argparse
import gzip
import io
import os
import select
import stat
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, Self

from chargelink.cli.command import CommandError
from chargelink.cli.language import Text
from chargelink.cli.reasons import reason

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from tqdm import tqdm

BLOCK = 256 * 1024  # bytes asked for at a time
LONGEST_LINE = 64 * 1024  # a longer one is handed out in pieces: memory stays flat whatever comes
LONG_FILE = 5_000_000  # bytes from which on a progress bar is worth its line
GZIP_MAGIC = b"\x1f\x8b\x08"


class CannotRead(CommandError):  # noqa: N818 - reads as what it says
    """The recording cannot be opened, read on, or is of no known format. The message says which and what to do."""


def add_input_arguments(parser: argparse.ArgumentParser) -> None:
    """`FILE` or `-`."""
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        default="-",
        help=str(
            Text("recording, may be gzip; - or nothing: standard input", "记录文件，可为 gzip; - 或省略: 标准输入")
        ),
    )


def open_bytes(arguments: argparse.Namespace) -> "Source":
    """The recording that `add_input_arguments` asked for; use it in a `with`. Raises `CannotRead`."""
    return Source(arguments.file, progress=not arguments.no_progress)


class Source:
    """Bytes as they come. Iterating gives blocks of 1 to 256 KiB; `lines` and `whole_lines` cut at line ends.

    `name` is the path; `live` tells that the input is a pipe or a terminal, so that somebody may be watching what is
    written. Every reading method raises `CannotRead` when the device or the compression fails.
    """

    def __init__(self, path: str, progress: bool = True) -> None:
        self.name = path
        self._exit = ExitStack()
        try:
            file = io.FileIO(0 if path == "-" else path, closefd=path != "-")
        except OSError as error:
            raise CannotRead(
                Text("cannot open {}: {}; check the path", "无法打开 {}: {}；请检查路径").format(path, reason(error))
            ) from error
        self._exit.callback(file.close)
        status = os.fstat(file.fileno())
        self.live = not stat.S_ISREG(status.st_mode)
        if file.isatty():
            print(Text("reading the keyboard; Ctrl-D ends", "正在读取键盘输入；Ctrl-D 结束"), file=sys.stderr)
        counted = Counted(file, self._bar(status.st_size) if progress else None)
        self._stream: io.BufferedReader | gzip.GzipFile = io.BufferedReader(counted, BLOCK)
        if self.head().startswith(GZIP_MAGIC):
            self._stream = gzip.GzipFile(fileobj=self._stream)

    def _bar(self, size: int) -> "tqdm[NoReturn] | None":
        if self.live or size < LONG_FILE or not sys.stderr.isatty() or sys.stdout.isatty():
            return None  # a bar among the lines of a listing would be noise
        from tqdm import tqdm

        bar: tqdm[NoReturn] = tqdm(total=size, unit="B", unit_scale=True, desc=os.path.basename(self.name), leave=False)
        self._exit.callback(bar.close)
        return bar

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    def head(self) -> bytes:
        """What the recording begins with, left in place: up to a block; b"" if it is empty."""
        with self._failing_as_cannot_read():
            return self._stream.peek(1)

    def __iter__(self) -> Iterator[bytes]:
        while True:
            if self.live:
                sys.stdout.flush()
            with self._failing_as_cannot_read():
                block = self._stream.read1(BLOCK)
            if not block:
                return
            yield block

    @contextmanager
    def _failing_as_cannot_read(self) -> Iterator[None]:
        try:
            yield
        except (OSError, EOFError, zlib.error) as error:
            raise CannotRead(Text("cannot read {}: {}", "读取 {} 失败: {}").format(self.name, reason(error))) from error

    def take(self, size: int) -> bytes:
        """That many bytes; fewer only at the end."""
        with self._failing_as_cannot_read():
            return self._stream.read(size)

    def read(self) -> bytes:
        """All of it."""
        return b"".join(self)

    def whole_lines(self) -> Iterator[bytes]:
        """Blocks of whole lines, see `whole_lines`."""
        return whole_lines(self)

    def lines(self) -> Iterator[bytes]:
        """Lines without their ends (LF or CR LF)."""
        for block in self.whole_lines():
            yield from lines(block)


def whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut blocks anew at line ends. Only the last one, and pieces of a line over `LONGEST_LINE`, lack the end."""
    rest = b""
    for block in blocks:
        cut = block.rfind(b"\n") + 1
        if cut:
            yield rest + block[:cut]
            rest = block[cut:]
        else:
            rest += block
        if len(rest) > LONGEST_LINE:
            yield rest
            rest = b""
    if rest:
        yield rest


def lines(block: bytes) -> list[bytes]:
    """The lines of a block of whole lines, without their ends."""
    return [line.removesuffix(b"\r") for line in block.removesuffix(b"\n").split(b"\n")]


class Counted(io.RawIOBase):
    """A file whose reading moves a progress bar."""

    def __init__(self, file: io.FileIO, bar: "tqdm[NoReturn] | None") -> None:
        self._file = file
        self._bar = bar

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        while (size := self._file.readinto(buffer)) is None:  # whoever shares the pipe made it non-blocking
            select.select([self._file], [], [])
        if self._bar is not None:
            self._bar.update(size)
        return size
