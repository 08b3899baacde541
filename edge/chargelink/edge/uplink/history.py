"""What was, in the order in which the hub should have it: records, what only the supervisor reads, then telemetry."""

import asyncio
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import structlog

from chargelink.edge.ledger import Journal, blocks
from chargelink.edge.uplink.conversation import RECORD_LANES, Conversation, Held, Stored
from chargelink.link.messages import MOST_BLOCKS, MOST_RECORDS, TELEMETRY_LANE, Records, Telemetry

log = structlog.get_logger("uplink")


class Measured(Protocol):
    """What was measured, as `ledger.telemetry.Telemetry` keeps it; None while it cannot be read."""

    on_change: Callable[[], None] | None

    async def position(self) -> blocks.Position | None: ...
    async def pending(self, most_blocks: int, most_bytes: int) -> blocks.Waiting | None: ...
    async def acknowledge(self, epoch: str, have: int) -> None: ...
    async def reconcile(self, have: int, digest: bytes | None = None) -> bool: ...


class Epochs(NamedTuple):
    """The lives of both, as the hub is told of them."""

    records: str
    telemetry: str | None


class EpochError(Exception):
    """A new epoch has begun since the hub was told: it must be told again first."""


class History:
    """What one connection tells of it. Raises LedgerError where the ledger does."""

    def __init__(self, ledger: Journal, measured: Measured | None) -> None:
        self._ledger = ledger
        self._measured = measured
        self._told: str | None = None  # the epoch of the telemetry, as the hub knows it

    async def epochs(self) -> Epochs:
        """What the hub is to be told first."""
        at = None if self._measured is None else await self._measured.position()
        self._told = None if at is None else at.epoch
        return Epochs((await self._ledger.position()).epoch, self._told)

    async def reconcile(self, lanes: Mapping[str, Held]) -> bool:
        """Agree with the hub on what it holds; False if a new epoch began, and it must be told first."""
        before = (await self._ledger.position()).epoch
        for lane in RECORD_LANES:
            after = (await self._ledger.reconcile(lane, *lanes[lane])).epoch
            if before != after:
                log.warning("ledger and hub are at odds; a new epoch begins", old_epoch=before, new_epoch=after)
                return False
        if self._measured is not None and self._told is not None:
            held = lanes[TELEMETRY_LANE]
            if await self._measured.reconcile(held.have, held.digest):
                log.warning("telemetry and hub are at odds; a new epoch begins", old_epoch=self._told)
                return False
        return True

    async def send(self, conversation: Conversation) -> None:
        """Send the next batch, if one may be sent. Raises EpochError."""
        now = asyncio.get_running_loop().time()
        if conversation.may_send(Records, now):
            for lane in RECORD_LANES:
                batch = await self._ledger.pending(lane, MOST_RECORDS, conversation.batch_bytes)
                if batch.records:
                    message = Records(
                        epoch=batch.epoch,
                        first=batch.records[0].seq,
                        records=tuple(batch.records),
                        lane=lane,
                        previous=batch.previous,
                        checkpoint=batch.checkpoint,
                    )
                    conversation.send_records(message, asyncio.get_running_loop().time())
                    return
        if self._measured is not None and self._told is not None and conversation.may_send(Telemetry, now):
            waiting = await self._measured.pending(MOST_BLOCKS, conversation.batch_bytes)
            if waiting is None:
                return
            if waiting.epoch != self._told:
                raise EpochError
            if waiting.blocks or waiting.gaps:
                telemetry = Telemetry(epoch=waiting.epoch, blocks=waiting.blocks, gaps=waiting.gaps)
                conversation.send_telemetry(telemetry, asyncio.get_running_loop().time())

    async def stored(self, stored: Stored) -> None:
        """The hub has committed it."""
        if stored.lane != TELEMETRY_LANE:
            await self._ledger.acknowledge(stored.epoch, stored.lane, stored.have)
        elif self._measured is not None:
            await self._measured.acknowledge(stored.epoch, stored.have)
