"""A backup of an edge in one file: its ledger as of one instant, its signing key, who it is to the hub, its sockets.

The file is a ledger with one more table, so that it is verified like one. It holds keys: mode 0600, and to be kept like
them. Not in it: samples of telemetry, and the keys of persons, so that a backup never brings back who was erased.
"""

import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from chargelink.cli.files import PRIVATE, sync_folder, write_durably
from chargelink.edge import paths
from chargelink.edge.ledger import aside, checkpoints, epochs, schema
from chargelink.edge.ledger.database import Limits
from chargelink.edge.ledger.key import load_key
from chargelink.edge.ledger.verify import Verdict, verify
from chargelink.edge.ledger.writer import LedgerError, only_one

FILES = re.compile(r"journal\.key|link/(identity|next)\.pem|sockets-[A-Za-z0-9][A-Za-z0-9._:-]{0,63}\.json")
"""What a backup may hold beside the ledger, by its place in the data folder; nothing else is ever written from one."""


class Restored(NamedTuple):
    """What was laid down: whose ledger, its new epoch, the files beside it, and where the old ledger now is."""

    edge: str
    epoch: str
    files: list[str]
    aside: Path | None


def backup(data: Path, target: Path) -> tuple[Verdict, list[str]]:
    """Save an edge, also while it runs; what `verify` says of the copy, and which files stand in it.

    Raises LedgerError where there is no ledger, or the target exists or cannot be written; VerifyError.
    """
    source = paths.ledger(data)
    if not source.is_file():
        raise LedgerError(f"{source}: there is no ledger")
    if target.exists():
        raise LedgerError(f"{target}: is there already; name another")
    unfinished = target.with_name(f".{target.name}.new")
    try:
        unfinished.unlink(missing_ok=True)
        os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE))  # nobody else's, and no link
        with closing(_reading(source)) as ledger, closing(sqlite3.connect(unfinished, isolation_level=None)) as copy:
            ledger.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
            copy.execute("CREATE TABLE files (name TEXT PRIMARY KEY, content BLOB NOT NULL)")
            for name in _files(data):
                copy.execute("INSERT INTO files VALUES (?, ?)", (name, (data / name).read_bytes()))
        verdict = verify(unfinished)
        unfinished.replace(target)
        sync_folder(target.parent)
    except sqlite3.Error as error:
        raise LedgerError(f"{target}: {error}") from error
    except OSError as error:
        raise LedgerError(f"{error.filename}: {error.strerror}") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return verdict, [*_files(data)]


def restore(file: Path, data: Path, clock: Callable[[], int], *, force: bool = False) -> Restored:
    """Lay a backup down, with a new epoch: what the old one may have used since is not known.

    With `force` a ledger that is there is set aside. Raises LedgerError for a backup that is not whole, while an edge
    runs there, and over a ledger without `force`; VerifyError for a file that is no backup.
    """
    if not file.is_file():
        raise LedgerError(f"{file}: there is no such file")
    path = paths.ledger(data)
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(only_one(path)):
            aside.finish(path)
            if path.exists() and not force:
                raise LedgerError(f"{path}: there is a ledger; --force sets it aside")
            return _lay_down(file, data, clock)
    except sqlite3.Error as error:
        raise LedgerError(f"{path}: {error}") from error
    except OSError as error:
        raise LedgerError(f"{error.filename}: {error.strerror}") from error


def _lay_down(file: Path, data: Path, clock: Callable[[], int]) -> Restored:
    path = paths.ledger(data)
    aside.remove_unfinished(path)
    files: dict[str, bytes] = {}
    with closing(_reading(file)) as saved, closing(sqlite3.connect(aside.beside(path), isolation_level=None)) as copy:
        saved.backup(copy)
        (edge,) = copy.execute("SELECT edge FROM epochs ORDER BY number DESC LIMIT 1").fetchone()
        if copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'files'").fetchone():
            files = dict(copy.execute("SELECT name, content FROM files").fetchall())
            copy.execute("DROP TABLE files")
    try:
        with closing(schema.connect(str(aside.beside(path)), edge)):
            pass  # a backup of an older version is brought up before it is verified
        fault = verify(aside.beside(path)).fault
        if fault is not None:
            raise LedgerError(f"{file}: not whole, {fault.key}: {fault.text}")
        if wrong := [name for name in files if not FILES.fullmatch(name)]:
            raise LedgerError(f"{file}: holds a file that no backup holds: {wrong[0]!r}")
    except BaseException:
        aside.remove_unfinished(path)
        raise
    stamp = datetime.fromtimestamp(clock() / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
    for name, content in files.items():
        _write(data / name, content, stamp)
    epoch = _begin(data, edge, clock)
    old = aside.name_for(path, clock()) if path.exists() else None
    if old is None:
        aside.finish(path)
    else:
        aside.replace(path, old)
    return Restored(edge, epoch, sorted(files), old)


def _begin(data: Path, edge: str, clock: Callable[[], int]) -> str:
    """Begin a new epoch in the file that is not in its place yet."""
    database = schema.connect(str(aside.beside(paths.ledger(data))), edge)
    try:
        database.load(edge, load_key(paths.journal_key(data)), clock, Limits())
        database.execute("BEGIN IMMEDIATE")
        checkpoints.register(database)
        epochs.begin_anew(database, epochs.RESTORED)
        database.settle()
        database.execute("COMMIT")
        return database.epoch
    finally:
        database.close()


def _write(path: Path, content: bytes, stamp: str) -> None:
    """Put a file in its place; another one that is there stays beside it."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if path.exists() and path.read_bytes() != content:
        path.replace(path.with_name(f"{path.name}.aside-{stamp}"))
    write_durably(path, content)


def _files(data: Path) -> Iterator[str]:
    for path in sorted([*data.glob("*"), *data.glob("link/*")]):
        name = path.relative_to(data).as_posix()
        if FILES.fullmatch(name) and path.is_file():
            yield name


def _reading(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None)
