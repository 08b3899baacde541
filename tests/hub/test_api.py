"""REST and the stream of changes."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.hub.conftest import PATIENCE, Hub
from tests.hub.fake_edge import TARIFF, device, ended, identifier, record, sample, started

from chargelink.hub import bus as buses
from chargelink.hub.api.events import changes
from chargelink.hub.bus import Bus, Change
from chargelink.hub.services.live import Live
from chargelink.hub.store.engine import Engine

SESSION = identifier(1)


async def test_lists_are_empty_at_first(hub: Hub) -> None:
    for name in ("edges", "devices", "sessions", "bills", "orders", "alarms"):
        assert await hub.get(f"/api/{name}") == []


async def test_sessions_newest_first_running_or_not(hub: Hub) -> None:
    edge = await hub.edge()
    await edge.boot()
    names = [identifier(n) for n in range(3)]
    await edge.send(
        record(1, "tariff", TARIFF),
        *(record(2 + n, "session.started", started("edge-1", name, at=1_000 + n)) for n, name in enumerate(names)),
        record(5, "session.ended", ended("edge-1", names[1])),
    )
    [bill] = await hub.until("/api/bills", len)
    assert [session["id"] for session in await hub.get("/api/sessions")] == names[::-1]
    assert [session["id"] for session in await hub.get("/api/sessions?running=true")] == [names[2], names[0]]
    assert [session["id"] for session in await hub.get("/api/sessions?running=false")] == [names[1]]
    assert [session["id"] for session in await hub.get("/api/sessions?limit=1")] == [names[2]]
    assert (bill["session"], bill["total"], bill["bill"]["lines"][0]["amount"]) == (names[1], 700, 300)


@pytest.mark.parametrize("limit", ["0", "-1", "501", "x", "", "9" * 100, "000000001" + "9" * 20, "١"])
async def test_a_limit_has_limits(hub: Hub, limit: str) -> None:
    answer = await hub.http.get("/api/bills", params={"limit": limit})
    assert answer.status_code == 400
    assert "500" in answer.json()["error"]["en"]


@pytest.mark.parametrize("name", [SESSION, "' OR 1=1 --", "%00", "a" * 10_000])
async def test_a_session_that_is_not_there(hub: Hub, name: str) -> None:
    answer = await hub.http.get(f"/api/sessions/{name}")
    assert answer.status_code == 404
    assert set(answer.json()["error"]) == {"en", "zh"}


@pytest.mark.parametrize("path", ["/", "/api/edges", "/api/events", "/static/app.js"])
@pytest.mark.parametrize(
    "headers", [{"Host": "example.org"}, {"Host": "127.0.0.1"}, {"Origin": "http://example.org"}, {"Origin": "null"}]
)
async def test_only_this_machine_and_its_own_page_are_served(hub: Hub, path: str, headers: dict[str, str]) -> None:
    answer = await hub.http.get(path, headers=headers)
    assert answer.status_code == 403


async def test_our_own_page_is_served_safely(hub: Hub) -> None:
    answer = await hub.http.get("/", headers={"Origin": hub.web})
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/nothing", "/static/../page.py", "/static/%2e%2e/page.py", "/api/nothing"])
async def test_what_is_not_there(hub: Hub, path: str) -> None:
    assert (await hub.http.get(path)).status_code == 404


async def events(response: httpx.Response) -> AsyncIterator[tuple[str, Any]]:
    """Topic and JSON of each event."""
    topic = ""
    async for line in response.aiter_lines():
        if line.startswith("event: "):
            topic = line[7:]
        elif line.startswith("data: "):
            yield topic, json.loads(line[6:])


async def test_the_stream_begins_with_everything_and_goes_on_with_changes(hub: Hub) -> None:
    edge = await hub.edge()
    await edge.boot(devices=(device(),))
    async with asyncio.timeout(PATIENCE), hub.http.stream("GET", "/api/events") as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        stream = events(response)
        topic, snapshot = await anext(stream)
        assert topic == "snapshot"
        assert [row["id"] for row in snapshot["edges"]] == ["edge-1"]
        assert [row["id"] for row in snapshot["devices"]] == ["gun-1"]
        assert snapshot["sessions"] == snapshot["bills"] == snapshot["alarms"] == []
        await edge.call("StatusNotification", {"devices": [device(state="charging")]})
        await edge.send(record(1, "tariff", TARIFF), record(2, "session.started", started("edge-1", SESSION)))
        await edge.call("MeterValues", {"samples": [sample(SESSION, 5)]})
        await edge.send(record(3, "session.ended", ended("edge-1", SESSION, total=1)), record(4, "?", b""))
        await edge.close()
        heard: dict[str, list[Any]] = {}
        async for topic, value in stream:
            heard.setdefault(topic, []).append(value)
            if len(heard.get("alarm", [])) == 2 and "edge" in heard and "sample" in heard:
                break
        assert [value["state"] for value in heard["device"]] == ["charging"]
        assert [value["ended"] is None for value in heard["session"]] == [True, False]
        assert heard["sample"] == [{"session": SESSION, "point": [5, 380_000, 100_000, 38_000_000, 500, 1_000_000]}]
        assert [(value["total"], value["settlement"]) for value in heard["bill"]] == [(1, "lower")]
        assert [value["kind"] for value in heard["alarm"]] == ["lower-price", "quarantined"]
        assert set(heard["alarm"][0]["words"]) == {"en", "zh"}
        assert [value["connected"] for value in heard["edge"]] == [False]
        await stream.aclose()  # type: ignore[attr-defined]


async def test_a_snapshot_knows_where_a_running_session_is(hub: Hub) -> None:
    edge = await hub.edge()
    await edge.boot()
    await edge.send(record(1, "session.started", started("edge-1", SESSION)))
    await edge.call("MeterValues", {"samples": [sample(SESSION, 5), sample(SESSION, 6, power=7)]})
    await hub.until("/api/sessions", len)
    async with hub.http.stream("GET", "/api/events") as response:
        stream = events(response)
        _, snapshot = await anext(stream)
        assert [session["id"] for session in snapshot["sessions"]] == [SESSION]
        assert [value["point"][3] for value in snapshot["samples"]] == [7]
        await stream.aclose()  # type: ignore[attr-defined]


async def test_a_slow_watcher_is_cut_off_and_the_others_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buses, "LARGEST_BACKLOG", 3)
    bus = Bus()
    with bus.watching() as slow, bus.watching() as quick:
        for number in range(5):
            bus.publish(Change("edge", str(number).encode()))
            change = await quick.next(within=PATIENCE)
            assert change is not None
            assert change.json == str(number).encode()
        assert [change.json async for change in slow] == [b"0", b"1", b"2"]
    assert not bus.watched


async def test_a_stream_ends_when_the_hub_does(tables: Engine) -> None:
    bus = Bus()
    stream = changes(bus, Live(bus, tables))
    assert (await anext(stream)).startswith(b"retry")
    assert (await anext(stream)).startswith(b"event: snapshot")
    bus.close()
    assert [part async for part in stream] == []
    late = changes(bus, Live(bus, tables))
    assert len([part async for part in late]) == 2
