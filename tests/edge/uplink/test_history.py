"""What was measured reaches the hub over a real websocket: after the records, once, and whoever went away meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from tests.edge.ledger.opened import open_journal
from tests.edge.uplink.hub import FakeHub
from tests.edge.uplink.test_uplink import NOW, do, gun
from tests.link.curves import CAR_SESSION, car

from chargelink.edge.board import Board
from chargelink.edge.ledger.telemetry import SAMPLES_IN_BLOCK, Telemetry
from chargelink.edge.uplink import Uplink
from chargelink.edge.uplink.backoff import Backoff
from chargelink.link.messages import Sample
from chargelink.link.telemetry import unpack
from chargelink.model import Alarm

CHARGE = [*car(3 * SAMPLES_IN_BLOCK)]


class Edge:
    """A ledger, a telemetry and a board; its uplink comes and goes."""

    def __init__(self, folder: Path) -> None:
        self.board = Board()
        self.ledger = open_journal(folder / "ledger.db")
        self.telemetry = Telemetry(folder / "telemetry.db", 8 << 20, lambda: NOW, self.ledger)
        self.board.listen(self.telemetry.take)

    async def charge(self, samples: list[Sample]) -> None:
        """A car charges."""
        for sample in samples:
            self.board.sample(sample)
        await self.telemetry.store()

    @asynccontextmanager
    async def linked(self, hub: FakeHub) -> AsyncIterator[Uplink]:
        backoff = Backoff(lambda: 0.5, first=0.01, longest=0.05)
        address = f"ws://127.0.0.1:{hub.port}"
        uplink = Uplink(
            address, "edge-1", "0.1", self.ledger, self.board, do, lambda: NOW, backoff, measured=self.telemetry
        )
        task = asyncio.create_task(uplink.run())
        try:
            yield uplink
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[Edge]:
    edge = Edge(tmp_path)
    task = asyncio.create_task(edge.telemetry.run())
    yield edge
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await edge.ledger.close()


def samples(hub: FakeHub) -> list[Sample]:
    return [
        sample
        for _, block in sorted(hub.blocks.items())
        for sample in unpack(block["body"], block["device"], block["sessionId"], block["outlet"])
    ]


async def test_every_sample_arrives_once_and_after_the_records(edge: Edge) -> None:
    hub = FakeHub()
    await edge.charge(CHARGE)
    await edge.ledger.append(Alarm(code="n", text="n", at=1), 1)
    async with hub.serving(), edge.linked(hub):
        await hub.until(lambda: len(hub.blocks) == 3)
        assert samples(hub) == CHARGE
        assert hub.order.index("Records") < hub.order.index("Telemetry")
        edge.telemetry.ended(CAR_SESSION)
        await edge.charge([*car(5, seed=2)])
        edge.telemetry.ended(CAR_SESSION)
        await edge.telemetry.store()
        await hub.until(lambda: len(hub.blocks) == 4)
    async with hub.serving(), edge.linked(hub):
        await hub.until(lambda: len(hub.boots) == 2)
        edge.board.show(gun("idle"))
        await hub.until(lambda: "gun-1" in hub.devices)
    assert hub.conflicts == 0
    assert len(samples(hub)) == len(CHARGE) + 5
    assert hub.order.count("Telemetry") == 2  # the three of before went together


@pytest.mark.parametrize("code", ["NotSupported", "NotImplemented"])
async def test_a_hub_that_cannot_take_it_is_asked_again_on_the_next_connection(edge: Edge, code: str) -> None:
    hub = FakeHub()
    refused = asyncio.Event()

    def refuse(frame: list[Any]) -> Any:
        if frame[2] == "Telemetry" and not refused.is_set():
            refused.set()
            return [4, frame[1], code, "", {}]
        return None

    hub.reply = refuse
    await edge.charge(CHARGE)
    async with hub.serving(), edge.linked(hub):
        async with asyncio.timeout(20):
            await refused.wait()
        await edge.ledger.append(Alarm(code="n", text="n", at=1), 1)
        await hub.until(lambda: len(hub.store) > 0)
        assert hub.blocks == {}
        await hub.close()
        await hub.until(lambda: samples(hub) == CHARGE)


async def test_a_lost_acknowledgement_costs_a_repetition_and_nothing_else(edge: Edge) -> None:
    hub = FakeHub()

    def swallow(frame: list[Any]) -> bytes | None:
        if frame[2] != "Telemetry" or len(hub.boots) > 1:
            return None
        hub._answer(frame[2], frame[3])
        asyncio.get_running_loop().create_task(hub.close())
        return b"\xc1"

    hub.reply = swallow
    await edge.charge(CHARGE)
    async with hub.serving(), edge.linked(hub):
        await hub.until(lambda: len(hub.boots) == 2)
        await edge.charge([*car(SAMPLES_IN_BLOCK, seed=3)])
        await hub.until(lambda: len(hub.blocks) == 4)
    assert hub.conflicts == 0
    assert samples(hub)[: len(CHARGE)] == CHARGE


async def test_an_edge_whose_telemetry_is_older_than_the_hubs_begins_a_new_epoch(edge: Edge) -> None:
    hub = FakeHub()
    await edge.charge(CHARGE)
    position = await edge.telemetry.position()
    assert position is not None
    hub.measured[position.epoch] = 99
    async with hub.serving(), edge.linked(hub):
        await hub.until(lambda: len(hub.blocks) == 3)
    assert [boot["telemetryEpoch"] == position.epoch for boot in hub.boots] == [True, False]
    assert samples(hub) == CHARGE


async def test_a_hub_that_is_at_odds_with_every_epoch_is_left_and_met_again_later(edge: Edge) -> None:
    hub = FakeHub()

    def reply(frame: list[Any]) -> Any:
        if frame[2] != "BootNotification":
            return None
        hub.boots.append(frame[3])
        return [3, frame[1], {"currentTime": hub.time, "interval": 30, "have": {"telemetry": 99}}]

    hub.reply = reply
    async with hub.serving(), edge.linked(hub) as uplink:
        await hub.until(lambda: len(hub.boots) == 9)
        assert uplink.trouble == "the hub is at odds with every new epoch"
    assert len(hub.paths) == 3  # three on each connection


async def test_a_new_epoch_in_the_middle_is_told_first(edge: Edge) -> None:
    hub = FakeHub()
    async with hub.serving(), edge.linked(hub):
        await hub.until(lambda: len(hub.boots) == 1)
        assert await edge.telemetry.reconcile(99)  # as if the file had been set aside
        await edge.charge(CHARGE)
        await hub.until(lambda: len(hub.blocks) == 3)
    assert len({boot["telemetryEpoch"] for boot in hub.boots}) == 2
    assert {epoch for epoch, _ in hub.blocks} == {hub.boots[-1]["telemetryEpoch"]}


async def test_gaps_are_told(edge: Edge) -> None:
    hub = FakeHub()
    bad = Sample(device="gun-1", session_id=CAR_SESSION, at=1, voltage=1, current=1, power=1, energy=-1)
    await edge.charge([*CHARGE[:5], bad])
    edge.telemetry.ended(CAR_SESSION)
    await edge.telemetry.store()
    async with hub.serving(), edge.linked(hub):
        await hub.until(lambda: bool(hub.gaps))
        assert [(gap["samples"], gap["reason"]) for gap in hub.gaps] == [(1, "illegal")]
        assert samples(hub) == CHARGE[:5]


async def test_a_telemetry_that_cannot_be_read_is_not_spoken_of(tmp_path: Path) -> None:
    hub = FakeHub()
    (tmp_path / "telemetry.db").mkdir()
    edge = Edge(tmp_path)
    async with hub.serving(), edge.linked(hub):
        await edge.ledger.append(Alarm(code="n", text="n", at=1), 1)
        await hub.until(lambda: len(hub.store) > 0)
        assert hub.boots[0]["telemetryEpoch"] is None
    await edge.ledger.close()
