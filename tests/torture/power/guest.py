"""What runs in the virtual machine, as its first and only process: the real ledger under load on ext4, until the cut.

It says on the serial console what is durable, as `load` does. What was said before earlier cuts is on a second disk:
first of all it looks whether that is still there, and says so.
"""

import asyncio
import ctypes
import errno
import os
import random
import sqlite3
import termios
import traceback
import tty
from contextlib import closing
from pathlib import Path

from tests.torture import audit
from tests.torture.audit import Said
from tests.torture.load import Load, open_ledger, say
from tests.torture.weaker import weaken

from chargelink.edge.ledger import Journal
from chargelink.link.messages import RECORD_LANE

MODULES = Path("/modules")
LEDGER = Path("/data/ledger.db")
SAID = Path("/dev/vdb")
INIT_MODULE = 313  # finit_module of x86_64
POWER_OFF = 0x4321FEDC  # LINUX_REBOOT_CMD_POWER_OFF
ACKNOWLEDGE_EVERY = 0.1  # s

libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Prepare the machine, look, and work if told to; then the power goes off."""
    try:
        prepare()
        words = dict(word.split("=", 1) for word in Path("/proc/cmdline").read_text().split() if "=" in word)
        weaken(words["torture.synchronous"])
        look()
        if words["torture.work"] == "yes":
            asyncio.run(work(int(words["torture.seed"])))
    except BaseException:
        say("verdict", "failed", traceback.format_exc().replace("\n", " | "))
    libc.sync()
    libc.reboot(POWER_OFF)


def prepare() -> None:
    """Drivers and file systems; and a console that adds nothing to lines."""
    for kind, place in (("proc", "/proc"), ("sysfs", "/sys"), ("devtmpfs", "/dev")):
        mount(kind, kind, place)
    for line in (MODULES / "order").read_text().split():
        module = os.open(MODULES / line, os.O_RDONLY)
        check(libc.syscall(INIT_MODULE, module, b"", 0), line)
        os.close(module)
    mount("/dev/vda", "ext4", "/data")
    tty.setraw(1, termios.TCSANOW)


def mount(source: str, kind: str, place: str) -> None:
    """Raises OSError."""
    check(libc.mount(source.encode(), place.encode(), kind.encode(), 0, None), place)


def check(result: int, what: str) -> None:
    """Raises OSError for the result of a call that failed, other than that it was done before."""
    number = ctypes.get_errno()
    if result != 0 and number not in (errno.EEXIST, errno.EBUSY):
        raise OSError(number, os.strerror(number), what)


def look() -> None:
    """Whether all that was ever said to be durable is in the ledger; `verdict LOST RECORDS`, after what was found."""
    said = Said()
    for line in SAID.read_bytes().rstrip(b"\0").decode().splitlines():
        said.hear(line)
    asyncio.run(closed(open_ledger(LEDGER)))
    with closing(sqlite3.connect(LEDGER)) as database:
        (sound,) = database.execute("PRAGMA integrity_check").fetchone()
        (records,) = database.execute("SELECT count(*) FROM records").fetchone()
    found = [] if sound == "ok" else [audit.Finding("other", sound)]
    found += audit.of_ledger(LEDGER, said)
    for what, text in found[:20]:
        say("found", what, text)
    say("verdict", len(found), records)


async def closed(journal: Journal) -> None:
    """It was opened, and is closed again."""
    await journal.close()


async def work(seed: int) -> None:
    """Until the power goes."""
    journal = open_ledger(LEDGER)
    load = Load(journal, random.Random(seed))
    await load.settle()
    say("epoch", (await journal.position()).epoch)
    async with asyncio.TaskGroup() as group:
        group.create_task(load.work())
        while True:  # as if there were a hub that takes everything
            lane = await journal.position()
            await Journal.acknowledge(journal, lane.epoch, RECORD_LANE, lane.last)
            await asyncio.sleep(ACKNOWLEDGE_EVERY)
