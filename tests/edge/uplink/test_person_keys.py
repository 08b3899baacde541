"""Keys of persons on their way to the hub, before the records that need them; and a person whom the hub has erased."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from tests.edge.ledger.opened import open_journal
from tests.edge.uplink.hub import FakeHub

from chargelink.edge.board import Board
from chargelink.edge.ledger import Journal, People
from chargelink.edge.uplink import Command, Uplink
from chargelink.edge.uplink.backoff import Backoff
from chargelink.link.shape import Shape
from chargelink.model import Alarm

VIN = "LSIMULATED0000001"


async def nothing(_: Command, __: float) -> Shape:
    raise NotImplementedError


class Hub(FakeHub):
    """Keeps keys too."""

    def __init__(self, subprotocol: str = "chargelink.1.msgpack") -> None:
        super().__init__(subprotocol)
        self.keys: dict[str, bytes] = {}

    def _answer(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        for key in payload.get("keys", ()):
            self.keys[key["person"]] = key["key"]
        return super()._answer(action, payload)


class Site:
    def __init__(self, people: People, ledger: Journal) -> None:
        self.people, self.ledger = people, ledger

    async def record(self, at: int = 1) -> None:
        await self.ledger.append(Alarm(code="n", text="n", at=at), at)


@asynccontextmanager
async def running(folder: Path, hub: Hub) -> AsyncIterator[Site]:
    journal = open_journal(folder / "ledger.db")
    people = await People.open(folder / "people.db", journal)
    backoff = Backoff(lambda: 0.5, first=0.01, longest=0.05)
    address = f"ws://127.0.0.1:{hub.port}"
    uplink = Uplink(address, "edge-1", "0.1", journal, Board(), nothing, lambda: 1_000, backoff, people=people)
    task = asyncio.create_task(uplink.run())
    try:
        yield Site(people, journal)
    finally:
        uplink.end()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await people.close()
        await journal.close()


async def test_keys_come_before_the_records_and_once(tmp_path: Path) -> None:
    hub = Hub()
    async with hub.serving():
        async with running(tmp_path, hub) as site:
            sealed = await site.people.seal(VIN, "vehicle")
            await site.record()
            await hub.until(lambda: "Records" in hub.order)
            assert list(hub.keys) == [sealed.person]
            await site.people.seal(VIN, "vehicle")
            await site.record(2)
            await hub.until(lambda: hub.order.count("Records") == 2)
        async with running(tmp_path, hub) as site:  # nor after a restart
            await site.record(3)
            await hub.until(lambda: hub.order.count("Records") == 3)
    came = [action for action in hub.order if action in ("PersonKeys", "Records")]
    assert came == ["PersonKeys", "Records", "Records", "Records"]


async def test_keys_that_were_not_acknowledged_come_again(tmp_path: Path) -> None:
    hub = Hub()
    deaf = [True]

    def reply(frame: list[Any]) -> list[Any] | None:
        if frame[2] == "PersonKeys" and deaf:
            deaf.clear()
            asyncio.get_running_loop().create_task(hub.close())
            return [3, "of another call", {}]
        return None

    hub.reply = reply
    async with hub.serving(), running(tmp_path, hub) as site:
        sealed = await site.people.seal(VIN, "vehicle")
        await hub.until(lambda: sealed.person in hub.keys)
    assert len(hub.boots) == 2


async def test_a_hub_that_refuses_keys_gets_the_records(tmp_path: Path) -> None:
    hub = Hub()
    hub.reply = lambda frame: [4, frame[1], "NotSupported", "", {}] if frame[2] == "PersonKeys" else None
    async with hub.serving(), running(tmp_path, hub) as site:
        await site.people.seal(VIN, "vehicle")
        await site.record()
        await hub.until(lambda: "Records" in hub.order)
    assert hub.keys == {}


async def test_a_hub_that_lost_keys_asks_for_them(tmp_path: Path) -> None:
    hub = Hub()
    async with hub.serving(), running(tmp_path, hub) as site:
        sealed = await site.people.seal(VIN, "vehicle")
        await hub.until(lambda: sealed.person in hub.keys)
        hub.keys.clear()
        answer = await hub.call("1", "TriggerMessage", {"requestedMessage": "PersonKeys"})
        assert answer == [3, "1", {"status": "Accepted"}]
        await hub.until(lambda: sealed.person in hub.keys)


async def test_a_hub_that_was_restored_gets_them_with_its_records(tmp_path: Path) -> None:
    hub = Hub()
    async with hub.serving(), running(tmp_path, hub) as site:
        sealed = await site.people.seal(VIN, "vehicle")
        await site.record()
        await hub.until(lambda: "Records" in hub.order)
        await hub.until(lambda: bool(hub.keys))
        hub.keys.clear()
        hub.store.clear()
        hub.order.clear()
        await hub.close()
        await hub.until(lambda: "Records" in hub.order)
        await hub.until(lambda: sealed.person in hub.keys)


@pytest.mark.parametrize("times", [1, 2])
async def test_the_hub_has_a_person_erased(tmp_path: Path, times: int) -> None:
    hub = Hub()
    async with hub.serving(), running(tmp_path, hub) as site:
        sealed = await site.people.seal(VIN, "vehicle")
        await hub.until(lambda: sealed.person in hub.keys)
        for number in range(times):
            answer = await hub.call(str(number), "ErasePerson", {"person": sealed.person})
            assert answer[2]["status"] == "Accepted"
        assert (await site.people.seal(VIN, "vehicle")).person != sealed.person
        await hub.until(lambda: hub.have(hub.boots[0]["epoch"]) == 1)
    (record,) = hub.store.values()
    assert record["kind"] == "person.erased"
