"""The frames of a CAN recording to be played: of candump, or as python-can reads them (ASC, BLF, TRC, MF4, CSV).

Classic data frames are played; what else a recording holds is counted and left out. `chargelink decode` reads more
kinds and says what is wrong with a recording.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from chargelink.cli.command import CommandError
from chargelink.cli.language import Text
from chargelink.sim.socketcand import LARGEST_EXTENDED, LONGEST_DATA, STANDARD_DIGITS, CanFrame

BY_PYTHON_CAN = {
    ".asc": ("ASCReader", "r"),
    ".blf": ("BLFReader", "rb"),
    ".trc": ("TRCReader", "r"),
    ".mf4": ("MF4Reader", "rb"),
    ".csv": ("CSVReader", "r"),  # with python-can's own columns
}  # the reader and how its file is opened
CANNOT_READ = Text("cannot read {}: {}", "无法读取 {}: {}")
NO_FRAMES = Text(
    "no frames in {}; it has to be what `candump -L` writes, or a file named {}",
    "{} 中没有帧；应为 `candump -L` 的输出，或扩展名为 {} 的文件",
)

# (1780000000.250000) can0 1826F456#010100, also with R or T behind it
_LOGGED = re.compile(r"\((\d+\.\d+)\)\s+\S+\s+([0-9A-Fa-f]{3}|[0-9A-Fa-f]{8})#((?:[0-9A-Fa-f]{2})*)(?:\s+[RT])?")


class Recorded(NamedTuple):
    """A frame and its time in s, of whatever clock."""

    time: float
    frame: CanFrame


class Recording:
    """Iterate once. `skipped` counts what is no classic data frame. Raises CommandError when there are no frames."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.frames = 0
        self.skipped = 0

    def __iter__(self) -> Iterator[Recorded]:
        reader = _read_by_python_can if self._path.suffix.lower() in BY_PYTHON_CAN else _read_candump
        try:
            for recorded in reader(self._path):
                if recorded is None:
                    self.skipped += 1
                else:
                    self.frames += 1
                    yield recorded
        except OSError as error:
            raise CommandError(CANNOT_READ.format(self._path, error.strerror or error)) from error
        if not self.frames:
            raise CommandError(NO_FRAMES.format(self._path, " ".join(BY_PYTHON_CAN)))


def _read_candump(path: Path) -> Iterator[Recorded | None]:
    with path.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            if line.isspace():
                continue
            match = _LOGGED.fullmatch(line.strip())
            yield _frame(*match.groups()) if match else None


def _frame(time: str, identifier: str, octets: str) -> Recorded | None:
    data, number = bytes.fromhex(octets), int(identifier, 16)
    if len(data) > LONGEST_DATA or number > LARGEST_EXTENDED:
        return None
    return Recorded(float(time), CanFrame(number, data, len(identifier) > STANDARD_DIGITS))


def _read_by_python_can(path: Path) -> Iterator[Recorded | None]:
    import can  # heavy, and needed for these kinds only

    name, mode = BY_PYTHON_CAN[path.suffix.lower()]
    try:
        with path.open(mode) as file, getattr(can, name)(file) as reader:
            for message in reader:
                special = message.is_error_frame or message.is_remote_frame or message.is_fd
                frame = CanFrame(message.arbitration_id, bytes(message.data), message.is_extended_id)
                yield None if special or len(frame.data) > LONGEST_DATA else Recorded(message.timestamp, frame)
    except OSError:
        raise
    except Exception as error:  # its readers raise what they happen to stumble over
        raise CommandError(CANNOT_READ.format(path, error)) from error
