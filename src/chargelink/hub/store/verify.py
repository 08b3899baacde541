"""Every lane from its first record to its last: bytes, chain, checkpoints. What is wrong is named, first of all first.

A lane begins at its start, or at the anchor behind which records were given up. Where records came over a gap, or with
another value than was held, an anchor stands and an alarm was raised: such a place is noted, and the chain is followed
on from there.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from chargelink.cli.language import Text
from chargelink.hub.store.sources import Source
from chargelink.link.chain import chain_next, chain_start, record_hash
from chargelink.link.messages import Checkpoint
from chargelink.trust.checkpoints import is_signed

MOST_FAULTS = 20  # told of one lane

RECORDS = (
    "SELECT seq, kind, at, body, hash FROM record WHERE edge = ? AND epoch = ? AND lane = ? AND seq > ? ORDER BY seq"
)
CHANGED = Text(
    "{0}: its bytes were changed; they hash to {1}, not {2}",
    "{0}: 内容被改动，其散列为 {1}，应为 {2}",
)
MISSING = Text("{0}: {1} records before it are missing", "{0}: 之前缺少 {1} 条记录")
NOT_SIGNED = Text(
    "{0}: the signature there is not under these records; the first wrong one is {1} or later",
    "{0}: 此处签名与这些记录不符；最早出错的是 {1} 或之后的记录",
)
WRONG_KEY = Text("{0}: the signature there is by none of the edge's keys", "{0}: 此处签名不出自该网关的任何密钥")
NOT_HELD = Text(
    "{0}: the lane should end here with chain {1}, and ends at {2} with {3}",
    "{0}: 记录应到此为止 (链值 {1})，实际止于 {2} (链值 {3})",
)
NOTES = {
    "gap": Text("{0}: records before it never came", "{0}: 之前的记录从未到达"),
    "broken": Text("{0}: came with another chain than was held", "{0}: 到达时链值与平台不一致"),
    "fork": Text("{0}: another history of this lane goes on from here", "{0}: 由此接续的是另一段历史"),
}


@dataclass(slots=True)
class Lane:
    """What was found in a lane: `faults` are wrong now, `notes` were told when they came."""

    edge: str
    epoch: str
    lane: str
    records: int = 0
    signed: int = 0  # checkpoints that are right
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def key(self, seq: int) -> str:
        """A record's key as people read it."""
        return f"{self.edge}/{self.epoch}/{self.lane}/{seq}"

    def fault(self, text: str) -> None:
        """One more that is wrong."""
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(text)


@dataclass(frozen=True, slots=True)
class Anchor:
    """From where a chain goes on."""

    chain: bytes
    why: str


async def lanes(source: Source) -> AsyncIterator[Lane]:
    """Check every lane, one after the other."""
    query = "SELECT edge, epoch, lane, seq, chain FROM lane ORDER BY edge, id"
    found = [row async for row in source.rows(query)]
    for edge, epoch, lane, seq, chain in found:
        yield await check(source, Lane(edge, epoch, lane), seq, bytes.fromhex(chain))


async def check(source: Source, lane: Lane, last: int, held: bytes) -> Lane:
    """Follow a lane that should end at record `last` with the value `held`."""
    where = (lane.edge, lane.epoch, lane.lane)
    anchors = await anchors_of(source, where)
    signatures = await signatures_of(source, where)
    accepted = [
        bytes.fromhex(row[0])
        async for row in source.rows("SELECT key FROM journal_key WHERE edge = ? ORDER BY id DESC", lane.edge)
    ]
    pruned = [seq for seq, anchor in anchors.items() if anchor.why == "pruned"]
    seq = max(pruned, default=0)
    chain = anchors[seq].chain if pruned else chain_start(*where)
    trusted = seq  # up to here a signature stands under everything
    async for number, kind, at, body, digest in source.rows(RECORDS, *where, seq):
        anchor = anchors.get(number - 1)
        if anchor is not None and anchor.why != "pruned" and anchor.chain != chain:
            lane.notes.append(NOTES.get(anchor.why, NOTES["gap"]).format(lane.key(number)))
            chain, trusted = anchor.chain, number - 1
        elif number > seq + 1 and anchor is None:
            lane.fault(MISSING.format(lane.key(number), number - seq - 1))
        if (actual := record_hash(bytes(body)).hex()) != digest:
            lane.fault(CHANGED.format(lane.key(number), actual, digest))
        seq, chain = number, chain_next(chain, number, at, kind, bytes.fromhex(digest))
        lane.records += 1
        for checkpoint, value in signatures.get(seq, ()):
            if not accepted or not any(is_signed(checkpoint, value, key) for key in accepted):
                lane.fault(WRONG_KEY.format(lane.key(seq)))
            elif value != chain:
                lane.fault(NOT_SIGNED.format(lane.key(seq), lane.key(trusted + 1)))
            else:
                lane.signed, trusted = lane.signed + 1, seq
    if (seq, chain) != (last, held):
        lane.fault(NOT_HELD.format(lane.key(last), held.hex()[:16], seq, chain.hex()[:16]))
    return lane


async def anchors_of(source: Source, where: tuple[str, str, str]) -> Mapping[int, Anchor]:
    """The anchors of a lane by the record that they stand behind."""
    query = "SELECT seq, chain, why FROM anchor WHERE edge = ? AND epoch = ? AND lane = ? ORDER BY id"
    return {row[0]: Anchor(bytes.fromhex(row[1]), row[2]) async for row in source.rows(query, *where)}


async def signatures_of(source: Source, where: tuple[str, str, str]) -> Mapping[int, list[tuple[Checkpoint, bytes]]]:
    """The checkpoints of a lane by record, each with the value that was held when it came."""
    query = "SELECT seq, at, signature, chain FROM checkpoint WHERE edge = ? AND epoch = ? AND lane = ?"
    signatures = defaultdict(list)
    async for seq, at, signature, chain in source.rows(query, *where):
        checkpoint = Checkpoint(seq=seq, at=at, signature=bytes.fromhex(signature))
        signatures[seq].append((checkpoint, bytes.fromhex(chain)))
    return signatures
