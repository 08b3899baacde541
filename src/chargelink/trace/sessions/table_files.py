"""Where tables go: CSV and Parquet, both written as they grow."""

import csv
from types import TracebackType
from typing import Any, Self

from chargelink.cli.command import CommandError
from chargelink.cli.language import Text
from chargelink.cli.reasons import reason
from chargelink.trace.sessions.table import COLUMNS, Row

GROUP = 65_536  # rows of a row group: what is in memory at once
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a cell that begins so is run by spreadsheets
CHANNEL = next(place for place, column in enumerate(COLUMNS) if column.name == "channel")
NO_PYARROW = Text(
    "--parquet needs pyarrow, which is not installed: pip install 'chargelink[trace]'",
    "--parquet 需要 pyarrow，尚未安装: pip install 'chargelink[trace]'",
)
CANNOT_WRITE = Text("cannot write {}: {}; choose another place", "无法写入 {}: {}；请换一个位置")


class CsvFile:
    """UTF-8 without a byte order mark, for all words in it but the names of channels are ASCII; lines end as in RFC
    4180. Use it in a `with`. Raises CommandError where nothing can be written."""

    def __init__(self, path: str) -> None:
        self._path = path
        try:
            self._file = open(path, "w", encoding="utf-8", newline="")  # noqa: SIM115 - closed in __exit__
        except OSError as error:
            raise cannot_write(path, error) from error
        self._row = csv.writer(self._file).writerow
        self.write([column.name for column in COLUMNS])

    def write(self, row: Row) -> None:
        if row[CHANNEL].startswith(FORMULA):
            row[CHANNEL] = f"'{row[CHANNEL]}"
        try:
            self._row(row)
        except OSError as error:
            raise cannot_write(self._path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
        except OSError as failure:
            raise cannot_write(self._path, failure) from failure


class ParquetFile:
    """Parquet in row groups, compressed with zstd. Use it in a `with`. Raises CommandError without pyarrow, and where
    nothing can be written."""

    def __init__(self, path: str) -> None:
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError as error:
            raise CommandError(str(NO_PYARROW)) from error
        self._path = path
        self._batch: Any = pyarrow.record_batch
        types = {float: pyarrow.float64(), int: pyarrow.int32(), bool: pyarrow.bool_(), str: pyarrow.string()}
        self._schema = pyarrow.schema([(column.name, types[column.kind]) for column in COLUMNS])
        self._rows: list[Row] = []
        try:
            self._file: Any = pyarrow.parquet.ParquetWriter(path, self._schema, compression="zstd")
        except OSError as error:
            raise cannot_write(path, error) from error

    def write(self, row: Row) -> None:
        self._rows.append(row)
        if len(self._rows) == GROUP:
            self._flush()

    def _flush(self) -> None:
        columns = [list(column) for column in zip(*self._rows, strict=True)]
        self._rows = []
        try:
            self._file.write_batch(self._batch(columns, schema=self._schema))
        except OSError as error:
            raise cannot_write(self._path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """What came until an error is kept, with the footer without which it could not be read."""
        try:
            if self._rows:
                self._flush()
        finally:
            self._file.close()


def cannot_write(path: str, error: OSError) -> CommandError:
    return CommandError(CANNOT_WRITE.format(path, reason(error)))
