"""A storage that is watched and fails on demand: builds the shim, gives the environment for it, reads its log."""

import mmap
import os
import struct
import subprocess
from collections.abc import Iterator, Mapping
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).with_name("shim.c")
ENTRY = struct.Struct("<BBHIQ")  # struct entry
FAULTS = struct.Struct("<qiiQQQ")  # struct faults
SPACE, FAILING, READ_ONLY = struct.Struct("<q"), struct.Struct("<i"), struct.Struct("<i")


class What(IntEnum):
    """What an entry of the log says."""

    CREATE = ord("c")
    WRITE = ord("w")
    TRUNCATE = ord("t")
    RENAME = ord("r")
    UNLINK = ord("u")
    SYNC = ord("s")
    SYNC_FAILED = ord("f")
    MARK = ord("m")


class Entry(NamedTuple):
    """Something that was done to a file; `offset` of a truncation is the new size, `data` of a rename the new path."""

    what: What
    path: str
    offset: int
    data: bytes


class Felt(NamedTuple):
    """How often the process has felt each fault."""

    no_space: int
    failed_syncs: int
    read_only: int


class Faults:
    """What the storage does to one of the processes."""

    def __init__(self, control: Path) -> None:
        self.control = control
        control.write_bytes(FAULTS.pack(-1, 0, 0, 0, 0, 0))
        with control.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), FAULTS.size)

    def leave_space(self, size: int | None) -> None:
        """Files may grow by so many bytes; None: without end."""
        SPACE.pack_into(self._shared, 0, -1 if size is None else size)

    def fail_syncs(self, count: int) -> None:
        """So many of the next fsync and fdatasync fail with EIO."""
        FAILING.pack_into(self._shared, 8, count)

    def remount(self, *, read_only: bool) -> None:
        """From now on every change fails with EROFS; or works again."""
        READ_ONLY.pack_into(self._shared, 12, read_only)

    @property
    def felt(self) -> Felt:
        """How often the faults were felt."""
        return Felt(*FAULTS.unpack(self._shared[:])[3:])


class Storage:
    """The folder `root`, which watched processes work on."""

    def __init__(self, place: Path) -> None:
        """In an empty folder. Raises FileNotFoundError without a C compiler."""
        self.root = (place / "root").resolve()
        self.root.mkdir(parents=True)
        self._log, self._shim = place / "log", place / "shim.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", self._shim, SOURCE, "-lpthread"], check=True)

    def environment(self, faults: Faults) -> Mapping[str, str]:
        """For a process whose files are to be watched, and to fail like this."""
        return {
            **os.environ,
            "LD_PRELOAD": str(self._shim),
            "TORTURE_ROOT": str(self.root),
            "TORTURE_LOG": str(self._log),
            "TORTURE_FAULTS": str(faults.control),
        }

    def entries(self) -> Iterator[Entry]:
        """What was done, in order."""
        log = memoryview(self._log.read_bytes())
        at = 0
        while at < len(log):
            what, _, path_bytes, data_bytes, offset = ENTRY.unpack_from(log, at)
            at += ENTRY.size
            path = str(log[at : at + path_bytes], "utf-8")
            at += path_bytes
            yield Entry(What(what), path, offset, bytes(log[at : at + data_bytes]))
            at += data_bytes
