"""A ledger with a past: two epochs, both lanes, signed batches, one of them pruned, and some records not signed yet."""

from pathlib import Path

from tests.edge.ledger.opened import open_journal

from chargelink.edge.ledger import Journal
from chargelink.link.messages import METERING_LANE, RECORD_LANE
from chargelink.model import Alarm


def alarm(number: int) -> Alarm:
    return Alarm(code="test", text=f"number {number}", at=number)


async def send(journal: Journal, lane: str, *, acknowledged: bool = True) -> None:
    """As the uplink does it."""
    batch = await journal.pending(lane, 7, 1 << 20)
    if acknowledged and batch.records:
        await journal.acknowledge(batch.epoch, lane, batch.records[-1].seq)


async def live(path: Path) -> None:
    """Write it; records happen at 1, 2, 3 and so on."""
    journal = open_journal(path)
    for epoch in range(2):
        for number in range(1, 31):
            await journal.append(alarm(number), number)
            if number % 3 == 0:
                await journal.append(alarm(number), number, METERING_LANE)
            if number % 5 == 0:
                await send(journal, RECORD_LANE, acknowledged=number < 25)
                await send(journal, METERING_LANE)
        if epoch == 0:
            await journal.reconcile(RECORD_LANE, 99)
    assert await journal.prune(12) > 0
    await journal.append(alarm(31), 31)
    await journal.close()
