"""Hub and edge together: the real ledger and uplink of an edge, and the hub as it is."""

import asyncio
import os
import time
from contextlib import suppress
from pathlib import Path

import pytest
from tests.edge.ledger.opened import open_journal
from tests.hub.conftest import PATIENCE, Hub
from tests.hub.hub_process import running
from tests.hub.paying import account

from chargelink.edge.board import Board
from chargelink.edge.ledger import Ending, Sessions
from chargelink.edge.uplink import Command, Uplink
from chargelink.hub.services import books
from chargelink.link.messages import (
    Device,
    RequestStartTransaction,
    RequestStartTransactionResponse,
    RequestStopTransactionResponse,
    Sample,
)
from chargelink.link.shape import Shape
from chargelink.model import AuthorisedBy, Period, Reading, SessionKind, StopReason, Tariff

TARIFF = Tariff(
    id="site-1",
    version=1,
    periods=(
        Period(start="00:00", end="12:00", name="valley", energy_price=31_415, service_price=40_001),
        Period(start="12:00", end="24:00", name="peak", energy_price=112_345, service_price=39_999),
    ),
)
HOUR = 3_600_000


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class RealEdge:
    """An edge with one gun, which charges as soon as somebody asks."""

    def __init__(self, data: Path, link: str) -> None:
        self.ledger = open_journal(data / "ledger.db")
        self.sessions = Sessions(self.ledger, "edge-1", os.urandom)
        self.board = Board()
        self.board.show(Device(id="gun-1", kind="gun", state="available", at=now_ms()))
        uplink = Uplink(link, "edge-1", "test", self.ledger, self.board, self.do, now_ms)
        self.task = asyncio.create_task(uplink.run(), name="uplink")

    async def do(self, command: Command, until: float) -> Shape:
        if not isinstance(command, RequestStartTransaction):
            [session] = self.sessions.open
            await self.end(session.id)
            return RequestStopTransactionResponse(status="Accepted")
        begun = await self.sessions.begin(
            "gun-1",
            SessionKind.DC,
            TARIFF,
            now_ms() - HOUR,
            authorised_by=AuthorisedBy.REMOTE,
            remote_start_id=command.remote_start_id,
            start=Reading(at=now_ms() - HOUR, register=1_000_001),
            authorisation=command.authorisation,
        )
        return RequestStartTransactionResponse(status="Accepted", transaction_id=begun.started.session_id)

    async def end(self, session: str) -> None:
        reading = Reading(at=now_ms(), register=34_567_891)
        await self.sessions.end(session, now_ms(), Ending(StopReason.REMOTE, by="hub", reading=reading))

    async def close(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait_for(self.task, PATIENCE)
        await self.ledger.close()


async def test_started_watched_stopped_and_billed_alike(hub: Hub, tmp_path: Path) -> None:
    edge = RealEdge(tmp_path, hub.link)
    await hub.until("/api/devices", len)
    answer = await hub.http.post("/api/devices/edge-1/gun-1/start")
    session = answer.json()["session"]
    assert answer.json()["outcome"] == "accepted"
    await hub.until("/api/sessions?running=true", len)
    edge.board.sample(
        Sample(device="gun-1", session_id=session, at=now_ms(), voltage=400_000, current=1, power=400, energy=5)
    )
    await hub.until(f"/api/sessions/{session}", lambda json: json["points"])
    answer = await hub.http.post(f"/api/sessions/{session}/stop")
    assert answer.json()["outcome"] == "accepted"
    [bill] = await hub.until("/api/bills", len)
    assert (bill["session"], bill["settlement"]) == (session, "agreed")
    assert bill["total"] == bill["edgeTotal"] == bill["hubTotal"] > 0
    assert bill["bill"]["energy"] == 33_567_890
    assert await hub.get("/api/alarms") == []
    await edge.close()


async def test_an_account_pays_what_it_charged_and_never_more_than_was_prepaid(hub: Hub, tmp_path: Path) -> None:
    edge = RealEdge(tmp_path, hub.link)
    await hub.until("/api/devices", len)
    who, left = await account(10_000), 10_000
    for prepaid in (9_000, 300):  # some 30 kWh cost more than 3 yuan
        body = {"account": who, "prepaid": prepaid}
        started = (await hub.http.post("/api/devices/edge-1/gun-1/start", json=body)).json()
        await hub.until("/api/sessions?running=true", len)
        assert (await hub.get(f"/api/accounts/{who}"))["held"] == prepaid
        await hub.http.post(f"/api/sessions/{started['session']}/stop")
        order = await hub.until(f"/api/orders/{started['order']}", lambda one: one["state"] == "settled")
        [bill, *_] = await hub.get("/api/bills")
        assert (bill["session"], bill["account"], bill["settlement"]) == (order["session"], who, "agreed")
        assert 0 < bill["total"] <= prepaid
        left -= bill["total"]
        assert await hub.get(f"/api/accounts/{who}") == {
            "id": who,
            "state": "open",
            "group": None,
            "wallet": left,
            "held": 0,
            "owed": 0,
        }
    assert (bill["total"], bill["bill"]["givenAwayAmount"] > 0) == (300, True)
    assert await hub.get("/api/alarms") == []
    assert await books.verify() == []
    await edge.close()


@pytest.mark.parametrize("how", ["killed", "stopped"])
async def test_a_session_that_ends_while_the_hub_is_away_is_billed_when_it_is_back(tmp_path: Path, how: str) -> None:
    data = tmp_path / "hub"
    async with running(data) as hub:
        ports = ("--port", hub.link.rpartition(":")[2], "--web-port", hub.web.rpartition(":")[2])
        edge = RealEdge(tmp_path, hub.link)
        async with asyncio.timeout(PATIENCE):
            while not await hub.get("/api/devices"):  # noqa: ASYNC110 - asking again is the condition
                await asyncio.sleep(0.01)
        session = (await hub.http.post("/api/devices/edge-1/gun-1/start")).json()["session"]
        await (hub.kill() if how == "killed" else hub.stop())
    await edge.end(session)
    async with running(data, *ports) as hub:
        async with asyncio.timeout(PATIENCE):
            while not (bills := await hub.get("/api/bills")):  # noqa: ASYNC110 - asking again is the condition
                await asyncio.sleep(0.01)
        assert [(bill["session"], bill["settlement"]) for bill in bills] == [(session, "agreed")]
        assert len(await hub.get("/api/sessions")) == 1
        await edge.close()
