"""An edge that does nothing but work, with the real ledger, sessions and uplink, in a process of its own."""

import asyncio
import random
import signal
from pathlib import Path

from tests.torture.load import EDGE, Load, open_ledger, say

from chargelink.cli.logs import configure
from chargelink.edge.board import Board
from chargelink.edge.uplink import Command, Uplink, conversation
from chargelink.edge.uplink.backoff import Backoff
from chargelink.link.messages import Device, RequestStopTransactionResponse
from chargelink.link.shape import Shape


async def obey(_: Command, __: float) -> Shape:
    """Nobody commands this edge."""
    return RequestStopTransactionResponse(status="Rejected", reason="no")


async def live(ledger: Path, link: str, seed: int) -> None:
    """Work until SIGTERM, then until the hub has everything."""
    chance = random.Random(seed)
    conversation.HISTORY_PAUSE = 0.2  # s: half a minute is too long to watch a hub that refused a batch
    journal = open_ledger(ledger)
    load = Load(journal, chance)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, load.stop.set)
    board = Board()
    board.show(Device(id="gun-1", kind="gun", state="available", at=0))
    uplink = Uplink(link, EDGE, "torture", journal, board, obey, load.clock, Backoff(chance.random, 0.02, 0.2))
    say("epoch", (await journal.position()).epoch)
    await load.settle()
    async with asyncio.TaskGroup() as group:
        telling = group.create_task(uplink.run(), name="uplink")
        await load.work()
        while (lane := await journal.position()).acknowledged < lane.last:  # noqa: ASYNC110 - asking is the condition
            await asyncio.sleep(0.01)
        uplink.end()
        telling.cancel()
    say("drained", lane.epoch, lane.last)
    await journal.close()


def main(ledger: Path, link: str, seed: int) -> None:
    """The process; its log goes to standard error."""
    configure(json=False)
    asyncio.run(live(ledger, link, seed))
