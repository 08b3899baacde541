"""A hub in one file, and a hub from it again.

    manifest.json   when, from which version, and the SHA-256 of each other part
    hub.db          the whole database, as SQLite whatever engine it came from
    identity/...    the hub's CA and keys, so that edges still know it

Not in it: `persons.key`, which opens the keys of persons in the database, `tokens.key`, which opens cards and VINs, and
the list of who was erased. A backup must not bring back whoever was erased, and a stolen one must not tell who anybody
is.
"""

import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from importlib.metadata import version
from pathlib import Path

from chargelink.cli.files import PRIVATE, sync_folder, write_durably
from chargelink.hub.clock import now_ms
from chargelink.hub.store import archive, transfer
from chargelink.hub.store.address import FILE
from chargelink.hub.store.archive import KEYS, Manifest
from chargelink.hub.store.database import alone, migrated, postgres_alone
from chargelink.hub.store.sources import readable


async def save(directory: Path, url: str | None, file: Path) -> None:
    """Write a backup of a hub that may be running; its state is that of one instant. Raises OSError, sqlite3.Error."""
    with _folder(".backup-", file.parent) as folder:
        if url is None:
            _copy(directory / FILE, folder / FILE)
        else:
            await migrated(folder, None)
            await transfer.postgres_into_file(url, folder / FILE)
        _single_file(folder / FILE)
        parts = {FILE: folder / FILE, **_keys(directory)}
        archive.pack(parts, now_ms(), version("chargelink"), folder, file)


@asynccontextmanager
async def unpacked(file: Path, near: Path) -> AsyncIterator[tuple[Path, Manifest]]:
    """The parts of a backup in a folder beside its future place, whole and of today's version.

    Raises BackupError, OSError.
    """
    with _folder(".restore-", near) as folder:
        manifest = archive.unpack(file, folder)
        await migrated(folder, None)
        _single_file(folder / FILE)
        yield folder, manifest


async def put_back(folder: Path, directory: Path, url: str | None, *, replace: bool) -> None:
    """Make the unpacked parts the hub of `directory`. With `replace` a file that is there is kept under another name,
    and what is in PostgreSQL is lost.

    Raises NotEmptyError when something is there; BlockingIOError while a hub is running.
    """
    with alone(directory):
        if url is None:
            _put_file(folder, directory, replace)
        else:
            async with postgres_alone(url):
                await migrated(directory, url)
                await transfer.file_into_postgres(folder / FILE, url, replace=replace)
        _put_keys(folder, directory)


@contextmanager
def _folder(prefix: str, near: Path) -> Iterator[Path]:
    near.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=near.absolute()) as name:
        yield Path(name)


def _keys(directory: Path) -> dict[str, Path]:
    folder = directory / KEYS
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return {f"{KEYS}/{path.name}": path for path in found if path.is_file() and not path.name.startswith(".")}


def _copy(file: Path, copy: Path) -> None:
    """In one step: one instant, while the hub goes on writing."""
    if not file.exists():
        raise FileNotFoundError(f"no hub has run in {file.parent}")
    with closing(readable(file)) as database, closing(sqlite3.connect(copy)) as other:
        database.backup(other)


def _single_file(file: Path) -> None:
    """Without journals beside it."""
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = DELETE").fetchall()
    file.chmod(PRIVATE)


def _put_file(folder: Path, directory: Path, replace: bool) -> None:
    if (directory / FILE).exists():
        if not replace:
            raise transfer.NotEmptyError(FILE)
        name = f"{FILE}.before-{now_ms()}"
        for end in ("-wal", "-shm", ""):  # its journals belong to it
            if (directory / f"{FILE}{end}").exists():
                (directory / f"{FILE}{end}").replace(directory / f"{name}{end}")
    (folder / FILE).replace(directory / FILE)
    sync_folder(directory)


def _put_keys(folder: Path, directory: Path) -> None:
    if (folder / KEYS).is_dir():
        (directory / KEYS).mkdir(mode=0o700, exist_ok=True)
        for key in (folder / KEYS).iterdir():
            write_durably(directory / KEYS / key.name, key.read_bytes())
        sync_folder(directory)
