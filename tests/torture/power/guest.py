"""What runs in the virtual machine, as its first and only process: the real ledger under load on ext4, until the cut.

It says on the serial console what is durable, as `load` does. What was said before earlier cuts is on a second disk:
first of all it looks whether that is still there, and says so.
"""

import asyncio
import random
import sqlite3
import traceback
from contextlib import closing
from pathlib import Path

from tests.guest.inside import mount, power_off, prepare, say, words
from tests.torture import audit
from tests.torture.audit import Said
from tests.torture.load import Load, open_ledger
from tests.torture.weaker import weaken

from chargelink.edge.ledger import Journal
from chargelink.link.messages import RECORD_LANE

LEDGER = Path("/data/ledger.db")
SAID = Path("/dev/vdb")
ACKNOWLEDGE_EVERY = 0.1  # s


def main() -> None:
    """Prepare the machine, look, and work if told to; then the power goes off."""
    try:
        prepare()
        mount("/dev/vda", "ext4", "/data")
        told = words()
        weaken(told["torture.synchronous"])
        look()
        if told["torture.work"] == "yes":
            asyncio.run(work(int(told["torture.seed"])))
    except BaseException:
        say("verdict", "failed", traceback.format_exc().replace("\n", " | "))
    power_off()


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
