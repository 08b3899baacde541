"""A file system for a kernel to begin with: an archive in the format of `cpio -H newc`.

Not compressed: an emulated processor takes longer to unpack it than the host to read it.
"""

import os
import stat
from pathlib import Path

DEVICE = stat.S_IFCHR | 0o600


class Archive:
    """Files by their path in the machine, directories made as needed."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._folders: set[str] = set()
        self._number = 0

    def file(self, name: str, data: bytes, mode: int = 0o755) -> None:
        """A file, such as "/init"."""
        self._folder(os.path.dirname(name))
        self._entry(name, stat.S_IFREG | mode, data)

    def device(self, name: str, major: int, minor: int) -> None:
        """A character device."""
        self._folder(os.path.dirname(name))
        self._entry(name, DEVICE, b"", major, minor)

    def folder(self, name: str) -> None:
        """An empty directory."""
        self._folder(name)

    def close(self) -> None:
        """Nothing more comes."""
        self._entry("TRAILER!!!", 0, b"")
        self._file.close()

    def _folder(self, name: str) -> None:
        if name in ("", "/") or name in self._folders:
            return
        self._folder(os.path.dirname(name))
        self._folders.add(name)
        self._entry(name, stat.S_IFDIR | 0o755, b"")

    def _entry(self, name: str, mode: int, data: bytes, major: int = 0, minor: int = 0) -> None:
        self._number += 1
        path = name.lstrip("/").encode() + b"\0"
        fields = (self._number, mode, 0, 0, 1, 0, len(data), 0, 0, major, minor, len(path), 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + path
        self._file.write(head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4))
