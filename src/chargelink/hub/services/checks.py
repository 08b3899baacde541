"""Stored checkpoints, each looked into once: is the value that the hub reckoned signed by the edge's own key?

A wrong one blocks nothing and mends nothing: the records stay as they came, and a person hears of it with both values.
"""

from tortoise.transactions import in_transaction

from chargelink.hub.bus import Change
from chargelink.hub.clock import now_ms
from chargelink.hub.services import views
from chargelink.hub.services.reading import Reader
from chargelink.hub.store import keys
from chargelink.hub.store.alarms import write_alarm
from chargelink.hub.store.chains import Checkpoint
from chargelink.hub.store.progress import CHECKPOINTS, reach, reached
from chargelink.link import messages
from chargelink.trust.checkpoints import is_signed


class Checks(Reader):
    """The one who checks signatures."""

    async def read_waiting(self) -> int:
        waiting = await Checkpoint.filter(id__gt=await reached(CHECKPOINTS)).order_by("id").limit(self.at_once)
        if not waiting:
            return 0
        late = self.deadline()
        known: dict[str, list[bytes]] = {}
        wrong: list[tuple[Checkpoint, str]] = []
        count = 0
        for row in waiting:
            if row.edge not in known:
                known[row.edge] = await keys.accepted(row.edge)
            if why := fault(row, known[row.edge]):
                wrong.append((row, why))
            count += 1
            if late():
                break
        changes: list[Change] = []
        async with in_transaction():
            for row, why in wrong:
                changes += await tell(row, why, known[row.edge])
            await reach(CHECKPOINTS, waiting[count - 1].id)
        for change in changes:
            self.bus.publish(change)
        return count


def fault(row: Checkpoint, accepted: list[bytes]) -> str:
    """What is wrong with a checkpoint, "" if nothing is. The newest key is tried first."""
    if not accepted:
        return "this edge never told its key"
    signature = messages.Checkpoint(seq=row.seq, at=row.at, signature=bytes.fromhex(row.signature))
    chain = bytes.fromhex(row.chain)
    if any(is_signed(signature, chain, key) for key in reversed(accepted)):
        return ""
    return "another key, or another value of the chain"


async def tell(row: Checkpoint, why: str, accepted: list[bytes]) -> list[Change]:
    key = f"{row.edge}/{row.epoch}/{row.lane}/{row.seq}"
    detail: dict[str, object] = {
        "key": key,
        "why": why,
        "chain": row.chain,
        "signature": row.signature,
        "at": row.at,
        "keys": [known.hex() for known in accepted],
    }
    return views.alarms(await write_alarm(row.edge, "checkpoint-wrong", f"{key} {row.chain[:16]}", now_ms(), detail))
