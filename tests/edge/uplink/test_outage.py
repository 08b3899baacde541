"""Thirty days without a hub, then a slow line: the present is there at once, the past in full, and neither twice."""

import asyncio
from pathlib import Path

import pytest
from tests.edge.drivers.jumping import run
from tests.edge.ledger.month import DAYS, HOURS, guns, store
from tests.edge.uplink.line import Direction, Hub, Socket
from tests.link.curves import car

from chargelink.edge.board import Board
from chargelink.edge.ledger import Pending, blocks
from chargelink.edge.ledger.blocks import Blocks, Waiting
from chargelink.edge.uplink.connection import Connection, Edge
from chargelink.link.chain import record_hash
from chargelink.link.messages import RECORD_LANE, Device, Record

RATE = 256_000  # bit/s
SESSIONS = DAYS * HOURS * 2  # of an hour each
RECORDS = 2 * SESSIONS
SAMPLES = SESSIONS * 3600
BODY = b"r" * 900  # a bill with its readings
NOTHING = Pending("epoch", bytes(32), [], None)
SHOWN_EVERY = 2.0  # seconds between changes of a device's state


class Ledger:
    """A ledger in memory: the clock must not jump while a thread writes."""

    public = bytes(32)

    def __init__(self) -> None:
        self.have = 0

    async def position(self) -> Pending:
        return NOTHING

    async def pending(self, lane: str, most_records: int, most_bytes: int) -> Pending:
        if lane != RECORD_LANE:
            return NOTHING
        count = min(most_records, max(1, most_bytes // len(BODY)), RECORDS - self.have)
        seqs = range(self.have + 1, self.have + count + 1)
        records = [Record(seq=seq, kind="x", at=1, body=BODY, hash=record_hash(BODY)) for seq in seqs]
        return NOTHING._replace(records=records)

    async def acknowledge(self, epoch: str, lane: str, have: int) -> None:
        self.have = have

    async def reconcile(self, lane: str, *held: object) -> Pending:
        return NOTHING


class Measured:
    """A telemetry whose file is read in the loop."""

    on_change = None

    def __init__(self, file: Blocks) -> None:
        self.file = file

    async def position(self) -> blocks.Position:
        return self.file.position

    async def pending(self, most_blocks: int, most_bytes: int) -> Waiting:
        return self.file.pending(most_blocks, most_bytes)

    async def acknowledge(self, epoch: str, have: int) -> None:
        self.file.acknowledge(epoch, have)

    async def reconcile(self, have: int, digest: bytes | None = None) -> bool:
        return self.file.reconcile(have, digest)


async def go_on(board: Board, shown: list[float]) -> None:
    """The site goes on: a sample a second, another state now and then."""
    loop = asyncio.get_running_loop()
    for sample in car(3600):
        board.sample(sample)
        await asyncio.sleep(1.0)
        if loop.time() >= len(shown) * SHOWN_EVERY:
            board.show(Device(id="gun-1", kind="gun", state=f"state {len(shown)}", at=len(shown)))
            shown.append(loop.time())


@pytest.fixture
def month(tmp_path: Path) -> Measured:
    file = Blocks(tmp_path / "telemetry.db", 32 << 20)
    store(file, guns())
    return Measured(file)


async def drained(month: Measured) -> tuple[Hub, list[float]]:
    """The hub after a whole drain, and when the gun changed its state."""
    up, down = Direction(RATE), Direction(RATE)
    hub, board, ledger, shown = Hub(up, down), Board(), Ledger(), [0.0]
    board.show(Device(id="gun-1", kind="gun", state="state 0", at=0))
    async with asyncio.TaskGroup() as tasks:
        edge = Edge("edge-1", "0.1", ledger, month, board, None, lambda: 0, tasks)  # type: ignore[arg-type]
        connection = Connection(Socket(up, down), edge, asyncio.Event(), lambda: None)  # type: ignore[arg-type]
        works = [tasks.create_task(work) for work in (hub.run(), go_on(board, shown), connection.talk())]
        while month.file.position.acknowledged < month.file.position.last:  # noqa: ASYNC110 - time jumps
            await asyncio.sleep(0.5)
        for work in works:
            work.cancel()
    return hub, shown


def test_the_present_comes_first_and_the_past_in_full(month: Measured) -> None:
    hub, shown = run(drained(month))
    actions = [action for _, action, _ in hub.heard]
    assert actions[0] == "BootNotification"
    assert hub.heard[0][0] < 1.0
    assert hub.heard[0][2]["devices"][0]["state"] == "state 0"
    assert times(hub)[0] < 2.0  # the first sample after that
    last_record = max(index for index, action in enumerate(actions) if action == "Records")
    assert actions.index("Telemetry") > last_record

    arrived = {
        device["at"]: at
        for at, action, payload in hub.heard
        if action == "StatusNotification"
        for device in payload["devices"]
    }
    delays = sorted(arrived[number] - at for number, at in enumerate(shown) if number in arrived)
    assert len(delays) > 30
    assert delays[int(len(delays) * 0.99)] < 1.0
    gaps = [after - before for before, after in zip(times(hub), times(hub)[1:], strict=False)]
    assert max(gaps) < 6.5  # samples every five seconds, all the time

    seqs = [record["seq"] for batch in hub.of("Records") for record in batch["records"]]
    assert seqs == [*range(1, RECORDS + 1)]
    told = [block for batch in hub.of("Telemetry") for block in batch["blocks"]]
    assert [block["seq"] for block in told] == [*range(1, len(told) + 1)]
    assert [block["body"] for block in told] == [block.body for block in guns()]
    assert sum(block["count"] for block in told) == SAMPLES
    assert hub.refused == 0


def times(hub: Hub) -> list[float]:
    return [at for at, action, _ in hub.heard if action == "MeterValues"]
