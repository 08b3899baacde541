"""The uplink against a small hub over a real websocket: what is told, what is done, and either end going away."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgpack
import pytest
from tests.edge.ledger.opened import open_journal
from tests.edge.uplink.hub import FakeHub

from chargelink.edge.board import Board
from chargelink.edge.ledger import LedgerError
from chargelink.edge.uplink import Command, Uplink, conversation
from chargelink.edge.uplink.backoff import Backoff
from chargelink.link.messages import (
    Device,
    RequestStartTransactionResponse,
    RequestStopTransaction,
    RequestStopTransactionResponse,
    Sample,
)
from chargelink.link.shape import Shape
from chargelink.model import Alarm

ID = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
NOW = 1_000_000
START = {"device": "gun-1", "remoteStartId": 7, "expiry": NOW + 60_000}


async def do(command: Command, until: float) -> Shape:
    if isinstance(command, RequestStopTransaction):
        return RequestStopTransactionResponse(status="Rejected", reason="no such session")
    if command.device == "broken":
        raise RuntimeError("a bug")
    if asyncio.get_running_loop().time() >= until:
        return RequestStartTransactionResponse(status="Rejected", reason="expired")
    return RequestStartTransactionResponse(status="Accepted", transaction_id=ID)


class Edge:
    """A ledger, a board and an uplink that can be started and stopped."""

    def __init__(self, path: Path, handler: Callable[[Command, float], Any] = do) -> None:
        self.path = path
        self.board = Board()
        self.handler = handler
        self.lost = asyncio.Event()  # a connection ended, or there was none

    def random(self) -> float:
        self.lost.set()
        return 0.5

    @asynccontextmanager
    async def running(self, hub: FakeHub) -> AsyncIterator[Uplink]:
        self.ledger = open_journal(self.path)
        uplink = Uplink(
            f"ws://127.0.0.1:{hub.port}",
            "edge-1",
            "0.1",
            self.ledger,
            self.board,
            self.handler,
            lambda: NOW,
            Backoff(self.random, first=0.01, longest=0.05),
        )
        self.task = asyncio.create_task(uplink.run())
        try:
            yield uplink
        finally:
            uplink.end()
            self.task.cancel()
            with suppress(asyncio.CancelledError):
                await self.task
            await self.ledger.close()

    async def record(self, *numbers: int) -> None:
        await asyncio.gather(
            *(self.ledger.append(Alarm(code="n", text=str(number), at=number), number) for number in numbers)
        )


@pytest.fixture
def edge(tmp_path: Path) -> Edge:
    return Edge(tmp_path / "ledger.db")


def numbers(hub: FakeHub) -> list[int]:
    return [body["at"] for boot in hub.boots[-1:] for body in hub.bodies(boot["epoch"])]


def gun(state: str) -> Device:
    return Device(id="gun-1", kind="gun", state=state, at=1)


@pytest.mark.parametrize("subprotocol", ["chargelink.1.msgpack", "chargelink.1.json"])
async def test_it_says_who_it_is_and_what_is(edge: Edge, subprotocol: str) -> None:
    hub = FakeHub(subprotocol)
    edge.board.show(gun("idle"))
    async with hub.serving(), edge.running(hub) as uplink:
        await hub.until(lambda: hub.devices == {"gun-1": "idle"})
        edge.board.show(gun("charging"))
        edge.board.sample(Sample(device="gun-1", session_id=ID, at=2, voltage=1, current=2, power=3, energy=4, soc=500))
        await hub.until(lambda: hub.devices == {"gun-1": "charging"} and bool(hub.samples))
        assert (hub.samples[0]["sessionId"], hub.samples[0]["soc"]) == (ID, 500)
        assert (hub.paths, hub.boots[0]["edgeId"]) == (["/link/edge-1"], "edge-1")
        assert uplink.online


async def test_records_arrive_once_and_in_order(edge: Edge) -> None:
    hub = FakeHub()
    async with hub.serving(), edge.running(hub):
        await edge.record(*range(500))
        await hub.until(lambda: len(numbers(hub)) == 500)
        await edge.record(500)
        await hub.until(lambda: numbers(hub) == list(range(501)))
        assert hub.conflicts == 0


async def test_the_hub_goes_away_and_comes_back(edge: Edge) -> None:
    hub = FakeHub()
    async with hub.serving() as server, edge.running(hub) as uplink:
        await edge.record(1, 2)
        await hub.until(lambda: numbers(hub) == [1, 2])
        server.close()
        await server.wait_closed()
        await edge.record(3, 4)
        edge.board.show(gun("charging"))
        async with hub.serving():
            await hub.until(lambda: numbers(hub) == [1, 2, 3, 4] and "gun-1" in hub.devices)
            assert uplink.online
            assert uplink.trouble is None
    assert len(hub.boots) == 2


async def test_the_edge_restarts(edge: Edge) -> None:
    hub = FakeHub()
    async with hub.serving():
        async with edge.running(hub):
            await edge.record(1)
            await hub.until(lambda: numbers(hub) == [1])
        async with edge.running(hub):
            await edge.record(2)
            await hub.until(lambda: numbers(hub) == [1, 2])
    assert len({boot["epoch"] for boot in hub.boots}) == 1


async def test_a_lost_acknowledgement_costs_a_repetition_and_nothing_else(edge: Edge) -> None:
    hub = FakeHub()

    def swallow(frame: list[Any]) -> bytes | None:
        if frame[2] != "Records" or len(hub.boots) > 1:
            return None
        hub._answer(frame[2], frame[3])
        asyncio.get_running_loop().create_task(hub.close())
        return b"\xc1"

    hub.reply = swallow
    async with hub.serving(), edge.running(hub):
        await edge.record(1, 2, 3)
        await hub.until(lambda: len(hub.boots) == 2)
        await edge.record(4)
        await hub.until(lambda: numbers(hub) == [1, 2, 3, 4])
    assert hub.conflicts == 0


async def test_a_hub_restored_from_a_backup_is_sent_the_rest(edge: Edge) -> None:
    hub = FakeHub()
    async with hub.serving():
        async with edge.running(hub):
            await edge.record(1, 2, 3)
            await hub.until(lambda: numbers(hub) == [1, 2, 3])
        for key in [key for key in hub.store if key[2] > 1]:
            del hub.store[key]
        async with edge.running(hub):
            await hub.until(lambda: numbers(hub) == [1, 2, 3])


async def test_an_edge_restored_from_a_backup_begins_a_new_epoch(edge: Edge) -> None:
    hub = FakeHub()
    async with hub.serving():
        async with edge.running(hub):
            await edge.record(1)
            await hub.until(lambda: numbers(hub) == [1])
        backup = edge.path.with_name("backup.db")
        shutil.copy(edge.path, backup)
        async with edge.running(hub):
            await edge.record(2)
            await hub.until(lambda: numbers(hub) == [1, 2])
        edge.path = backup
        async with edge.running(hub):
            await edge.record(20)
            await hub.until(lambda: numbers(hub)[-1:] == [20])  # before it perhaps 1, if not known to be there
    assert len({boot["epoch"] for boot in hub.boots}) == 2
    assert hub.conflicts == 0


async def test_it_does_what_the_hub_asks(edge: Edge) -> None:
    hub = FakeHub()
    async with hub.serving(), edge.running(hub):
        await hub.until(lambda: bool(hub.boots))
        assert (await hub.call("a", "RequestStartTransaction", START))[2] == {
            "status": "Accepted",
            "transactionId": ID,
            "reason": None,
        }
        assert (await hub.call("b", "RequestStopTransaction", {"transactionId": ID}))[2]["status"] == "Rejected"
        assert (await hub.call("c", "RequestStartTransaction", START | {"expiry": NOW}))[2]["reason"] == "expired"
        assert (await hub.call("d", "RequestStartTransaction", START | {"device": "broken"}))[2] == "InternalError"
        assert (await hub.call("e", "Reboot", {}))[2] == "NotImplemented"
        assert (await hub.call("f", "RequestStartTransaction", {"device": 5}))[2] == "TypeConstraintViolation"
        edge.board.show(gun("idle"))
        hub.devices.clear()
        for action, status in (
            ("StatusNotification", "Accepted"),
            ("Heartbeat", "Accepted"),
            ("Other", "NotImplemented"),
        ):
            assert (await hub.call(action, "TriggerMessage", {"requestedMessage": action}))[2] == {"status": status}
        await hub.until(lambda: hub.devices == {"gun-1": "idle"} and hub.heartbeats == 1)


@pytest.mark.parametrize("ahead", [-900_000, 3_600_000])
async def test_a_command_expires_by_the_clock_of_the_hub(tmp_path: Path, ahead: int) -> None:
    hub = FakeHub()
    hub.time = NOW + ahead
    async with hub.serving(), Edge(tmp_path / "ledger.db").running(hub):
        await hub.until(lambda: bool(hub.boots))
        soon, late = hub.time + 60_000, hub.time - 1
        answer = await hub.call("a", "RequestStartTransaction", START | {"expiry": soon})
        assert answer[2]["status"] == "Accepted"
        answer = await hub.call("b", "RequestStartTransaction", START | {"expiry": late})
        assert answer[2]["reason"] == "expired"
        answer = await hub.call("c", "RequestStopTransaction", {"transactionId": ID, "expiry": soon})
        assert answer[2]["reason"] == "no such session"
        answer = await hub.call("d", "RequestStopTransaction", {"transactionId": ID, "expiry": late})
        assert answer[2]["reason"] == "expired"


async def test_a_command_is_finished_even_if_the_connection_is_lost(tmp_path: Path) -> None:
    begun, go_on, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(command: Command, until: float) -> Shape:
        begun.set()
        await go_on.wait()
        done.set()
        return await do(command, until)

    hub = FakeHub()
    async with hub.serving(), Edge(tmp_path / "ledger.db", slow).running(hub):
        await hub.until(lambda: bool(hub.boots))
        assert hub.connection is not None
        await hub.connection.send(msgpack.packb([2, "a", "RequestStartTransaction", START]))
        async with asyncio.timeout(20):
            await begun.wait()
            await hub.connection.close()
            await hub.until(lambda: len(hub.boots) == 2)
            go_on.set()
            await done.wait()
        assert (await hub.call("b", "RequestStopTransaction", {"transactionId": ID}))[2]["status"] == "Rejected"


@pytest.mark.parametrize(
    "nonsense", [b"\xc1", b"", b"\xdd\xff\xff\xff\xff", [4, "1", "SecurityError", "no", {}], [3, "1", {}]]
)
async def test_a_hub_that_talks_nonsense_is_outlived(edge: Edge, nonsense: Any) -> None:
    hub = FakeHub()
    asked = 0

    def reply(frame: list[Any]) -> Any:
        nonlocal asked
        asked += 1
        if asked > 1:
            return None
        if isinstance(nonsense, bytes):
            asyncio.get_running_loop().create_task(hub.close())
        return nonsense

    hub.reply = reply
    async with hub.serving(), edge.running(hub):
        await edge.record(1)
        await hub.until(lambda: numbers(hub) == [1])


LIES: list[dict[str, Any]] = [
    {"have": {"record": 2**53 - 1}},
    {"have": {"record": 1}, "hashes": {"record": bytes(32)}},
    {"have": {"record": 1}, "chains": {"record": bytes(32)}},
]


@pytest.mark.parametrize("lie", LIES)
async def test_a_hub_that_holds_what_it_was_never_sent_does_not_fill_the_disk(
    edge: Edge, monkeypatch: pytest.MonkeyPatch, lie: dict[str, Any]
) -> None:
    """One new epoch, as for an edge that was restored, and not one after the other; then it comes to its senses."""
    monkeypatch.setattr(conversation, "HISTORY_PAUSE", 0.02)
    hub = FakeHub()
    epochs: list[str] = []

    def reply(frame: list[Any]) -> Any:
        if frame[2] != "BootNotification":
            return None
        epochs.append(frame[3]["epoch"])
        return None if len(epochs) > 10 else [3, frame[1], {"currentTime": hub.time, "interval": 30, **lie}]

    hub.reply = reply
    async with hub.serving(), edge.running(hub):
        await edge.record(1, 2, 3)
        await hub.until(lambda: numbers(hub)[-3:] == [1, 2, 3])
    assert len(set(epochs)) == 2


async def test_a_hub_of_another_language_is_left_alone(edge: Edge) -> None:
    hub = FakeHub("soap")
    async with hub.serving(), edge.running(hub) as uplink:
        async with asyncio.timeout(20):
            await edge.lost.wait()
        assert not uplink.online
        assert uplink.trouble
    assert hub.boots == []


async def test_nobody_is_there(edge: Edge) -> None:
    hub = FakeHub()
    async with hub.serving():
        pass
    async with edge.running(hub) as uplink:
        await edge.record(1)
        async with hub.serving():
            await hub.until(lambda: numbers(hub) == [1])
            assert uplink.online


async def test_a_forgotten_cancellation_does_not_keep_it_alive(edge: Edge) -> None:
    hub = FakeHub()
    async with hub.serving(), edge.running(hub) as uplink:
        await hub.until(lambda: bool(hub.boots))
        uplink.end()
        await hub.close()  # no cancellation, as if it had been forgotten
        async with asyncio.timeout(10):
            await edge.task


@pytest.mark.parametrize("what", ["pending", "acknowledge", "reconcile"])
async def test_a_ledger_that_takes_nothing_for_a_while_costs_no_connection(
    edge: Edge, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(conversation, "HISTORY_PAUSE", 0.02)
    hub = FakeHub()
    async with hub.serving(), edge.running(hub):
        works, failures = getattr(edge.ledger, what), [LedgerError("disk full"), LedgerError("disk full")]

        async def fails(*arguments: Any) -> Any:
            if failures:
                raise failures.pop()
            return await works(*arguments)

        monkeypatch.setattr(edge.ledger, what, fails)
        await edge.record(1, 2, 3)
        await hub.until(lambda: not failures and numbers(hub) == [1, 2, 3])
        edge.board.show(gun("charging"))
        await edge.record(4)
        await hub.until(lambda: hub.devices == {"gun-1": "charging"} and numbers(hub) == [1, 2, 3, 4])
    assert (len(hub.paths), hub.conflicts) == (1, 0)
