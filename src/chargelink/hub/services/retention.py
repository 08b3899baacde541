"""For how long what is kept: records by their lane, telemetry, curves. What is older is given up, a little at a time.

Records go only when they have been read, and only behind an anchor that keeps the value of the chain: what stays can
still be checked. What was charged and paid stays in sessions and bills.
"""

import asyncio
from dataclasses import dataclass

import structlog
from tortoise.transactions import in_transaction

from chargelink.hub.clock import now_ms
from chargelink.hub.services import curves
from chargelink.hub.store.chains import Anchor, Checkpoint, Lane
from chargelink.hub.store.models import Record
from chargelink.hub.store.progress import RECORDS, TELEMETRY, reached
from chargelink.hub.store.telemetry import TelemetryBlock, TelemetryGap
from chargelink.hub.store.trouble import is_trouble
from chargelink.link.chain import chain_next, chain_start

DAY = 24 * 3_600_000  # ms
YEAR = 366 * DAY
EVERY = 24 * 3600  # s
AT_ONCE = 200  # rows in one transaction
PAUSE = 0.05  # s between them
PATIENCE = 60.0  # s before the database is tried again after it failed

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Retention:
    """ms from receiving to giving up. Charging records are kept for years where they are the basis of a settlement."""

    records: int = 5 * YEAR
    telemetry: int = 92 * DAY
    curves: int = curves.KEPT


async def forget_forever(keep: Retention) -> None:
    """Once a day, and at the start."""
    while True:
        try:
            await forget(keep, now_ms())
        except Exception as failure:
            if not is_trouble(failure):
                log.exception("retention failed")
            await asyncio.sleep(PATIENCE)
            continue
        await asyncio.sleep(EVERY)


async def forget(keep: Retention, now: int) -> None:
    """Give up what is older."""
    await curves.forget(now - keep.curves)
    await forget_telemetry(now - keep.telemetry)
    for lane in await Lane.all().order_by("id"):
        while await prune(lane, now - keep.records):  # noqa: ASYNC110 - others write meanwhile
            await asyncio.sleep(PAUSE)


async def forget_telemetry(before: int) -> None:
    """Blocks that were received before, once they have been drawn, and gaps as old."""
    while True:
        drawn = await reached(TELEMETRY)
        old = (
            await TelemetryBlock.filter(received__lt=before, id__lte=drawn)
            .order_by("received")
            .limit(AT_ONCE)
            .only("id")
        )
        if not old:
            break
        await TelemetryBlock.filter(id__in=[row.id for row in old]).delete()
        await asyncio.sleep(PAUSE)
    await TelemetryGap.filter(end__lt=before).delete()


async def prune(lane: Lane, before: int) -> int:
    """Give up the oldest records of a lane in one transaction; tell how many. The last one of a lane stays."""
    key = {"edge": lane.edge, "epoch": lane.epoch, "lane": lane.lane}
    first = await Record.filter(**key).order_by("seq").first().only("received", "seq")
    if first is None or first.received >= before or first.seq == lane.seq:
        return 0
    async with in_transaction():
        read = await reached(RECORDS)
        anchor = await Anchor.filter(**key, why="pruned").order_by("-seq").first()
        seq = anchor.seq if anchor else 0
        chain = bytes.fromhex(anchor.chain) if anchor else chain_start(lane.edge, lane.epoch, lane.lane)
        rows = await Record.filter(**key, seq__gt=seq, seq__lt=lane.seq).order_by("seq").limit(AT_ONCE)
        old = []
        for row in rows:
            if row.received >= before or row.id > read:
                break
            old.append(row)
        if not old:
            return 0
        jumps = {
            jump.seq: bytes.fromhex(jump.chain)
            for jump in await Anchor.filter(**key, seq__gte=seq, seq__lte=old[-1].seq).exclude(why="pruned")
        }
        for row in old:
            chain = chain_next(jumps.get(row.seq - 1, chain), row.seq, row.at, row.kind, bytes.fromhex(row.hash))
        await Anchor(**key, seq=old[-1].seq, chain=chain.hex(), why="pruned", at=now_ms()).save()
        await Record.filter(id__in=[row.id for row in old]).delete()
        await Checkpoint.filter(**key, seq__lt=old[-1].seq).delete()
        await Anchor.filter(**key, seq__lt=old[-1].seq).delete()
        return len(old)
