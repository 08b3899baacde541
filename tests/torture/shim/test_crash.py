"""The storage of the crash states keeps the promises of POSIX, and none beyond; the shim writes down what was done."""

import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.torture.shim.crash import SECTOR, Disk
from tests.torture.shim.storage import Entry, Faults, Storage, What

BLOCK = b"a" * SECTOR
OTHER = b"b" * SECTOR


def did(what: What, path: str, offset: int = 0, data: bytes = b"") -> Entry:
    return Entry(what, path, offset, data)


def sync(path: str) -> Entry:
    return did(What.SYNC, path)


MADE = [did(What.CREATE, "f"), sync("")]
HELD = [*MADE, did(What.WRITE, "f", 0, BLOCK), sync("f")]
Left = set[tuple[tuple[str, bytes], ...]]


def left(entries: Sequence[Entry]) -> Left:
    """Everything that a loss of power after these entries can leave, as far as 300 draws find it."""
    states: Left = set()
    for seed in range(300):
        chance = random.Random(seed)
        disk = Disk(chance)
        for entry in entries:
            disk.do(entry)
        states.add(tuple(sorted((name, bytes(data)) for name, data in disk.left(chance).items())))
    return states


def contents(*datas: bytes) -> Left:
    return {(("f", data),) for data in datas}


CASES = {
    "a name before its folder is synced": ([did(What.CREATE, "f")], {(), (("f", b""),)}),
    "a file synced, its name not": (
        [did(What.CREATE, "f"), did(What.WRITE, "f", 0, BLOCK), sync("f")],
        {(), (("f", BLOCK),)},
    ),
    "both synced": (HELD, contents(BLOCK)),
    "a write before the sync": ([*MADE, did(What.WRITE, "f", 0, BLOCK)], contents(b"", BLOCK)),
    "a write over what was synced": ([*HELD, did(What.WRITE, "f", 0, OTHER)], contents(BLOCK, OTHER)),
    "a torn write": (
        [*MADE, did(What.WRITE, "f", 0, BLOCK + OTHER)],
        contents(b"", BLOCK, bytes(SECTOR) + OTHER, BLOCK + OTHER),
    ),
    "writes in another order": (
        [*HELD, did(What.WRITE, "f", SECTOR, BLOCK), did(What.WRITE, "f", 2 * SECTOR, OTHER)],
        contents(BLOCK, BLOCK * 2, BLOCK + bytes(SECTOR) + OTHER, BLOCK * 2 + OTHER),
    ),
    "a truncation": ([*HELD, did(What.TRUNCATE, "f", 0)], contents(BLOCK, b"")),
    "a removal": ([*HELD, did(What.UNLINK, "f")], {(), (("f", BLOCK),)}),
    "a removal, synced": ([*HELD, did(What.UNLINK, "f"), sync("")], {()}),
    "a new name": ([*HELD, did(What.RENAME, "f", 0, b"g")], {(("f", BLOCK),), (("g", BLOCK),)}),
    "a failed sync, and one that did not": (
        [*HELD, did(What.WRITE, "f", 0, OTHER), did(What.SYNC_FAILED, "f"), sync("f")],
        contents(BLOCK, OTHER),
    ),
}


@pytest.mark.parametrize(("entries", "states"), CASES.values(), ids=CASES)
def test_what_a_loss_of_power_leaves(entries: list[Entry], states: Left) -> None:
    assert left(entries) == states


WORK = """
import os, sys
os.chdir(sys.argv[1])
file = os.open("kept", os.O_RDWR | os.O_CREAT)
os.write(file, b"one")
os.pwrite(file, b"two", 1)
os.fsync(file)
os.write(1, b"told\\n")
os.ftruncate(file, 2)
os.rename("kept", "renamed")
os.fdatasync(file)
"""


def test_the_shim_writes_down_what_was_done(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    environment = storage.environment(Faults(tmp_path / "faults"))
    subprocess.run([sys.executable, "-c", WORK, str(storage.root)], env=environment, check=True)
    assert [*storage.entries()] == [
        did(What.CREATE, "kept"),
        did(What.WRITE, "kept", 0, b"one"),
        did(What.WRITE, "kept", 1, b"two"),
        sync("kept"),
        did(What.MARK, "", 0, b"told\n"),
        did(What.TRUNCATE, "kept", 2),
        did(What.RENAME, "kept", 0, b"renamed"),
        sync("renamed"),
    ]


TRY = """
import os, sys
os.chdir(sys.argv[1])
file = os.open("kept", os.O_RDWR | os.O_CREAT)
os.write(file, b"one")
print("ready", flush=True)
for what in sys.stdin.readline().split():
    try:
        {"over": lambda: os.pwrite(file, b"x", 0), "more": lambda: os.write(file, b"x" * 100),
         "sync": lambda: os.fsync(file), "new": lambda: open("new", "w"), "unlink": lambda: os.unlink("kept")}[what]()
    except OSError as error:
        print(what, error.strerror)
"""
CHANGES = ("over", "more", "sync", "new", "unlink")
FAULTS: dict[str, tuple[Callable[[Faults], None], str, list[str]]] = {
    "full": (lambda faults: faults.leave_space(8), "over more sync unlink", ["more No space left on device"]),
    "failing": (lambda faults: faults.fail_syncs(1), "sync sync more", ["sync Input/output error"]),
    "read-only": (
        lambda faults: faults.remount(read_only=True),
        " ".join(CHANGES),
        [f"{what} Read-only file system" for what in CHANGES],
    ),
}


@pytest.mark.parametrize(("fault", "then", "failed"), FAULTS.values(), ids=FAULTS)
def test_the_shim_fails_on_demand(
    tmp_path: Path, fault: Callable[[Faults], None], then: str, failed: list[str]
) -> None:
    storage, faults = Storage(tmp_path), Faults(tmp_path / "faults")
    line, pipe = [sys.executable, "-c", TRY, str(storage.root)], subprocess.PIPE
    with subprocess.Popen(line, env=storage.environment(faults), stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        fault(faults)
        said, _ = process.communicate(then)
    assert said.splitlines() == failed
