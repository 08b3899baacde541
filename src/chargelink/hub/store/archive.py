"""The file of a backup: an uncompressed tar of few parts, each with its SHA-256 in the manifest.

A backup is from outside: only the parts that the manifest names are taken, only from where they belong, and no name in
it leads anywhere else.
"""

import hashlib
import os
import stat
import tarfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from chargelink.cli.files import PRIVATE, sync_folder, write_durably
from chargelink.hub.store.address import FILE
from chargelink.link.quantities import HexDigest, Time

MANIFEST = "manifest.json"
KEYS = "identity"
LARGEST_MANIFEST = 64 * 1024
LARGEST_KEY = 1024 * 1024
PIECE = 1024 * 1024


class BackupError(Exception):
    """The file is no backup, or not a whole one."""


class Manifest(msgspec.Struct, frozen=True):
    """What a backup says of itself."""

    made: Time
    software: str
    parts: dict[str, HexDigest]


def pack(parts: Mapping[str, Path], made: int, software: str, folder: Path, file: Path) -> None:
    """Write a backup by way of a folder on the same disk; the file is the old one or the whole new one.

    Raises OSError.
    """
    manifest = folder / MANIFEST
    digests = {part: _digest(path) for part, path in parts.items()}
    write_durably(manifest, msgspec.json.encode(Manifest(made, software, digests)))
    new = folder / "new.tar"
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as raw:
        with tarfile.open(fileobj=raw, mode="w") as archive:
            archive.add(manifest, MANIFEST, filter=_plain)
            for part, path in parts.items():
                archive.add(path, part, filter=_plain)
        raw.flush()
        os.fsync(raw.fileno())
    new.replace(file)
    sync_folder(file.absolute().parent)


def unpack(file: Path, folder: Path) -> Manifest:
    """Take the parts of a backup into a folder. Raises BackupError, OSError."""
    try:
        with tarfile.open(file, "r:") as archive:
            members = {member.name: member for member in archive if member.isreg()}
            manifest = msgspec.json.decode(_small(archive, members, MANIFEST, LARGEST_MANIFEST), type=Manifest)
            if FILE not in manifest.parts:
                raise BackupError("holds no database")
            for part, digest in manifest.parts.items():
                if part != FILE and (Path(part).parent.as_posix() != KEYS or Path(part).name.startswith(".")):
                    raise BackupError(f"what is {part}?")
                _take(archive, members, part, folder / part)
                if _digest(folder / part) != digest:
                    raise BackupError(f"{part} is damaged")
    except (tarfile.TarError, msgspec.DecodeError, UnicodeDecodeError, EOFError) as error:
        raise BackupError(str(error)) from None
    return manifest


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Nothing about whose it was here."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = PRIVATE
    return member


def _small(archive: tarfile.TarFile, members: dict[str, tarfile.TarInfo], name: str, largest: int) -> bytes:
    member = members.get(name)
    content = archive.extractfile(member) if member and member.size <= largest else None
    if content is None:
        raise BackupError(f"holds no {name}")
    return content.read()


def _take(archive: tarfile.TarFile, members: dict[str, tarfile.TarInfo], part: str, to: Path) -> None:
    if part != FILE:
        to.parent.mkdir(mode=0o700, exist_ok=True)
        write_durably(to, _small(archive, members, part, LARGEST_KEY))
        return
    content = archive.extractfile(members[part]) if part in members else None
    if content is None:
        raise BackupError(f"holds no {part}")
    with open(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as file:
        while piece := content.read(PIECE):
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(f"{path} is no file")
        return hashlib.file_digest(file, "sha256").hexdigest()
