"""What a loss of power can leave of files, by what was done to them and what was made durable.

The rules are those of POSIX, with the hardest storage that keeps them: what was written to a file since its last sync
is there, is not there, or is there in some of its sectors, in any order; a name that was made, changed or removed since
the last sync of its folder is as before or as after. What a sync has promised is there. A sync that failed promises
nothing, and no later one makes up for it: the system has forgotten that those pages were to be written.

Folders themselves are taken to be durable.
"""

import itertools
import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tests.torture.shim.storage import Entry, What

SECTOR = 512  # bytes: what a storage writes wholly or not at all


@dataclass(eq=False)
class File:
    """What a file durably holds, and what was done to it since."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[Entry] = field(default_factory=list)

    def sync(self) -> None:
        """Everything so far is durable."""
        for entry in self.pending:
            apply(self.durable, entry)
        self.pending.clear()

    def left(self, chance: random.Random, kept: float, torn: float) -> bytearray:
        """What a loss of power leaves: each change with the probability `kept`, torn with `torn`."""
        data = bytearray(self.durable)
        for entry in self.pending:
            if entry.what is What.WRITE and chance.random() < torn:
                for piece in sectors(entry):
                    if chance.random() < 0.5:
                        apply(data, piece)
            elif chance.random() < kept:
                apply(data, entry)
        return data


Change = dict[str, File | None]  # what names mean after it


@dataclass
class Disk:
    """Files by name, as the last sync of their folder left the names and as they are now."""

    chance: random.Random
    durable: dict[str, File] = field(default_factory=dict)
    now: dict[str, File] = field(default_factory=dict)
    pending: defaultdict[str, list[Change]] = field(default_factory=lambda: defaultdict(list))

    def do(self, entry: Entry) -> None:
        """Take one entry of the log."""
        match entry.what:
            case What.CREATE:
                self._name({entry.path: File()})
            case What.UNLINK:
                self._name({entry.path: None})
            case What.RENAME:  # within one folder: either both names are as before, or both as after
                self._name({entry.path: None, entry.data.decode(): self.now[entry.path]})
            case What.WRITE | What.TRUNCATE:
                self.now[entry.path].pending.append(entry)
            case What.SYNC:
                self._sync(entry.path)
            case What.SYNC_FAILED if entry.path in self.now:
                file = self.now[entry.path]
                file.durable = file.left(self.chance, 0.5, 0.2)
                file.pending.clear()

    def left(self, chance: random.Random) -> dict[str, bytearray]:
        """The files that a loss of power leaves now; another draw leaves others."""
        kept, torn = chance.choice((0.0, 0.1, 0.5, 0.9, 1.0)), chance.choice((0.0, 0.2))
        names = dict(self.durable)
        for change in itertools.chain(*self.pending.values()):
            if chance.random() < kept:
                rename(names, change)
        return {name: file.left(chance, kept, torn) for name, file in names.items()}

    def _name(self, change: Change) -> None:
        rename(self.now, change)
        self.pending[folder_of(next(iter(change)))].append(change)

    def _sync(self, path: str) -> None:
        if path in self.now:
            self.now[path].sync()
            return
        for change in self.pending.pop(path, []):
            rename(self.durable, change)


def rename(names: dict[str, File], change: Change) -> None:
    """Names mean other files from now on, or nothing."""
    for name, file in change.items():
        if file is None:
            names.pop(name, None)
        else:
            names[name] = file


def apply(data: bytearray, entry: Entry) -> None:
    """A write or a truncation, done to the bytes of a file."""
    if entry.what is What.TRUNCATE:
        del data[entry.offset :]
        data.extend(bytes(entry.offset - len(data)))
        return
    if len(data) < entry.offset:
        data.extend(bytes(entry.offset - len(data)))
    data[entry.offset : entry.offset + len(entry.data)] = entry.data


def sectors(entry: Entry) -> Iterable[Entry]:
    """A write as writes within one sector each."""
    at = 0
    while at < len(entry.data):
        size = SECTOR - (entry.offset + at) % SECTOR
        yield entry._replace(offset=entry.offset + at, data=entry.data[at : at + size])
        at += size


def folder_of(path: str) -> str:
    """The folder of a path, "" for the root."""
    folder = str(PurePosixPath(path).parent)
    return "" if folder == "." else folder


def lay_down(files: dict[str, bytearray], folder: Path) -> None:
    """Write them into a folder."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(0o600)  # whose files they are is not written down; these belong to nobody else
        path.write_bytes(data)
