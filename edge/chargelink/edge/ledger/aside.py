"""Putting a new ledger in the place of one that stays for whoever wants to look at it: nothing is ever deleted.

The new file is made beside it and whole before the old one is moved; a power cut in between leaves the one or the
other.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path

from chargelink.cli.files import sync_folder

SIDES = ("-wal", "-shm")  # files of SQLite beside a database: without the first it is another database


def beside(path: Path) -> Path:
    """Where the new one is made."""
    return path.with_name(f"{path.name}.new")


def set_aside(path: Path) -> list[Path]:
    """The ledgers that were set aside and still lie there."""
    found = path.parent.glob(f"{path.name}.aside-*")
    return sorted(one for one in found if not one.name.endswith(SIDES))


def finish(path: Path) -> None:
    """Do what a power cut interrupted. Raises OSError."""
    if not path.exists() and beside(path).exists():
        beside(path).replace(path)
        sync_folder(path.parent)


def remove_unfinished(path: Path) -> None:
    """Make room for a new one. Raises OSError."""
    for one in _with_sides(beside(path)):
        one.unlink(missing_ok=True)


def name_for(path: Path, now: int) -> Path:
    """Under which name a ledger is set aside at this time, UTC ms: one that is free."""
    stamp = datetime.fromtimestamp(max(0, now) / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
    first = path.with_name(f"{path.name}.aside-{stamp}")
    others = (first.with_name(f"{first.name}-{number}") for number in count(2))
    return next(one for one in chain([first], others) if not one.exists())


def replace(path: Path, old: Path) -> None:
    """Set the ledger aside as `old`, and put the new one in its place. Raises OSError."""
    for one, other in reversed([*zip(_with_sides(path), _with_sides(old), strict=True)]):
        if one.exists():
            one.replace(other)  # the database itself last: a new one must not meet the -wal of the old one
    sync_folder(path.parent)
    finish(path)


def _with_sides(path: Path) -> Iterator[Path]:
    yield path
    for side in SIDES:
        yield path.with_name(path.name + side)
