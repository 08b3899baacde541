"""A price from the hub that publishes it to a start at it: the real ledger, tariffs, plans and uplink of an edge."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.edge.ledger.opened import open_journal
from tests.hub.conftest import PATIENCE, Hub, Place
from tests.hub.test_tariffs import publish, until_sent

from chargelink.edge.board import Board
from chargelink.edge.ledger import Sessions
from chargelink.edge.ledger.tariffs import Configured, Priced, Tariffs
from chargelink.edge.places import Places
from chargelink.edge.planned import Planned
from chargelink.edge.uplink import Uplink
from chargelink.hub.services import tariff_list
from chargelink.link.messages import Device
from chargelink.link.pricing import TariffUpdate
from chargelink.model import Period, SessionKind, SessionStarted, Tariff
from chargelink.tariff import tariff_hash


def sold(version: int, energy: int, **more: Any) -> Tariff:
    period = Period(start="00:00", end="24:00", name="flat", energy_price=energy, service_price=40_000)
    return Tariff(id="city", version=version, periods=(period,), **more)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Edge:
    """An edge with a gun that begins whatever it is told."""

    def __init__(self, data: Path, link: str) -> None:
        self.ledger = open_journal(data / "ledger.db")
        self.sessions = Sessions(self.ledger, "edge-1", os.urandom)
        self.board = Board()
        self.tariffs = Tariffs(self.ledger, now_ms, ["gun-1"])
        places = Places({"gun-1": self}, {}, self.price_now, self.sessions, now_ms)  # type: ignore[dict-item]
        places.settled.set()
        self.planned = Planned(self.ledger, places, self.board, self.tariffs.at, now_ms)
        self.uplink = Uplink(link, "edge-1", "test", self.ledger, self.board, self.planned.obey, now_ms)
        self.uplink.errands[TariffUpdate] = self.tariffs.update
        self.uplink.holdings["tariffs"] = self.tariffs.sent
        self.tasks: list[asyncio.Task[Any]] = []

    async def run(self) -> None:
        await self.tariffs.configure([Configured(sold(1, 90_000))])
        self.board.show(Device(id="gun-1", kind="gun", state="plugged", at=now_ms()))
        await self.tell()
        self.tasks = [asyncio.create_task(self.uplink.run()), asyncio.create_task(self.planned.run())]

    async def tell(self) -> None:
        self.board.price({"gun-1": (await self.tariffs.at("gun-1", now_ms())).hash})

    async def price_now(self, device: str, group: str | None) -> Priced:
        return await self.tariffs.at(device, now_ms(), group)

    async def start(self, tariff: Tariff, **more: Any) -> SessionStarted:
        return (await self.sessions.begin("gun-1", SessionKind.DC, tariff, now_ms(), **more)).started

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.wait_for(task, PATIENCE)
        await self.ledger.close()


@pytest.fixture
async def edge(hub: Hub, tmp_path: Path) -> AsyncIterator[Edge]:
    edge = Edge(tmp_path, hub.link)
    await edge.run()
    await hub.until("/api/devices", len)
    yield edge
    await edge.close()


async def start(hub: Hub, **body: Any) -> dict[str, Any]:
    answer = (await hub.http.post("/api/devices/edge-1/gun-1/start", json=body)).json()
    assert isinstance(answer, dict)
    return answer


async def test_who_read_the_old_price_does_not_pay_the_new(hub: Hub, place: Place, edge: Edge) -> None:
    [device] = await hub.get("/api/devices")
    old = device["detail"]["tariff"]
    assert old == tariff_hash(sold(1, 90_000))
    new = await publish(place, sold(2, 65_000, valid_from=1))
    await until_sent(edge="edge-1", tariff="city", version=2, state="held")
    refused = await start(hub, tariffHash=old)
    assert refused["outcome"] == "rejected"
    assert refused["reason"].startswith("the price changed; it is now that of city (version 2)")
    await edge.tell()
    await hub.until("/api/devices", lambda devices: devices[0]["detail"]["tariff"] == new)
    words = await hub.get(f"/api/tariffs/{new}")
    assert words["lines"]["en"][0].startswith("now flat: 1.05 yuan/kWh = electricity 0.65 + service 0.40")
    begun = await start(hub, tariffHash=new)
    assert begun["outcome"] == "accepted"
    assert edge.sessions.open[0].started.tariff_hash == new
    adopted = {(row.source, row.version): row.signed_by for row in await tariff_list.adopted("edge-1")}
    assert adopted == {("file", 1): "nobody", ("hub", 2): "hub"}


async def test_the_hub_plans_a_start(hub: Hub, edge: Edge) -> None:
    planned = await start(hub, at=now_ms() + 1_500)
    assert (planned["outcome"], planned["session"]) == ("accepted", None)
    assert [plan.device for plan in edge.planned.plans] == ["gun-1"]
    [session] = await hub.until("/api/sessions?running=true", len)
    assert session["device"] == "gun-1"
    authorisation = edge.sessions.open[0].started.authorisation
    assert authorisation is not None
    assert authorisation.mode == "timed"
