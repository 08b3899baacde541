"""Commands to edges: given once, never late, and never called failed when nobody knows."""

import asyncio
import time
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.hub.conftest import PATIENCE, Hub
from tests.hub.fake_edge import FakeEdge, device, ended, identifier, record, started

from chargelink.hub.services import commands
from chargelink.hub.store.models import Command
from chargelink.link.shape import Shape

SESSION = identifier(1)
ACCEPTED = {"status": "Accepted", "transactionId": SESSION}


async def start(hub: Hub, name: str = "gun-1", **body: Any) -> httpx.Response:
    return await hub.http.post(f"/api/devices/edge-1/{name}/start", json=body)


async def ready(hub: Hub, **answers: Any) -> FakeEdge:
    """An edge with a gun and a socket that answers commands so."""
    edge = await hub.edge()
    edge.answers.update(answers)
    await edge.boot(devices=(device("gun-1"), device("socket-1", "socket")))
    return edge


async def away(hub: Hub) -> None:
    """An edge that was there and is gone, as the hub has noticed."""
    edge = await ready(hub)
    await edge.close()
    await hub.until("/api/edges", lambda edges: not edges[0]["connected"])


async def test_a_start_goes_to_the_edge_and_its_answer_comes_back(hub: Hub) -> None:
    edge = await ready(hub, RequestStartTransaction=ACCEPTED)
    before = time.time() * 1000
    answer = await start(hub, "socket-1", outlet="2", caps={"energy": 1_000_000, "minutes": 120})
    assert answer.status_code == 200
    assert answer.json() == {"outcome": "accepted", "session": SESSION, "reason": None}
    action, request = edge.asked.get_nowait()
    assert action == "RequestStartTransaction"
    assert before < request.pop("expiry") <= time.time() * 1000 + commands.EXPIRY
    assert request == {
        "device": "socket-1",
        "outlet": "2",
        "remoteStartId": request["remoteStartId"],
        "caps": {"energy": 1_000_000, "minutes": 120, "power": None, "money": None, "soc": None},
        "authorisation": None,
        "tariffHash": None,
        "at": None,
        "cheapUntil": None,
    }


async def test_every_start_has_a_number_of_its_own(hub: Hub) -> None:
    edge = await ready(hub, RequestStartTransaction=ACCEPTED)
    before = time.time_ns() // 1_000_000 * 1_000
    await asyncio.gather(*(start(hub) for _ in range(5)))
    numbers = {edge.asked.get_nowait()[1]["remoteStartId"] for _ in range(5)}
    assert len(numbers) == 5
    assert all(before <= number < 2**53 for number in numbers)


async def test_numbers_grow_after_a_restart_and_with_a_clock_set_back(
    tables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = []
    for now in (9_000, 1, 1):
        monkeypatch.setattr(commands, "now_ms", partial(int, now))
        await commands.Commands(Away()).stop("edge-1", SESSION)
        newest = await Command.all().order_by("-id").first()
        assert newest is not None
        numbers.append(newest.id)
    assert numbers == [9_000_000, 9_000_001, 9_000_002]


class Away:
    """No edge is there."""

    async def call(self, edge: str, request: Shape, expiry: int) -> Shape:
        raise commands.EdgeAwayError(edge)


async def test_a_refusal_is_told_in_the_words_of_the_edge(hub: Hub) -> None:
    await ready(hub, RequestStartTransaction={"status": "Rejected", "reason": "no vehicle"})
    answer = await start(hub)
    assert answer.status_code == 409
    assert answer.json() == {"outcome": "rejected", "session": None, "reason": "no vehicle"}


async def test_an_edge_that_is_away_gets_none_late(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    await away(hub)
    monkeypatch.setattr(commands, "EXPIRY", 50)
    answer = await start(hub)
    assert answer.status_code == 503
    assert answer.json()["outcome"] == "away"
    back = await ready(hub, RequestStartTransaction=ACCEPTED)
    await back.call("Heartbeat", {})  # whatever was to come before its answer has come
    assert back.asked.empty()


async def test_an_edge_that_comes_back_in_time_gets_it(hub: Hub) -> None:
    await away(hub)
    asking = asyncio.create_task(start(hub))
    await asyncio.sleep(0)
    await ready(hub, RequestStartTransaction=ACCEPTED)
    assert (await asking).json()["outcome"] == "accepted"


async def test_no_answer_is_unknown(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    edge = await ready(hub)  # hears and says nothing
    monkeypatch.setattr(commands, "EXPIRY", 100)
    answer = await start(hub)
    assert answer.status_code == 504
    assert answer.json()["outcome"] == "unknown"
    assert edge.asked.qsize() == 1


async def test_a_link_lost_before_the_answer_is_unknown(hub: Hub) -> None:
    edge = await ready(hub)
    asking = asyncio.create_task(start(hub))
    await asyncio.wait_for(edge.asked.get(), PATIENCE)
    await edge.close()
    assert (await asking).json()["outcome"] == "unknown"


async def test_a_newer_link_makes_the_answer_of_the_older_unknown(hub: Hub) -> None:
    edge = await ready(hub)
    asking = asyncio.create_task(start(hub))
    await asyncio.wait_for(edge.asked.get(), PATIENCE)
    await ready(hub)
    assert (await asking).json()["outcome"] == "unknown"


async def test_an_answer_that_cannot_be_read_is_unknown(hub: Hub) -> None:
    edge = await ready(hub, RequestStartTransaction={"status": "Perhaps"})
    assert (await start(hub)).json()["outcome"] == "unknown"
    assert await edge.call("Heartbeat", {})


async def test_stop(hub: Hub) -> None:
    edge = await ready(hub, RequestStopTransaction={"status": "Accepted"})
    await edge.send(record(1, "session.started", started("edge-1", SESSION)))
    await hub.until("/api/sessions", len)
    answer = await hub.http.post(f"/api/sessions/{SESSION}/stop")
    assert (answer.status_code, answer.json()["outcome"]) == (200, "accepted")
    action, asked = edge.asked.get_nowait()
    assert (action, asked["transactionId"]) == ("RequestStopTransaction", SESSION)
    assert asked["expiry"] > time.time() * 1000
    await edge.send(record(2, "session.ended", ended("edge-1", SESSION)))
    await hub.until("/api/bills", len)
    answer = await hub.http.post(f"/api/sessions/{SESSION}/stop")
    assert answer.status_code == 409
    assert set(answer.json()["error"]) == {"en", "zh"}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/devices/edge-1/gun-9/start", b"{}", 404),
        ("/api/devices/edge-9/gun-1/start", b"{}", 404),
        ("/api/devices/edge-1/gun-1/start", b"{", 400),
        ("/api/devices/edge-1/gun-1/start", b"[]", 400),
        ("/api/devices/edge-1/gun-1/start", b'{"outlt": "1"}', 400),
        ("/api/devices/edge-1/gun-1/start", b'{"outlet": ""}', 400),
        ("/api/devices/edge-1/gun-1/start", b'{"caps": {"energy": -1}}', 400),
        ("/api/devices/edge-1/gun-1/start", b"\xff", 400),
        ("/api/devices/edge-1/gun-1/start", b"[" * 16_000, 400),
        ("/api/devices/edge-1/gun-1/start", b" " * 17_000, 413),
        (f"/api/sessions/{SESSION}/stop", b"", 404),
    ],
)
async def test_a_command_that_cannot_be_given_says_why(hub: Hub, path: str, body: bytes, status: int) -> None:
    edge = await ready(hub)
    answer = await hub.http.post(path, content=body)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"en", "zh"}
    assert edge.asked.empty()
